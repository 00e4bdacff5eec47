"""Environments in YAML and in the command line's shorthand: the values of all their variables.

`Environment:` with `Variables:` below (CloudFormation), `environment:` or `env:` with names or a list below
(compose files, Kubernetes, build specifications), `--environment Variables={A=b}`.
"""

import re
from collections.abc import Callable, Iterator

from trailwarden.safety.names import holds_settings, holds_variables, is_setting, plain, values_something
from trailwarden.safety.secret_value import Span

ENVIRONMENT = (
    r"(?i)\b(?:runtime)?_?(?:env|envs|env_?vars?|environments?|env(?:ironment)?_?variables?)[\"'\\]*[ \t]*"
    r"(?::[ \t]*(?:#[^\n]*)?\r?\n|[:= \t][ \t\"'\\]*(?:variables[ \t\"'\\]*[:=][ \t\"'\\]*)?\{)"
)
_LINE = re.compile(
    r"([ \t]*+)((?:-[ \t]++)?+)[\"']?([\w./-]++)[\"']?[ \t]*+(?::(?=[ \t\r\n]|\Z)|=)[ \t]*+[\"']?"
)
_MEMBER = re.compile(r"(?<![\w./-])([\w./-]++)[\"'\\]*+[ \t]*+[:=][ \t]*+([^,{}\[\]\r\n]++)")
_REFERS = re.compile(r"!(?:Ref|GetAtt|ImportValue)\b|\{\{resolve:|#")
_READABLE = frozenset({"ref", "fngetatt", "fnimportvalue", "valuefrom", "secretkeyref", "configmapkeyref"})
_FURTHEST = 20_000
_LINE_COST = 10


def environment_values(text: str, start: int, end: int, charge: Callable[[int], bool]) -> Iterator[Span]:
    """Where the values of variables stand, of an environment that begins with `text[start:end]`."""
    if text[end - 1] == "{":
        stop = text.find("}", end, end + _FURTHEST)
        stop = min(len(text), end + _FURTHEST) if stop < 0 else stop
        charge(stop - end)
        for met in _MEMBER.finditer(text, end, stop):
            if not _REFERS.match(met.group(2)):
                yield met.start(2), met.start(2) + len(met.group(2).rstrip("\"'\\ \t"))
        return
    lines = list(_lines_below(text, start, end, charge))
    yield from _values(text, _variables(text, lines))


def _lines_below(text: str, start: int, at: int, charge: Callable[[int], bool]) -> Iterator[Span]:
    """The lines that are indented further than the one of the name; a list may begin right below it."""
    line = text[max(0, start - 200) : start].rpartition("\n")[2]
    indent = len(line) if not line.strip(" \t-\"'") else len(line) - len(line.lstrip())
    stop = min(len(text), at + _FURTHEST)
    while at < stop:
        last = text.find("\n", at)
        last = len(text) if last < 0 else last
        if not charge(last - at + _LINE_COST):
            return
        content = text[at:last].lstrip(" \t")
        depth = last - at - len(content)
        if content.strip() and depth < indent + (not content.startswith("- ")):
            return
        if content.strip():
            yield at, last
        at = last + 1


def _variables(text: str, lines: list[Span]) -> list[Span]:
    """The lines of the variables alone, where the mapping holds more."""
    met = _LINE.match(text, lines[0][0]) if lines else None
    if met is None or met.group(2):
        return lines
    depth = len(met.group(1))
    members: list[tuple[str, bool]] = []
    found: list[Span] = []
    inside = False
    for first, last in lines:
        key = _LINE.match(text, first)
        if key is not None and len(key.group(1)) == depth:
            name, below = key.group(3), key.end() >= last
            members.append((name, below))
            inside = holds_variables(name)
            if not below and not is_setting(name):
                found.append((first, last))
        elif inside:
            found.append((first, last))
    return found if holds_settings(members) else lines


def _values(text: str, lines: list[Span]) -> Iterator[Span]:
    named = False
    for first, last in lines:
        met = _LINE.match(text, first, last)
        end = first + len(text[first:last].rstrip("\"' \t\r,"))
        if met is None:  # a further line of a value, or `- NAME`, which is taken over from outside
            if not text[first:last].lstrip().startswith("- "):
                yield first + len(text[first:last]) - len(text[first:last].lstrip()), end
            continue
        name = plain(met.group(3))
        named = (named and not met.group(2)) or name == "name" or (bool(met.group(2)) and name == "value")
        if met.end() >= end or name in _READABLE or (named and not values_something(met.group(3))):
            continue
        if not _REFERS.match(text, met.end()) and text[met.end()] not in "|>&":
            yield met.end(), end
