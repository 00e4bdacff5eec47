"""How a storm's summary is said: its sentence, its table, why single mails stopped, and what to run."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from trailwarden.activity.model import Context
from trailwarden.alerts.telling import HeldGroup, HeldRow, StormSummary
from trailwarden.messages.layout import counted, wrapped
from trailwarden.messages.places import account_info, told_account
from trailwarden.messages.when import clock, date
from trailwarden.safety.text import harmless, one_line

_LEVELS = {"informational": "info"}
_COLUMN = 23
_CELL = 80
_ACTORS_AT_MOST = 3
_LISTED = 100_000
"""How many alerts the command may list: as many as it can."""


def list_command(hour: str) -> str:
    """What lists the alerts of which something was held back in the hour (`2026-03-01T12`), and however many
    came since. Some came shortly before the hour in which they were held back."""
    begins = _begins(hour)
    since = f" --since {begins - timedelta(hours=1):%Y-%m-%dT%H}" if begins else ""
    return f"trailwarden alerts list --held{since} -n {_LISTED}"


def _begins(hour: str) -> datetime | None:
    try:
        return datetime.strptime(hour, "%Y-%m-%dT%H").replace(tzinfo=UTC)
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class Storm:
    """The summary, and how it is said."""

    summary: StormSummary
    context: Context | None

    @property
    def level(self) -> str:
        return one_line(self.summary.level.upper(), 20)

    @property
    def begins(self) -> datetime | None:
        return _begins(self.summary.hour)

    def headline(self) -> str:
        """`Storm: 10,000 alerts held back, 1 rule (…), 3 accounts, 812 actors`."""
        summary = self.summary
        begins = self.begins
        if summary.final and begins:
            name = f"Storm, {begins:%H}:00 to {(begins.hour + 1) % 24:02}:00 UTC"
        else:
            name = "Storm goes on" if summary.number > 1 else "Storm"
        if self.part():
            name = f"{name}, {self.part()}"
        if self.one_actor and summary.rows:
            rules, accounts = self._counted("rules", "rule"), self._counted("accounts", "account")
            actor = harmless(summary.rows[0].actor, 40)
            return f"{name}: {actor} under {rules} in {accounts}, {self.held()} held back"
        return f"{name}: {self.held()} held back, {self.by()}"

    def part(self) -> str:
        """`part 2 of 3`; empty if there is but one."""
        summary = self.summary
        return f"part {summary.part:,} of {summary.parts:,}" if summary.parts > 1 else ""

    def limits(self) -> Iterator[str]:
        """What must be known before its numbers are read: that it is a part, or brief."""
        if self.summary.split:
            yield (
                f"This is {self.part()} of the summary. What was held back in its one account did not fit "
                "into one message: other parts have the same counts of alerts and messages, which are of the "
                "whole account, and other rules, regions or reasons. Actors are counted over all parts."
            )
        elif self.part():
            yield (
                f"This is {self.part()} of the summary. Its counts are of this part alone, but for the "
                "actors: they are counted over all parts. The others cover other accounts or other rules, so "
                "that each subscription's filter finds its own."
            )
        if self.summary.brief:
            yield (
                "This summary is brief: it could not be sent in full. It names no rules and no actors; the "
                "command below lists the alerts."
            )

    def held(self) -> str:
        """`214 alerts`, or `1,200 messages about 214 alerts`, where follow-ups were held too."""
        alerts = self._counted("alerts", "alert")
        if self.summary.messages != self.summary.alerts:
            alerts = f"{self._counted('messages', 'message')} about {alerts}"
        return f"{alerts} (of the whole account)" if self.summary.split else alerts

    def _counted(self, name: str, thing: str) -> str:
        count: int = getattr(self.summary, name)
        return counted(count, thing, at_least=name in self.summary.lower_bounds)

    def by(self) -> str:
        """How many different rules, accounts and actors; the one, where there is one."""
        summary, rows = self.summary, self.summary.rows
        one = rows[0] if rows else None
        *others, actors = (
            self._counted(f"{thing}s", thing)
            + (
                f" ({harmless(only, 40)})"
                if count == 1 and only and f"{thing}s" not in summary.lower_bounds
                else ""
            )
            for count, thing, only in (
                (summary.rules, "rule", one and one.rule_title),
                (summary.accounts, "account", one and self.short_account(one)),
                (summary.actors, "actor", one and one.actor),
            )
        )
        return f"{', '.join(others)}{f'; {actors} in all parts' if self.part() else f', {actors}'}"

    def when(self) -> str:
        """`since Sun 1 March 2026, 12:00 UTC`, or, when the hour is over, from when to when."""
        begins = self.begins
        if begins is None:
            return "in this hour"
        day = date(begins.isoformat())
        if self.summary.final:
            return f"from {begins:%H}:00 to {(begins.hour + 1) % 24:02}:00 UTC on {day}"
        return f"since {begins:%H}:00 UTC on {day}"

    def short_account(self, row: HeldRow) -> str:
        return account_info(row.account, self.context).name or row.account

    def account(self, row: HeldRow) -> str:
        return told_account(row.account, self.context)

    def largest(self) -> HeldRow | None:
        """A row of the rule that most of the alerts are of, where it has half of all that was held back or
        more, whatever the part."""
        counts: Counter[str] = Counter()
        for group in self.groups():
            counts[group.rows[0].rule_id] += group.all.alerts
        if self._one_rule and self.summary.rows:
            return self.summary.rows[0]
        rule_id, number = next(iter(counts.most_common(1)), ("", 0))
        if not number or self._whole is None or number * 2 < self._whole[0] + self.summary.unread:
            return None
        return next(row for row in self.summary.rows if row.rule_id == rule_id)

    def groups(self) -> list["Group"]:
        """The rows by rule and account: a thousand actors of one rule are one line."""
        rows: dict[tuple[str, str, str, HeldGroup | None], list[HeldRow]] = {}
        for row in self.summary.rows:
            rows.setdefault((row.rule_id, row.account, row.level, row.group), []).append(row)
        return [Group(tuple(found)) for found in rows.values()]

    @property
    def one_actor(self) -> bool:
        """One actor under several rules: an attack looks like that, a wrong rule does not. Actors are counted
        over all parts."""
        summary = self.summary
        return summary.rules > 1 and summary.actors == 1 and "actors" not in summary.lower_bounds

    @property
    def _one_rule(self) -> bool:
        """Whether all that was held back is of one rule, in this part and in the others."""
        return self._whole is not None and self._whole[1] == 1 and "rules" not in self.summary.lower_bounds

    @property
    def _whole(self) -> tuple[int, int] | None:
        """How many alerts and rules all parts have; None in a part that does not know."""
        summary = self.summary
        return summary.all_parts if summary.parts > 1 else (summary.alerts, summary.rules)

    def advice(self) -> str:
        """What its shape hints at; what it is, only somebody who looks can say."""
        summary = self.summary
        if self.one_actor:
            return (
                "All of it is one actor under several rules: take it for an attack until you know better, "
                "and stop that actor first."
            )
        if self._one_rule and summary.actors > 1:
            return (
                "All of it is one rule by many actors: perhaps the rule is wrong, perhaps many do what they "
                "should not. Look at a few before you turn it down."
            )
        return "Look at the worst first: among many harmless alerts one that matters is easily missed."


def storm_lines(storm: Storm, shown: int) -> Iterator[str]:
    summary = storm.summary
    part = f", {storm.part()}" if storm.part() else ""
    held = f"{storm.held()} held back {storm.when()}"
    yield from wrapped(f"{storm.level}{part}: {held}: {storm.by()}.", "", "  ")
    yield ""
    for said in storm.limits():
        yield from wrapped(said, "", "  ")
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
    yield from _by_account(storm, shown)
    yield from _more_of_it(summary)
    yield from _why(storm)
    yield from _what_to_do(storm)


def _table(storm: Storm, shown: int) -> Iterator[str]:
    """Number and level in columns of their own; what, where, who and when below each other, for a phone."""
    groups = _shown(storm, shown)
    if not groups:
        return
    yield "What was held back, the worst and largest first"
    yield f"  {'alerts':>9}  {'level':<8}  what, where, who, when"
    indent = " " * _COLUMN
    for group in groups:
        level = harmless(_LEVELS.get(group.rows[0].level, group.rows[0].level), 8)
        first, *others = _cells(storm, group)
        yield from wrapped(first, f"  {group.all.alerts:>9,}  {level:<8}  ", indent + "  ")
        for cell in others:
            yield from wrapped(cell, indent, indent + "  ")
    yield from _not_shown(storm.summary, groups)
    yield ""


def _shown(storm: Storm, shown: int) -> list["Group"]:
    """The first ones, and of the others as many of protected rules."""
    groups = storm.groups()
    protected = [group for group in groups[shown:] if group.rows[0].protected]
    return [*groups[:shown], *protected[:shown]]


def _not_shown(summary: StormSummary, groups: Sequence["Group"]) -> Iterator[str]:
    left = summary.alerts - sum(group.all.alerts for group in groups)
    others = summary.groups - len(groups)
    if left <= 0 and others <= 0:
        return
    pairs = counted(others, "more pair", at_least="groups" in summary.lower_bounds)
    of = f" of {pairs} of rule and account" if others > 0 else ""
    said = f"and {counted(max(left, 0), 'more alert')}{of}, for which there is no room here"
    yield from wrapped(said, "  ", "  ")


def _by_account(storm: Storm, shown: int) -> Iterator[str]:
    """Every account, if the table does not hold them all."""
    summary = storm.summary
    named = {group.rows[0].account for group in _shown(storm, shown)}
    if all(one.account in named for one in summary.account_rows):
        return
    left = summary.accounts - len(summary.account_rows)
    of = " of this part" if summary.parts > 1 else ""
    yield f"{'Accounts' if left > 0 else 'All accounts'}{of} in which something was held back"
    for one in summary.account_rows:
        level = harmless(_LEVELS.get(one.level, one.level), 8)
        account = harmless(told_account(one.account, storm.context), _CELL)
        yield f"  {one.alerts:>9,}  {level:<8}  {account}"
    if left > 0:
        yield f"  and {counted(left, 'more account')}"
    yield ""


def _more_of_it(summary: StormSummary) -> Iterator[str]:
    """What this message does not hold."""
    if summary.unread:
        said = (
            f"{counted(summary.unread, 'more message')} {'was' if summary.unread == 1 else 'were'} held back "
            "than could be counted: the list has their alerts."
        )
        yield from wrapped(said, "", "  ")
        yield ""
    if summary.accounts_left_out:
        at_least = "accounts_left_out" in summary.lower_bounds
        left = counted(summary.accounts_left_out, "more account", at_least=at_least)
        yield from wrapped(
            f"{left} could not be named in any part: the list has what was held back there.", "", "  "
        )
        yield ""


@dataclass(frozen=True, slots=True)
class Group:
    """What one rule did in one account: rows of some actors, and what all came to."""

    rows: tuple[HeldRow, ...]

    @property
    def all(self) -> HeldGroup:
        """What all actors came to."""
        return self.rows[0].group or HeldGroup(
            sum(row.alerts for row in self.rows),
            sum(row.messages for row in self.rows),
            len({row.actor for row in self.rows}),
            actors_at_least=False,
            first_event_time=min(
                (row.first_event_time for row in self.rows if row.first_event_time), default=None
            ),
            last_event_time=max(
                (row.last_event_time for row in self.rows if row.last_event_time), default=None
            ),
        )

    def actors(self) -> list[str]:
        """The names of a few."""
        return list(dict.fromkeys(row.actor for row in self.rows))[:_ACTORS_AT_MOST]

    def more_actors(self) -> Iterator[str]:
        """How many more there are, if there are."""
        more = self.all.actors - len(self.actors())
        if more > 0:
            yield f"and {counted(more, 'more actor', at_least=self.all.actors_at_least)} (see the list)"


def _cells(storm: Storm, group: Group) -> Iterator[str]:
    row = group.rows[0]
    yield harmless(row.rule_title, _CELL) or harmless(row.rule_id)
    yield harmless(storm.account(row), _CELL)
    yield from (harmless(actor, _CELL) for actor in group.actors())
    yield from group.more_actors()
    times = _times(storm, group.all)
    messages = counted(group.all.messages, "message") if group.all.messages != group.all.alerts else ""
    more = ", ".join(part for part in (times, messages) if part)
    if more:
        yield more


def _times(storm: Storm, whole: HeldGroup) -> str:
    """From the first to the last event: `02:58 to 03:04 UTC`."""
    begun, ended = clock(whole.first_event_time, storm.begins), clock(whole.last_event_time, storm.begins)
    return (
        f"{begun.removesuffix(' UTC')} to {ended}" if begun and ended and begun != ended else begun or ended
    )


def _why(storm: Storm) -> Iterator[str]:
    summary, begins = storm.summary, storm.begins
    yield "Why single mails stopped"
    yield from wrapped(
        f"In an hour a rule sends {counted(summary.rule_budget, 'message')}, all rules together "
        f"{summary.overall_budget:,}, of which the milder levels may use up a part. Beyond that only the "
        "first ones of an account and of a protected rule are sent. The rest is told in summaries like this "
        "one.",
        "  ",
        "  ",
    )
    if summary.final:
        said = "This is the last summary of that hour. The next hour has its own budget."
        yield from wrapped(said, "  ", "  ")
    else:
        end = f"{(begins.hour + 1) % 24:02}:00 UTC" if begins else "the end of the hour"
        yield "  The next summary comes"
        for when in (
            (
                "within minutes if something high or critical is held back in an account for the first time "
                "in the hour, or anything of a protected rule (those on Trailwarden itself and its trails);"
            ),
            "else when ten times as much is held back as until now;",
            f"soon after {end} if more was held back by then.",
        ):
            yield from wrapped(when, "  - ", "    ")
    yield ""


def _what_to_do(storm: Storm) -> Iterator[str]:
    yield from wrapped("To read what was held back (one line of it: add --rule and --account):", "", "  ")
    yield f"  {list_command(storm.summary.hour)}"
    yield from wrapped(
        "It lists each alert of which a message was held back, if it came since the time given or goes on "
        "still.",
        "",
        "  ",
    )
    largest = None if storm.one_actor else storm.largest()
    if largest is None or largest.protected:
        return
    title = harmless(largest.rule_title, 100)
    yield ""
    yield from wrapped(
        f'Only if the rule "{title}" is wrong: set "status: test" in it, where the rule is your own; it then '
        "counts, and tells nobody. A rule that ships is switched off by a file in your rules' folder:",
        "",
        "  ",
    )
    yield "    title: Switched off while it is mended"
    yield "    override:"
    yield f"      rules: [{harmless(largest.rule_id, 60)}]"
    yield "      enabled: false    # or  level: low"
    yield "    trailwarden:"
    yield "      owner: your team"
    yield "      reason: why it is wrong"
    yield "To put that to work:"
    yield "  trailwarden rules publish YOUR-RULES-FOLDER"
