"""One run publishes at a time, and one that dies is waited for no longer than it may live."""

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from tests.alert_table import create_alert_table
from trailwarden.aws.publishing_lease import PublishingLease

TABLE = "trailwarden-alerts"


class Clock:
    """Passes a second at each pause; `then` happens meanwhile."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.then: Callable[[], object] = lambda: None

    def pause(self) -> None:
        self.now += 1
        self.then()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        client = boto3.client("dynamodb", region_name="eu-west-1")
        create_alert_table(client, TABLE)
        yield client


def lease_of(database: Any, clock: Clock) -> PublishingLease:
    return PublishingLease(database, TABLE, now=lambda: clock.now, pause=clock.pause)


def test_a_second_run_waits_and_follows_at_once(database: Any, clock: Clock) -> None:
    first, second = lease_of(database, clock), lease_of(database, clock)
    holding = first.held(until=1120, patience=1090)
    assert holding.__enter__()
    clock.then = lambda: clock.now == 1005 and holding.__exit__(None, None, None)
    with second.held(until=1120, patience=1090) as alone:
        assert alone
        assert clock.now == 1005


def test_a_run_that_waits_for_too_long_gives_up_and_takes_nothing(database: Any, clock: Clock) -> None:
    with (
        lease_of(database, clock).held(until=1120, patience=1090) as first,
        lease_of(database, clock).held(until=1120, patience=1090) as second,
    ):
        assert (first, second) == (True, False)
        assert clock.now == 1090
        with lease_of(database, clock).held(until=1120, patience=1090) as third:
            assert not third
    with lease_of(database, clock).held(until=1120, patience=1090) as alone:
        assert alone


def test_whoever_dies_with_it_is_waited_for_until_it_must_be_over(database: Any, clock: Clock) -> None:
    dying = lease_of(database, clock).held(until=1120.7, patience=1090)
    assert dying.__enter__()
    with lease_of(database, clock).held(until=1240, patience=1210) as alone:
        assert alone
        assert clock.now == 1121


def test_a_late_holder_takes_it_from_nobody(database: Any, clock: Clock) -> None:
    late = lease_of(database, clock).held(until=1001, patience=1001)
    assert late.__enter__()
    clock.now = 1002
    with lease_of(database, clock).held(until=1120, patience=1090) as second:
        assert second
        late.__exit__(None, None, None)
        with lease_of(database, clock).held(until=1120, patience=1002) as third:
            assert not third


@pytest.mark.parametrize("ahead", [40, 3600, 86_400, 10**9])
def test_a_holder_whose_clock_is_ahead_keeps_others_out_for_one_lease_at_most(
    database: Any, clock: Clock, ahead: int
) -> None:
    fast = Clock()
    fast.now = clock.now + ahead
    dying = lease_of(database, fast).held(until=fast.now + 120, patience=fast.now + 90)
    assert dying.__enter__()
    with lease_of(database, clock).held(until=1120, patience=1090) as second:
        assert not second
    with lease_of(database, clock).held(until=1210, patience=1180) as third:
        assert third
        assert clock.now == 1121


@pytest.mark.parametrize("behind", [40, 86_400])
def test_a_run_whose_clock_is_behind_ends_no_lease_that_it_did_not_meet_at_first(
    database: Any, clock: Clock, behind: int
) -> None:
    slow = Clock()
    slow.now = clock.now - behind
    holding = lease_of(database, clock).held(until=1120, patience=1090)
    assert holding.__enter__()
    clock.now += 90
    late = lease_of(database, clock).held(until=clock.now + 120, patience=clock.now + 90)

    def handed_over() -> None:
        if slow.now == 1085 - behind:
            holding.__exit__(None, None, None)
            assert late.__enter__()

    slow.then = handed_over
    with lease_of(database, slow).held(until=1120 - behind, patience=1090 - behind) as second:
        assert not second
    with lease_of(database, clock).held(until=clock.now + 120, patience=clock.now + 5) as third:
        assert not third
    late.__exit__(None, None, None)


def test_a_holder_whose_clock_is_behind_keeps_nobody_out_and_takes_back_nothing(
    database: Any, clock: Clock
) -> None:
    slow = Clock()
    slow.now = clock.now - 86_400
    early = lease_of(database, slow).held(until=slow.now + 120, patience=slow.now + 90)
    assert early.__enter__()
    with lease_of(database, clock).held(until=1120, patience=1090) as second:
        assert second
        early.__exit__(None, None, None)
        with lease_of(database, clock).held(until=1120, patience=1005) as third:
            assert not third


def test_it_is_given_back_when_the_run_fails(database: Any, clock: Clock) -> None:
    with pytest.raises(ZeroDivisionError), lease_of(database, clock).held(until=1120, patience=1090):
        raise ZeroDivisionError
    with lease_of(database, clock).held(until=1120, patience=1000) as alone:
        assert alone


def test_an_answer_that_was_lost_does_not_lock_its_own_holder_out(
    database: Any, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """botocore repeats the put, which then meets what it wrote itself."""
    put = database.put_item

    def twice(**arguments: Any) -> Any:
        put(**arguments)
        return put(**arguments)

    monkeypatch.setattr(database, "put_item", twice)
    with lease_of(database, clock).held(until=1120, patience=1000) as alone:
        assert alone


def test_a_table_that_refuses_is_no_lease_that_is_taken(database: Any, clock: Clock) -> None:
    database.delete_table(TableName=TABLE)
    with pytest.raises(ClientError), lease_of(database, clock).held(until=1120, patience=1090):
        pass
    assert clock.now == 1000
