"""Rules checked before they go live: every mistake at once, each with its place, its cure and a code."""

from trailwarden.checking.api import ApiModels, ApiOperation, ApiShape
from trailwarden.checking.checker import check_rules
from trailwarden.rules.finding import Finding, Severity

__all__ = ["ApiModels", "ApiOperation", "ApiShape", "Finding", "Severity", "check_rules"]
