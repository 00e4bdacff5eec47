"""What was done, in words, and how it ended."""

import re

from trailwarden.activity.kinds import Outcome
from trailwarden.activity.model import Action
from trailwarden.activity.phrases import BY_PARAMETER, PHRASES
from trailwarden.activity.services import service_key, service_name
from trailwarden.activity.text import mapping, text
from trailwarden.activity.wording import infinitive_of, past_of, plain_event_name
from trailwarden.delivery.records import Record
from trailwarden.safety.text import UNKNOWN, one_line

_ERROR_LIMIT = 300
# The many codes by which services say no: AccessDenied, Client.UnauthorizedOperation, AuthFailure, …
_DENIED = re.compile(
    r"(?i)access.?denied|unauthori[sz]ed|not.?authori[sz]ed|authorizationerror|forbidden|authfailure"
)
_SIGN_IN = frozenset(
    {
        *("CheckMfa", "ConsoleLogin", "ExternalIdPDirectoryLogin", "GetSigninToken", "SwitchRole"),
        *("CredentialChallenge", "CredentialVerification", "UserAuthentication"),
    }
)
_ANSWERS = ("responseElements", "serviceEventDetails", "additionalEventData")
_GOOD = frozenset({"success", "succeeded"})
_BAD = frozenset(
    {
        *("aborted", "denied", "error", "errored", "expired", "failed", "failure", "partially_failed"),
        *("timed_out", "timedout", "unsuccessful"),
    }
)


def action_of(record: Record) -> Action:
    """The action of a record; a call that no table and no rule knows is `called <its name>`."""
    if record.get("eventCategory") == "Insight":
        return _insight(record)
    source = text(record, "eventSource") or ""
    event_name = text(record, "eventName") or UNKNOWN
    infinitive, past, preposition = _phrases(source, event_name, record)
    outcome, code = outcome_of(record)
    message = record.get("errorMessage")
    return Action(
        service=service_name(source),
        event_name=event_name,
        phrase=past,
        infinitive=infinitive,
        outcome=outcome,
        error_code=code,
        error_text=one_line(message, _ERROR_LIMIT) if isinstance(message, str) and message else None,
        read_only=_truth(record.get("readOnly")),
        preposition=preposition,
    )


def outcome_of(record: Record) -> tuple[Outcome, str | None]:
    """How the call ended, and the error's code, wherever AWS writes that: what is no API call has no
    `errorCode`. Sign-ins answer under their own name, in `responseElements` or, Identity Center's, in
    `serviceEventDetails`; other events of services have a state there, and Cognito's pages an HTTP status.

    https://docs.aws.amazon.com/singlesignon/latest/userguide/understanding-sign-in-events.html
    https://docs.aws.amazon.com/controltower/latest/userguide/lifecycle-events.html
    """
    code = text(record, "errorCode", limit=200)
    if code:
        return (Outcome.DENIED if _DENIED.search(code) else Outcome.FAILED), code
    answer = _answer(record)
    if answer is not None:
        return (Outcome.DONE, None) if answer.lower() in _GOOD else (Outcome.DENIED, answer)
    state = _failed_state(record)
    return (Outcome.FAILED, state) if state else _of_page(record)


def _answer(record: Record) -> str | None:
    """What a sign-in answers under its own name; None for what is none, or does not say."""
    event_name = record.get("eventName")
    if not isinstance(event_name, str) or not _is_sign_in(record, event_name):
        return None
    contents = (mapping(record.get(name)) for name in _ANSWERS)
    answers = (text(content, event_name, limit=200) for content in contents)
    answer = next((each for each in answers if each), None)
    if answer is None and text(record, "errorMessage"):
        return "Failure"
    return answer


def _is_sign_in(record: Record, event_name: str) -> bool:
    """Whether AWS's sign-in pages, or Identity Center, wrote the record: other services name events as they
    like."""
    return is_sign_in_page(record) or (event_name in _SIGN_IN and _service(record) == "sso")


def _failed_state(record: Record) -> str | None:
    """The state that a service reports of work that failed, in `serviceEventDetails` or in an object there,
    such as `createAccountStatus`."""
    details = mapping(record.get("serviceEventDetails"))
    for content in (details, *(below for below in details.values() if isinstance(below, dict))):
        for name, value in content.items():
            failed = isinstance(value, str) and value.lower().replace("-", "_") in _BAD
            if failed and name.lower().endswith(("state", "status", "result", "outcome")):
                return one_line(value, 200)
    return None


def _of_page(record: Record) -> tuple[Outcome, str | None]:
    """The HTTP status that Cognito's sign-in pages answered with; 400 and up is a failure."""
    answered = mapping(mapping(record.get("additionalEventData")).get("responseParameters"))
    status = answered.get("status")
    if isinstance(status, bool) or not isinstance(status, int | float) or not 400 <= status < 600:
        return Outcome.DONE, None
    return (Outcome.DENIED if status in {401, 403} else Outcome.FAILED), f"HTTP {int(status)}"


def is_sign_in_page(record: Record) -> bool:
    """Whether AWS's sign-in pages wrote the record."""
    return _service(record) == "signin"


def _service(record: Record) -> str:
    return service_key(text(record, "eventSource") or "")


def _phrases(source: str, event_name: str, record: Record) -> tuple[str, str, str]:
    """Infinitive, past, preposition."""
    plain = plain_event_name(event_name)
    call = f"{service_key(source)}:{plain}"
    known = PHRASES.get(call)
    request = mapping(record.get("requestParameters"))
    known = next((phrase for name, phrase in BY_PARAMETER.get(call, ()) if name in request), known)
    if known is not None:
        return known[0], past_of(known[0]), known[1]
    infinitive = infinitive_of(plain)
    if infinitive is not None:
        return infinitive, past_of(infinitive), ""
    if event_name == UNKNOWN:
        return "do something that the record does not name", "did something that the record does not name", ""
    verb = "report" if record.get("eventType") == "AwsServiceEvent" else "call"
    shown = one_line(event_name, 100)
    return f"{verb} {shown}", f"{verb}ed {shown}", ""


def _insight(record: Record) -> Action:
    """CloudTrail Insights tells of calls that came unusually often, or failed so, by whomever.

    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-insights-fields.html
    """
    details = mapping(record.get("insightDetails"))
    event_name = text(details, "eventName") or UNKNOWN
    error = text(details, "errorCode")
    with_error = f" with {error}" if error and error != "null" else ""
    failing = text(details, "insightType") == "ApiErrorRateInsight"
    verb = ("fail at", "failed at") if failing else ("call", "called")
    over = ", which is over" if text(details, "state") == "End" else ""
    infinitive, past = (f"{word} {event_name}{with_error} at an unusual rate{over}" for word in verb)
    return Action(
        service=service_name(text(details, "eventSource")),
        event_name=event_name,
        phrase=past,
        infinitive=infinitive,
    )


def _truth(value: object) -> bool | None:
    return {"true": True, "false": False}.get(str(value).lower())
