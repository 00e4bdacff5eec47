"""Exceptions end: an expired one no longer holds, an idle one is reported; each is told once."""

import json
from collections.abc import Collection
from datetime import date
from typing import Any

import pytest

from tests.unit.publishing.world import DAY, OWN, OWN_ID, SHIPPED, SHIPPED_ID, World, rule
from trailwarden.errors import Problem
from trailwarden.publishing.run import run
from trailwarden.rules.finding import Finding, Severity
from trailwarden.state.protocol import HiddenCount
from trailwarden.state.rule_sets import PublicationKind

BLOCK = "trailwarden: {owner: ada, reason: a migration, expires: 2026-03-31}\n"


def exception(block: str = BLOCK, title: str = "Let it pass") -> bytes:
    return (
        f"title: {title}\nlogsource: {{product: aws, service: cloudtrail}}\n"
        f"filter: {{rules: [{OWN_ID}], sel: {{awsRegion: eu-west-1}}, condition: sel}}\n{block}"
    ).encode()


SCHEDULE = json.dumps({"source": "aws.events", "detail-type": "Scheduled Event"})
FILES = {"own.yml": OWN, "pass.yml": exception()}


class Counts:
    """What exceptions hid, as the table would tell it."""

    def __init__(self) -> None:
        self.hidden: dict[str, int] = {}
        self.asked: list[date] = []

    def exception_counts(self, exception_ids: Collection[str], since: date) -> dict[str, HiddenCount]:
        self.asked.append(since)
        return {each: HiddenCount(self.hidden.get(each, 0)) for each in exception_ids}


def filters(world: World) -> tuple[str, ...]:
    return next(rule.filters for rule in world.rules().rules if rule.id == OWN_ID)


def test_an_exception_without_an_end_is_not_published() -> None:
    world = World()
    world.publish({"own.yml": OWN, "pass.yml": exception("")}, base=0)
    assert world.store.live() is None
    assert "pass.yml:1:1: the filter has no `trailwarden:` block" in world.letters[0][1]


def test_an_exception_is_published_with_its_owner_and_its_last_day() -> None:
    world = World()
    world.publish(FILES, base=0)
    assert filters(world) == ("Let it pass",)
    live = world.live().exceptions["Let it pass"]
    assert (live.owner, live.since, live.expires) == ("ada", "2026-03-01", "2026-03-31")
    assert "exception added: Let it pass (owner ada, until 2026-03-31)" in world.letters[0][1]


def test_an_expired_exception_no_longer_holds_and_its_owner_is_told_once() -> None:
    world = World()
    world.publish(FILES, base=0)
    world.time += 30 * DAY  # its last day
    world.publisher().scheduled()
    assert world.live().sequence == 1
    world.subjects()

    world.time += DAY
    for _ in range(3):
        world.publisher().scheduled()

    live = world.live()
    assert (live.sequence, live.kind, live.published_by) == (2, PublicationKind.SCHEDULE, "the scheduled run")
    assert filters(world) == ()
    assert live.exceptions == {}
    assert live.changes == (
        "exception expired on 2026-03-31: Let it pass (owner ada)",
        "changed by exceptions alone: 'Trail stopped'",
    )
    letters = dict(world.letters)
    assert len(world.letters) == len(letters) == 2
    assert "Owner:  ada" in letters["Trailwarden: an exception expired: Let it pass"]
    assert world.folder.team().contents == FILES  # the file is the owner's to remove


def test_an_exception_expires_also_while_the_folder_holds_a_mistake() -> None:
    world = World()
    world.publish(FILES, base=0)
    world.edited("hasty.yml", b"title: [")
    world.time += 31 * DAY
    world.publisher().scheduled()
    assert filters(world) == ()


class KilledError(BaseException):
    """The function was ended from outside."""


def _dies(*_: object, **__: object) -> list[Any]:
    raise KilledError


@pytest.mark.parametrize("kind", ["check", "team", "shipped"])
def test_an_exception_expires_also_while_something_ends_the_function(kind: str) -> None:
    world = World()
    world.publish(FILES, base=0)
    world.edit("huge.yml", rule("Huge", SHIPPED_ID))
    if kind == "shipped":
        world.shipped = {**SHIPPED, "more.yml": rule("More", "3c1f0a5e-6a0e-4e0e-9d5e-0a4b8c8f4a10")}
    if kind == "team":
        world.folder.team = _dies  # type: ignore[method-assign, assignment]
    else:
        world.check = _dies
    world.time += 31 * DAY
    with pytest.raises(KilledError):
        run(world.publisher(), "rules", [("", SCHEDULE)], lambda _: None)
    assert filters(world) == ()


def test_a_check_that_came_later_keeps_no_exception_alive() -> None:
    world = World()
    world.publish(FILES, base=0)
    world.check = lambda *_, **__: [
        Finding("own.yml", 1, 1, "no", "mend it", code="new", severity=Severity.ERROR)
    ]
    world.time += 31 * DAY
    world.publisher().scheduled()
    assert filters(world) == ()


def test_operations_are_notified_of_an_exception_that_cannot_expire(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    world.publish(FILES, base=0)
    world.warnings.clear()
    failed = [Problem("own.yml", 1, 1, "its test fails now", "mend it")]
    monkeypatch.setattr("trailwarden.publishing.build._failed_tests", lambda _: failed)
    world.time += 31 * DAY
    for _ in range(3):
        world.publisher().scheduled()
    assert [subject for subject, _ in world.warnings] == ["Trailwarden: expired exceptions still hold"]


def test_what_expires_before_the_folder_shows_a_submission_is_shown_with_it() -> None:
    world = World()
    world.failing.append("mark_told!")
    world.publish_crashing(FILES, base=0)
    assert world.folder.team().contents == {}
    world.time += 31 * DAY
    world.publisher().expire()
    assert filters(world) == ()
    world.publisher().settle()
    assert world.folder.team().contents == FILES


def test_a_rollback_does_not_bring_an_expired_exception_back_for_long() -> None:
    world = World()
    world.publish(FILES, base=0)
    world.publish({"own.yml": OWN}, base=1)
    world.time += 31 * DAY
    world.roll_back(1, base=2)
    assert filters(world) == ()
    assert world.live().sequence == 4


def test_an_exception_that_hides_nothing_is_reported_once_a_month() -> None:
    counts = Counts()
    world = World(exceptions=counts)
    later = exception(BLOCK.replace("2026-03-31", "2026-12-31"))
    busy = exception(BLOCK.replace("2026-03-31", "2026-12-31"), "Busy")
    world.publish({"own.yml": OWN, "pass.yml": later, "busy.yml": busy}, base=0)
    counts.hidden["Busy"] = 7
    world.subjects()
    for days, expected in ((29, 0), (1, 1), (1, 0), (28, 0), (1, 1)):
        world.time += days * DAY
        world.publisher().scheduled()
        assert len(world.subjects()) == expected, days
    assert counts.asked[0] == date(2026, 3, 1)


def test_an_exception_keeps_its_age_through_other_publications() -> None:
    world = World()
    world.publish(FILES, base=0)
    world.time += DAY
    world.edited("own.yml", OWN.replace(b"high", b"low"))
    assert world.live().exceptions["Let it pass"].since == "2026-03-01"
