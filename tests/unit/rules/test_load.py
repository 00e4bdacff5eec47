"""What Sigma leaves to the author is not demanded."""

from pathlib import Path

import pytest

from trailwarden.rules.compile import compile_rules
from trailwarden.rules.load import load_rules, parse_rules
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


MANY = """\
title: Many
id: 7e6f5a4b-3c2d-4e1f-8a9b-0c1d2e3f4a51
level: hihg
logsource: {product: aws, service: cloudtrail}
detection:
  first:
    eventName|re: '^(?!Get).*'
    sourceIPAddress|cidr: 10.1.2.3/8
  second:
    userIdentity.userName|expand: ['%Nobody%', '%services_on_ther_own%']
    userAgent|contians: x
  condition: frist and second
trailwarden:
  runbook: [7, ok, '']
  quiet: soon
---
title: Corr
correlation:
  type: event_cuont
  rules: [x]
  group-by: [account]
  aliases: {a: 7, b: {x: 'y[0]'}, c: []}
  timespan: soon
"""


def test_all_mistakes_in_one_block_are_named_at_once_each_with_a_fix() -> None:
    _, problems = parse_rules("rule.yml", MANY.encode())
    assert [problem.line for problem in problems if not problem.cure] == []
    first = sorted(problem.line for problem in problems if problem.line < 16)
    assert first == [3, 7, 8, 10, 10, 11, 12, 14, 14, 15]
    later = [problem.message for problem in problems if problem.line > 16]
    assert "the alias `a` must be a map" in later
    assert "the alias `c` must be a map" in later
    assert any("`y[0]`" in message for message in later)
    cures = {problem.line: problem.cure for problem in problems}
    assert "`and not`" in cures[7]
    assert cures[8] == "write the network's own address: 10.0.0.0/8"
    assert "did you mean `first`?" in cures[12]
    assert {problem.cure.partition("?")[0] for problem in problems if problem.line == 10} >= {
        "did you mean %services_on_their_own%"
    }
