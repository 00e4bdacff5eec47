"""Two folders of rules side by side: which documents came, went or are other, and the lines that differ."""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from trailwarden.rules.document import Document, read_documents
from trailwarden.rules.folder import is_rule_file
from trailwarden.rules.naming import id_of_content
from trailwarden.safety.text import one_line

Files = Mapping[str, bytes]
_KINDS = ("correlation", "filter", "override", "detection")
_FIRST = ("status", "level")
_EFFECT = "effect    "  # as wide as the words of `Change`
_VALUE = 60  # characters of a value that is shown with what it was
_RULE = "rule"
_WORDS = {"detection": _RULE, "filter": "exception"}


class Change(StrEnum):
    """What became of a document."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    MOVED = "moved"
    """The same in another file."""
    REWRITTEN = "rewritten"
    """Comments or layout alone: it means the same."""


@dataclass(frozen=True, slots=True)
class StatusChange:
    """A rule's status before and now; empty where it says none, which is as good as `stable`. `rule_id` is
    the id that the rule had, if need be made from what it finds."""

    rule_id: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class DocumentChange:
    """One rule, correlation, exception, override or list that is other. `path` is where it stands now;
    `details` are what is other in one that was changed: `status test → stable`, `detection`."""

    change: Change
    kind: str
    title: str
    id: str
    path: str
    details: tuple[str, ...] = ()
    status: StatusChange | None = None

    def __str__(self) -> str:
        named = f"{self.kind} {self.title}" + (f" ({self.id})" if self.id else "")
        details = f": {', '.join(self.details)}" if self.details else ""
        return f"{self.change:<9} {named}, {self.path}{details}"


@dataclass(frozen=True, slots=True)
class _Written:
    path: str
    kind: str
    title: str
    id: str
    data: Any
    text: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """What tells `after` from `before`: by document, and by line."""

    documents: tuple[DocumentChange, ...]
    diff: tuple[str, ...]
    """A unified diff, a line each, without line ends."""

    def __bool__(self) -> bool:
        return bool(self.diff)


def compare(before: Files, after: Files, names: tuple[str, str]) -> Comparison:
    """The difference of two folders; `names` say what each is, in the diff's headings."""
    return Comparison(tuple(_documents(before, after)), tuple(_lines(before, after, names)))


def side_effects(
    documents: Sequence[DocumentChange], before: tuple[Files, Files], after: tuple[Files, Files]
) -> list[str]:
    """What becomes of rules that nobody edited, a line each: silenced by a correlation, switched off or at
    another level by an override, under an exception. Both sides are shipped and team's files, which differ by
    the documents."""
    if all(one.kind == _RULE or one.change in {Change.MOVED, Change.REWRITTEN} for one in documents):
        return []  # a rule does nothing to others
    # pySigma, which this module needs, takes a while to load.
    from trailwarden.publishing.build import side_effects as effects  # noqa: PLC0415

    return [f"{_EFFECT}{line}" for line in effects(before, after, today=_today())]


def _today() -> str:
    return datetime.now(UTC).date().isoformat()


def _documents(before: Files, after: Files) -> Iterator[DocumentChange]:
    old, new = _written(before), _written(after)
    for key, one in new.items():
        other = old.get(key)
        if other is None:
            yield _change(Change.ADDED, one)
        elif other.data != one.data:
            yield _changed(other, one)
        elif other.path != one.path:
            yield _change(Change.MOVED, one)
        elif other.text != one.text:
            yield _change(Change.REWRITTEN, one)
    for key, one in old.items():
        if key not in new:
            yield _change(Change.REMOVED, one)


def _change(change: Change, one: _Written) -> DocumentChange:
    return DocumentChange(change, one.kind, one.title, one.id, one.path)


def _changed(before: _Written, after: _Written) -> DocumentChange:
    change = _change(Change.CHANGED, after)
    if not (isinstance(before.data, dict) and isinstance(after.data, dict)):
        return change
    details = tuple(_details(before.data, after.data))
    old, new = (one_line(one.data.get("status") or "", _VALUE) for one in (before, after))
    rule_id = str(before.data.get("id") or id_of_content(before.data)).lower()
    status = StatusChange(rule_id, old, new) if old != new else None
    return replace(change, details=details, status=status)


def _details(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """What is other: status and level first, with both values, as are all that are single."""
    keys = [*_FIRST, *sorted({*before, *after}.difference(_FIRST))]
    for key in keys:
        old, new = before.get(key), after.get(key)
        if old == new:
            continue
        if all(
            isinstance(value, str | int | float | None) and len(str(value)) <= _VALUE for value in (old, new)
        ):
            yield f"{key} {one_line(old, _VALUE) if old is not None else 'none'} → " + (
                one_line(new, _VALUE) if new is not None else "none"
            )
        else:
            yield one_line(key, _VALUE)


def _written(files: Files) -> dict[tuple[str, str], _Written]:
    """The documents by what stays when they are edited: the id, else the title, else the place."""
    found: dict[tuple[str, str], _Written] = {}
    for path in sorted(files):
        if not is_rule_file(path):
            continue
        documents, _ = read_documents(path, files[path])
        lines = files[path].decode("utf-8-sig", "replace").splitlines()
        starts = [document.line for document in documents]
        for number, document in enumerate(documents):
            end = starts[number + 1] - 1 if number + 1 < len(starts) else len(lines)
            one = _described(path, document, "\n".join(lines[document.line - 1 : end]))
            key = (one.kind, one.id or one.title or f"{path}:{number}")
            if key in found:
                key = (one.kind, f"{path}:{number}")
            found[key] = one
    return found


def _described(path: str, document: Document, text: str) -> _Written:
    data = document.data if isinstance(document.data, dict) else {}
    kind = next((kind for kind in _KINDS if kind in data), "list")
    title = data.get("title") or data.get("name") or ""
    return _Written(
        path,
        _WORDS.get(kind, kind),
        one_line(title, 120),
        one_line(data.get("id") or "", 60),
        document.data,
        text,
    )


def _lines(before: Files, after: Files, names: tuple[str, str]) -> Iterator[str]:
    for path in sorted({*before, *after}):
        old, new = before.get(path), after.get(path)
        if old == new:
            continue
        yield from difflib.unified_diff(
            _text(old),
            _text(new),
            f"{names[0]}/{path}" if old is not None else "/dev/null",
            f"{names[1]}/{path}" if new is not None else "/dev/null",
            lineterm="",
        )


def _text(content: bytes | None) -> list[str]:
    """The lines of a file, what a terminal would act on made visible."""
    lines = (content or b"").decode("utf-8", "backslashreplace").splitlines()
    return [
        "".join(c if c.isprintable() or c == "\t" else f"\\x{ord(c):02x}" for c in line) for line in lines
    ]
