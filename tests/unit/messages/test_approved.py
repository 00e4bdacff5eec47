"""The mails of real situations, each read and approved: tests/data/alerts/<situation>.txt.

`TRAILWARDEN_APPROVE=1 pytest tests/unit/messages/test_approved.py` writes them anew; read what changed before
you commit it, as somebody who is woken by it.
"""

import os
from pathlib import Path

import pytest

from tests.unit.messages.situations import Situation
from tests.unit.messages.situations_later import later_situations
from tests.unit.messages.situations_notices import Notice, notices
from tests.unit.messages.situations_odd import odd_situations
from tests.unit.messages.situations_others import other_situations
from tests.unit.messages.situations_shipped import shipped_situations
from trailwarden.messages.message import MESSAGE_LIMIT, AlertMessage

ROOT = Path(__file__).resolve().parents[3]
APPROVED = ROOT / "tests" / "data" / "alerts"
APPROVE = bool(os.environ.get("TRAILWARDEN_APPROVE"))
SITUATIONS = [*shipped_situations(), *other_situations(), *odd_situations(), *later_situations()]
NOTICES = list(notices())
TOLD: list[Situation | Notice] = [*SITUATIONS, *NOTICES]
by_name = pytest.mark.parametrize("told", TOLD, ids=lambda told: told.name)


def mail(message: AlertMessage) -> str:
    """Subject and body, as they are approved."""
    return f"Subject: {message.subject}\n\n{message.email}"


@by_name
def test_the_mail_is_the_approved_one(told: Situation | Notice) -> None:
    text = mail(told.message())
    file = APPROVED / f"{told.name}.txt"
    if APPROVE:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode())
    assert text == file.read_text(encoding="utf-8")


def test_every_approved_mail_is_of_a_situation() -> None:
    names = [told.name for told in TOLD]
    assert len(names) == len(set(names)) >= 40
    assert {file.stem for file in APPROVED.glob("*.txt")} == set(names)


@by_name
def test_every_line_fits_a_phone_but_what_must_survive_copying(told: Situation | Notice) -> None:
    upper, _, _ = told.message().email.partition("\nThe record:\n")
    for line in upper.splitlines():
        assert len(line) <= 64 or len(line.split()) <= 2, line


@by_name
def test_every_message_fits_sns_and_names_no_unknown_first(told: Situation | Notice) -> None:
    message = told.message()
    assert message.size <= MESSAGE_LIMIT
    assert "unknown" not in message.email.split("\n\n")[0]
