"""The artefact: the same to the byte, refused where it cannot be trusted, and readable without pySigma."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.rules.writing import rule_text
from trailwarden.errors import RuleSetError
from trailwarden.rules.compile import compile_rules
from trailwarden.rules.load import load_rules, parse_rules
from trailwarden.rules.ruleset import Level, Rule, RuleSet, dump_rule_set, load_rule_set
from trailwarden.rules.shipped import shipped_rules_path


def shipped() -> RuleSet:
    return compile_rules(load_rules([shipped_rules_path()]))


def test_the_artefact_gives_the_rule_set_back() -> None:
    rule_set = shipped()

    loaded = load_rule_set(dump_rule_set(rule_set))

    assert loaded == rule_set
    assert loaded.version == rule_set.version


def test_the_artefact_is_the_same_to_the_byte_whatever_order_the_files_came_in() -> None:
    sources = load_rules([shipped_rules_path()])

    forwards, backwards = compile_rules(sources), compile_rules(sources[::-1])

    assert dump_rule_set(forwards) == dump_rule_set(backwards)


def test_the_artefact_does_not_depend_on_the_process(tmp_path: Path) -> None:
    script = (
        "import sys; from trailwarden.rules.compile import compile_rules; "
        "from trailwarden.rules.load import load_rules; from trailwarden.rules.ruleset import dump_rule_set; "
        "sys.stdout.buffer.write(dump_rule_set(compile_rules(load_rules([sys.argv[1]]))))"
    )
    command = [sys.executable, "-c", script, str(shipped_rules_path())]
    written = [
        subprocess.run(
            command, check=True, capture_output=True, env={"PYTHONHASHSEED": seed}, cwd=_root()
        ).stdout
        for seed in ("1", "2")
    ]

    assert written[0] == written[1] == dump_rule_set(shipped())


def test_the_version_is_16_hex_digits_and_follows_every_part_of_the_content() -> None:
    rule = Rule(id="a", title="t", level=Level.LOW, detection=["field", "f", ["null"]])
    retitled = Rule(id="a", title="u", level=Level.LOW, detection=["field", "f", ["null"]])
    changed = Rule(id="a", title="t", level=Level.LOW, detection=["field", "f", ["exists"]])

    versions = {RuleSet(rules=(each,)).version for each in (rule, retitled, changed)}

    assert len(versions) == 3
    assert all(len(version) == 16 and int(version, 16) >= 0 for version in versions)


def test_the_tests_of_a_rule_are_not_in_the_artefact() -> None:
    assert b"mallory" not in dump_rule_set(shipped())


def test_a_newer_format_is_refused_with_what_to_do() -> None:
    data = json.dumps({"format": 6, "rules": {"a whole": "new shape"}}).encode()

    with pytest.raises(RuleSetError, match=r"format 6, .* knows format 5\. Deploy"):
        load_rule_set(data)


def test_an_older_format_is_refused_for_it_does_not_hold_what_exceptions_hide() -> None:
    data = json.dumps({"format": 4, "rules": [], "correlations": [], "version": "0" * 16}).encode()

    with pytest.raises(RuleSetError, match=r"format 4, .* knows format 5\. Compile the rules again"):
        load_rule_set(data)


STATUSES = [
    ("stable", False),
    ("", False),
    ("test", True),
    ("experimental", True),
    ("deprecated", True),
    ("unsupported", True),
]


@pytest.mark.parametrize(("status", "staged"), STATUSES)
def test_a_status_says_whether_people_are_told(status: str, staged: bool) -> None:
    sources, _ = parse_rules("rule.yml", staged_text(status).encode())

    rule_set = load_rule_set(dump_rule_set(compile_rules(sources)))

    assert [rule.staged for rule in rule_set.rules] == [staged]
    assert [correlation.staged for correlation in rule_set.correlations] == [staged]


def staged_text(status: str) -> str:
    line = f"status: {status}\n" if status else ""
    correlation = "type: event_count, rules: [one], group-by: [f], timespan: 1h, condition: {gte: 2}"
    return (
        rule_text("sel: {f: x}\ncondition: sel", extra=f"{line}name: one")
        + f"---\ntitle: c\nid: 1c1f0a5e-6a0e-4e0e-9d5e-0a4b8c8f4a10\n{line}correlation: {{{correlation}}}\n"
    )


@pytest.mark.parametrize("keep", [0, 1, 100, -1])
def test_a_cut_artefact_is_refused(keep: int) -> None:
    with pytest.raises(RuleSetError, match="damaged"):
        load_rule_set(dump_rule_set(shipped())[:keep])


@pytest.mark.parametrize(
    "data",
    [b"[]", b"null", b"\xff\xfe", b'{"format": "1"}', b'{"format": 5}', b'{"format": 5, "rules": [{}]}'],
)
def test_what_is_no_artefact_is_refused(data: bytes) -> None:
    with pytest.raises(RuleSetError, match="damaged"):
        load_rule_set(data)


def test_an_altered_artefact_is_refused() -> None:
    data = dump_rule_set(shipped()).replace(b"StopLogging", b"StopNothing")

    with pytest.raises(RuleSetError, match="altered"):
        load_rule_set(data)


def test_levels_are_ordered_and_named() -> None:
    assert Level.CRITICAL > Level.HIGH > Level.MEDIUM > Level.LOW > Level.INFORMATIONAL
    assert [str(level) for level in Level] == ["informational", "low", "medium", "high", "critical"]


def test_running_rules_needs_neither_pysigma_nor_yaml(tmp_path: Path) -> None:
    artefact = tmp_path / "ruleset.json"
    artefact.write_bytes(dump_rule_set(shipped()))
    script = (
        "import sys; from trailwarden.rules.ruleset import load_rule_set; "
        "from trailwarden.engine.engine import Engine; "
        "engine = Engine(load_rule_set(open(sys.argv[1], 'rb').read())); "
        "record = {'eventSource': 'cloudtrail.amazonaws.com', 'eventName': 'StopLogging'}; "
        "print(len(engine.matches(record)), *({'sigma', 'yaml', 'pydantic', 'boto3'} & set(sys.modules)))"
    )

    ran = subprocess.run(
        [sys.executable, "-c", script, str(artefact)], check=True, capture_output=True, text=True, cwd=_root()
    )

    assert ran.stdout.split() == ["1"]


def _root() -> Path:
    return Path(__file__).resolve().parents[3]
