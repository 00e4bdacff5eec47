"""What the items of the outbox say: messages and alerts, how far they got, storms, what was set aside."""

import logging

import msgspec

from trailwarden.alerts.model import Alert, Evidence
from trailwarden.alerts.telling import FollowUp
from trailwarden.aws.batches import Item
from trailwarden.safety.text import UNKNOWN
from trailwarden.state.outbox import Heard, Outgoing, Progress, SetAside, Storm

HEARD = "heard "
"""Begins the names of attributes of a storm's item: what a topic has heard."""
_log = logging.getLogger(__name__)
_decode_alert = msgspec.json.Decoder(Alert).decode
_decode_follow_up = msgspec.json.Decoder(FollowUp).decode
_decode_heard = msgspec.json.Decoder(Heard).decode


def outgoing_of(item: Item) -> Outgoing:
    """The message that an item of the table (or the `NewImage` of a stream record) is."""
    key = item["sk"]["S"]
    follow_up = _decode_follow_up(item["follow_up"]["S"]) if "follow_up" in item else None
    written = item.get("written_at") or item.get("opened_at") or {"N": "0"}
    return Outgoing(
        item["pk"]["S"].removeprefix("ALERT#"),
        key,
        follow_up,
        item["silent"]["S"] if "silent" in item else "",
        int(written["N"]),
    )


def alert_of(item: Item) -> Alert | None:
    """The alert in an alert's item; None in that of a follow-up. One that cannot be read is made from the
    item's other attributes: what is known of it is still sent."""
    if "alert" not in item:
        return None
    try:
        return _decode_alert(item["alert"]["S"])
    except (msgspec.MsgspecError, ValueError, RecursionError):
        _log.exception("the alert in %s cannot be read", item["pk"]["S"])
        return _outline(item)


def _outline(item: Item) -> Alert | None:
    """What the item's other attributes say. One that does not say whether its rule is protected counts as
    protected: rather a message too many than a protected rule without its reserve."""
    rule_id = _text(item, "rule_id")
    if not rule_id:
        return None
    return Alert(
        alert_id=item["pk"]["S"].removeprefix("ALERT#"),
        rule_id=rule_id,
        rule_title=rule_id,
        level=_text(item, "level") or "critical",
        group={},
        count=1,
        first_event_time=None,
        last_event_time=None,
        title=f"rule {rule_id}: an alert that cannot be read",
        account=_text(item, "account") or UNKNOWN,
        region=UNKNOWN,
        evidence=Evidence(UNKNOWN, 0),
        rule_set_version="",
        record_omitted=True,
        staged=item.get("staged", {}).get("BOOL", False),
        group_key=_text(item, "group_key"),
        protected=item.get("protected", {}).get("BOOL", True),
    )


def _text(item: Item, name: str) -> str:
    return str(item.get(name, {}).get("S", ""))


def storm_of(item: Item) -> Storm:
    """The hour that an item describes."""
    urgent, protected, attempts = (
        int(item[name]["N"]) if name in item else 0 for name in ("urgent", "protected", "attempts")
    )
    heard = {
        name.removeprefix(HEARD): _decode_heard(value["S"])
        for name, value in item.items()
        if name.startswith(HEARD)
    }
    return Storm(
        item["sk"]["S"],
        int(item["summaries"]["N"]),
        item["over"]["BOOL"],
        urgent,
        protected,
        attempts,
        heard,
    )


def progress_of(item: Item) -> Progress:
    """How far the message of an item has got."""
    return Progress(
        told="told_at" in item,
        told_to=frozenset(item["told_to"]["SS"]) if "told_to" in item else frozenset(),
        taken="taken_at" in item,
        held="held_in" in item,
        attempts=int(item["attempts"]["N"]) if "attempts" in item else 0,
        set_aside="set_aside_at" in item,
    )


def set_aside_of(item: Item) -> SetAside:
    """What was set aside, and why."""
    return SetAside(
        key=item["sk"]["S"],
        what=_text(item, "what"),
        rule_id=_text(item, "rule_id"),
        level=_text(item, "level"),
        account=_text(item, "account"),
        alert_id=_text(item, "alert_id"),
        attempts=int(item["attempts"]["N"]),
    )
