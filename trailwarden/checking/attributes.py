"""What a rule says about itself: what is missing, what stands twice, and tags that ATT&CK does not have."""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from trailwarden.checking.places import at
from trailwarden.rules.correlation import CorrelationSource
from trailwarden.rules.fields import nearest
from trailwarden.rules.finding import Finding
from trailwarden.rules.ruleset import Node, RuleSet
from trailwarden.rules.source import Source

_ATTRIBUTES = {
    "id": "add a UUID, such as the command `uuidgen` makes: without it, the id changes with the detection",
    "level": "write one of informational, low, medium, high, critical; without it, medium is taken",
    "description": "say in a sentence what the rule finds, and why it matters",
    "tags": "name the ATT&CK tactic and technique, such as attack.persistence and attack.t1098",
    "falsepositives": "say what is harmless and looks the same, or `None known`",
    "references": "link what describes the technique, or the API call's page",
}
_TACTIC_NAMES = """
    reconnaissance resource-development initial-access execution persistence privilege-escalation
    defense-evasion stealth defense-impairment credential-access discovery lateral-movement collection
    command-and-control exfiltration impact"""
_TACTICS = frozenset(_TACTIC_NAMES.split())
"""The tactics of ATT&CK's enterprise matrix; `defense-evasion` is also two of their own since version 19."""
_NUMBERED = re.compile(r"t\d{4}(?:\.\d{3})?|[sgc]\d{4}|ta\d{4}|ds\d{4}|m\d{4}")


def missing_attributes(source: Source) -> Iterator[Finding]:
    """Attributes that every rule should have."""
    given = source.document.data
    for name, cure in _ATTRIBUTES.items():
        if name == "level" and isinstance(source, CorrelationSource):
            continue  # the highest level of its rules
        if not given.get(name):
            yield at(source, (), f"no-{name}", f"the rule has no `{name}`", cure)


def missing_tests(source: Source) -> Iterator[Finding]:
    """Tests that a rule lacks: what it must match, and the near miss that it must not."""
    tests = source.block.tests
    for key, wanted, what in (
        ("match", True, "a record that the rule must match"),
        ("no_match", False, "a near miss: a record that is almost the same, and must not match"),
    ):
        if not any(test.must_match is wanted for test in tests):
            message = f"the rule has no test under `{key}`"
            cure = f"add {what}, under `trailwarden: tests: {key}:`"
            yield at(source, ("trailwarden", "tests"), "no-test", message, cure)


def wrong_tags(source: Source) -> Iterator[Finding]:
    """`attack.` tags that are neither a tactic nor have the form of a technique, group or software."""
    tags = source.document.data.get("tags")
    for index, tag in enumerate(tags if isinstance(tags, list) else []):
        namespace, _, name = str(tag).partition(".")
        if namespace != "attack" or name in _TACTICS or _NUMBERED.fullmatch(name):
            continue
        near = name.replace("_", "-")
        near = near if near in _TACTICS or _NUMBERED.fullmatch(near) else nearest(name, _TACTICS, cutoff=0.7)
        cure = (
            f"did you mean `attack.{near}`?" if near else "write a tactic, or a technique as attack.t1098.001"
        )
        message = f"ATT&CK has neither a tactic nor a number of the form `{name}`"
        yield at(source, ("tags", index), "attack-tag", message, cure)


def repeated(sources: Sequence[Source], rule_set: RuleSet) -> Iterator[Finding]:
    """Titles and detections that another rule has too, told where they stand the second time."""
    detections = {rule.id: _unordered(rule.detection) for rule in rule_set.rules}
    titles: dict[str, Source] = {}
    found: dict[str, Source] = {}
    for source in sources:
        known = titles.setdefault(source.title.strip().lower(), source)
        if known is not source:
            message = f"the title is also that of {known.path}:{known.line}"
            cure = "say what this rule finds that the other does not"
            yield at(source, ("title",), "duplicate-title", message, cure)
        if source.id not in detections:
            continue
        same = found.setdefault(detections[source.id], source)
        if same is not source:
            message = f"the detection finds the same as {same.path}:{same.line} ({same.title})"
            cure = "keep one of the two"
            yield at(source, ("detection",), "duplicate-detection", message, cure)


def _unordered(node: Node) -> str:
    """The condition as text that is the same whatever the order of its parts."""
    return json.dumps(_sorted(node))


def _sorted(node: Any) -> Any:
    if not isinstance(node, list):
        return node
    head, *rest = node
    rest = [_sorted(each) for each in rest]
    if head in {"and", "or"} or (head in {"is", "like"} and len(rest) > 1):
        rest.sort(key=json.dumps)
    return [head, *(each.lower() if head == "is" and isinstance(each, str) else each for each in rest)]
