from typing import Any

import pytest

from trailwarden.delivery.records import event_identity, event_time, field_values

UUID = "59eac8dd-a9f8-4e7c-8d6e-9d2b1f6d1a11"


def test_cloudtrails_own_id_is_the_identity() -> None:
    assert event_identity({"eventID": UUID, "eventName": "A"}) == UUID


def test_an_aggregated_event_spells_its_id_with_a_lower_d() -> None:
    assert event_identity({"eventId": UUID}) == UUID


def test_an_id_is_the_same_in_any_case() -> None:
    assert event_identity({"eventID": UUID.upper()}) == UUID


@pytest.mark.parametrize(
    "event_id", ["1", "", "EXAMPLE", None, 7, [UUID], f"{UUID}\n", f"x{UUID}", UUID[:-1]]
)
def test_an_id_that_is_no_uuid_tells_no_events_apart(event_id: Any) -> None:
    one = {"eventID": event_id, "eventName": "A", "sourceIPAddress": "1.2.3.4"}
    same = dict(reversed(one.items()))
    other = {**one, "eventName": "B"}

    assert event_identity(one) == event_identity(same)
    assert event_identity(one) != event_identity(other)
    assert len(event_identity(one)) == 64


def test_a_record_without_id_is_known_by_its_content() -> None:
    assert event_identity({"eventName": "A"}) == event_identity({"eventName": "A"})
    assert event_identity({"eventName": "A"}) != event_identity({"eventName": "A", "errorCode": None})


def test_a_deep_record_without_id_has_an_identity_too() -> None:
    nested: Any = []
    for _ in range(100_000):
        nested = [nested]

    identity = event_identity({"eventName": "A", "requestParameters": nested})

    assert identity != event_identity({"eventName": "B", "requestParameters": nested})


@pytest.mark.parametrize(
    ("written", "time"),
    [
        ("2026-11-22T13:05:07Z", "2026-11-22T13:05:07Z"),
        ("2026-11-22t13:05:07z", "2026-11-22T13:05:07Z"),
        ("2026-11-22T13:05:07.999Z", "2026-11-22T13:05:07Z"),
        ("2026-11-22T13:05:07.123456789Z", "2026-11-22T13:05:07Z"),
        ("2026-11-22T13:05:07+02:00", "2026-11-22T11:05:07Z"),
        ("2026-11-22 13:05:07-00:30", "2026-11-22T13:35:07Z"),
        ("0999-01-01T00:00:00Z", "0999-01-01T00:00:00Z"),
    ],
)
def test_times_are_brought_to_utc_seconds(written: str, time: str) -> None:
    assert event_time({"eventTime": written}) == time


@pytest.mark.parametrize(
    "written",
    [
        None,
        "",
        "yesterday",
        1_700_000_000,
        "2026-11-22",
        "2026-11-22T13:05:07",
        "2026-02-30T00:00:00Z",
        "2026-11-22T25:00:00Z",
        "0001-01-01T00:00:00+23:00",
        "2026-11-22T13:05:07Z\n",
        "２０26-11-22T13:05:07Z",  # noqa: RUF001 (digits of another script)
        ["2026-11-22T13:05:07Z"],
    ],
)
def test_what_is_no_time_is_none(written: Any) -> None:
    assert event_time({"eventTime": written}) is None


def test_a_missing_time_is_none() -> None:
    assert event_time({}) is None


RECORD = {
    "eventName": "RunInstances",
    "errorCode": None,
    "userIdentity": {
        "type": "Root",
        "sessionContext": {
            "mfa": "false",
            "webIdFederationData": {"attributes": {"cognito-identity.amazonaws.com:amr": "u"}},
        },
        "session.name": "no such key of AWS's",
    },
    "open": {
        "one": {"two": {"three": 1}, "two.three": 2},
        "one.two": {"three": 3},
        "one.two.three": 4,
        "kubernetes.io/cluster/x y": "owned",
        'say "hi"': {"it's": True},
    },
    "listed": [{"app.tenant": "blue"}, {"app": {"tenant": "green"}}, "app.tenant"],
    "items": [{"port": 22}, {"port": 3389}, "text", [{"port": 80}]],
    "tags": {"aws:cloudformation.stack": "s", "aws:cloudformation": {"stack": "t"}},
    "a.b": {"c": 1},
    "a": {"b": {"c": 2}, "b.c": 3},
}


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("eventName", ["RunInstances"]),
        ("errorCode", [None]),
        ("missing", []),
        ("eventName.deeper", []),
        ("errorCode.deeper", []),
        ("userIdentity.sessionContext.mfa", ["false"]),
        ("userIdentity.missing.mfa", []),
        ("items.port", [22, 3389, 80]),
        ("items", [RECORD["items"]]),
        ("tags.aws:cloudformation.stack", ["t", "s"]),
        ("a.b.c", [2, 3]),  # AWS alone names the fields of a record
        ("tags.aws:cloudformation.stack.deeper", []),
        ("open.one.two.three", [1, 2, 3, 4]),
        ("open.kubernetes.io/cluster/x y", ["owned"]),
        ('open.say "hi".it\'s', [True]),
        ("listed.app.tenant", ["blue", "green"]),
        ("userIdentity.session.name", []),
        (
            "userIdentity.sessionContext.webIdFederationData.attributes.cognito-identity.amazonaws.com:amr",
            ["u"],
        ),
        ("", []),
        ("..", []),
    ],
)
def test_a_path_finds_every_value_that_stands_at_it(path: str, values: list[Any]) -> None:
    assert list(field_values(RECORD, path)) == values


def test_a_path_walks_lists_however_deep_they_nest() -> None:
    nested: Any = {"x": 1}
    for _ in range(100_000):
        nested = [nested]

    assert list(field_values({"a": nested}, "a.x")) == [1]
