"""`python -m trailwarden.cli` is `trailwarden`."""

from trailwarden.cli import main

main(prog_name="trailwarden")
