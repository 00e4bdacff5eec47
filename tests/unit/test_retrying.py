"""Whoever is overtaken tries for a time: not a number of tries, however slow the machine."""

import pytest

from trailwarden.state.retrying import Patience, jitter


class Clock:
    """Seconds that pass when somebody says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("pace", [0.125, 0.5, 4.0])
def test_tries_end_with_the_time_and_not_before(pace: float) -> None:
    clock, pauses = Clock(), list[int]()
    tries = 0
    for attempt in Patience(10, clock).tries(pauses.append):
        assert attempt == tries
        tries += 1
        clock.now += pace
    assert (tries - 1) * pace < 10 <= tries * pace
    assert pauses == list(range(tries - 1))


def test_there_is_one_try_however_little_time_is_left() -> None:
    assert list(Patience(0, Clock()).tries(lambda _: None)) == [0]


def test_a_pause_grows_and_stays_short(monkeypatch: pytest.MonkeyPatch) -> None:
    longest: list[float] = []

    def uniform(_: float, high: float) -> float:
        longest.append(high)
        return 0.0

    monkeypatch.setattr("random.uniform", uniform)
    pause = jitter(0.1)
    for attempt in (0, 1, 4, 5, 1000):
        pause(attempt)
    assert longest == [0.1, 0.2, 1.6, 2.0, 2.0]
