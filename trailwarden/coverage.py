"""What a rule set covers, by its own tags: ATT&CK tactics and techniques, and controls of the CIS benchmarks.

Tags name ids alone, and so does this: MITRE's names change with each version of ATT&CK, and fetching them
would need a network. https://sigmahq.io/docs/basics/tags.html
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from trailwarden.rules.ruleset import Correlation, Rule

_TECHNIQUE = re.compile(r"attack\.(t\d{4}(?:\.\d{3})?)")
_TACTIC = re.compile(r"attack\.([a-z][a-z_-]*)")
_CONTROL = re.compile(r"(cis(?:[._-][a-z0-9_.-]*?)?)[._-](\d{1,2}\.\d{1,2})")
_STAGED = frozenset({"test", "experimental"})
_NOT_RUN = frozenset({"deprecated", "unsupported"})
_FEWEST, _MOST = "#cfe2ff", "#1f5fbf"
_TECHNIQUE_PAGE = "https://attack.mitre.org/techniques/"


@dataclass(frozen=True, slots=True)
class Covered:
    """One tactic, technique or control, and the rules that name it. `staged`: how many of them are of status
    test or experimental, and so tell nobody yet."""

    id: str
    rules: tuple[Rule | Correlation, ...]
    framework: str = ""
    """Of a control: the part of its tag before the number, such as `cis-aws`."""

    @property
    def staged(self) -> int:
        return sum(rule.status in _STAGED for rule in self.rules)


@dataclass(frozen=True, slots=True)
class Coverage:
    """Tactics and techniques by their ids, controls by framework and number; `untagged` name none of them."""

    tactics: tuple[Covered, ...]
    techniques: tuple[Covered, ...]
    controls: tuple[Covered, ...]
    untagged: tuple[Rule | Correlation, ...]

    @property
    def rules(self) -> frozenset[str]:
        """The ids of the rules that name a tactic, technique or control."""
        parts = (*self.tactics, *self.techniques, *self.controls)
        return frozenset(rule.id for part in parts for rule in part.rules)


def coverage_of(rules: Iterable[Rule | Correlation]) -> Coverage:
    """The coverage of the rules that tell people something: those that only feed correlations, and those of
    status deprecated or unsupported, cover nothing."""
    tactics: dict[str, list[Rule | Correlation]] = {}
    techniques: dict[str, list[Rule | Correlation]] = {}
    controls: dict[tuple[str, str], list[Rule | Correlation]] = {}
    untagged = []
    for rule in sorted(rules, key=lambda one: (-one.level, one.title)):
        if not rule.generates or rule.status in _NOT_RUN:
            continue
        named = False
        for tag in dict.fromkeys(tag.lower() for tag in rule.tags):
            if found := _TECHNIQUE.fullmatch(tag):
                techniques.setdefault(found.group(1).upper(), []).append(rule)
            elif found := _TACTIC.fullmatch(tag):
                tactics.setdefault(found.group(1).replace("_", "-"), []).append(rule)
            elif found := _CONTROL.fullmatch(tag):
                controls.setdefault((found.group(1), found.group(2)), []).append(rule)
            else:
                continue
            named = True
        if not named:
            untagged.append(rule)
    return Coverage(
        tuple(Covered(name, tuple(found)) for name, found in sorted(tactics.items())),
        tuple(Covered(name, tuple(found)) for name, found in sorted(techniques.items())),
        tuple(
            Covered(number, tuple(found), framework)
            for (framework, number), found in sorted(controls.items(), key=lambda pair: _order(*pair[0]))
        ),
        tuple(untagged),
    )


def _order(framework: str, number: str) -> tuple[str, list[int]]:
    return framework, [int(part) for part in number.split(".")]


def navigator_layer(coverage: Coverage, *, name: str, description: str = "") -> dict[str, Any]:
    """An ATT&CK Navigator layer: each technique scored by the number of its rules, which its comment names.

    Format 4.5: https://github.com/mitre-attack/attack-navigator/blob/master/layers/spec/v4.5/layerformat.md
    """
    most = max((len(one.rules) for one in coverage.techniques), default=1)
    return {
        "name": name,
        "versions": {"navigator": "5.0.0", "layer": "4.5"},
        "domain": "enterprise-attack",
        "description": description,
        "sorting": 3,
        "layout": {
            "layout": "side",
            "showID": True,
            "showName": True,
            "showAggregateScores": True,
            "aggregateFunction": "sum",
            "countUnscored": False,
            "expandedSubtechniques": "annotated",
        },
        "hideDisabled": False,
        "techniques": [_technique(one) for one in coverage.techniques],
        "gradient": {"colors": [_FEWEST, _MOST], "minValue": 0, "maxValue": most},
        "legendItems": [
            {"label": "few rules", "color": _FEWEST},
            {"label": f"{most} rule{'' if most == 1 else 's'}", "color": _MOST},
        ],
        "showTacticRowBackground": False,
        "selectTechniquesAcrossTactics": True,
        "selectSubtechniquesWithParent": False,
        "selectVisibleTechniques": False,
        "metadata": [{"name": "rules", "value": str(len(coverage.rules))}],
    }


def _technique(covered: Covered) -> dict[str, Any]:
    staged = [{"name": "not yet told", "value": str(covered.staged)}] if covered.staged else []
    return {
        "techniqueID": covered.id,
        "score": len(covered.rules),
        "comment": "\n".join(f"{rule.title} ({rule.level})" for rule in covered.rules),
        "enabled": True,
        "metadata": [*staged, *({"name": str(rule.level), "value": rule.title} for rule in covered.rules)],
        "links": [{"label": "ATT&CK", "url": _TECHNIQUE_PAGE + covered.id.replace(".", "/")}],
    }
