"""A third-party pack held against what this Trailwarden can run: each rule taken, taken with a warning, or
refused and why. Nothing is written.

Imports pySigma: nothing that runs in the detect function may import this module.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from trailwarden.errors import Problem
from trailwarden.rules.compile import compile_usable
from trailwarden.rules.document import Document, read_documents
from trailwarden.rules.folder import rule_files
from trailwarden.rules.lint import lint_rules, normalised_names
from trailwarden.rules.load import read_rules
from trailwarden.rules.source import Source

_OURS = {"product": "aws", "service": "cloudtrail"}


class Verdict(StrEnum):
    """What becomes of a rule."""

    TAKEN = "taken"
    WARNED = "taken with a warning"
    REFUSED = "refused"
    OTHER_LOGS = "for other logs"
    """Refused, for its log source is not CloudTrail: no fault of the rule."""
    UNREADABLE = "unreadable"
    """A file whose rules cannot be told apart: it cannot be read, or is no YAML."""


@dataclass(slots=True)
class Imported:
    """One document of the pack (a rule, correlation, filter or list), or a whole file that is unreadable.
    `problems` say why, with line and cure."""

    path: str
    line: int
    kind: str
    id: str
    title: str
    verdict: Verdict = Verdict.TAKEN
    problems: list[Problem] = field(default_factory=list)

    @property
    def taken(self) -> bool:
        return self.verdict in {Verdict.TAKEN, Verdict.WARNED}


def judge_pack(paths: Sequence[Path], shipped: Iterable[Source] = ()) -> list[Imported]:
    """Every document below the paths, in the order of their files, with its verdict. `shipped` are the rules
    that the pack would stand beside: an id of theirs is warned of."""
    sources, problems = read_rules(paths)
    _, refused = compile_usable(sources)
    warnings = lint_rules(sources)
    by_file: dict[str, list[Imported]] = {}

    def unread(place: Path, _why: str) -> None:
        name = place.as_posix()
        by_file[name] = [Imported(name, 1, "file", "", place.name, Verdict.UNREADABLE)]

    for file in _files(paths, unread):
        by_file[file.as_posix()] = list(_entries(file))
    _blame(by_file, [*problems, *refused])
    _warn(by_file, warnings)
    _warn(by_file, normalised_names(sources))
    known = {source.id: source for source in shipped}
    for entry in (entry for entries in by_file.values() for entry in entries):
        if (same := known.get(entry.id.lower())) is not None and entry.verdict is not Verdict.OTHER_LOGS:
            message = f"the id {same.id} is also that of the shipped rule {same.title!r}"
            cure = "give it an id of its own, or leave it out: two rules with one id cannot run together"
            _note(entry, Problem(entry.path, entry.line, 1, message, cure), Verdict.REFUSED)
    return [entry for entries in by_file.values() for entry in entries]


def _files(paths: Iterable[Path], unread: Callable[[Path, str], None]) -> Iterator[Path]:
    """The files in the order, and with the names, that `read_rules` gives them; each once."""
    seen: set[Path] = set()
    for path in paths:
        for file in rule_files(path, unread) if path.is_dir() else [path]:
            if file.is_file() and (real := file.resolve()) not in seen:
                seen.add(real)
                yield file


def _entries(file: Path) -> Iterator[Imported]:
    """The documents of one file; the file itself where it has none."""
    try:
        documents, _ = read_documents(file.as_posix(), file.read_bytes())
    except OSError:
        documents = []
    if not documents:
        yield Imported(file.as_posix(), 1, "file", "", file.name, Verdict.UNREADABLE)
    for document in documents:
        yield _entry(document)


def _entry(document: Document) -> Imported:
    data: dict[str, Any] = document.data if isinstance(document.data, dict) else {}
    kind = next((key for key in ("correlation", "filter") if key in data), "rule")
    if kind == "rule" and "values" in data and "detection" not in data:
        kind = "list"
    title = str(data.get("title") or data.get("name") or "-")
    verdict = Verdict.TAKEN if _fits(data) else Verdict.OTHER_LOGS
    return Imported(document.path, document.line, kind, str(data.get("id") or ""), title, verdict)


def _fits(data: dict[str, Any]) -> bool:
    """Whether the document names no log source that is another's. A part that is left out means any."""
    source = data.get("logsource")
    if not isinstance(source, dict):
        return True
    return all(source.get(key) in {None, value} for key, value in _OURS.items()) and not source.get(
        "category"
    )


def _blame(by_file: dict[str, list[Imported]], problems: Iterable[Problem]) -> None:
    for problem in problems:
        entry = _at(by_file, problem)
        if entry is not None:
            _note(entry, problem, Verdict.REFUSED)


def _warn(by_file: dict[str, list[Imported]], warnings: Iterable[Problem]) -> None:
    for warning in warnings:
        entry = _at(by_file, warning)
        if entry is not None:
            _note(entry, warning, Verdict.WARNED)


def _note(entry: Imported, problem: Problem, verdict: Verdict) -> None:
    """Add a problem; a verdict only grows worse."""
    entry.problems.append(problem)
    if entry.verdict is Verdict.TAKEN or (entry.verdict is Verdict.WARNED and verdict is Verdict.REFUSED):
        entry.verdict = verdict


def _at(by_file: dict[str, list[Imported]], problem: Problem) -> Imported | None:
    """The document that a problem stands in: the last one of its file that begins no later."""
    entries = by_file.get(problem.path)
    if not entries:
        return None
    place = bisect_right(entries, problem.line, key=lambda entry: entry.line)
    return entries[max(0, place - 1)]
