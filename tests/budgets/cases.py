"""All cases, and what lies beside a handler."""

from tests.budgets import of_detect, of_outbox, of_people  # noqa: F401 (each adds its cases)
from tests.budgets.case import CASES, RULE, Case
from tests.budgets.world import ALERTS_TOPIC, World
from trailwarden.alerting import MAIN, Alerting, Route, dump_alerting
from trailwarden.rules.ruleset import RuleSet, dump_rule_set

__all__ = ["CASES", "Case", "lay"]


def lay(world: World, artefact: bytes | None) -> None:
    """What lies beside the handler, where the case has not laid its own."""
    settings = world.folder / "alerting.json"
    if not settings.exists():
        settings.write_bytes(dump_alerting(Alerting(topics=(Route(MAIN, ALERTS_TOPIC),))))
    rules = world.folder / "ruleset.json"
    if not rules.exists():
        rules.write_bytes(artefact or dump_rule_set(RuleSet(rules=(RULE,))))
