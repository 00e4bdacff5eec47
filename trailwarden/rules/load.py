"""Files and folders of Sigma YAML → pySigma's rules, each with its place; every mistake at once.

Imports pySigma: nothing that runs in the detect function may import this module.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import sigma.exceptions as sigma_exceptions
from sigma.exceptions import SigmaError
from sigma.rule import SigmaLogSource, SigmaRule

from trailwarden.errors import Problem, RuleError
from trailwarden.rules.block import read_block
from trailwarden.rules.compile import refused_in
from trailwarden.rules.correlation import CorrelationSource, read_parts
from trailwarden.rules.cures import attribute_cure
from trailwarden.rules.detection import POLICY, build_detections
from trailwarden.rules.document import Document, read_documents
from trailwarden.rules.expressions import within_bounds
from trailwarden.rules.filters import FilterSource, check_references, filters_of, is_filter, read_filters
from trailwarden.rules.folder import MAX_FILES, MAX_TOTAL, rule_files
from trailwarden.rules.lists import NamedList, is_list, named_lists, shipped_lists
from trailwarden.rules.naming import Named, id_of_content
from trailwarden.rules.overrides import Override, apply_overrides, is_override, read_overrides
from trailwarden.rules.protection import (
    protected_ids,
    refuse_filters,
    refuse_imitations,
    without_protected,
)
from trailwarden.rules.references import refuse_unknown
from trailwarden.rules.shipped import (
    LookedFor,
    ProtectedTexts,
    files_naming,
    shipped_files,
    shipped_names,
    shipped_protected,
    ships,
)
from trailwarden.rules.source import RuleSource, Source

_LEVELS = "informational, low, medium, high, critical"
_DEFAULT_LEVEL = "medium"
_LITERAL = re.compile(r"[^\W_]+")
_NOT_RULES = {
    "action": ("rule collections (`action`) are not evaluated", "write each rule out in full"),
}
_KEY_OF_ERROR: dict[type[SigmaError], str] = {
    sigma_exceptions.SigmaIdentifierError: "id",
    sigma_exceptions.SigmaTitleError: "title",
    sigma_exceptions.SigmaLevelError: "level",
    sigma_exceptions.SigmaStatusError: "status",
    sigma_exceptions.SigmaTagError: "tags",
    sigma_exceptions.SigmaValueError: "tags",
    sigma_exceptions.SigmaDateError: "date",
    sigma_exceptions.SigmaModifiedError: "modified",
    sigma_exceptions.SigmaFieldsError: "fields",
    sigma_exceptions.SigmaFalsePositivesError: "falsepositives",
    sigma_exceptions.SigmaAuthorError: "author",
    sigma_exceptions.SigmaDescriptionError: "description",
    sigma_exceptions.SigmaReferencesError: "references",
    sigma_exceptions.SigmaScopeError: "scope",
    sigma_exceptions.SigmaLicenseError: "license",
    sigma_exceptions.SigmaRelatedError: "related",
    sigma_exceptions.SigmaTaxonomyError: "taxonomy",
    sigma_exceptions.SigmaNameError: "name",
    sigma_exceptions.SigmaTypeError: "name",
}
_SPECIFICATION = "see the attribute's section in Sigma's specification"
_CURES = {
    "level": f"write one of {_LEVELS}",
    "status": "write one of stable, test, experimental, deprecated, unsupported",
    "id": "write a UUID, such as the command `uuidgen` makes",
    "tags": "write tags as `namespace.name`, such as attack.t1098",
    "date": "write it as 2026-01-31",
    "modified": "write it as 2026-01-31",
}


@dataclass(frozen=True, slots=True)
class RuleFolder:
    """Everything that files of rules came to: the sound rules under filters and overrides, every mistake, and
    what no rule is. `switched_off` are the rules that overrides took out; `warnings` stop nothing.

    `base` are the paths of the shipped files that were read only to hold the others against."""

    sources: list[Source]
    problems: list[Problem]
    filters: list[FilterSource]
    overrides: list[Override]
    switched_off: list[Source]
    warnings: list[Problem]
    base: frozenset[str] = frozenset()

    @property
    def own(self) -> list[Source]:
        """The rules without those of the base."""
        return [source for source in self.sources if source.path not in self.base]


def load_rules(paths: Iterable[str | Path]) -> list[Source]:
    """Every rule in the files and folders (walked, in the order of their names; `*.yml` and `*.yaml`), its
    placeholders filled from the named lists, and under the filters, that stand in the same files.

    Raises one `RuleError` that names every mistake in all of them.
    """
    sources, problems = read_rules(paths)
    if problems:
        raise RuleError(problems)
    return sources


def read_rules(paths: Iterable[str | Path]) -> tuple[list[Source], list[Problem]]:
    """The rules that have no mistake, and every mistake of the others: for what takes a third-party pack
    as it is. Of rules with one id, the first is taken."""
    folder = read_folder(paths)
    return folder.sources, folder.problems


def read_folder(paths: Iterable[str | Path]) -> RuleFolder:
    """All that `read_rules` reads, with what is no rule. Where the shipped rules are among the paths, name
    them first: of rules with one id, the first is taken.

    A filter or an override of a shipped rule that is not among them is no mistake, and does nothing."""
    problems: list[Problem] = []
    documents = [document for file in _files(paths, problems) for document in _read_file(file, problems)]
    return _load_folder(documents, problems, shipped_names())


def read_over_shipped(
    paths: Iterable[str | Path], *, whole: bool = False, also: Iterable[Path] = ()
) -> RuleFolder:
    """A team's files as publication has them: on top of the shipped rules. Of these, all are read if `whole`;
    else those that the team's are held against or refer to, and the files in `also`."""
    problems: list[Problem] = []
    files = list(_files(paths, problems))
    own = [document for file in files for document in _read_file(file, problems)]
    own.sort(key=lambda document: not document.shipped)  # of rules with one id, the first is taken
    known = {file.resolve() for file in files}
    beside = shipped_files() if whole else sorted({*files_beside(own), *also})
    base = [file for file in beside if file.resolve() not in known]
    documents = [document for file in base for document in _read_file(file, problems)]
    folder = _load_folder([*documents, *own], problems, shipped_names(), shipped_protected())
    return replace(folder, base=frozenset(file.as_posix() for file in base))


def files_beside(documents: Sequence[Document]) -> list[Path]:
    """The shipped files that say something about the documents: by what they are called, what they refer to,
    and (a rule that finds the same) what they look for."""
    mapped = [document for document in documents if isinstance(document.data, dict)]
    maps = [document.data for document in mapped]
    words = {str(data[key]) for data in maps for key in ("id", "name", "title") if key in data}
    for data in maps:
        for key in ("correlation", "filter", "override"):
            body = data.get(key)
            words.update(_texts_in(body.get("rules")) if isinstance(body, dict) else ())
    team = [document.data for document in mapped if not document.shipped]
    return files_naming(words, [_looked_for(data["detection"]) for data in team if "detection" in data])


def _looked_for(detection: Any) -> LookedFor:
    """The longest word of each value, and how many words the detection has, names of fields among them."""
    texts = [text.lower() for text in _texts_in(detection)]
    longest = {max(_LITERAL.findall(text), key=len, default="") for text in texts}
    return LookedFor(frozenset(longest - {""}), len(_LITERAL.findall(json.dumps(detection, default=str))))


def _texts_in(value: Any) -> Iterator[str]:
    """The texts among a YAML value's values, keys and conditions left out."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from _texts_in(each)
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from _texts_in(each) if key != "condition" else ()


def read_contents(
    files: Iterable[tuple[str, bytes]], shipped: Iterable[tuple[str, bytes]] = ()
) -> RuleFolder:
    """What `read_folder` gives, of files that are in memory, by path: the team's over those that ship.

    A team's rule that has a shipped rule's id is refused: the way to change what ships is an override.
    """
    problems: list[Problem] = []
    base = [replace(document, shipped=True) for document in _read_contents(shipped, problems)]
    return _load_folder(base + _read_contents(files, problems), problems)


def _read_contents(files: Iterable[tuple[str, bytes]], problems: list[Problem]) -> list[Document]:
    """The documents of files in memory, as far as they are within bounds."""
    documents: list[Document] = []
    total = 0
    for count, (path, content) in enumerate(files):
        total += len(content)
        if count == MAX_FILES or total > MAX_TOTAL:
            message = f"more than {MAX_FILES:,} files, or {MAX_TOTAL >> 20} MiB: nothing is read from here on"
            problems.append(Problem(path, 1, 1, message, "shorten the folder"))
            break
        documents += _read_content(path, content, problems)
    return documents


def _load_folder(
    documents: Sequence[Document],
    problems: list[Problem],
    elsewhere: Sequence[Named] = (),
    protected: Sequence[ProtectedTexts] = (),
) -> RuleFolder:
    """The documents' rules, each id once, under the overrides. Filters and overrides may also name the rules
    that are `elsewhere`; nothing may imitate those that are `protected` there."""
    filters: list[FilterSource] = []
    sources: dict[str, Source] = {}
    for source in _load_documents(documents, problems, filters, elsewhere):
        known = sources.setdefault(source.id, source)
        if known is not source:
            message = f"the id {source.id} is also that of {known.path}:{known.line}"
            cure = "give each rule an id of its own"
            if known.document.shipped:
                cure = "write an override for the shipped rule, or give yours an id of its own"
            problems.append(Problem(source.path, source.line, source.column, message, cure))
    kept = list(sources.values())
    refuse_imitations(kept, problems, protected)
    every = _all_named(_written(documents), elsewhere)
    overrides = without_protected(_overrides(documents, every, problems), kept, problems)
    left = apply_overrides(overrides, kept, every, problems)
    return RuleFolder(
        left.sources, sorted(problems), filters, overrides, left.switched_off, sorted(left.warnings)
    )


def _written(documents: Iterable[Document], *, correlations: bool | None = None) -> list[Named]:
    """What the documents of rules are called, sound or not: of correlations, of the others, or of both."""
    return [
        Named(
            _text(document.data.get("id")),
            _text(document.data.get("name")),
            _text(document.data.get("title")),
            document.path,
        )
        for document in documents
        if isinstance(document.data, dict)
        and not (is_list(document) or is_filter(document) or is_override(document))
        and correlations in {None, "correlation" in document.data}
    ]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _all_named(written: Iterable[Named], elsewhere: Iterable[Named]) -> list[Named]:
    """Each rule once, that of a document before what is known of it elsewhere."""
    known = list(written)
    ids = {each.id.lower() for each in known}
    return [*known, *(each for each in elsewhere if each.id not in ids)]


def _files(paths: Iterable[str | Path], problems: list[Problem]) -> Iterator[Path]:
    seen: set[Path] = set()

    def unread(place: Path, why: str) -> None:
        cure = "name what it leads to as a path of its own" if "link" in why else "check who may read it"
        problems.append(Problem(place.as_posix(), 1, 1, why, cure))

    for path in map(Path, paths):
        before = len(problems)
        found = rule_files(path, unread) if path.is_dir() else [path] if path.is_file() else []
        if not found and len(problems) == before:
            message = "the folder holds no rule" if path.is_dir() else "there is no such file or folder"
            problems.append(
                Problem(path.as_posix(), 1, 1, message, "name a folder with *.yml files, or a file")
            )
        for file in found:
            if (real := file.resolve()) not in seen:
                seen.add(real)
                yield file


def _read_file(file: Path, problems: list[Problem]) -> list[Document]:
    try:
        content = file.read_bytes()
    except OSError as error:
        problems.append(
            Problem(file.as_posix(), 1, 1, f"cannot be read: {error.strerror}", "check who may read it")
        )
        return []
    if not ships(file):
        return _read_content(file.as_posix(), content, problems)
    documents, found = _read_shipped(file.as_posix(), content)
    problems.extend(found)
    return list(documents)


@lru_cache(512)
def _read_shipped(path: str, content: bytes) -> tuple[list[Document], list[Problem]]:
    """Read once in a process, for most commands on a team's rules need some of them."""
    problems: list[Problem] = []
    return [replace(document, shipped=True) for document in _read_content(path, content, problems)], problems


def _read_content(path: str, content: bytes, problems: list[Problem]) -> list[Document]:
    documents, found = read_documents(path, content)
    problems.extend(found)
    if not documents and not found:
        problems.append(Problem(path, 1, 1, "the file holds no rule", "write one, or remove the file"))
    return documents


def parse_rules(path: str, content: bytes) -> tuple[list[Source], list[Problem]]:
    """The rules of one file that have no mistake, and every mistake of the others; `path` names the file
    in them. Ids are not compared: `read_rules` does that over all files, whose lists and filters it knows."""
    problems: list[Problem] = []
    documents = _read_content(path, content, problems)
    sources = _load_documents(documents, problems, [])
    refuse_imitations(sources, problems)
    written = _written(documents)
    overrides = without_protected(_overrides(documents, written, problems), sources, problems)
    left = apply_overrides(overrides, sources, written, problems)
    return left.sources, problems


def _overrides(
    documents: Sequence[Document], every: Sequence[Named], problems: list[Problem]
) -> list[Override]:
    read = read_overrides(documents, problems)
    places = {(each.path, each.line) for each in read}
    refuse_unknown(filter(is_override, documents), places, every, problems)
    return read


def _load_documents(
    documents: Sequence[Document],
    problems: list[Problem],
    filters: list[FilterSource],
    elsewhere: Sequence[Named] = (),
) -> list[Source]:
    """The rules among the documents, with the lists that stand beside them, and under the filters, which are
    left in `filters`."""
    documents = within_bounds([each for each in documents if not is_override(each)], problems)
    lists = {**shipped_lists(), **named_lists(documents, problems)}
    filters += read_filters(documents, lists, problems)
    correlations = _written(documents, correlations=True)
    others = _all_named(_written(documents, correlations=False), elsewhere)
    check_references(filters, others, correlations, problems)
    loaded = [
        _load_document(document, lists, problems)
        for document in documents
        if not is_list(document) and not is_filter(document)
    ]
    sources = [source for source in loaded if source is not None]
    places = {(each.path, each.line) for each in (*sources, *filters)}
    refuse_unknown(documents, places, [*others, *correlations], problems)
    guarded = protected_ids(sources)
    refuse_filters(filters, sources, problems)
    return [
        replace(source, filters=filters_of(source.id, source.name, filters))
        if isinstance(source, RuleSource) and source.id not in guarded
        else source
        for source in sources
    ]


def _load_document(
    document: Document, lists: Mapping[str, NamedList], problems: list[Problem]
) -> Source | None:
    """One rule, or None where it has mistakes, which are then in `problems`."""
    if not isinstance(document.data, dict):
        cure = "begin with `title:`"
        problems.append(document.problem((), "a rule must be a map", cure))
        return None
    for key, (message, cure) in _NOT_RULES.items():
        if key in document.data:
            problems.append(document.problem((key,), message, cure))
            return None
    if "correlation" in document.data:
        return _load_correlation(document, problems)
    before = len(problems)
    attributes = _attributes(document, problems)
    log_source = _log_source(document, problems)
    detections = build_detections(document, problems, lists)
    block = read_block(document, problems)
    if len(problems) > before or log_source is None or detections is None:
        problems.extend(refused_in(document, detections) if detections is not None else ())
        return None
    rule = SigmaRule(logsource=log_source, detection=detections, **attributes)
    return RuleSource(document.path, *document.place(()), rule, block, document)


def _load_correlation(document: Document, problems: list[Problem]) -> CorrelationSource | None:
    """One correlation, or None where it has mistakes. Its level may be missing: it adjusts its rules'."""
    before = len(problems)
    attributes = _attributes(document, problems, optional=frozenset({"level"}))
    parts = read_parts(document, problems)
    block = read_block(document, problems, correlation=True)
    if block.group_by:
        cure = "name its fields in the correlation's `group-by`"
        problems.append(document.problem(("trailwarden", "group_by"), "a correlation has one grouping", cure))
    if len(problems) > before or parts is None:
        return None
    return CorrelationSource(document, attributes, parts, block)


def _attributes(
    document: Document, problems: list[Problem], optional: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """What pySigma makes of the rule's attributes; what is missing or wrong goes to `problems`."""
    data = dict(document.data)
    if data.get("title") in (None, ""):
        cure = "add `title:`; say in a few words what the rule finds"
        problems.append(document.problem(("title",), "the rule has no `title`", cure))
        data["title"] = "-"
    # Sigma leaves these two to the author: https://sigmahq.io/docs/basics/rules.html
    data.setdefault("id", id_of_content(data))
    if "level" not in optional:
        data.setdefault("level", _DEFAULT_LEVEL)
    for key in ("title", "id", "level"):
        if key in data and (not isinstance(data[key], str) or not data[key]):
            cure = _CURES.get(key, "put it in quotes")
            problems.append(document.problem((key,), f"`{key}` must be text", cure))
            data[key] = "-" if key == "title" else None
    attributes, errors = SigmaRule.from_dict_common_params(data, collect_errors=True, policy=POLICY)
    for error in errors:
        key = _KEY_OF_ERROR.get(type(error), "title")
        cure = attribute_cure(key, data.get(key)) or _CURES.get(key, _SPECIFICATION)
        problems.append(document.problem((key,), str(error.args[0]), cure))
    return attributes


def _log_source(document: Document, problems: list[Problem]) -> SigmaLogSource | None:
    """The log source, which must be CloudTrail: a rule for other logs has other fields."""
    cure = "write `product: aws` and `service: cloudtrail`, or leave the rule out: its fields are other logs'"
    given = document.data.get("logsource")
    if not isinstance(given, dict):
        problems.append(document.problem(("logsource",), "the rule has no `logsource` map", cure))
        return None
    try:
        source = SigmaLogSource.from_dict(given)
    except SigmaError as error:
        problems.append(document.problem(("logsource",), str(error.args[0]), cure))
        return None
    # A part that is left out means any: https://sigmahq.io/docs/basics/log-sources.html
    fits = source.product in (None, "aws") and source.service in (None, "cloudtrail") and not source.category
    if not fits:
        named = ", ".join(
            f"{key} {given[key]}" for key in ("category", "product", "service") if given.get(key)
        )
        problems.append(document.problem(("logsource",), f"the log source ({named}) is not CloudTrail", cure))
        return None
    return source
