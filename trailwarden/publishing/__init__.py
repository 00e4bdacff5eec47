"""Rules that people edit → the live rule set. Runs in the function `publish_rules`, over protocols."""
