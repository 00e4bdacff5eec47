"""The `trailwarden:` block: of a rule, how its alerts read and group, what to do about them, its tests; of a
filter, whose exception it is, why, and until when."""

import difflib
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from trailwarden.errors import Problem
from trailwarden.rules.document import Document, Path
from trailwarden.rules.fields import wrong_path
from trailwarden.rules.timespan import DAY, timespan_seconds

_BLOCK = "trailwarden"
MAX_GROUPING = 20
"""Fields that tell two groups apart, or whose values count together."""
_KEYS = ("title", "group_by", "quiet", "runbook", "owner", "tests", "protected")
_EXCEPTION_KEYS = ("owner", "reason", "expires")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_TEST_KEYS = ("match", "no_match")
_TITLE_TOKEN = re.compile(r"\{([^{}]*)\}|[{}]")
_WORD = re.compile(r"[^\W\d_\u115f\u1160\u3164\uffa0]{2}")
_PLACEHOLDERS_IN_A_ROW = 3
"""More of them, without words between, could make up a sentence."""
LONGEST_QUIET = 7 * DAY
"""The longest quiet time, in seconds."""


@dataclass(frozen=True, slots=True)
class RuleTest:
    """A record that the rule must match, or must not; where it is written (line and column from 1).

    A correlation's test has `records`, in the order of their times, and an empty `record`. `name` says what
    the test is about; empty if its author gave it none.
    """

    record: dict[str, Any]
    must_match: bool
    line: int
    column: int
    records: tuple[dict[str, Any], ...] = ()
    name: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """What the `trailwarden:` block says; empty where it says nothing. `quiet` is in seconds. What is
    `protected` no team's file changes (`protection.py`)."""

    alert_title: str = ""
    group_by: tuple[str, ...] = ()
    quiet: int = 0
    runbook: tuple[str, ...] = ()
    owner: str = ""
    tests: tuple[RuleTest, ...] = field(default=())
    protected: bool = False


@dataclass(frozen=True, slots=True)
class ExceptionBlock:
    """What a filter's `trailwarden:` block says. `expires` is the last day, in UTC, on which it holds."""

    owner: str
    reason: str
    expires: date


def example_day() -> date:
    """A day that an exception may end on: half a year from now."""
    return datetime.now(UTC).date() + timedelta(days=180)


def read_exception(document: Document, problems: list[Problem]) -> ExceptionBlock | None:
    """The block of a filter, which has all three keys; None where there is none, or where it has mistakes,
    which are then in `problems`."""
    if _BLOCK not in document.data:
        return None
    return _Reader(document, problems, correlation=False).exception(document.data[_BLOCK])


def read_block(document: Document, problems: list[Problem], *, correlation: bool = False) -> Block:
    """The block of a rule; every mistake in it goes to `problems`. A correlation's tests are lists."""
    if _BLOCK not in document.data:
        return Block()
    return _Reader(document, problems, correlation=correlation).read(document.data[_BLOCK])


class _Reader:
    def __init__(self, document: Document, problems: list[Problem], *, correlation: bool) -> None:
        self._document = document
        self._problems = problems
        self._correlation = correlation

    def read(self, block: Any) -> Block:
        if not self._is_map(block, (_BLOCK,), _KEYS):
            return Block()
        return Block(
            alert_title=self._title(block),
            group_by=self._group_by(block),
            quiet=self._quiet(block),
            runbook=self._texts(block, "runbook"),
            owner=self._text(block, "owner"),
            tests=self._tests(block.get("tests")),
            protected=self._protected(block),
        )

    def exception(self, block: Any) -> ExceptionBlock | None:
        before = len(self._problems)
        if not self._is_map(block, (_BLOCK,), _EXCEPTION_KEYS):
            return None
        for key in _EXCEPTION_KEYS:
            if key not in block:
                cure = "an exception has an owner, a reason, and the last day on which it holds"
                self._refuse((_BLOCK,), f"the exception has no `{key}`", cure)
        owner, reason = self._text(block, "owner"), self._text(block, "reason")
        expires = self._date(block, "expires")
        if expires is None or len(self._problems) > before:
            return None
        return ExceptionBlock(owner, reason, expires)

    def _date(self, block: dict[str, Any], key: str) -> date | None:
        if key not in block:
            return None
        value = block[key]
        try:
            if isinstance(value, str) and _DATE.fullmatch(value):
                return date.fromisoformat(value)
        except ValueError:
            pass  # such as 2026-02-30
        self._refuse((_BLOCK, key), f"`{key}` must be a day of the calendar", f"write it as {example_day()}")
        return None

    def _refuse(self, path: Path, message: str, cure: str) -> None:
        self._problems.append(self._document.problem(path, message, cure))

    def _is_map(self, value: Any, path: Path, known: Collection[str]) -> bool:
        """Whether the value is a map; its unknown keys are told with the nearest known one."""
        if not isinstance(value, dict):
            self._refuse(path, f"`{path[-1]}` must be a map", f"its keys are {', '.join(known)}")
            return False
        for key in value.keys() - set(known):
            near = difflib.get_close_matches(key, known, n=1)
            cure = f"did you mean `{near[0]}`?" if near else f"known are {', '.join(known)}"
            self._refuse((*path, key), f"`{key}` is unknown in `{path[-1]}`", cure)
        return True

    def _text(self, block: dict[str, Any], key: str) -> str:
        value = block.get(key)
        if key not in block:
            return ""
        if not isinstance(value, str) or not value.strip():
            self._refuse((_BLOCK, key), f"`{key}` must be text", "put it in quotes, or leave it out")
            return ""
        return value.strip()

    def _texts(self, block: dict[str, Any], key: str) -> tuple[str, ...]:
        """A list of texts; one text alone is a list of one."""
        value = block.get(key)
        if not isinstance(value, list):
            text = self._text(block, key)
            return (text,) if text else ()
        if not value:
            self._refuse((_BLOCK, key), f"`{key}` must be a list of texts", "list some, or leave it out")
        for index, text in enumerate(value):
            if not isinstance(text, str) or not text.strip():
                message = f"`{key}` must be a list of texts"
                self._refuse((_BLOCK, key, index), message, "put this one in quotes, or leave it out")
        return tuple(text.strip() for text in value if isinstance(text, str))

    def _title(self, block: dict[str, Any]) -> str:
        title, before = self._text(block, "title"), len(self._problems)
        for token in _TITLE_TOKEN.finditer(title):
            names = (token.group(1) or "").split("|")
            told = next((wrong for name in names if (wrong := wrong_path(name.strip()))), None)
            if told is not None:
                cure = "write a field in braces, such as {userIdentity.arn}, or several, {first|second}"
                message = f"`{token.group()}` in the title is no placeholder"
                self._refuse((_BLOCK, "title"), message, told[1] if "[" in message else cure)
        if title and len(self._problems) == before and not _has_words(title):
            cure = "say what happened in words of your own, such as `{actor} tagged {requestParameters.name}`"
            message = "the title leaves its words to the record: it could read like a message of another rule"
            self._refuse((_BLOCK, "title"), message, cure)
        return title

    def _group_by(self, block: dict[str, Any]) -> tuple[str, ...]:
        fields = self._texts(block, "group_by")
        if len(fields) > MAX_GROUPING:
            message = f"`group_by` names {len(fields):,} fields; {MAX_GROUPING} are the most"
            self._refuse((_BLOCK, "group_by"), message, "name those that tell two alerts apart")
        for index, name in enumerate(fields):
            if told := wrong_path(name):
                self._refuse((_BLOCK, "group_by", index), *told)
        return fields

    def _quiet(self, block: dict[str, Any]) -> int:
        if "quiet" not in block:
            return 0
        given, longest = block["quiet"], f"{LONGEST_QUIET // DAY}d"
        seconds = timespan_seconds(given)
        if seconds is None:
            cure = "write a number and s, m, h or d, such as 30m"
            self._refuse((_BLOCK, "quiet"), f"`{given}` is no timespan", cure)
        elif seconds > LONGEST_QUIET:
            cure = f"write at most {longest}: until then nobody is told that it came back"
            self._refuse((_BLOCK, "quiet"), f"`{given}` is longer than {longest}", cure)
        return seconds or 0

    def _protected(self, block: dict[str, Any]) -> bool:
        if "protected" not in block:
            return False
        if block["protected"] is not True or not self._document.shipped:
            cure = "leave it out"
            self._refuse((_BLOCK, "protected"), "only rules that ship can be protected", cure)
            return False
        return True

    def _tests(self, tests: Any) -> tuple[RuleTest, ...]:
        if tests is None or not self._is_map(tests, (_BLOCK, "tests"), _TEST_KEYS):
            return ()
        return tuple(test for key in _TEST_KEYS for test in self._records(tests.get(key), key))

    def _records(self, records: Any, key: str) -> list[RuleTest]:
        path: Path = (_BLOCK, "tests", key)
        if records is None:
            return []
        if not isinstance(records, list):
            self._refuse(path, f"`{key}` must be a list of records", "begin each record with `-`")
            return []
        found = []
        for index, given in enumerate(records):
            line, column = self._document.place((*path, index))
            name, record = self._named_test(given, (*path, index))
            if self._correlation:
                if isinstance(record, list) and record and all(isinstance(each, dict) for each in record):
                    found.append(RuleTest({}, key == "match", line, column, tuple(record), name))
                else:
                    cure = "write `- [{...}, {...}]`, or `- {name: ..., records: [{...}, {...}]}`"
                    self._refuse((*path, index), "a correlation's test must be a list of records", cure)
            elif isinstance(record, dict):
                found.append(RuleTest(record, key == "match", line, column, (), name))
            else:
                self._refuse((*path, index), "a test's record must be a map", "write it as CloudTrail would")
        return found

    def _named_test(self, given: Any, path: Path) -> tuple[str, Any]:
        """A test's name, and what it is about: `{name: ..., record: {...}}`, or the record alone."""
        key = "records" if self._correlation else "record"
        if not isinstance(given, dict) or key not in given or not given.keys() <= {"name", key}:
            return "", given
        name = given.get("name", "")
        if not isinstance(name, str):
            self._refuse((*path, "name"), "a test's `name` must be text", "put it in quotes")
            return "", given[key]
        return name.strip(), given[key]


def _has_words(title: str) -> bool:
    """Whether a title says something itself, whatever the record holds."""
    in_a_row = end = 0
    words = False
    for token in _TITLE_TOKEN.finditer(title):
        says = _WORD.search(title, end, token.start()) is not None
        words = words or says
        in_a_row, end = (1 if says else in_a_row + 1), token.end()
        if in_a_row > _PLACEHOLDERS_IN_A_ROW:
            return False
    return words or _WORD.search(title, end) is not None
