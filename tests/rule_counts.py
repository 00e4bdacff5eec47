"""How noisy the shipped rules are: matches and grouped alerts a rule and level, on the corpus.

`python -m tests.rule_counts [RULES...]` prints the table of docs/rules.md and leaves with 1 where high and
critical alerts are not rare enough. The corpus holds three kinds of records, told apart by their source:

- recordings of attacks (`attacks/`, and the same project's samples in AWSLogs): must alert;
- material of detection projects: catalogues of attack calls and the positive tests of other packs' rules, one
  record each. They are attacks in all but name, so what fires there says little about a quiet day;
- everyday life: captures of accounts at work. Here an alert is noise, and here the bound is held.
"""

import argparse
import gzip
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import click

from tests.corpus import CORPUS, records_of
from trailwarden.alerts.grouping import AlertGrouper
from trailwarden.alerts.model import Alert
from trailwarden.correlation.correlator import Correlator
from trailwarden.delivery.records import Record, event_identity, event_time
from trailwarden.engine.engine import Engine
from trailwarden.engine.match import Match
from trailwarden.rules.compile import compile_rules
from trailwarden.rules.load import load_rules
from trailwarden.rules.ruleset import Level, RuleSet
from trailwarden.rules.shipped import shipped_rules_path
from trailwarden.state.memory import MemoryAlertStore, MemoryCorrelationStore

ATTACKS = ("DataDog/stratus-red-team",)
DETECTION_MATERIAL = ("adanalvarez/TrailDiscover", "airbnb/streamalert", "panther-labs/panther-analysis")
RECORDS_AN_ALERT = 2000
"""High and critical alerts must be rarer than one in so many records of everyday life."""
_WAKING = frozenset({"high", "critical"})


@dataclass(frozen=True, slots=True)
class Sample:
    """One record of the corpus, its source, and where it stands."""

    source: str
    file: str
    index: int
    record: Record


@dataclass(frozen=True, slots=True)
class Counts:
    """What a rule set makes of some records: matches by rule id, and the alerts."""

    records: int
    matches: Counter[str] = field(default_factory=Counter)
    alerts: tuple[Alert, ...] = ()

    @property
    def waking(self) -> list[Alert]:
        """The alerts that wake someone: high and critical."""
        return [alert for alert in self.alerts if alert.level in _WAKING]

    def alerts_by_rule(self) -> Counter[str]:
        return Counter(alert.rule_id for alert in self.alerts)

    def is_quiet(self) -> bool:
        """Whether fewer than one waking alert came of 2,000 records."""
        return len(self.waking) * RECORDS_AN_ALERT < self.records


def samples() -> Iterator[Sample]:
    """Every record of AWSLogs with its source."""
    with gzip.open(CORPUS / "index.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            entry = json.loads(line)
            record = records_of(CORPUS / entry["file"])[entry["index"]]
            yield Sample(entry["source"], entry["file"], entry["index"], record)


def outside_attacks(found: Iterable[Sample]) -> list[Sample]:
    """What is no recording of an attack."""
    return [sample for sample in found if not sample.source.startswith(ATTACKS)]


def everyday_life(found: Iterable[Sample]) -> list[Sample]:
    """What is neither a recording of an attack nor another detection project's material."""
    return [sample for sample in found if not sample.source.startswith((*ATTACKS, *DETECTION_MATERIAL))]


def count(rule_set: RuleSet, found: Sequence[Sample]) -> Counts:
    """Evaluate the records as `trailwarden scan` would: repeats count once, correlations come at the end."""
    engine = Engine(rule_set)
    grouper = AlertGrouper(rule_set.version)
    store = MemoryAlertStore()
    batch = Correlator(rule_set, MemoryCorrelationStore(), store).batch()
    matches: Counter[str] = Counter()
    for sample in found:
        for rule in engine.matches(sample.record):
            identity, when = event_identity(sample.record), event_time(sample.record)
            match = Match(rule, sample.record, sample.index, identity, when)
            if grouper.add(match, sample.file):
                matches[rule.id] += 1
            batch.add(match, sample.file)
    batch.flush()
    return Counts(len(found), matches, (*grouper.alerts(), *store.standing()))


def table(rule_set: RuleSet, columns: dict[str, Counts]) -> Iterator[str]:
    """The Markdown table: a line for each rule that alerts at all, worst level first; then the levels."""
    names = list(columns)
    yield "| level | rule | " + " | ".join(f"{name}: matches, alerts" for name in names) + " |"
    yield "|---|---|" + "---:|" * len(names)
    by_rule = {name: counts.alerts_by_rule() for name, counts in columns.items()}
    titles = {alert.rule_id: alert.rule_title for counts in columns.values() for alert in counts.alerts}
    levels = {alert.rule_id: alert.level for counts in columns.values() for alert in counts.alerts}
    for rule_id in sorted(titles, key=lambda one: (-Level[levels[one].upper()], titles[one])):
        cells = [f"{columns[name].matches[rule_id] or '–'}, {by_rule[name][rule_id]}" for name in names]
        yield f"| {levels[rule_id]} | {titles[rule_id]} | " + " | ".join(cells) + " |"
    for level in sorted(Level, reverse=True):
        name_of_level = level.name.lower()
        sums = [sum(alert.level == name_of_level for alert in columns[name].alerts) for name in names]
        yield f"| **{name_of_level}** | all alerts | " + " | ".join(map(str, sums)) + " |"
    silent = len(rule_set.rules) + len(rule_set.correlations) - len(titles)
    yield ""
    yield f"{silent} of {len(rule_set.rules) + len(rule_set.correlations)} rules said nothing."


def main(arguments: Sequence[str] | None = None) -> int:
    """0 where everyday life is quiet, 1 where it is not, 2 where the corpus is missing."""
    parser = argparse.ArgumentParser(prog="python -m tests.rule_counts", description=__doc__)
    parser.add_argument("rules", nargs="*", type=Path, help="files or folders; default: the shipped rules")
    parser.add_argument("--alerts", action="store_true", help="print what would wake someone outside attacks")
    options = parser.parse_args(arguments)
    if not CORPUS.is_dir():
        click.echo(f"the corpus ({CORPUS}) is not here", err=True)
        return 2
    rule_set = compile_rules(load_rules(options.rules or [shipped_rules_path()]))
    every = list(samples())
    columns = {
        "all": count(rule_set, every),
        "outside attacks": count(rule_set, outside_attacks(every)),
        "everyday life": count(rule_set, everyday_life(every)),
    }
    for line in table(rule_set, columns):
        click.echo(line)
    for name, counts in columns.items():
        click.echo(f"{name}: {counts.records:,} records, {len(counts.waking)} high or critical alerts.")
        if options.alerts and name != "all":
            for alert in counts.waking:
                click.echo(f"  {alert.level:8} {alert.rule_title}: {alert.title}")
    return 0 if columns["everyday life"].is_quiet() else 1


if __name__ == "__main__":
    sys.exit(main())
