"""What is measured: records and rules from the corpus where it is, else the project's own samples."""

import gzip
import json
import random
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import UUID

from tests.corpus import CORPUS, corpus_records
from trailwarden.engine.engine import Engine
from trailwarden.rules.compile import compile_usable
from trailwarden.rules.load import load_rules
from trailwarden.rules.ruleset import RuleSet
from trailwarden.rules.shipped import shipped_rules_path
from trailwarden.rules.source import RuleSource

_SAMPLES = Path(__file__).parents[1] / "data" / "AWSLogs"
_SEED = 20260301
MATCHING = 0.005

Parted = tuple[list[dict[str, Any]], list[dict[str, Any]]]


@dataclass(frozen=True)
class Workload:
    """Records to draw from, and rules to hold against them."""

    source: str
    records: tuple[dict[str, Any], ...]
    rules: tuple[RuleSource, ...]
    rule_set: RuleSet
    shipped: RuleSet
    """The rules that ship, by themselves: they ask more of a record than public ones."""

    def parted(self, rule_set: RuleSet) -> Parted:
        """The records that rules match, and the others."""
        engine = Engine(rule_set)
        matching: list[dict[str, Any]] = []
        others: list[dict[str, Any]] = []
        for record in self.records:
            (matching if engine.matches(record) else others).append(record)
        return matching, others

    @cached_property
    def _parted(self) -> Parted:
        return self.parted(self.rule_set)

    @property
    def matching_share(self) -> float:
        """The share of the records that a rule matches, as they are."""
        return len(self._parted[0]) / len(self.records)

    @cached_property
    def _random(self) -> random.Random:
        return random.Random(_SEED)  # noqa: S311 (the same draw on every machine)

    def log_file(self, count: int, matching: float | None = MATCHING, parted: Parted | None = None) -> bytes:
        """A log file of `count` records drawn anew, each an event of its own.

        `matching` of them are records that a rule matches, since the corpus is one of attacks and an
        account's day is not; None draws from the records as they are. `parted` is for other rules than the
        workload's own.
        """
        draw = self._random
        hits, others = parted or self._parted
        if matching is None or not hits or not others:
            drawn = draw.choices(self.records, k=count)
        else:
            drawn = [draw.choice(hits if draw.random() < matching else others) for _ in range(count)]
        ids = (str(UUID(int=draw.getrandbits(128), version=4)) for _ in drawn)
        records = [{"eventVersion": "1.11", **record, "eventID": next(ids)} for record in drawn]
        text = json.dumps({"Records": records}, separators=(",", ":"), ensure_ascii=False)
        return gzip.compress(text.encode("utf-8", "replace"), compresslevel=6, mtime=0)


def make_workload() -> Workload:
    """The workload of this machine."""
    if CORPUS.is_dir():
        source, path = "the corpus's records, SigmaHQ's rules", CORPUS / "sigma_aws"
        records = tuple(record for _, _, record in corpus_records())
    else:
        source, path = "the project's sample records, the shipped rules", shipped_rules_path()
        records = tuple(
            record
            for file in sorted(_SAMPLES.rglob("*.json"))
            for record in json.loads(file.read_text())["Records"]
        )
    sources = load_rules([path])
    rule_set, _ = compile_usable(sources)
    shipped, _ = compile_usable(load_rules([shipped_rules_path()]))
    usable = {rule.id for rule in rule_set.rules}
    return Workload(
        source,
        records,
        tuple(s for s in sources if isinstance(s, RuleSource) and s.id in usable),
        rule_set,
        shipped,
    )
