"""A failing test says why, in the words of `rules explain`; tests may have names."""

import pytest

from trailwarden.rule_tests import RuleTestFailure, run_rule_tests
from trailwarden.rules.load import parse_rules

RULE = """\
title: User Made
id: 7e6f5a4b-3c2d-4e1f-8a9b-0c1d2e3f4a5b
name: user_made
logsource: {product: aws, service: cloudtrail}
detection:
  call:
    eventSource: iam.amazonaws.com
    eventName: CreateUser
  filter_own:
    userIdentity.userName|startswith: ci-
  condition: call and not filter_own
trailwarden:
  tests:
"""
TWICE = """\
---
title: Users Made
id: 8e6f5a4b-3c2d-4e1f-8a9b-0c1d2e3f4a5b
correlation: {type: event_count, rules: [user_made], group-by: [account], timespan: 5m, condition: {gte: 2}}
trailwarden:
  tests:
"""
USER = "{eventSource: iam.amazonaws.com, eventName: CreateUser, userIdentity: {userName: ci-7}}"
ROLE = "{eventSource: iam.amazonaws.com, eventName: CreateRole}"
NOT_MADE = '\'User Made\' does not fire: line 8: `eventName: "CreateUser"` does not hold: it is "CreateRole"'
REST = "`timespan`, `group-by` and `condition` decide the rest"
BUILT_ON = " of the rules that it is built on"
MADE = "{eventSource: iam.amazonaws.com, eventName: CreateUser}"


def failures(text: str) -> list[RuleTestFailure]:
    sources, problems = parse_rules("rule.yml", text.encode())
    assert problems == []
    return run_rule_tests(sources)


@pytest.mark.parametrize(
    ("tests", "said", "why"),
    [
        (
            f"    match: [{ROLE}]",
            "does not match this record, and must",
            ('line 8: `eventName: "CreateUser"` does not hold: it is "CreateRole"',),
        ),
        (
            f"    match: [{{name: a role, record: {ROLE}}}]",
            "does not match 'a role', and must",
            ('line 8: `eventName: "CreateUser"` does not hold: it is "CreateRole"',),
        ),
        (
            "    match: [{eventName: CreateUser}]",
            "does not match this record, and must",
            ('line 7: `eventSource: "iam.amazonaws.com"` does not hold: it is missing',),
        ),
        (
            f"    match: [{USER}]",
            "does not match this record, and must",
            ('line 10: `userIdentity.userName|startswith: "ci-"` holds: it is "ci-7"',),
        ),
        (
            f"    no_match: [{{name: ' made by hand ', record: {MADE}}}]",
            "matches 'made by hand', and must not",
            (
                'line 7: `eventSource: "iam.amazonaws.com"` holds: it is "iam.amazonaws.com"',
                'line 8: `eventName: "CreateUser"` holds: it is "CreateUser"',
                'line 10: `userIdentity.userName|startswith: "ci-"` does not hold: it is missing',
            ),
        ),
    ],
)
def test_a_failure_names_the_lines_that_decided(tests: str, said: str, why: tuple[str, ...]) -> None:
    (failure,) = failures(RULE + tests)
    assert (failure.message, failure.why) == (said, why)
    assert str(failure).splitlines()[1:] == [f"    {line}" for line in why]


def test_a_secret_in_a_tests_record_is_not_printed() -> None:
    text = RULE.replace("userIdentity.userName|startswith: ci-", "requestParameters.password: hunter22")
    record = (
        "{eventSource: iam.amazonaws.com, eventName: CreateUser, requestParameters: {password: hunter22}}"
    )
    (failure,) = failures(f"{text}    match: [{record}]")
    assert 'it is "hunter22"' not in str(failure)


@pytest.mark.parametrize(
    ("tests", "why"),
    [
        (
            f"    match: [[{MADE}, {ROLE}]]",
            (
                f"1 of 2 records is an event{BUILT_ON}; {REST}",
                "record 1: 'User Made' fires",
                f"record 2: {NOT_MADE}",
            ),
        ),
        (
            f"    match: [{{name: two roles, records: [{ROLE}, {ROLE}]}}]",
            (
                f"0 of 2 records are events{BUILT_ON}",
                f"record 1: {NOT_MADE}",
                f"record 2: {NOT_MADE}",
            ),
        ),
    ],
)
def test_a_correlations_failure_says_what_each_record_is(tests: str, why: tuple[str, ...]) -> None:
    (failure,) = failures(RULE + f"    match: [{MADE}]\n" + TWICE + tests)
    assert failure.why == why


def test_of_many_records_the_first_ones_are_said() -> None:
    (failure,) = failures(RULE + f"    match: [{MADE}]\n" + TWICE + f"    match: [[{', '.join([ROLE] * 9)}]]")
    assert failure.why[-1] == "(and 3 records more)"
    assert len(failure.why) == 8


@pytest.mark.parametrize(
    ("tests", "correlation", "said"),
    [
        (f"    match: [{{name: 7, record: {MADE}}}]", False, "a test's `name` must be text"),
        ("    match: [{name: x, record: 7}]", False, "a test's record must be a map"),
        (f"    match: [{{name: x, records: {MADE}}}]", True, "must be a list of records"),
        ("    match: [{name: x, records: []}]", True, "must be a list of records"),
        (f"    match: [{{name: [x], records: [{MADE}]}}]", True, "a test's `name` must be text"),
    ],
)
def test_a_name_or_a_record_of_another_kind_is_refused(tests: str, correlation: bool, said: str) -> None:
    text = f"{RULE}    match: [{MADE}]\n{TWICE}{tests}" if correlation else RULE + tests
    _, problems = parse_rules("rule.yml", text.encode())
    assert [problem.message for problem in problems if said in problem.message]


def test_a_record_that_happens_to_have_a_name_is_a_record() -> None:
    assert (
        failures(RULE + "    match: [{name: x, eventSource: iam.amazonaws.com, eventName: CreateUser}]") == []
    )
