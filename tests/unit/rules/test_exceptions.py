"""Exceptions: who owns a filter, why, and until when; what of each rule it hides."""

from datetime import date

import pytest

from tests.unit.rules.test_filters import ADMIN, OTHER, OTHER_ID, OTHERS, RULE, filter_text
from tests.unit.rules.writing import RULE_ID, problems_of, rule_text
from trailwarden.engine.evaluate import holds
from trailwarden.errors import Problem, RuleSetError
from trailwarden.rules import exceptions
from trailwarden.rules.compile import compile_rules
from trailwarden.rules.exceptions import exceptions_of, exceptions_without_expiry, expired_exceptions
from trailwarden.rules.lint import lint_rules
from trailwarden.rules.load import parse_rules
from trailwarden.rules.ruleset import Level, Rule, RuleException, dump_rule_set, load_rule_set
from trailwarden.rules.source import Source

LAST = date(2026, 6, 30)
BEFORE, AFTER = date(2026, 6, 29), date(2026, 7, 1)


def block(**keys: str) -> str:
    given = {"owner": "identity team", "reason": "agreed", "expires": "2026-06-30", **keys}
    return f"trailwarden: {{{', '.join(f'{key}: {value}' for key, value in given.items() if value)}}}\n"


def exception_text(rules: str = "any", *, expires: str = "2026-06-30", extra: str = "", **more: str) -> str:
    return filter_text(rules, extra=extra + block(expires=expires), **more)


def sources_of(text: str) -> list[Source]:
    sources, problems = parse_rules("rule.yml", text.encode())
    assert not problems, problems
    return sources


REFUSED = [
    ("trailwarden: {owner: a, reason: b}\n", ["the exception has no `expires`"]),
    ("trailwarden: {reason: b, expires: 2026-06-30}\n", ["the exception has no `owner`"]),
    ("trailwarden: {owner: a, expires: 2026-06-30}\n", ["the exception has no `reason`"]),
    ("trailwarden: {}\n", [f"the exception has no `{key}`" for key in ("expires", "owner", "reason")]),
    ("trailwarden:\n", ["`trailwarden` must be a map"]),
    ("trailwarden: soon\n", ["`trailwarden` must be a map"]),
    (block(owner="1"), ["`owner` must be text"]),
    (block(reason="' '"), ["`reason` must be text"]),
    (block(), []),
    (block(expires="'2026-06-30'"), []),
    (block(until="x"), ["`until` is unknown in `trailwarden`"]),
    *(
        (block(expires=wrong), ["`expires` must be a day of the calendar"])
        for wrong in (
            "2026-02-30",
            "20260630",
            "2026-W27-2",
            "2026-06-30T12:00:00Z",
            "soon",
            "1",
            "null",
            "[2026-06-30]",
            "2026-6-30",
        )
    ),
]


@pytest.mark.parametrize(("extra", "messages"), REFUSED)
def test_an_exception_has_an_owner_a_reason_and_an_end(extra: str, messages: list[str]) -> None:
    problems = problems_of(RULE + filter_text(extra=extra))

    assert sorted(problem.message for problem in problems) == messages
    assert all(problem.cure and problem.line == RULE.count("\n") + 3 for problem in problems)


def test_an_exception_holds_through_its_last_day() -> None:
    sources = sources_of(RULE + exception_text())

    for day, hides in ((BEFORE, True), (LAST, True), (AFTER, False)):
        (rule,) = compile_rules(sources, today=day).rules
        assert holds(rule.detection, ADMIN) is not hides
        assert holds(rule.detection, OTHERS)
        assert [each.title for each in expired_exceptions(sources, day)] == ([] if hides else ["Let it pass"])


def test_what_is_over_leaves_nothing_in_the_artefact() -> None:
    without = dump_rule_set(compile_rules(sources_of(RULE)))

    over = dump_rule_set(compile_rules(sources_of(RULE + exception_text()), today=AFTER))

    assert over == without


def test_the_day_matters_only_by_what_has_expired() -> None:
    sources = sources_of(
        f"{RULE}---\n{OTHER}{exception_text()}" + exception_text(extra="id: b\n", expires="2027-01-01")
    )

    first = dump_rule_set(compile_rules(sources, today=BEFORE))

    assert dump_rule_set(compile_rules(sources[::-1], today=LAST)) == first
    assert dump_rule_set(compile_rules(sources, today=AFTER)) != first
    assert [each.id for each in load_rule_set(first).exceptions] == ["Let it pass", "b"]


def test_without_a_day_the_clock_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    sources = sources_of(RULE + exception_text())
    for day in (LAST, AFTER):
        monkeypatch.setattr("trailwarden.rules.compile.today_utc", lambda day=day: day)
        assert compile_rules(sources) == compile_rules(sources, today=day)
    assert abs((exceptions.today_utc() - date.today()).days) <= 1  # noqa: DTZ011 (the local day is near)


def test_the_artefact_names_the_exceptions_in_force() -> None:
    owned = exception_text(f"[{OTHER_ID}]", extra="id: B\n")
    text = f"{RULE}---\n{OTHER}{owned}{filter_text('[first]')}"

    rule_set = load_rule_set(dump_rule_set(compile_rules(sources_of(text), today=LAST)))

    assert rule_set.exceptions == (
        RuleException(id="Let it pass", title="Let it pass"),
        RuleException(
            id="b", title="Let it pass", owner="identity team", reason="agreed", expires="2026-06-30"
        ),
    )


def test_what_each_exception_hides_of_each_rule() -> None:
    home = filter_text("[first]", selections="sel: {from: home}", extra="id: home\n")
    remains = filter_text("[first]", selections="sel: {via: vpn}", condition="not sel", extra="id: vpn\n")
    text = f"{RULE}---\n{OTHER}{filter_text()}{home}{remains}"
    rule_set = load_rule_set(dump_rule_set(compile_rules(sources_of(text))))

    def hidden(**fields: str) -> list[tuple[str, str]]:
        return [
            (each.rule.id, each.exception_id)
            for each in rule_set.hidden
            if holds(each.rule.detection, {"f": "x", **fields})
        ]

    assert hidden(who="adm") == [(RULE_ID, "Let it pass"), (OTHER_ID, "Let it pass")]
    assert hidden(**{"from": "home"}) == [(RULE_ID, "home")]
    assert hidden(via="vpn") == [(RULE_ID, "vpn")]
    assert hidden(**{"from": "home", "via": "vpn"}) == [(RULE_ID, "home"), (RULE_ID, "vpn")]
    assert hidden(who="adm", f="y") == []
    assert hidden() == []


def test_a_rule_keeps_its_own_condition_under_its_filters() -> None:
    detections = ["sel: {f: x}\ncondition: sel", "sel: {f: x, g: y}\ncondition: sel"]
    detections += [
        "sel: {f: x}\nother: {g: y}\ncondition: sel and not other",
        "a: {f: x}\nb: {g: y}\ncondition: [a, b]",
    ]
    for detection in detections:
        (plain,) = compile_rules(sources_of(rule_text(detection))).rules
        (filtered,) = compile_rules(
            sources_of(
                rule_text(detection) + filter_text() + filter_text(extra="id: b\n", condition="not sel")
            )
        ).rules

        assert filtered.own_detection == plain.own_detection == plain.detection
        assert len(list(filtered.hidden())) == 2
        assert list(plain.hidden()) == []


def test_a_condition_that_does_not_end_in_its_filters_is_refused() -> None:
    leaf = ["field", "f", ["null"]]
    for detection in (leaf, ["and", leaf, leaf], ["and", ["not", leaf]], ["or", leaf, ["not", leaf]]):
        rule = Rule(id="a", title="t", level=Level.LOW, detection=detection, filters=("x",))
        with pytest.raises(RuleSetError, match="does not end in its filters"):
            list(rule.hidden())


def test_who_publishes_can_refuse_what_would_hold_for_ever() -> None:
    sources = sources_of(f"{RULE}---\n{OTHER}{filter_text()}" + exception_text(extra="id: b\n"))

    (problem,) = exceptions_without_expiry(sources)

    assert problem.line == RULE.count("\n") + OTHER.count("\n") + 3
    assert "`trailwarden:`" in problem.message
    assert "expires" in problem.cure
    assert [each.id for each in exceptions_of(sources)] == ["Let it pass", "b"]


WARNED = [
    ("2026-06-30", "expired on 2026-06-30"),
    ("2026-07-01", "expires today"),
    ("2026-07-02", "expires in 1 day, on 2026-07-02"),
    ("2026-07-15", "expires in 14 days, on 2026-07-15"),
    ("2026-07-16", ""),
    ("2027-08-05", ""),
]


@pytest.mark.parametrize(("expires", "warning"), WARNED)
def test_an_end_that_is_near_is_warned_of(expires: str, warning: str) -> None:
    found = lint_rules(
        sources_of(
            RULE.replace("f: x", "eventName: x")
            + exception_text(expires=expires, selections="sel: {eventName: adm}")
        ),
        today=AFTER,
    )

    assert [warning in problem.message for problem in found] == ([True] if warning else [])
    assert all(problem.cure and problem.line == RULE.count("\n") + 2 for problem in found)


@pytest.mark.parametrize("status", ["deprecated", "unsupported"])
def test_a_rule_that_was_given_up_is_warned_of(status: str) -> None:
    rule = rule_text("sel: {eventName: x}\ncondition: sel", extra=f"status: {status}\nname: one")
    correlation = (
        f"---\ntitle: c\nid: {OTHER_ID}\nstatus: {status}\ncorrelation: {{type: event_count, rules: [one], "
        "group-by: [awsRegion], timespan: 1h, condition: {gte: 2}}\n"
    )

    found: list[Problem] = lint_rules(sources_of(rule + correlation))

    assert [f"the rule is {status}" in problem.message for problem in found] == [True, True]
    assert all(problem.cure for problem in found)
