"""The arrows of docs/architecture.md: who may import whom, read from the code itself."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# Each part, and the parts that it may import besides itself.
ARROWS: dict[str, set[str]] = {
    "trailwarden.errors": set(),
    "trailwarden.delivery": {"trailwarden.errors"},
    "trailwarden.rules": {"trailwarden.errors"},
    "trailwarden.checking": {
        "trailwarden.errors",
        "trailwarden.activity.services",
        "trailwarden.delivery",
        "trailwarden.rules",
        "trailwarden.engine",
        "trailwarden.alerts",
    },
    "trailwarden.engine": {
        "trailwarden.errors",
        "trailwarden.activity",
        "trailwarden.delivery",
        "trailwarden.rules",
    },
    "trailwarden.safety": set(),
    "trailwarden.activity": {
        "trailwarden.errors",
        "trailwarden.delivery",
        "trailwarden.safety",
    },
    "trailwarden.alerts": {
        "trailwarden.safety",
        "trailwarden.errors",
        "trailwarden.activity",
        "trailwarden.delivery",
        "trailwarden.rules",
        "trailwarden.engine",
    },
    "trailwarden.messages": {
        "trailwarden.safety",
        "trailwarden.activity",
        "trailwarden.delivery",
        "trailwarden.alerts",
    },
    "trailwarden.correlation": {
        "trailwarden.safety",
        "trailwarden.errors",
        "trailwarden.delivery",
        "trailwarden.rules",
        "trailwarden.engine",
        "trailwarden.alerts",
        "trailwarden.state",
    },
    "trailwarden.state": {"trailwarden.errors", "trailwarden.alerts", "trailwarden.activity"},
    "trailwarden.reading": {
        "trailwarden.safety",
        "trailwarden.activity",
        "trailwarden.delivery",
        "trailwarden.engine",
        "trailwarden.alerts",
        "trailwarden.correlation",
        "trailwarden.state",
    },
    "trailwarden.shift": set(),
    "trailwarden.detection": {
        "trailwarden.safety",
        "trailwarden.errors",
        "trailwarden.activity",
        "trailwarden.delivery",
        "trailwarden.rules",
        "trailwarden.engine",
        "trailwarden.reading",
        "trailwarden.shift",
        "trailwarden.state",
    },
    "trailwarden.intake": {"trailwarden.delivery", "trailwarden.detection", "trailwarden.shift"},
    "trailwarden.alerting": {
        "trailwarden.errors",
        "trailwarden.activity",
        "trailwarden.alerts",
        "trailwarden.messages",
        "trailwarden.rules",
    },
    "trailwarden.dispatch": {
        "trailwarden.activity.fields",
        "trailwarden.safety",
        "trailwarden.errors",
        "trailwarden.rules",
        "trailwarden.alerts",
        "trailwarden.messages",
        "trailwarden.state",
    },
    "trailwarden.watching": {"trailwarden.safety", "trailwarden.state", "trailwarden.alerting"},
    "trailwarden.answering": {"trailwarden.alerts", "trailwarden.state"},
    "trailwarden.accounts": {"trailwarden.activity", "trailwarden.errors", "trailwarden.state"},
    "trailwarden.scaffold": {
        "trailwarden.safety",
        "trailwarden.delivery",
        "trailwarden.rules",
        "trailwarden.engine",
        "trailwarden.alerts",
    },
    "trailwarden.explain": {
        "trailwarden.safety",
        "trailwarden.delivery",
        "trailwarden.rules",
        "trailwarden.engine",
        "trailwarden.alerts",
    },
    "trailwarden.rule_tests": {
        "trailwarden.explain",
        "trailwarden.errors",
        "trailwarden.delivery",
        "trailwarden.rules",
        "trailwarden.engine",
        "trailwarden.correlation",
        "trailwarden.state",
    },
    "trailwarden.backtest": {
        "trailwarden.safety",
        "trailwarden.errors",
        "trailwarden.delivery",
        "trailwarden.rules",
        "trailwarden.engine",
        "trailwarden.alerts",
        "trailwarden.correlation",
        "trailwarden.messages",
        "trailwarden.state",
    },
    "trailwarden.coverage": {"trailwarden.rules"},
    "trailwarden.unrecorded": {"trailwarden.rules", "trailwarden.engine"},
    "trailwarden.third_party": {"trailwarden.errors", "trailwarden.rules"},
    "trailwarden.live_rules": {
        "trailwarden.safety",
        "trailwarden.errors",
        "trailwarden.rules",
        "trailwarden.alerts",
        "trailwarden.state",
    },
    "trailwarden.publishing": {
        "trailwarden.checking",
        "trailwarden.safety",
        "trailwarden.errors",
        "trailwarden.rules",
        "trailwarden.rule_tests",
        "trailwarden.alerts",
        "trailwarden.state",
    },
    "trailwarden.aws.channels": {
        "trailwarden.activity",
        "trailwarden.alerting",
        "trailwarden.alerts",
        "trailwarden.messages",
        "trailwarden.aws",
    },
    "trailwarden.aws.telling": {
        "trailwarden.accounts",
        "trailwarden.activity",
        "trailwarden.alerting",
        "trailwarden.aws",
        "trailwarden.dispatch",
        "trailwarden.state",
    },
    "trailwarden.aws": {
        "trailwarden.safety",
        "trailwarden.errors",
        "trailwarden.delivery",
        "trailwarden.rules",
        "trailwarden.activity",
        "trailwarden.alerts",
        "trailwarden.messages",
        "trailwarden.state",
    },
    "trailwarden.cli": {"trailwarden"},
    "trailwarden.__main__": {"trailwarden.cli"},
    "lambdas": {"trailwarden"},
    "infra": {"trailwarden"},
    "local": {"trailwarden", "infra"},
}
# What may not be imported, not even from elsewhere, by all but the edges.
EDGES = ("trailwarden.aws", "trailwarden.cli")
EDGE_PACKAGES = {"boto3", "botocore", "aws_lambda_powertools", "urllib3"}
RUN_TIME = (
    "trailwarden.engine",
    "trailwarden.activity",
    "trailwarden.alerts",
    "trailwarden.messages",
    "trailwarden.correlation",
    "trailwarden.state",
    "trailwarden.aws",
    "trailwarden.delivery",
    "trailwarden.live_rules",
    "trailwarden.alerting",
    "trailwarden.accounts",
    "trailwarden.answering",
    "trailwarden.dispatch",
    "trailwarden.watching",
)
OURS = ("trailwarden", "lambdas", "infra", "local")


def modules() -> list[Path]:
    return sorted(path for package in OURS for path in (ROOT / package).rglob("*.py"))


def dotted(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def part_of(module: str) -> str | None:
    """The part that a module belongs to: the longest one that it lies in."""
    return max((part for part in ARROWS if f"{module}.".startswith(f"{part}.")), key=len, default=None)


def imports_of(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide where an arrow goes"
            found.add(str(node.module))
    return found


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_arrows_go_one_way(path: Path) -> None:
    own = part_of(dotted(path))
    if own is None:
        assert path.name == "__init__.py", f"{path} belongs to no part of docs/architecture.md"
        return
    for name in imports_of(path):
        if name.split(".")[0] not in OURS or name == "trailwarden":
            continue
        allowed = any(f"{name}.".startswith(f"{part}.") for part in ARROWS[own] | {own})
        assert allowed, f"{own} may not import {name}"


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_only_the_edges_know_aws_and_the_environment(path: Path) -> None:
    module = dotted(path)
    if not module.startswith("trailwarden.") or module.startswith(EDGES):
        return
    assert not {name.split(".")[0] for name in imports_of(path)} & EDGE_PACKAGES
    assert not re.search(r"\b(?:environ|getenv)\b", path.read_text())


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_nothing_at_run_time_loads_pysigma(path: Path) -> None:
    if dotted(path).startswith(RUN_TIME) or dotted(path) == "trailwarden.rules.ruleset":
        heads = imports_of(path)
        assert not any(name.split(".")[0] in {"sigma", "yaml", "ruamel"} for name in heads)
        assert not heads & {"trailwarden.rules.load", "trailwarden.rules.compile", "trailwarden.rule_tests"}
