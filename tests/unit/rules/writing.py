"""Rules written for a test: a frame around the part that the test is about."""

from textwrap import dedent, indent
from typing import Any

from trailwarden.engine.evaluate import holds
from trailwarden.errors import Problem
from trailwarden.rules.compile import compile_usable
from trailwarden.rules.load import parse_rules

RULE_ID = "0c1f0a5e-6a0e-4e0e-9d5e-0a4b8c8f4a10"


def rule_text(detection: str, extra: str = "", rule_id: str = RULE_ID) -> str:
    """A whole rule around the body of its `detection:`, which begins at line 8."""
    head = f"title: A rule\nid: {rule_id}\nlevel: high\n"
    log_source = "logsource:\n  product: aws\n  service: cloudtrail\n"
    body = indent(dedent(detection).strip(), "  ")
    return f"{head}{log_source}detection:\n{body}\n{dedent(extra).strip()}\n"


def problems_of(text: str) -> list[Problem]:
    """Every mistake in a rule file, from reading and from compiling."""
    sources, problems = parse_rules("rule.yml", text.encode())
    return sorted([*problems, *compile_usable(sources)[1]])


def rule_matches(detection: str, record: dict[str, Any]) -> bool:
    """Whether a rule with this detection matches the record."""
    sources, problems = parse_rules("rule.yml", rule_text(detection).encode())
    assert not problems, "\n".join(map(str, problems))
    rule_set, refused = compile_usable(sources)
    assert not refused, "\n".join(map(str, refused))
    (rule,) = rule_set.rules
    return holds(rule.detection, record)
