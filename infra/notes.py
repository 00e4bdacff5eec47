"""What `synth` says of settings that are valid and worth a thought: what they cost, what nobody sees."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from infra.endpoints import sns_principal
from infra.settings import Settings
from infra.subscribers import Subscriber


@dataclass(frozen=True, slots=True)
class Note:
    """A remark on the settings. `id` is the CDK's, by which it can be acknowledged."""

    id: str
    text: str
    warning: bool = False


def notes(settings: Settings) -> Iterator[Note]:
    """Every note that applies."""
    if settings.self_watch_account is None:
        yield Note(
            "Trailwarden:AuditAccountNotRecorded",
            f"audit_account_trail is false: nobody records the audit account {settings.audit_account}, so the"
            " rules that protect Trailwarden itself see nothing. The weekly heartbeat says so, too.",
            warning=True,
        )
    if settings.organization:
        yield Note(
            "Trailwarden:SecondCopy",
            "If the organization's accounts have a trail already (Control Tower, Landing Zone Accelerator),"
            " this one delivers a second copy of their management events, which AWS bills at $2.00 per"
            " 100,000: about $15 a month for an account with 25,000 a day. docs/cost.md shows how to"
            " count yours.",
        )
    if settings.organization and settings.accounts:
        listed = ", ".join(account.id for account in settings.accounts)
        yield Note(
            "Trailwarden:TwoTrails",
            f"accounts lists {listed}: accounts of the organization among them have two trails, and are read"
            " and billed twice. Name them in account_names instead.",
            warning=True,
        )
    if settings.retention.archive_after_days is not None:
        yield Note(
            "Trailwarden:SmallFiles",
            "retention.archive_after_days saves next to nothing: S3 moves no object under 128 KB, and nearly"
            " all log files are smaller.",
        )
    if not settings.protect:
        yield Note(
            "Trailwarden:NotProtected",
            "The stacks and the alert table are not protected against deletion. Once everything is deployed,"
            ' set "protect": true and deploy again.',
        )
    routed = (one for route in settings.alerts.routes for one in route.subscribers)
    everybody = [*settings.subscribers, *settings.operations_subscribers, *settings.rule_authors, *routed]
    yield from _of_opt_in_regions(everybody, settings.region)
    if any(subscriber.protocol == "sms" for subscriber in everybody):
        yield Note(
            "Trailwarden:SmsSandbox",
            "A new account is in the SMS sandbox of SNS: only numbers that were verified there get SMS, for"
            " 1 USD a month in all, until the account is moved out (docs/settings.md, Subscribers).",
        )


def _of_opt_in_regions(subscribers: Iterable[Subscriber], region: str) -> Iterator[Note]:
    """Whose policy must name another principal than that of SNS everywhere else."""
    asked = {
        subscriber.endpoint: sns_principal(region, subscriber.owner[0])
        for subscriber in subscribers
        if subscriber.owner is not None
    }
    asked = {endpoint: principal for endpoint, principal in asked.items() if principal != "sns.amazonaws.com"}
    if asked:
        listed = "; ".join(f"{principal} to {endpoint}" for endpoint, principal in asked.items())
        yield Note(
            "Trailwarden:OptInRegions",
            f"Between regions of which one is an opt-in region, SNS has a name of its own. Let in {listed}"
            " (docs/settings.md, Subscribers); sns.amazonaws.com alone gets nothing there.",
        )
