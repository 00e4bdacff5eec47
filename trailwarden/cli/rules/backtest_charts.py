"""The charts of a backtest's page, as plotly figures. The page's script gives them the colours of its theme.

Plotly reads some HTML in texts (`<b>`, links): texts that are not ours are escaped for it.
https://plotly.com/javascript/reference/
"""

import html
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from trailwarden.backtest.report import WEEKDAYS, Report, RuleResult
from trailwarden.cli.tables import counted

_SHOWN_RULES = 7
_NAME_LIMIT = 48
_FEWEST_BARS = 9
_MOST_STEPS = 6  # of an axis of counts
_DAY_IN_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Bin:
    """How long one bar of the chart of alerts is."""

    name: str
    days: int

    def begin(self, day: date) -> date:
        """The first day of the bar that a day is in; weeks begin on Mondays."""
        if self.name == "week":
            return day - timedelta(days=day.weekday())
        return day.replace(day=1) if self.name == "month" else day


_BINS = ((100, Bin("day", 1)), (700, Bin("week", 7)))
_LONGEST = Bin("month", 30)


def bin_of(report: Report) -> Bin:
    """Bars that stay wide enough to be seen, whatever the time that was read."""
    first, last = _span(report)
    length = (last - first).days
    return next((one for most, one in _BINS if length <= most), _LONGEST)


def library() -> str:
    """Plotly's JavaScript, as its package carries it."""
    return str(get_plotlyjs())


def alerts_chart(report: Report) -> dict[str, Any]:
    """Alerts over time, stacked by rule; matches, where nothing is told at all."""
    size = bin_of(report)
    first, last = _span(report)
    rules = [rule for rule in report.rules if rule.alerts] or [rule for rule in report.rules if rule.matches]
    figure = go.Figure()
    for rule in rules[:_SHOWN_RULES]:
        figure.add_trace(_bars(rule.title, [rule], size))
    if rest := rules[_SHOWN_RULES:]:
        figure.add_trace(_bars(counted(len(rest), "other rule"), rest, size))
    figure.update_layout(
        barmode="stack",
        bargap=0.15,
        hovermode="closest",
        showlegend=True,
        legend={
            "traceorder": "normal",
            "orientation": "h",
            "yanchor": "top",
            "y": -0.14,
            "x": 0,
            "font": {"size": 12},
        },
        margin={"l": 40, "r": 8, "t": 8, "b": 24},
        xaxis={
            "type": "date",
            "range": _range(size.begin(first), size.begin(last), size),
            "fixedrange": True,
        },
        yaxis={"rangemode": "tozero", "fixedrange": True, "tickformat": ",d", "dtick": _step(figure)},
    )
    return _plain(figure)


def _step(figure: go.Figure) -> int:
    """From one number on the axis to the next: 1, 2 or 5 times a power of ten, so that all are whole. Left to
    plotly, an axis up to 2 has 0.5 and 1.5, which a format would show as 0 and 2."""
    bars: Counter[str] = Counter()
    for trace in figure.data:
        bars.update(dict(zip(trace.x, trace.y, strict=True)))
    wanted: float = max(bars.values(), default=0) / _MOST_STEPS
    power = 1
    while 5 * power < wanted:
        power *= 10
    return next(step for step in (power, 2 * power, 5 * power) if step >= wanted)


def _range(first: date, last: date, size: Bin) -> list[str]:
    """From half a bar before the first to half a bar after the last; a few bars wide at least."""
    length = (last - first).days // size.days + 1
    room = timedelta(days=size.days) * (max(1, _FEWEST_BARS - length + 1) / 2)
    return [
        (datetime.combine(day, time.min) + sign * room).isoformat() for day, sign in ((first, -1), (last, 1))
    ]


def _bars(name: str, rules: Sequence[RuleResult], size: Bin) -> go.Bar:
    counts: dict[date, int] = {}
    for rule in rules:
        for day in rule.days:
            begin = size.begin(date.fromisoformat(day.day))
            counts[begin] = counts.get(begin, 0) + (day.alerts if rule.alerts else day.matches)
    days = sorted(counts)
    return go.Bar(
        name=escaped(name),
        x=[day.isoformat() for day in days],
        y=[counts[day] for day in days],
        width=size.days * _DAY_IN_MS * 0.85,
        hovertemplate="%{x|%a %-d %b %Y}: %{y:,}<extra>%{fullData.name}</extra>",
    )


def hours_chart(report: Report) -> dict[str, Any]:
    """Matches by weekday and hour (UTC)."""
    figure = go.Figure(
        go.Heatmap(
            z=[list(row) for row in report.hours],
            x=list(range(24)),
            y=[name[:3] for name in WEEKDAYS],
            xgap=2,
            ygap=2,
            zmin=0,
            zmax=max(1, *map(max, report.hours)),
            showscale=False,
            text=[[counted(number, "match", "matches") for number in row] for row in report.hours],
            hovertemplate="%{y} %{x}:00–%{x}:59: %{text}<extra></extra>",
        )
    )
    figure.update_layout(
        margin={"l": 36, "r": 4, "t": 4, "b": 24},
        xaxis={"tickvals": [0, 6, 12, 18, 23], "fixedrange": True, "showgrid": False, "zeroline": False},
        yaxis={"autorange": "reversed", "fixedrange": True, "showgrid": False, "zeroline": False},
    )
    return _plain(figure)


def escaped(text: str) -> str:
    """A text that plotly shows as it is, cut to what a legend holds."""
    cut = text if len(text) <= _NAME_LIMIT else text[: _NAME_LIMIT - 1].rstrip() + "…"
    return html.escape(cut, quote=False)


def _span(report: Report) -> tuple[date, date]:
    """The days from the first to the last event, of all that was read."""
    found = [day.day for day in report.days()]
    times = [time[:10] for time in (report.reach.first_event_time, report.reach.last_event_time) if time]
    days = sorted(found + times) or ["1970-01-01"]
    return date.fromisoformat(days[0]), date.fromisoformat(days[-1])


def _plain(figure: go.Figure) -> dict[str, Any]:
    """The figure as JSON would have it, without the template that the page's own colours replace."""
    figure.update_layout(template=None, paper_bgcolor="rgba(0,0,0,0)", plot_bgcolor="rgba(0,0,0,0)")
    made: dict[str, Any] = json.loads(figure.to_json())
    return {"data": made["data"], "layout": made["layout"]}
