"""One record → one `Activity`."""

from trailwarden.activity.actions import action_of
from trailwarden.activity.actors import actor_of, with_account_names
from trailwarden.activity.insight import insight_of
from trailwarden.activity.model import AccountInfo, Activity, Context
from trailwarden.activity.origins import origin_of
from trailwarden.activity.targets import targets_of
from trailwarden.activity.text import mapping, text
from trailwarden.delivery.records import Record, event_time

__all__ = ["account_of", "describe"]
_NOTHING_KNOWN = Context()
_UNNAMED = AccountInfo()


def describe(record: Record, context: Context | None = None) -> Activity:
    """Who did what, to what, from where. Never fails, whatever the record holds."""
    known = context or _NOTHING_KNOWN
    account_id = account_of(record)
    account = known.accounts.get(account_id or "", _UNNAMED)
    targets, left_out = targets_of(record)
    return Activity(
        actor=with_account_names(actor_of(record, known.sessions), known.accounts),
        action=action_of(record),
        targets=targets,
        origin=origin_of(record, known.geo),
        time=event_time(record),
        account_id=account_id,
        account_name=account.name,
        environment=account.environment,
        targets_left_out=left_out,
        insight=insight_of(record),
    )


def account_of(record: Record) -> str | None:
    """The account in which it happened: the one that the record was delivered to."""
    return text(record, "recipientAccountId") or text(mapping(record.get("userIdentity")), "accountId")
