"""The settings of how alerts are told: routes, levels, forms, budgets. docs/settings.md explains them."""

import re
from dataclasses import dataclass
from pathlib import Path

from infra.accounts import Places
from infra.section import Section
from infra.subscribers import SEVERITIES, Subscriber, alert_subscribers, severities
from trailwarden.alerting import MAIN, LevelOverride
from trailwarden.messages.form import Form

# Each route's topic stands in policies of the functions, of which AWS takes 10 KB.
MOST_ROUTES = 40
# A function's files may have 250 MB in all. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MOST_GEO_BYTES = 150_000_000

# Every part begins with a letter: so two names that differ give resources that differ in their ids.
_ROUTE = re.compile(r"(?=.{1,40}$)[a-z][a-z0-9]*(-[a-z][a-z0-9]*)*")
_ROUTE_WORDS = "a name such as network-team: up to 40 letters and digits, hyphens between words"
_TAG = re.compile(r"[\w.-]+\*?", re.ASCII)
_TAG_WORDS = "a rule's tag such as attack.t1078, or its beginning such as attack.*"
_RULE = re.compile(r"[\w-]{1,64}", re.ASCII)
_RULE_WORDS = "a rule's id, a UUID"
_OWNER = re.compile(r"\S(.{0,98}\S)?")
_OWNER_WORDS = "an owner as rules name them, such as network team"
_TIMESPAN = re.compile(r"([1-9][0-9]{0,6})([smhd])")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_LONGEST_QUIET = 7 * _UNITS["d"]
_QUIET_WORDS = "a timespan of 1s to 7d, such as 30m, 1h or 2d"
# https://maxmind.github.io/MaxMind-DB/#metadata (in the last 128 KiB of the file)
_GEO_MARK = b"\xab\xcd\xefMaxMind.com"
_GEO_TAIL = 128 * 1024


@dataclass(frozen=True, slots=True)
class Forms:
    """How machines get alerts: those by HTTPS, and queues, functions and streams."""

    https: Form
    queue: Form


@dataclass(frozen=True, slots=True)
class AlertRoute:
    """A topic of its own for some alerts. An empty condition asks nothing; `exclusive`: what it takes does
    not go to the main topic."""

    name: str
    severities: tuple[str, ...]
    accounts: tuple[str, ...]
    environments: tuple[str, ...]
    tags: tuple[str, ...]
    owners: tuple[str, ...]
    exclusive: bool
    forms: Forms
    subscribers: tuple[Subscriber, ...]


@dataclass(frozen=True, slots=True)
class AlertSettings:
    """How alerts are told. `geo_files` are absolute; `forms` are the main topic's."""

    routes: tuple[AlertRoute, ...]
    level_overrides: tuple[LevelOverride, ...]
    forms: Forms
    security_hub: bool
    geo_files: tuple[Path, ...]
    quiet_seconds: int
    messages_per_rule_and_hour: int
    messages_per_hour: int


def alert_settings(root: Section, region: str, places: Places, folder: Path) -> AlertSettings:
    """Everything about alerts, from the keys of `root`; files are looked for from `folder`."""
    budgets = root.section("alerts")
    settings = AlertSettings(
        routes=_routes(root, region, places),
        level_overrides=_level_overrides(root, places),
        forms=_closed_forms(root.section("messages")),
        security_hub=root.flag("security_hub"),
        geo_files=_geo_files(root, folder),
        quiet_seconds=_quiet(budgets),
        messages_per_rule_and_hour=budgets.number("messages_per_rule_and_hour", 1, 10_000, default=10),
        messages_per_hour=budgets.number("messages_per_hour", 1, 10_000, default=60),
    )
    budgets.close()
    return settings


def _routes(root: Section, region: str, places: Places) -> tuple[AlertRoute, ...]:
    found: list[AlertRoute] = []
    for path, item in root.items("routes"):
        entry = Section(item, path, root.problems)
        route = _route(entry, region, places)
        if route.name and route.name in [other.name for other in found]:
            entry.problem("name", f"{route.name} is the name of another route")
        if route.name == MAIN:
            entry.problem("name", f"{MAIN} is the name of the topic that `subscribers` get; take another")
        found.append(route)
    if len(found) > MOST_ROUTES:
        root.problem("routes", f"there may be {MOST_ROUTES} of them; subscribers can filter one topic too")
    return tuple(found)


def _route(entry: Section, region: str, places: Places) -> AlertRoute:
    route = AlertRoute(
        name=entry.text("name", like=_ROUTE, what=_ROUTE_WORDS),
        severities=_some_severities(entry),
        accounts=places.accounts_of(entry),
        environments=places.environments_of(entry),
        tags=entry.texts("tags", like=_TAG, what=_TAG_WORDS),
        owners=entry.texts("owners", like=_OWNER, what=_OWNER_WORDS),
        exclusive=entry.flag("exclusive"),
        forms=_forms(entry),
        subscribers=alert_subscribers(entry, region),
    )
    entry.close()
    conditions = ("levels", "min_severity", "accounts", "environments", "tags", "owners")
    if route.exclusive and not any(entry.has(key) for key in conditions):
        entry.problem("exclusive", "without a condition the route takes every alert from the main topic")
    return route


def _some_severities(entry: Section) -> tuple[str, ...]:
    """Empty where the route asks for all."""
    chosen = severities(entry, "levels")
    return () if chosen == SEVERITIES else chosen


def _level_overrides(root: Section, places: Places) -> tuple[LevelOverride, ...]:
    found = []
    for path, item in root.items("level_overrides"):
        entry = Section(item, path, root.problems)
        override = _level_override(entry, places)
        entry.close()
        if override is not None:
            found.append(override)
    return tuple(found)


def _level_override(entry: Section, places: Places) -> LevelOverride | None:
    """None where something is wrong with it, which has been told then."""
    before = len(entry.problems)
    accounts = places.accounts_of(entry)
    environments = places.environments_of(entry)
    rules = entry.texts("rules", like=_RULE, what=_RULE_WORDS)
    tags = entry.texts("tags", like=_TAG, what=_TAG_WORDS)
    levels = {
        key: entry.choice(key, SEVERITIES) for key in ("level", "at_least", "at_most") if entry.has(key)
    }
    if not entry.has("accounts") and not entry.has("environments"):
        entry.problem(
            "",
            "name accounts or environments; a level that holds everywhere belongs into an override of rules",
        )
    if not levels or ("level" in levels and len(levels) > 1):
        entry.problem("", "say `level`, or `at_least` and `at_most`, or one of these")
    lowest, highest = levels.get("at_least"), levels.get("at_most")
    if lowest and highest and SEVERITIES.index(lowest) > SEVERITIES.index(highest):
        entry.problem("at_least", f"{lowest} is above at_most ({highest})")
    if len(entry.problems) > before:
        return None
    return LevelOverride(
        accounts=accounts,
        environments=environments,
        rules=rules,
        tags=tags,
        at_least=lowest,
        at_most=highest,
        level=levels.get("level"),
    )


def _forms(section: Section) -> Forms:
    https = section.choice("https", list(Form), default=Form.ALERT)
    queue = section.choice("queue", (Form.ALERT, Form.OCSF), default=Form.ALERT)
    return Forms(Form(https or Form.ALERT), Form(queue or Form.ALERT))


def _closed_forms(section: Section) -> Forms:
    forms = _forms(section)
    section.close()
    return forms


def _quiet(section: Section) -> int:
    given = section.text("quiet", default="1h", like=_TIMESPAN, what=_QUIET_WORDS)
    found = _TIMESPAN.fullmatch(given)
    seconds = int(found[1]) * _UNITS[found[2]] if found else _UNITS["h"]
    if seconds > _LONGEST_QUIET:
        section.problem("quiet", f"must be {_QUIET_WORDS}, not {given}")
    return seconds


def _geo_files(root: Section, folder: Path) -> tuple[Path, ...]:
    found: dict[str, Path] = {}
    for path, item in root.items("geo_files"):
        file = folder / item if isinstance(item, str) else None
        mistake = _geo_mistake(file) if file else f"must be the path of a file, not {item!r}"
        if file and not mistake and file.name in found:
            mistake = f"there is another file of the name {file.name}: they lie side by side in the function"
        if mistake:
            root.problems.append(f"{path}: {mistake}")
        elif file:
            found[file.name] = file
    size = sum(file.stat().st_size for file in found.values())
    if size > MOST_GEO_BYTES:
        root.problem("geo_files", f"may have {MOST_GEO_BYTES:,} bytes together, not {size:,}")
    return tuple(found.values())


def _geo_mistake(file: Path) -> str | None:
    if not file.is_file():
        return f"there is no file {file}"
    if file.suffix != ".mmdb":
        return f"{file} is no .mmdb file, MaxMind's format"
    try:
        with file.open("rb") as opened:
            opened.seek(max(0, file.stat().st_size - _GEO_TAIL))
            tail = opened.read()
    except OSError as error:
        return f"{file} cannot be read: {error}"
    return None if _GEO_MARK in tail else f"{file} is not in MaxMind's format"
