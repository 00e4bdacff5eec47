"""What is told besides the first message of an alert: what came after it, storms, and that all is well.

`messages` renders each of these; `state` keeps them; nothing here reads or writes.
"""

from dataclasses import dataclass
from enum import StrEnum

from trailwarden.alerts.model import Alert
from trailwarden.alerts.variety import Variety


class Reason(StrEnum):
    """Why an alert is told (again)."""

    OPENED = "opened"
    """Its first match."""
    GREW = "grew"
    """It counts ten times what was told last."""
    QUIET = "quiet"
    """Nothing came for its quiet time: this is what had not been told yet."""
    CHANGED = "changed"
    """It had been acknowledged, and changed character: a new address, a new action."""
    RECOUNTED = "recounted"
    """Late records took some of its events back, which messages had counted: this is what is left, and what
    came since."""


@dataclass(frozen=True, slots=True)
class FollowUp:
    """What is told of an alert after its first message. `total` counts all of its events, `more` those that
    no message has counted yet (at most so many of one that is `RECOUNTED`); the times are of the first and
    last event of `total` (RFC 3339, UTC). `at_least`: there are more of them than both say.

    `changes` say what is new about an acknowledged alert, in words of data: `address 203.0.113.7`,
    `action DeleteTrail`; `acknowledged_by` and `acknowledged_at` who had acknowledged it, and when.
    """

    reason: Reason
    total: int
    more: int
    first_event_time: str | None
    last_event_time: str | None
    changes: tuple[str, ...] = ()
    acknowledged_by: str = ""
    acknowledged_at: str = ""
    at_least: bool = False
    variety: Variety | None = None
    """What differs among all of its events; None where nobody looked."""


@dataclass(frozen=True, slots=True)
class HeldGroup:
    """What one rule did in one account by all actors, whether rows name them or not. `actors` is exact, or
    `actors_at_least`."""

    alerts: int
    messages: int
    actors: int
    actors_at_least: bool
    first_event_time: str | None
    last_event_time: str | None


@dataclass(frozen=True, slots=True)
class HeldRow:
    """What one rule did in one account by one actor while messages were held back. `alerts` counts alerts,
    `messages` the messages that were not sent one by one (first ones and follow-ups); the times are of
    the first and last event among them. `owner` and `tactics` (ATT&CK's, as `attack.tactics` gives them) are
    the rule's: by them subscriptions filter."""

    rule_id: str
    rule_title: str
    level: str
    account: str
    actor: str
    alerts: int
    messages: int
    first_event_time: str | None
    last_event_time: str | None
    owner: str = ""
    tactics: tuple[str, ...] = ()
    protected: bool = False
    """Whether the rule is protected."""
    group: HeldGroup | None = None
    """What the rule did in the account by all actors; None if the rows are all."""


@dataclass(frozen=True, slots=True)
class HeldAccount:
    """What was held back of one account: its worst level, how many alerts and messages, of how many rules."""

    account: str
    level: str
    alerts: int
    messages: int
    rules: int


@dataclass(frozen=True, slots=True)
class Covered:
    """Every value, of all messages that a summary covers, of what subscriptions filter by; `levels` from the
    worst. Environments follow from the accounts."""

    levels: tuple[str, ...]
    reasons: tuple[str, ...]
    rule_ids: tuple[str, ...]
    accounts: tuple[str, ...]
    regions: tuple[str, ...]
    owners: tuple[str, ...]
    tactics: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StormSummary:
    """What was held back in one hour, since there was more than the budgets allow.

    `hour` is `2026-03-01T12` (UTC, of telling, not of the events); `level` the worst one held; `rows` the
    worst and largest first, one of each rule in each account before others of them; `rows_left_out` is how
    many more there are. `final`: the hour is over. `messages`
    and `alerts` count everything held in the hour, `rules`, `accounts`, `actors` how many different ones.
    `titles`: sentences of a few held alerts of the worst level.
    """

    hour: str
    number: int
    """Which summary of that hour this is, from 1."""
    final: bool
    level: str
    alerts: int
    messages: int
    rules: int
    accounts: int
    actors: int
    rows: tuple[HeldRow, ...]
    rows_left_out: int
    titles: tuple[str, ...]
    rule_budget: int
    """How many messages a rule may send in an hour, and all rules together."""
    overall_budget: int
    covered: Covered | None = None
    """What subscriptions filter by; None leaves it to the rows."""
    account_rows: tuple[HeldAccount, ...] = ()
    """Every account that it covers, the worst and largest first."""
    part: int = 1
    parts: int = 1
    """A summary that does not fit into one message, or covers messages with different attributes, has
    several: the numbers are those of this one, but for `actors`."""
    unread: int = 0
    """How many more messages were held back, which there was no time to count."""
    brief: bool = False
    """Without rows and titles, since it could not be written or sent in full."""
    split: bool = False
    """Its one account did not fit into one part: others of it have the same counts, and other rules, regions
    or reasons."""
    accounts_left_out: int = 0
    """How many accounts there was no room for at all."""
    groups: int = 0
    """How many rules in accounts were counted; 0 if the rows are all."""
    lower_bounds: tuple[str, ...] = ()
    """The names of those numbers that say how many there are at least."""
    all_parts: tuple[int, int] | None = None
    """How many alerts and how many rules all parts have together, if there are several."""


@dataclass(frozen=True, slots=True)
class WatchedAccount:
    """An account, and what was read of it in the week; `last_event_time` is None where nothing was."""

    account: str
    records: int
    last_event_time: str | None


@dataclass(frozen=True, slots=True)
class Suppressed:
    """What the rules do not say. `hidden` counts the week's matches that exceptions hid, `worst` by
    exception, the most first. `alerting` is how many rules alert, `alerting_before` a week before,
    `alerting_least` at any time since: None where that is not known. `off`, `lowered` and `staged` count
    rules as they are now, `exceptions` those that hold now."""

    hidden: int = 0
    worst: tuple[tuple[str, int], ...] = ()
    alerting: int | None = None
    alerting_before: int | None = None
    alerting_least: int | None = None
    off: int = 0
    lowered: int = 0
    staged: int = 0
    exceptions: int = 0

    @property
    def shrank(self) -> bool:
        """Whether no rule alerts, or at some time less than half of those that did before."""
        if self.alerting == 0 or self.alerting_least == 0:
            return True
        least, before = self.alerting_least, self.alerting_before
        return least is not None and before is not None and least * 2 < before


READ_AND_SENT = "what was read and sent"
SUPPRESSED = "what is suppressed"
KEPT_QUIET = "groups kept quiet"
"""Figures of a heartbeat, by the names under which they stand among its `unknown` ones."""


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Once a week: Trailwarden is at work, and silence meant peace. Times are RFC 3339, UTC.

    `told` and `staged` count the week's alerts by level (staged ones were told to nobody), `held` those that
    only a summary told. `acknowledged` are titles of what is kept quiet, with who said so.
    """

    week: str
    """`2026-W48`."""
    since: str
    until: str
    log_files: int
    records: int
    accounts: tuple[WatchedAccount, ...]
    told: dict[str, int]
    held: int
    staged: int
    acknowledged: tuple[str, ...]
    rule_set_version: str
    suppressed: Suppressed = Suppressed()
    unknown: tuple[str, ...] = ()
    """Figures that could not be read, by name: what the others say holds without them."""
    unrecorded: tuple[str, ...] = ()
    """Accounts that no trail records, by the settings: the audit account, if it was left out."""


Told = Alert | StormSummary | Heartbeat
