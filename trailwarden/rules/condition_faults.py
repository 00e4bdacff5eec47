"""What is wrong with a condition, in plain words: a parser says what it expected, which helps nobody.

https://sigmahq.io/sigma-specification/specification/sigma-rules-specification.html#condition
"""

import re
from collections.abc import Iterator, Sequence

_JOINS = frozenset({"and", "or"})
_QUANTIFIERS = frozenset({"1", "any", "all"})
_SYNTAX = _JOINS | {"not", "(", ")"}
_TOKEN = re.compile(r"[()]|[^\s()]+")


def condition_fault(condition: str, names: Sequence[str]) -> str:
    """What is wrong with a condition that does not parse; `names` are the rule's selections."""
    if "|" in condition.replace("||", ""):
        return "a condition cannot count (`|`)"
    if counted := re.search(r"\b(?:[2-9]|\d{2,})\s+of\b", condition):
        return f"`{counted[0]}` is not Sigma"
    if found := re.search(r"&&|\|\||!", condition):
        return f"`{found[0]}` is not an operator"
    if found := re.search(r"\b(?:AND|OR|NOT|OF|ALL|THEM)\b", condition):
        return f"`{found[0]}` is not an operator, as it is written in capitals"
    opened, closed = condition.count("("), condition.count(")")
    if opened != closed:
        return f"it opens {opened} and closes {closed} brackets"
    return _first_fault(iter(_TOKEN.findall(condition)), names)


def _first_fault(words: Iterator[str], names: Sequence[str]) -> str:
    """The first word that does not go on from those before it."""
    before, waiting = "", True  # for a selection
    for word in words:
        if waiting and word not in {"not", "("}:
            if word in _SYNTAX:
                return f"`{word}` stands where a selection must stand"
            if word in _QUANTIFIERS:
                quantifier, of, word = word, next(words, ""), next(words, "")  # noqa: PLW2901 (three are one)
                fault = _pattern_fault(quantifier, of, word, names)
            else:
                fault = "" if word in names else f"there is no selection `{word}`"
            if fault:
                return fault
            waiting = False
        elif not waiting and word in _JOINS:
            waiting = True
        elif not waiting and word != ")":
            return f"neither `and` nor `or` joins `{before}` and `{word}`"
        before = word
    return f"a selection must follow `{before}`" if waiting else "it cannot be read"


def _pattern_fault(quantifier: str, of: str, pattern: str, names: Sequence[str]) -> str:
    """What is wrong with what follows `1`, `any` or `all`."""
    if of != "of":
        return f"`of` must follow `{quantifier}`"
    if not pattern or pattern in _SYNTAX:
        return f"a pattern or `them` must follow `{quantifier} of`"
    expression = re.escape(pattern).replace(r"\*", ".*")
    if pattern != "them" and not any(re.fullmatch(expression, name) for name in names):
        return f"no selection is named like `{pattern}`"
    return ""
