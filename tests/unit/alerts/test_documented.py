"""docs/alerts.md shows mails, fields and attributes as they are."""

import json
import re
from pathlib import Path

from tests.unit.alerts.test_approved import APPROVED, NOTICES, ROOT, SITUATIONS

PAGE = (ROOT / "docs" / "alerts.md").read_text(encoding="utf-8")
_MAIL = re.compile(r"^`([a-z-]+)`:\n\n```text\n(.*?)\n```$", re.MULTILINE | re.DOTALL)


def test_the_mails_shown_are_the_approved_ones() -> None:
    shown = _MAIL.findall(PAGE)
    assert len(shown) >= 3
    for name, text in shown:
        approved = Path(APPROVED / f"{name}.txt").read_text(encoding="utf-8")
        assert text == approved.partition("\nThe record:\n")[0].rstrip(), name


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
