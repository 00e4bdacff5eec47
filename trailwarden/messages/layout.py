"""How mails are laid out: lines narrow enough for a phone, labels at the left edge, values never there."""

import textwrap

WIDTH = 64
_LABEL = 12


def fact(name: str, value: str) -> list[str]:
    """`Name:       value`, its further lines below the value."""
    return wrapped(value, f"{name + ':':<{_LABEL}}", " " * _LABEL) or [f"{name}:"]


def more(value: str) -> list[str]:
    """A further line below the value of a fact."""
    return wrapped(value, " " * _LABEL, " " * _LABEL)


def wrapped(text: str, first: str, following: str) -> list[str]:
    """Text in lines, the first and the following ones indented as told.

    No hyphen or word of a value is broken: an ARN or a key must survive being copied.
    """
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=following,
        break_long_words=False,
        break_on_hyphens=False,
    )


def counted(count: int, thing: str, *, at_least: bool = False) -> str:
    """`1 alert`, `1,200 alerts`, `at least 1,200 alerts`."""
    return f"{'at least ' if at_least else ''}{count:,} {thing}{'' if count == 1 else 's'}"
