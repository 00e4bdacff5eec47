"""Who stands behind a role: learned from the records that issue keys, whatever their order."""

from itertools import permutations
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tests.alert_table import create_alert_table
from tests.samples import MEMBER, record
from trailwarden.activity.describe import describe
from trailwarden.activity.kinds import Nature
from trailwarden.activity.learning import learn
from trailwarden.activity.model import Context
from trailwarden.activity.sessions import Session, SessionStore
from trailwarden.alerts.fields import NORMALISED
from trailwarden.aws.session_table import SessionTable
from trailwarden.delivery.records import Record
from trailwarden.state.sessions import MemorySessionStore

NOW = 1772366400  # 2026-03-01T12:00:00Z
DAY = 86400


def key(name: str) -> str:
    return f"ASIA{name.upper():X<16}"


def session_identity(role: str, session: str, access_key: str, **fields: Any) -> dict[str, Any]:
    return {
        "type": "AssumedRole",
        "arn": f"arn:aws:sts::{MEMBER}:assumed-role/{role}/{session}",
        "accountId": MEMBER,
        "accessKeyId": access_key,
        **fields,
    }


ALICE = {"type": "IAMUser", "userName": "alice", "accountId": MEMBER, "accessKeyId": "AKIAALICE"}


def assumed(by: dict[str, Any], issued: str, role: str = "Admin", **fields: Any) -> Record:
    request = {
        "roleArn": f"arn:aws:iam::{MEMBER}:role/{role}",
        "roleSessionName": "s",
        **fields.pop("request", {}),
    }
    return record(
        eventSource="sts.amazonaws.com",
        eventName="AssumeRole",
        userIdentity=by,
        requestParameters=request,
        responseElements={"credentials": {"accessKeyId": issued, "expiration": "Mar 1, 2026, 1:00:00 PM"}},
        **fields,
    )


def through(acted: Record, *learned: Record) -> str:
    store = MemorySessionStore()
    for each in learned:
        session = learn(each)
        if session is not None:
            store.put(session)
    return describe(acted, Context(sessions=store)).actor.through


def test_who_assumed_a_role_is_named() -> None:
    acted = record(userIdentity=session_identity("Admin", "s", key("one")))
    actor = describe(acted, Context(sessions=_store(assumed(ALICE, key("one"))))).actor
    assert (actor.through, actor.behind) == ("alice through role Admin", "alice")


def test_a_session_that_is_not_known_stays_unknown() -> None:
    actor = describe(
        record(userIdentity=session_identity("Admin", "s", key("one"))), Context(sessions=_store())
    ).actor
    assert (actor.through, actor.behind, actor.is_session) == ("role Admin (session s)", None, True)


def _store(*learned: Record) -> SessionStore:
    store = MemorySessionStore()
    for each in learned:
        session = learn(each)
        assert session is not None
        store.put(session)
    return store


def test_a_chain_of_roles_is_followed_in_any_order_of_records() -> None:
    records = [
        assumed(ALICE, key("one"), "Deploy"),
        assumed(session_identity("Deploy", "s", key("one")), key("two")),
        assumed(session_identity("Admin", "s", key("two")), key("three"), "Break"),
    ]
    acted = record(userIdentity=session_identity("Break", "s", key("three")))
    for order in permutations(records):
        assert through(acted, *order) == "alice through role Deploy, role Admin, role Break"


def test_a_chain_of_which_the_beginning_is_not_known_tells_what_is() -> None:
    acted = record(userIdentity=session_identity("Admin", "s", key("two")))
    told = through(acted, assumed(session_identity("Deploy", "ci", key("one")), key("two")))
    assert told == "role Deploy (session ci) through role Admin"


def test_a_loop_ends() -> None:
    first = assumed(session_identity("A", "s", key("two")), key("one"))
    second = assumed(session_identity("B", "s", key("one")), key("two"))
    assert through(record(userIdentity=session_identity("A", "s", key("one"))), first, second)


def test_a_long_chain_is_cut() -> None:
    chain = [
        assumed(session_identity(f"r{n}", "s", key(f"k{n}")), key(f"k{n + 1}"), f"r{n + 1}")
        for n in range(30)
    ]
    assert len(through(record(userIdentity=session_identity("r30", "s", key("k30"))), *chain)) <= 240


def test_a_source_identity_names_the_person_of_the_whole_chain() -> None:
    acted = record(userIdentity=session_identity("Admin", "s", key("one")))
    learned = assumed(ALICE, key("one"), request={"sourceIdentity": "alice@example.com"})
    assert through(acted, learned) == "alice@example.com through alice, role Admin"


def test_an_identity_center_user_is_the_person_behind_the_next_role() -> None:
    name = "AWSReservedSSO_Ops_0123456789abcdef"
    issuer = {
        "userName": name,
        "arn": f"arn:aws:iam::{MEMBER}:role/aws-reserved/sso.amazonaws.com/{name}",
        "type": "Role",
    }
    carol = session_identity(name, "carol", key("sso"), sessionContext={"sessionIssuer": issuer})
    acted = record(userIdentity=session_identity("Admin", "s", key("one")))
    actor = describe(acted, Context(sessions=_store(assumed(carol, key("one"))))).actor
    assert (actor.through, actor.nature) == ("carol through role Admin", Nature.PERSON)


def test_the_instance_that_ec2_gave_a_role_to_is_named() -> None:
    ec2 = {"type": "AWSService", "invokedBy": "ec2.amazonaws.com"}
    learned = assumed(ec2, key("one"), "web", request={"roleSessionName": "i-0123456789abcdef0"})
    acted = record(userIdentity=session_identity("web", "i-0123456789abcdef0", key("one")))
    actor = describe(acted, Context(sessions=_store(learned))).actor
    assert actor.through == "EC2 instance i-0123456789abcdef0 through role web"
    assert actor.nature is Nature.AUTOMATION


def test_a_switched_role_tells_from_whom() -> None:
    switched = record(
        eventSource="signin.amazonaws.com",
        eventName="SwitchRole",
        userIdentity=session_identity("Admin", "alice", key("one")),
        additionalEventData={"SwitchFrom": f"arn:aws:iam::{MEMBER}:user/alice"},
        responseElements={"SwitchRole": "Success"},
    )
    acted = record(userIdentity=session_identity("Admin", "alice", key("one")))
    assert through(acted, switched) == "alice through role Admin"


def test_of_two_records_of_one_key_the_caller_s_own_stays() -> None:
    own = assumed(ALICE, key("one"))
    others = assumed({"type": "AWSAccount", "accountId": MEMBER, "principalId": "AIDAX"}, key("one"))
    acted = record(userIdentity=session_identity("Admin", "s", key("one")))
    assert through(acted, own, others) == through(acted, others, own) == "alice through role Admin"


@pytest.mark.parametrize(
    "taught",
    [
        record(),
        assumed(ALICE, "AKIALONGTERMKEY12345"),
        assumed(ALICE, "ASIA"),
        assumed({}, key("one")),
        {**assumed(ALICE, key("one")), "responseElements": None},
        {**assumed(ALICE, key("one")), "responseElements": {"credentials": [1]}},
        {**assumed(ALICE, key("one")), "eventName": ["AssumeRole"]},
        record(eventName="SwitchRole"),
        record(eventName="ConsoleLogin", responseElements={"ConsoleLogin": "Success"}),
    ],
)
def test_a_record_that_issues_no_key_teaches_nothing(taught: Record) -> None:
    assert learn(taught) is None


@pytest.mark.parametrize(
    ("stated", "expires"),
    [
        ("Mar 1, 2026, 1:00:00 PM", "2026-03-01T13:00:00Z"),
        ("Mar 1, 2026 1:00:00 PM", "2026-03-01T13:00:00Z"),
        ("Mar 1, 2026, 1:00:00\u202fPM", "2026-03-01T13:00:00Z"),
        ("2026-03-01T13:00:00Z", "2026-03-01T13:00:00Z"),
        ("soon", "2026-03-03T00:00:00Z"),
    ],
)
def test_when_a_session_ends(stated: str, expires: str) -> None:
    issued = assumed(ALICE, key("one"))
    issued["responseElements"]["credentials"]["expiration"] = stated
    session = learn(issued)
    assert session is not None
    assert session.expires == expires


def test_groups_do_not_depend_on_what_was_learned() -> None:
    acted = record(userIdentity=session_identity("Admin", "s", key("one")))
    known = describe(acted, Context(sessions=_store(assumed(ALICE, key("one"))))).actor
    assert known.label == NORMALISED["actor"](acted) == "role Admin (session s)"


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


def test_memory_is_bounded() -> None:
    store = MemorySessionStore(limit=2)
    for name in ("one", "two", "three"):
        store.put(_session(access_key_id=key(name)))
    assert [store.get(key(name)) is not None for name in ("one", "two", "three")] == [False, True, True]
