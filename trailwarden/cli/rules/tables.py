"""Tables for reading: coloured on a terminal (unless NO_COLOR is set), plain and wide where piped."""

import sys

from rich.console import Console
from rich.table import Table
from rich.text import Text

from trailwarden.rules.ruleset import Level

STYLES = {"critical": "bold white on red", "high": "bold red", "medium": "yellow", "low": "cyan"}
_WIDTH_OF_A_FILE = 200


def console(width_of_a_file: int = _WIDTH_OF_A_FILE) -> Console:
    """Where tables are printed. Rich honours NO_COLOR: https://no-color.org"""
    width = None if sys.stdout.isatty() else width_of_a_file
    return Console(width=width, highlight=False, markup=False)


def table(*headings: str, title: str = "") -> Table:
    """A table without lines; a heading that ends in a colon is one of numbers."""
    made = Table(box=None, padding=(0, 2, 0, 0), header_style="bold", title_justify="left")
    if title:
        made.title, made.title_style = f"\n{title}", "bold"
    for heading in headings:
        name = heading.removesuffix(":")
        made.add_column(name, justify="right" if name != heading else "left", overflow="fold")
    return made


def level_text(level: Level | str) -> Text:
    """A level in its colour."""
    return Text(str(level), STYLES.get(str(level), ""))


def counted(number: int, one: str, many: str = "") -> str:
    """`1 alert`, `1,200 alerts`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
