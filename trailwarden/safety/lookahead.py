"""What lies ahead in a text: the next place of a token, the other end of a bracket, the end of a line.

Each text is read once for a token, and once for all of its brackets, however often one asks: a look ahead
that finds nothing costs no more than one that does.
"""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator

FURTHEST = 10_000
"""How far the other end of a bracket, or of a quote within a word, is looked for."""
STARTS = re.compile(r"(\\*+)(\"\"\"|'''|[\"'`])")
_BRACKET = re.compile(r"[\[\](){}\"'`]")
_OPENS, _CLOSES = "([{", ")]}"
_MOST_ESCAPES = 10
_TOKEN_COST = 2
_SCAN_SHARE = 16
_LINE_COST = 10
_LINE_BEFORE = 200


class Lookahead:
    """One text; `charge` is paid for what is read, and says whether there was enough."""

    def __init__(self, text: str, charge: Callable[[int], bool]) -> None:
        self.text = text
        self.charge = charge
        self._places: dict[str, list[int]] = {}
        self._closings: dict[int, int] = {}
        self._exits: dict[int, int] = {}
        self._quotes: tuple[int, str, Counter[str]] = (-1, "", Counter())

    def find(self, token: str, start: int, stop: int | None = None) -> int:
        """As `str.find`."""
        places = self._places.get(token)
        if places is None:
            places = self._places[token] = self._all_places(token)
        index = bisect_left(places, start)
        if index == len(places) or (stop is not None and places[index] + len(token) > stop):
            return -1
        return places[index]

    def _all_places(self, token: str) -> list[int]:
        self.charge(len(self.text) // _SCAN_SHARE)
        places: list[int] = []
        at = self.text.find(token)
        while at >= 0:
            places.append(at)
            at = self.text.find(token, at + 1)
        return places

    def end_of_line(self, at: int) -> int:
        """Where the line ends in which `at` is."""
        end = self.find("\n", at)
        return len(self.text) if end < 0 else end

    def lines_below(self, at: int, indent: int) -> Iterator[tuple[int, int]]:
        """The lines from `at` on that are indented further, and the blank ones among them."""
        while at < len(self.text):
            stop = self.end_of_line(at)
            stop = min(stop + 1, len(self.text))
            if not self.charge(stop - at + _LINE_COST):
                return
            line = self.text[at:stop]
            if line.strip() and len(line) - len(line.lstrip()) <= indent:
                return
            yield at, stop
            at = stop

    def is_open(self, token: str, at: int) -> bool:
        """Whether this quote was opened in the line before `at`, or may have been."""
        if self._quotes[0] != at:
            before = line_before(self.text, at)
            opening = STARTS.finditer(before) if len(before) < _LINE_BEFORE else ()
            self._quotes = at, before, Counter(met.group() for met in opening)
        _, before, opened = self._quotes
        return len(before) >= _LINE_BEFORE or opened[token] % 2 == 1

    def closing(self, at: int) -> int:
        """Where the bracket at `at` is closed, behind what closes it; -1 if it is not."""
        end = self._closings.get(at)
        if end is None:
            end = self._closings[at] = self._closed(at + 1)
        return end if end - at <= FURTHEST else -1

    def _closed(self, at: int) -> int:
        """Behind the first closing bracket from `at` on that closes none opened from there on.

        For each bracket and quote that is read, it is kept where what is around it ends: `levels` has those
        for which that is still to be seen, by what they are in.
        """
        levels: list[list[int]] = [[]]
        while (met := _BRACKET.search(self.text, at)) is not None and self.charge(_TOKEN_COST):
            place, at = met.span()
            end = self._exits.get(place)
            if end is None:
                levels[-1].append(place)
                if met.group() in _OPENS:
                    levels.append([])
                    continue
                if met.group() not in _CLOSES:
                    at = self._behind_quoted(at)
                    continue
                end = at
            if end < 0:
                break
            self._exits.update(dict.fromkeys(levels.pop(), end))
            if not levels:
                return end
            at = end
        for level in levels:
            self._exits.update(dict.fromkeys(level, -1))
        return -1

    def _behind_quoted(self, at: int) -> int:
        """Behind the quote that closes the one before `at`; `at` if none does."""
        before = self.text[max(0, at - 1 - _MOST_ESCAPES) : at - 1]
        token = self.text[at - 1 - (len(before) - len(before.rstrip("\\"))) : at]
        end = self.find(token, at, at + FURTHEST)
        return end + len(token) if end >= 0 else at


def line_before(text: str, at: int) -> str:
    """What stands in the line before a name; of a long line, the end of that."""
    return text[max(0, at - _LINE_BEFORE) : at].rpartition("\n")[2]
