"""What CloudTrail Insights measured: how many calls (or errors) a minute, how many are usual, and whose.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-insights-fields-trails.html
"""

import math
from dataclasses import dataclass
from itertools import islice
from typing import Any

from trailwarden.activity.text import mapping, text
from trailwarden.delivery.records import Record

_CALLERS_AT_MOST = 3
_ARN_LIMIT = 300
_LARGEST = 1e12


@dataclass(frozen=True, slots=True)
class Insight:
    """Averages a minute; `minutes` is how long it lasted until the record was written. None is what the
    record does not say."""

    rate: float | None
    baseline: float | None
    errors: bool = False
    """Whether errors are counted, not calls."""
    minutes: int | None = None
    baseline_minutes: int | None = None
    callers: tuple[tuple[str, float | None], ...] = ()
    """The identities (ARNs) that made most of the calls, with their own rates."""

    @property
    def unit(self) -> str:
        """What is counted."""
        return "errors" if self.errors else "calls"

    def __str__(self) -> str:
        """`664 calls a minute, usually 10.6`."""
        now = a_minute(self.rate, self.unit) if self.rate is not None else ""
        usual = f"usually {_number(self.baseline)}" if self.baseline is not None else ""
        return ", ".join(part for part in (now, usual) if part)


def insight_of(record: Record) -> Insight | None:
    """What an Insights record measured; None for every other."""
    if record.get("eventCategory") != "Insight":
        return None
    details = mapping(record.get("insightDetails"))
    context = mapping(details.get("insightContext"))
    statistics = mapping(context.get("statistics"))
    return Insight(
        rate=_average(statistics.get("insight")),
        baseline=_average(statistics.get("baseline")),
        errors=text(details, "insightType") == "ApiErrorRateInsight",
        minutes=_whole(statistics.get("insightDuration")),
        baseline_minutes=_whole(statistics.get("baselineDuration")),
        callers=_callers(context.get("attributions")),
    )


def _callers(attributions: Any) -> tuple[tuple[str, float | None], ...]:
    for entry in attributions[:10] if isinstance(attributions, list) else ():
        attribution = mapping(entry)
        found = attribution.get("insight")
        if attribution.get("attribute") == "userIdentityArn" and isinstance(found, list):
            named = (
                (arn, _average(value))
                for value in map(mapping, found)
                if (arn := text(value, "value", limit=_ARN_LIMIT))
            )
            return tuple(islice(named, _CALLERS_AT_MOST))
    return ()


def _average(holder: Any) -> float | None:
    return _figure(mapping(holder).get("average"))


def _whole(value: Any) -> int | None:
    figure = _figure(value)
    return None if figure is None else int(figure)


def _figure(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and 0 <= value < _LARGEST else None


def a_minute(rate: float, unit: str = "") -> str:
    """`664 calls a minute`."""
    return f"{_number(rate)} {unit} a minute" if unit else f"{_number(rate)} a minute"


def _number(value: float) -> str:
    """`664`, `10.6`, `0.0021`."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}".removesuffix(".0") if value >= 1 or not value else f"{value:.2g}"
