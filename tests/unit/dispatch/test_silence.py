"""Accounts that fall silent: operations is notified once, and when it is over."""

from collections.abc import Iterable

import pytest

from tests.alerting_world import Operations
from tests.dynamodb import FakeDynamoDB
from trailwarden.alerts.placement import seconds_of, time_of
from trailwarden.aws.silence_table import SilenceTable
from trailwarden.aws.week_table import WeekTable
from trailwarden.dispatch.silence import SilenceWatch
from trailwarden.messages.layout import WIDTH
from trailwarden.messages.when import parsed
from trailwarden.state.weeks import Seen, week_of

HOUR, DAY = 3600, 86_400
SHOP, STAGING, AUDIT = "444455556666", "777788889999", "111122223333"
NAMES = {SHOP: f"{SHOP} (shop, production)"}


class World:
    """A table, its clock, and who is notified. `records` are read of accounts as a function reads them."""

    def __init__(self, *accounts: str, start: str = "2026-03-04T12:00:00Z") -> None:
        self.now = seconds_of(start)
        self.table = FakeDynamoDB()
        self.operations = Operations()
        self.weeks = WeekTable(self.table, "alerts", now=lambda: self.now)
        self.accounts = accounts
        self.watch = self.started()

    def started(self) -> SilenceWatch:
        """The function, started afresh."""
        return SilenceWatch(
            weeks=self.weeks,
            silences=SilenceTable(self.table, "alerts", now=lambda: self.now),
            operations=self.operations,
            accounts=self.accounts,
            name=lambda account: NAMES.get(account, account),
            now=lambda: self.now,
        )

    def read(self, *accounts: str, ago: int = 300) -> None:
        when = time_of(self.now - ago)
        moment = parsed(time_of(self.now))
        assert moment is not None
        self.weeks.add_seen(week_of(moment), {account: Seen(1, 5, when) for account in accounts})

    def pass_by(self, hours: float, *reading: str) -> list[str]:
        """So many hours, in which records of `reading` come; what operations was notified of meanwhile."""
        before = len(self.operations.told)
        step = HOUR // 4 if hours < 48 else 4 * HOUR
        for _ in range(int(hours * HOUR) // step):
            self.now += step
            self.read(*reading)
            self.watch.check()
        return [subject for subject, _ in self.operations.told[before:]]

    @property
    def text(self) -> str:
        return self.operations.told[-1][1]


def test_an_account_that_falls_silent_is_reported_once_and_when_it_is_over() -> None:
    world = World(SHOP, STAGING)
    assert world.pass_by(10, SHOP, STAGING) == []
    assert world.pass_by(23, STAGING) == []
    assert world.pass_by(100, STAGING) == ["Trailwarden: no record of 1 account for a day"]
    assert (
        f"  {SHOP} (shop, production)\n    the last record is of Wed 4 March 2026, 21:55:00 UTC" in world.text
    )
    assert "get-trail-status --name trailwarden" in world.text
    assert world.pass_by(3, SHOP, STAGING) == ["Trailwarden: records of 1 account come again"]
    assert world.text == f"Records come again of\n  {SHOP} (shop, production)\n"
    assert world.pass_by(50, STAGING)[-1] == "Trailwarden: no record of 1 account for a day", (
        "the next time, too"
    )


def test_it_is_noticed_within_an_hour_or_so_after_the_day() -> None:
    world = World(SHOP, STAGING)
    world.pass_by(1, SHOP, STAGING)
    assert world.pass_by(23.5, STAGING) == []
    assert len(world.pass_by(1.75, STAGING)) == 1


def test_several_stand_in_one_message_and_a_mixed_one_says_both() -> None:
    world = World(SHOP, STAGING, AUDIT)
    world.pass_by(1, SHOP, STAGING, AUDIT)
    assert world.pass_by(26, AUDIT) == ["Trailwarden: no record of 2 accounts for a day"]
    assert "Nothing was read of these accounts for a day:" in world.text
    world.pass_by(20, SHOP, STAGING)
    world.pass_by(23.5, SHOP)
    world.read(AUDIT)
    mixed = world.pass_by(5, AUDIT)
    assert mixed == ["Trailwarden: no record of 1 account for a day; records of 1 account come again"]
    assert world.text.endswith(f"\n\nRecords come again of\n  {AUDIT}\n")


def test_what_nothing_was_ever_read_of_has_a_day_to_begin() -> None:
    """Right after the first deployment the trails are not there yet."""
    world = World(SHOP, AUDIT)
    assert world.pass_by(23) == []
    assert world.pass_by(3, AUDIT) == ["Trailwarden: no record of 1 account for a day"]
    assert f"  {SHOP} (shop, production)\n    nothing was ever read of it" in world.text
    assert world.pass_by(24 * 30, AUDIT) == [], "once, however long it lasts"


def test_where_nothing_comes_of_any_account_it_is_not_the_accounts() -> None:
    world = World(SHOP)
    world.pass_by(1, SHOP, STAGING)
    assert world.pass_by(30) == ["Trailwarden: no record of any account for a day"]
    assert "Nothing was read of any account for a day" in " ".join(world.text.split())
    for account in (SHOP, STAGING):
        assert account in world.text


def test_an_account_that_only_the_figures_know_is_missed_too_and_forgotten_at_last() -> None:
    """An organization's member, which no setting names: closed, perhaps."""
    world = World(AUDIT)
    world.pass_by(1, STAGING, AUDIT)
    assert world.pass_by(24 * 27, AUDIT) == ["Trailwarden: no record of 1 account for a day"]
    assert world.pass_by(24 * 3, AUDIT) == []
    assert world.pass_by(2, STAGING, AUDIT) == [], "it is no longer missed, so it does not come again"


def test_the_turn_of_the_week_is_no_silence() -> None:
    world = World(SHOP, start="2026-03-08T20:00:00Z")  # Sunday
    assert world.pass_by(20, SHOP) == []
    world = World(SHOP, start="2026-03-08T20:00:00Z")
    world.pass_by(1, SHOP)
    assert world.pass_by(22) == [], "read last in the week before"
    assert len(world.pass_by(3)) == 1


def test_two_at_once_and_a_fresh_start_report_no_second_time() -> None:
    world = World(SHOP, STAGING)
    world.pass_by(1, SHOP, STAGING)
    others = [world.started() for _ in range(3)]
    for _ in range(30 * 4):
        world.now += HOUR // 4
        world.read(STAGING)
        for watch in (*others, world.started()):
            watch.check()
    assert len(world.operations.told) == 1


def test_a_report_that_fails_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(SHOP, STAGING)
    world.pass_by(1, SHOP, STAGING)

    def refuse(*_: Iterable[str]) -> None:
        raise ConnectionError("SNS is out of reach")

    with monkeypatch.context() as broken:
        broken.setattr(world.operations, "tell", refuse)
        failed = 0
        for _ in range(30):
            world.now += HOUR
            world.read(STAGING)
            try:
                world.watch.check()
            except ConnectionError:
                failed += 1
        assert failed > 3
    assert world.pass_by(2, STAGING) == ["Trailwarden: no record of 1 account for a day"]


def test_what_was_remembered_and_cannot_be_read_costs_a_repeat_and_no_more() -> None:
    world = World(SHOP, STAGING)
    world.pass_by(1, SHOP, STAGING)
    world.pass_by(26, STAGING)
    item = world.table.items["SILENCES", "SILENCES"]
    world.table.items["SILENCES", "SILENCES"] = item | {"silences": {"S": "{"}}
    assert world.pass_by(2, STAGING) == ["Trailwarden: no record of 1 account for a day"]
    assert world.pass_by(24, STAGING) == []


def test_many_accounts_fit_into_a_mail_that_a_phone_shows() -> None:
    accounts = [f"{100_000_000_000 + number}" for number in range(100)]
    world = World(*accounts)
    world.pass_by(1, *accounts, STAGING)
    assert world.pass_by(25.5, STAGING) == ["Trailwarden: no record of 100 accounts for a day"]
    assert "  and 50 more\n" in world.text
    commands = [line for line in world.text.splitlines() if line.startswith("     aws ")]
    assert commands
    assert all(len(line) <= WIDTH for line in world.text.splitlines() if line not in commands)
    assert world.pass_by(24, STAGING) == []
