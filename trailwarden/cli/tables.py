"""Tables for reading: coloured on a terminal (unless NO_COLOR is set), plain and wide where piped.

Rich takes 50 ms to load: only what is for reading pays for it.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from trailwarden.rules.ruleset import Level

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

STYLES = {"critical": "bold white on red", "high": "bold red", "medium": "yellow", "low": "cyan"}
_WIDTH_OF_A_FILE = 200


def console(width_of_a_file: int = _WIDTH_OF_A_FILE) -> Console:
    """Where tables are printed. Rich honours NO_COLOR: https://no-color.org"""
    from rich.console import Console  # noqa: PLC0415

    width = None if sys.stdout.isatty() else width_of_a_file
    return Console(width=width, highlight=False, markup=False)


def table(*headings: str, title: str = "") -> Table:
    """A table without lines; a heading that ends in a colon is one of numbers."""
    from rich.table import Table  # noqa: PLC0415

    made = Table(box=None, padding=(0, 2, 0, 0), header_style="bold", title_justify="left")
    if title:
        made.title, made.title_style = f"\n{title}", "bold"
    for heading in headings:
        name = heading.removesuffix(":")
        made.add_column(name, justify="right" if name != heading else "left", overflow="fold")
    return made


def level_text(level: Level | str) -> Text:
    """A level in its colour."""
    return styled(str(level), STYLES.get(str(level), ""))


def styled(text: str, style: str) -> Text:
    """A text in a style of rich's, taken as it is."""
    from rich.text import Text  # noqa: PLC0415

    return Text(text, style)


def counted(number: int, one: str, many: str = "") -> str:
    """`1 alert`, `1,200 alerts`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
