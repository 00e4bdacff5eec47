"""The alert for machines: `trailwarden.alert/1`, described by docs/schemas/alert.schema.json.

Values are as the record has them, secrets masked: whoever shows them to people has to make them safe again.
What rules say links nowhere.
"""

from typing import Any

from trailwarden.activity.insight import Insight
from trailwarden.activity.model import Activity
from trailwarden.alerts.attack import tactics, techniques
from trailwarden.messages.overview import overview_json
from trailwarden.messages.story import RecordState, Story
from trailwarden.safety.text import defanged

SCHEMA = "trailwarden.alert/1"


def alert_json(story: Story) -> dict[str, Any]:
    """The alert for machines; `schema` names the shape, which only grows within one version."""
    alert = story.alert
    return {
        "schema": SCHEMA,
        "alert_id": alert.alert_id,
        "rule_id": alert.rule_id,
        "rule_title": alert.rule_title,
        "level": alert.level,
        "reason": story.reason.value,
        "title": defanged(alert.title if story.alike else story.title()),
        "first_title": defanged(alert.title),
        "sentence": story.sentence(),
        "group": alert.group,
        "count": alert.count,
        "count_is_at_least": bool(story.follow_up and story.follow_up.at_least),
        "more": story.follow_up.more if story.follow_up else alert.count,
        "seen": overview_json(story.variety),
        "changes": list(story.follow_up.changes) if story.follow_up else [],
        "acknowledged_by": (story.follow_up.acknowledged_by or None) if story.follow_up else None,
        "acknowledged_at": (story.follow_up.acknowledged_at or None) if story.follow_up else None,
        "first_event_time": alert.first_event_time,
        "last_event_time": alert.last_event_time,
        "account": alert.account,
        "account_name": story.account_name,
        "environment": story.environment,
        "region": alert.region,
        "description": alert.description,
        "runbook": list(alert.runbook),
        "tags": list(alert.tags),
        "tactics": list(tactics(alert.tags)),
        "techniques": [technique.id for technique in techniques(alert.tags)],
        "references": list(alert.references),
        "owner": alert.owner,
        **_activity_json(story.activity),
        "insight": _insight_json(story.activity.insight) if story.activity else None,
        "links": {
            "event": story.links.event,
            "resource": story.links.resource,
            "history": story.links.history,
        },
        "log_file": alert.evidence.log_file,
        "record_index": alert.evidence.record_index,
        "rule_set_version": alert.rule_set_version,
        "record_state": story.record_state.value,
        "record": None if story.record_state is RecordState.OMITTED else alert.record,
    }


def _insight_json(insight: Insight | None) -> dict[str, Any] | None:
    """What CloudTrail Insights measured, a minute."""
    if insight is None:
        return None
    return {
        "rate": insight.rate,
        "usual_rate": insight.baseline,
        "unit": insight.unit,
        "minutes": insight.minutes,
        "callers": [{"arn": arn, "rate": rate} for arn, rate in insight.callers],
    }


def _activity_json(activity: Activity | None) -> dict[str, Any]:
    """Who, what, on what, from where; null where the alert came without its record."""
    if activity is None:
        return {"actor": None, "action": None, "targets": [], "origin": None}
    actor, action, origin = activity.actor, activity.action, activity.origin
    return {
        "actor": {
            "name": actor.name,
            "through": actor.through,
            "kind": actor.kind.value,
            "nature": actor.nature.value,
            "reason": actor.reason,
            "account": actor.account_id,
            "arn": actor.arn,
            "session": actor.session,
            "behind": actor.behind,
            "source_identity": actor.source_identity,
            "access_key_id": actor.access_key_id,
            "mfa": actor.mfa,
        },
        "action": {
            "name": action.event_name,
            "service": action.service,
            "phrase": action.phrase,
            "outcome": action.outcome.value,
            "error_code": action.error_code,
            "error_message": action.error_text,
            "read_only": action.read_only,
        },
        "targets": [
            {
                "type": target.type,
                "name": target.name,
                "arn": target.arn,
                "account": target.account_id,
                "region": target.region,
            }
            for target in activity.targets
        ],
        "origin": {
            "address": origin.address,
            "aws_service": origin.aws_service,
            "vpc_endpoint": origin.vpc_endpoint,
            "country": origin.country,
            "network": origin.network,
            "tool": origin.tool,
            "attack_tool": origin.attack_tool,
            "user_agent": origin.user_agent,
        },
    }
