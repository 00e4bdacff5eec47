"""The alert for machines: `trailwarden.alert/1`, described by docs/schemas/alert.schema.json.

Values are as the record has them, secrets masked: whoever shows them to people has to make them safe again.
"""

from typing import Any

from trailwarden.alerts.attack import tactics, techniques
from trailwarden.alerts.story import RecordState, Story

SCHEMA = "trailwarden.alert/1"


def alert_json(story: Story) -> dict[str, Any]:
    """The alert for machines; `schema` names the shape, which only grows within one version."""
    alert, facts = story.alert, story.facts
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
        "account_name": facts.account_name or None,
        "environment": facts.environment or None,
        "region": alert.region,
        "description": alert.description,
        "runbook": list(alert.runbook),
        "tags": list(alert.tags),
        "tactics": list(tactics(alert.tags)),
        "techniques": [technique.id for technique in techniques(alert.tags)],
        "references": list(alert.references),
        "owner": alert.owner,
        "actor": {
            "name": facts.actor,
            "type": facts.actor_type or None,
            "arn": facts.actor_arn or None,
            "account": facts.actor_account or None,
            "access_key_id": facts.access_key_id or None,
            "mfa": facts.mfa,
        },
        "action": {
            "name": facts.action or None,
            "service": facts.service or None,
            "outcome": facts.outcome,
            "error_code": facts.error_code or None,
            "error_message": facts.error_message or None,
        },
        "targets": list(facts.targets),
        "origin": {"address": facts.origin, "user_agent": facts.user_agent or None},
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
