"""The daily check in memory: what is told, to whom, and how often."""

from dataclasses import dataclass, field, replace

import pytest
from msgspec.structs import replace as changed

from trailwarden.alerting import Alerting, Expected, Route
from trailwarden.state.memory_subscriptions import MemorySubscriptions
from trailwarden.state.subscriptions import (
    KeyCondition,
    KeyState,
    ListedSubscription,
    SeenTopic,
    Standing,
    TopicView,
)
from trailwarden.watching.findings import Kind
from trailwarden.watching.watch import Checked, Watch

ALERTS = "arn:aws:sns:eu-west-1:111122223333:trailwarden-alerts"
OPERATIONS = "arn:aws:sns:eu-west-1:111122223333:trailwarden-operations"
KEY = "arn:aws:kms:eu-west-1:111122223333:key/1"
SECURITY = Expected(ALERTS, "email", "security@example.com")
OPERATOR = Expected(OPERATIONS, "email", "operations@example.com")
DAY = 86_400
NOON = 1_772_366_400  # 2026-03-01T12:00:00Z


def confirmed(expected: Expected) -> ListedSubscription:
    return ListedSubscription(expected.protocol, expected.endpoint, Standing.CONFIRMED)


def pending(expected: Expected) -> ListedSubscription:
    return replace(confirmed(expected), standing=Standing.PENDING)


@dataclass
class World:
    """SNS, KMS and the clock, as a test wants them."""

    views: dict[str, TopicView] = field(default_factory=dict)
    key: KeyCondition = field(default_factory=lambda: KeyCondition(KeyState.USABLE))
    letters: list[tuple[str, str, str]] = field(default_factory=list)
    refuses: set[str] = field(default_factory=set)
    memory: MemorySubscriptions = field(default_factory=MemorySubscriptions)
    expected: tuple[Expected, ...] = (SECURITY, OPERATOR)
    now: float = NOON
    asked: int = 0

    def look(self, topic_arn: str) -> TopicView:
        return self.views[topic_arn]

    def condition(self, key: str) -> KeyCondition:
        self.asked += 1
        return self.key

    def tell(self, topic_arn: str, subject: str, text: str) -> None:
        if topic_arn in self.refuses:
            raise ConnectionError("SNS is out of reach")
        self.letters.append((topic_arn, subject, text))

    def check(self) -> Checked:
        alerting = Alerting(
            account="111122223333",
            region="eu-west-1",
            topics=(Route("alerts", ALERTS),),
            subscriptions=self.expected,
        )
        parts = {"topics": self, "keys": self, "memory": self.memory, "operations": self}
        return Watch(alerting, OPERATIONS, now=lambda: self.now, **parts).check()  # type: ignore[arg-type]

    def days(self, number: int) -> list[int]:
        """On which of the next days something is told."""
        told = []
        for day in range(1, number + 1):
            self.now += DAY
            before = len(self.letters)
            self.check()
            if len(self.letters) > before:
                told.append(day)
        return told

    def letter(self) -> tuple[str, str, str]:
        (letter,) = self.letters
        self.letters.clear()
        return letter


@pytest.fixture
def world() -> World:
    """All is well."""
    return World(
        {
            ALERTS: TopicView((confirmed(SECURITY),), KEY),
            OPERATIONS: TopicView((confirmed(OPERATOR),), KEY),
        }
    )


def subscribed(world: World, *listed: ListedSubscription, topic: str = ALERTS) -> None:
    world.views[topic] = replace(world.views[topic], subscriptions=listed)


def test_where_all_is_well_nothing_is_told(world: World) -> None:
    checked = world.check()
    assert checked == Checked((), (), None, untold=False)
    assert world.letters == []
    assert world.asked == 1  # one key for both topics


def test_a_topic_without_a_confirmed_subscriber_is_told_on_operations(world: World) -> None:
    subscribed(world, pending(SECURITY))
    checked = world.check()
    topic, subject, text = world.letter()
    assert topic == OPERATIONS
    assert subject == "Trailwarden: nobody hears a topic, trailwarden-alerts, and 1 more finding"
    assert (
        "1. The topic trailwarden-alerts has no confirmed subscriber: alerts published to it reach nobody."
    ) in text
    assert "security@example.com (email) has not confirmed" in text
    assert "first seen so on 2026-03-01" in text
    assert checked.deaf == (ALERTS,)
    assert checked.told_on == OPERATIONS


def test_a_deaf_operations_topic_is_told_through_an_alert_topic(world: World) -> None:
    subscribed(world, topic=OPERATIONS)
    world.check()
    topic, _, text = world.letter()
    assert topic == ALERTS
    assert text.startswith("This should have come through trailwarden-operations, which nobody hears.")
    assert "operations@example.com (email) is not subscribed to trailwarden-operations" in text


def test_where_everything_is_deaf_the_check_says_so_and_tells_once_somebody_hears(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    subscribed(world)
    subscribed(world, topic=OPERATIONS)
    checked = world.check()
    assert checked.untold
    assert set(checked.deaf) == {ALERTS, OPERATIONS}
    assert "nobody hears what is wrong" in caplog.text
    assert world.letters == []
    subscribed(world, confirmed(OPERATOR), topic=OPERATIONS)
    assert world.check().told_on == OPERATIONS


def test_a_topic_that_refuses_the_message_is_passed_over_for_the_next(world: World) -> None:
    subscribed(world, confirmed(SECURITY), pending(Expected(ALERTS, "email", "new@example.com")))
    world.expected += (Expected(ALERTS, "email", "new@example.com"),)
    world.refuses.add(OPERATIONS)
    assert world.check().told_on == ALERTS


def test_a_subscription_that_vanished_is_named_with_cause_and_cure(world: World) -> None:
    colleague = Expected(ALERTS, "email", "colleague@example.com")
    subscribed(world, confirmed(SECURITY), confirmed(colleague))
    world.check()
    subscribed(world, confirmed(colleague))
    world.now += DAY
    (finding,) = world.check().findings
    assert finding.kind is Kind.VANISHED
    _, subject, text = world.letter()
    assert subject == "Trailwarden: a subscriber is gone, trailwarden-alerts"
    assert "security@example.com (email) was subscribed to trailwarden-alerts and is gone since" in text
    assert "Mail scanners that follow links unsubscribe people" in text
    assert (
        f"aws sns subscribe --topic-arn {ALERTS} --protocol email"
        " --notification-endpoint security@example.com\n"
    ) in text
    assert "--authenticate-on-unsubscribe true" in text
    assert "Deploying again does not bring it back" in text


def test_the_same_is_told_daily_for_a_week_then_weekly(world: World) -> None:
    second = Expected(ALERTS, "email", "second@example.com")
    world.expected += (second,)
    subscribed(world, confirmed(SECURITY), confirmed(second))
    world.check()
    subscribed(world, confirmed(SECURITY))
    assert world.days(30) == [1, 2, 3, 4, 5, 6, 7, 14, 21, 28]


def test_what_loses_alerts_is_told_every_day(world: World) -> None:
    subscribed(world)
    assert world.days(20) == list(range(1, 21))
    assert "1 more finding, told before and only once a week by now." in world.letters[-1][2]


def test_a_subscription_that_the_settings_never_asked_for_is_forgotten_after_five_weeks(world: World) -> None:
    subscribed(world, confirmed(SECURITY), confirmed(Expected(ALERTS, "email", "guest@example.com")))
    world.check()
    subscribed(world, confirmed(SECURITY))
    assert max(world.days(60)) <= 35
    assert "well again" not in world.letters[-1][1]
    assert world.check().findings == ()


def test_a_subscription_that_the_settings_let_go_is_not_missed(world: World) -> None:
    second = Expected(ALERTS, "email", "second@example.com")
    world.expected += (second,)
    subscribed(world, confirmed(SECURITY), confirmed(second))
    world.check()
    world.expected = (SECURITY, OPERATOR)
    subscribed(world, confirmed(SECURITY))
    assert world.check().findings == ()


def test_a_second_run_on_the_same_day_tells_nothing_new(world: World) -> None:
    subscribed(world)
    world.check()
    world.now += 3600
    world.check()
    assert len(world.letters) == 1


def test_when_all_is_well_again_that_is_told_once(world: World) -> None:
    subscribed(world)
    world.check()
    world.letters.clear()
    subscribed(world, confirmed(SECURITY))
    assert world.days(3) == [1]
    topic, subject, text = world.letter()
    assert (topic, subject) == (OPERATIONS, "Trailwarden: the delivery of alerts is well again")
    assert "No longer so:\n   The topic trailwarden-alerts has no confirmed subscriber" in text


def test_a_subscription_that_sns_switched_off_is_told_from_one_never_confirmed(world: World) -> None:
    other = Expected(ALERTS, "email", "other@example.com")
    subscribed(world, confirmed(SECURITY), confirmed(other))
    world.check()
    subscribed(world, pending(SECURITY), confirmed(other))
    (finding,) = world.check().findings
    assert finding.kind is Kind.SWITCHED_OFF
    assert "more than ten messages a second" in world.letter()[2]
    subscribed(world, confirmed(SECURITY), confirmed(other))
    assert world.check().findings == ()


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (KeyCondition(KeyState.BROKEN, "Disabled"), f"aws kms enable-key --key-id {KEY}"),
        (KeyCondition(KeyState.BROKEN, "PendingDeletion"), f"aws kms cancel-key-deletion --key-id {KEY}"),
        (KeyCondition(KeyState.BROKEN, "NotFoundException: gone"), "Give the topic a key that works"),
    ],
)
def test_a_broken_key_makes_its_topics_deaf(world: World, condition: KeyCondition, words: str) -> None:
    world.key = condition
    world.views[ALERTS] = replace(world.views[ALERTS], key=None)
    checked = world.check()
    assert checked.deaf == (OPERATIONS,)
    topic, _, text = world.letter()
    assert topic == ALERTS
    assert condition.detail in text
    assert words in text


def test_a_key_that_refuses_is_told_and_one_that_cannot_be_asked_is_not(world: World) -> None:
    world.key = KeyCondition(KeyState.REFUSED, "AccessDeniedException: no")
    assert {finding.kind for finding in world.check().findings} == {Kind.KEY}
    assert world.letter()[0] == OPERATIONS
    world.key = KeyCondition(KeyState.UNKNOWN)
    world.now += DAY
    assert world.check().findings == ()
    assert world.letters == []  # nothing is known to be mended
    world.key = KeyCondition(KeyState.USABLE)
    world.check()
    assert "well again" in world.letter()[1]


def test_a_topic_that_is_gone_or_cannot_be_read_keeps_what_was_known_of_it(world: World) -> None:
    world.check()
    whole = world.views[ALERTS]
    world.views[ALERTS] = TopicView(problem="AccessDenied: no")
    assert [finding.kind for finding in world.check().findings] == [Kind.UNREADABLE]
    assert "could not be checked: AccessDenied: no" in world.letter()[2]
    world.views[ALERTS] = TopicView(missing=True)
    world.now += DAY
    assert world.check().deaf == (ALERTS,)
    assert "does not exist" in world.letter()[2]
    world.views[ALERTS] = replace(whole, subscriptions=(confirmed(changed(SECURITY, endpoint="x@y.z")),))
    assert [finding.kind for finding in world.check().findings] == [Kind.VANISHED]


def test_a_topic_that_raises_costs_no_other(world: World) -> None:
    del world.views[ALERTS]
    subscribed(world, topic=OPERATIONS)
    assert [finding.kind for finding in world.check().findings] == [
        Kind.UNREADABLE,
        Kind.DEAF,
        Kind.NEVER_THERE,
    ]


@pytest.mark.parametrize(
    ("protocol", "endpoint", "owner"),
    [
        ("lambda", "arn:aws:lambda:eu-west-1:444455556666:function:triage", "444455556666"),
        ("sqs", "arn:aws:sqs:eu-south-1:555566667777:siem", "555566667777"),
        ("sqs", "arn:aws:sqs:eu-west-1:111122223333:siem", None),
        ("email", "a:b:c:444455556666:d:e@example.com", None),
    ],
)
def test_what_its_owner_alone_can_subscribe_is_told_so(
    world: World, protocol: str, endpoint: str, owner: str | None
) -> None:
    world.expected += (Expected(ALERTS, protocol, endpoint),)
    world.check()
    said = world.letter()[2]
    assert endpoint in said
    assert (f"(Only account {owner}, which owns it, can subscribe it" in said) is (owner is not None)
    assert ("Only account" in said) is (owner is not None)


def test_web_addresses_are_known_by_all_and_shown_without_what_opens_doors(world: World) -> None:
    asked = Expected(ALERTS, "https", "https://user:secret@Hooks.example.com/a?token=abc")
    world.expected += (asked,)
    listed = changed(asked, endpoint="https://user:****@hooks.example.com/a?token=abc")
    subscribed(world, confirmed(SECURITY), confirmed(listed))
    assert world.check().findings == ()
    subscribed(world, confirmed(SECURITY), confirmed(changed(listed, endpoint=listed.endpoint + "d")))
    world.check()
    text = world.letter()[2]
    assert "https://hooks.example.com/a (https) was subscribed" in text
    assert "complete it" in text
    assert not any(word in text for word in ("secret", "token=", "****"))
    assert "secret" not in repr(world.memory.topics)
    assert "token" not in repr(world.memory.topics)


@pytest.mark.parametrize(
    ("protocol", "asked", "listed"),
    [
        ("email", "Security@Example.com", "security@example.com"),
        ("sms", "+1 555 0100", "+15550100"),
        ("https", "https://[broken", "https://[broken"),
    ],
)
def test_the_same_endpoint_is_known_however_it_is_written(
    world: World, protocol: str, asked: str, listed: str
) -> None:
    world.expected += (Expected(ALERTS, protocol, asked),)
    subscribed(world, confirmed(SECURITY), confirmed(Expected(ALERTS, protocol, listed)))
    assert world.check().findings == ()


def test_what_a_subscriber_is_called_breaks_no_line(world: World) -> None:
    strange = Expected(ALERTS, "email", "a@example.com\nSubject: \u202eall is well")
    subscribed(world, confirmed(SECURITY), confirmed(strange))
    world.check()
    subscribed(world, confirmed(SECURITY))
    world.check()
    assert "a@example.com Subject: all is well (email) was subscribed" in world.letter()[2]


def test_many_findings_fit_a_message(world: World) -> None:
    world.expected += tuple(Expected(ALERTS, "email", f"{number}@example.com") for number in range(2000))
    world.check()
    text = world.letter()[2]
    assert len(text) < 60_000
    assert "1950 more findings; the log of the function has them all." in text
    assert text.count("--authenticate-on-unsubscribe true") == 1


def test_a_topic_that_cannot_be_checked_costs_no_other(world: World) -> None:
    subscribed(world, pending(SECURITY))
    seen = world.memory.seen

    def failing(topic_arn: str) -> SeenTopic | None:
        if topic_arn == OPERATIONS:
            raise ConnectionError("throttled")
        return seen(topic_arn)

    world.memory.seen = failing  # type: ignore[method-assign]
    checked = world.check()
    assert [(one.kind, one.topic.arn) for one in checked.findings] == [
        (Kind.DEAF, ALERTS),
        (Kind.PENDING, ALERTS),
        (Kind.UNREADABLE, OPERATIONS),
    ]
    assert world.letter()[0] == OPERATIONS


def test_what_cannot_be_remembered_of_one_topic_is_of_the_other_and_ends_in_an_error(world: World) -> None:
    subscribed(world, pending(SECURITY))
    remember, kept = world.memory.remember, []

    def failing(topic_arn: str, seen: SeenTopic) -> None:
        if topic_arn == ALERTS:
            raise ConnectionError("throttled")
        kept.append(topic_arn)
        remember(topic_arn, seen)

    world.memory.remember = failing  # type: ignore[method-assign]
    with pytest.raises(ConnectionError):
        world.check()
    assert kept == [OPERATIONS]
    assert len(world.letters) == 1


def test_more_subscriptions_than_can_be_read_are_no_reason_to_miss_any(world: World) -> None:
    world.check()
    world.now += DAY
    world.views[ALERTS] = TopicView((), KEY, partial=True)
    checked = world.check()
    assert [one.kind for one in checked.findings] == [Kind.UNREADABLE]
    assert checked.deaf == ()
    world.views[ALERTS] = TopicView((), KEY)
    world.now += DAY
    assert {one.kind for one in world.check().findings} == {Kind.DEAF, Kind.VANISHED}, "and it stays in mind"
