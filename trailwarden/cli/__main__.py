"""`python -m trailwarden.cli` is `trailwarden`."""

from trailwarden.__main__ import main

main()
