"""The alert as an OCSF Detection Finding (class 2004), version 1.6.0 of the schema, with the profile `cloud`.

https://schema.ocsf.io/1.6.0/classes/detection_finding?profiles=cloud
"""

import ipaddress
import json
from typing import Any

from trailwarden.activity.model import Action, Actor, Origin, Outcome
from trailwarden.alerts.attack import TACTICS, tactics, techniques
from trailwarden.alerts.telling import Reason
from trailwarden.messages.overview import overview_json
from trailwarden.messages.story import RecordState, Story
from trailwarden.messages.when import milliseconds
from trailwarden.safety.text import UNKNOWN, defanged, one_line

VERSION = "1.6.0"
CLASS_UID = 2004
_CREATE = (1, "Create")
_UPDATE = (2, "Update")
_NEW = (1, "New")
_IN_PROGRESS = (2, "In Progress")
_RULE = 1
_SUCCESS, _FAILURE = "Success", "Failure"
_ATTACK_VERSION = "17.1"
# https://schema.ocsf.io/1.6.0/objects/observable
_IP, _USER, _RESOURCE = 2, 4, 10
_SEVERITIES = {
    "informational": (1, "Informational"),
    "low": (2, "Low"),
    "medium": (3, "Medium"),
    "high": (4, "High"),
    "critical": (5, "Critical"),
}


def detection_finding(story: Story) -> dict[str, Any]:
    """The finding. Its time is that of the first event; where that is unknown, when it is told, else 0."""
    alert = story.alert
    first = milliseconds(alert.first_event_time)
    if first is None:
        first = int(story.now.timestamp() * 1000) if story.now else 0
    severity_id, severity = _SEVERITIES.get(alert.level, (0, "Unknown"))
    activity_id, activity = _UPDATE if story.follow_up else _CREATE
    # Somebody has it in hand, and may not know yet what is new about it.
    status_id, status = _IN_PROGRESS if story.reason is Reason.CHANGED else _NEW
    finding: dict[str, Any] = {
        "activity_id": activity_id,
        "activity_name": activity,
        "category_uid": 2,
        "category_name": "Findings",
        "class_uid": CLASS_UID,
        "class_name": "Detection Finding",
        "type_uid": CLASS_UID * 100 + activity_id,
        "type_name": f"Detection Finding: {activity}",
        "severity_id": severity_id,
        "severity": severity,
        "status_id": status_id,
        "status": status,
        "is_alert": True,
        "time": first,
        "count": alert.count,
        "message": defanged(story.headline()),
        "metadata": _metadata(story),
        "cloud": _cloud(story),
        "finding_info": _finding_info(story, first),
        "evidences": _evidences(story),
        "resources": _resources(story),
        "observables": _observables(story),
        "unmapped": {
            "evidence": {"log_file": alert.evidence.log_file, "record_index": alert.evidence.record_index},
            "group": alert.group,
            "owner": alert.owner,
            "rule_set_version": alert.rule_set_version,
            "reason": story.reason.value,
            **({"seen": seen} if (seen := overview_json(story.variety)) else {}),
            **({"more": told.more, "changes": list(told.changes)} if (told := story.follow_up) else {}),
            **({"count_is_at_least": True} if told is not None and told.at_least else {}),
        },
    }
    last = milliseconds(alert.last_event_time)
    if last is not None:
        finding |= {"start_time": first, "end_time": last}
    if alert.runbook:
        steps = " ".join(f"{number}. {one_line(step, 1000)}" for number, step in enumerate(alert.runbook, 1))
        finding["remediation"] = {"desc": steps, "references": list(alert.references)}
    if story.record_state is not RecordState.OMITTED:
        finding["raw_data"] = json.dumps(alert.record, ensure_ascii=False, separators=(",", ":"))
    return {name: value for name, value in finding.items() if value not in ([], None)}


def _metadata(story: Story) -> dict[str, Any]:
    alert_id = story.alert.alert_id
    return {
        "version": VERSION,
        "profiles": ["cloud"],
        "uid": f"{alert_id}-{told.total}" if (told := story.follow_up) else alert_id,
        "event_code": story.alert.rule_id,
        "correlation_uid": alert_id,
        "log_name": "CloudTrail",
        "log_provider": "AWS",
        "is_truncated": story.record_state is RecordState.CUT,
        "product": {"name": "Trailwarden", "vendor_name": "Trailwarden", "uid": "trailwarden"},
    }


def _cloud(story: Story) -> dict[str, Any]:
    alert = story.alert
    cloud: dict[str, Any] = {"provider": "AWS"}
    if alert.account != UNKNOWN:
        cloud["account"] = _known(uid=alert.account, name=story.account_name, type_id=10, type="AWS Account")
    if alert.region != UNKNOWN:
        cloud["region"] = alert.region
    return cloud


def _finding_info(story: Story, first: int) -> dict[str, Any]:
    alert = story.alert
    now = int(story.now.timestamp() * 1000) if story.now else first
    # An update does not know when the finding was made, and leaves that as it was told.
    times = {"modified_time": now} if story.follow_up else {"created_time": now}
    return {
        "uid": alert.alert_id,
        "title": defanged(story.title()),
        "desc": one_line(alert.description, 4000) if alert.description else alert.rule_title,
        **times,
        "first_seen_time": first,
        "last_seen_time": milliseconds(alert.last_event_time) or first,
        "data_sources": ["CloudTrail"],
        "analytic": {"type_id": _RULE, "type": "Rule", "uid": alert.rule_id, "name": alert.rule_title},
        "attacks": _attacks(story),
        "product_uid": "trailwarden",
        **({"src_url": story.links.event} if story.links.event else {}),
    }


def _attacks(story: Story) -> list[dict[str, Any]]:
    """Sigma's tags do not say which technique serves which tactic, so each stands by itself."""
    named: list[dict[str, Any]] = [
        {"version": _ATTACK_VERSION, "tactic": {"uid": TACTICS[name], "name": name.replace("-", " ").title()}}
        for name in tactics(story.alert.tags)
    ]
    for technique in techniques(story.alert.tags):
        part: dict[str, Any] = {"version": _ATTACK_VERSION}
        if technique.parent:
            part |= {"technique": {"uid": technique.parent}, "sub_technique": {"uid": technique.id}}
        else:
            part["technique"] = {"uid": technique.id}
        named.append(part)
    return named


def _evidences(story: Story) -> list[dict[str, Any]]:
    """What OCSF calls evidence: who called which API from where."""
    activity = story.activity
    if activity is None:
        return []
    record, origin = story.alert.record, activity.origin
    evidence: dict[str, Any] = {
        "actor": _actor(activity.actor),
        "api": _api(activity.action, record),
        "src_endpoint": _endpoint(origin),
        "http_request": _known(user_agent=origin.user_agent),
        "uid": record.get("eventID") if isinstance(record.get("eventID"), str) else None,
    }
    return [{name: value for name, value in evidence.items() if value}]


def _actor(actor: Actor) -> dict[str, Any]:
    user = _known(
        name=actor.name,
        type=actor.kind.value,
        uid=actor.arn,
        credential_uid=actor.access_key_id,
        account={"uid": actor.account_id} if actor.account_id else None,
    )
    session = _known(uid=actor.session, issuer=actor.issuer)
    if actor.mfa is not None:
        session["is_mfa"] = actor.mfa
    return _known(user=user, session=session)


def _api(action: Action, record: dict[str, Any]) -> dict[str, Any]:
    source = record.get("eventSource")
    done = action.outcome is Outcome.DONE
    return _known(
        operation=action.event_name or UNKNOWN,
        service={"name": one_line(source) if isinstance(source, str) else action.service or UNKNOWN},
        response=_known(error=action.error_code, error_message=action.error_text)
        or {"message": _SUCCESS if done else _FAILURE},
        request={"uid": record["requestID"]} if isinstance(record.get("requestID"), str) else None,
    )


def _endpoint(origin: Origin) -> dict[str, Any]:
    """An address, or the AWS service that called."""
    if origin.address and _is_address(origin.address):
        return {"ip": origin.address}
    name = origin.aws_service or origin.address
    return {"svc_name": name} if name else {}


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _resources(story: Story) -> list[dict[str, Any]]:
    if story.activity is None:
        return []
    region = "" if story.alert.region == UNKNOWN else story.alert.region
    return [
        _known(uid=target.arn, name=target.name, type=target.type, region=target.region or region)
        for target in story.activity.targets
        if target.arn or target.name
    ]


def _observables(story: Story) -> list[dict[str, Any]]:
    """What a reader searches for; `name` is the path in this finding that the value stands at."""
    if story.activity is None:
        return []
    actor, address = story.activity.actor, story.activity.origin.address
    found = [("evidences[].actor.user.name", _USER, "User Name", actor.name)]
    if address and _is_address(address):
        found.append(("evidences[].src_endpoint.ip", _IP, "IP Address", address))
    found.extend(
        ("resources[].uid", _RESOURCE, "Resource UID", target.arn)
        for target in story.activity.targets
        if target.arn
    )
    return [
        {"name": path, "type_id": number, "type": kind, "value": value} for path, number, kind, value in found
    ]


def _known(**parts: Any) -> dict[str, Any]:
    return {name: value for name, value in parts.items() if value}
