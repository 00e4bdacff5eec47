"""What was held back while more came than people can read one by one: by rule, account and actor.

JSON is `trailwarden.storm/1`, described by docs/schemas/storm.schema.json. OCSF's finding classes each tell
of one finding, or of one incident; a summary of many is neither, so queues that take OCSF get the JSON too.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from trailwarden.activity.model import Context
from trailwarden.alerts.chat import notification, plain
from trailwarden.alerts.envelope import DEFAULT_BODIES, AlertMessage, Bodies, Form, enveloped
from trailwarden.alerts.layout import wrapped
from trailwarden.alerts.places import account_info, told_account
from trailwarden.alerts.telling import HeldRow, StormSummary
from trailwarden.alerts.when import clock, date
from trailwarden.safety.redact import redacted_text
from trailwarden.safety.text import harmless, one_line, shorten

SCHEMA = "trailwarden.storm/1"
LIST = "trailwarden alerts list --held"
_VALUES_AT_MOST = 100
_LEVELS = {"informational": "info"}
_COLUMN = 23
_LIMIT = 200


@dataclass(frozen=True, slots=True)
class _Room:
    """How many rows go into the JSON and the mail, how many sentences, and how long texts may be."""

    rows: int
    shown: int
    titles: int
    text: int


_ROOMS = (_Room(200, 20, 5, 300), _Room(60, 20, 5, 200), _Room(20, 10, 3, 100), _Room(5, 5, 1, 60))


def storm_message(
    summary: StormSummary,
    *,
    now: datetime | None = None,
    context: Context | None = None,
    bodies: Bodies = DEFAULT_BODIES,
) -> AlertMessage:
    """The summary in every form, cut until it fits. `now` is not needed: a storm is told by its hour."""
    del now
    message = _message(_bounded(summary, _ROOMS[0]), _ROOMS[0], context, bodies)
    for room in _ROOMS[1:]:
        if message.fits:
            break
        message = _message(_bounded(summary, room), room, context, bodies)
    return message


def _bounded(summary: StormSummary, room: _Room) -> StormSummary:
    """Secrets masked, texts and rows no longer than there is room for."""

    def safe(text: str) -> str:
        return shorten(redacted_text(text[: room.text * 8]), room.text)

    rows = tuple(
        replace(
            row,
            rule_id=safe(row.rule_id),
            rule_title=safe(row.rule_title),
            level=safe(row.level),
            account=safe(row.account),
            actor=safe(row.actor),
            owner=safe(row.owner),
            tactics=tuple(map(safe, row.tactics[:16])),
        )
        for row in summary.rows[: room.rows]
    )
    return replace(
        summary,
        level=safe(summary.level),
        rows=rows,
        rows_left_out=summary.rows_left_out + len(summary.rows) - len(rows),
        titles=tuple(map(safe, summary.titles[: room.titles])),
    )


def _message(summary: StormSummary, room: _Room, context: Context | None, bodies: Bodies) -> AlertMessage:
    storm = _Storm(summary, context)
    return enveloped(
        headline=f"[{storm.level}] {storm.headline()}",
        sms=f"{storm.level}: {storm.headline()}",
        email="\n".join(_lines(storm, room.shown)) + "\n",
        payload=_payload(storm),
        forms={Form.CHAT: _chat(storm)} if Form.CHAT in {form for _, form in bodies.protocols()} else {},
        attributes=_attributes(storm),
        bodies=bodies,
    )


@dataclass(frozen=True, slots=True)
class _Storm:
    """The summary, and how it is said."""

    summary: StormSummary
    context: Context | None

    @property
    def level(self) -> str:
        return one_line(self.summary.level.upper(), 20)

    @property
    def begins(self) -> datetime | None:
        try:
            return datetime.strptime(self.summary.hour, "%Y-%m-%dT%H").replace(tzinfo=UTC)
        except ValueError:
            return None

    def headline(self) -> str:
        """`Storm: 10,000 alerts held back: 1 rule (…), 3 accounts, 1 actor (user mallory)`."""
        summary = self.summary
        begins = self.begins
        if summary.final and begins:
            name = f"Storm, {begins:%H}:00 to {(begins.hour + 1) % 24:02}:00 UTC"
        else:
            name = "Storm goes on" if summary.number > 1 else "Storm"
        return f"{name}: {self.held()} held back, {self.by()}"

    def held(self) -> str:
        """`214 alerts`, or `1,200 messages of 214 alerts`, where follow-ups were held too."""
        alerts = _number(self.summary.alerts, "alert")
        if self.summary.messages == self.summary.alerts:
            return alerts
        return f"{_number(self.summary.messages, 'message')} of {alerts}"

    def by(self) -> str:
        """How many different rules, accounts and actors; the one, where there is one."""
        summary, rows = self.summary, self.summary.rows
        one = rows[0] if rows else None
        return ", ".join(
            _number(count, thing) + (f" ({harmless(only, 40)})" if count == 1 and only else "")
            for count, thing, only in (
                (summary.rules, "rule", one and one.rule_title),
                (summary.accounts, "account", one and one.account),
                (summary.actors, "actor", one and one.actor),
            )
        )

    def when(self) -> str:
        """`since Sun 1 March 2026, 12:00 UTC`, or, when the hour is over, from when to when."""
        begins = self.begins
        if begins is None:
            return "in this hour"
        day = date(begins.isoformat())
        if self.summary.final:
            return f"from {begins:%H}:00 to {(begins.hour + 1) % 24:02}:00 UTC on {day}"
        return f"since {begins:%H}:00 UTC on {day}"

    def account(self, row: HeldRow) -> str:
        return told_account(row.account, self.context)

    def largest(self) -> HeldRow | None:
        """A row of the rule that most of the alerts are of, where it has half of them or more."""
        counts: Counter[str] = Counter()
        for row in self.summary.rows:
            counts[row.rule_id] += row.alerts
        rule_id, number = next(iter(counts.most_common(1)), ("", 0))
        if not number or number * 2 < self.summary.alerts:
            return None
        return next(row for row in self.summary.rows if row.rule_id == rule_id)

    def advice(self) -> str:
        """What its shape hints at; what it is, only somebody who looks can say."""
        summary = self.summary
        if summary.rules > 1 and summary.actors == 1:
            return (
                "All of it is one actor under several rules: take it for an attack until you know better, "
                "and stop that actor first."
            )
        if summary.rules == 1 and summary.actors > 1:
            return (
                "All of it is one rule by many actors: perhaps the rule is wrong, perhaps many do what they "
                "should not. Look at a few before you turn it down."
            )
        return "Look at the worst first: among many harmless alerts one that matters is easily missed."


def _lines(storm: _Storm, shown: int) -> Iterator[str]:
    summary = storm.summary
    yield from wrapped(f"{storm.level}: {storm.held()} held back {storm.when()}: {storm.by()}.", "", "  ")
    yield ""
    yield from wrapped(
        "Nothing is lost: all of them are kept, and counted here instead of being told one by one.", "", "  "
    )
    yield from wrapped(storm.advice(), "", "  ")
    yield ""
    if summary.titles:
        yield "The worst of them, in their own words"
        for title in summary.titles:
            yield from wrapped(harmless(title, 400), "  - ", "    ")
        yield ""
    yield from _table(storm, shown)
    yield from _why(storm)
    yield from _what_to_do(storm)


def _table(storm: _Storm, shown: int) -> Iterator[str]:
    """Number and level in columns of their own; what, where, who and when below each other, for a phone."""
    summary = storm.summary
    if not summary.rows:
        return
    yield "What was held back, the worst and largest first"
    yield f"  {'alerts':>9}  {'level':<8}  what, where, who, when"
    indent = " " * _COLUMN
    for row in summary.rows[:shown]:
        level = harmless(_LEVELS.get(row.level, row.level), 8)
        first, *others = _cells(storm, row)
        yield from wrapped(first, f"  {row.alerts:>9,}  {level:<8}  ", indent)
        for cell in others:
            yield from wrapped(cell, indent, indent + "  ")
    left = summary.rows_left_out + max(0, len(summary.rows) - shown)
    if left:
        yield from wrapped(f"and {_number(left, 'line')} more, which the list below has too", "  ", "  ")
    yield ""


def _cells(storm: _Storm, row: HeldRow) -> Iterator[str]:
    begins = storm.begins
    yield harmless(row.rule_title, _LIMIT) or harmless(row.rule_id)
    yield harmless(storm.account(row), _LIMIT)
    yield harmless(row.actor, _LIMIT)
    first, last = clock(row.first_event_time, begins), clock(row.last_event_time, begins)
    times = f"{first.removesuffix(' UTC')} to {last}" if first and last and first != last else first or last
    messages = f"{row.messages:,} messages" if row.messages != row.alerts else ""
    more = ", ".join(part for part in (times, messages) if part)
    if more:
        yield more


def _why(storm: _Storm) -> Iterator[str]:
    summary, begins = storm.summary, storm.begins
    yield "Why single mails stopped"
    yield from wrapped(
        f"In an hour a rule sends {_number(summary.rule_budget, 'message')} at most, all rules together "
        f"{summary.overall_budget:,}. What comes above that is told in summaries like this one.",
        "  ",
        "  ",
    )
    if summary.final:
        said = "This is the last summary of that hour. The next hour has its own budget."
    else:
        end = f"{(begins.hour + 1) % 24:02}:00 UTC" if begins else "the end of the hour"
        said = f"The next comes when ten times as much was held, and the last at {end}."
    yield from wrapped(said, "  ", "  ")
    yield ""


def _what_to_do(storm: _Storm) -> Iterator[str]:
    yield "To read what was held back:"
    yield f"  {LIST}"
    largest = storm.largest()
    if largest is None:
        return
    title = harmless(largest.rule_title, 100)
    yield ""
    yield from wrapped(
        f'If the rule "{title}" is wrong, and not the world: in your own rule, set the status to "test"; it '
        "then counts, and tells nobody. A rule that ships is turned down by a file in your rules' folder:",
        "",
        "  ",
    )
    yield "  title: Turned down while it is being mended"
    yield "  override:"
    yield f"    rules: [{one_line(largest.rule_id, 60)}]"
    yield "    enabled: false"
    yield "  trailwarden: {owner: your team, reason: why it is wrong}"
    yield "Then publish:"
    yield "  trailwarden rules publish"


def _payload(storm: _Storm) -> dict[str, Any]:
    summary = storm.summary
    return {
        "schema": SCHEMA,
        "hour": summary.hour,
        "number": summary.number,
        "final": summary.final,
        "level": summary.level,
        "alerts": summary.alerts,
        "messages": summary.messages,
        "rules": summary.rules,
        "accounts": summary.accounts,
        "actors": summary.actors,
        "titles": list(summary.titles),
        "rows": [_row(storm, row) for row in summary.rows],
        "rows_left_out": summary.rows_left_out,
        "rule_budget": summary.rule_budget,
        "overall_budget": summary.overall_budget,
    }


def _row(storm: _Storm, row: HeldRow) -> dict[str, Any]:
    info = account_info(row.account, storm.context)
    return {
        "rule_id": row.rule_id,
        "rule_title": row.rule_title,
        "level": row.level,
        "account": row.account,
        "account_name": info.name,
        "environment": info.environment,
        "actor": row.actor,
        "alerts": row.alerts,
        "messages": row.messages,
        "first_event_time": row.first_event_time,
        "last_event_time": row.last_event_time,
        "owner": row.owner,
        "tactics": list(row.tactics),
    }


def _chat(storm: _Storm) -> dict[str, Any]:
    summary = storm.summary
    lines = [f"{plain(storm.held())} held back {storm.when()}: {plain(storm.by())}.", plain(storm.advice())]
    lines += ["", *(f"- {plain(title, 300)}" for title in summary.titles), ""] if summary.titles else [""]
    lines += [
        f"{row.alerts:,} x {plain(row.rule_title)}, {plain(storm.account(row))}, {plain(row.actor)}"
        for row in summary.rows[:10]
    ]
    return notification(
        identity=f"storm-{summary.hour}-{summary.number}",
        thread=f"storm-{summary.hour}",
        level=summary.level,
        title=storm.headline(),
        summary=storm.headline(),
        lines=lines,
        steps=[f"Read what was held back: {LIST}"],
        keywords=["storm", summary.level],
        kind="trailwarden-storm",
        known={"hour": summary.hour, "severity": summary.level, "alerts": str(summary.alerts)},
    )


def _attributes(storm: _Storm) -> dict[str, str | tuple[str, ...]]:
    """Of accounts, rules, owners and tactics each that has something in it: whoever asked for one of them
    would have got its alerts, and so gets their summary."""
    rows = storm.summary.rows
    environments = (account_info(row.account, storm.context).environment or "" for row in rows)
    return {
        "severity": storm.summary.level,
        "reason": "storm",
        "rule_id": _several(row.rule_id for row in rows),
        "account": _several(row.account for row in rows),
        "environment": _several(environments),
        "owner": _several(row.owner for row in rows),
        "tactic": _several(tactic for row in rows for tactic in row.tactics),
    }


def _several(values: Iterable[str]) -> tuple[str, ...]:
    known = dict.fromkeys(one_line(value) for value in values if value)
    return tuple(known)[:_VALUES_AT_MOST]


def _number(count: int, thing: str) -> str:
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"
