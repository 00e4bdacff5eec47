"""Correlations in the detector: what a crash at each step leaves, and what a repeat makes of it."""

from collections.abc import Sequence, Set
from dataclasses import dataclass, field

import pytest

from tests.detectors import NoticeDetector
from tests.samples import BUCKET, STOP_RULE, log_file, notice, record, rule
from tests.unit.test_detection import NOW, Cloud, CrashError, _StoreView
from trailwarden.correlation.correlator import Correlator
from trailwarden.detection import Tally
from trailwarden.engine.engine import Engine
from trailwarden.rules.ruleset import Correlation, CorrelationType, Level, RuleSet
from trailwarden.state.correlations import CorrelationEvent, CorrelationGroup
from trailwarden.state.memory import MemoryCorrelationStore

CORRELATION = Correlation(
    id="many",
    title="Many stops",
    level=Level.CRITICAL,
    type=CorrelationType.EVENT_COUNT,
    rules=(STOP_RULE,),
    group_by=("actor",),
    timespan=600,
    bounds=(("gte", 3),),
)


class _RevisableView(_StoreView):
    """The cloud's store with what correlations ask of it."""

    def matches_of(self, group_key: str, place: str) -> set[str]:
        self.cloud.fail_once("read alert")
        return self.cloud.store.matches_of(group_key, place)

    def withdraw(self, group_key: str, place: str, match_ids: Set[str]) -> None:
        self.cloud.store.withdraw(group_key, place, match_ids)


@dataclass
class Events:
    """The events of correlations, in memory; fails where the cloud is told to."""

    cloud: Cloud
    store: MemoryCorrelationStore = field(default_factory=MemoryCorrelationStore)

    def add(self, group: CorrelationGroup, events: Sequence[CorrelationEvent]) -> None:
        self.cloud.fail_once("before events")
        if "between events" in self.cloud.failing:
            self.store.add(group, events[:1])
            self.cloud.fail_once("between events")
        self.store.add(group, events)
        self.cloud.fail_once("after events")

    def read(self, group: CorrelationGroup, number: int) -> list[CorrelationEvent]:
        self.cloud.fail_once("read events")
        return self.store.read(group, number)


def detector(cloud: Cloud, events: Events, *, generates: bool = False) -> NoticeDetector:
    rule_set = RuleSet((rule(STOP_RULE, "StopLogging", generates=generates),), (CORRELATION,))
    view = _RevisableView(cloud)
    return NoticeDetector(
        engine=Engine(rule_set),
        log_files=cloud,
        store=view,
        ledger=cloud,
        operations=cloud,
        log_bucket=BUCKET,
        correlator=Correlator(rule_set, events, view),
        now=lambda: NOW,
    )


def keys(cloud: Cloud) -> tuple[str, str]:
    return (
        cloud.put("AAAAAAAAAAAAAAAA", log_file([record(1), record(2)])),
        cloud.put("BBBBBBBBBBBBBBBB", log_file([record(2), record(3, eventTime="2026-03-01T12:04:00Z")])),
    )


def standing(cloud: Cloud) -> list[tuple[str, int, str | None, str | None]]:
    return sorted(
        (alert.rule_id, alert.count, alert.first_event_time, alert.last_event_time)
        for alert in cloud.store.standing()
    )


EXPECTED = [("many", 3, "2026-03-01T12:00:00Z", "2026-03-01T12:04:00Z")]


def test_matches_in_two_files_become_one_alert_and_the_feeding_rule_is_silent() -> None:
    cloud, tally = Cloud(), Tally()
    detector(cloud, Events(cloud)).handle(notice(*keys(cloud)), tally)
    assert standing(cloud) == EXPECTED
    assert (tally.matches, tally.alerts, tally.correlated, tally.ungrouped) == (4, 1, 4, 0)


def test_a_rule_that_generates_is_told_beside_its_correlation() -> None:
    cloud = Cloud()
    detector(cloud, Events(cloud), generates=True).handle(notice(*keys(cloud)), Tally())
    assert [told[:2] for told in standing(cloud)] == [(STOP_RULE, 3), ("many", 3)]


def test_a_match_without_a_time_is_counted_as_ungrouped() -> None:
    cloud, tally = Cloud(), Tally()
    key = cloud.put("AAAAAAAAAAAAAAAA", log_file([record(1, eventTime=None), record(2, userIdentity=None)]))
    detector(cloud, Events(cloud)).handle(notice(key), tally)
    assert (tally.correlated, tally.ungrouped) == (0, 2)


STEPS = [
    *(("before events", "between events", "after events", "read events", "after alerts", "ledger write")),
    # what only the second file comes to: the first alone makes no alert
    *(("read alert", "before matches", "between matches and alerts")),
]


@pytest.mark.parametrize(
    ("file", "step"), [*((0, step) for step in STEPS[:6]), *((1, step) for step in STEPS)]
)
def test_a_crash_at_any_step_loses_nothing_and_counts_nothing_twice(step: str, file: int) -> None:
    cloud = Cloud()
    events = Events(cloud)
    both = keys(cloud)
    if file == 1:
        detector(cloud, events).handle(notice(both[0]), Tally())
    cloud.failing = {step}
    with pytest.raises(CrashError):
        detector(cloud, events).handle(notice(both[file]), Tally())
    assert not cloud.failing, "the step was reached"

    detector(cloud, events).handle(notice(*both), Tally())

    assert standing(cloud) == EXPECTED
    assert len(cloud.store.kept.alerts) == 1
