"""Tables on terminals of any width, and in files and pipes."""

import re
from collections.abc import Iterator

import pytest
from rich.cells import cell_len

from trailwarden.cli.tables import Column, level_text, print_rows, say, say_indented, show, table

TITLE = "user mallory stopped the trail of an account whose name is as long as names are, and then deleted it"
_STYLED = re.compile(r"\x1b\[[0-9;]*m")
COLUMNS = tuple(map(Column.of, ("Level", "Events:", "Account", "Alert")))
ROWS = [
    (level_text("critical"), "1,200", "444455556666", TITLE),
    (level_text("low"), "1", "", "名前" * 30),
]


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> "Screen":
    return Screen(monkeypatch, capsys)


class Screen:
    """A terminal, of some number of columns."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def is_as_wide_as(self, columns: int) -> None:
        self._monkeypatch.setattr("trailwarden.cli.tables._is_terminal", lambda: True)
        self._monkeypatch.setenv("COLUMNS", str(columns))
        self._monkeypatch.setenv("TERM", "xterm")

    def lines(self) -> list[str]:
        return _STYLED.sub("", self._capsys.readouterr().out).splitlines()


def test_a_file_gets_a_line_for_each_row_neither_wrapped_nor_padded(screen: Screen) -> None:
    print_rows(COLUMNS, lambda: ROWS)

    heading, first, second = screen.lines()
    assert heading == "Level     Events  Account       Alert"
    assert first == f"critical   1,200  444455556666  {TITLE}"
    assert second == "low            1                " + "名前" * 30
    assert not any(line.endswith(" ") for line in (heading, first, second))


@pytest.mark.parametrize("columns", [20, 60, 80, 120, 400])
def test_a_terminal_gets_all_of_it_within_its_columns(screen: Screen, columns: int) -> None:
    screen.is_as_wide_as(columns)

    print_rows(COLUMNS, lambda: ROWS)

    lines = screen.lines()
    assert max(map(cell_len, lines)) <= columns
    printed = "".join("".join(lines).split())
    assert all(word in printed for word in ("critical", "1,200", "444455556666", "".join(TITLE.split())))


def test_a_narrow_terminal_gets_a_card_for_each_row_with_nothing_cut_in_two(screen: Screen) -> None:
    screen.is_as_wide_as(60)

    print_rows(COLUMNS, lambda: ROWS)

    lines = screen.lines()
    assert lines[:3] == [
        "critical  user mallory stopped the trail of an account",
        "  whose name is as long as names are, and then deleted it",
        "  Events: 1,200  Account: 444455556666",
    ]
    assert lines[3].startswith("low")
    assert lines[-1] == "  Events: 1"


def test_a_main_cell_that_is_short_needs_no_card(screen: Screen) -> None:
    screen.is_as_wide_as(40)
    made = table("Day (UTC)", "Alerts:", "Matches:")
    made.add_row("2026-03-01", "1", "12")

    show(made)

    assert [line.split() for line in screen.lines()] == [
        ["Day", "(UTC)", "Alerts", "Matches"],
        ["2026-03-01", "1", "12"],
    ]


@pytest.mark.parametrize("columns", [60, 120, 0])
def test_a_table_in_parts_is_the_table_in_one(
    screen: Screen, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    if columns:
        screen.is_as_wide_as(columns)
    titles = ["名" * (number % 7 * 20) + f"title {number} [bold]" for number in range(40)]
    rows = [(level_text("low"), "1", "444455556666", title) for title in titles]

    def printed(rows_at_once: int) -> list[str]:
        monkeypatch.setattr("trailwarden.cli.tables._ROWS_AT_ONCE", rows_at_once)
        print_rows(COLUMNS, lambda: iter(rows))
        return screen.lines()

    assert printed(7) == printed(1) == printed(1000)


def test_no_rows_are_no_table(screen: Screen) -> None:
    def none() -> Iterator[tuple[str, ...]]:
        return iter(())

    print_rows(COLUMNS, none, title="Nothing")
    show(table("Level", "Alert", title="Nothing"))

    assert screen.lines() == []


def test_a_sentence_is_wrapped_on_a_terminal_alone(screen: Screen) -> None:
    say(TITLE)
    assert screen.lines() == [TITLE]

    screen.is_as_wide_as(60)
    say(TITLE)
    assert max(map(len, screen.lines())) <= 60


@pytest.mark.parametrize("columns", [20, 60, 80])
def test_a_line_is_wrapped_between_words_and_goes_on_deeper(screen: Screen, columns: int) -> None:
    words = ["word"] * 40
    screen.is_as_wide_as(columns)
    say_indented("      " + " ".join(words))
    first, *others = screen.lines()
    assert " ".join([first, *others]).split() == words
    assert all(len(line) <= columns for line in (first, *others))
    assert first.startswith("      word")
    assert all(line.startswith("          word") for line in others)


def test_a_line_in_a_file_and_an_empty_one_stay_as_they_are(screen: Screen) -> None:
    long = "   " + "word  " * 40 + "x"
    say_indented(long)
    screen.is_as_wide_as(60)
    say_indented("")
    say_indented("  short  line")
    assert screen.lines() == [long, "", "  short  line"]
