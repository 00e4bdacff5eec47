"""Sessions in the table: what is kept, for how long, and in how many requests."""

from typing import Any

import boto3
import pytest
from moto import mock_aws

from tests.alert_table import create_alert_table
from tests.dynamodb import FakeDynamoDB
from tests.samples import record
from tests.unit.activity.credentials import ALICE, assumed, key, session_identity
from trailwarden.activity.describe import describe
from trailwarden.activity.learning import learn
from trailwarden.activity.model import Context
from trailwarden.activity.sessions import Session
from trailwarden.aws.session_table import SessionTable
from trailwarden.state.sessions import MemorySessionStore

NOW = 1772366400  # 2026-03-01T12:00:00Z
DAY = 86400


def _session(**fields: Any) -> Session:
    return Session(
        **{
            "access_key_id": key("one"),
            "who": "alice",
            "label": "user alice",
            "issued_by": "AssumeRole",
            **fields,
        }
    )


def test_the_table_keeps_what_tells_more_until_a_month_after_it_ends() -> None:
    with mock_aws():
        client = boto3.client("dynamodb", region_name="eu-west-1")
        create_alert_table(client, "alerts")
        table = SessionTable(client, "alerts", now=lambda: NOW, pause=_never)
        told = _session(expires="2026-03-01T13:00:00Z")
        for session in (
            _session(who="account 1", vouched=False),
            told,
            told,
            _session(who="account 1", vouched=False),
        ):
            table.put(session)
        assert table.get(key("one")) == told
        assert table.get(key("two")) is None
        own, other = sorted(
            client.scan(TableName="alerts")["Items"], key=lambda item: item["sk"]["S"], reverse=True
        )
        assert own["sk"]["S"] == f"SESSION#{told.rank}"
        assert own["pk"]["S"] == other["pk"]["S"] == f"SESSION#{key('one')}"
        assert int(own["expires_at"]["N"]) == NOW + 3600 + 31 * DAY


def test_the_table_does_not_believe_a_session_that_lasts_for_years() -> None:
    with mock_aws():
        client = boto3.client("dynamodb", region_name="eu-west-1")
        create_alert_table(client, "alerts")
        table = SessionTable(client, "alerts", now=lambda: NOW, pause=_never)
        table.put(_session(expires="2099-01-01T00:00:00Z"))
        (item,) = client.scan(TableName="alerts")["Items"]
        assert int(item["expires_at"]["N"]) == NOW + 2 * DAY + 31 * DAY


def _never(attempt: int) -> None:
    raise AssertionError(f"nothing is tried again, but attempt {attempt} was")


class Counting:
    """DynamoDB, with its calls counted."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._client, name)

        def counted(**request: Any) -> Any:
            self.calls.append(name)
            return call(**request)

        return counted


def test_sessions_are_put_in_batches() -> None:
    with mock_aws():
        client = boto3.client("dynamodb", region_name="eu-west-1")
        create_alert_table(client, "alerts")
        counting = Counting(client)
        table = SessionTable(counting, "alerts", now=lambda: NOW, pause=_never)
        sessions = [_session(access_key_id=key(f"k{number}")) for number in range(60)]
        table.put_all([*sessions, *sessions])
        assert counting.calls == ["batch_write_item"] * 3
        assert [table.get(each.access_key_id) for each in sessions] == sessions


def test_what_alerts_have_in_common_is_read_once_and_what_is_not_known_yet_again() -> None:
    with mock_aws():
        client = boto3.client("dynamodb", region_name="eu-west-1")
        create_alert_table(client, "alerts")
        counting = Counting(client)
        table = SessionTable(counting, "alerts", now=lambda: NOW, pause=_never)
        acted = record(userIdentity=session_identity("Admin", "s", key("two")))
        first = assumed(ALICE, key("one"), "Deploy")
        second = assumed(session_identity("Deploy", "s", key("one")), key("two"))
        writer = SessionTable(client, "alerts", now=lambda: NOW, pause=_never)
        told = []
        for each in (second, first):
            session = learn(each)
            assert session is not None
            writer.put(session)
            told.append(describe(acted, Context(sessions=table)).actor.through)
        describe(acted, Context(sessions=table))
        assert told == ["role Deploy (session s) through role Admin", "alice through role Deploy, role Admin"]
        assert counting.calls == ["query"] * 3  # "two" once, "one" until it was known


@pytest.mark.parametrize("expires", [None, "926-03-01T13:00:00Z", "soon", "9999-12-31T23:59:59Z"])
def test_a_session_whose_end_cannot_be_read_is_kept_as_long_as_any(expires: str | None) -> None:
    client: Any = FakeDynamoDB()
    table = SessionTable(client, "alerts", now=lambda: NOW, pause=_never)
    table.put(_session(expires=expires))
    (item,) = client.items.values()
    assert int(item["expires_at"]["N"]) == NOW + 2 * DAY + 31 * DAY


def test_memory_is_bounded() -> None:
    store = MemorySessionStore(limit=2)
    for name in ("one", "two", "three"):
        store.put(_session(access_key_id=key(name)))
    assert [store.get(key(name)) is not None for name in ("one", "two", "three")] == [False, True, True]
