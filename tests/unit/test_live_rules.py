"""The live rule set in a function that lives on: taken up soon, and never given up for a broken one."""

from dataclasses import dataclass, field, replace

import pytest

from tests.samples import CREATE_RULE, STOP_RULE, rule
from trailwarden.errors import RuleSetError
from trailwarden.live_rules import LOOK_EVERY, PATIENCE, LiveRules, LoadFailure
from trailwarden.rules.ruleset import RuleSet, dump_rule_set
from trailwarden.state.rule_sets import LivePointer, Trouble

OLD, NEW = RuleSet((rule(STOP_RULE, "StopLogging"),)), RuleSet((rule(CREATE_RULE, "CreateUser"),))
SHIPPED = RuleSet((rule(STOP_RULE, "DeleteTrail"),))


class OutOfReachError(Exception):
    """What botocore raises when a call fails."""


@dataclass
class Cloud:
    """Pointer, artefacts and letters; a step in `failing` fails until it is taken out."""

    pointer: LivePointer | None = None
    artefacts: dict[str, bytes] = field(default_factory=dict)
    failing: set[str] = field(default_factory=set)
    facts: set[str] = field(default_factory=set)
    since: dict[str, float] = field(default_factory=dict)
    letters: list[tuple[str, str]] = field(default_factory=list)
    looks: int = 0
    time: float = 0.0

    def publish(self, rule_set: RuleSet, data: bytes | None = None) -> None:
        version = rule_set.version
        sequence = self.pointer.sequence + 1 if self.pointer else 1
        self.pointer = LivePointer(sequence, version, True, "2026-03-01T12:00:00Z", "ada")
        self.artefacts[version] = dump_rule_set(rule_set) if data is None else data

    def _step(self, name: str) -> None:
        if name in self.failing:
            raise OutOfReachError(name)

    def live(self) -> LivePointer | None:
        self.looks += 1
        self._step("live")
        return self.pointer

    def artefact(self, version: str) -> bytes:
        self._step("artefact")
        return self.artefacts[version]

    def met(self, version: str) -> Trouble:
        self._step("told")
        return Trouble(self.time - self.since.setdefault(version, self.time), version in self.facts)

    def told(self, version: str) -> None:
        self.facts.add(version)

    def over(self, version: str) -> None:
        self.since.pop(version, None)

    def tell(self, subject: str, text: str) -> None:
        self._step("tell")
        self.letters.append((subject, text))


@dataclass
class Function:
    """One execution environment."""

    cloud: Cloud
    failures: list[LoadFailure] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rules = LiveRules[RuleSet](
            store=self.cloud,
            troubles=self.cloud,
            artefacts=self.cloud,
            fallback=lambda: SHIPPED,
            make=lambda rule_set: rule_set,
            tell=self.cloud.tell,
            failed=self.failures.append,
            changed=self.changes.append,
            clock=lambda: self.cloud.time,
        )

    def after(self, seconds: float) -> RuleSet:
        """The rules that a message meets so much later."""
        self.cloud.time += seconds
        return self.rules.current()


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


@pytest.fixture
def function(cloud: Cloud) -> Function:
    return Function(cloud)


def test_where_nothing_was_published_the_deployed_rules_count(cloud: Cloud, function: Function) -> None:
    assert function.after(0) == SHIPPED
    cloud.publish(NEW)
    assert function.after(LOOK_EVERY) == NEW


def test_a_new_version_is_taken_up_between_two_messages_and_made_once(
    cloud: Cloud, function: Function
) -> None:
    cloud.publish(OLD)
    made = function.after(0)
    assert made == OLD
    cloud.publish(NEW)
    assert function.after(LOOK_EVERY - 1) is made
    assert cloud.looks == 1
    assert function.after(1) == NEW
    assert function.after(LOOK_EVERY) == NEW
    assert function.rules.version == NEW.version
    assert function.changes == [OLD.version, NEW.version]
    assert cloud.looks == 3


def test_the_same_version_under_a_new_number_is_not_loaded_again(cloud: Cloud, function: Function) -> None:
    cloud.publish(OLD)
    made = function.after(0)
    assert cloud.pointer is not None
    cloud.pointer = replace(cloud.pointer, sequence=9)
    assert function.after(LOOK_EVERY) is made


@pytest.mark.parametrize("data", [b"", b"{", dump_rule_set(OLD), b'{"format": 99}', dump_rule_set(NEW)[:-9]])
def test_an_artefact_that_cannot_be_used_leaves_the_one_at_work_and_is_told_once(
    cloud: Cloud, data: bytes
) -> None:
    cloud.publish(OLD)
    functions = [Function(cloud), Function(cloud)]
    for function in functions:
        function.after(0)
    cloud.publish(NEW, data)
    for _ in range(3):
        for function in functions:
            assert function.after(LOOK_EVERY) == OLD
            assert function.rules.version == OLD.version
    assert [len(function.failures) for function in functions] == [3, 3]
    ((subject, text),) = cloud.letters
    assert subject == f"Trailwarden: rule set {NEW.version} cannot be loaded"
    assert f"version {OLD.version}" in text
    cloud.publish(NEW)
    assert functions[0].after(LOOK_EVERY) == NEW


@pytest.mark.parametrize("step", ["live", "artefact"])
def test_what_is_out_of_reach_leaves_the_one_at_work(cloud: Cloud, function: Function, step: str) -> None:
    cloud.publish(OLD)
    function.after(0)
    cloud.publish(NEW)
    cloud.failing.add(step)
    assert function.after(LOOK_EVERY) == OLD
    assert len(function.failures) == 1
    cloud.failing.clear()
    assert function.after(LOOK_EVERY) == NEW


@pytest.mark.parametrize("step", ["live", "artefact"])
def test_at_the_start_what_is_out_of_reach_makes_the_message_come_again(
    cloud: Cloud, function: Function, step: str
) -> None:
    """The deployed rules would miss what the team's find, and the file would count as read."""
    cloud.publish(OLD)
    cloud.failing.add(step)
    for _ in range(2):
        with pytest.raises(OutOfReachError):
            function.after(1)
    cloud.failing.clear()
    assert function.after(1) == OLD


def test_at_the_start_a_broken_artefact_gives_way_to_the_deployed_rules_after_a_while(
    cloud: Cloud, function: Function
) -> None:
    cloud.publish(NEW, b"{")
    for _ in range(3):
        with pytest.raises(RuleSetError):
            function.after(PATIENCE / 3)
    assert function.after(PATIENCE / 3) == SHIPPED
    assert len(cloud.letters) == 1
    cloud.publish(NEW)
    assert function.after(LOOK_EVERY) == NEW


def test_functions_that_start_afresh_for_every_message_share_their_patience(cloud: Cloud) -> None:
    cloud.publish(NEW, b"{")
    for _ in range(3):
        with pytest.raises(RuleSetError):
            Function(cloud).after(PATIENCE / 3)
    assert Function(cloud).after(PATIENCE / 3) == SHIPPED
    assert len(cloud.letters) == 1


def test_a_trouble_that_is_over_does_not_use_up_the_patience_with_the_next(cloud: Cloud) -> None:
    cloud.publish(NEW)
    cloud.failing.add("artefact")
    function = Function(cloud)
    with pytest.raises(OutOfReachError):
        function.after(1)
    cloud.failing.clear()
    assert function.after(1) == NEW
    cloud.failing.add("artefact")
    with pytest.raises(OutOfReachError):
        Function(cloud).after(PATIENCE)


@pytest.mark.parametrize("step", ["tell", "told"])
def test_what_cannot_be_told_costs_nothing_else(cloud: Cloud, function: Function, step: str) -> None:
    cloud.publish(OLD)
    function.after(0)
    cloud.publish(NEW, b"{")
    cloud.failing.add(step)
    assert function.after(LOOK_EVERY) == OLD
    assert "could not be told" in function.failures[-1].reason
    cloud.failing.clear()
    function.after(LOOK_EVERY)
    assert len(cloud.letters) == 1


def test_an_engine_that_cannot_be_made_leaves_the_one_at_work(cloud: Cloud) -> None:
    def make(rule_set: RuleSet) -> RuleSet:
        if rule_set == NEW:
            raise MemoryError
        return rule_set

    rules = LiveRules[RuleSet](
        store=cloud,
        troubles=cloud,
        artefacts=cloud,
        fallback=lambda: SHIPPED,
        make=make,
        tell=cloud.tell,
        clock=lambda: cloud.time,
    )
    cloud.publish(OLD)
    rules.current()
    cloud.publish(NEW)
    cloud.time += LOOK_EVERY
    assert rules.current() == OLD
    assert rules.version == OLD.version
