"""One alert as its subscribers get it: a subject, an e-mail, JSON for machines, attributes to filter by.

SNS takes 256 KiB for body and attributes together, and a subject of fewer than 100 printable ASCII
characters: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
"""

import json
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from trailwarden.alerts.fields import actor, origin, outcome
from trailwarden.alerts.grouping import without_record
from trailwarden.alerts.model import Alert
from trailwarden.alerts.text import one_line, printable_ascii

SCHEMA = "trailwarden.alert/1"
SUBJECT_LIMIT = 99
MESSAGE_LIMIT = 256 * 1024
_ATTRIBUTES_RESERVE = 2 * 1024
_WIDTH = 72
_AGENT_LIMIT = 60


@dataclass(frozen=True, slots=True)
class AlertMessage:
    """What is published. `body` is for `MessageStructure=json`; `attributes` are strings to filter by."""

    subject: str
    email: str
    payload: str
    body: str
    attributes: dict[str, str]


def render(alert: Alert) -> AlertMessage:
    """The message of an alert; a record that would not fit is left out with a note, never the message."""
    message = _render(alert)
    if len(message.body.encode()) + _ATTRIBUTES_RESERVE > MESSAGE_LIMIT:
        message = _render(without_record(alert))
    return message


def _render(alert: Alert) -> AlertMessage:
    subject = printable_ascii(f"[{alert.level.upper()}] {alert.title}", SUBJECT_LIMIT)
    email = "\n".join(_email_lines(alert)) + "\n"
    payload = json.dumps(alert_json(alert), ensure_ascii=False)
    sms = printable_ascii(f"Trailwarden {alert.level}: {alert.title}", 140)
    body = json.dumps({"default": payload, "email": email, "sms": sms}, ensure_ascii=False)
    return AlertMessage(
        subject=subject,
        email=email,
        payload=payload,
        body=body,
        attributes={
            "severity": alert.level,
            "rule_id": alert.rule_id,
            "account": alert.account,
        },
    )


def alert_json(alert: Alert) -> dict[str, Any]:
    """The alert for machines; `schema` names the shape, which only grows within one version."""
    return {
        "schema": SCHEMA,
        "alert_id": alert.alert_id,
        "rule_id": alert.rule_id,
        "rule_title": alert.rule_title,
        "level": alert.level,
        "title": alert.title,
        "group": alert.group,
        "count": alert.count,
        "first_event_time": alert.first_event_time,
        "last_event_time": alert.last_event_time,
        "account": alert.account,
        "region": alert.region,
        "description": alert.description,
        "runbook": list(alert.runbook),
        "tags": list(alert.tags),
        "references": list(alert.references),
        "owner": alert.owner,
        "log_file": alert.evidence.log_file,
        "record_index": alert.evidence.record_index,
        "rule_set_version": alert.rule_set_version,
        "record": None if alert.record_omitted else alert.record,
    }


def _email_lines(alert: Alert) -> Iterator[str]:
    record = alert.record
    yield from textwrap.wrap(alert.title, _WIDTH, break_on_hyphens=False)
    yield ""
    yield from _fact("Severity", alert.level)
    if record:
        yield from _fact("Who", actor(record))
        yield from _fact(
            "What", f"{_text(record, 'eventName')} ({_text(record, 'eventSource')}), {outcome(record)}"
        )
        yield from _fact("Where from", f"{origin(record)}, {_text(record, 'userAgent', _AGENT_LIMIT)}")
    yield from _fact("Account", f"{alert.account}, {alert.region}")
    yield from _fact("When", _when(alert))
    yield ""
    if alert.description:
        yield "Why it matters"
        yield from _paragraph(alert.description)
        yield ""
    if alert.runbook:
        yield "Check first"
        for number, step in enumerate(alert.runbook, 1):
            yield from textwrap.wrap(
                one_line(step, 1000), _WIDTH, initial_indent=f"{number}. ", subsequent_indent="   "
            )
        yield ""
    yield from _fact("Rule", f"{alert.rule_title} ({alert.rule_id})")
    yield from _fact("Alert", alert.alert_id)
    yield from _fact("Evidence", f"{alert.evidence.log_file}, record {alert.evidence.record_index}")
    yield ""
    if alert.record_omitted:
        yield "The record is too large for this message; read it at the evidence above."
    else:
        yield "The record:"
        # ASCII only: what is escaped here cannot hide, reorder or break a line.
        yield json.dumps(record, indent=2, sort_keys=True, ensure_ascii=True)


def _when(alert: Alert) -> str:
    first, last = alert.first_event_time, alert.last_event_time
    if first is None:
        return "unknown (the record has no time)"
    return first if alert.count == 1 else f"{first} to {last}, {alert.count} events so far"


def _fact(name: str, value: str) -> list[str]:
    # No hyphen or word of a value is broken: an ARN or a key must survive being copied.
    return textwrap.wrap(
        value,
        _WIDTH,
        initial_indent=f"{name + ':':<12}",
        subsequent_indent=" " * 12,
        break_long_words=False,
        break_on_hyphens=False,
    ) or [f"{name}:"]


def _paragraph(text: str) -> list[str]:
    return textwrap.wrap(one_line(text, 2000), _WIDTH, break_on_hyphens=False)


def _text(record: dict[str, Any], name: str, limit: int = 200) -> str:
    return one_line(record.get(name), limit)
