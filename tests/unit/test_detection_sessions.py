"""Who was given which access key: learned by the detector, whatever the order, the files and the repeats."""

from collections.abc import Iterable
from itertools import permutations

import pytest

from tests.detectors import NoticeDetector
from tests.samples import BUCKET, harmless, log_file, notice, record, rule
from tests.samples import STOP_RULE as RULE
from tests.unit.activity.credentials import ALICE, assumed, key, session_identity
from tests.unit.test_detection import NOW, ONE, TWO, Cloud, CrashError, _StoreView
from trailwarden.activity.describe import describe
from trailwarden.activity.model import Context
from trailwarden.activity.sessions import Session
from trailwarden.delivery.records import Record
from trailwarden.detection import Tally, learning_engine
from trailwarden.engine.engine import Engine
from trailwarden.rules.ruleset import RuleSet
from trailwarden.state.sessions import MemorySessionStore

RULES = RuleSet(rules=(rule(RULE, "StopLogging"),))
THREE = "CCCCCCCCCCCCCCCC"
ACTED = record(9, userIdentity=session_identity("Admin", "s", key("two")))
CHAIN = [
    assumed(ALICE, key("one"), "Deploy", number=1),
    assumed(session_identity("Deploy", "s", key("one")), key("two"), number=2),
    ACTED,
]


class Sessions(MemorySessionStore):
    """The cloud's sessions; `before sessions` and `after sessions` are steps that can fail."""

    def __init__(self, cloud: Cloud) -> None:
        super().__init__()
        self._cloud = cloud
        self.puts: list[int] = []
        self.alerts_before: list[int] = []

    def put_all(self, sessions: Iterable[Session]) -> None:
        kept = list(sessions)
        self._cloud.fail_once("before sessions")
        self.puts.append(len(kept))
        self.alerts_before.append(len(self._cloud.store.kept.alerts))
        super().put_all(kept)
        self._cloud.fail_once("after sessions")


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


def detector(cloud: Cloud, sessions: Sessions) -> NoticeDetector:
    return NoticeDetector(
        engine=learning_engine(RULES),
        log_files=cloud,
        store=_StoreView(cloud),
        ledger=cloud,
        operations=cloud,
        log_bucket=BUCKET,
        sessions=sessions,
        now=lambda: NOW,
    )


def who(acted: Record, sessions: Sessions) -> str:
    return describe(acted, Context(sessions=sessions)).actor.through


@pytest.mark.parametrize("order", list(permutations(CHAIN)))
def test_a_chain_in_three_files_ends_in_the_same_names_in_any_order(
    cloud: Cloud, order: tuple[Record, ...]
) -> None:
    sessions = Sessions(cloud)
    tally = Tally()
    for unique, each in zip((ONE, TWO, THREE), order, strict=True):
        name = cloud.put(unique, log_file([harmless(7), each]))
        assert detector(cloud, sessions).handle(notice(name, name), tally) == []
    assert who(ACTED, sessions) == "alice through role Deploy, role Admin"
    assert (tally.sessions, tally.matches, tally.alerts) == (2, 1, 1)


def test_sessions_are_stored_before_the_alerts_of_their_file(cloud: Cloud) -> None:
    sessions = Sessions(cloud)
    name = cloud.put(ONE, log_file([ACTED, *CHAIN[:2]]))
    detector(cloud, sessions).handle(notice(name), Tally())
    assert (sessions.puts, sessions.alerts_before) == ([2], [0])


def test_sessions_are_stored_as_they_come(cloud: Cloud) -> None:
    sessions, tally = Sessions(cloud), Tally()
    many = [assumed(ALICE, key(f"k{number}"), number=number) for number in range(1203)]
    name = cloud.put(ONE, log_file([*many, *many]))
    detector(cloud, sessions).handle(notice(name), tally)
    assert max(sessions.puts) < 500 + 100, "a portion ends with its block of 64 KiB"
    assert sum(sessions.puts) >= 1203
    assert all(sessions.get(key(f"k{number}")) for number in range(1203))


@pytest.mark.parametrize(
    "taught",
    [
        harmless(1),
        assumed({"type": "AWSService", "invokedBy": "ec2.amazonaws.com"}, key("one")),
        assumed(ALICE, key("one"), errorCode="AccessDenied"),
        {**assumed(ALICE, key("one")), "responseElements": None},
    ],
)
def test_a_file_that_teaches_nothing_stores_no_sessions(cloud: Cloud, taught: Record) -> None:
    sessions, tally = Sessions(cloud), Tally()
    name = cloud.put(ONE, log_file([taught]))
    detector(cloud, sessions).handle(notice(name), tally)
    assert (sessions.puts, tally.sessions) == ([], 0)


@pytest.mark.parametrize("step", ["before sessions", "after sessions", "before matches", "ledger write"])
def test_a_crash_at_any_step_makes_the_notice_come_again_and_loses_no_session(
    cloud: Cloud, step: str
) -> None:
    sessions = Sessions(cloud)
    name = cloud.put(ONE, log_file(CHAIN))
    cloud.failing = {step}
    with pytest.raises(CrashError):
        detector(cloud, sessions).handle(notice(name), Tally())
    assert not cloud.failing, "the step was reached"
    assert not any(entry.outcome for entry in cloud.ledger.entries.values())

    detector(cloud, sessions).handle(notice(name), Tally())

    assert who(ACTED, sessions) == "alice through role Deploy, role Admin"
    assert cloud.counts() == [1]


def test_a_record_that_cannot_be_learned_from_is_told_and_costs_its_file_nothing(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    def raising(_: Record) -> Session | None:
        raise ValueError("odd")

    monkeypatch.setattr("trailwarden.activity.learning.learn", raising)
    name = cloud.put(ONE, log_file(CHAIN))
    remarks = detector(cloud, Sessions(cloud)).handle(notice(name), Tally())
    assert len(remarks) == 2
    assert remarks[0].endswith("a record that issues credentials cannot be read: ValueError: odd")
    assert cloud.counts() == [1]
    assert len(cloud.ledger.entries) == 1


def test_without_a_place_for_sessions_none_are_learned(cloud: Cloud) -> None:
    plain = NoticeDetector(
        engine=Engine(RULES),
        log_files=cloud,
        store=_StoreView(cloud),
        ledger=cloud,
        operations=cloud,
        log_bucket=BUCKET,
        now=lambda: NOW,
    )
    name = cloud.put(ONE, log_file(CHAIN))
    assert plain.handle(notice(name), Tally()) == []


def test_sessions_want_an_engine_that_learns(cloud: Cloud) -> None:
    with pytest.raises(ValueError, match="learning_engine"):
        NoticeDetector(
            engine=Engine(RULES),
            log_files=cloud,
            store=_StoreView(cloud),
            ledger=cloud,
            operations=cloud,
            log_bucket=BUCKET,
            sessions=Sessions(cloud),
        )
