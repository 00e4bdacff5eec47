"""docs/cost.md is true: what it counts stands in the templates, and its sums add up."""

import ast
import re
from decimal import Decimal
from typing import Any

from tests.infra.conftest import ROOT, Synthesized

PAGE = (ROOT / "docs" / "cost.md").read_text(encoding="utf-8")
IDLE = PAGE.partition("## When nothing happens")[2].partition("\n## ")[0]
ROWS = {
    cells[0]: cells[1:]
    for line in IDLE.splitlines()
    if len(cells := [cell.strip() for cell in line.strip("|").split("|")]) == 4
}


def number_of(row: str) -> int:
    (cells,) = (cells for name, cells in ROWS.items() if name.startswith(row))
    return int(cells[0])


def resources(deployment: Synthesized, kind: str) -> list[dict[str, Any]]:
    return [
        one["Properties"]
        for stack in deployment.templates
        for one in deployment.resources(stack, kind).values()
    ]


def test_keys_and_alarms_are_as_many_as_the_page_says(deployment: Synthesized) -> None:
    keys = resources(deployment, "AWS::KMS::Key")
    assert len(keys) == number_of("customer managed keys")
    assert f"{3 * len(keys)}.00 for the four keys" in IDLE
    assert len(resources(deployment, "AWS::CloudWatch::Alarm")) == number_of("alarms")


def test_metrics_are_those_that_alarms_watch_and_as_many_as_the_page_says(deployment: Synthesized) -> None:
    watched = {
        (alarm["Dimensions"][0]["Value"].removeprefix("trailwarden-"), alarm["MetricName"])
        for alarm in resources(deployment, "AWS::CloudWatch::Alarm")
        if alarm["Namespace"] == "Trailwarden"
    }
    sent = set()
    for handler in sorted((ROOT / "lambdas").glob("*/handler.py")):
        function = handler.parent.name.replace("_", "-")
        text = handler.read_text(encoding="utf-8")
        assert "Metrics" not in text, (
            "counts go into the log line; those that alarms watch, count_for_alarms sends"
        )
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "count_for_alarms":
                assert not node.args
                sent |= {(function, str(keyword.arg)) for keyword in node.keywords}
    assert sent == watched
    assert len(watched) == number_of("metrics of Trailwarden's own")


def test_the_figures_that_the_page_names_are_in_the_handlers() -> None:
    table = PAGE.partition("| log group")[2].partition("\n\n")[0]
    for line in table.splitlines()[2:]:
        function, message, figures = (cell.strip() for cell in line.strip("|").split("|"))
        name = function.strip("`").replace("-", "_")
        text = (ROOT / "lambdas" / name / "handler.py").read_text(encoding="utf-8")
        assert f'"{message.strip("`")}"' in text
        tally = (ROOT / "trailwarden" / "dispatch" / "tending.py").read_text(encoding="utf-8")
        for figure in re.findall(r"`(\w+)`", figures):
            assert f'"{figure}"' in text or f"    {figure}: int" in tally, figure


def test_the_sum_is_the_sum_and_the_readmes() -> None:
    amounts = {name: Decimal(cells[2]) for name, cells in ROWS.items() if re.fullmatch(r"[\d.]+", cells[2])}
    assert amounts
    total = Decimal(ROWS["**together**"][2].strip("*"))
    assert sum(amounts.values()) == total
    assert total < 9
    assert f"${total} a month" in (ROOT / "README.md").read_text(encoding="utf-8")
    for row, cells in ROWS.items():
        if row.startswith(("customer managed keys", "alarms")):
            assert Decimal(cells[0]) * Decimal(cells[1]) == Decimal(cells[2])
