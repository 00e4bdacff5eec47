"""Overrides: what a team says of rules that ship, every mistake named, and what goes with a rule."""

import pytest

from tests.unit.rules.writing import RULE_ID, rule_text
from trailwarden.rules.compile import compile_rules
from trailwarden.rules.load import RuleFolder, read_contents

OTHER_ID = "1c1f0a5e-6a0e-4e0e-9d5e-0a4b8c8f4a10"
CORRELATION_ID = "3c1f0a5e-6a0e-4e0e-9d5e-0a4b8c8f4a10"
ABOVE_ID = "4c1f0a5e-6a0e-4e0e-9d5e-0a4b8c8f4a10"
BLOCK = "trailwarden: {owner: detection, reason: known}\n"


def correlation(title: str, rule_id: str, below: str, name: str) -> str:
    return (
        f"---\ntitle: {title}\nid: {rule_id}\nname: {name}\ncorrelation:\n  type: event_count\n"
        f"  rules: [{below}]\n  group-by: [who]\n  timespan: 1h\n  condition: {{gte: 2}}\n"
    )


SHIPPED = {
    "one.yml": rule_text("sel: {f: x}\ncondition: sel", extra="name: first"),
    "two.yml": rule_text("sel: {f: y}\ncondition: sel", "name: second", OTHER_ID),
    "many.yml": correlation("Many", CORRELATION_ID, "first", "many")
    + correlation("Many many", ABOVE_ID, "many", "manymany"),
}


def override(body: str, block: str = BLOCK) -> str:
    return f"title: Ours\noverride:\n  {body}\n{block}"


def read(*texts: str) -> RuleFolder:
    """The shipped rules under a team's files, `0.yml`, `1.yml`, …"""
    team = [(f"{number}.yml", text.encode()) for number, text in enumerate(texts)]
    return read_contents(team, [(path, text.encode()) for path, text in SHIPPED.items()])


def said(*texts: str) -> list[str]:
    return [str(problem) for problem in read(*texts).problems]


@pytest.mark.parametrize("name", ["second", OTHER_ID, OTHER_ID.upper()])
def test_a_rule_is_switched_off_by_id_or_name(name: str) -> None:
    folder = read(override(f"{{rules: [{name}], enabled: false}}"))
    assert folder.problems == folder.warnings == []
    assert OTHER_ID not in {source.id for source in folder.sources}
    assert [source.id for source in folder.switched_off] == [OTHER_ID]


def test_a_level_is_changed_for_rules_and_correlations() -> None:
    folder = read(override("{rules: [first, many], level: low}"))
    rule_set = compile_rules(folder.sources)
    levels = {rule.id: str(rule.level) for rule in (*rule_set.rules, *rule_set.correlations)}  # type: ignore[attr-defined]
    assert levels == {RULE_ID: "low", OTHER_ID: "high", CORRELATION_ID: "low", ABOVE_ID: "low"}


def test_correlations_on_a_rule_that_is_switched_off_go_with_it_and_are_named() -> None:
    folder = read(override("{rules: [first], enabled: false}"))
    assert {source.id for source in folder.sources} == {OTHER_ID}
    assert [warning.message for warning in folder.warnings] == [
        "the correlation 'Many many' is built on `many` and is switched off with it",
        "the correlation 'Many' is built on `first` and is switched off with it",
    ]
    assert compile_rules(folder.sources).correlations == ()
    all_named = read(override("{rules: [first, many, manymany], enabled: false}"))
    assert all_named.warnings == []


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("{rules: [frist], enabled: false}", "0.yml:3:12: there is no rule with the id or name `frist`"),
        ("{rules: [frist], enabled: false}", "did you mean `first`?"),
        ("{rules: [first]}", "0.yml:2:1: the override changes nothing"),
        ("{rules: [first], enabled: true}", "0.yml:3:20: an override can only switch rules off"),
        ("{rules: [first], enabled: 'no'}", "an override can only switch rules off"),
        (
            "{rules: [first], enabled: false, level: low}",
            "0.yml:3:36: a rule that is switched off has no level",
        ),
        ("{rules: [first], level: lwo}", "did you mean `low`?"),
        ("{rules: [first], level: 3}", "`level` is none of Sigma's"),
        ("{rules: [], level: low}", "0.yml:3:4: the override does not name its rules"),
        ("{level: low}", "the override does not name its rules"),
        ("{rules: [1], level: low}", "the override does not name its rules"),
        ("{rules: first, levle: low, level: low}", "`levle` is unknown in `override`"),
        ("[first]", "`override` must be a map"),
        ("", "`override` must be a map"),
    ],
)
def test_a_mistake_is_named_with_its_place_and_cure(body: str, message: str) -> None:
    assert message in "\n".join(said(override(body)))


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ("", "the override has no `owner`"),
        ("trailwarden: {owner: a}\n", "0.yml:4:1: the override has no `reason`"),
        ("trailwarden: {owner: 1, reason: b}\n", "0.yml:4:15: the override has no `owner`"),
        (
            "trailwarden: {owner: a, reason: b, expires: c}\n",
            "`expires` is unknown in an override's `trailwarden`",
        ),
        ("trailwarden: x\n", "`trailwarden` must be a map"),
        (BLOCK + "detection: {}\n", "`detection` is unknown in an override's document"),
    ],
)
def test_an_override_has_an_owner_and_a_reason_and_nothing_else(block: str, message: str) -> None:
    assert message in "\n".join(said(override("{rules: [first], level: low}", block)))


@pytest.mark.parametrize("second", ["enabled: false", "level: high"])
def test_two_overrides_that_contradict_are_named_both(second: str) -> None:
    (problem,) = said(
        override("{rules: [first], level: low}"), override(f"{{rules: [{RULE_ID}, second], {second}}}")
    )
    assert problem.startswith(f"1.yml:3:12: the override at 0.yml:1 says something else of `{RULE_ID}`")


def test_two_overrides_that_agree_are_no_mistake() -> None:
    text = override("{rules: [first], level: low}")
    assert said(text, text) == []


def test_an_override_of_a_rule_with_a_mistake_leaves_the_telling_to_the_rule() -> None:
    broken = rule_text(
        "sel: {f: x}\ncondition: nothing", "name: ours", "5c1f0a5e-6a0e-4e0e-9d5e-0a4b8c8f4a10"
    )
    (problem,) = said(broken, override("{rules: [ours], level: low}"))
    assert problem.startswith("0.yml:")


def test_a_team_rule_with_a_shipped_id_is_refused_with_the_cure() -> None:
    (problem,) = said(SHIPPED["one.yml"])
    assert "the id 0c1f0a5e-6a0e-4e0e-9d5e-0a4b8c8f4a10 is also that of one.yml:1" in problem
    assert "cure: write an override for the shipped rule, or give yours an id of its own" in problem


def test_lists_and_filters_of_the_team_hold_for_shipped_rules() -> None:
    text = (
        "title: Let it pass\nlogsource: {product: aws, service: cloudtrail}\n"
        "filter: {rules: [first], sel: {who|expand: '%Admins%'}, condition: sel}\n"
        "---\nname: Admins\nvalues: [ada]\n"
    )
    folder = read(text)
    assert folder.problems == []
    (rule,) = (rule for rule in compile_rules(folder.sources).rules if rule.id == RULE_ID)
    assert rule.filters == ("Let it pass",)


def test_folders_beyond_the_bounds_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trailwarden.rules.load.MAX_FILES", 1)
    text = override("{rules: [first], level: low}")
    assert "nothing is read from here on" in "\n".join(said(text, text))
    monkeypatch.setattr("trailwarden.rules.load.MAX_FILES", 100)
    monkeypatch.setattr("trailwarden.rules.load.MAX_TOTAL", 500)
    assert "nothing is read from here on" in "\n".join(said(text, "# " + "x" * 500))
