"""Once a week: Trailwarden is at work, what it read of each account, and what it told.

Its first sentence says that all is well only if that is known: rules that were silenced come before
everything else, then accounts of which nothing was read. Figures that could not be read are not claimed.
JSON is `trailwarden.heartbeat/1`, described by docs/schemas/heartbeat.schema.json.
OCSF has no class for a sign of life among its findings, so queues that take OCSF get the JSON too.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from trailwarden.activity.model import Context
from trailwarden.alerts.telling import (
    KEPT_QUIET,
    READ_AND_SENT,
    SUPPRESSED,
    Heartbeat,
    Suppressed,
    WatchedAccount,
)
from trailwarden.messages.chat import notification, plain
from trailwarden.messages.envelope import DEFAULT_BODIES, AlertMessage, Bodies, enveloped, first_that_fits
from trailwarden.messages.form import Form
from trailwarden.messages.layout import counted, fact, more, wrapped
from trailwarden.messages.places import account_info, told_account
from trailwarden.messages.when import clock, date, parsed, spoken
from trailwarden.safety.text import harmless, shorten

SCHEMA = "trailwarden.heartbeat/1"
SEVERITY = "heartbeat"
_LEVELS = ("critical", "high", "medium", "low", "informational")
_LATE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Room:
    """How many accounts go into the JSON and the mail, how many titles, and how long texts may be."""

    accounts: int
    shown: int
    titles: int
    text: int


_ROOMS = (_Room(500, 50, 20, 300), _Room(200, 50, 20, 200), _Room(50, 20, 5, 100), _Room(10, 10, 1, 60))


def heartbeat_message(
    heartbeat: Heartbeat,
    *,
    context: Context | None = None,
    bodies: Bodies = DEFAULT_BODIES,
) -> AlertMessage:
    """The heartbeat in every form, cut until it fits."""
    return first_that_fits(_message(_bounded(heartbeat, room), room, context, bodies) for room in _ROOMS)


@dataclass(frozen=True, slots=True)
class _Week:
    """The heartbeat, and how it is said; `accounts`, `silent` (nothing was read) and `late` (nothing for a
    day or more) count all, shown or not."""

    heartbeat: Heartbeat
    context: Context | None
    accounts: int
    silent: int
    late: int
    acknowledged: int

    def of_accounts(self, count: int) -> str:
        """`3 accounts`; `1 of 3 accounts` where `count` is not all of them."""
        all_of_them = f"{self.accounts:,} {'account' if self.accounts == 1 else 'accounts'}"
        return all_of_them if count == self.accounts else f"{count:,} of {all_of_them}"

    @property
    def known(self) -> bool:
        """Whether it is known what was read and sent."""
        return READ_AND_SENT not in self.heartbeat.unknown

    @property
    def told(self) -> int:
        return sum(self.heartbeat.told.values())

    def alerts(self) -> str:
        return counted(self.told, "alert") if self.told else "no alert"

    @property
    def suppressed(self) -> Suppressed:
        return self.heartbeat.suppressed

    def silenced(self) -> str:
        """`MOST RULES WERE SILENCED`, where so few of them alert that quiet says nothing; else empty."""
        if not self.suppressed.shrank:
            return ""
        return "NO RULE ALERTS" if self.suppressed.alerting == 0 else "MOST RULES WERE SILENCED"

    def hidden(self) -> str:
        """`12 matches hidden by exceptions`; empty where none was."""
        hidden = self.suppressed.hidden
        return f"{hidden:,} {'match' if hidden == 1 else 'matches'} hidden by exceptions" if hidden else ""

    def rules(self) -> str:
        """`298 rules alert (310 a week before, 12 at the least); 12 switched off, 3 lowered, 5 on trial`."""
        of = self.suppressed
        known = [
            f"{of.alerting_before:,} a week before" if of.alerting_before not in (None, of.alerting) else "",
            f"{of.alerting_least:,} at the least"
            if of.alerting_least not in (None, of.alerting, of.alerting_before)
            else "",
        ]
        said = ", ".join(filter(None, known))
        count = f"{of.alerting:,} {'rule alerts' if of.alerting == 1 else 'rules alert'}"
        return (
            f"{count}{f' ({said})' if said else ''}; {of.off:,} switched off, {of.lowered:,} lowered, "
            f"{of.staged:,} on trial, {counted(of.exceptions, 'exception')}"
        )

    def headline(self) -> str:
        """The subject: first what makes quiet mean nothing, then what was read and sent."""
        week = f"in the week to {date(self.heartbeat.until)}"
        said = f"; {self.said()}"
        if self.silenced():
            return f"{self.silenced()} {week}{said}"
        if not self.known:
            return f"Trailwarden runs, but what it read and told {week} is not known"
        if not self.heartbeat.records:
            return f"NOTHING WAS READ {week}: Trailwarden sees nothing"
        if self.silent:
            return f"NOTHING WAS READ from {self.of_accounts(self.silent)} {week}{said}"
        if self.heartbeat.unknown:
            return f"Trailwarden runs, but not all of its figures could be read {week}{said}"
        seen = f"{self.of_accounts(self.accounts)} read" if self.accounts else "log files read"
        if self.late:
            seen += f" ({self.late:,} not lately)"
        hidden = f", {self.suppressed.hidden:,} hidden" if self.suppressed.hidden else ""
        return f"Trailwarden is at work: {seen}, {self.alerts()} told{hidden} {week}"

    def said(self) -> str:
        """`37 alerts told`, and before it what else is wrong, if rules were silenced as well."""
        if not self.known:
            return "what it read and told is not known"
        told = f"{self.alerts()} told"
        if self.silenced() and not self.heartbeat.records:
            return "NOTHING WAS READ"
        if self.silenced() and self.silent:
            return f"NOTHING WAS READ from {self.of_accounts(self.silent)}; {told}"
        return told

    def sentence(self) -> str:
        """What the week was like, and no more than is known of it."""
        return ". ".join(self._sentences())

    def _sentences(self) -> Iterator[str]:
        beat = self.heartbeat
        week = f"In the week to {spoken(beat.until)}"
        if self.silenced():
            yield f"{self.silenced()}: quiet says little"
        if not self.known:
            week = f"in the week to {spoken(beat.until)}"
            yield f"Trailwarden runs, but what it read and told {week} is not known"
        elif not beat.records:
            yield "NOTHING WAS READ"
            yield f"{week} not one record reached Trailwarden: its silence means nothing"
        elif self.silent:
            yield f"NOTHING WAS READ from {self.of_accounts(self.silent)}: what happened there is not known"
            read = counted(beat.records, "record")
            yield f"{week} Trailwarden read {read} of the rest, and told {self.alerts()}{self._quiet()}"
        else:
            if not self.silenced():
                runs = "Trailwarden runs, but not all of its figures could be read"
                yield runs if beat.unknown else "Trailwarden is at work"
            read = counted(beat.records, "record")
            of = f" of {self.of_accounts(self.accounts)}" if self.accounts else ""
            yield f"{week} it read {read}{of}, and told {self.alerts()}{self._quiet()}"
            if self.late:
                yield f"From {self.of_accounts(self.late)} nothing came for a day or more"
        if beat.unrecorded:
            yield f"Nobody records {self.unrecorded()}: what is done to Trailwarden itself is not seen"
        if beat.unknown:
            missing = ", ".join(harmless(name, 40) for name in beat.unknown[:10])
            yield f"Could not be read: {missing}; see the log of tend_alerts"

    def unrecorded(self) -> str:
        """`the audit account 111122223333`."""
        return "the audit account " + " and ".join(map(self.of_account, self.heartbeat.unrecorded))

    def _quiet(self) -> str:
        """What to make of it that nothing was told."""
        if self.suppressed.hidden:
            return f", with {self.hidden()}"
        beat = self.heartbeat
        doubted = (
            self.told or beat.held or self.acknowledged or self.silenced() or self.silent or beat.unknown
        )
        return "" if doubted else ": no rule that is live met anything"

    def levels(self) -> str:
        """`1 critical, 3 high`; levels that nobody knows last."""
        told = self.heartbeat.told
        names = [
            *(name for name in _LEVELS if told.get(name)),
            *(name for name in told if name not in _LEVELS),
        ]
        return ", ".join(f"{told[name]:,} {harmless(name, 20)}" for name in names if told[name])

    def account(self, watched: WatchedAccount) -> str:
        return self.of_account(watched.account)

    def of_account(self, account: str) -> str:
        return harmless(told_account(account, self.context), 200)


def _bounded(heartbeat: Heartbeat, room: _Room) -> Heartbeat:
    """Accounts of which nothing was read first, then those that fell silent, then as they came; none if it is
    not known what was read. Texts are no longer than there is room for."""

    def safe(text: str) -> str:
        return shorten(text, room.text)

    ordered = sorted(
        () if READ_AND_SENT in heartbeat.unknown else heartbeat.accounts,
        key=lambda watched: (not _is_silent(watched), not _is_late(watched, heartbeat.until)),
    )
    return replace(
        heartbeat,
        accounts=tuple(replace(watched, account=safe(watched.account)) for watched in ordered),
        told={safe(name): number for name, number in list(heartbeat.told.items())[:20]},
        acknowledged=tuple(map(safe, heartbeat.acknowledged)),
        rule_set_version=safe(heartbeat.rule_set_version),
        suppressed=replace(
            heartbeat.suppressed,
            worst=tuple((safe(title), count) for title, count in heartbeat.suppressed.worst[: room.titles]),
        ),
    )


def _message(heartbeat: Heartbeat, room: _Room, context: Context | None, bodies: Bodies) -> AlertMessage:
    week = _Week(
        replace(
            heartbeat,
            accounts=heartbeat.accounts[: room.accounts],
            acknowledged=heartbeat.acknowledged[: room.titles],
        ),
        context,
        accounts=len(heartbeat.accounts),
        silent=sum(_is_silent(watched) for watched in heartbeat.accounts),
        late=sum(_is_late(watched, heartbeat.until) for watched in heartbeat.accounts),
        acknowledged=len(heartbeat.acknowledged),
    )
    return enveloped(
        headline=f"[{SEVERITY.upper()}] {week.headline()}",
        sms=f"{SEVERITY.upper()}: {week.headline()}",
        email="\n".join(_lines(week, room.shown)) + "\n",
        payload=_payload(week),
        forms={Form.CHAT: _chat(week)} if Form.CHAT in {form for _, form in bodies.protocols()} else {},
        attributes={"severity": SEVERITY, "reason": "heartbeat"},
        bodies=bodies,
    )


def _is_silent(watched: WatchedAccount) -> bool:
    return watched.last_event_time is None


def _is_late(watched: WatchedAccount, until: str) -> bool:
    end, last = parsed(until), parsed(watched.last_event_time)
    return bool(end and last and end - last >= _LATE)


def _lines(week: _Week, shown: int) -> Iterator[str]:
    beat = week.heartbeat
    yield from wrapped(f"{week.sentence()}.", "", "  ")
    yield ""
    yield from _what_to_do(week, shown)
    yield from fact("Week", f"from {spoken(beat.since)}")
    yield from more(f"to {spoken(beat.until)}")
    yield from _read_and_told(week)
    if week.suppressed.hidden:
        yield from fact("Hidden", week.hidden())
        for title, count in week.suppressed.worst:
            yield from more(f"{count:,} by {harmless(title, 140)}")
    if week.suppressed.alerting is not None:
        yield from fact("Rules", week.rules())
    elif SUPPRESSED in beat.unknown:
        yield from fact("Rules", "not known, nor what exceptions hid")
    if KEPT_QUIET in beat.unknown:
        yield from fact("Kept quiet", "not known")
    for number, title in enumerate(beat.acknowledged):
        yield from fact("Kept quiet", harmless(title, 140)) if number == 0 else more(harmless(title, 140))
    if week.acknowledged > len(beat.acknowledged):
        yield from more(f"and {week.acknowledged - len(beat.acknowledged):,} more")
    yield from fact("Rule set", harmless(beat.rule_set_version) if beat.rule_set_version else "not known")
    yield ""
    yield from _accounts(week, shown)
    yield from wrapped(
        "This mail comes once a week. If it fails to come, nobody watches: look at the alarms of Trailwarden "
        "in the audit account.",
        "",
        "  ",
    )


def _read_and_told(week: _Week) -> Iterator[str]:
    beat = week.heartbeat
    if not week.known:
        yield from fact("Read", "not known")
        yield from fact("Told", "not known")
        return
    yield from fact("Read", f"{counted(beat.records, 'record')} in {counted(beat.log_files, 'log file')}")
    yield from fact("Told", week.alerts() + (f": {week.levels()}" if week.told else ""))
    if beat.held:
        yield from fact("Held back", f"{counted(beat.held, 'alert')}, told in summaries alone")
    if beat.staged:
        staged = counted(beat.staged, "alert")
        yield from fact("On trial", f"{staged} of rules that are not live yet, told to nobody")


_SILENCED_STEPS = (
    "Who took the rules away, and when?\ntrailwarden rules history --changes",
    "Which rules alert now?\ntrailwarden rules status",
    "If nobody can say why, go back to the last one from before:\ntrailwarden rules rollback NUMBER",
)
"""A line each of what to do, and the command that does it."""
_UNREAD_STEPS = (
    (
        "Is the trail of the account there, and does it log? In the account, CloudTrail's console shows it "
        "under Trails, with the time of the last log file."
    ),
    "If it delivers, check whether Trailwarden's alarms say that log files are not read.",
    (
        "An account that is closed, or in which nobody does anything, has nothing to read: take it out of "
        "the settings."
    ),
)


def _steps(week: _Week) -> tuple[str, ...]:
    unread = week.known and (not week.heartbeat.records or week.silent)
    return (_SILENCED_STEPS if week.silenced() else ()) + (_UNREAD_STEPS if unread else ())


def _what_to_do(week: _Week, shown: int) -> Iterator[str]:
    silent = [watched for watched in week.heartbeat.accounts if _is_silent(watched)]
    if silent:
        yield "Nothing was read from"
        for watched in silent[:shown]:
            yield from wrapped(week.account(watched), "  ", "    ")
        if week.silent > len(silent[:shown]):
            yield f"  and {week.silent - len(silent[:shown]):,} more"
        yield ""
    steps = _steps(week)
    if steps:
        yield "Check first"
        for number, step in enumerate(steps, 1):
            text, *commands = step.split("\n")
            yield from wrapped(text, f"  {number}. ", "     ")
            yield from (f"     {command}" for command in commands)
        yield ""


def _accounts(week: _Week, shown: int) -> Iterator[str]:
    heard = [watched for watched in week.heartbeat.accounts if not _is_silent(watched)]
    if not heard:
        return
    yield "What was read"
    for watched in heard[:shown]:
        yield from wrapped(week.account(watched), "  ", "    ")
        late = _is_late(watched, week.heartbeat.until)
        said = f"{counted(watched.records, 'record')}, the last of {clock(watched.last_event_time)}"
        yield from wrapped(said + (": nothing since" if late else ""), "      ", "      ")
    left = week.accounts - week.silent - len(heard[:shown])
    if left > 0:
        yield f"  and {counted(left, 'more account')}"
    yield ""


def _payload(week: _Week) -> dict[str, Any]:
    beat = week.heartbeat
    return {
        "schema": SCHEMA,
        "week": beat.week,
        "since": beat.since,
        "until": beat.until,
        "log_files": beat.log_files,
        "records": beat.records,
        "silent_accounts": week.silent,
        "accounts": [_account(week, watched) for watched in beat.accounts],
        "accounts_left_out": week.accounts - len(beat.accounts),
        "told": dict(beat.told),
        "held": beat.held,
        "staged": beat.staged,
        "acknowledged": list(beat.acknowledged),
        "acknowledged_left_out": week.acknowledged - len(beat.acknowledged),
        "rule_set_version": beat.rule_set_version,
        "suppressed": _suppressed(beat.suppressed),
        "unrecorded_accounts": list(beat.unrecorded),
        "unknown": list(beat.unknown[:10]),
    }


def _suppressed(of: Suppressed) -> dict[str, Any]:
    return {
        "matches_hidden": of.hidden,
        "hidden_by": [{"title": title, "matches": count} for title, count in of.worst],
        "rules_alerting": of.alerting,
        "rules_alerting_before": of.alerting_before,
        "rules_alerting_least": of.alerting_least,
        "rules_off": of.off,
        "rules_lowered": of.lowered,
        "rules_staged": of.staged,
        "exceptions": of.exceptions,
    }


def _account(week: _Week, watched: WatchedAccount) -> dict[str, Any]:
    info = account_info(watched.account, week.context)
    return {
        "account": watched.account,
        "account_name": info.name,
        "environment": info.environment,
        "records": watched.records,
        "last_event_time": watched.last_event_time,
    }


def _chat(week: _Week) -> dict[str, Any]:
    beat = week.heartbeat
    silent = [watched for watched in beat.accounts if _is_silent(watched)]
    lines = [plain(f"{week.sentence()}.", 500)]
    lines += [f"Nothing was read from {plain(week.account(watched))}" for watched in silent[:10]]
    told = week.alerts() if week.known else "not known"
    lines.append(f"Told: {told}" + (f": {plain(week.levels())}" if week.told else ""))
    if beat.held:
        lines.append(f"Held back: {counted(beat.held, 'alert')}, told in summaries alone")
    if week.suppressed.hidden:
        lines.append(f"Hidden: {week.hidden()}")
    if week.suppressed.alerting is not None:
        lines.append(f"Rules: {week.rules()}")
    return notification(
        identity=f"heartbeat-{beat.week}",
        thread="heartbeat",
        level=SEVERITY,
        title=week.headline(),
        summary=week.headline(),
        lines=lines,
        steps=[step.replace("\n", " ") for step in _steps(week)],
        keywords=[SEVERITY],
        kind="trailwarden-heartbeat",
        known={"week": beat.week, "records": str(beat.records), "silent_accounts": str(week.silent)},
    )
