"""Trailwarden: Sigma rules on every AWS CloudTrail record, alerts over SNS."""

__version__ = "0.1.0"
