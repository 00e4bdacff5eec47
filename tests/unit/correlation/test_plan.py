"""Where the state of a group lies, and which texts stand for fields: both outlive a process."""

import hashlib

import pytest
from msgspec.structs import replace

from tests.samples import record
from tests.unit.correlation.samples import RULES, A, B, correlation
from trailwarden.correlation.plan import Plan, field_value, kept_fields
from trailwarden.rules.ruleset import Correlation, RuleSet

ONE = correlation("event_count", A, B)
GROUP = {"who": "eve"}


def key(one: Correlation, group: dict[str, str] | None = None, *others: Correlation) -> str:
    return Plan(RuleSet(RULES, (one, *others))).place(one, group or GROUP).key


def test_the_same_correlation_finds_its_state_again() -> None:
    """To the letter, and in every version: another key would forget what was counted."""
    assert key(ONE) == key(replace(ONE, title="Renamed", bounds=(("gte", 9),), level=ONE.level))
    assert key(ONE, {"a": "1", "b": "2"}) == key(ONE, {"b": "2", "a": "1"})
    assert key(ONE) == "3f28de8aeb99d99ad1bbe2d53613d4d5"
    assert len(key(ONE)) == 32


@pytest.mark.parametrize(
    "changed",
    [
        replace(ONE, id="another"),
        replace(ONE, timespan=61),
        replace(ONE, group_by=("account",)),
        replace(ONE, rules=(A.id,)),
        replace(ONE, field=("what",)),
        replace(ONE, aliases={"who": {A.id: "by"}}),
        replace(ONE, aliases={"who": {B.id: "by"}}),
    ],
    ids=lambda one: str([name for name in one.__struct_fields__ if getattr(one, name) != getattr(ONE, name)]),
)
def test_what_decides_where_or_what_is_kept_begins_anew(changed: Correlation) -> None:
    assert key(changed) != key(ONE)


def test_groups_and_what_is_built_above_have_keys_of_their_own() -> None:
    above = correlation("event_count", ONE, id="above", group_by=("target",))
    assert key(ONE, {"who": "eve"}) != key(ONE, {"who": "ann"})
    assert key(ONE, None, above) != key(ONE)  # more is kept of each event now


def test_a_rule_keeps_what_every_correlation_above_it_needs() -> None:
    middle = correlation("event_count", A, id="middle", group_by=("user",), aliases={"user": {A.id: "who"}})
    top = correlation("value_count", middle, id="top", group_by=("user",), field=("what",))
    higher = correlation("event_count", top, id="higher", group_by=("where",))
    plan = Plan(RuleSet(RULES, (higher, top, middle)))

    assert [one.id for one in plan.order] == ["middle", "top", "higher"]
    (feed,) = plan.fed_by(A.id)
    assert feed.paths == ("user", "what", "where", "who")
    assert plan.fed_by(B.id) == ()


def test_a_group_is_read_by_the_names_of_each_rule() -> None:
    one = correlation("event_count", A, B, aliases={"who": {B.id: "by"}})
    plan = Plan(RuleSet(RULES, (one,)))
    assert plan.group(one, A.id, {"who": "eve", "by": "ann"}) == {"who": "eve"}
    assert plan.group(one, B.id, {"who": "eve", "by": "ann"}) == {"who": "ann"}
    assert plan.group(one, B.id, {"who": "eve"}) is None


@pytest.mark.parametrize(
    ("kind", "timespan", "stretch"),
    [
        ("event_count", 60, 60),
        ("event_count", 7200, 7200),
        ("first_seen", 60, 3600),
        ("first_seen", 7200, 7200),
    ],
)
def test_what_can_be_undone_lies_in_stretches_of_an_hour_at_least(
    kind: str, timespan: int, stretch: int
) -> None:
    one = correlation(kind, timespan=timespan, field=("what",) if kind == "first_seen" else ())
    place = Plan(RuleSet(RULES, (one,)), limit=7).place(one, GROUP)
    assert (place.timespan, place.stretch, place.limit) == (timespan, stretch, 7)


LONG = "é" * 300


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain", "plain"),
        (["a", "b"], '["a","b"]'),
        (7, "7"),
        (True, "true"),
        ({"b": "ü", "a": [1, None]}, '{"a":[1,null],"b":"ü"}'),
        ("", None),
        (None, None),
        ([], None),
        ({}, None),
        ("two  spaces", f"two spaces #{hashlib.sha256(b'two  spaces').hexdigest()[:16]}"),
        (LONG, f"{'é' * 177}... #{hashlib.sha256(LONG.encode()).hexdigest()[:16]}"),
        ("\ud800", "#" + hashlib.sha256("\ud800".encode("utf-8", "surrogatepass")).hexdigest()[:16]),
    ],
)
def test_a_field_as_the_text_that_is_kept(value: object, text: str | None) -> None:
    found = field_value(record(what=value), "what")
    assert found == text or (text is not None and found is not None and found.strip() == text)


def test_several_values_are_one_text_in_their_order() -> None:
    assert field_value(record(items=[{"n": "b"}, {"n": "a"}, {"n": None}]), "items.n") == "b, a"


def test_what_is_not_known_is_not_kept() -> None:
    nobody = record(userIdentity=None, what="x")
    assert field_value(nobody, "actor") is None
    assert kept_fields(nobody, ["actor", "what", "gone"]) == {"what": "x"}
