"""Who may take the roles of people: under their own name alone, and with what their session brings along."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from aws_cdk import App, Duration, Stack
from aws_cdk.assertions import Template

from infra.section import Section
from infra.subscribers import _trust_policy_length, principals
from infra.trust import build_role_of_people
from tests.infra.conftest import Synthesized, sample, synthesize

HERE, THERE = "arn:aws:iam::111122223333", "arn:aws:iam::444455556666"
USERS = {"StringEquals": {"sts:RoleSessionName": "${aws:username}"}}
ROLES = {"StringLike": {"aws:userid": "*:${sts:RoleSessionName}"}}
SSO = f"{HERE}:role/aws-reserved/sso.amazonaws.com/eu-central-1/AWSReservedSSO_Writers_0123456789ab"
MIXED = [f"{HERE}:role/on-call", f"{THERE}:root", f"{HERE}:user/ada", f"{HERE}:role/path/ci"]


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Synthesized:
    settings = sample(rule_writers=MIXED, responders=MIXED)
    return synthesize(tmp_path_factory.mktemp("people"), settings)


def trust_of(arns: Sequence[str]) -> dict[str, Any]:
    """The trust policy of a role of these ARNs, merged as the deployment's are."""
    context = {"@aws-cdk/aws-iam:minimizePolicies": True}
    stack = Stack(App(context=context), "People")
    build_role_of_people(
        stack,
        "Role",
        arns=arns,
        role_name="people",
        description="",
        policies={},
        longest_session=Duration.hours(1),
    )
    (role,) = Template.from_stack(stack).find_resources("AWS::IAM::Role").values()
    policy: dict[str, Any] = role["Properties"]["AssumeRolePolicyDocument"]
    return policy


def named(statement: dict[str, Any]) -> list[str]:
    found = statement["Principal"]["AWS"]
    return [found] if isinstance(found, str) else found


@pytest.mark.parametrize(
    ("stack", "role"),
    [("TrailwardenRules", "rule-writers"), ("TrailwardenDetectionState", "responders")],
)
def test_every_role_of_people_is_taken_under_ones_own_name_alone(
    deployed: Synthesized, stack: str, role: str
) -> None:
    """The name is what a publication is reported by, and an alert acknowledged by."""
    found = deployed.properties(stack, "AWS::IAM::Role", RoleName=f"trailwarden-{role}-eu-central-1")
    users, roles, tags, source = found["AssumeRolePolicyDocument"]["Statement"]
    assert (users["Action"], users["Condition"]) == ("sts:AssumeRole", USERS)
    assert (roles["Action"], roles["Condition"]) == ("sts:AssumeRole", ROLES)
    assert {*named(users)} == {f"{HERE}:user/ada", f"{THERE}:root"}
    assert {*named(roles)} == {f"{HERE}:role/on-call", f"{HERE}:role/path/ci", f"{THERE}:root"}
    assert tags["Action"] == "sts:TagSession"
    assert "Condition" not in tags
    assert source["Action"] == "sts:SetSourceIdentity"
    assert {*named(tags)} == {*named(source)} == {f"{HERE}:root", f"{THERE}:root"}


def test_a_source_identity_is_inherited_and_never_chosen(deployed: Synthesized) -> None:
    found = deployed.properties(
        "TrailwardenRules", "AWS::IAM::Role", RoleName="trailwarden-rule-writers-eu-central-1"
    )
    *_, source = found["AssumeRolePolicyDocument"]["Statement"]
    assert source["Condition"] == {"StringEqualsIfExists": {"sts:SourceIdentity": "${aws:SourceIdentity}"}}


@pytest.mark.parametrize("arns", [*([one] for one in MIXED), MIXED, [SSO]], ids=str)
def test_whoever_is_not_named_may_not_take_the_role(arns: list[str]) -> None:
    allowed = [each for each in trust_of(arns)["Statement"] if "sts:AssumeRole" in each["Action"]]
    assert {arn for statement in allowed for arn in named(statement)} == {*arns}
    assert all("Condition" in statement for statement in allowed)


@pytest.mark.parametrize(
    "pattern",
    [
        SSO + "{:04}",
        HERE + ":user/{:04}",
        HERE + ":role/{:04}",
        "arn:aws:iam::{:012}:root",
        "arn:aws:iam::{:012}:role/on-call",
        "arn:aws:iam::{:012}:user/path/to/somebody",
    ],
)
def test_as_many_are_taken_as_iam_takes(pattern: str) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html: 2,048 characters."""

    def are_taken(count: int) -> bool:
        problems: list[str] = []
        arns = [pattern.format(number) for number in range(count)]
        principals(Section({"who": arns}, "", problems), "who", "eu-central-1")
        return not problems

    most = max(count for count in range(1, 60) if are_taken(count))
    arns = [pattern.format(number) for number in range(most)]
    length = len(json.dumps(trust_of(arns), separators=(",", ":")))
    assert length <= _trust_policy_length(arns) <= 2048
    assert length > 2048 - 200, "none is refused that IAM would take"
