"""The alert as an OCSF Detection Finding (class 2004), version 1.6.0 of the schema, with the profile `cloud`.

https://schema.ocsf.io/1.6.0/classes/detection_finding?profiles=cloud
"""

import ipaddress
import json
from typing import Any

from trailwarden.alerts.attack import TACTICS, tactics, techniques
from trailwarden.alerts.story import RecordState, Story
from trailwarden.alerts.text import UNKNOWN, one_line
from trailwarden.alerts.when import milliseconds

VERSION = "1.6.0"
CLASS_UID = 2004
_CREATE = 1
_NEW = 1
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
    finding: dict[str, Any] = {
        "activity_id": _CREATE,
        "activity_name": "Create",
        "category_uid": 2,
        "category_name": "Findings",
        "class_uid": CLASS_UID,
        "class_name": "Detection Finding",
        "type_uid": CLASS_UID * 100 + _CREATE,
        "type_name": "Detection Finding: Create",
        "severity_id": severity_id,
        "severity": severity,
        "status_id": _NEW,
        "status": "New",
        "is_alert": True,
        "time": first,
        "count": alert.count,
        "message": alert.title,
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
    return {
        "version": VERSION,
        "profiles": ["cloud"],
        "uid": story.alert.alert_id,
        "event_code": story.alert.rule_id,
        "correlation_uid": story.alert.alert_id,
        "log_name": "CloudTrail",
        "log_provider": "AWS",
        "is_truncated": story.record_state is RecordState.CUT,
        "product": {"name": "Trailwarden", "vendor_name": "Trailwarden", "uid": "trailwarden"},
    }


def _cloud(story: Story) -> dict[str, Any]:
    alert = story.alert
    cloud: dict[str, Any] = {"provider": "AWS"}
    if alert.account != UNKNOWN:
        cloud["account"] = _known(
            uid=alert.account, name=story.facts.account_name, type_id=10, type="AWS Account"
        )
    if alert.region != UNKNOWN:
        cloud["region"] = alert.region
    return cloud


def _finding_info(story: Story, first: int) -> dict[str, Any]:
    alert = story.alert
    return {
        "uid": alert.alert_id,
        "title": alert.title,
        "desc": one_line(alert.description, 4000) if alert.description else alert.rule_title,
        "created_time": int(story.now.timestamp() * 1000) if story.now else first,
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
    facts = story.facts
    if not facts.action:
        return []
    record = story.alert.record
    evidence: dict[str, Any] = {
        "actor": _actor(story),
        "api": _api(story, record),
        "src_endpoint": _endpoint(story),
    }
    if isinstance(record.get("eventID"), str):
        evidence["uid"] = record["eventID"]
    if facts.user_agent:
        evidence["http_request"] = {"user_agent": facts.user_agent}
    return [{name: value for name, value in evidence.items() if value}]


def _actor(story: Story) -> dict[str, Any]:
    facts = story.facts
    user = _known(
        name=facts.actor,
        type=facts.actor_type,
        uid=facts.actor_arn,
        credential_uid=facts.access_key_id,
        account={"uid": facts.actor_account} if facts.actor_account else None,
    )
    session = _known(issuer=facts.session_issuer)
    if facts.mfa is not None:
        session["is_mfa"] = facts.mfa
    return _known(user=user, session=session)


def _api(story: Story, record: dict[str, Any]) -> dict[str, Any]:
    facts = story.facts
    api: dict[str, Any] = {
        "operation": facts.action,
        "service": {"name": facts.service},
        "response": _known(error=facts.error_code, error_message=facts.error_message)
        or {"message": _SUCCESS if facts.outcome == "done" else _FAILURE},
    }
    if isinstance(record.get("requestID"), str):
        api["request"] = {"uid": record["requestID"]}
    return api


def _endpoint(story: Story) -> dict[str, Any]:
    """An address, or the AWS service that called."""
    origin = story.facts.origin
    if origin == UNKNOWN:
        return {}
    return {"ip": origin} if _is_address(origin) else {"svc_name": origin}


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _resources(story: Story) -> list[dict[str, Any]]:
    region = {} if story.alert.region == UNKNOWN else {"region": story.alert.region}
    return [
        {"uid": target, **region} if target.startswith("arn:") else {"name": target, **region}
        for target in story.facts.targets
    ]


def _observables(story: Story) -> list[dict[str, Any]]:
    """What a reader searches for; `name` is the path in this finding that the value stands at."""
    facts = story.facts
    if not facts.action:
        return []
    found = [
        {"name": "evidences[].actor.user.name", "type_id": _USER, "type": "User Name", "value": facts.actor}
    ]
    if _is_address(facts.origin):
        found.append(
            {
                "name": "evidences[].src_endpoint.ip",
                "type_id": _IP,
                "type": "IP Address",
                "value": facts.origin,
            }
        )
    found.extend(
        {"name": "resources[].uid", "type_id": _RESOURCE, "type": "Resource UID", "value": target}
        for target in facts.targets
        if target.startswith("arn:")
    )
    return found


def _known(**parts: Any) -> dict[str, Any]:
    return {name: value for name, value in parts.items() if value}
