"""Backtests: what rules would have found, and told, on the records of the past, before they are published."""
