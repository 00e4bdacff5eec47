"""A run over a batch: what ends the function costs only itself, after a few attempts."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus

import boto3
import pytest
from moto import mock_aws

from tests.alert_table import create_alert_table
from tests.unit.publishing.world import World
from trailwarden.aws.rule_set_table import RuleSetTable
from trailwarden.publishing.publisher import ATTEMPTS, Publisher
from trailwarden.publishing.run import Run, run
from trailwarden.state.rule_sets import Refusal

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


@pytest.fixture
def dynamodb(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        client = boto3.client("dynamodb", region_name="eu-west-1")
        create_alert_table(client, "alerts")
        yield client


LONG = "submissions/" + "\U00020000" * 253  # 1,024 bytes, as many as S3 takes


def test_a_step_whose_attempts_cannot_be_read_costs_only_itself() -> None:
    function = Function()
    publisher = function.publisher()
    counted = publisher.attempts

    def attempts(step: str) -> int:
        if "poison" in step:
            raise RuntimeError("the table does not answer")
        return counted(step)

    publisher.attempts = attempts  # type: ignore[method-assign]
    logged: list[str] = []
    messages = [("0", POISON), ("1", OTHER), ("2", EDIT)]
    done = run(publisher, BUCKET, messages, logged.append)
    assert done.failed == {"0"}
    assert len(logged) == 1
    assert function.done == ["settle", "edited 1", "submitted submissions/z-other.zip"]


@pytest.mark.parametrize("key", [LONG, "team/" + "\u4e2d" * 339, "submissions/" + "a" * 1012])
def test_the_longest_names_are_counted_given_up_and_refused_like_any(key: str, dynamodb: Any) -> None:
    """DynamoDB takes no key of more than 1,024 bytes, not even to read it."""
    function = Function()
    store = RuleSetTable(dynamodb, "alerts", now=function.world.now)
    function.world.store = store  # type: ignore[assignment]
    deadly = "edited 1" if key.startswith("team/") else f"submitted {key}"
    function.deadly.add(deadly)
    body = event(quote_plus(key), version="v" * 1024)
    for _ in range(ATTEMPTS):
        assert function.run(body, OTHER) is None
    done = function.run(body, OTHER)
    assert done is not None
    assert (done.failed, len(done.remarks)) == (set(), 1)
    assert len(function.world.letters) == 1
    assert function.run(body) is not None
    assert len(function.world.letters) == 1


@pytest.mark.parametrize("length", [1, 200, 253, 2000])
def test_refusals_and_facts_of_any_length_are_kept_apart(length: int, dynamodb: Any) -> None:
    store = RuleSetTable(dynamodb, "alerts", now=World().now)
    one, other = ("\U00020000" * length + end for end in "ab")
    refusal = Refusal("1", one, "2026-03-01T12:00:00Z", "AWS:A", "it has mistakes.")
    store.record_refusal(refusal)
    store.mark_told(one)
    store.begin(one)
    assert (store.refusal(one), store.refusal(other)) == (refusal, None)
    assert (store.told(one), store.told(other)) == (True, False)
    assert (store.attempts(one), store.attempts(other)) == (1, 0)
    assert list(store.refusals()) == [refusal]
    store.clear_refusal(one)
    store.end(one)
    assert (store.refusal(one), store.attempts(one)) == (None, 0)
