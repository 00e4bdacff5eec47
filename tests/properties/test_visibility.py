"""A rule that some contents would meet and others would not is blind where they were omitted."""

from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.properties.test_engine import conditions, maps, rule_file, values
from trailwarden.engine.evaluate import holds
from trailwarden.engine.visibility import blind_rules
from trailwarden.rules.compile import compile_usable
from trailwarden.rules.load import parse_rules

CONTENTS = "requestParameters"


def looking_inside(selection: dict[str, Any]) -> dict[str, Any]:
    """The selection with its fields `a.…` under what can be omitted."""
    return {
        (f"{CONTENTS}{key[1:]}" if key[:2] in {"a", "a.", "a|"} else key): (
            CONTENTS if value == "a" else value
        )
        for key, value in selection.items()
    }


detections = st.fixed_dictionaries({name: maps.map(looking_inside) for name in ("s1", "s2", "f1")})
contents = st.dictionaries(st.sampled_from(["b", "c", "userName"]), values, max_size=2)
words = st.sampled_from(["a", "A", "ab", "Root", None])


@settings(max_examples=400, deadline=None)
@given(detections, conditions, words, words, st.lists(contents, min_size=2, max_size=4))
def test_no_rule_that_the_contents_decide_is_taken_for_seeing(
    parts: dict[str, Any], condition: str, name: str | None, other: str | None, fillings: list[dict[str, Any]]
) -> None:
    sources, problems = parse_rules("rule.yml", rule_file(parts | {"condition": condition}))
    assume(not problems)
    rule_set, refused = compile_usable(sources)
    assume(not refused)
    (rule,) = rule_set.rules
    rest = {"eventName": name, "d": other}

    verdicts = {holds(rule.detection, rest | {CONTENTS: filling}) for filling in fillings}
    blind = blind_rules([rule], rest | {CONTENTS: {"omitted": True, "originalSize": 104_858}})

    assert blind or len(verdicts) == 1, rule.detection
