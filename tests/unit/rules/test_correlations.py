"""Correlations as written: what is read, what is refused by name, with line, column and cure."""

from pathlib import Path

import pytest

from tests.corpus import CORPUS, needs_corpus
from tests.unit.rules.writing import RULE_ID, problems_of, rule_text
from trailwarden.errors import Problem
from trailwarden.rule_tests import run_rule_tests
from trailwarden.rules.compile import compile_usable
from trailwarden.rules.correlation import read_parts
from trailwarden.rules.document import read_documents
from trailwarden.rules.load import parse_rules
from trailwarden.rules.ruleset import (
    CorrelationType,
    Level,
    RuleSet,
    dump_rule_set,
    load_rule_set,
)

OTHER_ID = "0c1f0a5e-6a0e-4e0e-9d5e-0a4b8c8f4a11"
OWN_ID = "0c1f0a5e-6a0e-4e0e-9d5e-0a4b8c8f4a12"
THIRD_ID = "0c1f0a5e-6a0e-4e0e-9d5e-0a4b8c8f4a13"
RULES = "---\n".join(
    [
        rule_text("sel: {eventName: A}\ncondition: sel", "name: first"),
        rule_text("sel: {eventName: B}\ncondition: sel", "name: second", OTHER_ID),
    ]
)
HEAD = f"title: Together\nid: {OWN_ID}\nlevel: high\n"
GOOD = "type: event_count, rules: [first], group-by: [f], timespan: 1m, condition: {gte: 2}"
NEW = "type: first_seen, rules: [first], group-by: [f], timespan: 2d, condition: {field: x}"


def written(body: str, extra: str = "", head: str = HEAD) -> str:
    """A correlation at the beginning of a file, its `correlation:` at line 4, and two rules."""
    return f"{head}correlation: {{{body}}}\n{extra}---\n{RULES}"


def compiled(text: str) -> RuleSet:
    sources, problems = parse_rules("rule.yml", text.encode())
    rule_set, refused = compile_usable(sources)
    assert not problems + refused, "\n".join(map(str, problems + refused))
    return rule_set


def test_a_correlation_is_compiled_and_comes_back_from_the_artefact() -> None:
    text = written(
        "type: value_count, rules: [second, first], group-by: [actor, who], timespan: 2h, "
        "condition: {field: [a.b, c], gt: 3, lte: 9}, "
        "aliases: {who: {first: x.y, second: z}}",
        "trailwarden: {title: '{who} did', runbook: [Look.], owner: us}\n",
    )
    rule_set = compiled(text)
    (one,) = rule_set.correlations
    assert one.type is CorrelationType.VALUE_COUNT
    assert (one.rules, one.group_by, one.timespan) == ((OTHER_ID, RULE_ID), ("actor", "who"), 7200)
    assert (one.field, one.bounds) == (("a.b", "c"), (("lte", 9), ("gt", 3)))
    assert one.aliases == {"who": {RULE_ID: "x.y", OTHER_ID: "z"}}
    assert (one.level, one.alert_title, one.owner, one.generates) == (Level.HIGH, "{who} did", "us", True)
    assert load_rule_set(dump_rule_set(rule_set)) == rule_set
    assert rule_set.version != RuleSet(rule_set.rules).version


@pytest.mark.parametrize(
    ("text", "silent"),
    [
        (written(GOOD), {RULE_ID}),
        (written(GOOD + ", generate: true"), set()),
        (written(GOOD, "generate: true\n"), set()),
        (written(GOOD.replace("first", RULE_ID.upper())), {RULE_ID}),
    ],
)
def test_a_rule_that_only_feeds_correlations_does_not_generate(text: str, silent: set[str]) -> None:
    rule_set = compiled(text)
    assert {rule.id for rule in rule_set.rules if not rule.generates} == silent
    assert all(one.generates for one in rule_set.correlations)


@pytest.mark.parametrize(
    ("status", "silent"),
    [
        ("stable", {RULE_ID}),
        ("test", set()),
        ("experimental", set()),
        ("deprecated", set()),
        ("unsupported", set()),
    ],
)
def test_a_correlation_whose_alerts_are_not_sent_silences_no_rule(status: str, silent: set[str]) -> None:
    rule_set = compiled(written(GOOD, f"status: {status}\n"))
    assert {rule.id for rule in rule_set.rules if not rule.generates} == silent


def test_a_correlation_on_trial_neither_silences_what_another_does_nor_keeps_it_alerting() -> None:
    trial = HEAD.replace(OWN_ID, THIRD_ID) + "status: test\ncorrelation: {BODY}\n---\n"
    for body in (GOOD, GOOD + ", generate: true"):
        rule_set = compiled(trial.replace("BODY", body) + written(GOOD))
        assert {rule.id for rule in rule_set.rules if not rule.generates} == {RULE_ID}


def test_a_correlation_below_one_on_trial_still_alerts() -> None:
    upper = HEAD.replace(OWN_ID, THIRD_ID) + (
        "status: experimental\n"
        "correlation: {type: temporal, rules: [lower, second], group-by: [f], timespan: 1h}\n---\n"
    )
    rule_set = compiled(upper + written(GOOD, "name: lower\n"))
    assert all(one.generates for one in rule_set.correlations)
    assert {rule.id for rule in rule_set.rules if rule.generates} == {OTHER_ID}


def test_without_a_level_the_highest_of_its_rules_is_taken_and_temporal_needs_all() -> None:
    body = "type: temporal, rules: [first, second], group-by: f, timespan: 5m"
    (one,) = compiled(written(body, head=HEAD.replace("level: high\n", ""))).correlations
    assert (one.level, one.bounds, one.group_by) == (Level.HIGH, (("gte", 2),), ("f",))


@pytest.mark.parametrize(
    ("body", "warm_up"),
    [(NEW, 2), (NEW.replace("2d", "30d"), 7), (NEW.replace("2d", "30d") + ", warm-up: 24h", 1)],
)
def test_first_seen_warms_up_for_a_week_unless_it_says_otherwise(body: str, warm_up: int) -> None:
    (one,) = compiled(written(body)).correlations
    assert (one.warm_up, one.bounds, one.field, one.steady) == (
        warm_up * 86_400,
        (("gte", 1),),
        ("x",),
        False,
    )


def test_correlations_of_correlations_in_any_order_of_the_file() -> None:
    upper = HEAD.replace(OWN_ID, THIRD_ID) + (
        "correlation: {type: temporal_ordered, rules: [lower, second], group-by: [f], timespan: 1h}\n---\n"
    )
    rule_set = compiled(upper + written(GOOD, "name: lower\n"))
    assert {one.id: one.generates for one in rule_set.correlations} == {OWN_ID: False, THIRD_ID: True}


def replaced(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new)


REFUSED = [
    (replaced("type: event_count, ", ""), "the correlation has no `type`", "event_count"),
    (replaced("event_count", "event_cuont"), "`event_cuont` is no correlation type", "`event_count`"),
    (replaced("[first]", "[frist]"), "there is no sound rule `frist`", "did you mean `first`?"),
    (replaced("[first]", "[]"), "`rules` is missing or empty", "ids or names"),
    (replaced("[first]", "{a: b}"), "`rules` is no list of texts", "ids or names"),
    (replaced("[first]", "[first, first]"), "`first` stands twice in `rules`", "keep one"),
    (replaced("[first]", f"[first, {RULE_ID}]"), f"`{RULE_ID}` is named twice", "keep one"),
    (replaced("group-by: [f], ", ""), "`group-by` is missing or empty", "userIdentity.arn"),
    (replaced("[f]", "['a b']"), "`a b` is no field", "dotted path"),
    (replaced("[f]", "[5]"), "an element of `group-by` is no text", "fields"),
    (replaced("timespan: 1m, ", ""), "the correlation has no `timespan`", "10m"),
    (replaced("1m", "1M"), "`1M` is no timespan", "10m"),
    (replaced("1m", "90"), "`90` is no timespan", "10m"),
    (replaced("1m", "0s"), "`0s` is no timespan", "10m"),
    (replaced("1m", "91d"), "`91d` is longer than 90 days", "at most 90d"),
    (replaced(", condition: {gte: 2}", ""), "`condition` is missing", "gte"),
    (replaced("{gte: 2}", "first and second"), "`condition` must be a map", "gte"),
    (
        replaced("event_count", "value_count").replace("gte: 2", "field: x"),
        "the condition compares nothing",
        "gte",
    ),
    (replaced("gte: 2", "gtee: 2, gt: 1"), "`gtee` is unknown in `condition`", "did you mean `gte`?"),
    (replaced("gte: 2", "gte: two"), "`two` is no number", "number"),
    (replaced("gte: 2", "gte: 1.5"), "a count cannot be compared with 1.5", "whole"),
    (replaced("gte: 2", "gte: -1"), "a count cannot be compared with -1", "whole"),
    (replaced("gte: 2", "gte: true"), "`True` is no number", "number"),
    (replaced("gte: 2", "gte: 1, gt: 1, lt: 9"), "a condition has at most two comparisons", "chain"),
    (replaced("gte: 2", "gte: 5001"), "no window holds more events than 5,000", "less"),
    (replaced("gte: 2", "gt: 5000"), "no window holds more events than 5,000", "less"),
    (replaced("event_count", "temporal"), "there are no more rules than 1", "less"),
    (replaced("gte: 2", "gte: 2, field: x"), "`event_count` looks at no `field`", "value_count"),
    (replaced("event_count", "value_count"), "`value_count` needs a `field`", "name the field"),
    (
        replaced("event_count", "value_sum").replace("gte: 2", "gte: 2, field: [a, b]"),
        "`value_sum` looks at one field",
        "name one",
    ),
    (replaced("gte: 2", "gte: 2, percentile: 5"), "`event_count` knows no `percentile`", "leave it out"),
    (
        replaced("event_count", "value_percentile").replace("gte: 2", "gte: 2, field: a, percentile: 101"),
        "`101` is no percentile",
        "0 to 100",
    ),
    (GOOD + ", aliases: [a]", "`aliases` must be a map", "alias"),
    (GOOD + ", aliases: {a: b}", "the alias `a` must be a map", "alias"),
    (GOOD + ", aliases: {f: {second: x, first: y}}", "does not look at `second`", "`rules`"),
    (GOOD + ", aliases: {f: {frist: x, first: y}}", "there is no sound rule `frist`", "`first`"),
    (GOOD + ", aliases: {g: {first: x}}", "the alias `g` is not used", "group-by"),
    (
        replaced("[first]", "[first, second]") + ", aliases: {f: {first: x}}",
        "the alias `f` says nothing of the rule 'A rule'",
        "name the field",
    ),
    (GOOD + ", generate: 5", "`generate` must be true or false", "true"),
    (GOOD + ", warm-up: 1d", "only `first_seen` has a `warm-up`", "leave it out"),
    (NEW.replace("2d", "36h"), "`first_seen` looks back over whole days", "30d"),
    (NEW + ", warm-up: 3d", "the `warm-up` is longer than the `timespan`", "less"),
    (NEW + ", warm-up: soon", "`soon` is no timespan", "10m"),
    (NEW.replace("field: x", "field: x, gte: 2"), "`first_seen` knows no `gte`", "alone"),
    (NEW.replace("field: x", ""), "`first_seen` needs a `field`", "name the field"),
    (GOOD + ", timeframe: 5m", "`timeframe` is unknown in `correlation`", "timespan"),
]


@pytest.mark.parametrize(("body", "message", "cure"), REFUSED)
def test_a_mistake_is_told_with_its_place_and_cure(body: str, message: str, cure: str) -> None:
    (problem,) = problems_of(written(body))
    assert (problem.path, problem.line) == ("rule.yml", 4)
    assert problem.column >= 1
    assert message in problem.message
    assert cure in problem.cure


def test_the_place_is_that_of_the_element() -> None:
    body = "\n  type: event_count\n  rules:\n    - first\n    - secnd\n  group-by: [f]\n  timespan: 1m\n"
    (problem,) = problems_of(f"{HEAD}correlation:{body}  condition: {{gte: 1}}\n---\n{RULES}")
    assert (problem.line, problem.column) == (8, 7)


def chain(names: str, *bodies: str) -> list[Problem]:
    documents = [
        f"title: C{name}\nid: 0c1f0a5e-6a0e-4e0e-9d5e-0a4b8c8f4b0{name}\nname: n{name}\n"
        f"correlation: {{type: event_count, {body}, group-by: [f], timespan: 1m}}\n"
        for name, body in zip(names, bodies, strict=True)
    ]
    return problems_of("---\n".join([*documents, RULES]))


def test_a_circle_is_named_once_and_what_builds_on_it_cannot_be_used() -> None:
    problems = chain(
        "123",
        "rules: [n2], condition: {gte: 1}",
        "rules: [n3], condition: {gte: 1}",
        "rules: [n1, first], condition: {gte: 1}",
    )
    circles = [problem for problem in problems if "circle" in problem.message]
    assert [problem.message for problem in circles] == ["the correlations go in a circle: C1 → C2 → C3 → C1"]
    assert all("cannot be used" in problem.message for problem in problems if problem not in circles)
    (alone,) = chain("1", "rules: [n1], condition: {gte: 1}")
    assert "circle: C1 → C1" in alone.message


@pytest.mark.parametrize("bound", ["lt: 3", "lte: 3", "eq: 3", "neq: 3", "gte: 1, lte: 3"])
def test_nothing_builds_on_what_can_be_undone(bound: str) -> None:
    (problem,) = chain("12", f"rules: [first], condition: {{{bound}}}", "rules: [n1], condition: {gte: 1}")
    assert "can be undone" in problem.message
    assert "event_count" in problem.cure


def test_a_name_of_two_rules_is_ambiguous() -> None:
    (problem,) = problems_of(written(GOOD).replace("name: second", "name: first"))
    assert "belongs to several rules" in problem.message


def test_a_correlation_of_a_broken_rule_is_refused_and_the_others_are_not() -> None:
    text = written(GOOD).replace("eventName: A", "'a|re': '(?=x)'")
    refused = problems_of(text)
    assert [problem.line for problem in refused] == [4, 13]
    assert "there is no sound rule `first`" in refused[0].message
    sources, _ = parse_rules("rule.yml", text.encode())
    rule_set, _ = compile_usable(sources)
    assert ([rule.id for rule in rule_set.rules], rule_set.correlations) == ([OTHER_ID], ())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"title: x\nid: {OWN_ID}\ncorrelation: [a]\n", "`correlation` must be a map"),
        (written(GOOD, head=HEAD.replace("high", "worst")), "not a valid Sigma rule level"),
        (written(GOOD, "trailwarden: {group_by: [f]}\n"), "a correlation has one grouping"),
        (written(GOOD, "trailwarden: {tests: {match: [{f: x}]}}\n"), "must be a list of records"),
        (written(GOOD, "trailwarden: {tests: {match: [[]]}}\n"), "must be a list of records"),
    ],
)
def test_a_document_that_cannot_be_used(text: str, message: str) -> None:
    (problem,) = problems_of(text)
    assert message in problem.message
    assert problem.cure


TESTED = (
    "trailwarden: {tests: {match: [[{eventName: A, f: x}, {eventName: A, f: x}]], "
    "no_match: [[{eventName: A, f: x}, {eventName: A, f: y}]]}}\n"
)


def test_a_correlation_runs_its_tests() -> None:
    for text, failures in ((written(GOOD, TESTED), 0), (written(replaced("gte: 2", "gte: 1"), TESTED), 1)):
        sources, problems = parse_rules("rule.yml", text.encode())
        assert not problems
        failed = run_rule_tests(sources)
        assert len(failed) == failures
        assert all("matches these records, and must not" in str(failure) for failure in failed)


@needs_corpus
def test_the_examples_of_the_specification_are_read() -> None:
    """They refer to rules that are not there; their own part must be without mistake."""
    files = sorted((CORPUS / "sigma_spec_examples").glob("*correlation*.yml"))
    assert len(files) >= 7
    for file in files:
        documents, problems = read_documents(Path(file).name, file.read_bytes())
        assert [read_parts(document, problems) is not None for document in documents] == [True]
        assert not problems, "\n".join(map(str, problems))
