"""An ingest queue, a bucket and a function with a clock that only moves when something takes time.

A function that works beyond its time, or that a file ends, dies as Lambda's do: by no exception that it could
catch, leaving nothing behind but what was written.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from tests.dynamodb import FakeDynamoDB
from tests.samples import BUCKET, STOP_RULE, Bytes, log_key, rule
from trailwarden.aws.correlation_table import CorrelationTable
from trailwarden.aws.group_table import GroupTable
from trailwarden.aws.ledger_table import LedgerTable
from trailwarden.aws.session_table import SessionTable
from trailwarden.correlation.correlator import Correlator
from trailwarden.delivery.notices import ObjectRef
from trailwarden.detection import Detector, Tally, learning_engine
from trailwarden.errors import LogFileUnavailable
from trailwarden.intake import Batch, Message, Surroundings
from trailwarden.reading import PortionLimits, Tools
from trailwarden.rules.ruleset import RuleSet
from trailwarden.shift import Shift
from trailwarden.state.groups import Groups

TABLE = "alerts"
NOW = 1_772_366_700.0  # 2026-03-01T12:05:00Z
VISIBILITY = 720
KEPT = timedelta(days=90)
RULES = RuleSet((rule(STOP_RULE, "StopLogging"),))


class KilledError(BaseException):
    """The function was ended from outside."""


@dataclass
class Waiting:
    """A message in the queue."""

    id: str
    body: str
    sent_at: float
    visible_at: float
    receives: int = 0


@dataclass
class World:
    """Everything around `detect`. `seconds`: how long a call of the table takes; `timeout` the function's."""

    timeout: float = 120.0
    seconds: float = 0.001
    costs: dict[str, float] = field(default_factory=dict)
    """The same for some calls by name."""
    rules: RuleSet = RULES
    limits: PortionLimits = field(default_factory=PortionLimits)
    time: float = NOW
    objects: dict[str, bytes] = field(default_factory=dict)
    slow: dict[str, float] = field(default_factory=dict)
    """Seconds that each read of an object takes."""
    deadly: set[str] = field(default_factory=set)
    """Objects that end whoever reads them."""
    failing: set[str] = field(default_factory=set)
    """Objects on which the function raises."""
    queue: dict[str, Waiting] = field(default_factory=dict)
    parked: list[tuple[str, str]] = field(default_factory=list)
    told: list[tuple[str, str]] = field(default_factory=list)
    begun: list[str] = field(default_factory=list)
    """The objects whose content was read, in order; once for each time."""
    runs: int = 0
    deaths: int = 0
    tally: Tally = field(default_factory=Tally)
    die_at: int = -1
    """The call of the table, counted from 0, at which the function dies; once."""
    calls: int = 0
    failures: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.table = FakeDynamoDB()
        self.table.before = self._called
        self._deadline = float("inf")

    def _called(self, name: str) -> None:
        self.pass_time(self.costs.get(name, self.seconds))
        self.calls += 1
        if self.calls - 1 == self.die_at:
            raise KilledError

    def pass_time(self, seconds: float) -> None:
        """Something takes time."""
        self.time += seconds
        if self.time >= self._deadline:
            self.time = self._deadline
            raise KilledError

    def put(self, unique: str, data: bytes) -> str:
        """An object in the log bucket; returns its key."""
        key = log_key(unique)
        self.objects[key] = data
        return key

    def send(self, body: str) -> None:
        """A message into the queue."""
        identity = f"m{len(self.queue)}-{len(self.parked)}-{self.runs}"
        self.queue[identity] = Waiting(identity, body, self.time, self.time)

    # What the function calls.

    @contextmanager
    def open(self, ref: ObjectRef) -> Iterator["_Object"]:
        if ref.key not in self.objects:
            raise LogFileUnavailable(f"{ref.key}: gone")
        yield _Object(self, ref.key)

    def set_aside(self, notice: str, why: str) -> None:
        self.parked.append((notice, why))

    def tell(self, subject: str, text: str) -> None:
        self.told.append((subject, text))

    def delete(self, handles: Sequence[str]) -> None:
        for handle in handles:
            self.queue.pop(handle, None)

    def postpone(self, handle: str, seconds: int) -> None:
        self.queue[handle].visible_at = self.time + seconds

    # The function.

    def detector(self) -> Detector:
        """A detector of the live rules, as a new execution environment makes it."""
        shared: dict[str, Any] = {"now": lambda: NOW, "pause": lambda _: None}
        groups = Groups(GroupTable(self.table, TABLE, retention=KEPT, **shared), **shared)
        events = CorrelationTable(self.table, TABLE, **shared)
        tools = Tools(
            engine=learning_engine(self.rules),
            store=groups,
            correlator=Correlator(self.rules, events, groups) if self.rules.correlations else None,
            sessions=SessionTable(self.table, TABLE, **shared),
            limits=self.limits,
        )
        return Detector(
            tools=tools,
            log_files=self,
            ledger=LedgerTable(self.table, TABLE, retention=KEPT, **shared),
            operations=self,
            dead_letters=self,
            log_bucket=BUCKET,
            now=lambda: self.time,
        )

    def run(self, detector: Detector, size: int = 10) -> bool:
        """One run over messages that are visible now. False if none is."""
        taken = [one for one in self.queue.values() if one.visible_at <= self.time][:size]
        if not taken:
            return False
        for one in taken:
            one.receives += 1
            one.visible_at = self.time + VISIBILITY
        self.runs += 1
        self._deadline = self.time + self.timeout
        around = Surroundings(
            detector=lambda: detector,
            queue=self,
            shift=Shift(lambda: self._deadline - self.time),
            tally=self.tally,
            remark=lambda _, __: None,
            failed=lambda _, what: self.failures.append(what),
            before_suspect=lambda: None,
        )
        messages = [Message(one.id, one.body, one.id, one.receives, one.sent_at) for one in taken]
        try:
            failed = Batch(around, messages).work()
        except KilledError:
            self.deaths += 1
        else:
            self.delete([one.id for one in taken if one.id not in failed])
        finally:
            self._deadline = float("inf")
        return True

    def settle(self, most_runs: int = 500, detector: Callable[[], Detector] | None = None) -> None:
        """Run until the queue is empty, each time in a new execution environment."""
        for _ in range(most_runs):
            if not self.queue:
                return
            if not self.run((detector or self.detector)()):
                self.time = min(one.visible_at for one in self.queue.values())
        raise AssertionError(f"{len(self.queue)} messages are left: {list(self.queue.values())[:3]}")

    # What became of it.

    def read(self) -> set[str]:
        """The keys of the files that were read to their end."""
        return {
            pk.removeprefix(f"FILE#{BUCKET}/").split("#")[0]
            for (pk, sk), item in self.table.items.items()
            if sk == "FILE" and "outcome" in item
        }

    def kept(self) -> dict[tuple[str, str], Any]:
        """What is stored of matches, alerts, messages, correlations, sessions and exceptions: everything but
        the ledger, and what states of groups say of the way to them."""
        return {
            key: {name: value for name, value in item.items() if name not in {"log_file", "version"}}
            for key, item in self.table.items.items()
            if not key[0].startswith(("FILE#", "DUE#")) and key[1] != "GROUP"
        }

    def hidden(self, exception_id: str) -> int:
        """How many matches the exception hid."""
        return sum(
            int(item["hidden_matches"]["N"])
            for (pk, _), item in self.table.items.items()
            if pk == f"EXCEPTION#{exception_id}"
        )


class _Object(Bytes):
    """An object as it is read."""

    def __init__(self, world: World, key: str) -> None:
        data = world.objects[key]
        super().__init__(data, address=f"s3://{BUCKET}/{key}", file_id=f"{BUCKET}/{key}#{len(data)}")
        self._world = world
        self._key = key
        self._is_begun = False

    def read(self, size: int | None = -1, /) -> bytes:
        world = self._world
        if not self._is_begun:
            self._is_begun = True
            world.begun.append(self._key)
        world.pass_time(world.slow.get(self._key, 0.0))
        if self._key in world.deadly:
            raise KilledError
        if self._key in world.failing:
            raise ValueError("odd")
        return super().read(size)
