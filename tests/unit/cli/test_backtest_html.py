"""The page of a backtest: complete in itself, and deaf to what attackers write into records."""

import base64
import hashlib
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import pytest

from tests.samples import record
from tests.unit.backtest.test_backtest import DRILLS, STOP, by_user, rules_of, run
from trailwarden.backtest.report import Report
from trailwarden.cli.rules.backtest_charts import _step
from trailwarden.cli.rules.backtest_html import page_of, script_json

_HOSTILE = (
    "</script><script>document.title='pwned'</script>",
    "<img src=x onerror=\"document.title='pwned'\">",
    "\"><svg onload=document.title='pwned'>",
    "<!--<script>",
    "{{ 7 * 191 }}{% raw %}",
    "<a href=\"javascript:document.title='pwned'\">click</a>",
    "%{customdata}</span></td>",
)
_VOID = frozenset({"meta", "link", "img", "br", "hr", "input"})


class _Page(HTMLParser):
    """The elements of a page, its text, and its scripts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append((dict(attrs), ""))
        if tag not in _VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] == "script":
            attrs, text = self.scripts[-1]
            self.scripts[-1] = (attrs, text + data)
        elif not self._open or self._open[-1] != "style":
            self.text.append(data)


def hostile_report() -> Report:
    """Every field that a record fills says something hostile, and so does the rule itself."""
    quoted = json.dumps(_HOSTILE[0])
    stop = STOP.replace("title: Trail stopped", f"title: {quoted}") + (
        "trailwarden: {title: '{actor} stopped {userAgent} and {requestParameters.name}'}\n"
    )
    drills = DRILLS.replace("mallory", "drill").replace("They told us.", quoted)
    records = [
        by_user(
            number,
            text,
            sourceIPAddress=text,
            userAgent=text,
            awsRegion=text,
            errorCode=text,
            eventSource=text,
            recipientAccountId=text,
            requestParameters={"name": text},
        )
        for number, text in enumerate(_HOSTILE)
    ]
    return run(rules_of(stop, drills), [*records, by_user(99, "drill")])


@pytest.fixture(scope="module")
def hostile() -> str:
    return page_of(hostile_report())


def test_hostile_text_is_shown_and_makes_no_element(hostile: str) -> None:
    page, plain = _Page(hostile), _Page(page_of(run(rules_of(STOP), [record(1)])))
    assert {tag for tag, _ in page.elements} <= {tag for tag, _ in plain.elements} | {"article"}
    for _, attrs in page.elements:
        assert not any(name.startswith("on") or name in {"href", "src"} for name in attrs)
    text = " ".join(" ".join(page.text).split())
    for word in _HOSTILE:
        assert word in text


def test_only_the_scripts_that_the_policy_names_are_there(hostile: str) -> None:
    page = _Page(hostile)
    policy = next(
        str(attrs["content"])
        for tag, attrs in page.elements
        if tag == "meta" and attrs.get("http-equiv") == "Content-Security-Policy"
    )
    allowed = re.findall(r"'sha256-([^']+)'", policy)
    run_scripts = [text for attrs, text in page.scripts if "type" not in attrs]
    digests = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in run_scripts]
    assert digests == allowed
    assert len(digests) == 2
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy.split("script-src")[1].split(";")[0]


def test_the_charts_data_is_json_that_cannot_leave_its_element(hostile: str) -> None:
    ((_, data),) = [(attrs, text) for attrs, text in _Page(hostile).scripts if "type" in attrs]
    assert not set(data) & set("<>&\u2028\u2029")
    charts = json.loads(data)
    # Plotly reads HTML in names: it gets them escaped.
    assert charts["alerts"]["data"][0]["name"].startswith("&lt;/script&gt;")


@pytest.mark.parametrize("value", ["</script>", "<!--", "a\u2028b\u2029c", "&amp;", "\ud7ff\\u003c"])
def test_json_in_a_script_reads_back_as_it_was(value: str) -> None:
    made = script_json({"text": value})
    assert not set(made) & set("<>&\u2028\u2029")
    assert json.loads(made) == {"text": value}


def test_the_page_loads_nothing(hostile: str) -> None:
    for tag, attrs in _Page(hostile).elements:
        assert tag not in {"link", "iframe", "object", "base", "form"}
        assert not {"src", "href", "srcset", "action"} & attrs.keys()
    style = hostile.partition("<style>")[2].partition("</style>")[0]
    assert style.strip()
    assert "url(" not in style
    assert "@import" not in style


def test_the_page_says_what_was_found() -> None:
    records = [record(1), by_user(2, "alice"), by_user(3, "alice", eventTime="2026-03-02T08:00:00Z")]
    page = _Page(page_of(run(rules_of(STOP, DRILLS), records)))
    text = " ".join(" ".join(page.text).split())
    assert "“Trail stopped” would have raised 2 alerts" in text
    assert "Alerts a day" in text
    assert "user alice in account 444455556666" in text
    assert "Hides 1 match of 1 alert and 1 rule" in text
    ids = [attrs.get("id") for _, attrs in page.elements]
    assert {"alerts", "hours", "charts"} <= set(ids)


def test_a_page_of_records_without_times_can_be_made() -> None:
    page = _Page(page_of(run(rules_of(STOP), [record(1, eventTime="yesterday")])))
    assert "would have raised 1 alert." in " ".join(page.text)


def test_a_page_without_matches_has_no_charts_and_no_script() -> None:
    page = _Page(page_of(run(rules_of(STOP), [])))
    assert page.scripts == []
    assert "raised no alert" in " ".join(page.text)


@pytest.mark.parametrize(
    ("last", "unit"),
    [("2026-03-20", "day"), ("2026-11-20", "week"), ("2031-03-20", "month")],
)
def test_bars_stay_wide_enough_to_be_seen(last: str, unit: str) -> None:
    records = [record(1), record(2, eventTime=f"{last}T10:00:00Z")]
    page = page_of(run(rules_of(STOP), records))
    assert f"Alerts a {unit}" in page
    ((_, data),) = [(attrs, text) for attrs, text in _Page(page).scripts if "type" in attrs]
    bars: dict[str, Any] = json.loads(data)["alerts"]["data"][0]
    assert sum(bars["y"]) == 2
    assert bars["x"] == sorted(bars["x"])


@pytest.mark.skipif(shutil.which("chromium") is None, reason="no chromium here to open the page with")
def test_a_browser_draws_the_charts_and_runs_nothing_else(hostile: str, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text(hostile, encoding="utf-8")
    flags = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync"
    quiet = "--disable-background-networking --disable-component-update --virtual-time-budget=5000"
    result = subprocess.run(
        [
            "chromium",
            *flags.split(),
            *quiet.split(),
            f"--user-data-dir={tmp_path / 'profile'}",
            "--enable-logging=stderr",
            "--dump-dom",
            file.as_uri(),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "<title>Backtest: " in result.stdout
    assert 'class="main-svg"' in result.stdout
    assert "Content Security Policy" not in result.stderr
    assert "Uncaught" not in result.stderr


@pytest.mark.parametrize("alerts", [1, 2, 3, 5, 6, 7, 11, 99, 1000])
def test_the_axis_of_the_chart_has_whole_numbers_alone(alerts: int) -> None:
    figure = go.Figure([go.Bar(x=["2026-03-01", "2026-03-02"], y=[alerts // 2, 1])])
    figure.add_trace(go.Bar(x=["2026-03-01"], y=[alerts - alerts // 2]))
    step = _step(figure)
    assert isinstance(step, int)
    assert alerts / 6 <= step <= max(1, alerts / 6 * 2.5)
