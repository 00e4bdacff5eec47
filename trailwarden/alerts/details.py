"""What a call asked for besides its targets, as one digest: whom it benefits, which port, which policy.

Which parameters tell is known of few calls, so all are taken, as the masked record shows them, but for what
differs each time and means nothing. The values that name targets stand by their places: the same call on
another target has the same details.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from trailwarden.activity.targets import names_acted_on
from trailwarden.alerts.fields import NORMALISED, field_text, safe_view
from trailwarden.alerts.likeness import INCOMPARABLE, ONLY_TARGETS, digest
from trailwarden.delivery.records import Record
from trailwarden.safety.redact import TOO_DEEP
from trailwarden.safety.text import MASK, UNKNOWN

_REQUEST = "requestParameters"
_OTHERS = ("serviceEventDetails", "insightDetails")
"""What says what happened in events that have no request."""
_VALUE_LIMIT = 10_000
_LARGEST_REQUEST = 32_768
"""Characters of a request that is masked for this; a larger one is shown by nothing, and costs as much as an
alert."""
_VOLATILE = frozenset(
    {
        "clienttoken",
        "clientrequesttoken",
        "idempotencytoken",
        "clientidempotencytoken",
        "creationtoken",
        "creatorrequestid",
        "xamzcredential",
        "xamzdate",
        "xamzsignature",
        "xamzsecuritytoken",
    }
)
"""Parameters that mean nothing: tokens by which AWS knows a repeated call, and what signs a pre-signed
address. In small letters, without `-`. A flag for dry runs is none of them: of most services nothing else
tells a dry run from the call itself."""
_COMPARED_ALREADY = frozenset(
    {"actor", "account", "region", "origin", "action", "service", "target", "targets", "outcome", "sentence"}
)
_OF_NO_MATTER = frozenset({"errorCode", "errorMessage", "eventID", "requestID", "eventTime", "eventName"})
_NOT_SHOWN = ("(left out", TOO_DEEP, MASK, "HIDDEN_DUE_TO_SECURITY_REASONS", "sensitiveDataRemoved")
"""What stands for what the record, or the masked record, does not show."""


def details(record: Record, said: Iterable[str] = ()) -> str:
    """A digest of the request's parameters, of what happened without one, and of the fields `said` that are
    no part of these; `INCOMPARABLE` if the masked record does not show all of them."""
    others = [name for name in _OTHERS if record.get(name) is not None]
    if len(json.dumps([record.get(name) for name in (_REQUEST, *others)])) > _LARGEST_REQUEST:
        return INCOMPARABLE
    names = [name for name in said if _is_detail(name)]
    view = safe_view(record, [*names, _REQUEST, *others])
    places = {name: f"\0{place}" for place, name in enumerate(sorted(names_acted_on(record)))}
    asked = _without_volatile(view.get(_REQUEST))
    parts = [view.get(name) for name in (_REQUEST, *others)]
    if any(isinstance(each, Mapping) and each.get("omitted") is True for each in parts):
        return INCOMPARABLE
    shown, plain = _placed(asked, places)
    happened = {name: _without_volatile(view.get(name)) for name in others}
    texts = [field_text(view, name, _VALUE_LIMIT) for name in names]
    whole = json.dumps([shown, happened, *texts], sort_keys=True)
    if any(mark in whole for mark in _NOT_SHOWN):
        return INCOMPARABLE
    mark = ONLY_TARGETS if plain and not others and all(text == UNKNOWN for text in texts) else ""
    return mark + digest(whole)


def _is_detail(name: str) -> bool:
    if name in _COMPARED_ALREADY or name in _OF_NO_MATTER:
        return False
    return name in NORMALISED or name.partition(".")[0] not in {_REQUEST, *_OTHERS, "userIdentity"}


def _without_volatile(asked: Any, depth: int = 0) -> Any:
    """The request without what differs each time, also in the one object that some services wrap it into."""
    if not isinstance(asked, Mapping) or depth > 1:
        return asked
    return {
        name: _without_volatile(value, depth + 1)
        for name, value in asked.items()
        if name.lower().replace("-", "") not in _VOLATILE
    }


def _placed(value: Any, places: Mapping[str, str]) -> tuple[Any, bool]:
    """The value with targets by their places, and whether there is nothing else in it."""
    if isinstance(value, Mapping):
        members = {name: _placed(each, places) for name, each in value.items()}
        return {name: one for name, (one, _) in members.items()}, all(plain for _, plain in members.values())
    if isinstance(value, list):
        elements = [_placed(each, places) for each in value]
        return [one for one, _ in elements], all(plain for _, plain in elements)
    if isinstance(value, str) and value in places:
        return places[value], True
    return value, value is None
