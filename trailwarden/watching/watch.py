"""The daily check: every topic looked at, what is wrong told once a day, where somebody hears it.

What was told is remembered after telling: a crash in between tells twice, and never not at all.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Protocol

from trailwarden.alerting import Alerting, Expected
from trailwarden.safety.text import one_line
from trailwarden.state.subscriptions import (
    KeyCondition,
    KeyState,
    SeenTopic,
    SubscriptionMemory,
    ToldFinding,
    TopicKeys,
    Topics,
    TopicView,
)
from trailwarden.watching.endpoints import topic_name
from trailwarden.watching.findings import FORGOTTEN, Finding, Kind, WatchedTopic, findings_of, standing_now
from trailwarden.watching.words import Day, letter, sentence

DAILY_FOR = 7
"""For how many days a finding is told every day; then once a week, unless alerts are being lost."""
_WEEK = 7
_log = logging.getLogger(__name__)


class Operations(Protocol):
    """Telling people what needs a hand."""

    def tell(self, topic_arn: str, subject: str, text: str) -> None:
        """Publish to a topic what every subscriber of it gets. Raises where it is refused."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check came to. `told_on` is the topic that was told, None where nothing was to be told or
    nobody could be; `deaf` are the topics that nobody hears."""

    findings: tuple[Finding, ...]
    deaf: tuple[str, ...]
    told_on: str | None
    untold: bool
    """There was something to tell, and nobody to hear it: whoever calls must raise an alarm."""


@dataclass(frozen=True, slots=True)
class _Looked:
    """A topic, what is wrong with it, and what is to be remembered of it. `unjudged` are the ids of what was
    told and could not be looked at today: neither wrong nor mended."""

    topic: WatchedTopic
    findings: tuple[Finding, ...]
    seen: SeenTopic
    unjudged: frozenset[str] = frozenset()
    unseen: bool = False
    """Not even what was known of it before could be read: that stays as it is."""

    @property
    def deaf(self) -> bool:
        return any(finding.deafening for finding in self.findings)


class Watch:
    """`check` once a day. `now` gives seconds since the epoch."""

    def __init__(  # noqa: PLR0913 (its parts, each passed in)
        self,
        alerting: Alerting,
        operations_topic: str,
        *,
        topics: Topics,
        keys: TopicKeys,
        memory: SubscriptionMemory,
        operations: Operations,
        now: Callable[[], float],
    ) -> None:
        self._alerting = alerting
        self._operations_topic = operations_topic
        self._topics = topics
        self._keys = keys
        self._memory = memory
        self._operations = operations
        self._now = now

    def check(self) -> Checked:
        """Look at every topic; tell what is wrong and not told today, or that all is well again."""
        now = int(self._now())
        today = datetime.fromtimestamp(now, UTC).date()
        conditions: dict[str, KeyCondition] = {}
        looked = [self._looked(topic, now, conditions) for topic in self._watched()]
        findings = [finding for one in looked for finding in one.findings]
        due = sorted((one for each in looked for one in _due(each, today)), key=_weight)
        mended = [told.what for one in looked for told in _mended(one, today)]
        told_on = None
        must_tell = bool(due) or (bool(mended) and not findings)
        if must_tell:
            told_on = self._tell(looked, due, quiet=len(findings) - len(due), mended=mended)
        failure = self._remember(looked, due, today, told=told_on is not None)
        if failure is not None:
            raise failure
        return Checked(
            findings=tuple(sorted(findings, key=_weight)),
            deaf=tuple(one.topic.arn for one in looked if one.deaf),
            told_on=told_on,
            untold=must_tell and told_on is None,
        )

    def _remember(
        self, looked: Sequence[_Looked], due: Sequence[Finding], today: date, *, told: bool
    ) -> Exception | None:
        """Keep what was seen of each topic; the last failure, when all were tried."""
        failure: Exception | None = None
        for one in looked:
            if one.unseen:
                continue
            try:
                self._memory.remember(one.topic.arn, _after(one, due, today, told=told))
            except Exception as error:  # noqa: BLE001 (one topic costs no other)
                _log.exception("what was seen of %s could not be kept", one.topic.arn)
                failure = error
        return failure

    def _looked(self, topic: WatchedTopic, now: int, conditions: dict[str, KeyCondition]) -> _Looked:
        """A topic that cannot be looked at, whatever the reason, is a finding, and costs no other."""
        try:
            return self._look(topic, now, conditions)
        except Exception as error:  # noqa: BLE001 (it is a finding)
            _log.exception("the topic %s could not be checked", topic.arn)
            said = one_line(f"{type(error).__name__}: {error}", 400)
            finding = Finding(Kind.UNREADABLE, topic, detail=said)
            return _Looked(topic, (finding,), SeenTopic(), unseen=True)

    def _watched(self) -> Iterator[WatchedTopic]:
        """The alert topics, that of operations, and whichever else the settings subscribe people to."""
        alerts = {route.topic_arn for route in self._alerting.topics} - {self._operations_topic}
        others = {one.topic_arn for one in self._alerting.subscriptions} | {self._operations_topic}
        yield from (WatchedTopic(arn, alerts=True) for arn in sorted(alerts))
        yield from (WatchedTopic(arn, alerts=False) for arn in sorted(others - alerts))

    def _expected(self, topic: WatchedTopic) -> tuple[Expected, ...]:
        return tuple(one for one in self._alerting.subscriptions if one.topic_arn == topic.arn)

    def _look(self, topic: WatchedTopic, now: int, conditions: dict[str, KeyCondition]) -> _Looked:
        view = self._view(topic.arn)
        before = self._memory.seen(topic.arn) or SeenTopic()
        expected = self._expected(topic)
        if view.missing or view.problem:
            # What was subscribed to it stays in mind: it is compared again when the topic can be read.
            findings = tuple(findings_of(topic, view, expected, {}, None))
            return _Looked(topic, findings, before, frozenset(before.told))
        if view.key and view.key not in conditions:
            conditions[view.key] = self._keys.condition(view.key)  # topics share a key: asked once
        standing = standing_now(view, expected, before, now)
        condition = conditions.get(view.key or "")
        findings = tuple(findings_of(topic, view, expected, standing, condition))
        unknown = condition is not None and condition.state is KeyState.UNKNOWN
        unjudged = frozenset({Kind.KEY.value}) if unknown else frozenset()
        return _Looked(topic, findings, replace(before, subscriptions=standing), unjudged)

    def _view(self, topic_arn: str) -> TopicView:
        try:
            return self._topics.look(topic_arn)
        except Exception as error:  # noqa: BLE001 (one topic costs no other)
            _log.exception("the topic %s could not be looked at", topic_arn)
            return TopicView(problem=one_line(f"{type(error).__name__}: {error}", 400))

    def _tell(
        self, looked: Sequence[_Looked], due: Sequence[Finding], *, quiet: int, mended: Sequence[str]
    ) -> str | None:
        """Publish where somebody hears it: on the operations topic, else on an alert topic."""
        account, region = self._alerting.account, self._alerting.region
        hearing = [one.topic.arn for one in looked if not one.deaf]
        hearing.sort(key=lambda arn: arn != self._operations_topic)
        for arn in hearing:
            instead = "" if arn == self._operations_topic else self._operations_topic
            day = Day(due, quiet, mended, account, region, instead)
            try:
                self._operations.tell(arn, *letter(day))
            except Exception:  # noqa: BLE001 (another topic may do)
                _log.exception("the daily check could not be told through %s", topic_name(arn))
            else:
                return arn
        _log.error("nobody hears what is wrong: %s", " ".join(sentence(finding) for finding in due))
        return None


def _weight(finding: Finding) -> tuple[bool, bool]:
    """What loses alerts first; within that, the order of topics and kinds."""
    return (not finding.urgent, not finding.topic.alerts)


def _due(one: _Looked, today: date) -> Iterator[Finding]:
    for finding in one.findings:
        told = one.seen.told.get(finding.id)
        if told is None or _due_again(told, today, urgent=finding.urgent):
            yield finding


def _due_again(told: ToldFinding, today: date, *, urgent: bool) -> bool:
    first, last = date.fromisoformat(told.first), date.fromisoformat(told.last)
    if urgent or (today - first).days < DAILY_FOR:
        return last < today
    return (today - last).days >= _WEEK


def _mended(one: _Looked, today: date) -> Iterator[ToldFinding]:
    """What was told and is no longer so. A subscription that is only no longer missed is passed over."""
    standing = one.unjudged | {finding.id for finding in one.findings}
    for key, told in one.seen.told.items():
        kind, _, place = key.partition("/")
        old = today - date.fromisoformat(told.first) >= FORGOTTEN - timedelta(days=1)
        forgotten = kind == Kind.VANISHED and old and place not in one.seen.subscriptions
        if key not in standing and not forgotten:
            yield told


def _after(one: _Looked, due: Sequence[Finding], today: date, *, told: bool) -> SeenTopic:
    """What is remembered of a topic. What is mended is kept in mind until people were told so."""
    remembered: Mapping[str, ToldFinding] = one.seen.told
    if told:
        standing = one.unjudged | {finding.id for finding in one.findings}
        kept = {key: each for key, each in remembered.items() if key in standing}
        for finding in due:
            if finding.topic == one.topic:
                first = kept[finding.id].first if finding.id in kept else today.isoformat()
                kept[finding.id] = ToldFinding(sentence(finding), first, today.isoformat())
        remembered = kept
    return replace(one.seen, told=remembered)
