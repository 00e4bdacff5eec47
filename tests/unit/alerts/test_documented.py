"""docs/alerts.md shows mails, fields and attributes as they are."""

import json
import re
from pathlib import Path

from tests.unit.alerts.test_approved import APPROVED, ROOT, SITUATIONS

PAGE = (ROOT / "docs" / "alerts.md").read_text(encoding="utf-8")
_MAIL = re.compile(r"^`([a-z-]+)`:\n\n```text\n(.*?)\n```$", re.MULTILINE | re.DOTALL)


def test_the_mails_shown_are_the_approved_ones() -> None:
    shown = _MAIL.findall(PAGE)
    assert len(shown) >= 3
    for name, text in shown:
        approved = Path(APPROVED / f"{name}.txt").read_text(encoding="utf-8")
        assert text == approved.partition("\nThe record:\n")[0].rstrip(), name


def test_every_field_and_attribute_is_in_a_table() -> None:
    named = set(re.findall(r"`(\w+)`", "\n".join(line for line in PAGE.splitlines() if line.startswith("|"))))
    message = next(found for found in SITUATIONS if found.name == "trail-stopped").message()
    assert set(json.loads(message.payload)) <= named
    assert set(message.attributes) | {"environment"} <= named
