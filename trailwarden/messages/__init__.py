"""Alerts, storms and weeks as people and machines read them: one file a form."""
