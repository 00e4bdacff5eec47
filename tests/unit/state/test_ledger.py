"""Files that are begun, held, handed back, set aside, taken over: what the ledger makes of it, both forms."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest

from tests.dynamodb import FakeDynamoDB
from trailwarden.aws.exception_table import ExceptionTable
from trailwarden.aws.ledger_table import LedgerTable
from trailwarden.state.ledger import (
    ATTEMPTS,
    Claim,
    FileEntry,
    FileLedger,
    FileTakenError,
    Progress,
    Refusal,
    Refused,
    Visit,
    take,
)
from trailwarden.state.memory import MemoryFileLedger
from trailwarden.state.protocol import FileOutcome

HIDDEN = {("drill", "2026-03-01"): 3}
HALFWAY = Progress("v1", next_index=70, counted=70, records=69, defects=2, faults=("a fault",))


@pytest.fixture(params=["memory", "table"])
def ledger(request: pytest.FixtureRequest) -> FileLedger:
    if request.param == "memory":
        return MemoryFileLedger()
    return LedgerTable(
        FakeDynamoDB(), "alerts", retention=timedelta(days=9), now=lambda: 1000.0, pause=lambda _: None
    )


def visit(now: float, *, alone: bool = False, sent_at: float = 0.0) -> Visit:
    """A function that is ended after 100 seconds."""
    return Visit(now, now + 100, sent_at, alone)


def begin(ledger: FileLedger, now: float, *, alone: bool = True, sent_at: float = 0.0) -> Claim:
    taken = take(ledger, "file", visit(now, alone=alone, sent_at=sent_at))
    assert isinstance(taken, Claim), taken
    return taken


def refusal(ledger: FileLedger, now: float, *, alone: bool = False, sent_at: float = 0.0) -> Refused:
    taken = take(ledger, "file", visit(now, alone=alone, sent_at=sent_at))
    assert isinstance(taken, Refused)
    return taken


def test_an_attempt_is_counted_before_anything_is_done(ledger: FileLedger) -> None:
    begin(ledger, 0)
    entry = ledger.entry("file")
    assert entry is not None
    assert (entry.attempts, entry.held_until) == (1, 100)


def test_a_file_is_held_until_its_function_is_ended(ledger: FileLedger) -> None:
    begin(ledger, 0)
    held = refusal(ledger, 40, alone=True)
    assert held.why is Refusal.HELD
    assert 60 <= held.wait <= 65
    assert refusal(ledger, 101).why is Refusal.SUSPECT
    begin(ledger, 101)


def test_a_file_that_ends_its_function_is_spent_after_a_few_attempts(ledger: FileLedger) -> None:
    for attempt in range(ATTEMPTS):
        begin(ledger, 200 * attempt)
    for alone in (True, False):
        assert refusal(ledger, 5000, alone=alone).why is Refusal.SPENT


def test_progress_makes_of_the_next_attempt_the_first(ledger: FileLedger) -> None:
    for attempt in range(3 * ATTEMPTS):
        claim = begin(ledger, 200 * attempt)
        claim.reached(replace(HALFWAY, next_index=70 + attempt), {})
    assert begin(ledger, 9000).progress("v1").next_index == 70 + 3 * ATTEMPTS - 1


def test_what_is_handed_back_for_lack_of_time_is_not_suspected(ledger: FileLedger) -> None:
    claim = begin(ledger, 0)
    claim.reached(HALFWAY, HIDDEN)
    claim.release()
    assert begin(ledger, 1, alone=False).progress("v1") == HALFWAY


def test_a_failure_stays_counted_and_is_suspected_at_once(ledger: FileLedger) -> None:
    begin(ledger, 0).failed("ValueError: odd")
    refused = refusal(ledger, 1)
    assert (refused.why, refused.entry.attempts, refused.entry.detail) == (
        Refusal.SUSPECT,
        1,
        "ValueError: odd",
    )


def test_what_is_read_is_read(ledger: FileLedger) -> None:
    begin(ledger, 0).end(FileOutcome.UNREADABLE, "why", {})
    assert refusal(ledger, 1, alone=True).why is Refusal.READ
    assert refusal(ledger, 1, sent_at=99).why is Refusal.READ
    assert ledger.entry("file") == FileEntry(2, outcome=FileOutcome.UNREADABLE, detail="why")


def test_a_notice_that_is_sent_after_a_file_was_set_aside_is_one_more_attempt(ledger: FileLedger) -> None:
    claim = begin(ledger, 0)
    claim.reached(HALFWAY, {})
    entry = ledger.entry("file")
    assert entry is not None
    assert ledger.write("file", replace(entry, attempts=ATTEMPTS, held_until=0.0, set_aside_at=500.0))
    assert refusal(ledger, 600, sent_at=400).why is Refusal.READ
    assert refusal(ledger, 600, sent_at=550).why is Refusal.SUSPECT
    assert begin(ledger, 600, sent_at=550).progress("v1") == HALFWAY
    assert refusal(ledger, 800, sent_at=550).why is Refusal.SPENT


def writings() -> list[Callable[[Claim], None]]:
    return [
        lambda claim: claim.reached(HALFWAY, HIDDEN),
        lambda claim: claim.release(),
        lambda claim: claim.failed("why"),
        lambda claim: claim.end(FileOutcome.READ, "", HIDDEN),
    ]


@pytest.mark.parametrize("write", writings(), ids=["reached", "release", "failed", "end"])
def test_who_held_a_file_for_too_long_writes_nothing_more(
    ledger: FileLedger, write: Callable[[Claim], None]
) -> None:
    late = begin(ledger, 0)
    begin(ledger, 101)
    kept = ledger.entry("file")
    with pytest.raises(FileTakenError):
        write(late)
    assert ledger.entry("file") == kept
    assert hidden(ledger) == 0


def hidden(ledger: FileLedger) -> int:
    if isinstance(ledger, MemoryFileLedger):
        return ledger.hidden.total()
    assert isinstance(ledger, LedgerTable)
    table = ExceptionTable(ledger._client, "alerts", pause=lambda _: None)
    return sum(table._hidden(each, _LONG_AGO).count for each in ("drill",))


_LONG_AGO = date(2020, 1, 1)


def test_what_exceptions_hid_is_counted_with_each_step(ledger: FileLedger) -> None:
    claim = begin(ledger, 0)
    claim.reached(HALFWAY, HIDDEN)
    claim.reached(HALFWAY, HIDDEN)
    claim.end(FileOutcome.READ, "", HIDDEN)
    assert hidden(ledger) == 9


def test_another_rule_set_begins_again_and_counts_nothing_twice() -> None:
    assert HALFWAY.by("v1") is HALFWAY
    again = HALFWAY.by("v2")
    assert (again.next_index, again.records, again.defects, again.faults) == (0, 0, 0, ())
    assert (again.counted, again.restarts, again.rule_set) == (70, 1, "v2")


def test_rule_sets_that_change_all_the_time_do_not_hold_a_file_up_for_ever() -> None:
    progress = HALFWAY
    for number in range(2, 9):
        progress = replace(progress.by(f"v{number}"), next_index=100 * number)
    assert progress.restarts == 3
    assert progress.by("v9").next_index == progress.next_index


def test_an_entry_of_an_earlier_version_says_that_the_file_was_read() -> None:
    client = FakeDynamoDB()
    old = {"pk": "FILE#file", "sk": "FILE", "outcome": "read", "detail": ""}
    client.put_item(TableName="alerts", Item={name: {"S": value} for name, value in old.items()})
    ledger = LedgerTable(
        client, "alerts", retention=timedelta(days=9), now=lambda: 1000.0, pause=lambda _: None
    )
    assert refusal(ledger, 0, alone=True).why is Refusal.READ
