"""Rules checked before they go live: every mistake at once, each with its place, its cure and a code."""

from trailwarden.rules.check.api import ApiModels, ApiOperation, ApiShape
from trailwarden.rules.check.checker import check_rules
from trailwarden.rules.finding import Finding, Severity

__all__ = ["ApiModels", "ApiOperation", "ApiShape", "Finding", "Severity", "check_rules"]
