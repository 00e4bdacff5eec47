"""Tables for reading: on a terminal coloured (unless NO_COLOR is set: https://no-color.org) and as wide as it
is, or a card for each row if they do not fit; in a file or pipe a plain line for each row, never wrapped, and
padded no further than its columns ask for.

Rich takes 50 ms to load: only what is for reading pays for it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING

import click

from trailwarden.rules.ruleset import Level

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    Row = Sequence[str | Text]

STYLES = {"critical": "bold white on red", "high": "bold red", "medium": "yellow", "low": "cyan"}
_GAP = 2
_LEAST = 32
"""How many columns of a terminal the main column needs, unless it is narrower: with less room, rows are
printed as cards."""
_ROWS_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Column:
    """A column. The last one of a table is its main one: it takes the room that the others leave."""

    heading: str
    numbers: bool = False

    @classmethod
    def of(cls, heading: str) -> Column:
        """A heading that ends in a colon is one of numbers."""
        return cls(heading.removesuffix(":"), heading.endswith(":"))


def table(*headings: str, title: str = "") -> Table:
    """A table to fill and to give to `show`; the last column is the main one, and a heading that ends in a
    colon is one of numbers."""
    from rich.table import Table  # noqa: PLC0415

    return Table(*headings, title=title or None)


def show(made: Table) -> None:
    """Print a table."""
    columns = [Column.of(str(one.header)) for one in made.columns]
    cells = [list(one.cells) for one in made.columns]
    rows: list[Row] = list(zip(*cells, strict=True))
    print_rows(columns, lambda: rows, title=str(made.title or ""))


def say(text: str, style: str = "") -> None:
    """Print a text: wrapped between words on a terminal, as it is in a file or pipe."""
    if _is_terminal():
        console().print(styled(text, style))
    else:
        click.echo(text)


def say_indented(line: str) -> None:
    """Print a line: on a terminal wrapped between words, with the rest deeper than it begins; as it is in a
    file or pipe."""
    if not _is_terminal():
        click.echo(line)
        return
    screen, text = console(), line.lstrip(" ")
    indent = min(len(line) - len(text), screen.width // 2)
    pieces = styled(text, "").wrap(screen, max(screen.width - indent - 2 * _GAP, 1), overflow="fold")
    for number, piece in enumerate(pieces):
        piece.rstrip()
        screen.print(" " * (indent + (2 * _GAP if number else 0)), piece, sep="")


def print_rows(columns: Sequence[Column], rows: Callable[[], Iterable[Row]], *, title: str = "") -> None:
    """Print a table; nothing if there is no row. `rows` is called twice: a column is as wide as its widest
    cell, and there may be more rows than memory holds."""
    widths = _widths(columns, rows())
    if widths is None:
        return
    if title:
        say(f"\n{title}", "bold")
    if not _is_terminal():
        for line in _plain(columns, widths, rows()):
            click.echo(line)
        return
    screen = console()
    room = screen.width - sum(width + _GAP for width in widths[:-1])
    if room >= min(widths[-1], _LEAST):
        _print_table(screen, columns, [*widths[:-1], min(widths[-1], room)], rows())
    else:
        _print_cards(screen, columns, rows())


def _widths(columns: Sequence[Column], rows: Iterable[Row]) -> list[int] | None:
    from rich.cells import cell_len  # noqa: PLC0415

    headings = [cell_len(column.heading) for column in columns]
    widths = headings.copy()
    row = None
    for row in rows:
        widths = [max(width, cell_len(str(cell))) for width, cell in zip(widths, row, strict=True)]
    return None if row is None else widths


def _plain(columns: Sequence[Column], widths: Sequence[int], rows: Iterable[Row]) -> Iterator[str]:
    from rich.cells import cell_len  # noqa: PLC0415

    headings: Row = [column.heading for column in columns]
    for row in chain([headings], rows):
        cells = []
        for column, width, cell in zip(columns, widths, map(str, row), strict=True):
            room = " " * (width - cell_len(cell))
            cells.append(room + cell if column.numbers else cell + room)
        yield (" " * _GAP).join(cells).rstrip()


def _print_table(
    screen: Console, columns: Sequence[Column], widths: Sequence[int], rows: Iterable[Row]
) -> None:
    from rich.table import Table  # noqa: PLC0415

    headed = True
    rest = iter(rows)
    while part := list(islice(rest, _ROWS_AT_ONCE)):
        made = Table(box=None, padding=(0, _GAP, 0, 0), pad_edge=False, show_header=headed)
        for column, width in zip(columns, widths, strict=True):
            made.add_column(
                column.heading, justify="right" if column.numbers else "left", width=width, overflow="fold"
            )
        for row in part:
            made.add_row(*row)
        screen.print(made)
        headed = False


def _print_cards(screen: Console, columns: Sequence[Column], rows: Iterable[Row]) -> None:
    """Of each row the first and the main cell, and below them the others, each behind its heading."""
    from rich.text import Text  # noqa: PLC0415

    width = screen.width - _GAP
    for first, *others, main in rows:
        head = Text.assemble(first, " " * _GAP if str(first) else "", main)
        details = [
            f"{column.heading}: {cell}" if column.heading else str(cell)
            for column, cell in zip(columns[1:-1], others, strict=True)
            if str(cell)
        ]
        lines = [*head.wrap(screen, width, overflow="fold")]
        for line in _filled(details, width):
            lines += styled(line, "dim").wrap(screen, width, overflow="fold")
        for number, each in enumerate(lines):
            each.rstrip()
            screen.print(" " * _GAP if number else "", each, sep="")


def _filled(pieces: Sequence[str], width: int) -> Iterator[str]:
    """Lines of whole pieces, as many as fit into each."""
    from rich.cells import cell_len  # noqa: PLC0415

    line = ""
    for piece in pieces:
        longer = f"{line}{' ' * _GAP}{piece}" if line else piece
        if line and cell_len(longer) > width:
            yield line
            longer = piece
        line = longer
    if line:
        yield line


def _is_terminal() -> bool:
    return sys.stdout.isatty()


def console() -> Console:
    """Where a terminal's tables are printed."""
    from rich.console import Console  # noqa: PLC0415

    return Console(highlight=False, markup=False, emoji=False)


def level_text(level: Level | str) -> Text:
    """A level in its color."""
    return styled(str(level), STYLES.get(str(level), ""))


def styled(text: str, style: str) -> Text:
    """A text in a style of rich's, taken as it is."""
    from rich.text import Text  # noqa: PLC0415

    return Text(text, style)


def counted(number: int, one: str, many: str = "") -> str:
    """`1 alert`, `1,200 alerts`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
