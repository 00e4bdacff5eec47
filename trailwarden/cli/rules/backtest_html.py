"""A backtest as one page that needs no network: charts, tables, dark and light, for paper and phones.

Names, user agents and addresses in it were written by whoever made the calls. Three walls keep them text:
everything is escaped by the template; what the script reads is JSON without `<`, `>` or `&`; and the page's
policy runs the two scripts whose hashes it names, and nothing else, loading nothing from anywhere.
https://developer.mozilla.org/en-US/docs/Web/HTTP/Guides/CSP
"""

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from trailwarden.backtest.counting import OTHERS
from trailwarden.backtest.report import Report, Share
from trailwarden.cli.rules.backtest_charts import alerts_chart, bin_of, hours_chart, library
from trailwarden.cli.rules.backtest_text import sentence
from trailwarden.cli.tables import counted

_FOLDER = Path(__file__).with_name("backtest_page")
_ESCAPED = {ord(char): f"\\u{ord(char):04x}" for char in "<>&\u2028\u2029"}


@dataclass(frozen=True, slots=True)
class Figure:
    """One number that the page begins with."""

    value: str
    name: str
    bad: bool = False


@dataclass(frozen=True, slots=True)
class Bars:
    """Shares of one kind, with the length of each bar in percent."""

    name: str
    rows: tuple[tuple[Share, float], ...]


def page_of(report: Report) -> str:
    """The page, as HTML."""
    scripts = (library(), (_FOLDER / "page.js").read_text("utf-8"))
    charts = {"alerts": alerts_chart(report), "hours": hours_chart(report)} if report.matches else {}
    page: str = _template().render(
        report=report,
        sentence=sentence(report),
        figures=_figures(report),
        bars=_bars(report),
        unit=bin_of(report).name,
        policy=_policy(scripts),
        style=Markup((_FOLDER / "page.css").read_text("utf-8")),  # noqa: S704 (ours)
        scripts=[Markup(script) for script in scripts],  # noqa: S704 (ours and the library's)
        charts=Markup(script_json(charts)),  # noqa: S704 (without `<`)
    )
    return page


def script_json(value: Any) -> str:
    """JSON that may stand in a script element: nothing in it ends the element or begins another."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).translate(_ESCAPED)


def _policy(scripts: Sequence[str]) -> str:
    """What the browser may run and load. Plotly sets the styles of what it draws, so styles are free."""
    hashes = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    allowed = " ".join(f"'sha256-{digest}'" for digest in hashes)
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


@cache
def _template() -> Any:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = lambda number: f"{number:,}"
    environment.filters["time"] = lambda time: (time or "unknown").replace("T", " ").removesuffix("Z")
    environment.globals["counted"] = counted
    return environment.get_template("page.html")


def _figures(report: Report) -> list[Figure]:
    reach = report.reach
    found = [
        Figure(f"{report.alerts:,}", "alert" if report.alerts == 1 else "alerts"),
        Figure(f"{report.alerts_a_day:,.2f}", "alerts a day"),
        Figure(f"{report.matches:,}", "match" if report.matches == 1 else "matches"),
        Figure(f"{report.hidden:,}", "hidden"),
        Figure(f"{reach.records:,}", "record read" if reach.records == 1 else "records read"),
        Figure(f"{reach.days:,}", "day with records" if reach.days == 1 else "days with records"),
    ]
    if report.fault_count:
        faults = "fault" if report.fault_count == 1 else "faults"
        found.append(Figure(f"{report.fault_count:,}", f"{faults} in what was read", bad=True))
    return found


def _bars(report: Report) -> list[Bars]:
    kinds = {
        "Account": report.accounts,
        "Actor": report.actors,
        "Event": report.events,
        "Origin": report.origins,
    }
    return [
        Bars(name, _with_lengths(shares, alerts=report.alerts > 0))
        for name, shares in kinds.items()
        if shares
    ]


def _with_lengths(shares: Sequence[Share], *, alerts: bool) -> tuple[tuple[Share, float], ...]:
    """Each share with the length of its bar: of alerts, or of matches where nothing is told. The others,
    which are many, have none: theirs would dwarf what it stands beside."""
    numbers = [0 if share.value == OTHERS else share.alerts if alerts else share.matches for share in shares]
    most = max(numbers) or 1
    return tuple(
        (share, round(100 * number / most, 1)) for share, number in zip(shares, numbers, strict=True)
    )
