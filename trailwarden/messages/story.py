"""One alert, ready to be told: its record described, as long as the message may be. Its secrets were masked
when it was made (`alerts.grouping.alert_of`).

The bodies (`email`, `payload`, `chat`, `ocsf`, `security_hub`) are written from this alone.
"""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from trailwarden.activity.describe import describe
from trailwarden.activity.model import Activity, Actor, Context
from trailwarden.alerts.attempts import outcome_word
from trailwarden.alerts.model import Alert
from trailwarden.alerts.telling import FollowUp, Reason
from trailwarden.alerts.variety import Values, Variety
from trailwarden.delivery.records import event_time
from trailwarden.messages.changes import Line, laid_out
from trailwarden.messages.following import bounded, first_words, news, summed_up
from trailwarden.messages.layout import counted
from trailwarden.messages.links import HIDDEN, Links, links_of
from trailwarden.messages.overview import all_failed, of_all, some_failed
from trailwarden.messages.places import account_info, named_account
from trailwarden.messages.when import ago
from trailwarden.safety.safe_record import SafeRecord
from trailwarden.safety.text import UNKNOWN, defanged, one_line, shorten, visible


@dataclass(frozen=True, slots=True)
class _Room:
    """The most characters of each text, and the most of each list, that are sent of a rule."""

    title: int
    description: int
    name: int
    steps: int
    step: int
    tags: int
    references: int
    reference: int
    groups: int


_PLENTY = _Room(400, 4000, 300, 20, 1000, 64, 32, 500, 32)
_LITTLE = _Room(300, 500, 100, 5, 300, 20, 5, 200, 8)
_TAG_LIMIT = 100
_RULE_TEXT_LIMIT = 4000
_ACTOR_LIMIT = 200
_VALUE_LIMIT = 200


class RecordState(StrEnum):
    """How much of the record a message holds."""

    WHOLE = "whole"
    CUT = "cut"
    """Its long texts and lists are cut, and say so where they are."""
    OMITTED = "omitted"


@dataclass(frozen=True, slots=True)
class Cut:
    """How much of an alert there is room for; `strings` and `items` bound the record's, None keeps all."""

    strings: int | None = None
    items: int | None = None
    record: bool = True
    short: bool = False


CUTS = (
    Cut(),
    Cut(strings=4000, items=100),
    Cut(strings=1000, items=30),
    Cut(strings=200, items=10),
    Cut(record=False),
    Cut(record=False, short=True),
)
"""From everything to the least that is sent: the message is cut until it fits, never dropped."""


_DONE = re.compile(r": done$| \(done\)$|, done(?=\)$)")
"""A rule that says the outcome says it of what failed: that the rest was done goes without saying."""


@dataclass(frozen=True, slots=True)
class Story:
    """An alert and what is told of it. `now` is when it is told; None leaves out how long ago things were.

    `activity` is None where the alert came without its record. Its texts are one line each, and may hold what
    an attacker wrote: forms for people say them by `text.harmless`.
    """

    alert: Alert
    activity: Activity | None
    links: Links
    changes: tuple[Line, ...]
    now: datetime | None
    record_state: RecordState

    follow_up: FollowUp | None = None
    """What is told of it after its first message; None for that one."""
    known_account: tuple[str | None, str | None] = (None, None)
    """Its account's name and environment, where no record says which account that is."""
    in_short: str = ""
    """Of a short form, the sentence that says so."""

    @property
    def variety(self) -> Variety | None:
        """What differs among the events that are told of; None where nobody looked."""
        return self.follow_up.variety if self.follow_up else self.alert.variety

    @property
    def alike(self) -> bool:
        """Whether the rule's own sentence, made of the first event, is true of all."""
        if self.alert.count <= 1 or self.in_short:
            return True
        return self.variety is not None and self.variety.alike

    def title(self) -> str:
        """A sentence that is true of all events that are told of: the rule's own, or its title, who, and on
        what; and how many of them failed."""
        failed = "" if self.alike else all_failed(self.variety, self.alert.count)
        ending = f"all {failed}" if failed else self._some_failed()
        return f"{self._title()}{f': {ending}' if ending else ''}"

    def _some_failed(self) -> str:
        return some_failed(self.variety, self.alert.count) if self.alert.count > 1 else ""

    def _title(self) -> str:
        """The same, but for how many of the events failed."""
        if self.alike:
            return self.first_title()
        actor = self.activity.actor if self.activity else None
        better = actor is not None and actor.behind and self.alert.group.get("actor") == actor.label
        through = visible(_in_title(actor), _ACTOR_LIMIT) if actor is not None and better else ""
        return of_all(self.alert.rule_title, self.alert.group, self.variety or Variety(), through)

    def first_title(self) -> str:
        """The rule's own sentence, of the first event: a session named by who stands behind it, where that is
        known; what was acted on by its name where the rule says its ARN; the account with its name."""
        title = self.alert.title
        if self.activity is None:
            return title
        actor = self.activity.actor
        if actor.behind and actor.through:
            title = title.replace(visible(actor.label), visible(_in_title(actor)), 1)
        for target in self.activity.targets:
            if target.arn:
                title = title.replace(visible(target.arn), visible(target.name))
        if self.account() != self.alert.account:
            title = re.sub(
                rf"(?<=\baccount ){re.escape(self.alert.account)}(?![\w(]| \()",
                lambda _: self.account(),
                title,
                count=1,
            )
        return _DONE.sub("", title)

    @property
    def shown_time(self) -> str | None:
        """When the event happened that is shown; of the first one, if no record is."""
        return (event_time(self.alert.record) if self.activity else None) or self.alert.first_event_time

    def heading(self) -> str:
        """What stands above the one event that is described, where there are several. Which one was first is
        not known: times are to the second, and records come late."""
        return "One of the events reported before:" if self.follow_up else "One of these events:"

    @property
    def is_insight(self) -> bool:
        """Whether CloudTrail Insights tells of it: of a rate of calls, and not of one call."""
        return self.alert.record.get("eventCategory") == "Insight"

    @property
    def reason(self) -> Reason:
        """Why it is told."""
        return self.follow_up.reason if self.follow_up else Reason.OPENED

    def headline(self) -> str:
        """The title, after what is new about it: `+19,999 more: user mallory stopped the trail main`."""
        if self.follow_up:
            title = f"{news(self.follow_up)}{self._failing()}: {self._title()}"
        else:
            title = f"{self._how_many()}{self._title()}"
        some = self._some_failed()
        return f"{title}: {some}" if some else title

    def sentence(self) -> str:
        """All of it in a sentence: the title, where, and how long ago; or what is new, and how many there
        are; and if the title is not the rule's own, one of the events. Nothing in it makes a link."""
        alert, title = self.alert, self._title()
        some = self._some_failed()
        title, ending = _split(title, outcome_word(alert.record) if alert.record else "")
        what = ", ".join(part for part in (title, self._where(title), some) if part) + ending
        began = "" if self.alike else f". One of them: {self.first_title()}"
        if self.follow_up:
            words = first_words(self.follow_up, alike=self.alike and not self.in_short)
            pause = "." if self.reason is Reason.RECOUNTED else ";"
            summed = summed_up(self.follow_up, alert.quiet)
            return defanged(f"{words}{self._failing()}: {what}{pause} {summed}{began}")
        measured = str(self.activity.insight or "") if self.activity else ""
        age = ago(alert.last_event_time or alert.first_event_time, self.now)
        if age and alert.count > 1:
            age = f"the last time {age}"
        said = ", ".join(part for part in (what, age) if part)
        return defanged(f"{self._how_many()}{said}{f'; {measured}' if measured else ''}{began}")

    def _failing(self) -> str:
        """`, all denied`, if that is so and the rule's own sentence does not tell it."""
        failed = "" if self.alike else all_failed(self.variety, self.alert.count)
        return f", all {failed}" if failed else ""

    def _how_many(self) -> str:
        """`3 events: ` or `3 denied attempts: `, before a sentence that is not the rule's own."""
        if self.alike:
            return ""
        failed = all_failed(self.variety, self.alert.count)
        return f"{counted(self.alert.count, f'{failed} attempt' if failed else 'event')}: "

    def _where(self, title: str) -> str:
        """`in account 444455556666`, of all events, where the title does not say it."""
        accounts = self.variety.accounts if self.variety else Values()
        if accounts.number > 1 and not self.alike:
            return f"in {'at least ' if accounts.at_least else ''}{accounts.number:,} accounts"
        named = re.search(rf"\b(?:account|of) {re.escape(self.account())}(?!\w)", title)
        return "" if self.alert.account == UNKNOWN or named else f"in account {self.account()}"

    def account(self) -> str:
        """`444455556666`, with its name and environment where they are known."""
        return named_account(self.alert.account, self.account_name, self.environment)

    @property
    def account_name(self) -> str | None:
        """As the settings have it."""
        return self.activity.account_name if self.activity else self.known_account[0]

    @property
    def environment(self) -> str | None:
        """The account's environment, as the settings have it."""
        return self.activity.environment if self.activity else self.known_account[1]


def _in_title(actor: Actor) -> str:
    """The actor as a title names it; of a delegate, without the permission set: a subject has little room."""
    return actor.behind if actor.delegate and actor.behind else actor.through


def who(actor: Actor) -> str:
    """The actor as a message says it, with whoever stands behind."""
    if actor.name == HIDDEN:
        return "somebody under a name that no user has (CloudTrail hides what was typed)"
    return actor.through or actor.name


def story_of(
    alert: Alert,
    now: datetime | None = None,
    context: Context | None = None,
    follow_up: FollowUp | None = None,
) -> Story:
    """Everything that can be told of an alert; `context` is what is known besides its record, `follow_up`
    what came after its first message: its numbers and times are the later ones."""
    if follow_up is not None:
        alert = replace(
            alert,
            count=follow_up.total,
            first_event_time=follow_up.first_event_time,
            last_event_time=follow_up.last_event_time,
        )
    return Story(
        alert=_bounded(_without_links(alert), _PLENTY),
        activity=describe(alert.record, context) if alert.record else None,
        links=links_of(alert.record),
        changes=tuple(laid_out(alert.record.get("requestParameters"))),
        now=now,
        record_state=RecordState.OMITTED if alert.record_omitted else RecordState.WHOLE,
        follow_up=bounded(follow_up) if follow_up else None,
    )


def _in_short(alert: Alert) -> str:
    index = alert.evidence.record_index
    return (
        f"This alert could not be described in full; the record is at index {index} of the log file named "
        "below"
    )


def short_story(
    alert: Alert,
    now: datetime | None = None,
    context: Context | None = None,
    follow_up: FollowUp | None = None,
) -> Story:
    """What can be said of an alert at no cost, whatever its record holds: rule, level, account, when, how
    often, and where the record lies. Nothing that an attacker wrote is in it."""
    plain = replace(
        _bounded(alert, _LITTLE),
        title=shorten(alert.rule_title or alert.rule_id, _LITTLE.name),
        description=f"{_in_short(alert)}.",
        group={},
        record=SafeRecord({}),
        record_omitted=True,
        variety=None,
    )
    if follow_up is not None:
        by = follow_up.acknowledged_by[:_VALUE_LIMIT]
        follow_up = replace(follow_up, changes=(), acknowledged_by=by, variety=None)
    story = story_of(plain, now, None, follow_up)
    info = account_info(alert.account, context)
    return replace(story, known_account=(info.name, info.environment), in_short=_in_short(alert))


def _split(title: str, outcome: str) -> tuple[str, str]:
    """A sentence, and how it ended, behind which nothing more may be said of where."""
    ending = f": {outcome}"
    return (title.removesuffix(ending), ending) if outcome and title.endswith(ending) else (title, "")


def told_title(alert: Alert, context: Context | None = None, follow_up: FollowUp | None = None) -> str:
    """A sentence that is true of all that the alert (or a follow-up) counts, where there is room for no more:
    in summaries and lists. Who stands behind a session is named where `context` knows."""
    story = story_of(
        replace(alert, record=SafeRecord({})), follow_up=follow_up
    )  # links and the like cost most
    activity = describe(alert.record, context) if alert.record else None
    return replace(story, activity=activity).title()


def shortened(story: Story, cut: Cut) -> Story:
    """The story as long as `cut` allows."""
    alert = story.alert
    if cut.short:
        alert = _bounded(alert, _LITTLE)
        story = replace(story, changes=())
    if story.record_state is RecordState.OMITTED or cut == CUTS[0]:
        return replace(story, alert=alert)
    if not cut.record:
        return replace(story, alert=replace(alert, record=SafeRecord({})), record_state=RecordState.OMITTED)
    record = _pruned(alert.record, cut)
    state = RecordState.WHOLE if record == alert.record else RecordState.CUT
    return replace(story, alert=replace(alert, record=record), record_state=state)


def _without_links(alert: Alert) -> Alert:
    """What rules say links nowhere, in any form: anyone who may write rules could send people to a page of
    theirs, in our name. The links of a message are those that lead into the console."""
    return replace(
        alert,
        rule_title=defanged(one_line(alert.rule_title, _RULE_TEXT_LIMIT)),
        description=defanged(one_line(alert.description, _RULE_TEXT_LIMIT)),
        owner=defanged(one_line(alert.owner, _RULE_TEXT_LIMIT)),
        runbook=tuple(defanged(one_line(step, _RULE_TEXT_LIMIT)) for step in alert.runbook),
        references=tuple(defanged(one_line(text, _RULE_TEXT_LIMIT)) for text in alert.references),
    )


def _bounded(alert: Alert, room: _Room) -> Alert:
    """Rules are the team's own, but no text of theirs may cost them an alert."""
    groups = list(alert.group.items())[: room.groups]
    return replace(
        alert,
        title=shorten(alert.title, room.title),
        rule_title=shorten(alert.rule_title, room.name),
        description=shorten(alert.description, room.description),
        owner=shorten(alert.owner, room.name),
        runbook=tuple(shorten(step, room.step) for step in alert.runbook[: room.steps]),
        tags=tuple(shorten(tag, _TAG_LIMIT) for tag in alert.tags[: room.tags]),
        references=tuple(shorten(text, room.reference) for text in alert.references[: room.references]),
        group={shorten(name, _VALUE_LIMIT): shorten(value, _VALUE_LIMIT) for name, value in groups},
    )


def _pruned(value: Any, cut: Cut) -> Any:
    """A copy of a record, as deep as `redacted` leaves it at most; what is cut in it says so."""
    strings, items = cut.strings or 0, cut.items or 0
    if isinstance(value, str):
        return (
            value
            if len(value) <= strings
            else f"{value[:strings]}... (cut: {len(value):,} characters in all)"
        )
    if isinstance(value, list):
        kept = [_pruned(item, cut) for item in value[:items]]
        return kept if len(value) <= items else [*kept, f"(cut: {len(value):,} elements in all)"]
    if isinstance(value, dict):
        most = items * 4
        pruned = {_pruned(name, cut): _pruned(item, cut) for name, item in list(value.items())[:most]}
        if len(value) > most:
            pruned["(cut)"] = f"{len(value):,} entries in all"
        return pruned
    return value
