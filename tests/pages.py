"""What README.md and the pages of docs/ show: commands, and the lines that they print."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
_BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
_TUTORIAL = re.compile(r"^## Your first rule.*?(?=^## )", re.MULTILINE | re.DOTALL)
_TIMING = re.compile(r"in [\d.,]+ s, [\d,]+ records a second")
_VERSION = re.compile(r"\b[0-9a-f]{16}\b")


@dataclass(frozen=True)
class Shown:
    """A command that a page shows, and the output that it shows for it."""

    page: str
    command: str
    output: tuple[str, ...]


def shown_commands(page: Path, text: str) -> Iterator[Shown]:
    """The commands of a page, or of a part of its text."""
    for block in _BLOCK.findall(text):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, *output = part.rstrip("\n").split("\n")
            lines = tuple(line.strip() for line in output if line.strip() not in {"", "..."})
            yield Shown(page.relative_to(ROOT).as_posix(), command, lines)


def without_tutorial(page: Path) -> str:
    """The page without the commands that stand on those before them, and on a deployment."""
    return _TUTORIAL.sub("", page.read_text())


def tutorial(page: Path) -> str:
    """What `without_tutorial` leaves out."""
    found = _TUTORIAL.search(page.read_text())
    assert found is not None
    return found.group()


def normal(line: str) -> str:
    """A line without what changes with the rules or the machine, its spaces folded."""
    return " ".join(_VERSION.sub("VERSION", _TIMING.sub("in TIME", line)).split())


def assert_shown(shown: Shown, printed: str) -> None:
    """Each line that the page shows was printed, in its order."""
    lines = [normal(line) for line in printed.splitlines()]
    place = 0
    for line in map(normal, shown.output):
        assert line in lines[place:], f"{shown.page} shows a line that is not printed: {line}\n{printed}"
        place += lines[place:].index(line) + 1
