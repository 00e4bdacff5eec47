"""How to write it instead: expressions that RE2 does not have, values that do not fit, conditions that do not
parse, attributes of another shape.

https://github.com/google/re2/wiki/Syntax
https://sigmahq.io/sigma-specification/specification/sigma-rules-specification.html#condition
"""

import ipaddress
import json
import re
from collections.abc import Sequence
from itertools import combinations

from trailwarden.rules.fields import nearest

_MOST_PAIRS = 10
_LISTS = frozenset({"tags", "falsepositives", "references", "fields", "scope"})
_WORDS = frozenset({"tags", "references", "fields"})
"""Lists whose entries hold no space: a text with several is split."""
_TEXTS = frozenset({"author", "description", "license", "name", "taxonomy"})
_RELATED = ("correlation", "derived", "merged", "obsolete", "renamed", "similar")
_MOST_SHOWN = 200
_COMPARING = frozenset({"lt", "lte", "gt", "gte"})
_EXPRESSIONS = (
    (
        re.compile(r"\(\?<?!"),
        "RE2 has no look-around: put what must not stand there into its own selection, and write `and not`",
    ),
    (
        re.compile(r"\(\?<?="),
        "RE2 has no look-around: put what must stand there into its own expression, and join with `re|all`",
    ),
    (re.compile(r"\(\?>"), "write `(?:` instead: RE2 never goes back, so nothing need be kept from it"),
    (re.compile(r"[*+?}]\+"), "leave the last `+` out: RE2 never goes back, so nothing need be kept from it"),
    (
        re.compile(r"\\[1-9]|\(\?P=|\\k<"),
        "RE2 has no back-references: list the values that may repeat, or compare two fields with `fieldref`",
    ),
    (re.compile(r"\(\?(?:R|\d|\()"), "write the cases out, each as an expression of its own in a list"),
    (re.compile(r"\\Z"), "write `$`, or `\\z` for the very end"),
)
_REASONS = (
    ("repetition size", "repeat at most 1,000 times; for a longer text, test the field's value otherwise"),
    ("missing", "close what is open, or write a backslash before the bracket that stands for itself"),
    ("unexpected )", "open what is closed, or write a backslash before the bracket that stands for itself"),
    ("no argument for repetition", "write a backslash before the `*`, `+` or `?` that stands for itself"),
    ("escape", "leave the backslash out, or double it if it stands for itself"),
    ("are the most", "write it as several expressions in a list"),
    ("too large", "write it shorter, or as several expressions in a list"),
)


def expression_cure(pattern: str, reason: str) -> str:
    """How to say what a refused expression says; `reason` is RE2's."""
    for construct, cure in _EXPRESSIONS:
        if construct.search(pattern):
            return cure
    for part, cure in _REASONS:
        if part in reason:
            return cure
    return "write it as RE2 has it: https://github.com/google/re2/wiki/Syntax"


def modifier_cure(name: str, modifiers: Sequence[str], values: Sequence[object]) -> str:
    """How to write a field with its modifiers and values that pySigma refuses together."""
    first = next((each for each in ("re", "cidr") if each in modifiers), "")
    if first and modifiers[0] != first:
        others = [each for each in modifiers if each != first]
        return f"write `{first}` first: `{'|'.join([name, first, *others])}`"
    if first == "cidr":
        return next(filter(None, map(_network_cure, values)), "write a network, such as 10.0.0.0/8")
    if _COMPARING.intersection(modifiers) and any(isinstance(value, str) for value in values):
        return "write a number, without quotes"
    return "see the modifier's page in Sigma's specification"


def _network_cure(value: object) -> str:
    try:
        meant = ipaddress.ip_network(str(value), strict=False)
    except ValueError:
        return ""
    return f"write the network's own address: {meant}" if str(meant) != value else ""


def condition_cure(condition: str, names: Sequence[str]) -> str:
    """How to write a condition that does not parse; `names` are the rule's selections."""
    if "|" in condition.replace("||", ""):
        rest = condition.partition("|")[0].strip()
        return f"write `{rest}` alone; a correlation on this rule counts"
    if counted := re.search(r"\b([2-9]|\d{2,})\s+of\s+(\S+)", condition):
        return _of_several(int(counted[1]), counted[2].rstrip(")"), names)
    if found := re.search(r"&&|\|\||!", condition):
        return f"write `{ {'&&': 'and', '||': 'or', '!': 'not'}[found[0]] }` for `{found[0]}`"
    if found := re.search(r"\b(?:AND|OR|NOT|OF|ALL|THEM)\b", condition):
        return f"write `{found[0].lower()}` in lower case"
    if condition.count("(") != condition.count(")"):
        return "write as many `)` as `(`"
    if spaced := next((name for name in names if " " in name and name in condition), ""):
        return f"name the selection without spaces: `{spaced.replace(' ', '_')}`"
    return _unknown(condition, names) or f"join {', '.join(names)} with and, or, not, 1 of, all of"


def _of_several(count: int, pattern: str, names: Sequence[str]) -> str:
    """What `N of pattern` means, written out where that is short."""
    start = pattern.rstrip("*")
    chosen = list(names) if pattern == "them" else [name for name in names if name.startswith(start)]
    groups = list(combinations(chosen, count)) if len(chosen) < 20 else []
    if count > len(chosen):
        many = f"{len(chosen)} selection{'' if len(chosen) == 1 else 's'}"
        return f"Sigma has `1 of` and `all of`; `{pattern}` names {many}"
    if not 0 < len(groups) <= _MOST_PAIRS:
        return "Sigma has `1 of` and `all of`: write the combinations out, or count in a correlation"
    return "Sigma has `1 of` and `all of`: write " + " or ".join(f"({' and '.join(each)})" for each in groups)


def _unknown(condition: str, names: Sequence[str]) -> str:
    """The selection that is meant by a name, or by a pattern, that none has."""
    for word in re.findall(r"[^\s()]+", condition):
        if word in {"and", "or", "not", "of", "all", "any", "them"} or word.isdigit() or word in names:
            continue
        start = word.rstrip("*")
        if word.endswith("*") and any(name.startswith(start) for name in names):
            continue
        near = nearest(start, names, cutoff=0.5)
        known = ", ".join(f"`{name}`" for name in names)
        meant = f"{near}*" if word.endswith("*") and near else near
        return (
            f"did you mean `{meant}`? the selections are {known}" if near else f"the selections are {known}"
        )
    return ""


def attribute_cure(key: str, value: object) -> str:
    """How an attribute is written whose value has another shape than Sigma gives it; empty if it has that."""
    if key == "related":
        return _related_cure(value)
    if key in _LISTS and not isinstance(value, list):
        given = (re.split(r"[\s,]+", value) if key in _WORDS else [value]) if isinstance(value, str) else []
        shown = ", ".join(json.dumps(each, ensure_ascii=False) for each in given if each.strip())
        long = not shown or len(shown) > _MOST_SHOWN
        return "begin each of its entries with `- `" if long else f"write it as a list: `{key}: [{shown}]`"
    if key in _TEXTS and not isinstance(value, str):
        given = [str(each) for each in value] if isinstance(value, list) else [str(value)]
        shown = json.dumps(", ".join(given), ensure_ascii=False)
        long = isinstance(value, dict) or not value or len(shown) > _MOST_SHOWN
        return "write it as one text" if long else f"write it as one text: `{key}: {shown}`"
    return ""


def _related_cure(value: object) -> str:
    for each in value if isinstance(value, list) else ():
        kind = each.get("type") if isinstance(each, dict) else None
        if isinstance(kind, str) and kind.lower() not in _RELATED:
            near = nearest(kind, _RELATED)
            return f"did you mean `{near}`?" if near else f"write one of {', '.join(_RELATED)}"
    return "list the other rules, each as `- {id: its UUID, type: derived}`"
