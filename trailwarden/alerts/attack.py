"""ATT&CK as a rule's tags name it: `attack.defense-evasion`, `attack.t1562.008`.

https://github.com/SigmaHQ/sigma-specification, appendix on tags; the numbers: https://attack.mitre.org/tactics/
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

_TECHNIQUE = re.compile(r"attack\.(t\d{4})(?:\.(\d{3}))?", re.IGNORECASE)
TACTICS = {
    "reconnaissance": "TA0043",
    "resource-development": "TA0042",
    "initial-access": "TA0001",
    "execution": "TA0002",
    "persistence": "TA0003",
    "privilege-escalation": "TA0004",
    "defense-evasion": "TA0005",
    "credential-access": "TA0006",
    "discovery": "TA0007",
    "lateral-movement": "TA0008",
    "collection": "TA0009",
    "command-and-control": "TA0011",
    "exfiltration": "TA0010",
    "impact": "TA0040",
}


@dataclass(frozen=True, slots=True)
class Technique:
    """`id` is `T1562` or `T1562.008`; `parent` is the technique that a sub-technique belongs to."""

    id: str
    parent: str | None = None


def tactics(tags: Iterable[str]) -> tuple[str, ...]:
    """The tactics by their names (`defense-evasion`), in the order of the tags."""
    names = (
        tag.removeprefix("attack.").replace("_", "-").lower() for tag in tags if tag.startswith("attack.")
    )
    return tuple(dict.fromkeys(name for name in names if name in TACTICS))


def techniques(tags: Iterable[str]) -> tuple[Technique, ...]:
    """The techniques and sub-techniques, in the order of the tags."""
    found = (_TECHNIQUE.fullmatch(tag) for tag in tags)
    return tuple(
        dict.fromkeys(
            Technique(f"{name.upper()}.{part}", name.upper()) if part else Technique(name.upper())
            for name, part in (match.groups() for match in found if match)
        )
    )
