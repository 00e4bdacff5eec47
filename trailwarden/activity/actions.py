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
_SIGN_IN = ("ConsoleLogin", "CheckMfa", "SwitchRole", "GetSigninToken", "ExternalIdPDirectoryLogin")


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
    """How the call ended, and the error's code. A sign-in tells it in `responseElements` instead."""
    code = text(record, "errorCode", limit=200)
    if code:
        return (Outcome.DENIED if _DENIED.search(code) else Outcome.FAILED), code
    event_name = record.get("eventName")
    if isinstance(event_name, str) and event_name in _SIGN_IN and is_sign_in_page(record):
        answer = text(mapping(record.get("responseElements")), event_name)
        if answer is not None and answer.lower() != "success":
            return Outcome.DENIED, answer
    return Outcome.DONE, None


def is_sign_in_page(record: Record) -> bool:
    """Whether AWS's sign-in pages wrote the record: other services name events as they like."""
    return service_key(text(record, "eventSource") or "") == "signin"


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
