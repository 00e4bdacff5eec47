"""What noise, made on purpose, cannot silence: other accounts, and the protected rules."""

from dataclasses import dataclass

import msgspec
import pytest

from tests.alerting_world import START, STOP, Event, World
from tests.samples import record, rule
from trailwarden.alerts.placement import time_of
from trailwarden.delivery.records import event_identity, event_time
from trailwarden.dispatch.notification import Telling
from trailwarden.engine.match import Match
from trailwarden.rules.ruleset import Level, Rule
from trailwarden.state.outbox import Budgets

CRITICAL = msgspec.structs.replace(STOP, level=Level.CRITICAL)
PROTECTED = msgspec.structs.replace(CRITICAL, id="0b6f0f0e-57a5-4f3c-8a38-6b1e0e0d9c11", protected=True)
MINE, OTHER = "111122223333", "999988887777"
pytestmark = pytest.mark.parametrize("in_table", [False, True], ids=["memory", "DynamoDB"])


@dataclass(frozen=True)
class Call(Event):
    account: str = MINE
    region: str = "eu-west-1"

    def match(self, met: Rule = STOP) -> Match:
        found = record(
            self.number,
            eventTime=time_of(START + 60 * self.minute),
            eventName=self.action,
            awsRegion=self.region,
            recipientAccountId=self.account,
            userIdentity={"type": "IAMUser", "userName": self.user, "accountId": self.account},
        )
        return Match(met, found, self.number, event_identity(found), event_time(found))


def noise_of_rules(world: World, rules: int, account: str = MINE, each: int = 12) -> None:
    for number in range(rules):
        noisy = msgspec.structs.replace(
            rule(f"7f0a1f5e-3a43-4a4d-9b61-0d1a5c1f2{number:03}", "StopLogging", alert_title="noise"),
            level=Level.CRITICAL,
        )
        world.deliver(
            [Call(1000 * number + one, 0, f"u{one}", account=account) for one in range(each)], met=noisy
        )
    world.notify()
    world.tend()


@pytest.mark.parametrize("level", [Level.HIGH, Level.CRITICAL])
def test_the_first_of_an_account_is_told_whatever_another_account_does(in_table: bool, level: Level) -> None:
    world = World(in_table=in_table, budgets=Budgets())
    met = msgspec.structs.replace(STOP, level=level)
    world.deliver([Call(one, 0, f"decoy{one}") for one in range(40)], met=met)
    assert world.notify().count(Telling.TOLD) == 10

    world.deliver([Call(100 + one, 1, f"real{one}", account=OTHER) for one in range(5)], met=met)
    assert world.notify() == [Telling.TOLD] * 3 + [Telling.HELD] * 2


def test_what_accounts_are_told_of_beyond_the_budgets_is_bounded(in_table: bool) -> None:
    world = World(in_table=in_table, budgets=Budgets())
    world.deliver([Call(one, 0, account=f"{one:012}") for one in range(100)], met=CRITICAL)
    assert world.notify().count(Telling.TOLD) == 10 + 30


def test_mild_noise_has_no_reserve(in_table: bool) -> None:
    world = World(in_table=in_table, budgets=Budgets())
    mild = msgspec.structs.replace(STOP, level=Level.MEDIUM)
    world.deliver([Call(one, 0, account=f"{one:012}") for one in range(100)], met=mild)
    assert world.notify().count(Telling.TOLD) == 10


def test_no_rule_uses_up_the_reserve_of_a_protected_one(in_table: bool) -> None:
    """Not even in the same account."""
    world = World(in_table=in_table, budgets=Budgets())
    noise_of_rules(world, 8)
    assert len(world.topic.told) == 60

    world.deliver([Call(9000 + one, 1, f"real{one}") for one in range(4)], met=PROTECTED)
    assert world.notify() == [Telling.TOLD] * 3 + [Telling.HELD]


def test_a_storm_of_one_account_gets_no_more_than_its_rule_may_send(in_table: bool) -> None:
    world = World(in_table=in_table, budgets=Budgets())
    world.deliver([Call(one, 0, f"u{one}") for one in range(200)], met=PROTECTED)
    assert world.notify().count(Telling.TOLD) == 10


def test_an_account_that_no_summary_named_is_summed_up_at_once(in_table: bool) -> None:
    world = World(in_table=in_table, budgets=Budgets(1, 1))
    world.deliver([Call(one, 0, f"decoy{one}") for one in range(50)], met=CRITICAL)
    world.notify()
    world.tend()
    world.pass_time(1)
    for account, level in ((OTHER, Level.CRITICAL), ("222233334444", Level.HIGH)):
        met = msgspec.structs.replace(STOP, level=level)
        world.deliver([Call(int(account) % 1000, 1, account=account)], met=met)
        world.notify()
        world.tend()
        assert account in {row.account for row in world.topic.storms[-1].account_rows}
        world.pass_time(1)
    assert len(world.topic.storms) == 3

    world.deliver([Call(77, 3, "another", account=OTHER)], met=CRITICAL)
    world.notify()
    world.tend()
    assert len(world.topic.storms) == 3, "its account was named"


def test_mild_ones_wait_until_there_are_ten_times_as_many(in_table: bool) -> None:
    world = World(in_table=in_table, budgets=Budgets(1, 1))
    mild = msgspec.structs.replace(STOP, level=Level.MEDIUM)
    for one in range(8):
        world.deliver([Call(one, one, account=f"{one:012}")], met=mild)
        world.notify()
        world.tend()
        world.pass_time(1)
    assert len(world.topic.storms) == 1


def test_more_of_a_protected_rule_waits_five_minutes_at_most(in_table: bool) -> None:
    """Whoever hides behind decoys of the same rule in the same account is told of soon."""
    world = World(in_table=in_table, budgets=Budgets())
    world.deliver([Call(one, 0, f"decoy{one}") for one in range(100)], met=PROTECTED)
    world.notify()
    world.tend()
    world.pass_time(1)
    world.deliver([Call(500, 1, "real")], met=PROTECTED)
    assert world.notify() == [Telling.HELD]
    for _ in range(5):
        world.tend()
        world.pass_time(1)
    assert "user real" in {row.actor for row in world.topic.storms[-1].rows}
    assert len(world.topic.storms) == 2


def test_a_lasting_storm_of_a_protected_rule_brings_a_dozen_summaries(in_table: bool) -> None:
    world = World(in_table=in_table, budgets=Budgets(1, 60))
    for minute in range(60):
        world.deliver(
            [Call(100 * minute + one, minute, f"u{minute}-{one}") for one in range(3)], met=PROTECTED
        )
        world.notify()
        world.tend()
        world.pass_time(1)
    assert len(world.topic.storms) <= 13
