"""What Sigma leaves to the author is not demanded."""

from pathlib import Path

import pytest

from trailwarden.rules.compile import compile_rules
from trailwarden.rules.load import load_rules
from trailwarden.rules.ruleset import Level, Rule

LEAST = """
title: The least that a rule says
logsource: {product: aws, service: cloudtrail}
detection:
  selection: {eventName: StopLogging}
  condition: selection
"""


def loaded(folder: Path, text: str) -> Rule:
    file = folder / "rule.yml"
    file.write_text(text)
    (rule,) = compile_rules(load_rules([file])).rules
    return rule


def test_a_rule_without_level_is_medium(tmp_path: Path) -> None:
    assert loaded(tmp_path, LEAST).level is Level.MEDIUM


def test_a_rule_without_id_gets_one_made_from_what_it_finds(tmp_path: Path) -> None:
    first = loaded(tmp_path, LEAST)
    assert loaded(tmp_path, LEAST + "description: More words\n").id == first.id
    assert loaded(tmp_path, LEAST.replace("StopLogging", "DeleteTrail")).id != first.id


@pytest.mark.parametrize(
    "source", ["product: aws", "service: cloudtrail", "product: aws, service: cloudtrail"]
)
def test_a_log_source_that_leaves_a_part_out_means_any(tmp_path: Path, source: str) -> None:
    text = LEAST.replace("product: aws, service: cloudtrail", source)
    assert loaded(tmp_path, text).title == "The least that a rule says"
