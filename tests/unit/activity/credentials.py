"""Records that issue credentials, and identities that use them, for tests."""

from typing import Any

from tests.samples import MEMBER, record
from trailwarden.activity.learning import learn
from trailwarden.delivery.records import Record
from trailwarden.state.sessions import MemorySessionStore

ALICE = {"type": "IAMUser", "userName": "alice", "accountId": MEMBER, "accessKeyId": "AKIAALICE"}


def key(name: str) -> str:
    """A temporary access key."""
    return f"ASIA{name.upper():X<16}"


def session_identity(role: str, session: str, access_key: str, **fields: Any) -> dict[str, Any]:
    """A role session, as `userIdentity` shows it."""
    return {
        "type": "AssumedRole",
        "arn": f"arn:aws:sts::{MEMBER}:assumed-role/{role}/{session}",
        "accountId": MEMBER,
        "accessKeyId": access_key,
        **fields,
    }


def assumed(by: dict[str, Any], issued: str, role: str = "Admin", number: int = 1, **fields: Any) -> Record:
    """`by` was given the key `issued` for a session of the role."""
    request = {
        "roleArn": f"arn:aws:iam::{MEMBER}:role/{role}",
        "roleSessionName": "s",
        **fields.pop("request", {}),
    }
    return record(
        number,
        eventSource="sts.amazonaws.com",
        eventName=fields.pop("eventName", "AssumeRole"),
        userIdentity=by,
        requestParameters=request,
        responseElements={"credentials": {"accessKeyId": issued, "expiration": "Mar 1, 2026, 1:00:00 PM"}},
        **fields,
    )


def sessions(*issuing: Record) -> MemorySessionStore:
    """What records that issue credentials teach."""
    store = MemorySessionStore()
    for each in issuing:
        session = learn(each)
        assert session is not None
        store.put(session)
    return store
