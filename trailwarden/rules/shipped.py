"""Where the shipped rules lie, and what they are called.

pySigma takes seconds to read all of them. What a team's folder needs to know of them is mostly their names,
which stand in lines of their own (a test holds them to what pySigma reads); and few of them in full.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from trailwarden.rules.naming import Named

_DOCUMENTS = re.compile(r"^---", re.MULTILINE)
_TOP = re.compile(r"^(?=[^\s#])", re.MULTILINE)
_ALERT_TITLE = re.compile(r"^  title:[ \t]*+(\S.*)$", re.MULTILINE)
_PROTECTED = re.compile(r"^  protected: true$", re.MULTILINE)
_WORD = re.compile(r"[^\W_]+")
_REFERENCE = re.compile(r"[\w-]+")


@dataclass(frozen=True, slots=True)
class _Written:
    """A shipped rule as the text of its document gives it. `refers_to` are words, references among them."""

    named: Named
    alert_title: str
    protected: bool
    detection: str
    refers_to: frozenset[str]


@dataclass(frozen=True, slots=True)
class ProtectedTexts:
    """What a protected rule is called, and its alerts: nothing of a team's may read like it."""

    named: Named
    alert_title: str


def shipped_rules_path() -> Path:
    """The folder of the rules that ship: beside the code in an installed package, at the repository's
    root in a checkout. Raises `FileNotFoundError` where neither is."""
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "_shipped_rules", package.parent / "rules"):
        if folder.is_dir():
            return folder
    raise FileNotFoundError("the shipped rules are not installed; install Trailwarden again, or name --rules")


def ships(file: Path) -> bool:
    """Whether a file is one of the shipped rules', and so Trailwarden's own word and no team's."""
    try:
        return file.resolve().is_relative_to(shipped_rules_path().resolve())
    except FileNotFoundError:
        return False


@cache
def _texts() -> Mapping[Path, str]:
    try:
        folder = shipped_rules_path()
    except FileNotFoundError:  # the functions that hold no rules
        return {}
    return {file: file.read_text("utf-8") for file in sorted(folder.rglob("*.yml"))}


def shipped_files() -> list[Path]:
    """The files of the shipped rules, in the order of their paths."""
    return list(_texts())


@cache
def shipped_names() -> tuple[Named, ...]:
    """What each shipped rule and correlation is called."""
    return tuple(each.named for each in _written())


@cache
def shipped_protected() -> tuple[ProtectedTexts, ...]:
    """The protected rules, and all that they are built on."""
    return tuple(
        ProtectedTexts(each.named, each.alert_title)
        for each in _written()
        if each.named.id in _protected_ids()
    )


@cache
def _written() -> tuple[_Written, ...]:
    return tuple(
        found
        for file, text in _texts().items()
        for document in _DOCUMENTS.split(text)
        if (found := _document(file, document)) is not None
    )


def _document(file: Path, text: str) -> _Written | None:
    sections = {key: rest for key, _, rest in (part.partition(":") for part in _TOP.split(text))}
    keys = {key: _scalar(sections[key]) for key in ("id", "name", "title") if key in sections}
    if "id" not in keys or "values" in sections:
        return None
    block = sections.get("trailwarden", "")
    title = _ALERT_TITLE.search(block)
    return _Written(
        Named(keys["id"], keys.get("name", ""), keys.get("title", ""), file.as_posix()),
        _scalar(title[1]) if title else "",
        _PROTECTED.search(block) is not None,
        sections.get("detection", "").lower(),
        frozenset(_REFERENCE.findall(sections.get("correlation", ""))),
    )


def _scalar(written: str) -> str:
    """A value that stands on one line, without its quotes."""
    value = written.strip()
    if value[:1] in {"'", '"'}:
        return value[1:-1].replace("''", "'") if value[0] == "'" else value[1:-1].replace('\\"', '"')
    return value.partition(" #")[0].rstrip()


@cache
def _protected_ids() -> frozenset[str]:
    by_reference = {text: each for each in _written() for text in _references(each.named)}
    found: set[str] = set()
    waiting = [each for each in _written() if each.protected]
    while waiting:
        each = waiting.pop()
        if each.named.id not in found:
            found.add(each.named.id)
            waiting += [by_reference[word] for word in each.refers_to & by_reference.keys()]
    return frozenset(found)


def _references(named: Named) -> set[str]:
    return {text for text in (named.id, named.name) if text}


@dataclass(frozen=True, slots=True)
class LookedFor:
    """What a rule's detection looks for: some of its words, in small letters, and how many it has."""

    words: frozenset[str]
    count: int


def files_naming(words: Iterable[str], detections: Sequence[LookedFor] = ()) -> list[Path]:
    """The shipped files whose rules are called by one of the words (ids, names, titles), or may find the same
    as one of the detections; with all that these refer to."""
    folded = {word.lower() for word in words}
    needed = {
        each
        for each in _written()
        if folded & {each.named.id, each.named.name.lower(), each.named.title.lower()}
        or any(_may_find_the_same(each.detection, detection) for detection in detections)
    }
    if any(each.named.id in _protected_ids() for each in needed):
        needed |= {each for each in _written() if each.protected}
    return sorted(_with_references(Path(each.named.path) for each in needed))


def _may_find_the_same(detection: str, other: LookedFor) -> bool:
    """Whether a shipped detection has the other's words, and not many more. Of those that the engine finds to
    be the same, few are told apart here: only where one is laid out very much longer."""
    if not other.words or not all(word in detection for word in other.words):
        return False
    return len(_WORD.findall(detection)) <= 2 * other.count + 30


def _with_references(files: Iterable[Path]) -> set[Path]:
    """The files, and those that their correlations refer to."""
    by_reference = {text: Path(each.named.path) for each in _written() for text in _references(each.named)}
    refers_to: dict[Path, set[str]] = {}
    for each in _written():
        refers_to.setdefault(Path(each.named.path), set()).update(each.refers_to)
    needed: set[Path] = set()
    waiting = set(files)
    while waiting:
        file = waiting.pop()
        needed.add(file)
        waiting |= {by_reference[word] for word in refers_to[file] & by_reference.keys()} - needed
    return needed
