"""The JSON schema that editors complete rules with says what the reader takes."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from trailwarden.rules import block, correlation
from trailwarden.rules.document import read_documents
from trailwarden.rules.load import parse_rules
from trailwarden.rules.ruleset import CorrelationType, Level

ROOT = Path(__file__).parents[3]
SCHEMA: dict[str, Any] = json.loads((ROOT / "docs/schemas/rule.schema.json").read_text(encoding="utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER)
FILES = sorted([*ROOT.glob("rules/**/*.yml"), *ROOT.glob("docs/examples/*.yml")])


def documents(path: Path) -> list[Any]:
    found, problems = read_documents(path.as_posix(), path.read_bytes())
    assert problems == []
    return [document.data for document in found]


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_document_that_ships_fits(path: Path) -> None:
    for data in documents(path):
        assert [error.message for error in VALIDATOR.iter_errors(data)] == []


def test_it_knows_the_keys_that_the_reader_knows() -> None:
    definitions = SCHEMA["$defs"]
    rule = definitions["rule"]["properties"]["trailwarden"]["properties"]
    assert set(rule) == set(block._KEYS)
    assert set(rule["tests"]["properties"]) == set(block._TEST_KEYS)
    parts = definitions["correlationRule"]["properties"]["correlation"]["properties"]
    assert set(parts) == set(correlation._KEYS)
    assert set(parts["type"]["enum"]) == set(CorrelationType)
    assert set(parts["condition"]["properties"]) == {*correlation.COMPARISONS, "field", "percentile"}
    assert set(definitions["level"]["enum"]) == {str(level) for level in Level}


RULE = """
title: Access Key Created
id: 0f6b0f2c-6d0e-4bb5-a9b8-5c5a6f1f3c77
level: medium
logsource: {product: aws, service: cloudtrail}
detection:
  selection: {eventName: CreateAccessKey}
  condition: selection
trailwarden:
  title: "{actor} created an access key"
"""


def errors(text: str) -> list[str]:
    (document,), _ = read_documents("rule.yml", text.encode())
    return [error.message for error in VALIDATOR.iter_errors(document.data)]


def test_a_sound_rule_fits_both() -> None:
    assert errors(RULE) == []
    assert parse_rules("rule.yml", RULE.encode())[1] == []


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("level: medium", "level: hihg"),
        ("id: 0f6b0f2c-6d0e-4bb5-a9b8-5c5a6f1f3c77", "id: mine"),
        ('  title: "{actor} created', '  titel: "{actor} created'),
        ("  condition: selection\n", ""),
        ("product: aws", "product: windows"),
        ("title: Access Key Created\n", ""),
    ],
)
def test_a_mistake_fits_neither(right: str, wrong: str) -> None:
    text = RULE.replace(right, wrong)
    assert text != RULE
    assert errors(text) != []
    assert parse_rules("rule.yml", text.encode())[1] != []


@pytest.mark.parametrize("missing", ["owner", "reason", "expires"])
def test_an_exception_needs_owner_reason_and_end(missing: str) -> None:
    block_of = {"owner": "identity team", "reason": "the quarterly drill", "expires": "2027-01-31"}
    data = {
        "title": "Drills",
        "logsource": {"product": "aws", "service": "cloudtrail"},
        "filter": {"rules": "any", "drill": {"userIdentity.userName": "alice"}, "condition": "drill"},
        "trailwarden": block_of,
    }
    assert VALIDATOR.is_valid(data)
    del block_of[missing]
    assert not VALIDATOR.is_valid(data)
