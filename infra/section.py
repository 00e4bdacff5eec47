"""Reads nested settings and collects every mistake, so that an operator mends a file once.

Hand-made on purpose: `msgspec.convert` stops at the first mistake, and a JSON schema speaks of schemas ("is
not valid under any of the given schemas") where an operator needs the key, the value and what would be right.
"""

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

_MISSING: Final = object()


class Section:
    """One object of the settings. Every read that fails adds a problem and gives a harmless value.

    `close` must be called when all keys were read: what is left over is unknown, and told with the nearest
    key that this section does know.
    """

    def __init__(self, value: object, path: str, problems: list[str]) -> None:
        self.path = path
        self.problems = problems
        self._known: list[str] = []
        self._values: dict[str, Any] = {}
        self._readable = isinstance(value, Mapping)
        if isinstance(value, Mapping):
            self._values = {str(key): item for key, item in value.items()}
        else:
            self.problem("", f"must be an object, not {_shown(value)}")

    def problem(self, key: str, message: str) -> None:
        """Add a mistake at `key` of this section (the section itself when empty)."""
        self.problems.append(f"{self.where(key)}: {message}")

    def where(self, key: str) -> str:
        return ".".join(part for part in (self.path, key) if part) or "trailwarden"

    def has(self, key: str) -> bool:
        return self._get(key) is not None

    def text(self, key: str, *, default: str | None = None, like: re.Pattern[str], what: str) -> str:
        """A text that matches `like` as a whole; `what` says in words what is expected. A `default` is taken
        as it stands."""
        if default is not None and not self.has(key):
            return default
        value = self._required(key, default, what)
        if value is _MISSING:
            return ""
        if not isinstance(value, str) or like.fullmatch(value) is None:
            self.problem(key, f"must be {what}, not {_shown(value)}{_quotes_hint(value, like)}")
            return ""
        return value

    def choice(
        self, key: str, options: Iterable[str], *, default: str | None = None, likely: Iterable[str] = ()
    ) -> str:
        """One of `options`, exactly; a hint for a typo names one of those that are `likely` (else, any)."""
        known = list(options)
        value = self._required(key, default, _listed(known))
        if value is _MISSING:
            return ""
        if value not in known:
            self.problem(key, _none_of(value, known, likely))
            return ""
        return str(value)

    def choices(self, key: str, options: Iterable[str]) -> tuple[str, ...]:
        """A list, not empty, of `options`, given back in the order of `options` without repeats."""
        known = list(options)
        chosen = [value for _, value in self.items(key)]
        if not chosen:
            self.problem(key, f"must name at least one of {', '.join(known)}")
        for value in chosen:
            if value not in known:
                self.problem(key, _none_of(value, known))
        return tuple(option for option in known if option in chosen)

    def number(self, key: str, low: int, high: int, *, default: int | None = None) -> int:
        """A whole number from `low` to `high`, both included."""
        value = self._required(key, default, f"a whole number from {low} to {high}")
        if value is _MISSING:
            return low
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            self.problem(key, f"must be a whole number from {low} to {high}, not {_shown(value)}")
            return low
        return value

    def flag(self, key: str, *, default: bool = False) -> bool:
        """True or false."""
        value = self._get(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            self.problem(key, f"must be true or false, not {_shown(value)}")
            return default
        return value

    def texts(self, key: str, *, like: re.Pattern[str], what: str) -> tuple[str, ...]:
        """A list of texts, each of which matches `like` as a whole and stands once; empty when missing."""
        if self._get(key) == []:
            self.problem(key, f"is empty: leave it out, or list {what}")
        found: list[str] = []
        for path, value in self.items(key):
            if not isinstance(value, str) or like.fullmatch(value) is None:
                self.problems.append(
                    f"{path}: must be {what}, not {_shown(value)}{_quotes_hint(value, like)}"
                )
            elif value in found:
                self.problems.append(f"{path}: {value} is listed twice")
            else:
                found.append(value)
        return tuple(found)

    def section(self, key: str) -> "Section":
        """The object at `key`; an empty one when it is missing."""
        value = self._get(key)
        return Section({} if value is None else value, self.where(key), self.problems)

    def items(self, key: str) -> list[tuple[str, Any]]:
        """The entries of the list at `key`, each with the path that a message names it by."""
        value = self._get(key)
        if value is None:
            return []
        if not isinstance(value, list):
            self.problem(key, f"must be a list, not {_shown(value)}")
            return []
        return [(f"{self.where(key)}[{index}]", item) for index, item in enumerate(value)]

    def close(self) -> None:
        """Tell every key that nobody asked for."""
        for key in self._values:
            if key not in self._known:
                self.problem(key, f"unknown key{nearest(key, self._known)}")

    def _get(self, key: str) -> Any:
        if key not in self._known:
            self._known.append(key)
        return self._values.get(key)

    def _required(self, key: str, default: str | int | None, what: str) -> Any:
        value = self._get(key)
        if value is not None:
            return value
        if default is not None:
            return default
        if self._readable:
            self.problem(key, f"is missing: {what}")
        return _MISSING


def nearest(value: object, known: Iterable[str]) -> str:
    """A hint for a typo: the known word nearest to `value`, or nothing when none is near."""
    close = difflib.get_close_matches(str(value), list(known), n=1, cutoff=0.6)
    return f" (did you mean {close[0]}?)" if close else ""


def _none_of(value: object, known: list[str], likely: Iterable[str] = ()) -> str:
    return f"{_shown(value)} is not {_listed(known)}{nearest(value, list(likely) or known)}"


def _listed(known: list[str]) -> str:
    return f"one of {', '.join(known)}" if len(known) <= 12 else f"one of the {len(known)} that are known"


def _quotes_hint(value: object, like: re.Pattern[str]) -> str:
    quoted = isinstance(value, int) and not isinstance(value, bool) and like.fullmatch(str(value))
    return " (put it in quotes)" if quoted else ""


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
