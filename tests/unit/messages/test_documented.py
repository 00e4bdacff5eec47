"""docs/alerts.md shows mails, fields and attributes as they are."""

import json
import re
from functools import partial
from pathlib import Path

import pytest

from tests.alerting_world import START, Event, World, seen_by
from tests.unit.messages.test_approved import APPROVED, NOTICES, ROOT, SITUATIONS
from trailwarden.alerts.groups import GroupState, Moved, acknowledge, close
from trailwarden.state.outbox import Budgets

PAGE = (ROOT / "docs" / "alerts.md").read_text(encoding="utf-8")
_EXAMPLES = PAGE.partition("| what happens | what is told |\n")[2].partition("\n\n")[0]
_EXAMPLE = re.compile(r"^\| `([^`]+)` \| (.*?) \|$", re.MULTILINE)
_STEP = re.compile(r"(ack|close|\d+)([bt]?)(?:@(\d+))?")
_LIMIT = re.compile(r"^\| (`\w+`(?:, `\w+`)*) \| (\d+) \|$", re.MULTILINE)
_MAIL = re.compile(r"^`([a-z-]+)`:\n\n```text\n(.*?)\n```$", re.MULTILINE | re.DOTALL)


def test_the_mails_shown_are_the_approved_ones() -> None:
    shown = _MAIL.findall(PAGE)
    assert len(shown) >= 3
    for name, text in shown:
        approved = Path(APPROVED / f"{name}.txt").read_text(encoding="utf-8")
        assert text == approved.partition("\nThe record:\n")[0].rstrip(), name


def test_the_mail_in_the_readme_begins_as_the_approved_one() -> None:
    shown = _MAIL.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    assert shown
    for name, text in shown:
        approved = Path(APPROVED / f"{name}.txt").read_text(encoding="utf-8")
        assert approved.startswith(text.removesuffix("\n...")), name


def named() -> set[str]:
    """What stands in the tables, and in the sentence on a row."""
    return set(re.findall(r"`(\w+)`", PAGE))


def test_every_field_and_attribute_is_in_a_table() -> None:
    tables = "\n".join(line for line in PAGE.splitlines() if line.startswith("|"))
    in_tables = set(re.findall(r"`(\w+)`", tables))
    message = next(found for found in SITUATIONS if found.name == "trail-stopped").message()
    assert set(json.loads(message.payload)) <= in_tables
    assert set(message.attributes) | {"environment"} <= in_tables
    for notice in NOTICES:
        assert set(json.loads(notice.message().payload)) <= in_tables


def test_every_field_of_a_storms_row_and_a_heartbeats_account_is_named() -> None:
    for notice in NOTICES:
        payload = json.loads(notice.message().payload)
        for part in (*payload.get("rows", []), *(payload["accounts"] if "week" in payload else [])):
            assert set(part) <= named()


def told_of(steps: str) -> list[str]:
    """What is told of an example, by the minute."""
    world, told = World(), []
    arrivals = [
        (int(at or what), number, what, address)
        for number, (what, address, at) in enumerate(_STEP.findall(steps))
    ]
    for minute in range(500):
        world.now = float(START + 60 * minute)
        for _, number, what, address in (one for one in arrivals if one[0] == minute):
            if what.isdigit():
                more = {"b": {"address": "198.51.100.24"}, "t": {"target": "audit"}}.get(address, {})
                world.deliver([Event(number, int(what), **more)])
            else:
                (key,) = world.spans()
                world.groups.move(key, partial(_by_hand, what))
        world.notify()
        world.tend()
        for _, follow_up in world.topic.told:
            said = f"+{follow_up.more} {follow_up.reason}" if follow_up else "opened"
            told.append(f"{minute} {said}")
        world.topic.told.clear()
    return told


def _by_hand(what: str, state: GroupState | None) -> Moved:
    assert state is not None
    if what == "close":
        return Moved(close(state, state.spans[-1].alert_id))
    return Moved(acknowledge(state, seen_by("alice", Event(0, 0))))


@pytest.mark.parametrize(("steps", "told"), _EXAMPLE.findall(_EXAMPLES))
def test_an_example_is_told_as_the_page_says(steps: str, told: str) -> None:
    assert told_of(steps) == re.findall(r"`([^`]+)`", told)


def test_the_page_shows_examples_and_every_reason() -> None:
    assert len(_EXAMPLE.findall(_EXAMPLES)) >= 8
    assert {reason for reason in ("opened", "grew", "quiet", "changed") if f"{reason}`" in _EXAMPLES} == {
        "opened", "grew", "quiet", "changed",
    }  # fmt: skip


def test_what_a_level_may_use_up_is_as_the_page_says() -> None:
    rows = [(re.findall(r"\w+", levels), int(most)) for levels, most in _LIMIT.findall(PAGE)]
    limits = {level: most for levels, most in rows for level in levels}
    assert limits == {
        level: Budgets().overall_for(level)
        for level in ("critical", "high", "medium", "low", "informational")
    }
    every = f"a rule sends {Budgets().rule} messages at most, and all rules together {Budgets().overall};"
    assert every in PAGE
