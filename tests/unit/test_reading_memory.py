"""What reading a file holds is bounded by the portion, not by the file: counted by allocations, not by the
process, so the figures are the same on every machine."""

import gc
import io
import tracemalloc
from collections.abc import Callable, Iterable

import pytest

from tests.samples import log_file, record
from tests.unit.activity.credentials import ALICE, assumed
from tests.unit.activity.credentials import key as access_key
from tests.unit.test_large_files import EXCEPTED, user
from trailwarden.activity.sessions import Session
from trailwarden.alerts.model import AlertBatch
from trailwarden.delivery.records import Record
from trailwarden.detection import learning_engine
from trailwarden.reading import FileReading, PortionLimits, Tools
from trailwarden.rules.ruleset import RuleSet
from trailwarden.state.ledger import Progress

RULES = RuleSet((EXCEPTED,))
LIMITS = PortionLimits(matches=50, size=128 * 1024, sessions=50, hidden=50, records=500)
UNBOUNDED = PortionLimits(matches=10**9, size=10**12, sessions=10**9, hidden=10**9, records=10**9)


class Nowhere:
    """Stores that keep nothing but how much they were given."""

    def __init__(self) -> None:
        self.matches = self.sessions = 0

    def add(self, batches: Iterable[AlertBatch]) -> int:
        self.matches += sum(len(batch.matches) for batch in batches)
        return 0

    def put_all(self, sessions: Iterable[Session]) -> None:
        self.sessions += sum(1 for _ in sessions)

    def put(self, session: Session) -> None:
        raise AssertionError("sessions are put a portion at a time")

    def get(self, access_key_id: str) -> Session | None:
        raise AssertionError("reading asks for none")


def each_of_its_own_group(number: int) -> Record:
    return record(number, userIdentity=user(f"user{number}"))


def large(number: int) -> Record:
    return record(number, requestParameters={"name": f"{number:05}" * 800})


def teaching(number: int) -> Record:
    return assumed(ALICE, access_key(f"k{number}"), number=number)


def hidden(number: int) -> Record:
    return record(number, userIdentity=user("drill"), eventTime=f"2026-03-01T12:{number % 60:02}:00Z")


def peak(data: bytes, limits: PortionLimits) -> tuple[int, Nowhere]:
    """Bytes that reading holds at most beyond the file itself."""
    nowhere = Nowhere()
    tools = Tools(engine=learning_engine(RULES), store=nowhere, sessions=nowhere, limits=limits)
    stream = io.BytesIO(data)
    gc.collect()
    tracemalloc.start()
    try:
        start = Progress(RULES.version)
        for _ in FileReading(tools, stream, "s3://b/k", start, today="2026-03-01").portions(lambda: None):
            pass
        return tracemalloc.get_traced_memory()[1], nowhere
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("kind", [each_of_its_own_group, large, teaching, hidden])
def test_a_file_that_is_many_times_as_large_is_read_in_the_same_memory(kind: Callable[[int], Record]) -> None:
    small, big = (log_file(kind(number) for number in range(count)) for count in (150, 600))
    peak(
        big, LIMITS
    )  # what is remembered of names, texts, patterns and trees, within bounds of its own, is made
    (short, few), (long, many) = peak(small, LIMITS), peak(big, LIMITS)
    assert (many.matches, many.sessions) == (4 * few.matches, 4 * few.sessions)
    assert long < 1.25 * short + 256 * 1024


@pytest.mark.parametrize("kind", [each_of_its_own_group])
def test_it_is_the_portions_that_bound_it(kind: Callable[[int], Record]) -> None:
    data = log_file(kind(number) for number in range(600))
    peak(data, LIMITS)
    assert peak(data, UNBOUNDED)[0] > 2 * peak(data, LIMITS)[0]
