"""What was held back, summed up: by `storms.summary_of`, and told by `tend_alerts`."""

from dataclasses import dataclass, replace

import pytest

from tests.alerting_world import START, STOP, Event, Topic, World
from tests.samples import record
from tests.unit.cli.alert_desk import alert
from trailwarden.alerts.placement import time_of
from trailwarden.delivery.records import event_identity, event_time
from trailwarden.dispatch.notification import held_of
from trailwarden.dispatch.storms import summary_of
from trailwarden.engine.match import Match
from trailwarden.errors import MessageRefusedError
from trailwarden.messages.envelope import AlertMessage
from trailwarden.rules.ruleset import Rule
from trailwarden.state.outbox import Budgets, Outgoing, Storm


def test_a_row_says_whose_rule_it_is_and_which_tactics_it_names() -> None:
    owned = replace(
        alert(), owner="network team", tags=("attack.defense-evasion", "attack.t1562.008", "attack.impact")
    )
    held = [held_of(Outgoing(owned.alert_id), owned, ("main",)), held_of(Outgoing("2"), owned, ("main",))]
    assert (held[0].owner, held[0].tactics) == ("network team", ("defense-evasion", "impact"))

    (row,) = summary_of(Storm("2026-03-02T12", 1), held, Budgets()).rows

    assert (row.owner, row.tactics, row.messages) == ("network team", ("defense-evasion", "impact"), 2)


@pytest.mark.parametrize("in_table", [False, True], ids=["memory", "DynamoDB"])
def test_a_topic_that_fails_has_nobody_else_told_again(in_table: bool) -> None:
    broken, sound = Topic("broken"), Topic("sound")
    world = World(in_table=in_table, topics=[broken, sound], budgets=Budgets(1, 100))
    world.deliver([Event(number, 0, f"user{number}") for number in range(3)])
    world.notify()
    broken.broken = True
    for _ in range(5):
        world.tend()
        world.pass_time(6)  # the lease is over
    assert [storm.messages for storm in sound.storms] == [2]

    world.deliver([Event(10, 20, "late")])
    broken.broken = False
    world.notify()
    for _ in range(3):
        world.tend()
        world.pass_time(6)
    assert [storm.messages for storm in broken.storms] == [3]
    assert len(sound.storms) == 1
    world.pass_time(60)
    world.tend()

    # Who missed something by that is told of it at the hour's end.
    assert [(storm.messages, storm.final) for storm in sound.storms] == [(2, False), (3, True)]


class Strict(Topic):
    """Takes what SNS takes; `refuses` besides."""

    refused = 0

    def refuses(self, message: AlertMessage) -> bool:
        return not message.fits

    def publish(self, message: AlertMessage) -> str:
        if self.refuses(message):
            self.refused += 1
            raise MessageRefusedError("too large")
        return super().publish(message)


class Picky(Strict):
    """Refuses whatever names the account, or any account's rows."""

    def refuses(self, message: AlertMessage) -> bool:
        return "Storm" in message.subject and "111122223333" in message.attributes.get("account", ())


@dataclass(frozen=True)
class Placed(Event):
    account: str = "111122223333"
    region: str = "eu-west-1"

    def match(self, met: Rule = STOP) -> Match:
        found = record(
            self.number,
            eventTime=time_of(START + 60 * self.minute),
            awsRegion=self.region,
            eventName=self.action,
            recipientAccountId=self.account,
            userIdentity={"type": "IAMUser", "userName": self.user, "accountId": self.account},
        )
        return Match(met, found, self.number, event_identity(found), event_time(found))


def hour_of(world: World) -> None:
    for _ in range(13):
        world.tend()
        world.pass_time(6)


@pytest.mark.parametrize("in_table", [False, True], ids=["memory", "DynamoDB"])
def test_a_part_that_is_refused_goes_out_brief_and_operations_is_notified(in_table: bool) -> None:
    topic = Picky()
    world = World(in_table=in_table, topics=[topic], budgets=Budgets(1, 1))
    world.deliver([Placed(one, 0, f"u{one}") for one in range(4)])
    world.notify()
    hour_of(world)

    (brief,) = topic.storms
    assert (topic.refused, brief.messages, brief.rows) == (2, 3, ())
    ((subject, letter),) = world.operations.told
    assert subject == "Trailwarden: 1 storm summary message sent in brief (high)"
    assert "ended the function" not in letter
    assert "trailwarden alerts list --held" in " ".join(letter.split())


@pytest.mark.parametrize("in_table", [False, True], ids=["memory", "DynamoDB"])
def test_what_is_refused_three_times_holds_up_nothing(in_table: bool) -> None:
    class Closed(Strict):
        def refuses(self, message: AlertMessage) -> bool:
            return message.subject.startswith("[") and "Storm" in message.subject

    closed, sound = Closed("closed"), Topic("sound")
    world = World(in_table=in_table, topics=[closed, sound], budgets=Budgets(1, 1))
    world.deliver([Placed(one, 0, f"u{one}") for one in range(4)])
    world.notify()
    hour_of(world)
    assert (closed.refused, len(sound.storms)) == (3, 1)
    ((subject, _),) = world.operations.told
    assert subject == "Trailwarden: 1 storm summary message NOT sent (high)"
