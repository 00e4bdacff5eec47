"""Matches become alerts: grouped, counted, worded, made safe to print."""
