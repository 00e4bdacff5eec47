"""Callers without an identity, and root sessions that somebody assumed."""

from typing import Any

import pytest

from trailwarden.activity.actors import actor_label, actor_of
from trailwarden.activity.fields import Facts, values
from trailwarden.activity.kinds import ActorKind
from trailwarden.activity.learning import learn
from trailwarden.activity.sessions import Session

MEMBER = "222233334444"


def record(identity: Any, address: str = "198.51.100.7") -> dict[str, Any]:
    return {"userIdentity": identity, "sourceIPAddress": address, "eventName": "GetObject"}


ANONYMOUS: list[dict[str, Any]] = [
    {"type": "AWSAccount", "principalId": "", "accountId": "anonymous"},
    {"type": "AWSAccount", "principalId": "", "accountId": "ANONYMOUS_PRINCIPAL"},
    {"type": "AWSAccount", "principalId": "Anonymous"},
    {"type": "Unknown", "principalId": "", "accountId": "", "userName": ""},
    {"type": "Unknown"},
    {"type": "Unknown", "principalId": "Anonymous"},
    {"accountId": "ANONYMOUS_PRINCIPAL"},
]
NAMED: list[Any] = [
    {"type": "AWSAccount", "principalId": "AIDAEXAMPLE", "accountId": "999988887777"},
    {"type": "AWSAccount", "accountId": "anonymous", "userName": "alice"},
    {"type": "IAMUser", "userName": "anonymous", "accountId": MEMBER},
    {"type": "Unknown", "principalId": "AROAEXAMPLE:user", "accountId": MEMBER},
    {"accountId": MEMBER, "invokedBy": "AWS Internal"},
    {"accountId": MEMBER},
    None,
    {},
]


@pytest.mark.parametrize("identity", ANONYMOUS)
def test_who_shows_no_credentials_is_no_actor_but_an_address(identity: dict[str, Any]) -> None:
    one, other = record(identity), record(identity, "198.51.100.8")

    assert actor_label(one) == "anonymous caller at 198.51.100.7"
    assert actor_label(other) == "anonymous caller at 198.51.100.8"
    actor = actor_of(one)
    assert (actor.kind, actor.name, actor.label) == (
        ActorKind.ANONYMOUS,
        "an anonymous caller",
        actor_label(one),
    )
    assert actor.account_id is None
    assert values(Facts(one), "actor.kind") == ("anonymous",)
    assert values(Facts(one), "actor.account") == ()


@pytest.mark.parametrize("identity", NAMED)
def test_who_is_named_somehow_is_not_anonymous(identity: Any) -> None:
    assert actor_of(record(identity)).kind is not ActorKind.ANONYMOUS
    assert "198.51.100.7" not in actor_label(record(identity))


def test_an_address_that_is_missing_or_hostile_is_let_be() -> None:
    assert actor_label({"userIdentity": ANONYMOUS[0]}) == "anonymous caller"
    assert "\n" not in actor_label(record(ANONYMOUS[0], "1.2.3.4\nEvil"))
    assert len(actor_label(record(ANONYMOUS[0], "9" * 5000))) <= 200


class Known:
    def __init__(self, session: Session | None) -> None:
        self._session = session

    def get(self, access_key_id: str) -> Session | None:
        known = self._session
        return known if known is not None and known.access_key_id == access_key_id else None


def assumed_root(flag: Any) -> dict[str, Any]:
    return {
        "eventName": "PutBucketPolicy",
        "userIdentity": {
            "type": "Root",
            "arn": f"arn:aws:iam::{MEMBER}:root",
            "accountId": MEMBER,
            "accessKeyId": "ASIAEXAMPLE000000002",
            "sessionContext": {"attributes": {"mfaAuthenticated": "false"}, "assumedRoot": flag},
        },
    }


@pytest.mark.parametrize("flag", ["true", True, "True"])
def test_a_root_session_that_was_assumed_is_not_the_root_user(flag: Any) -> None:
    assume = {
        "eventSource": "sts.amazonaws.com",
        "eventName": "AssumeRoot",
        "eventTime": "2026-03-02T08:59:00Z",
        "userIdentity": {
            "type": "AssumedRole",
            "arn": "arn:aws:sts::111122223333:assumed-role/Sec/ann",
            "accessKeyId": "ASIAEXAMPLE000000009",
            "sessionContext": {"sessionIssuer": {"type": "Role", "userName": "Sec"}},
        },
        "responseElements": {"credentials": {"accessKeyId": "ASIAEXAMPLE000000002"}},
    }
    actor = actor_of(assumed_root(flag), Known(learn(assume)))

    assert actor.kind is ActorKind.ASSUMED_ROOT
    assert actor.label == f"root session of {MEMBER}"
    assert actor.behind == "role Sec (session ann)"
    assert actor.is_session
    assert values(Facts(assumed_root(flag)), "actor.kind") == ("assumed_root",)


@pytest.mark.parametrize("flag", ["false", False, None, "yes", []])
def test_the_root_user_stays_the_root_user(flag: Any) -> None:
    assert actor_of(assumed_root(flag)).label == f"root of {MEMBER}"
