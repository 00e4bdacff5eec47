"""Rules written for the checker's tests: a sound frame, and fragments that replace parts of it."""

from typing import Any

import yaml

from trailwarden.aws.api_models import BotocoreModels
from trailwarden.checking import Finding, check_rules
from trailwarden.rules.load import read_rules

API = BotocoreModels()
FRAME: dict[str, Any] = {
    "title": "User Created",
    "id": "0c1f0a5e-6a0e-4e0e-9d5e-0a4b8c8f4a10",
    "description": "Someone made a user.",
    "references": ["https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateUser.html"],
    "tags": ["attack.persistence", "attack.t1136.003"],
    "logsource": {"product": "aws", "service": "cloudtrail"},
    "detection": {
        "selection": {"eventSource": "iam.amazonaws.com", "eventName": "CreateUser"},
        "condition": "selection",
    },
    "falsepositives": ["Administrators"],
    "level": "medium",
    "trailwarden": {
        "tests": {
            "match": [{"eventSource": "iam.amazonaws.com", "eventName": "CreateUser"}],
            "no_match": [{"eventSource": "iam.amazonaws.com", "eventName": "GetUser"}],
        }
    },
}


def framed(fragments: str) -> str:
    """Rules as YAML: each document of the fragments over the frame, a key without a value taken out (filters
    and lists stand alone; a filter without any rule, beside the frame)."""
    documents = []
    given = list(yaml.safe_load_all(fragments))
    if all("filter" in fragment for fragment in given):
        given.insert(0, {})
    for number, fragment in enumerate(given):
        alone = {"filter", "correlation", "values"} & fragment.keys()
        frame = {} if alone else {**FRAME, "id": FRAME["id"][:-1] + str(number)}
        whole = {key: value for key, value in {**frame, **fragment}.items() if value is not None}
        documents.append(yaml.safe_dump(whole, sort_keys=False))
    return "---\n".join(documents)


def findings_in(text: str, tmp_path: Any) -> list[Finding]:
    """What the checker says of a rule file."""
    file = tmp_path / "rule.yml"
    file.write_text(text)
    return check_rules(*read_rules([file]), api=API)
