"""Many rules from few: real rules drawn again, their literals changed, the same draw on every machine.

A generated rule keeps the shape of a real one (its fields, modifiers and logic). Names of API calls are
put together from the verbs and nouns of real ones, so that some exist; services are drawn from the
records'; other texts get a number. What AWS has few of (identity types, error codes, booleans) stays.

Rules that match more than one record in a hundred are not drawn: a team keeps one or two of these, not
hundreds, and their copies would measure the counting of matches alone.
"""

import random
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from trailwarden.engine.engine import Engine
from trailwarden.rules.ruleset import Node, Rule, RuleSet

_SEED = 20260302
_RARE = 0.01
_UNRECORDED = 0.9  # most rules are about calls that a day does not hold
_KEPT = ("userIdentity.", "errorCode", "eventType", "eventCategory", "awsRegion", "readOnly")
_WORDS = re.compile(r"^([A-Z]?[a-z]+)([A-Z].*)$")


class _Generator:
    def __init__(self, records: Sequence[dict[str, Any]]) -> None:
        self._random = random.Random(_SEED)  # noqa: S311 (the same draw on every machine)
        self._names = {str(record.get("eventName")) for record in records}
        found = [words for name in sorted(self._names) if (words := _WORDS.match(name))]
        self._verbs = [words[1] for words in found]
        self._nouns = [words[2] for words in found]
        self._sources = sorted({str(record.get("eventSource")) for record in records})

    def rule(self, base: Rule, number: int) -> Rule:
        identity = UUID(int=self._random.getrandbits(128), version=4)
        title = f"{base.title} {number}"
        return msgspec.structs.replace(
            base, id=str(identity), title=title, detection=self._changed(base.detection)
        )

    def _changed(self, node: Node) -> Node:
        name, *arguments = node
        if name in {"and", "or", "not"}:
            return [name, *map(self._changed, arguments)]
        if name == "field" and arguments[1][0] in {"is", "is_cased", "like", "like_cased"}:
            kind, *texts = arguments[1]
            return [name, arguments[0], [kind, *(self._text(arguments[0], text) for text in texts)]]
        return node

    def _text(self, field: str, text: str) -> str:
        draw = self._random
        if field == "eventName" and self._verbs:
            call = draw.choice(self._verbs) + draw.choice(self._nouns)
            while call in self._names and draw.random() < _UNRECORDED:
                call = draw.choice(self._verbs) + draw.choice(self._nouns)
            return f"{'*' * text.startswith('*')}{call}{'*' * text.endswith('*')}"
        if field == "eventSource":
            return text if draw.random() < 0.5 else draw.choice(self._sources)
        if field.startswith(_KEPT) or not any(map(str.isalpha, text)):
            return text
        star = "*" * text.endswith("*")
        return f"{text.rstrip('*')}{draw.randrange(1000)}{star}"


def grown(base: RuleSet, count: int, records: Sequence[dict[str, Any]]) -> RuleSet:
    """`count` rules: those of `base`, and as many generated from them as are missing."""
    generator = _Generator(records)
    engine = Engine(base)
    met = Counter(rule.id for record in records for rule in engine.matches(record))
    rare = [rule for rule in base.rules if met[rule.id] <= len(records) * _RARE]
    drawn = random.Random(_SEED).choices(rare, k=max(0, count - len(base.rules)))  # noqa: S311
    generated = [generator.rule(rule, number) for number, rule in enumerate(drawn)]
    return RuleSet(rules=(*base.rules[:count], *generated))
