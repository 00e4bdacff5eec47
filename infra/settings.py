"""The deployment settings: the context key `trailwarden` of cdk.json, read and checked once, at the edge.

docs: README.md lists the keys. Whatever is wrong is told in one list, before anything is synthesized.
"""

import json
import platform
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.endpoints import PROTOCOLS, endpoint_mistake, principal_mistake
from infra.names import Names
from infra.partitions import partitions_by_region
from infra.section import Section
from trailwarden.errors import SettingsError

SEVERITIES = ("informational", "low", "medium", "high", "critical")
ARCHITECTURES = ("arm64", "x86_64")
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
HOST = "host"
_MACHINES = {"aarch64": "arm64", "arm64": "arm64", "x86_64": "x86_64", "AMD64": "x86_64"}

# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
LOG_GROUP_DAYS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
)  # fmt: skip

# A bucket policy may have 20 KB, and each account's trail needs its own statement in it, some 430 bytes.
MOST_ACCOUNTS = 40
_MOST_DAYS = 36_500

_ACCOUNT = re.compile(r"[0-9]{12}")
_ACCOUNT_WORDS = "an account id: a text of 12 digits"
_ORGANIZATION = re.compile(r"o-[a-z0-9]{10,32}")
_NAME = re.compile(r"[\w .,+=@-]{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Account:
    """An account with a trail of its own; `name` is for people."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Organization:
    """An organisation whose management account owns one trail for all its accounts."""

    id: str
    management_account: str


@dataclass(frozen=True, slots=True)
class Subscriber:
    """Who is told of alerts: an SNS protocol, its endpoint, and the severities, mildest first."""

    protocol: str
    endpoint: str
    severities: tuple[str, ...]


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
    accounts: tuple[Account, ...]
    organization: Organization | None
    subscribers: tuple[Subscriber, ...]
    operations_subscribers: tuple[Subscriber, ...]
    rule_authors: tuple[Subscriber, ...]
    rule_writers: tuple[str, ...]
    """The ARNs of who may edit the live rules by taking the writers' role."""
    retention: Retention
    object_lock: ObjectLock | None
    functions: Functions

    @property
    def names(self) -> Names:
        """The names of this deployment's resources."""
        return Names(self.audit_account, self.region, partitions_by_region()[self.region])

    @property
    def trail_accounts(self) -> tuple[str, ...]:
        """The accounts that own a trail: the management account first, then the named ones."""
        management = (self.organization.management_account,) if self.organization else ()
        return (*management, *(account.id for account in self.accounts))


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


def parse_settings(raw: object) -> Settings:
    """Check the object `raw`. Raises `SettingsError` that names every mistake at once."""
    problems: list[str] = []
    root = Section(raw, "", problems)
    if problems:
        raise SettingsError(problems)
    audit_account = root.text("audit_account", like=_ACCOUNT, what=_ACCOUNT_WORDS)
    region = root.choice("region", partitions_by_region())
    settings = Settings(
        audit_account=audit_account,
        region=region,
        accounts=_accounts(root),
        organization=_organization(root.section("organization")) if root.has("organization") else None,
        subscribers=_subscribers(root, "subscribers", region, filtered=True),
        operations_subscribers=_subscribers(root, "operations_subscribers", region, filtered=False),
        rule_authors=_subscribers(root, "rule_authors", region, filtered=False),
        rule_writers=_rule_writers(root, region),
        retention=_retention(root.section("retention")),
        object_lock=_object_lock(root.section("object_lock")) if root.has("object_lock") else None,
        functions=_functions(root.section("functions")),
    )
    root.close()
    _check_together(settings, root)
    if problems:
        raise SettingsError(problems)
    return settings


def _accounts(root: Section) -> tuple[Account, ...]:
    accounts = []
    for path, item in root.items("accounts"):
        entry = Section(item if isinstance(item, Mapping) else {"id": item}, path, root.problems)
        name = entry.text("name", default=" ", like=_NAME, what="a name of up to 64 letters and digits")
        accounts.append(Account(entry.text("id", like=_ACCOUNT, what=_ACCOUNT_WORDS), name.strip()))
        entry.close()
    return tuple(accounts)


def _organization(section: Section) -> Organization:
    organization = Organization(
        id=section.text("id", like=_ORGANIZATION, what="an organisation's id such as o-a1b2c3d4e5"),
        management_account=section.text("management_account", like=_ACCOUNT, what=_ACCOUNT_WORDS),
    )
    section.close()
    return organization


def _subscribers(root: Section, key: str, region: str, *, filtered: bool) -> tuple[Subscriber, ...]:
    if filtered and not root.has(key):
        root.problem(key, "is missing: a list of who is told (empty when people subscribe by themselves)")
    found: dict[tuple[str, str], Subscriber] = {}
    for path, item in root.items(key):
        entry = Section(item, path, root.problems)
        protocol = entry.choice("protocol", PROTOCOLS)
        endpoint = entry.text("endpoint", like=re.compile(r"\S+"), what="an endpoint: an address or an ARN")
        severities = _severities(entry) if filtered else SEVERITIES
        entry.close()
        mistake = endpoint_mistake(protocol, endpoint, partitions_by_region().get(region, "aws"))
        if protocol and endpoint and mistake:
            entry.problem("endpoint", mistake)
        if protocol and endpoint and (protocol, endpoint) in found:
            entry.problem("", f"{protocol} {endpoint} is listed twice; SNS keeps one subscription each")
        found[protocol, endpoint] = Subscriber(protocol, endpoint, severities)
    return tuple(found.values())


def _rule_writers(root: Section, region: str) -> tuple[str, ...]:
    """Who may take the writers' role, each by name: whoever edits rules decides what is seen."""
    partition = partitions_by_region().get(region, "aws")
    found: list[str] = []
    for path, item in root.items("rule_writers"):
        mistake = principal_mistake(item, partition)
        if mistake:
            root.problems.append(f"{path}: {mistake}")
        elif item in found:
            root.problems.append(f"{path}: {item} is listed twice")
        else:
            found.append(item)
    return tuple(found)


def _severities(entry: Section) -> tuple[str, ...]:
    if entry.has("severities"):
        if entry.has("min_severity"):
            entry.problem("", "give min_severity or severities, not both")
        return entry.choices("severities", SEVERITIES)
    lowest = entry.choice("min_severity", SEVERITIES, default=SEVERITIES[0])
    return SEVERITIES[SEVERITIES.index(lowest) :] if lowest else SEVERITIES


def _retention(section: Section) -> Retention:
    archive = (
        section.number("archive_after_days", 1, _MOST_DAYS) if section.has("archive_after_days") else None
    )
    retention = Retention(
        log_days=section.number("log_days", 1, _MOST_DAYS, default=400),
        archive_after_days=archive,
        access_log_days=section.number("access_log_days", 1, _MOST_DAYS, default=90),
        alert_days=section.number("alert_days", 1, _MOST_DAYS, default=365),
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


def _check_together(settings: Settings, root: Section) -> None:
    """Mistakes that only show between keys."""
    if not settings.accounts and settings.organization is None:
        root.problem("accounts", "name at least one account, or an organization: nothing would be watched")
    if len(settings.accounts) > MOST_ACCOUNTS:
        root.problem(
            "accounts", f"a bucket policy holds {MOST_ACCOUNTS} accounts; use one organization's trail"
        )
    listed = [account for account in settings.trail_accounts if account]
    for account in sorted({account for account in listed if listed.count(account) > 1}):
        root.problem("accounts", f"{account} would own two trails of one name; list it once")
    lock = settings.object_lock
    if lock and lock.days > settings.retention.log_days:
        root.problem(
            "object_lock.days", f"must not exceed retention.log_days ({settings.retention.log_days})"
        )
