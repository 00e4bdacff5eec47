"""Records that a shipped rule matches; each test has an actor of its own, so that no two share an alert."""

from typing import Any
from uuid import uuid4

from local.cloud import AlertMail, LocalCloud
from tests.samples import MEMBER, record
from trailwarden.delivery.records import Record


def stopped_trail(user: str, **fields: Any) -> Record:
    """A StopLogging call of the user, an event never seen before."""
    identity = {
        "type": "IAMUser",
        "principalId": f"AIDA{user.upper()}",
        "arn": f"arn:aws:iam::{MEMBER}:user/{user}",
        "accountId": MEMBER,
        "accessKeyId": "AKIAEXAMPLE",
        "userName": user,
    }
    return record(eventID=str(uuid4()), userIdentity=identity, **fields)


def key_disabled(user: str, account: str = MEMBER) -> Record:
    """What a shipped rule finds, of the level `medium`, in an account."""
    found = stopped_trail(
        user,
        eventSource="kms.amazonaws.com",
        eventName="DisableKey",
        requestParameters={"keyId": "1234abcd-12ab-34cd-56ef-1234567890ab"},
        recipientAccountId=account,
    )
    found["userIdentity"] |= {"accountId": account, "arn": f"arn:aws:iam::{account}:user/{user}"}
    return found


def alerts_about(cloud: LocalCloud, user: str) -> list[AlertMail]:
    """The alerts whose record names the user as the actor."""
    return [
        alert
        for alert in cloud.alerts()
        if alert.record is not None and alert.record["userIdentity"].get("userName") == user
    ]
