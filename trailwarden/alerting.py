"""What the functions must know of the settings: who is told of what, at which level, and how often.

The deployment writes `alerting.json` beside the handlers (`dump_alerting`), and each handler reads it once
(`load_alerting`). Nothing here reads a file, the environment or the clock. docs/settings.md says what each
setting means.

Names of environments, owners, rules and tags are compared without regard to case: whoever writes
`Production` in one place and `production` in another means the same, and would only learn of the difference
by an alert that never came.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

import msgspec

from trailwarden.activity.model import AccountInfo
from trailwarden.alerts.model import Alert
from trailwarden.errors import SettingsError
from trailwarden.messages.form import Form
from trailwarden.rules.ruleset import Level

__all__ = [
    "MAIN",
    "AccountName",
    "Alerting",
    "Expected",
    "LevelOverride",
    "Route",
    "dump_alerting",
    "load_alerting",
]

MAIN = "main"
"""The name of the first topic, which gets whatever no exclusive route takes."""
_LEVELS = tuple(str(level) for level in Level)


class Route(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A topic, and which alerts it gets: those that meet every condition. An empty condition asks nothing.

    `tags` are Sigma's, met where one of them is among the alert's; a trailing `*` stands for any ending
    (`attack.*`). What an `exclusive` route takes, the main topic does not get. `https` and `queue` say in
    which form its subscribers get it (`messages.envelope.Bodies`).
    """

    name: str
    topic_arn: str
    levels: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    exclusive: bool = False
    https: Form = Form.ALERT
    queue: Form = Form.ALERT

    def __post_init__(self) -> None:
        _check_levels(self.levels)

    def takes(self, alert: Alert, environment: str | None) -> bool:
        """Whether `alert`, of which the account is of `environment` (None: of none that is known), is for
        this topic."""
        return (
            _met(self.levels, alert.level)
            and _met(self.accounts, alert.account)
            and _met(self.environments, environment)
            and _tagged(self.tags, alert.tags)
            and _met(self.owners, alert.owner)
        )


class LevelOverride(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Another level for what rules find in some accounts or environments: `level` as it stands, or the rule's
    own, raised to `at_least` and lowered to `at_most`. Conditions are as a route's; one of `accounts` and
    `environments` is given, for a level that holds everywhere belongs into the rule (or an override of it).
    """

    accounts: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    at_least: str | None = None
    at_most: str | None = None
    level: str | None = None

    def __post_init__(self) -> None:
        given = [level for level in (self.at_least, self.at_most, self.level) if level is not None]
        _check_levels(given)
        if not self.accounts and not self.environments:
            raise ValueError("a level is overridden for accounts or environments, and neither is named")
        if not given or (self.level is not None and len(given) > 1):
            raise ValueError("a level override says `level`, or `at_least` and `at_most`, or one of these")
        if self.at_least and self.at_most and _rank(self.at_least) > _rank(self.at_most):
            raise ValueError(f"at_least {self.at_least} is above at_most {self.at_most}")

    def applies(self, account: str, environment: str | None, rule_id: str, tags: Iterable[str]) -> bool:
        """Whether what `rule_id` found in `account` gets another level."""
        return (
            _met(self.accounts, account)
            and _met(self.environments, environment)
            and _met(self.rules, rule_id)
            and _tagged(self.tags, tags)
        )

    def changed(self, level: str) -> str:
        """The level instead of `level`."""
        if self.level is not None:
            return self.level
        if self.at_least is not None and _rank(level) < _rank(self.at_least):
            return self.at_least
        if self.at_most is not None and _rank(level) > _rank(self.at_most):
            return self.at_most
        return level


class AccountName(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What people call an account, and what it is for (`production`); empty where they did not say."""

    name: str = ""
    environment: str = ""


class Expected(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A subscription that the deployment made, by which the daily check knows that one vanished."""

    topic_arn: str
    protocol: str
    endpoint: str


class Alerting(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All of it. The first of `topics` is the main one.

    `quiet_seconds`: after how long without a match an alert is over, where its rule does not say.
    `rule_budget` and `overall_budget`: how many messages an hour one rule may send, and all together.
    `security_hub`: whether findings are imported, into `account` and `region`, which are the deployment's.
    `geo_files`: the names of files beside the handler. `organization`: whether names of accounts are read
    from Organizations, and `environment_tag` is the tag that holds the environment there, if any.
    `subscriptions`: what the daily check expects of all topics, the operations topic among them.
    `unrecorded`: accounts that no trail records, though they matter (the audit account).
    """

    topics: tuple[Route, ...]
    levels: tuple[LevelOverride, ...] = ()
    accounts: dict[str, AccountName] = msgspec.field(default_factory=dict)
    quiet_seconds: int = 3600
    rule_budget: int = 10
    overall_budget: int = 60
    security_hub: bool = False
    account: str = ""
    region: str = ""
    geo_files: tuple[str, ...] = ()
    organization: bool = False
    environment_tag: str = ""
    subscriptions: tuple[Expected, ...] = ()
    unrecorded: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.topics:
            raise ValueError("there is no topic to tell alerts to")
        names = [route.name for route in self.topics]
        if len(set(names)) < len(names):
            raise ValueError("two topics have one name")
        if min(self.quiet_seconds, self.rule_budget, self.overall_budget) < 1:
            raise ValueError("the quiet time and the budgets must be at least 1")
        if self.security_hub and not (self.account and self.region):
            raise ValueError("Security Hub's account and region are missing")

    @property
    def main(self) -> Route:
        """The topic that gets whatever no exclusive route takes."""
        return self.topics[0]

    def routes_of(self, alert: Alert, environment: str | None) -> tuple[Route, ...]:
        """The topics that `alert` is for, the main one first; never empty. `environment` is the account's."""
        taken = tuple(route for route in self.topics[1:] if route.takes(alert, environment))
        if any(route.exclusive for route in taken):
            return taken
        return (self.main, *taken)

    def level_of(
        self, level: str, account: str, environment: str | None, rule_id: str, tags: Iterable[str]
    ) -> str:
        """The level that counts, where the rule says `level`: the last override that applies wins."""
        known = tuple(tags)
        for override in reversed(self.levels):
            if override.applies(account, environment, rule_id, known):
                return override.changed(level)
        return level

    def adjusted(self, alert: Alert, names: Mapping[str, AccountInfo]) -> Alert:
        """The alert, at the level that counts; `names` say of which environment its account is."""
        environment = names.get(alert.account, AccountInfo()).environment
        level = self.level_of(alert.level, alert.account, environment, alert.rule_id, alert.tags)
        return alert if level == alert.level else replace(alert, level=level)

    def names(self) -> Mapping[str, AccountInfo]:
        """Names and environments by account id, as the settings have them."""
        return {
            account: AccountInfo(said.name or None, said.environment or None)
            for account, said in self.accounts.items()
        }


def load_alerting(data: bytes) -> Alerting:
    """Read what `dump_alerting` wrote. Raises `SettingsError`."""
    try:
        return msgspec.json.decode(data, type=Alerting)
    except (msgspec.MsgspecError, ValueError) as error:
        raise SettingsError([f"the file alerting.json of this function: {error}; deploy again"]) from error


def dump_alerting(alerting: Alerting) -> bytes:
    """JSON, the same to the byte for the same content."""
    return msgspec.json.format(msgspec.json.encode(alerting, order="deterministic"), indent=1) + b"\n"


def _met(wanted: tuple[str, ...], value: str | None) -> bool:
    if not wanted:
        return True
    return value is not None and value.casefold() in {one.casefold() for one in wanted}


def _tagged(wanted: tuple[str, ...], tags: Iterable[str]) -> bool:
    if not wanted:
        return True
    held = [tag.casefold() for tag in tags]
    return any(_like(tag, pattern.casefold()) for pattern in wanted for tag in held)


def _like(tag: str, pattern: str) -> bool:
    return tag.startswith(pattern[:-1]) if pattern.endswith("*") else tag == pattern


def _check_levels(names: Iterable[str]) -> None:
    for name in names:
        if name not in _LEVELS:
            raise ValueError(f"{name!r} is no level: {', '.join(_LEVELS)}")


def _rank(level: str) -> int:
    """A level's place among Sigma's; what is none of them stands below all."""
    return _LEVELS.index(level) if level in _LEVELS else -1
