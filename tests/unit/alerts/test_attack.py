"""Tactics and techniques are read from a rule's tags; other tags are passed over."""

from trailwarden.alerts.attack import TACTICS, Technique, tactics, techniques

TAGS = (
    "attack.defense-evasion",
    "attack.privilege_escalation",
    "attack.t1562.008",
    "attack.T1098",
    "attack.t1098",
    "attack.s0002",
    "attack.g0032",
    "cis.v6.5.5",
    "defense-evasion",
)


def test_tactics_by_their_names_whichever_dash_is_written() -> None:
    assert tactics(TAGS) == ("defense-evasion", "privilege-escalation")


def test_techniques_and_what_they_belong_to() -> None:
    assert techniques(TAGS) == (Technique("T1562.008", "T1562"), Technique("T1098"))


def test_every_tactic_has_a_number_of_its_own() -> None:
    assert len(set(TACTICS.values())) == len(TACTICS) == 14
