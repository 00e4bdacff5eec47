"""What operations is notified of, once: work that ended its function again and again, and is set aside."""

from collections.abc import Sequence

from trailwarden.safety.text import harmless
from trailwarden.state.outbox import SetAside

_SHOWN = 20
_WHAT_TO_DO = """What to do: the log of the function that died (notify or tend_alerts) names what it was at in
its last lines. The alert itself is kept: trailwarden alerts show <alert id>. Nothing else waits for it.
This is sent once for each."""


def set_aside_letter(found: Sequence[SetAside]) -> tuple[str, str]:
    """Subject and text."""
    count = f"{len(found)} {'thing was' if len(found) == 1 else 'things were'}"
    lines = [f"{count} set aside: working on it ended the function again and again.", ""]
    for why in found[:_SHOWN]:
        lines.append(f"- {harmless(why.what, 300)}")
        facts = {
            "alert": why.alert_id,
            "level": why.level,
            "rule": why.rule_id,
            "account": why.account,
            "attempts": str(why.attempts),
        }
        lines += [f"    {name}: {harmless(value, 100)}" for name, value in facts.items() if value]
    if len(found) > _SHOWN:
        lines.append(f"- and {len(found) - _SHOWN} more: the items under SETASIDE in the alert table")
    return f"Trailwarden: {count} set aside", "\n".join([*lines, "", _WHAT_TO_DO]) + "\n"
