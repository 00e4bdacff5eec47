"""Sigma YAML → rule set → artefact and back. Importing this package imports no pySigma."""

from trailwarden.rules.shipped import shipped_rules_path

__all__ = ["shipped_rules_path"]
