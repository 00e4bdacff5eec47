"""Staged rules and exceptions in the detector: stored and counted once, told to nobody, whatever repeats."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime

import msgspec
import pytest

from tests.detectors import NoticeDetector
from tests.samples import BUCKET, STOP_RULE, log_file, notice, record, rule
from tests.unit.test_detection import NOW, ONE, TWO, Cloud, CrashError, _StoreView, detector
from tests.unit.test_detection_correlations import CORRELATION, Events, _RevisableView
from trailwarden.alerts.model import Alert
from trailwarden.alerts.telling import FollowUp
from trailwarden.correlation.correlator import Correlator
from trailwarden.delivery.records import Record
from trailwarden.detection import Tally
from trailwarden.dispatch.notification import Notifier, Telling
from trailwarden.engine.engine import Engine
from trailwarden.messages.message import AlertMessage, render
from trailwarden.rules.ruleset import Rule, RuleSet
from trailwarden.state.memory_outbox import MemoryOutbox
from trailwarden.state.outbox import Budgets, Outgoing
from trailwarden.state.protocol import HiddenCount, alert_hour

STAGED = rule(STOP_RULE, "StopLogging", status="test")
STABLE = msgspec.structs.replace(STAGED, status="stable")
SINCE = date(2026, 3, 1)


def excepting(user: str, exception_id: str = "drill") -> Rule:
    """The rule under an exception for one user."""
    own = rule(STOP_RULE, "StopLogging").detection
    dropped = ["field", "userIdentity.userName", ["is", user]]
    return msgspec.structs.replace(STABLE, detection=["and", own, ["not", dropped]], filters=(exception_id,))


class Topic:
    """What subscribers were told, and what is remembered of it."""

    name = "main"

    def __init__(self, cloud: Cloud) -> None:
        self.told: list[AlertMessage] = []
        self.outbox = MemoryOutbox(cloud.store.kept, now=lambda: NOW)
        self.notifier = Notifier(
            outbox=self.outbox, channels=lambda _: [self], budgets=Budgets(), now=lambda: NOW
        )

    def render(self, alert: Alert, follow_up: FollowUp | None, *, short: bool = False) -> AlertMessage:
        assert follow_up is None
        return render(alert)

    def publish(self, message: AlertMessage) -> str:
        self.told.append(message)
        return "1"


def tell_all(topic: Topic) -> list[Telling]:
    """Every alert through `notify`, oldest first, as the stream would bring them."""
    return [topic.notifier.tell(message) for message in topic.outbox.written()]


def test_a_staged_rules_matches_are_stored_and_counted_and_told_to_nobody(cloud: Cloud) -> None:
    key, again = (
        cloud.put(ONE, log_file([record(1), record(2), record(1)])),
        cloud.put(TWO, log_file([record(2)])),
    )
    tally, topic = Tally(), Topic(cloud)
    detector(cloud, STAGED).handle(notice(key, key, again), tally)

    assert cloud.counts() == [2]
    assert (tally.matches, tally.alerts) == (3, 1)
    assert tell_all(topic) == [Telling.STAGED]
    assert topic.told == []
    (alert,) = cloud.store.of_rule(STOP_RULE, datetime(2026, 3, 1, tzinfo=UTC))
    assert (alert.status, alert.staged) == ("test", True)


def test_the_next_match_after_a_promotion_is_told_within_the_same_hour(cloud: Cloud) -> None:
    topic = Topic(cloud)
    detector(cloud, STAGED).handle(notice(cloud.put(ONE, log_file([record(1)]))), Tally())
    tell_all(topic)

    detector(cloud, STABLE).handle(notice(cloud.put(TWO, log_file([record(2)]))), Tally())

    assert tell_all(topic) == [Telling.STAGED, Telling.TOLD]
    assert cloud.counts() == [1, 1]
    assert len(topic.told) == 1


def test_a_rule_that_is_staged_again_tells_no_more_within_the_same_hour(cloud: Cloud) -> None:
    topic = Topic(cloud)
    for unique, number, each in ((ONE, 1, STABLE), (TWO, 2, STAGED)):
        detector(cloud, each).handle(notice(cloud.put(unique, log_file([record(number)]))), Tally())

    assert tell_all(topic) == [Telling.TOLD, Telling.STAGED]
    assert tell_all(topic) == [Telling.TOLD_BEFORE, Telling.STAGED]


@pytest.mark.parametrize("status", ["deprecated", "unsupported", "experimental"])
def test_no_status_but_stable_and_none_is_told(cloud: Cloud, status: str) -> None:
    topic = Topic(cloud)
    detector(cloud, msgspec.structs.replace(STAGED, status=status)).handle(
        notice(cloud.put(ONE, log_file([record(1)]))), Tally()
    )

    assert tell_all(topic) == [Telling.STAGED]


def correlating(cloud: Cloud, events: Events, status: str, *rules: Rule) -> NoticeDetector:
    rule_set = RuleSet(rules, (msgspec.structs.replace(CORRELATION, status=status),))
    view = _RevisableView(cloud)
    return NoticeDetector(
        engine=Engine(rule_set),
        log_files=cloud,
        store=_StoreView(cloud),
        ledger=cloud,
        operations=cloud,
        log_bucket=BUCKET,
        correlator=Correlator(rule_set, events, view),
        now=lambda: NOW,
    )


def test_a_staged_correlation_is_kept_and_its_promotion_tells_the_next_finding(cloud: Cloud) -> None:
    events, topic = Events(cloud), Topic(cloud)
    feeding = msgspec.structs.replace(STABLE, generates=False)
    before = [record(number) for number in range(3)]
    staged = correlating(cloud, events, "experimental", feeding)
    staged.handle(notice(cloud.put(ONE, log_file(before))), Tally())
    assert tell_all(topic) == [Telling.STAGED]

    promoted = correlating(cloud, events, "stable", feeding)
    promoted.handle(notice(cloud.put(TWO, log_file([record(3)]))), Tally())

    assert tell_all(topic) == [Telling.STAGED, Telling.TOLD]
    assert cloud.counts() == [3, 4]


def test_a_staged_finding_is_of_its_own_hour_though_its_window_began_before(cloud: Cloud) -> None:
    times = ["2026-03-01T11:58:00Z", "2026-03-01T11:59:00Z", "2026-03-01T12:01:00Z"]
    records = [record(number, eventTime=time) for number, time in enumerate(times)]
    feeding = msgspec.structs.replace(STABLE, generates=False)

    staged = correlating(cloud, Events(cloud), "test", feeding)
    staged.handle(notice(cloud.put(ONE, log_file(records))), Tally())

    (alert,) = cloud.store.of_rule(CORRELATION.id, datetime(2026, 3, 1, 12, tzinfo=UTC))
    assert (alert_hour(alert), alert.first_event_time) == ("2026-03-01T12", times[0])


def test_a_correlations_own_status_counts_whatever_its_rules_are(cloud: Cloud) -> None:
    events, topic = Events(cloud), Topic(cloud)
    records = [record(number) for number in range(3)]
    told = correlating(cloud, events, "stable", STAGED)
    told.handle(notice(cloud.put(ONE, log_file(records))), Tally())

    outcomes = {alert.rule_id: one for alert, one in zip(alerts(cloud), tell_all(topic), strict=True)}
    assert outcomes == {STOP_RULE: Telling.STAGED, CORRELATION.id: Telling.TOLD}


def alerts(cloud: Cloud) -> Sequence[Alert]:
    return list(cloud.store.kept.alerts.values())


def test_what_an_exception_hides_is_counted_and_raises_nothing(cloud: Cloud) -> None:
    data = log_file([record(1), record(2), record(1), by("eve", 3)])
    tally = Tally()
    detector(cloud, excepting("mallory")).handle(notice(cloud.put(ONE, data)), tally)

    assert (tally.matches, tally.hidden_matches, tally.alerts) == (1, 2, 1)
    assert cloud.counts() == [1]
    assert cloud.ledger.exception_counts(["drill", "other"], SINCE) == {
        "drill": HiddenCount(2, SINCE),
        "other": HiddenCount(),
    }


def test_correlations_do_not_see_what_is_hidden(cloud: Cloud) -> None:
    records = [record(number) for number in range(5)]
    tally = Tally()
    correlating(cloud, Events(cloud), "stable", excepting("mallory")).handle(
        notice(cloud.put(ONE, log_file(records))), tally
    )

    assert (tally.hidden_matches, tally.correlated, cloud.store.kept.alerts) == (5, 0, {})


STEPS = ["open", "ledger claim", "before matches", "after alerts", "ledger write", "after the ledger write"]


@pytest.mark.parametrize("step", STEPS)
def test_a_crash_at_any_step_counts_what_is_hidden_once(cloud: Cloud, step: str) -> None:
    key = cloud.put(ONE, log_file([record(1), record(2), by("eve", 3)]))
    cloud.failing.add(step)
    with pytest.raises(CrashError):
        detector(cloud, excepting("mallory")).handle(notice(key), Tally())
    for _ in range(2):
        detector(cloud, excepting("mallory")).handle(notice(key), Tally())

    assert cloud.ledger.exception_counts(["drill"], SINCE) == {"drill": HiddenCount(2, SINCE)}
    assert cloud.counts() == [1]


def test_the_order_of_files_changes_no_count(cloud: Cloud) -> None:
    early, late = record(1), record(2, eventTime="2026-03-02T01:00:00Z")
    other = Cloud()
    for one, order in ((cloud, [early, late]), (other, [late, early])):
        keys = [one.put(unique, log_file([met])) for unique, met in zip((ONE, TWO), order, strict=True)]
        detector(one, excepting("mallory")).handle(notice(*keys), Tally())

    expected = {"drill": HiddenCount(2, date(2026, 3, 2))}
    assert cloud.ledger.exception_counts(["drill"], SINCE) == expected
    assert other.ledger.exception_counts(["drill"], SINCE) == expected


def test_a_file_with_faults_counts_what_was_hidden_in_the_rest(cloud: Cloud) -> None:
    key = cloud.put(ONE, log_file([record(1), "no record"]))

    detector(cloud, excepting("mallory")).handle(notice(key), Tally())

    assert cloud.ledger.exception_counts(["drill"], SINCE)["drill"].count == 1


def test_an_event_without_a_time_is_hidden_on_the_day_it_is_read(cloud: Cloud) -> None:
    key = cloud.put(ONE, log_file([record(1, eventTime=None)]))

    detector(cloud, excepting("mallory")).handle(notice(key), Tally())

    today = datetime.fromtimestamp(NOW, UTC).date()
    assert cloud.ledger.exception_counts(["drill"], SINCE) == {"drill": HiddenCount(1, today)}


def by(user: str, number: int) -> Record:
    return record(number, userIdentity={"type": "IAMUser", "userName": user})


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


def test_an_alert_from_before_there_was_staging_is_told() -> None:
    cloud = Cloud()
    topic = Topic(cloud)
    detector(cloud, STABLE).handle(notice(cloud.put(ONE, log_file([record(1)]))), Tally())
    (alert,) = alerts(cloud)
    old = msgspec.json.decode(msgspec.json.encode(alert))
    del old["status"], old["staged"]

    read = msgspec.convert(old, Alert)

    assert read == replace(alert, status="")
    assert topic.notifier.tell(Outgoing(read.alert_id), read) is Telling.TOLD
