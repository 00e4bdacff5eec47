"""What operations is notified of, once: what was not sent, or in short, or ended its function repeatedly."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from trailwarden.messages.layout import wrapped
from trailwarden.messages.storm_email import list_command
from trailwarden.rules.ruleset import Level
from trailwarden.safety.text import harmless
from trailwarden.state.outbox import SetAside

_SHOWN = 20
_BY_HAND = (
    "Read each alert that was NOT sent (the command stands with it above), and pass it on by hand: "
    "nobody got it, and it is not sent again."
)
_FUNCTION = (
    "Find out what ended the function: the last lines of its log (notify or tend_alerts) name what it was "
    "working on. If notify ran out of memory, raise functions.notify_memory_mb in the settings, and deploy: "
    "alerts to come are then sent in full."
)
_TENDING = "Find out what ended tend_alerts: the last lines of its log name what it was working on."
_HELD = "Read what was held back (the command stands with it above), and pass on what subscribers lack."
_REFUSAL = (
    "Look in the log of tend_alerts for the refusal: it says what SNS answered, or why the summary could not "
    "be written."
)


@dataclass(frozen=True, slots=True)
class _Kind:
    """What happened: how the headline counts it, what the letter says of it, and what is to be done."""

    one: str
    several: str
    became: str
    said: str
    steps: tuple[str, ...]

    def headline(self, found: Sequence[SetAside]) -> str:
        """`2 alert messages NOT sent (worst: critical)`."""
        thing = self.one if len(found) == 1 else self.several
        return f"{len(found):,} {thing} {self.became}{_worst_of(found)}"


_UNSENT = _Kind(
    "alert message",
    "alert messages",
    "NOT sent",
    "Sending an alert ended the function again and again, also in short form. It is set aside: nobody got "
    "the message.",
    (_BY_HAND, _FUNCTION),
)
_PART_UNSENT = _Kind(
    "storm summary message",
    "storm summary messages",
    "NOT sent",
    "SNS refused a storm summary or a part of one, also in brief. It is given up: nobody got it.",
    (_HELD, _REFUSAL),
)
_SHORT = _Kind(
    "alert message",
    "alert messages",
    "sent in short",
    "Sending an alert ended the function again and again. It is sent in short form, and is set aside only if "
    "that ends the function too.",
    (_FUNCTION,),
)
_PART_BRIEF = _Kind(
    "storm summary message",
    "storm summary messages",
    "sent in brief",
    "A storm summary, or a part of one, could not be written in full, or SNS refused it. It is sent without "
    "rows and sentences, and subscriptions that filter may lack it.",
    (_HELD, _REFUSAL),
)
_SUMMARY_BRIEF = _Kind(
    "storm summary",
    "storm summaries",
    "sent in brief",
    "Summing up what was held back ended the function again and again. The summary is sent without rows and "
    "sentences.",
    (_HELD, _TENDING),
)
_RARELY = _Kind(
    "alert",
    "alerts",
    "looked after ever more rarely",
    "Looking after an alert (sending what is unsent of it, closing it) ended the function again and again. "
    "It is not set aside: it is tried again, ever more rarely, once a day at least.",
    ("Look at the alert (the command stands with it above): its follow-ups may come late.", _TENDING),
)
_OTHER = _Kind(
    "other task",
    "other tasks",
    "set aside",
    "Working on a task ended the function again and again.",
    (_FUNCTION,),
)
_KINDS = (_UNSENT, _PART_UNSENT, _SHORT, _PART_BRIEF, _SUMMARY_BRIEF, _RARELY, _OTHER)
"""In the order of what matters most."""


def _kind_of(one: SetAside) -> _Kind:
    if one.unsent:
        return _UNSENT
    if one.in_short:
        return _SHORT
    match one.key.split("#"):
        case ["STORM", _, _]:
            return _SUMMARY_BRIEF
        case ["STORM", *_, "OVER"]:
            return _PART_UNSENT
        case ["STORM", *_]:
            return _PART_BRIEF
        case ["DUE", *_]:
            return _RARELY
    return _OTHER


def set_aside_letter(found: Sequence[SetAside]) -> tuple[str, str]:
    """Subject and text: first what was not sent, and of that the worst."""
    over = {one.key.removesuffix("#OVER") for one in found if one.key.endswith("#OVER")}
    found = [one for one in found if one.key not in over]  # what was not sent in the end
    by_kind = {kind: [one for one in found if _kind_of(one) is kind] for kind in _KINDS}
    by_kind = {kind: ones for kind, ones in by_kind.items() if ones}
    subject = ", ".join(kind.headline(ones) for kind, ones in by_kind.items())
    return f"Trailwarden: {subject}", "\n".join(_lines(by_kind, subject)) + "\n"


def _worst_of(found: Sequence[SetAside]) -> str:
    level = harmless(max(found, key=_rank).level, 20)
    return f" ({level if len(found) == 1 else f'worst: {level}'})" if level else ""


def _rank(one: SetAside) -> int:
    """How bad it is; -1 if that is not known."""
    return Level.__members__.get(one.level.upper(), -1)


def _lines(by_kind: dict[_Kind, list[SetAside]], subject: str) -> Iterator[str]:
    yield from wrapped(f"{subject}.", "", "  ")
    yield ""
    for kind in by_kind:
        yield from wrapped(kind.said, "", "  ")
    yield ""
    ordered = [one for ones in by_kind.values() for one in sorted(ones, key=_rank, reverse=True)]
    for one in ordered[:_SHOWN]:
        yield from _item(one)
        yield ""
    if len(ordered) > _SHOWN:
        left = f"and {len(ordered) - _SHOWN:,} more: the items under SETASIDE in the alert table"
        yield from wrapped(left, "- ", "  ")
        yield ""
    yield "What to do"
    steps = dict.fromkeys(step for kind in by_kind for step in kind.steps)
    for number, step in enumerate(steps, 1):
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
        "attempts": str(one.attempts or ""),
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
