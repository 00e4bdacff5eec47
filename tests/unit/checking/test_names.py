"""Events, parameters and fields: what is told, and what is let be."""

from pathlib import Path

import pytest

from tests.unit.checking.writing import API, findings_in, framed
from trailwarden.checking import check_rules
from trailwarden.checking.calls import Call, needed_texts, operations, unknown_event, unknown_parameter
from trailwarden.rules.fields import unknown_field
from trailwarden.rules.finding import Finding
from trailwarden.rules.load import parse_rules


def call(source: str, *names: str) -> Call:
    return Call(frozenset({f"{source}.amazonaws.com"}), frozenset(name.lower() for name in names))


@pytest.mark.parametrize(
    ("about", "field", "near"),
    [
        (call("iam", "CreateUser"), "requestParameters.UserName", "requestParameters.userName"),
        (call("iam", "CreateUser"), "requestParameters.username", "requestParameters.userName"),
        (call("iam", "CreateUser"), "responseElements.user.userNam", "responseElements.user.userName"),
        (
            call("rds", "ModifyDBInstance"),
            "responseElements.masterUserNam",
            "responseElements.masterUsername",
        ),
        (call("s3", "PutBucketPolicy"), "requestParameters.bucketname", "requestParameters.bucketName"),
        (call("lambda", "UpdateFunctionCode20150331v2"), "requestParameters.functionNam", "functionName"),
        (
            call("cloudtrail", "PutEventSelectors"),
            "requestParameters.eventSelectors.readWritType",
            "readWriteType",
        ),
    ],
)
def test_a_misspelt_parameter_is_told_with_the_right_one(about: Call, field: str, near: str) -> None:
    told = unknown_parameter(API, about, field)
    assert told is not None
    assert near in told[1]


@pytest.mark.parametrize(
    ("about", "field"),
    [
        (call("iam", "CreateUser"), "requestParameters.userName"),
        (call("iam", "CreateUser", "CreateGroup"), "requestParameters.userName"),  # one of the two has it
        (call("iam", "CreateUser"), "requestParameters"),
        (call("iam", "CreateUser"), "userIdentity.userName"),
        (
            call("iam", "CreateUser"),
            "requestParameters.somethingElse",
        ),  # CloudTrail writes more than models tell
        (call("unheard", "CreateUser"), "requestParameters.usrName"),
        (Call(), "requestParameters.usrName"),
        (call("ec2", "RunInstances"), "requestParameters.instancesSet.items.imageId"),
        (
            call("ec2", "ModifySecurityGroupRules"),
            "requestParameters.ModifySecurityGroupRulesRequest.GroupId",
        ),
        (call("dynamodb", "PutItem"), "requestParameters.key.anything"),
        (call("s3", "PutBucketPolicy"), "requestParameters.bucketPolicy.Statement.Effect"),
        (call("securityhub", "DeleteInsight"), "requestParameters.InsightArn"),
    ],
)
def test_what_may_be_right_is_let_be(about: Call, field: str) -> None:
    assert unknown_parameter(API, about, field) is None


def test_a_call_of_several_sources_is_found_under_each() -> None:
    assert operations(API, call("elasticloadbalancing", "CreateLoadBalancer"))
    assert operations(API, call("sso", "CreatePermissionSet"))
    assert operations(API, call("monitoring", "DeleteAlarms"))
    assert operations(API, Call(frozenset(), frozenset())) == []


def test_events_of_other_sources_and_misspelt_ones_are_told() -> None:
    others = ["cloudtrail.amazonaws.com"]
    assert unknown_event(API, "iam.amazonaws.com", "DeleteUserr", others) is not None
    told = unknown_event(API, "iam.amazonaws.com", "StopLogging", others)
    assert told is not None
    assert "`cloudtrail.amazonaws.com`" in told[1]
    for source, name in [
        ("signin.amazonaws.com", "ConsoleLogin"),
        ("iam.amazonaws.com", "createuser"),
        ("s3.amazonaws.com", "PutBucketPublicAccessBlock"),
        ("secretsmanager.amazonaws.com", "SecretVersionDeletion"),
        ("lambda.amazonaws.com", "CreateFunction20150331"),
        ("nobody.amazonaws.com", "Anything"),
    ]:
        assert unknown_event(API, source, name, others) is None


def test_names_that_a_condition_needs_are_found_through_patterns_of_versions() -> None:
    name = ["field", "eventName", ["like", "UpdateFunctionCode20*"]]
    assert needed_texts(["and", name, ["keyword", ["is", "x"]]], "eventName") == frozenset(
        {"updatefunctioncode20"}
    )
    assert needed_texts(["or", name, ["keyword", ["is", "x"]]], "eventName") is None
    assert needed_texts(["field", "eventName", ["like", "*Code"]], "eventName") is None


@pytest.mark.parametrize(
    ("field", "cure"),
    [
        ("userIdentity.arnn", "userIdentity.arn"),
        ("userIdentity.sessionContext.sessionIssuer.username", "sessionIssuer.userName"),
        ("eventName.x", "write `eventName`"),
        ("tlsDetails.tlsversion", "tlsDetails.tlsVersion"),
        ("mfaAuthenticated", "userIdentity.sessionContext.attributes.mfaAuthenticated"),
        ("userIdentity.mfaAuthenticated", "userIdentity.sessionContext.attributes.mfaAuthenticated"),
    ],
)
def test_an_unknown_field_is_told_with_the_one_meant(field: str, cure: str) -> None:
    told = unknown_field(field)
    assert told is not None
    assert cure in told[1]


def test_correlations_are_checked_too(tmp_path: Path) -> None:
    text = framed(
        """
name: created
---
title: Many Users
id: 5b1dbb6e-5c1c-4f0e-8f6a-3d1d2f2b8b01
correlation:
  type: value_count
  rules: [created]
  group-by: [actor, userIdentity.arnn, who]
  aliases: {who: {created: userIdentity.usrName}}
  timespan: 10m
  condition: {gte: 3, field: sourceIpAddress}
trailwarden:
  title: "{count} users by {actor} in {regin}"
"""
    )
    told = {
        each.code: each.message for each in findings_in(text, tmp_path) if each.code.startswith("unknown")
    }
    messages = [each.message for each in findings_in(text, tmp_path)]
    assert set(told) == {"unknown-group-field", "unknown-field", "unknown-title-field"}
    for name in ("arnn", "usrName", "sourceIpAddress", "regin"):
        assert any(f"`{name}`" in message for message in messages), name


def test_without_models_calls_are_left_alone() -> None:
    wrong = framed(
        "detection: {selection: {eventSource: iam.amazonaws.com, eventName: CreatUser}, condition: selection}"
    )
    sources, problems = parse_rules("rule.yml", wrong.encode())
    with_models = {each.code for each in check_rules(sources, problems, api=API)}
    assert "unknown-event" in with_models
    assert "unknown-event" not in {each.code for each in check_rules(sources, problems)}


def test_findings_sort_among_problems_by_place() -> None:
    sources, problems = parse_rules("rule.yml", framed("level: hihg").encode())
    first = Finding("a", 1, 1, "m", "c", code="x")
    assert sorted([*problems, first])[:1] == [first]
    assert sorted([first, *problems])[:1] == [first]
    assert not sources
