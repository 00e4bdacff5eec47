"""Peak memory of grouping 100,000 matches of one file, above idle: run in a process of its own.

    python -m tests.bench.grouping_memory one|each

`one` group, or another group for `each`, handed over as `detect` does. Prints `{"above_idle_mb": ...}`.
"""

import gc
import json
import sys
from collections.abc import Iterator

from tests.bench.alerting import storm
from tests.bench.memory import forget_peak, peak_mb
from tests.samples import STOP_RULE, record, rule
from trailwarden.alerts.grouping import AlertGrouper
from trailwarden.delivery.records import event_identity, event_time
from trailwarden.engine.match import Match

MATCHES = 100_000
_HANDED_OVER = 500
_RULE = rule(STOP_RULE, "StopLogging")


def main(how: str) -> None:
    """Group the matches and print what that came to."""
    _group(how, 1_000)
    gc.collect()
    forget_peak()
    idle = peak_mb()
    _group(how, MATCHES)
    print(json.dumps({"above_idle_mb": peak_mb() - idle}))


def _group(how: str, count: int) -> None:
    grouper = AlertGrouper("v1", keep_matches=True)
    for match in _matches(count, groups=how == "each"):
        grouper.add(match, "s3://trailwarden-logs/file.json.gz")
        if grouper.pending >= _HANDED_OVER:
            grouper.drain()


def _matches(count: int, *, groups: bool) -> Iterator[Match]:
    """Each with a record of its own, freshly decoded."""
    for number in range(count):
        found = json.loads(json.dumps(storm(record(), number, groups=groups)))
        yield Match(_RULE, found, number, event_identity(found), event_time(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
