"""The deployment settings: the context key `trailwarden` of cdk.json, read and checked once, at the edge.

README.md lists the keys, docs/settings.md explains those about alerts. Whatever is wrong is told in one list,
before anything is synthesized.
"""

import json
import platform
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.accounts import (
    ACCOUNT,
    ACCOUNT_WORDS,
    MOST_ACCOUNTS,
    Account,
    Organization,
    Places,
    account_names,
    accounts,
    organization,
)
from infra.alert_settings import AlertSettings, alert_settings
from infra.names import Names
from infra.partitions import open_regions, partitions_by_region
from infra.section import Section
from infra.subscribers import (
    MOST_ELSEWHERE,
    Subscriber,
    alert_subscribers,
    principals,
    topic_subscribers,
)
from trailwarden.errors import SettingsError

ARCHITECTURES = ("arm64", "x86_64")
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
HOST = "host"
FOLDER = Path(__file__).parents[1]
"""Where cdk.json lies: files that the settings name are looked for from there."""
_MACHINES = {"aarch64": "arm64", "arm64": "arm64", "x86_64": "x86_64", "AMD64": "x86_64"}

# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
LOG_GROUP_DAYS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
)  # fmt: skip

_MOST_DAYS = 36_500
_LEAST_LOG_DAYS = 15
"""A delivery notice may wait 14 days in a queue, and the file that it names must be there still."""
_LEAST_ALERT_DAYS = 60
"""A record may come 45 days late (`aws.group_table.LATEST`), and what an alert counts must be there still. So
an alert may go on for 15 days at least: longer than the longest quiet time, of 7."""


@dataclass(frozen=True, slots=True)
class Retention:
    """How long things are kept, in days; `archive_after_days` is None where log files never move."""

    log_days: int
    archive_after_days: int | None
    access_log_days: int
    alert_days: int
    function_log_days: int


@dataclass(frozen=True, slots=True)
class ObjectLock:
    """The log bucket's default Object Lock: `mode` is "governance" or "compliance"."""

    mode: str
    days: int


@dataclass(frozen=True, slots=True)
class Functions:
    """What the functions run on. `native`: built for this very machine, for the local cloud."""

    architecture: str
    python: str
    native: bool
    detect_memory_mb: int
    detect_timeout_seconds: int
    detect_max_concurrency: int
    notify_memory_mb: int
    publish_memory_mb: int


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything an operator decides."""

    audit_account: str
    region: str
    audit_account_trail: bool
    """Whether the audit account gets a trail of its own where no organization's trail records it."""
    accounts: tuple[Account, ...]
    account_names: tuple[Account, ...]
    """What else is known of accounts: those without a trail of their own."""
    organization: Organization | None
    subscribers: tuple[Subscriber, ...]
    operations_subscribers: tuple[Subscriber, ...]
    rule_authors: tuple[Subscriber, ...]
    rule_writers: tuple[str, ...]
    """The ARNs of who may edit the live rules by taking the writers' role."""
    responders: tuple[str, ...]
    """The ARNs of who may read, acknowledge and close alerts by taking the responders' role."""
    alerts: AlertSettings
    retention: Retention
    object_lock: ObjectLock | None
    functions: Functions
    protect: bool = False
    """Whether the alert table, and the stacks that hold data, refuse to be deleted. Not before they are
    there: a stack whose creation failed must be deleted before it can be created again."""

    @property
    def names(self) -> Names:
        """The names of this deployment's resources."""
        return Names(self.audit_account, self.region, partitions_by_region()[self.region])

    @property
    def own_trails(self) -> tuple[str, ...]:
        """The accounts with a trail of their own: the named ones, and the audit account."""
        named = tuple(account.id for account in self.accounts)
        audit = self.audit_account_trail and not self.organization and self.audit_account not in named
        return (*named, self.audit_account) if audit else named

    @property
    def trail_accounts(self) -> tuple[str, ...]:
        """The accounts that own a trail: the management account first, then those with one of their own."""
        management = (self.organization.management_account,) if self.organization else ()
        return (*management, *self.own_trails)

    @property
    def self_watch_account(self) -> str | None:
        """The account whose trail records the audit account, and with it what is done to Trailwarden itself:
        the organization's if there is one, else the audit account's own. None if nobody records it."""
        if self.organization:
            return self.organization.management_account
        return self.audit_account if self.audit_account in self.own_trails else None


def load_settings(context: Callable[[str], Any]) -> Settings:
    """The settings from the CDK's context: from the file that `-c settings=FILE` names, else `trailwarden`.

    Raises `SettingsError`.
    """
    file = context("settings")
    if file is None:
        raw = context("trailwarden")
        if raw is None:
            raise SettingsError(["there are none: cdk.json has no key context.trailwarden"])
        return parse_settings(raw)
    try:
        raw = json.loads(Path(str(file)).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError([f"the file {file} cannot be read as JSON: {error}"]) from error
    return parse_settings(raw)


def parse_settings(raw: object, *, folder: Path = FOLDER) -> Settings:
    """Check the object `raw`, of which files are looked for from `folder`.

    Raises `SettingsError` that names every mistake at once.
    """
    problems: list[str] = []
    root = Section(raw, "", problems)
    if problems:
        raise SettingsError(problems)
    audit_account = root.text("audit_account", like=ACCOUNT, what=ACCOUNT_WORDS)
    region = root.choice("region", partitions_by_region(), likely=open_regions())
    trails, names = accounts(root), account_names(root)
    whole = organization(root.section("organization")) if root.has("organization") else None
    settings = Settings(
        audit_account=audit_account,
        region=region,
        audit_account_trail=root.flag("audit_account_trail", default=True),
        accounts=trails,
        account_names=names,
        organization=whole,
        subscribers=alert_subscribers(root, region),
        operations_subscribers=topic_subscribers(root, "operations_subscribers", region),
        rule_authors=topic_subscribers(root, "rule_authors", region),
        rule_writers=principals(root, "rule_writers", region),
        responders=principals(root, "responders", region),
        alerts=alert_settings(
            root, region, Places.of((*trails, *names, Account(audit_account, "")), whole), folder
        ),
        retention=_retention(root.section("retention")),
        object_lock=_object_lock(root.section("object_lock")) if root.has("object_lock") else None,
        functions=_functions(root.section("functions")),
        protect=root.flag("protect"),
    )
    root.close()
    _check_together(settings, root)
    if problems:
        raise SettingsError(problems)
    return settings


def _retention(section: Section) -> Retention:
    archive = (
        section.number("archive_after_days", 1, _MOST_DAYS) if section.has("archive_after_days") else None
    )
    retention = Retention(
        log_days=section.number("log_days", _LEAST_LOG_DAYS, _MOST_DAYS, default=400),
        archive_after_days=archive,
        access_log_days=section.number("access_log_days", 1, _MOST_DAYS, default=90),
        alert_days=section.number("alert_days", _LEAST_ALERT_DAYS, _MOST_DAYS, default=365),
        function_log_days=section.number("function_log_days", 1, LOG_GROUP_DAYS[-1], default=90),
    )
    section.close()
    if archive is not None and archive >= retention.log_days:
        section.problem("archive_after_days", f"must be less than log_days ({retention.log_days})")
    if retention.function_log_days not in LOG_GROUP_DAYS:
        known = ", ".join(map(str, LOG_GROUP_DAYS))
        section.problem("function_log_days", f"CloudWatch Logs knows only {known}")
    return retention


def _object_lock(section: Section) -> ObjectLock:
    lock = ObjectLock(
        mode=section.choice("mode", ("governance", "compliance")),
        days=section.number("days", 1, _MOST_DAYS),
    )
    section.close()
    return lock


def _functions(section: Section) -> Functions:
    asked_architecture = section.choice("architecture", (*ARCHITECTURES, HOST), default="arm64")
    asked_python = section.choice("python", (*PYTHONS, HOST), default=PYTHONS[-1])
    native = asked_architecture == HOST
    functions = Functions(
        architecture=_MACHINES.get(platform.machine(), "") if native else asked_architecture,
        python=host_python() if asked_python == HOST else asked_python,
        native=native,
        detect_memory_mb=section.number("detect_memory_mb", 128, 10_240, default=1024),
        detect_timeout_seconds=section.number("detect_timeout_seconds", 30, 900, default=120),
        detect_max_concurrency=section.number("detect_max_concurrency", 2, 1000, default=10),
        notify_memory_mb=section.number("notify_memory_mb", 128, 10_240, default=256),
        publish_memory_mb=section.number("publish_memory_mb", 512, 10_240, default=1792),
    )
    section.close()
    if asked_python == HOST and functions.python not in PYTHONS:
        section.problem("python", f"this machine's Python {functions.python} is none of {', '.join(PYTHONS)}")
    if native and not functions.architecture:
        section.problem("architecture", f"this machine, {platform.machine()}, is neither arm64 nor x86_64")
    if native and functions.python and functions.python != host_python():
        section.problem("python", 'must be "host" where the architecture is "host"')
    if not native and (functions.architecture, functions.python) == ("x86_64", "3.11"):
        # Lambda's Python 3.11 is on Amazon Linux 2 (glibc 2.26); google-re2's x86_64 wheels need glibc 2.27.
        section.problem("python", "3.11 has no wheel of google-re2 on x86_64: take 3.12 or newer, or arm64")
    return functions


def host_python() -> str:
    """The Python that runs this, as Lambda counts: `3.13`."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def _check_left_out(settings: Settings, root: Section) -> None:
    """`audit_account_trail: false` beside what records the audit account all the same."""
    if settings.organization:
        root.problem(
            "audit_account_trail", "leave it out: the organization's trail records the audit account"
        )
    elif settings.audit_account in [account.id for account in settings.accounts]:
        root.problem(
            "audit_account_trail", "is false, but accounts lists the audit account: remove one of them"
        )


def _check_elsewhere(settings: Settings, root: Section) -> None:
    """Each queue or function of another account takes a statement of its topic's policy."""
    topics = {
        "subscribers": settings.subscribers,
        "operations_subscribers": settings.operations_subscribers,
        "rule_authors": settings.rule_authors,
        **{f"routes ({route.name})": route.subscribers for route in settings.alerts.routes},
    }
    for key, subscribers in topics.items():
        elsewhere = [one for one in subscribers if one.owner and one.owner[1] != settings.audit_account]
        if len(elsewhere) > MOST_ELSEWHERE:
            root.problem(
                key,
                f"a topic's policy has room for {MOST_ELSEWHERE} queues and functions of other accounts, not"
                f" {len(elsewhere)}; let one queue pass messages on, or use routes",
            )


def _check_together(settings: Settings, root: Section) -> None:
    """Mistakes that only show between keys."""
    if not settings.accounts and settings.organization is None:
        root.problem("accounts", "name at least one account, or an organization: nothing would be watched")
    if len(settings.accounts) > MOST_ACCOUNTS:
        root.problem(
            "accounts", f"a bucket policy holds {MOST_ACCOUNTS} accounts; use one organization's trail"
        )
    if not settings.audit_account_trail:
        _check_left_out(settings, root)
    listed = [account for account in settings.trail_accounts if account]
    for account in sorted({account for account in listed if listed.count(account) > 1}):
        root.problem("accounts", f"{account} would own two trails of one name; list it once")
    named = [account.id for account in (*settings.accounts, *settings.account_names) if account.id]
    for account in sorted({one.id for one in settings.account_names if named.count(one.id) > 1}):
        root.problem("account_names", f"{account} is named twice, in accounts or here")
    _check_elsewhere(settings, root)
    lock = settings.object_lock
    if lock and lock.days > settings.retention.log_days:
        root.problem(
            "object_lock.days", f"must not exceed retention.log_days ({settings.retention.log_days})"
        )
