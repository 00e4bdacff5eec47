"""Findings at a place of a rule's document."""

from trailwarden.rules.document import Path
from trailwarden.rules.filters import FilterSource
from trailwarden.rules.finding import Finding, Severity
from trailwarden.rules.outline import Part
from trailwarden.rules.source import Source

ERRORS = frozenset({"never-true", "always-true"})
"""What keeps a rule from going live though it can be evaluated."""


def at(source: Source, path: Path, code: str, message: str, cure: str) -> Finding:
    """A finding where the key at a path stands, or what would hold it."""
    line, column = source.document.place(path)
    severity = Severity.ERROR if code in ERRORS else Severity.WARNING
    return Finding(source.path, line, column, message, cure, code=code, severity=severity)


def at_part(source: Source | FilterSource, part: Part, code: str, message: str, cure: str) -> Finding:
    """A finding where a part of a condition stands."""
    return Finding(source.path, part.line, part.column, message, cure, code=code)
