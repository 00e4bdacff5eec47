"""The protected rules: what is done to Trailwarden itself, and to the trails that it lives by.

Whoever may write rules may change what the others find, but must not blind Trailwarden to being blinded. A
rule that ships says `trailwarden: {protected: true}`; what it is built on is protected with it. No filter
applies to it, no override names it, no team's correlation silences it, and nothing of a team's bears its id,
its name or its title. `guard.py` holds compiled rule sets to the same.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache

from trailwarden.errors import Problem
from trailwarden.rules.correlation import CorrelationSource
from trailwarden.rules.filters import FilterSource
from trailwarden.rules.overrides import Override
from trailwarden.rules.ruleset import VISIBILITY_RULE_ID, VISIBILITY_TITLE
from trailwarden.rules.shipped import ProtectedTexts
from trailwarden.rules.source import Source, named

_LOOKALIKES = str.maketrans("0123456789@$iq", "olzeasgtbgaslg")
_FILLERS = "\u115f\u1160\u3164\uffa0"  # letters that show nothing
_BARS = re.compile(r"(?<=\w)[|!](?=\w)")
_PLACEHOLDER = re.compile(r"\{[^{}]*\}")
_ASIDE = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|(?i:\b(?:resolved|solved|closed|fixed|done|test|drill)\b)")
_PLURAL = re.compile(r"s+\b")
_SENTENCE = 13
"""From how many letters on a sentence may not stand within a longer one."""
_WORDS_WITH_ANOTHER = 3
"""From how many words on another word may stand among them."""
_EDITED = 5
"""From how many letters on a word may differ in one."""
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_REPEATED = re.compile(r"([a-z0-9])\1+")
_DRAWN = re.compile(r"\bLETTER ([A-Z])$")
_OF_OURS = re.compile(r"trallwarden|storm(?:goeon|.*heldback)")
"""How Trailwarden's own messages and the titles of what protects it begin, as `_skeleton` has it."""
_OWN = "give yours an id, a name and titles of its own"


def protected_ids(sources: Iterable[Source]) -> frozenset[str]:
    """The ids of the protected rules, and of all that they are built on."""
    kept = list(sources)
    by_reference = {source.name: source.id for source in kept if source.name} | {
        source.id: source.id for source in kept
    }
    below = {
        source.id: {by_reference.get(one, one.lower()) for one in source.parts.references}
        for source in kept
        if isinstance(source, CorrelationSource)
    }
    found: set[str] = set()
    waiting = [source.id for source in kept if source.block.protected]
    while waiting:
        rule_id = waiting.pop()
        if rule_id not in found:
            found.add(rule_id)
            waiting += below.get(rule_id, ())
    return frozenset(found)


def refuse_filters(
    filters: Iterable[FilterSource], sources: Sequence[Source], problems: list[Problem]
) -> None:
    """Refuse filters that name a protected rule; those on `any` leave them out."""
    names = _names(sources)
    for each in filters:
        for reference in each.rules or ():
            title = names.get(reference.text) or names.get(reference.text.lower())
            if title is not None:
                message = f"the rule {title!r} is protected: no filter may hide what it finds"
                place = each.path, reference.line, reference.column
                problems.append(Problem(*place, message, "take it off the list"))


def without_protected(
    overrides: Iterable[Override], sources: Sequence[Source], problems: list[Problem]
) -> list[Override]:
    """The overrides without the protected rules that they name, each of which is a problem."""
    names = _names(sources)
    left = []
    for override in overrides:
        allowed = []
        for reference in override.rules:
            title = names.get(reference.text) or names.get(reference.text.lower())
            if title is None:
                allowed.append(reference)
                continue
            message = f"the rule {title!r} is protected: nothing switches it off or changes its level"
            place = override.path, reference.line, reference.column
            problems.append(Problem(*place, message, "take it off the list"))
        left.append(replace(override, rules=tuple(allowed)))
    return left


def refuse_imitations(
    sources: Sequence[Source], problems: list[Problem], elsewhere: Iterable[ProtectedTexts] = ()
) -> None:
    """Refuse what a team calls by the id of the built-in visibility rule, or by the name or the title of a
    protected rule, of the sources or elsewhere: people would take the one for the other."""
    guarded = protected_ids(sources)
    protected = {each.named.id: each for each in elsewhere} | {
        source.id: ProtectedTexts(named(source), source.block.alert_title)
        for source in sources
        if source.id in guarded
    }
    names = [each.named.name for each in protected.values() if each.named.name]
    titles = [VISIBILITY_TITLE, *(each.named.title for each in protected.values())]
    sentences = [each.alert_title for each in protected.values() if each.alert_title]
    for source in sources:
        if source.document.shipped:
            continue
        if source.id == VISIBILITY_RULE_ID:
            message = "the id is that of the built-in rule for records with omitted contents"
            problems.append(source.document.problem(("id",), message, _OWN))
        if source.name and any(_reads_like(source.name, name) for name in names):
            message = f"the name {source.name!r} is that of a protected rule"
            problems.append(source.document.problem(("name",), message, _OWN))
        imitated = next((each for each in (*titles, *sentences) if _holds(source.title, each)), None)
        if imitated is not None:
            message = f"the title reads like that of the protected rule {imitated!r}"
            problems.append(source.document.problem(("title",), message, _OWN))
        told = source.block.alert_title
        for where, text in ((("title",), source.title), (("trailwarden", "title"), told)):
            if text and _OF_OURS.match(_skeleton(text)):
                message = f"the title {text!r} begins like Trailwarden's own messages"
                problems.append(source.document.problem(where, message, _OWN))
        imitated = next((each for each in (*titles, *sentences) if told and _holds(told, each)), None)
        if imitated is not None:
            message = f"its alerts' title reads like that of the protected rule {imitated!r}"
            problems.append(source.document.problem(("trailwarden", "title"), message, _OWN))


def _names(sources: Sequence[Source]) -> dict[str, str]:
    """The titles of the protected rules by all that they are referred to by."""
    guarded = protected_ids(sources)
    protected = [source for source in sources if source.id in guarded]
    return {key: source.title for source in protected for key in (source.id, source.name) if key} | {
        VISIBILITY_RULE_ID: VISIBILITY_TITLE
    }


def _reads_like(title: str, known: str) -> bool:
    """Whether one title can be taken for the other, also where only the number of a letter's repeats
    differs."""
    shape = _skeleton(known)
    return any(
        _matches(pattern, shape) or _matches(_once(pattern), _once(shape))
        for text in (title, _ASIDE.sub(" ", title))
        for pattern in {_skeleton(text), _skeleton(text, drawn=True)}
    )


def _holds(title: str, known: str) -> bool:
    """Whether a title says, perhaps among other words, what the known one does, whatever either has for
    placeholders and asides."""
    bare = _PLACEHOLDER.sub(" ", title)
    if _reads_like(bare, _ASIDE.sub(" ", _PLACEHOLDER.sub(" ", known))):
        return True
    parts = _parts(known)
    if sum(map(len, parts)) >= _SENTENCE and any(
        _in_order(_once(pattern), parts) for pattern in {_skeleton(bare), _skeleton(bare, drawn=True)}
    ):
        return True
    words = _words(_ASIDE.sub(" ", _PLACEHOLDER.sub(" ", known)))
    texts = {bare, _ASIDE.sub(" ", bare)}
    return any(
        _says_the_same(said, words)
        for said in {_words(text, drawn=drawn) for text in texts for drawn in (False, True)}
    )


def _says_the_same(words: Sequence[str], known: Sequence[str]) -> bool:
    """Whether words, or a run of them, are those of a known title in any order, inflected otherwise, with a
    typing error in a long one. In a run may also stand one word that the known title has not, if that has
    three. A title of one word, or of few letters, is compared in its order alone."""
    size = len(known)
    if size < 2 or sum(map(len, known)) < _SENTENCE - size:
        return False
    words = [word for word in words if len(word) > 3 or word in known]
    if not all(any(_same_word(word, one) for word in words) for one in known):
        return False  # nearly always, at the first word
    longest = size + (size >= _WORDS_WITH_ANOTHER)
    return any(_all_in(known, words[at : at + longest]) for at in range(len(words) - size + 1))


def _all_in(known: Sequence[str], words: Sequence[str]) -> bool:
    """Whether each known word is another of the words."""
    left = list(words)
    for one in known:
        found = next((word for word in sorted(left, key=one.__ne__) if _same_word(word, one)), None)
        if found is None:
            return False
        left.remove(found)
    return True


@lru_cache(8192)
def _same_word(word: str, known: str) -> bool:
    """Whether a word is a known one but for one letter that is missing, too many, another, or one place
    off; a dot stands for any."""
    if word == known or _matches(_once(word), _once(known)):
        return True
    if len(known) < _EDITED or abs(len(word) - len(known)) > 1:
        return False
    shorter, longer = sorted((word, known), key=len)
    if len(shorter) < len(longer):
        return any(_alike(shorter, longer[:at] + longer[at + 1 :]) for at in range(len(longer)))
    off = [at for at in range(len(word)) if not _alike(word[at], known[at])]
    swapped = len(off) == 2 and off[1] == off[0] + 1
    return len(off) == 1 or (swapped and word[off[0]] + word[off[1]] == known[off[1]] + known[off[0]])


def _alike(one: str, other: str) -> bool:
    return len(one) == len(other) and all(a == b or "." in (a, b) for a, b in zip(one, other, strict=True))


@lru_cache(1024)
def _words(title: str, *, drawn: bool = False) -> tuple[str, ...]:
    """The words of a title that carry its meaning, each as its letters are read, without its ending."""
    spelled = _CAMEL.sub(" ", title.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").replace("'s ", " "))
    letters = (_letters(word, drawn=drawn) for word in _split(spelled, drawn=drawn))
    return tuple(_stem(word) for word in letters if word and word not in _SMALL)


def _split(title: str, *, drawn: bool) -> Sequence[str]:
    folded = _folded(title)
    return "".join(
        char if _is_read(char, drawn=drawn) or unicodedata.combining(char) or char in _FILLERS else " "
        for char in folded
    ).split()


def _stem(word: str) -> str:
    """The word without the ending of a verb: `stopped`, `stopping` and `stop` are one."""
    ending = next((end for end in _ENDINGS if word.endswith(end) and len(word) - len(end) >= 3), "")
    return word.removesuffix(ending)


@lru_cache(256)
def _parts(known: str) -> Sequence[str]:
    """What stands between the placeholders of a title."""
    split = (_skeleton(part) for part in _PLACEHOLDER.split(_ASIDE.sub(" ", known)))
    return [_once(part) for part in split if part]


@lru_cache(1024)
def _once(letters: str) -> str:
    """Each letter once where it repeats."""
    return _REPEATED.sub(r"\1", letters)


def _in_order(pattern: str, parts: Sequence[str]) -> bool:
    """Whether the parts stand in the pattern, one after the other."""
    at = 0
    for part in parts:
        starts = range(at, len(pattern) - len(part) + 1)
        found = next((n for n in starts if _matches(pattern[n : n + len(part)], part)), None)
        if found is None:
            return False
        at = found + len(part)
    return True


def _matches(pattern: str, shape: str) -> bool:
    """Letter by letter, where a dot stands for any."""
    return len(pattern) == len(shape) and all(
        ours in (".", theirs) for ours, theirs in zip(pattern, shape, strict=True)
    )


@lru_cache(1024)
def _skeleton(title: str, *, drawn: bool = False) -> str:
    """The letters that a title is read by, as a pattern: a letter of another script may stand for any, unless
    it is as wide as those of East Asia. What looks like another letter becomes that. If signs are `drawn` as
    letters, each may stand for any, and so may wide letters; else they are passed over."""
    return _letters(_folded(title), drawn=drawn)


def _folded(title: str) -> str:
    """A title with each sign for a letter as that letter, and each letter as the one that it looks like."""
    title = "".join(_letter_in(char) for char in title)
    folded = _BARS.sub("l", unicodedata.normalize("NFKD", title).casefold()).translate(_LOOKALIKES)
    return _PLURAL.sub("", folded)


def _letters(folded: str, *, drawn: bool) -> str:
    letters = "".join(
        char if char.isascii() or (not drawn and unicodedata.east_asian_width(char) == "W") else "."
        for char in folded
        if _is_read(char, drawn=drawn)
    )
    if drawn and letters.count(".") * 3 > len(letters):
        return ""  # another script, not a few letters in disguise
    return letters.replace("rn", "m").replace("vv", "w")


def _is_read(char: str, *, drawn: bool) -> bool:
    if unicodedata.combining(char) or char in _FILLERS:
        return False
    return char.isalnum() or (drawn and not char.isascii() and unicodedata.category(char)[0] == "S")


def _letter_in(char: str) -> str:
    """The letter that a sign shows in a circle, a square or a flag; else the character itself."""
    if char.isascii() or char.isalnum():
        return char
    shown = _DRAWN.search(unicodedata.name(char, ""))
    return shown[1] if shown else char


_SMALL = frozenset(
    _letters(_folded(word), drawn=False)
    for word in re.findall(
        r"\w+",
        "a an the or and nor but of to in on at by for from with into over as then also plus both either was"
        " were is are be been being has have had did does do got get gets its it his her their our your my"
        " this that these those some any every each",
    )
)
"""Words that say little, as they are read."""
_ENDINGS = tuple(_letters(_folded(end), drawn=False) for end in ("ing", "ion", "ed", "e"))
