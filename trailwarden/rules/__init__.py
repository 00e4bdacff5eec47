"""Sigma rules: load, compile, and the compiled rule set."""
