"""How a call ended, wherever AWS writes it."""

from typing import Any

import pytest

from trailwarden.activity.actions import outcome_of
from trailwarden.activity.describe import describe
from trailwarden.activity.fields import Facts, values
from trailwarden.activity.kinds import Nature, Outcome

DENIED, FAILED, DONE = Outcome.DENIED, Outcome.FAILED, Outcome.DONE
SIGN_IN = {"eventSource": "signin.amazonaws.com"}
SERVICE = {"eventType": "AwsServiceEvent"}


def answered(event_name: str, container: str, answer: Any) -> dict[str, Any]:
    return {**SIGN_IN, "eventName": event_name, container: {event_name: answer}}


@pytest.mark.parametrize(
    ("record", "outcome"),
    [
        (answered("CredentialVerification", "serviceEventDetails", "Failure"), DENIED),
        (answered("CredentialVerification", "serviceEventDetails", "Success"), DONE),
        (answered("UserAuthentication", "serviceEventDetails", "Failure"), DENIED),
        (answered("CredentialChallenge", "serviceEventDetails", "Success"), DONE),
        (answered("UserAuthentication", "additionalEventData", "Failed"), DENIED),
        (answered("PasswordRecoveryCompleted", "responseElements", "Failure"), DENIED),
        (answered("PasswordUpdated", "responseElements", "Success"), DONE),
        (answered("RenewRole", "responseElements", "Failure"), DENIED),
        (answered("EmailUpdated", "responseElements", "Failure"), DENIED),
        (answered("CheckMfa", "responseElements", None), DONE),
        ({**SIGN_IN, "eventName": "ConsoleLogin", "responseElements": {"ConsoleLogin": "Failure"}}, DENIED),
        (answered("ConsoleLogin", "responseElements", "Failure"), DENIED),
        ({"eventName": "ConsoleLogin", "responseElements": {"ConsoleLogin": "Failure"}}, DONE),
        ({**SIGN_IN, "eventName": "ConsoleLogin", "errorMessage": "Failed authentication"}, DENIED),
        ({**SIGN_IN, "eventName": "ConsoleLogin", "responseElements": None}, DONE),
        ({**SERVICE, "serviceEventDetails": {"state": "FAILED"}}, FAILED),  # AWS Backup
        ({**SERVICE, "serviceEventDetails": {"state": "COMPLETED"}}, DONE),
        ({**SERVICE, "serviceEventDetails": {"state": "Timed-Out"}}, FAILED),
        ({**SERVICE, "serviceEventDetails": {"createAccountStatus": {"state": "FAILED"}}}, FAILED),
        ({**SERVICE, "serviceEventDetails": {"createManagedAccountStatus": {"state": "SUCCEEDED"}}}, DONE),
        ({**SERVICE, "serviceEventDetails": {"jobStatus": "ABORTED", "state": 5}}, FAILED),
        ({**SERVICE, "serviceEventDetails": {"reason": "FAILED"}}, DONE),
        ({**SERVICE, "serviceEventDetails": "FAILED"}, DONE),
        ({"additionalEventData": {"responseParameters": {"status": 401.0}}}, DENIED),  # Cognito's pages
        ({"additionalEventData": {"responseParameters": {"status": 400}}}, FAILED),
        ({"additionalEventData": {"responseParameters": {"status": 302.0}}}, DONE),
        ({"additionalEventData": {"responseParameters": {"status": True}}}, DONE),
        ({"errorCode": "Client.UnauthorizedOperation", "serviceEventDetails": {"state": "FAILED"}}, DENIED),
    ],
)
def test_an_outcome_is_found_wherever_it_is_written(record: dict[str, Any], outcome: Outcome) -> None:
    found, code = outcome_of(record)
    assert found is outcome
    assert (code is None) is (outcome is DONE)
    assert values(Facts(record), "action.outcome") == (outcome.value,)


def test_a_failed_sign_in_of_identity_center_reads_as_an_attempt() -> None:
    record = {
        **answered("CredentialVerification", "serviceEventDetails", "Failure"),
        "userIdentity": {"type": "IdentityCenterUser", "onBehalfOf": {"userId": "1111-2222"}},
        "additionalEventData": {"UserName": "ann", "CredentialType": "PASSWORD"},
        "sourceIPAddress": "203.0.113.9",
    }
    activity = describe(record)

    assert "tried to sign in" in activity.sentence()
    assert [str(target) for target in activity.targets] == ["user ann"]
    assert activity.actor.nature is Nature.UNKNOWN  # who, or what, guesses is not told
