"""How rules are called: by id or name in documents that refer to them, by title or file as well in commands.

Imports no pySigma.
"""

import difflib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any
from uuid import UUID, uuid5

from trailwarden.rules.folder import is_rule_file

_IDS = UUID("5d0c0e1f-6d5b-4f0a-9a52-6a1b8f6e2c11")
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Named:
    """All that a rule may be called by. `name` is empty for a rule without one."""

    id: str
    name: str
    title: str
    path: str


def id_of_content(data: Mapping[str, Any]) -> str:
    """The id of a rule that has none: a UUID made from what it finds, the same wherever it is read."""
    found = [data.get(key) for key in ("title", "logsource", "detection", "correlation")]
    return str(uuid5(_IDS, json.dumps(found, sort_keys=True, default=str)))


def named_by(word: str, rules: Iterable[Named]) -> list[Named]:
    """The rules that a word means: by id, else by name, else by title, else by file (`trails/stopped.yml`,
    `stopped.yml` and `stopped` alike). Case counts only if it tells two apart. An empty word means none."""
    known = list(rules) if word.strip() else []
    for found in (
        [rule for rule in known if word.lower() == rule.id.lower()],
        [rule for rule in known if word in {rule.name, rule.title}],
        [rule for rule in known if word.lower() in {rule.name.lower(), rule.title.lower()}],
    ):
        if found:
            return found
    return [rule for rule in known if is_file(word, rule)]


def is_file(word: str, rule: Named) -> bool:
    """Whether a word is the end of the path of a rule's file, with or without `.yml` or the like."""
    given, parts = PurePath(word), PurePath(rule.path).parts
    if not given.parts or not parts or given.parts[-1] == "..":
        return False
    names = {parts[-1], PurePath(rule.path).stem} if is_rule_file(rule.path) else {parts[-1]}
    return given.name in names and (*given.parts[:-1], parts[-1]) == parts[-len(given.parts) :]


class References:
    """What documents may call the rules: ids, whatever their case, and names, as they are written."""

    def __init__(self, rules: Iterable[Named]) -> None:
        known = list(rules)
        self._ids = {rule.id.lower() for rule in known} - {""}
        self._names = {rule.name for rule in known} - {""}

    def __contains__(self, text: str) -> bool:
        return text in self._names or text.lower() in self._ids


def nearest_rule(word: str, rules: Sequence[Named]) -> tuple[str, Named] | None:
    """The id, name, title or file that is most like the word, or that begins most like it, with its rule."""
    called = {
        text.lower(): (text, rule)
        for rule in rules
        for text in (PurePath(rule.path).stem, rule.title, rule.name, rule.id)
        if text
    }
    if near := difflib.get_close_matches(word.lower(), called, n=1, cutoff=0.7):
        return called[near[0]]
    begun = {text[: len(word) + 1]: found for text, found in reversed(called.items())}
    near = difflib.get_close_matches(word.lower(), begun, n=1, cutoff=0.85)
    return begun[near[0]] if near else None


def unknown_reference(text: str, rules: Sequence[Named], missing: str = "") -> tuple[str, str]:
    """What to say of a reference that is neither the id nor the name of a rule: a message and its fix.
    `missing` is the message if nothing is called so."""
    meant = named_by(text, rules)
    if meant:
        kind = next(
            (kind for kind in ("title", "name") if getattr(meant[0], kind).lower() == text.lower()), ""
        )
        if kind == "name":
            return f"names are compared with their case, and `{text}` is written otherwise", _write(meant)
        return f"`{text}` is a rule's {kind or 'file'}; rules refer to each other by id or name", _write(
            meant
        )
    near = nearest_rule(text, rules)
    cure = "take it off the list, or add the rule; `trailwarden rules list` shows those that ship"
    if near:
        cure = f"did you mean {_shown(near[1])}?"
    return missing or f"there is no rule with the id or name `{text}`", cure


def _write(meant: Sequence[Named]) -> str:
    several = list(map(_shown, meant[:_SHOWN]))
    more = f", and {len(meant) - _SHOWN} more" if len(meant) > _SHOWN else ""
    return f"write {' or '.join(several)}{more}"


def _shown(rule: Named) -> str:
    """What to write for the rule; an id says nothing to people."""
    return f"`{rule.name}`" if rule.name else f"`{rule.id}` ({rule.title})"
