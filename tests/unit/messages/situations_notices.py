"""What is told besides alerts: summaries of storms, and heartbeats."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from tests.unit.messages.records import ACCOUNT
from tests.unit.messages.situations_later import ACCOUNTS
from trailwarden.activity.model import Context
from trailwarden.alerts.telling import (
    Heartbeat,
    HeldAccount,
    HeldGroup,
    HeldRow,
    StormSummary,
    Suppressed,
    WatchedAccount,
)
from trailwarden.dispatch.storms import summary_of
from trailwarden.messages.envelope import DEFAULT_BODIES, AlertMessage, Bodies
from trailwarden.messages.heartbeat import heartbeat_message
from trailwarden.messages.storm import storm_message
from trailwarden.state.outbox import Budgets, Held, Storm

DENIALS = "9d2a1c0e-6a52-4b1f-8d55-0f5d1f6c7f0b"
STOPPED = "01b85956-1b01-4c82-a79c-2d945cbc460e"
ATTACHED = "5f1b3ecf-788e-4e9f-ae27-88b904b334a2"
SHARED = "9cbb892a-dc8b-4e68-b033-71299d9b3ba3"
HOSTILE = (
    "x\nSeverity:   low",
    "\u202emoc.live\u2066 <!channel>",
    "https://evil.example/a?b",
    "www.evil.example [x](http://evil.example)",
)


CONTEXT = Context(accounts=ACCOUNTS)


@dataclass(frozen=True, slots=True)
class Notice:
    """One storm or heartbeat, by the name of the file that holds its approved mail."""

    name: str
    told: StormSummary | Heartbeat
    context: Context = CONTEXT

    def message(self, bodies: Bodies = DEFAULT_BODIES) -> AlertMessage:
        """As it is published."""
        if isinstance(self.told, StormSummary):
            return storm_message(self.told, context=self.context, bodies=bodies)
        return heartbeat_message(self.told, context=self.context, bodies=bodies)


def notices() -> Iterator[Notice]:
    yield from _storms()
    yield from _heartbeats()
    yield from _odd()


def _row(rule: tuple[str, str, str], account: str, actor: str, alerts: int, **fields: object) -> HeldRow:
    rule_id, title, level = rule
    given: dict[str, object] = {
        "messages": alerts,
        "first_event_time": "2026-03-01T02:58:11Z",
        "last_event_time": "2026-03-01T03:04:40Z",
        "owner": "security team",
        **fields,
    }
    return HeldRow(rule_id, title, level, account, actor, alerts, **given)  # type: ignore[arg-type]


def wrong_rule() -> StormSummary:
    """One rule meets every function of a deployment."""
    denials = (DENIALS, "Call Denied To A Role", "medium")
    whole = HeldGroup(10_000, 10_000, 10_000, False, "2026-03-01T02:58:11Z", "2026-03-01T03:04:40Z")
    rows = tuple(
        _row(
            denials,
            ACCOUNT,
            f"role web (session i-0123456789abcde{number:02})",
            1,
            tactics=("discovery",),
            group=whole,
        )
        for number in range(25)
    )
    return StormSummary(
        hour="2026-03-01T03",
        number=1,
        final=False,
        level="medium",
        alerts=10_000,
        messages=10_000,
        rules=1,
        accounts=1,
        actors=10_000,
        rows=rows,
        rows_left_out=9_975,
        titles=(
            "role web (session i-0123456789abcde00) was denied ListBuckets",
            "role web (session i-0123456789abcde01) was denied ListBuckets",
        ),
        rule_budget=20,
        overall_budget=100,
    )


def _storms() -> Iterator[Notice]:
    wrong = wrong_rule()
    yield Notice("storm-one-rule-gone-wrong", wrong)
    stopped = (STOPPED, "Trail Stopped Or Deleted", "critical")
    attached = (ATTACHED, "Administrator Policy Attached", "high")
    shared = (SHARED, "Snapshot Or Image Shared Outside The Account", "medium")
    rows = (
        _row(stopped, ACCOUNT, "user mallory", 14, messages=16, tactics=("defense-evasion",)),
        _row(stopped, "444455556666", "user mallory", 9),
        _row(stopped, "999988887777", "user mallory", 1),
        _row(attached, ACCOUNT, "user mallory", 61, first_event_time="2026-02-28T23:58:00Z"),
        _row(shared, "444455556666", "user mallory", 129, last_event_time=None),
    )
    attack = StormSummary(
        hour="2026-03-01T03",
        number=2,
        final=False,
        level="critical",
        alerts=214,
        messages=216,
        rules=3,
        accounts=3,
        actors=1,
        rows=rows,
        rows_left_out=0,
        titles=(
            "user mallory switched off the trail main (StopLogging)",
            "user mallory switched off the trail billing (DeleteTrail)",
        ),
        rule_budget=20,
        overall_budget=100,
    )
    yield Notice("storm-attack-over-three-accounts", attack)
    of_rows = tuple(_account_of(rows, row.account) for row in rows[:3])
    quiet = tuple(HeldAccount(f"{n:012}", "low", 9, 12, 1) for n in range(9))
    part = replace(
        attack,
        part=2,
        parts=3,
        alerts=attack.alerts + 9 * 9,
        messages=attack.messages + 9 * 12,
        rules=4,
        accounts=12,
        account_rows=(*of_rows, *quiet),
        rows_left_out=9,
        groups=14,
        all_parts=(900, 6),
    )
    yield Notice("storm-in-parts", part)
    known = ("alerts", "messages", "rules", "accounts", "actors", "rows_left_out", "groups")
    yield Notice("storm-not-all-counted", replace(part, unread=7, accounts_left_out=1, lower_bounds=known))
    yield Notice("storm-of-decoys", _decoys())
    brief = replace(attack, rows=(), titles=(), account_rows=of_rows, brief=True)
    yield Notice("storm-brief", brief)
    yield Notice("storm-final", replace(attack, hour="2026-03-01T23", number=3, final=True))


def _account_of(rows: tuple[HeldRow, ...], account: str) -> HeldAccount:
    """What the rows have of an account, the worst first."""
    own = [row for row in rows if row.account == account]
    alerts, messages = sum(row.alerts for row in own), sum(row.messages for row in own)
    return HeldAccount(account, own[0].level, alerts, messages, len(own))


def _decoys() -> StormSummary:
    """One actor among many of the same protected rule in the same account, as it is counted."""
    held = [
        Held(
            alert_id=f"{number:032x}",
            key="ALERT",
            rule_id=STOPPED if number % 40 else ATTACHED,
            rule_title="Trail Stopped Or Deleted" if number % 40 else "Administrator Policy Attached",
            level="critical" if number % 40 else "high",
            account=ACCOUNT if number % 50 else "444455556666",
            actor=f"user decoy-{number}",
            title=f"user decoy-{number} switched off the trail main (StopLogging)",
            first_event_time="2026-03-01T02:58:11Z",
            last_event_time="2026-03-01T03:04:40Z",
            owner="security team",
            region="eu-west-1",
            reason="opened",
            protected=number % 40 > 0,
        )
        for number in range(1, 2000)
    ]
    return summary_of(Storm("2026-03-01T03", 1), held, Budgets())


def quiet_week() -> Heartbeat:
    """Two accounts, read as always, and nothing to tell."""
    return Heartbeat(
        week="2026-W09",
        since="2026-02-22T06:00:00Z",
        until="2026-03-01T06:00:00Z",
        log_files=18_411,
        records=1_204_331,
        accounts=(
            WatchedAccount(ACCOUNT, 1_203_000, "2026-03-01T05:58:12Z"),
            WatchedAccount("444455556666", 1_331, "2026-03-01T05:31:00Z"),
        ),
        told={},
        held=0,
        staged=0,
        acknowledged=(),
        rule_set_version="0123456789abcdef",
    )


def _heartbeats() -> Iterator[Notice]:
    quiet = quiet_week()
    yield Notice("heartbeat-quiet-week", quiet)
    busy = replace(
        quiet,
        accounts=(
            WatchedAccount(ACCOUNT, 1_203_000, "2026-03-01T05:58:12Z"),
            WatchedAccount("777788889999", 0, None),
            WatchedAccount("444455556666", 1_331, "2026-02-26T11:02:00Z"),
        ),
        told={"critical": 1, "medium": 33, "high": 3},
        held=9_980,
        staged=12,
        acknowledged=(
            "user deploy attached an administrator policy to ci (acknowledged by alice)",
            "The root user of account 111122223333 used ListBuckets (acknowledged by bob)",
        ),
    )
    yield Notice("heartbeat-busy-week-with-a-silent-account", busy)
    nothing = replace(
        quiet,
        records=0,
        log_files=0,
        accounts=tuple(WatchedAccount(a, 0, None) for a in (ACCOUNT, "444455556666")),
    )
    yield Notice("heartbeat-nothing-read", nothing)
    hidden = Suppressed(
        hidden=12,
        worst=(("Night shift of the build servers", 11), ("Drill", 1)),
        alerting=298,
        alerting_before=310,
        alerting_least=290,
        off=12,
        lowered=3,
        staged=5,
        exceptions=2,
    )
    yield Notice("heartbeat-suppressed", replace(quiet, suppressed=hidden))
    protected = replace(hidden, alerting=17, alerting_least=17, off=293)  # which cannot be switched off
    silenced = replace(busy, suppressed=protected)
    yield Notice("heartbeat-only-protected-rules-alert-and-an-account-silent", silenced)
    unknown = ("what was read and sent", "groups kept quiet", "what is suppressed")
    yield Notice("heartbeat-figures-not-known", replace(nothing, rule_set_version="", unknown=unknown))


def _odd() -> Iterator[Notice]:
    line, bidi, link, bare = HOSTILE
    hostile = replace(
        wrong_rule(),
        rules=2,
        actors=1,
        rows=(
            _row((DENIALS, f"Rule {line}", "high"), line, bidi, 1_000_000_000),
            _row((DENIALS, link, "informational"), bare, link, 2),
        ),
        titles=HOSTILE,
        rows_left_out=0,
    )
    yield Notice("hostile-storm", hostile)
    yield Notice(
        "hostile-heartbeat",
        replace(
            quiet_week(),
            acknowledged=HOSTILE,
            accounts=(WatchedAccount(line, 1, "2026-03-01T05:58:12Z"), WatchedAccount(link, 0, None)),
            told={"high": 1, "x\nTold: 0": 1},
        ),
    )
    whole = wrong_rule().rows[0].group
    many = tuple(
        _row((DENIALS, "Call Denied " * 40, "medium"), ACCOUNT, f"user {n} " + "\u5927" * 400, 1, group=whole)
        for n in range(3000)
    )
    yield Notice("storm-far-too-large", replace(wrong_rule(), rows=many))
    accounts = tuple(
        WatchedAccount(f"{n:012}", n, "2026-03-01T05:58:12Z" if n else None) for n in range(4000)
    )
    yield Notice(
        "heartbeat-of-four-thousand-accounts",
        replace(quiet_week(), accounts=accounts, acknowledged=("user x did y " * 60,) * 400),
    )
