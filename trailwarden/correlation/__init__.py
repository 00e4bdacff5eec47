"""Correlations: what the matches of rules mean together, over event time (docs/correlations.md)."""
