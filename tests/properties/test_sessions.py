"""Who stands behind a key depends on the set of records alone: not on order, files or repeats."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.dynamodb import FakeDynamoDB
from tests.samples import MEMBER, record
from tests.unit.activity.credentials import ALICE, assumed, key, session_identity
from trailwarden.activity.describe import describe
from trailwarden.activity.learning import LESSON, LearnedSessions
from trailwarden.activity.model import Context
from trailwarden.activity.sessions import SessionStore
from trailwarden.aws.session_table import SessionTable
from trailwarden.delivery.records import Record
from trailwarden.engine.engine import Engine
from trailwarden.rules.ruleset import RuleSet
from trailwarden.state.sessions import MemorySessionStore

NAMES = ["k1", "k2", "k3"]
callers = st.one_of(
    st.sampled_from([ALICE, {**ALICE, "userName": "bob"}, {"type": "AWSAccount", "accountId": MEMBER}]),
    st.sampled_from(NAMES).map(lambda name: session_identity("Deploy", name, key(name))),
)
issued = st.builds(
    lambda by, name, source, event: assumed(
        by, key(name), eventName=event, request={"sourceIdentity": source} if source else {}
    ),
    callers,
    st.sampled_from(NAMES),
    st.sampled_from([None, "carol"]),
    st.sampled_from(["AssumeRole", "GetSigninToken"]),
)
files = st.lists(st.lists(issued, max_size=4), max_size=4)
ENGINE = Engine(RuleSet(rules=()), lesson=LESSON)


def fill(store: SessionStore, files: list[list[Record]]) -> SessionStore:
    """As `detect` does with each file."""
    for file in files:
        learned = LearnedSessions()
        for each in filter(ENGINE.teaches, file):
            learned.add(each)
        store.put_all(learned.drain())
    return store


def table(page: int = 1000, busy: int = 0) -> SessionTable:
    client: Any = FakeDynamoDB(page=page, busy=busy)
    return SessionTable(client, "alerts", now=lambda: 1772366400.0, pause=lambda _: None)


def told(store: SessionStore) -> list[object]:
    acted = [record(userIdentity=session_identity("Admin", name, key(name))) for name in NAMES]
    return [describe(each, Context(sessions=store)).actor for each in acted]


@settings(max_examples=150, deadline=None)
@given(files, st.data())
def test_any_order_split_and_repeat_names_the_same(drawn: list[list[Record]], data: st.DataObject) -> None:
    expected = told(fill(MemorySessionStore(), drawn))

    everything = [each for file in drawn for each in file]
    repeated = everything + (
        data.draw(st.lists(st.sampled_from(everything), max_size=4)) if everything else []
    )
    shuffled = data.draw(st.permutations(repeated))
    cut = data.draw(st.integers(0, len(shuffled)))
    again = [shuffled[:cut], shuffled[cut:]]

    assert told(fill(MemorySessionStore(), again)) == expected
    assert told(fill(table(busy=1), again)) == expected
    asked = table()
    told(fill(asked, again[:1]))  # what was remembered meanwhile hides nothing that comes later
    assert told(fill(asked, again[1:])) == expected
