"""The shipped rules: each passes its own tests, stands where it belongs, and says what people need.

Whatever is added to `rules/` is held to this, whoever writes it.
"""

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from trailwarden.rule_tests import run_rule_tests
from trailwarden.rules.compile import compile_rules
from trailwarden.rules.lint import lint_rules
from trailwarden.rules.load import files_beside, load_rules, parse_rules
from trailwarden.rules.protection import protected_ids
from trailwarden.rules.ruleset import Correlation, Rule
from trailwarden.rules.shipped import shipped_names, shipped_protected, shipped_rules_path
from trailwarden.rules.source import RuleSource, Source, named

ROOT = shipped_rules_path()
SOURCES = load_rules([ROOT])
RULE_SET = compile_rules(SOURCES)
COMPILED: dict[str, Rule | Correlation] = {
    **{rule.id: rule for rule in RULE_SET.rules},
    **{correlation.id: correlation for correlation in RULE_SET.correlations},
}
_TACTICS = """
    reconnaissance resource-development initial-access execution persistence privilege-escalation
    defense-evasion credential-access discovery lateral-movement collection command-and-control
    exfiltration impact"""
TACTICS = frozenset(_TACTICS.split())
OF_NO_TACTIC = frozenset({"cis", "self_protection"})
"""Folders that are no tactic: the benchmark's controls that fit none, and Trailwarden's own protection."""
TECHNIQUE = re.compile(r"attack\.t\d{4}(\.\d{3})?")
CIS = re.compile(r"cis-aws\.5\.([1-9]|1[0-5])")
CIS_CONTROLS = {f"cis-aws.5.{number}" for number in range(1, 16)}
"""Section 5 of the CIS AWS Foundations Benchmark, as version 6.0 numbers it."""
STEPS = range(1, 7)

each_rule = pytest.mark.parametrize(
    "source", SOURCES, ids=lambda source: f"{Path(source.path).relative_to(ROOT)}: {source.title}"
)


def test_every_shipped_rule_passes_its_own_tests() -> None:
    assert run_rule_tests(SOURCES) == []


def test_what_is_read_of_their_texts_alone_is_what_the_reader_reads() -> None:
    """Commands on a team's rules take it from there, for reading all of them in full takes seconds."""
    assert set(shipped_names()) == set(map(named, SOURCES))
    assert len(shipped_names()) == len(SOURCES)
    guarded = protected_ids(SOURCES)
    assert {(each.named, each.alert_title) for each in shipped_protected()} == {
        (named(source), source.block.alert_title) for source in SOURCES if source.id in guarded
    }


def test_a_rule_that_finds_the_same_is_found_among_the_shipped_ones() -> None:
    """Each shipped detection, handed in as a team's, is held against the file that it stands in."""
    for source in SOURCES:
        if isinstance(source, RuleSource):
            document = replace(
                source.document, data={"detection": source.document.data["detection"]}, shipped=False
            )
            assert Path(source.path) in files_beside([document]), source.title


def test_no_shipped_rule_earns_a_warning() -> None:
    assert lint_rules(SOURCES) == []


def test_ids_are_uuids_that_were_written_down_and_titles_are_told_apart() -> None:
    files = {Path(source.path) for source in SOURCES}
    written = re.findall(r"^id: (\S+)$", "\n".join(file.read_text() for file in files), re.MULTILINE)

    assert Counter(written) == Counter(source.id for source in SOURCES)
    assert all(str(UUID(one)) == one for one in written)
    titles = Counter(source.title.lower() for source in SOURCES)
    assert [title for title, number in titles.items() if number > 1] == []


@each_rule
def test_a_shipped_rule_says_what_people_need(source: Source) -> None:
    rule = COMPILED[source.id]

    assert rule.status == "stable"
    assert rule.author == "Trailwarden"
    assert rule.description
    assert rule.falsepositives
    assert all(text.startswith("https://") for text in rule.references)
    assert rule.references
    assert re.search(r"\{[^{}]+\}", rule.alert_title), "the title names nothing of the record"
    assert len(rule.runbook) in STEPS
    assert rule.owner


@each_rule
def test_a_shipped_rule_has_tests_both_ways(source: Source) -> None:
    assert {test.must_match for test in source.block.tests} == {True, False}


@each_rule
def test_the_tags_of_a_shipped_rule_are_known_and_name_its_folder(
    source: Source,
) -> None:
    tags = COMPILED[source.id].tags
    tactics = {tag.removeprefix("attack.") for tag in tags} & TACTICS
    techniques = {tag for tag in tags if TECHNIQUE.fullmatch(tag)}
    controls = {tag for tag in tags if CIS.fullmatch(tag)}

    assert len(tags) == len(set(tags))
    assert set(tags) == {f"attack.{tactic}" for tactic in tactics} | techniques | controls
    assert tactics
    assert techniques
    folder = Path(source.path).relative_to(ROOT).parts[0]
    if COMPILED[source.id].generates:  # what only feeds a correlation stands beside it
        assert folder in OF_NO_TACTIC or folder.replace("_", "-") in tactics
    assert folder != "cis" or controls


def test_every_monitoring_control_of_the_cis_benchmark_is_covered_by_a_rule_that_alerts() -> None:
    alerting = [rule for rule in COMPILED.values() if rule.generates]
    covered = {tag for rule in alerting for tag in rule.tags if CIS.fullmatch(tag)}

    assert sorted(CIS_CONTROLS - covered) == []


def test_a_file_holds_one_rule_that_alerts_or_the_rules_that_make_up_one() -> None:
    alerting = Counter(source.path for source in SOURCES if COMPILED[source.id].generates)

    assert all(number <= 2 for number in alerting.values()), alerting.most_common(
        3
    )  # two sides of one finding
    assert {source.path for source in SOURCES} == set(alerting)


def test_what_only_keeps_a_record_wakes_nobody() -> None:
    """Levels of what feeds correlations: it never alerts, so a high level would only mislead its reader."""
    feeding = [rule for rule in RULE_SET.rules if not rule.generates]

    assert [rule.title for rule in feeding if rule.level.name in {"HIGH", "CRITICAL"}] == []


def test_a_failed_test_is_told_with_the_place_of_its_record() -> None:
    text = (ROOT / "defense_evasion" / "trail_stopped_or_deleted.yml").read_text()
    text = text.replace("  protected: true\n", "")  # which only rules that ship may be
    sources, _ = parse_rules(
        "rule.yml", text.replace("eventName: StartLogging", "eventName: StopLogging").encode()
    )

    (failure,) = run_rule_tests(sources)

    line = text[: text.index("eventName: StartLogging")].count("\n")  # the record begins a line before
    assert (failure.path, failure.line) == ("rule.yml", line)
    assert "matches this record, and must not" in str(failure)
