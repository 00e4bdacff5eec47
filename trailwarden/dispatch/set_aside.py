"""What operations is notified of, once: work that ended its function again and again, and is set aside."""

from collections.abc import Iterator, Sequence

from trailwarden.messages.layout import counted, wrapped
from trailwarden.messages.storm_email import list_command
from trailwarden.rules.ruleset import Level
from trailwarden.safety.text import harmless
from trailwarden.state.outbox import SetAside

_SHOWN = 20


def set_aside_letter(found: Sequence[SetAside]) -> tuple[str, str]:
    """Subject and text: first what was not sent, and of that the worst."""
    subject = ", ".join(_headline(found))
    return f"Trailwarden: {subject}", "\n".join(_lines(found, subject)) + "\n"


def _headline(found: Sequence[SetAside]) -> Iterator[str]:
    """`1 alert message NOT sent (critical)`, `3 sent in short (worst: high)`, `1 other task set aside`."""
    unsent = [one for one in found if one.unsent]
    short = [one for one in found if one.in_short]
    if unsent:
        yield f"{counted(len(unsent), 'alert message')} NOT sent{_worst_of(unsent)}"
    if short:
        thing = f"{len(short):,}" if unsent else counted(len(short), "alert message")
        yield f"{thing} sent in short{_worst_of(short)}"
    others = len(found) - len(unsent) - len(short)
    if others:
        thing = "other task" if unsent or short else "task"
        yield f"{counted(others, thing)} set aside"


def _worst_of(found: Sequence[SetAside]) -> str:
    level = harmless(max(found, key=_rank).level, 20)
    return f" ({level if len(found) == 1 else f'worst: {level}'})" if level else ""


def _rank(one: SetAside) -> int:
    """How bad it is; -1 if that is not known."""
    return Level.__members__.get(one.level.upper(), -1)


def _lines(found: Sequence[SetAside], subject: str) -> Iterator[str]:
    yield from wrapped(f"{subject}: working on it ended the function again and again.", "", "  ")
    yield ""
    ordered = sorted(found, key=lambda one: (not one.unsent, not one.in_short, -_rank(one)))
    for one in ordered[:_SHOWN]:
        yield from _item(one)
        yield ""
    if len(found) > _SHOWN:
        left = f"and {len(found) - _SHOWN:,} more: the items under SETASIDE in the alert table"
        yield from wrapped(left, "- ", "  ")
        yield ""
    yield "What to do"
    for number, step in enumerate(_steps(found), 1):
        yield from wrapped(step, f"  {number}. ", "     ")
    yield ""
    yield "Nothing else waits for it. This is sent once for each."


def _item(one: SetAside) -> Iterator[str]:
    yield from wrapped(harmless(one.what, 300), "- ", "  ")
    facts = {
        "alert": one.alert_id,
        "level": one.level,
        "rule": one.rule_id,
        "account": one.account,
        "attempts": str(one.attempts),
    }
    for name, value in facts.items():
        if value:
            yield from wrapped(f"{name}: {harmless(value, 100)}", "    ", "      ")
    if one.alert_id:
        yield "    To read it:"
        yield f"      trailwarden alerts show {harmless(one.alert_id, 100)}"
    if one.key.startswith("STORM#"):
        yield "    To read what was held back:"
        yield f"  {list_command(one.key.split('#')[1])}"


def _steps(found: Sequence[SetAside]) -> Iterator[str]:
    if any(one.unsent for one in found):
        yield "Read the alerts that were NOT sent: nobody got them, but they are kept."
    yield (
        "Look at the log of the function that was ended (notify or tend_alerts): its last lines name what it "
        "was working on."
    )
