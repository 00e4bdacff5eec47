"""What responders ask for: requests that they hand in, and one function applies.

Whoever could write alerts and groups could silence or invent what others read. So responders write requests
alone, in a partition that IAM ties to the caller (`dynamodb:LeadingKeys` with `${aws:userid}`): who asked is
the key, never what the request says.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import msgspec

from trailwarden.alerts.acknowledging import LONGEST
from trailwarden.alerts.group_state import Scope
from trailwarden.errors import TrailwardenError

NOTE_AT_MOST = 500
RESPONDERS_ROLE = "trailwarden-responders"
"""What the name of the responders' role begins with; the region follows."""
TEXT_AT_MOST = 4096
_ALERT_ID = re.compile(r"[0-9a-f]{32}")
_SHOWN = 200


class RequestError(TrailwardenError):
    """A request that is refused: it is not one, or there is nothing that it could be applied to."""


class RequestAction(StrEnum):
    """What may be asked for."""

    ACKNOWLEDGE = "acknowledge"
    UNACKNOWLEDGE = "unacknowledge"
    CLOSE = "close"


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is asked for, of one alert. It does not say by whom. An acknowledgement says for which targets,
    and for how many seconds."""

    action: RequestAction
    alert_id: str
    note: str = ""
    targets: Scope = Scope.SEEN
    seconds: int = LONGEST


@dataclass(frozen=True, slots=True)
class HandedIn:
    """A request as it lies in the table, not read yet. `user_id` is the caller's `aws:userid`; `at` is when
    it was put, in seconds since 1970; `odd` tells whether its item holds anything but a request."""

    user_id: str
    number: str
    text: str
    at: float
    odd: bool = False


class RequestOutcome(msgspec.Struct, frozen=True):
    """What became of a request. `message` says why it was not done."""

    done: bool
    message: str = ""


class RequestStore(Protocol):
    """Where requests lie."""

    def take(self, handed: HandedIn) -> int | None:
        """Count an attempt to apply it, before that begins: which one this is, from 1, whatever its requester
        wrote. None where it has an outcome already."""

    def settle(self, handed: HandedIn, outcome: RequestOutcome) -> None:
        """Remember what became of it; the first outcome stays."""


_decode = msgspec.json.Decoder(Request).decode


def dump_request(request: Request) -> str:
    return msgspec.json.encode(request).decode()


def read_request(text: str) -> Request:
    """Raises `RequestError` for what is no request, says more than one may, or is longer."""
    if len(text) > TEXT_AT_MOST:
        raise RequestError(f"it is longer than {TEXT_AT_MOST:,} characters")
    try:
        request = _decode(text)
    except (ValueError, RecursionError):  # msgspec's errors among them
        raise RequestError("it is not a request that this version reads") from None
    if not _ALERT_ID.fullmatch(request.alert_id):
        raise RequestError("it does not name an alert by its whole id")
    if len(request.note) > NOTE_AT_MOST or not request.note.isprintable():
        raise RequestError(f"its note is longer than {NOTE_AT_MOST} characters, or not one printable line")
    if not 0 < request.seconds <= LONGEST:
        raise RequestError(f"it does not end within {LONGEST // 86_400} days, the longest that there is")
    return request


def requester(user_id: str, responders_role_id: str) -> str:
    """What people are called who ask, by what IAM proves of them: `assumed-role/<role>/<session>` where it
    was the responders' role (whose region goes without saying), the user id itself elsewhere.

    `aws:userid` is `<role id>:<session name>` of a role's session, the `AIDA...` of an IAM user, the account
    of a root user. The trust policy of the responders' role ties the session's name to that of the caller;
    docs/settings.md says what that proves.
    """
    role_id, _, session = user_id.partition(":")
    name = (
        f"assumed-role/{RESPONDERS_ROLE}/{session}" if session and role_id == responders_role_id else user_id
    )
    return "".join(char if char.isprintable() else "?" for char in name[:_SHOWN])
