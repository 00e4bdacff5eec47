"""What rules cover by their tags, and the Navigator layer, field by field as its specification says.

https://github.com/mitre-attack/attack-navigator/blob/master/layers/spec/v4.5/layerformat.md
"""

import json
import re
from typing import Any

import pytest

from tests.samples import rule
from trailwarden.coverage import Coverage, coverage_of, navigator_layer
from trailwarden.rules.ruleset import Level, Rule

_TYPES: dict[str, type | tuple[type, ...]] = {
    "name": str,
    "versions": dict,
    "domain": str,
    "description": str,
    "sorting": int,
    "layout": dict,
    "hideDisabled": bool,
    "techniques": list,
    "gradient": dict,
    "legendItems": list,
    "showTacticRowBackground": bool,
    "selectTechniquesAcrossTactics": bool,
    "selectSubtechniquesWithParent": bool,
    "selectVisibleTechniques": bool,
    "metadata": list,
}
_TECHNIQUE_TYPES: dict[str, type | tuple[type, ...]] = {
    "techniqueID": str,
    "score": (int, float),
    "comment": str,
    "enabled": bool,
    "metadata": list,
    "links": list,
}
_LAYOUT_TYPES: dict[str, type | tuple[type, ...]] = {
    "layout": str,
    "showID": bool,
    "showName": bool,
    "showAggregateScores": bool,
    "aggregateFunction": str,
    "countUnscored": bool,
    "expandedSubtechniques": str,
}


def tagged(number: int, *tags: str, level: Level = Level.HIGH, **fields: Any) -> Rule:
    identity = f"6f0a1f5e-3a43-4a4d-9b61-0d1a5c1f2b{number:02}"
    return rule(identity, f"Call{number}", level, tags=tags, **fields)


def ids(coverage: Coverage, part: str) -> dict[str, list[str]]:
    return {one.id: [found.title for found in one.rules] for one in getattr(coverage, part)}


def test_rules_are_counted_by_tactic_technique_and_control() -> None:
    coverage = coverage_of(
        [
            tagged(1, "attack.persistence", "attack.t1098.003", "cis.aws.5.4"),
            tagged(2, "attack.persistence", "attack.T1098", "cis.aws.5.10", level=Level.CRITICAL),
            tagged(3, "attack.defense_evasion", "attack.t1098", "attack.t1098"),
        ]
    )
    assert ids(coverage, "tactics") == {
        "defense-evasion": ["Call3 called"],
        "persistence": ["Call2 called", "Call1 called"],
    }
    assert ids(coverage, "techniques") == {
        "T1098": ["Call2 called", "Call3 called"],
        "T1098.003": ["Call1 called"],
    }
    assert [(one.framework, one.id) for one in coverage.controls] == [("cis.aws", "5.4"), ("cis.aws", "5.10")]
    assert coverage.untagged == ()


@pytest.mark.parametrize(
    ("tag", "control"),
    [
        ("cis.5.1", ("cis", "5.1")),
        ("cis.aws.5.15", ("cis.aws", "5.15")),
        ("cis-aws.5.3", ("cis-aws", "5.3")),
        ("cis.aws-v6.0.5.3", ("cis.aws-v6.0", "5.3")),
        ("cis-aws-foundations.v6.0.0.5.12", ("cis-aws-foundations.v6.0.0", "5.12")),
    ],
)
def test_a_control_is_the_last_two_numbers_of_its_tag(tag: str, control: tuple[str, str]) -> None:
    (found,) = coverage_of([tagged(1, tag)]).controls
    assert (found.framework, found.id) == control


@pytest.mark.parametrize("tag", ["attack.g0016", "attack.s0039", "cve.2021-44228", "cis", "cis.aws"])
def test_other_tags_cover_nothing(tag: str) -> None:
    coverage = coverage_of([tagged(1, tag)])
    assert (coverage.tactics, coverage.techniques, coverage.controls) == ((), (), ())
    assert [one.title for one in coverage.untagged] == ["Call1 called"]


def test_what_tells_nobody_covers_nothing_and_what_is_staged_says_so() -> None:
    coverage = coverage_of(
        [
            tagged(1, "attack.t1110", generates=False),
            tagged(2, "attack.t1110", status="deprecated"),
            tagged(3, "attack.t1110", status="test"),
            tagged(4, "attack.t1110", status="stable"),
        ]
    )
    (technique,) = coverage.techniques
    assert (len(technique.rules), technique.staged) == (2, 1)


def layer() -> dict[str, Any]:
    coverage = coverage_of(
        [
            tagged(1, "attack.t1098.003", "attack.t1110", status="experimental"),
            tagged(2, "attack.t1110", level=Level.LOW),
        ]
    )
    made: dict[str, Any] = json.loads(json.dumps(navigator_layer(coverage, name="ours", description="of us")))
    return made


def test_the_layer_has_the_fields_of_its_format_with_their_types() -> None:
    made = layer()
    assert made.keys() == _TYPES.keys()
    for key, kind in _TYPES.items():
        assert isinstance(made[key], kind), key
    assert made["versions"]["layer"] == "4.5"
    navigator = tuple(map(int, made["versions"]["navigator"].split(".")))
    assert navigator >= (4, 9, 0)
    assert made["domain"] in {"enterprise-attack", "mobile-attack", "ics-attack"}
    assert made["sorting"] in {0, 1, 2, 3}
    assert made["layout"].keys() == _LAYOUT_TYPES.keys()
    for key, kind in _LAYOUT_TYPES.items():
        assert isinstance(made["layout"][key], kind), key
    assert made["layout"]["layout"] in {"side", "flat", "mini"}
    assert made["layout"]["aggregateFunction"] in {"average", "min", "max", "sum"}
    assert made["layout"]["expandedSubtechniques"] in {"none", "all", "annotated"}


def test_the_layers_gradient_spans_the_scores() -> None:
    made = layer()
    gradient = made["gradient"]
    assert all(re.fullmatch(r"#[0-9a-f]{6}", colour) for colour in gradient["colors"])
    assert len(gradient["colors"]) >= 2
    assert gradient["minValue"] < gradient["maxValue"]
    scores = [one["score"] for one in made["techniques"]]
    assert max(scores) == gradient["maxValue"]
    for item in made["legendItems"]:
        assert item.keys() == {"label", "color"}


def test_techniques_are_scored_by_their_rules_and_name_them() -> None:
    first, second = layer()["techniques"]
    for one in (first, second):
        assert one.keys() == _TECHNIQUE_TYPES.keys()
        for key, kind in _TECHNIQUE_TYPES.items():
            assert isinstance(one[key], kind), key
        assert re.fullmatch(r"T\d{4}(\.\d{3})?", one["techniqueID"])
        for item in one["metadata"]:
            assert item.keys() == {"name", "value"}
            assert all(isinstance(text, str) for text in item.values())
        for link in one["links"]:
            assert link["url"].startswith("https://attack.mitre.org/techniques/T")
    assert (first["techniqueID"], first["score"]) == ("T1098.003", 1)
    assert (second["techniqueID"], second["score"]) == ("T1110", 2)
    assert second["comment"] == "Call1 called (high)\nCall2 called (low)"
    assert {"name": "not yet told", "value": "1"} in second["metadata"]
    assert first["links"][0]["url"].endswith("/T1098/003")


def test_a_layer_of_nothing_is_still_valid() -> None:
    made = navigator_layer(coverage_of([]), name="empty")
    assert made["techniques"] == []
    assert made["gradient"]["minValue"] < made["gradient"]["maxValue"]
