"""New rules from real records: they match, they pass their tests and the checker, and hold no secret."""

import datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.corpus import corpus_records, needs_corpus
from tests.unit.checking.test_corpus import EVENTS_OF_SAMPLES
from tests.unit.checking.writing import API
from trailwarden.checking import check_rules
from trailwarden.engine.evaluate import holds
from trailwarden.rule_tests import run_rule_tests
from trailwarden.rules.compile import compile_rules
from trailwarden.rules.document import read_documents
from trailwarden.rules.load import parse_rules
from trailwarden.rules.source import RuleSource
from trailwarden.scaffold import Proposal, propose, rule_text

LEFT_TO_THE_AUTHOR = {"no-tags", "no-references", "no-falsepositives"}
MADE_UP = EVENTS_OF_SAMPLES | {"RemovePermission"}
"""Events of vendors' samples that CloudTrail never writes so: the checker says so of these rules too."""
ATTACHED: dict[str, Any] = {
    "eventSource": "iam.amazonaws.com",
    "eventName": "AttachUserPolicy",
    "eventTime": "2026-03-01T12:00:00Z",
    "sourceIPAddress": "203.0.113.7",
    "userIdentity": {"type": "IAMUser", "userName": "mallory", "accessKeyId": "AKIAEXAMPLE"},
    "requestParameters": {
        "userName": "alice",
        "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess",
    },
}


def text_of(proposal: Proposal | None, title: str = "", number: int = 1) -> str:
    rule_id = str(UUID(int=number + (4 << 76)))
    named = title or (proposal.title if proposal else "A Title")
    return rule_text(named, rule_id, datetime.date(2026, 1, 31), proposal)


def test_the_telling_parameter_is_selected_and_flipped() -> None:
    proposal = propose(ATTACHED)

    assert proposal.selection == {
        "eventSource": "iam.amazonaws.com",
        "eventName": "AttachUserPolicy",
        "errorCode": None,
        "requestParameters.policyArn": "arn:aws:iam::aws:policy/AdministratorAccess",
    }
    assert proposal.match["requestParameters"] == ATTACHED["requestParameters"]
    assert proposal.near_miss["requestParameters"]["policyArn"] != ATTACHED["requestParameters"]["policyArn"]
    assert "AKIAEXAMPLE" not in text_of(proposal)
    assert "203.0.113.7" not in text_of(proposal)
    assert "2026-03-01" not in text_of(proposal)


def test_without_a_telling_parameter_the_outcome_decides() -> None:
    plain = {"eventSource": "iam.amazonaws.com", "eventName": "CreateUser"}
    assert propose(plain).near_miss["errorCode"] == "AccessDenied"
    failed = propose({**plain, "errorCode": "AccessDenied"})
    assert failed.selection["errorCode"] == "AccessDenied"
    assert "errorCode" not in failed.near_miss


def test_versions_of_event_names_are_left_open() -> None:
    record = {"eventSource": "lambda.amazonaws.com", "eventName": "UpdateFunctionCode20150331v2"}
    assert propose(record).selection["eventName"] == "UpdateFunctionCode20*"


def test_secrets_are_masked_and_never_selected() -> None:
    record = {
        "eventSource": "rds.amazonaws.com",
        "eventName": "CreateDBInstance",
        "requestParameters": {"masterUserPassword": "HUNTER_TWO", "dBInstanceIdentifier": "db"},
    }
    text = text_of(propose(record))
    assert "HUNTER_TWO" not in text


def test_a_record_without_a_call_proposes_nothing() -> None:
    with pytest.raises(ValueError, match="eventName"):
        propose({"eventSource": "iam.amazonaws.com", "eventType": "AwsCloudTrailInsight"})


@pytest.mark.parametrize(
    "title", ["plain", 'a "quoted": title', "# no comment", "{x} \u2028 ü\n", "- a", "'"]
)
def test_any_title_makes_a_sound_file(title: str) -> None:
    sources, problems = parse_rules("rule.yml", text_of(None, title).encode())
    assert problems == []
    assert sources[0].title == title
    assert {each.code for each in check_rules(sources, api=API)} <= LEFT_TO_THE_AUTHOR
    assert run_rule_tests(sources) == []


@needs_corpus
def test_rules_from_real_records_pass_check_and_test() -> None:
    seen: set[tuple[str, str, bool]] = set()
    for _, _, record in corpus_records():
        key = (str(record["eventSource"]), str(record["eventName"]), bool(record.get("errorCode")))
        if key in seen:
            continue
        seen.add(key)
        if len(seen) % 3:
            continue  # one in three is plenty
        sources, problems = parse_rules("rule.yml", text_of(propose(record), number=len(seen)).encode())
        assert problems == []
        (source,) = sources
        assert isinstance(source, RuleSource)
        assert [test.must_match for test in source.block.tests] == [True, False]
        assert run_rule_tests(sources) == []
        assert holds(compile_rules(sources).rules[0].detection, record)
        findings = [each for each in check_rules(sources, api=API) if "AWS has retired" not in each.message]
        told = {each.code for each in findings}
        assert told <= LEFT_TO_THE_AUTHOR or record["eventName"] in MADE_UP, (told, record["eventName"])
    assert len(seen) > 500


_ODD = [
    *(
        "098765432189",
        "012345678901",
        "12e45678",
        "7e1",
        "0o17",
        "1e3",
        "-1e3",
        "+12",
        "1.",
        ".5",
        "-.inf",
        ".NaN",
    ),
    *(
        "y",
        "N",
        "No",
        "on",
        "~",
        "null",
        "1_000",
        "0b11",
        "0x1F",
        "1:30",
        "190:20:30",
        "2026-01-31",
        "=",
        "<<",
        "",
    ),
    *(
        "True",
        "- a",
        "a: b",
        "a #b",
        " a",
        "a ",
        "'",
        '"',
        "a\nb",
        "\ta",
        "\x85",
        "\u2028b",
        "\x00",
        "\ufeff",
        "é😀",
    ),
]


@given(
    text=st.one_of(
        st.sampled_from(_ODD),
        st.from_regex(r"[-+]?[0-9]*\.?[0-9]+([eE][-+]?[0-9]+)?", fullmatch=True),
        st.text("0123456789abcdefoxyYnN.+-_:eE", max_size=12),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    )
)
def test_a_text_is_read_back_as_the_text_that_was_written(text: str) -> None:
    """Whatever a version of YAML would read in its place, as a value and as a key."""
    record = {"eventName": "CreateUser", "requestParameters": {"userName": text, text: ["x", text]}}
    proposal = Proposal("Odd", {"eventName": "CreateUser", "requestParameters.x": text}, record, record)
    documents, problems = read_documents("rule.yml", text_of(proposal, "Odd").encode())
    assert problems == []
    (document,) = documents
    assert document.data["detection"]["selection"]["requestParameters.x"] == text
    assert document.data["trailwarden"]["tests"] == {"match": [record], "no_match": [record]}
