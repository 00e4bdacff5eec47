"""What an acknowledgement covers: what reads alike and is something else is never covered."""

from typing import Any

import pytest

from tests.samples import MEMBER, record
from trailwarden.alerts.grouping import character
from trailwarden.alerts.likeness import INCOMPARABLE, KINDS, Character, keys_of, news_of, same_target

OTHER = "111122223333"
ROLE = f"arn:aws:iam::{MEMBER}:role"


def shown(**fields: Any) -> Character:
    return character(record(1, **fields))


def news(first: Character, then: Character) -> list[str]:
    """What is new of one record to those who saw the other."""
    keys = keys_of([first])
    known = {kind: set(keys.get(kind, ())) for kind in KINDS}
    return [f"{kind} {text}" for kind, text in news_of(then, known)]


def session(role_arn: str, name: str) -> dict[str, Any]:
    account, role = role_arn.split(":")[4], role_arn.rpartition("/")[2]
    return {
        "type": "AssumedRole",
        "principalId": f"AROA{account}:{name}",
        "arn": f"arn:aws:sts::{account}:assumed-role/{role}/{name}",
        "accountId": account,
        "sessionContext": {"sessionIssuer": {"type": "Role", "arn": role_arn, "userName": role}},
    }


def call(service: str, name: str, **asked: Any) -> dict[str, Any]:
    return {"eventSource": f"{service}.amazonaws.com", "eventName": name, "requestParameters": asked}


def stopped(names: str) -> dict[str, Any]:
    return call("ec2", "StopInstances", instancesSet={"items": [{"instanceId": f"i-{n}"} for n in names]})


def user(account: str, **fields: Any) -> dict[str, Any]:
    return {"userIdentity": {"type": "IAMUser", "userName": "mallory", "accountId": account, **fields}}


HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"
ALIKE: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "ARN of another account": (
        call("sns", "DeleteTopic", topicArn=f"arn:aws:sns:eu-west-1:{MEMBER}:orders"),
        call("sns", "DeleteTopic", topicArn=f"arn:aws:sns:eu-west-1:{OTHER}:orders"),
    ),
    "ARN of another region": (
        call("sns", "DeleteTopic", topicArn=f"arn:aws:sns:eu-west-1:{MEMBER}:orders"),
        call("sns", "DeleteTopic", topicArn=f"arn:aws:sns:us-east-1:{MEMBER}:orders"),
    ),
    "another path": (
        call("sts", "AssumeRole", roleArn=f"{ROLE}/app/Admin"),
        call("sts", "AssumeRole", roleArn=f"{ROLE}/Admin"),
    ),
    "a name in another region": ({}, {"awsRegion": "us-east-1"}),
    "quotes": ({"requestParameters": {"name": 'a "b"'}}, {"requestParameters": {"name": "a 'b'"}}),
    "spaces": ({"requestParameters": {"name": "a b"}}, {"requestParameters": {"name": "a  b"}}),
    "an ARN and a name": (
        call("secretsmanager", "DeleteSecret", secretId=f"arn:aws:secretsmanager:x:{MEMBER}:secret:db"),
        call("secretsmanager", "DeleteSecret", secretId="db"),
    ),
    "the fourth of several": (stopped("abcd"), stopped("abce")),
    "another service": ({"eventSource": "logs.amazonaws.com"}, {"eventSource": "firehose.amazonaws.com"}),
    "it succeeded": ({"errorCode": "AccessDenied"}, {}),
    "it failed otherwise": ({"errorCode": "AccessDenied"}, {"errorCode": "TrailNotFoundException"}),
    "no target": ({}, {"requestParameters": None}),
    "a hidden target": ({"requestParameters": None}, {"requestParameters": {"name": HIDDEN}}),
    "a role of another account": (
        {"userIdentity": session(f"{ROLE}/Deploy", "ci")},
        {"userIdentity": session(f"arn:aws:iam::{OTHER}:role/Deploy", "ci")},
    ),
    "a role under another path": (
        {"userIdentity": session(f"{ROLE}/Deploy", "ci")},
        {"userIdentity": session(f"{ROLE}/team/Deploy", "ci")},
    ),
    "another person of a permission set": (
        {"userIdentity": session(f"{ROLE}/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0a", "alice")},
        {"userIdentity": session(f"{ROLE}/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0a", "bob")},
    ),
    "a user of another account": ({}, user(OTHER, arn=f"arn:aws:iam::{OTHER}:user/mallory")),
    "a user without ARN of another account": (user(MEMBER), user(OTHER)),
    "two who are not named": (user(MEMBER, userName=HIDDEN), user(MEMBER, userName=HIDDEN)),
    "an address that is not recorded": ({}, {"sourceIPAddress": None}),
}  # fmt: skip


@pytest.mark.parametrize("name", ALIKE)
def test_what_is_something_else_is_new_however_alike_it_reads(name: str) -> None:
    first, then = (shown(**fields) for fields in ALIKE[name])
    assert news(first, then)


@pytest.mark.parametrize("name", ALIKE)
def test_the_same_is_not_new_unless_it_is_not_shown(name: str) -> None:
    for fields in ALIKE[name]:
        one = shown(**fields)
        hidden = INCOMPARABLE in {one.principal, one.objects}
        assert bool(news(one, one)) == hidden


def test_a_call_that_succeeded_covers_that_it_fails() -> None:
    assert news(shown(), shown(errorCode="AccessDenied")) == []


def test_sessions_of_a_role_are_the_role() -> None:
    first, then = (shown(userIdentity=session(f"{ROLE}/Deploy", name)) for name in ("ci-1", "ci-2"))
    assert news(first, then) == []


@pytest.mark.parametrize(
    ("first", "then", "said"),
    [
        ({"errorCode": "AccessDenied"}, {}, ["action StopLogging, which had not succeeded"]),
        ({"errorCode": "AccessDenied"}, {"errorCode": "X"}, ["action StopLogging, now failed"]),
        ({}, {"requestParameters": None}, ["action StopLogging without a target"]),
        ({}, {"requestParameters": {"name": "b"}}, ["target trail b"]),
        ({}, {"eventName": "DeleteTrail"}, ["action DeleteTrail"]),
    ],
)
def test_what_is_new_is_named(first: dict[str, Any], then: dict[str, Any], said: list[str]) -> None:
    assert news(shown(**first), shown(**then)) == said


def test_a_call_and_a_target_that_were_seen_apart_are_new_together() -> None:
    seen = [
        shown(requestParameters={"name": "a"}),
        shown(eventName="DeleteTrail", requestParameters={"name": "b"}),
    ]
    known = {kind: set(keys) for kind, keys in keys_of(seen).items()}
    together = shown(eventName="DeleteTrail", requestParameters={"name": "a"})
    assert list(news_of(together, known)) == [("action", "DeleteTrail on trail a in eu-west-1")]


def test_no_secret_is_kept_not_even_as_a_digest() -> None:
    one = shown(requestParameters={"name": "postgres://app:hunter2@db/orders"})
    assert one.objects == INCOMPARABLE
    assert "hunter2" not in str(one)


def test_more_than_is_read_of_a_list_is_never_covered() -> None:
    many = {"instancesSet": {"items": [{"instanceId": f"i-{number}"} for number in range(500)]}}
    one = shown(eventSource="ec2.amazonaws.com", eventName="StopInstances", requestParameters=many)
    assert one.objects == INCOMPARABLE
    assert not same_target(one, one)
