"""A run over a batch: what ends the function costs only itself, after a few attempts."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from tests.unit.publishing.world import World
from trailwarden.publishing.publisher import ATTEMPTS, Publisher
from trailwarden.publishing.run import Run, run

BUCKET = "rules"


class KilledError(BaseException):
    """The function was ended from outside."""


def event(key: str, *, name: str = "Created:Put", version: str = "1") -> str:
    change = {
        "eventName": f"Object{name}",
        "eventTime": "2026-03-01T12:00:00.000Z",
        "userIdentity": {"principalId": "AWS:AIDAADA"},
        "s3": {"bucket": {"name": BUCKET}, "object": {"key": key, "versionId": version}},
    }
    return json.dumps({"Records": [change]})


@dataclass
class Function:
    """`publish_rules` with steps that end it."""

    world: World = field(default_factory=World)
    deadly: set[str] = field(default_factory=set)
    done: list[str] = field(default_factory=list)

    def publisher(self) -> Publisher:
        publisher = self.world.publisher()

        def step(name: str) -> Callable[..., list[object]]:
            def do(*of: object) -> list[object]:
                what = f"{name} {getattr(of[0], 'key', '') or len(of[0])}".strip() if of else name  # type: ignore[arg-type]
                if what in self.deadly:
                    raise KilledError
                self.done.append(what)
                return []

            return do

        for name in ("settle", "edited", "submitted", "expire", "renew", "_idle"):
            setattr(publisher, name, step(name))
        return publisher

    def run(self, *bodies: str, time: Callable[[], bool] = lambda: True) -> Run | None:
        """One run; None if it was ended."""
        messages = [(str(place), body) for place, body in enumerate(bodies)]
        try:
            return run(self.publisher(), BUCKET, messages, lambda _: None, time)
        except KilledError:
            return None


EDIT = event("team/own.yml")
POISON, OTHER = event("submissions/poison.zip"), event("submissions/z-other.zip")
SCHEDULE = json.dumps({"source": "aws.events", "detail-type": "Scheduled Event"})


CLOCK = ["expire", "renew", "_idle"]
STEPS = ["settle", "edited 1", "submitted submissions/poison.zip", "edited 0", *CLOCK]


@pytest.mark.parametrize("deadly", STEPS)
def test_a_step_that_ends_the_function_is_given_up_and_told_once(deadly: str) -> None:
    function = Function(deadly={deadly})
    outcomes = [function.run(EDIT, POISON, OTHER, SCHEDULE) for _ in range(ATTEMPTS + 3)]
    assert outcomes[:ATTEMPTS] == [None] * ATTEMPTS
    for done in outcomes[ATTEMPTS:]:
        assert done is not None
        assert done.failed == set()
        assert len(done.remarks) == 1
    assert len(function.world.letters) == 1
    assert {*STEPS, "submitted submissions/z-other.zip"} - {deadly} <= {*function.done}
    assert len(function.world.warnings) == (deadly in CLOCK)


@pytest.mark.parametrize("deadly", STEPS)
def test_what_the_clock_has_done_waits_for_nothing_else(deadly: str) -> None:
    """The first run that is not ended by what the clock has done does all of it, whatever ends it later."""
    function = Function(deadly={deadly})
    function.run(EDIT, POISON, OTHER, SCHEDULE)
    if deadly in CLOCK:  # the second does the others first
        function.run(EDIT, POISON, OTHER, SCHEDULE)
    assert {*CLOCK} - {deadly} <= {*function.done}


def test_what_ended_the_function_comes_last() -> None:
    function = Function(deadly={"submitted submissions/poison.zip"})
    assert function.run(POISON, OTHER) is None
    assert "submitted submissions/z-other.zip" not in function.done
    assert function.run(POISON, OTHER) is None
    assert "submitted submissions/z-other.zip" in function.done


def test_another_edit_is_tried_anew() -> None:
    function = Function(deadly={"edited 1"})
    for _ in range(ATTEMPTS):
        assert function.run(EDIT) is None
    assert function.run(EDIT) is not None
    function.deadly.clear()
    function.done.clear()
    assert function.run(event("team/own.yml", version="2")) is not None
    assert "edited 1" in function.done


def test_what_ends_is_counted_anew() -> None:
    function = Function()
    for _ in range(3 * ATTEMPTS):
        done = function.run(EDIT, OTHER, SCHEDULE)
        assert done is not None
        assert (done.failed, done.remarks) == (set(), [])
    assert function.world.letters == []


def test_nothing_is_begun_without_time() -> None:
    function = Function()
    times = iter([True, True, False])
    done = function.run(EDIT, OTHER, time=lambda: next(times))
    assert done is not None
    assert done.failed == {"1"}
    assert function.done == ["settle", "edited 1"]
