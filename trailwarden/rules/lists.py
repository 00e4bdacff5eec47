"""Named lists that a team keeps as YAML, and the `expand` placeholders that they fill.

    name: Administrators
    description: People with a break-glass role.
    values: [alice, bob, 'adm_*']

`userIdentity.userName|expand: '%Administrators%'` then means any of the three.
https://github.com/SigmaHQ/sigma-specification/blob/main/specification/sigma-rules-specification.md#placeholders
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import product

import re2
from sigma.types import SigmaExpansion, SigmaString, SigmaStringPartType, SigmaType, SpecialChars, sigma_type

from trailwarden.errors import Problem, RuleError
from trailwarden.rules.bounds import MAX_VALUES, too_many_values
from trailwarden.rules.document import Document, read_documents
from trailwarden.rules.fields import nearest
from trailwarden.rules.modifiers import string_of
from trailwarden.rules.shipped import shipped_rules_path

NO_LISTS: Mapping[str, "NamedList"] = {}

_KEYS = frozenset({"name", "description", "values"})
_OTHER_DOCUMENTS = frozenset({"detection", "correlation", "filter", "action", "logsource"})
_NAME = re.compile(r"[\w.-]+(?: [\w.-]+)*")
_TOKEN = re.compile(r"\\(.)|%([^%\\\s](?:[^%\\]*[^%\\\s])?)%|([^\\%]+|.)", re.DOTALL)

_SHOWN = 10

Entry = str | int | float | bool


@dataclass(frozen=True, slots=True)
class NamedList:
    """A list, and where it is written (line and column from 1)."""

    name: str
    values: tuple[Entry, ...]
    path: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class _Placeholder:
    name: str


class Unfilled(SigmaType):
    """A value whose placeholders no list fills: such a rule is refused when it is compiled. `known` are the
    lists that there are."""

    def __init__(self, names: Iterable[str], known: Iterable[str]) -> None:
        self.names = tuple(dict.fromkeys(names))
        self.known = tuple(sorted(known))

    @property
    def message(self) -> str:
        names = ", ".join(f"%{name}%" for name in self.names)
        one = len(self.names) == 1
        return f"the placeholder{'' if one else 's'} {names} {'is' if one else 'are'} not filled"

    @property
    def cure(self) -> str:
        """How to fill the placeholders."""
        near = {name: nearest(name, self.known, cutoff=0.6) for name in self.names}
        if all(near.values()):
            return f"did you mean {' and '.join(f'%{name}%' for name in near.values())}?"
        lists = ", ".join(f"`name: {name}`" for name in self.names if not near[name])
        there = f"; there are the lists {', '.join(self.known[:_SHOWN])}" if self.known else ""
        return f"add a list to the rules' folders: {lists} and `values: [...]`{there}"


def is_list(document: Document) -> bool:
    """Whether a document is a named list, and no rule."""
    data = document.data
    return isinstance(data, dict) and "values" in data and not _OTHER_DOCUMENTS.intersection(data)


def named_lists(documents: Iterable[Document], problems: list[Problem]) -> dict[str, NamedList]:
    """The lists among the documents, by name; every mistake in them goes to `problems`."""
    lists: dict[str, NamedList] = {}
    for document in filter(is_list, documents):
        found = _read_list(document, problems)
        if found is None:
            continue
        if not document.shipped and found.values != getattr(
            shipped_lists().get(found.name), "values", found.values
        ):
            message = f"the list `{found.name}` is one that ships, and rules that ship depend on it"
            problems.append(document.problem(("name",), message, "give your list a name of its own"))
        elif lists.setdefault(found.name, found) is not found:
            known = lists[found.name]
            message = f"the list `{found.name}` also stands at {known.path}:{known.line}"
            problems.append(document.problem(("name",), message, "give each list a name of its own"))
    return lists


@cache
def shipped_lists() -> Mapping[str, NamedList]:
    """The lists that ship, read once: every rule may name them, whichever files it is loaded with."""
    problems: list[Problem] = []
    found: list[Document] = []
    try:
        files = sorted((shipped_rules_path() / "lists").glob("*.yml"))
    except FileNotFoundError:  # the functions that hold no rules
        files = []
    for file in files:
        documents, mistakes = read_documents(file.as_posix(), file.read_bytes())
        found += (replace(document, shipped=True) for document in documents)
        problems += mistakes
    lists = {each.name: each for each in (_read_list(document, problems) for document in found) if each}
    if problems:
        raise RuleError(problems)
    return lists


def _read_list(document: Document, problems: list[Problem]) -> NamedList | None:
    before = len(problems)
    name, values = document.data.get("name"), document.data["values"]
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        cure = "add for example `name: Administrators`, for the placeholder %Administrators%"
        problems.append(document.problem(("name",), "the list needs a `name`, in letters and digits", cure))
    problems.extend(
        document.problem((key,), f"`{key}` is unknown in a list", f"known are {', '.join(sorted(_KEYS))}")
        for key in sorted(document.data.keys() - _KEYS)
    )
    if not isinstance(values, list) or not values:
        cure = "write the values as a list, each behind `-`"
        problems.append(document.problem(("values",), f"the list `{name}` holds no values", cure))
    else:
        problems.extend(
            document.problem(
                ("values", index), "a list's value must be text, a number, true or false", "mend or drop it"
            )
            for index, value in enumerate(values)
            if not isinstance(value, str | int | float) or value == ""
        )
    if len(problems) > before:
        return None
    return NamedList(name, tuple(values), document.path, *document.place(()))


def fill(text: str, lists: Mapping[str, NamedList], *, in_regex: bool) -> SigmaType:
    """The value with its placeholders filled: any of the lists' values, in every combination.

    A list's value is a Sigma value: `*` and `?` in it are wildcards, in a regular expression too, where all
    else in it stands for itself. A placeholder alone takes the values as they are, numbers as numbers.
    Raises `TooLarge`.
    """
    parts = _parts(text)
    names = [part.name for part in parts if isinstance(part, _Placeholder)]
    if missing := [name for name in names if name not in lists]:
        return Unfilled(missing, lists)
    count = 1
    for name in names:
        count *= len(lists[name].values)
    if count > MAX_VALUES:
        raise too_many_values(count)
    if len(parts) == len(names) == 1 and not in_regex:
        values: list[SigmaType] = [sigma_type(value) for value in lists[names[0]].values]
    else:
        choices = [_choices(part, lists, in_regex=in_regex) for part in parts]
        values = [_joined(chosen, in_regex=in_regex) for chosen in product(*choices)]
    return values[0] if len(values) == 1 else SigmaExpansion(values)


def _parts(text: str) -> list[str | _Placeholder]:
    r"""Texts and placeholders; `\%` is a percent sign, any other escape is left to what reads the text."""
    parts: list[str | _Placeholder] = []
    for escaped, name, plain in _TOKEN.findall(text):
        if name:
            parts.append(_Placeholder(name))
            continue
        written = ("%" if escaped == "%" else f"\\{escaped}") if escaped else plain
        if parts and isinstance(parts[-1], str):
            parts[-1] += written
        else:
            parts.append(written)
    return parts or [""]


def _spelled(value: Entry) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _choices(
    part: str | _Placeholder, lists: Mapping[str, NamedList], *, in_regex: bool
) -> list[Sequence[SigmaStringPartType]]:
    """What may stand in a part's place. Each is read by itself, so that a backslash at the end of one
    escapes nothing in the next."""
    if isinstance(part, _Placeholder):
        texts = [_spelled(value) for value in lists[part.name].values]
        return [[_glob_as_regex(text)] if in_regex else SigmaString(text).s for text in texts]
    return [[part] if in_regex else SigmaString(part).s]


def _joined(chosen: Iterable[Sequence[SigmaStringPartType]], *, in_regex: bool) -> SigmaString:
    if in_regex:
        return SigmaString.from_str("".join(str(part) for parts in chosen for part in parts))
    return string_of(part for parts in chosen for part in parts)


def _glob_as_regex(text: str) -> str:
    wildcards = {SpecialChars.WILDCARD_MULTI: ".*", SpecialChars.WILDCARD_SINGLE: "."}
    return "".join(
        re2.escape(part) if isinstance(part, str) else wildcards[part]
        for part in SigmaString(text).s
        if isinstance(part, str | SpecialChars)
    )
