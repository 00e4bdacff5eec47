"""Matches become alerts: grouped over time, counted, titled."""
