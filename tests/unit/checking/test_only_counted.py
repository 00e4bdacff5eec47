"""A correlation that silences rules of other files says so, until its author has."""

from pathlib import Path

import pytest

from tests.unit.checking.writing import FRAME, framed
from trailwarden.checking import check_rules
from trailwarden.rules.load import read_rules

RULE = FRAME["id"][:-1] + "0"
FIRST = "3d3c6b1e-52f0-4a52-a5b9-0b1f7b1c0001"
SECOND = "3d3c6b1e-52f0-4a52-a5b9-0b1f7b1c0002"
BODY = "type: event_count, rules: [RULE], group-by: [account], timespan: 1h, condition: {gte: 2}"
STABLE = (
    "the rule 'User Created' (medium) sends no alerts because of this correlation: only the correlation's are"
    " sent"
)
TRIAL = (
    "once this correlation is stable, the rule 'User Created' (medium) will send no alerts: only the"
    " correlation's are sent"
)


def correlation(extra: str = "", status: str = "stable", own: str = FIRST) -> str:
    body = BODY.replace("RULE", RULE)
    return f"title: Many {own}\nid: {own}\nstatus: {status}\nlevel: high\ncorrelation: {{{body}{extra}}}\n"


def told(tmp_path: Path, **files: str) -> list[tuple[str, str]]:
    """The findings, each with the name of its file."""
    for name, text in files.items():
        (tmp_path / f"{name}.yml").write_text(text)
    findings = check_rules(*read_rules([tmp_path]))
    return [(Path(one.path).stem, one.message) for one in findings if one.code == "only-counted"]


@pytest.mark.parametrize(
    ("status", "message"),
    [("stable", STABLE), ("test", TRIAL), ("experimental", TRIAL), ("deprecated", TRIAL)],
)
def test_a_rule_of_another_file_that_falls_silent_is_named(status: str, message: str, tmp_path: Path) -> None:
    assert told(tmp_path, rule=framed("{}"), many=correlation(status=status)) == [("many", message)]


@pytest.mark.parametrize("said", [", generate: true", ", generate: false"])
def test_whoever_says_what_is_meant_is_not_asked(said: str, tmp_path: Path) -> None:
    assert told(tmp_path, rule=framed("{}"), many=correlation(said)) == []


def test_a_rule_in_the_file_of_its_correlation_is_there_for_it(tmp_path: Path) -> None:
    assert told(tmp_path, both=framed("{}") + "---\n" + correlation()) == []


def test_a_rule_on_trial_has_no_alerts_to_lose(tmp_path: Path) -> None:
    assert told(tmp_path, rule=framed("status: test"), many=correlation()) == []


def test_a_rule_that_another_correlation_silences_loses_nothing_more(tmp_path: Path) -> None:
    silent = framed("{}") + "---\n" + correlation()
    assert told(tmp_path, both=silent, many=correlation(own=SECOND)) == []
    speaking = framed("{}") + "---\n" + correlation(", generate: true")
    assert told(tmp_path, both=speaking, many=correlation(own=SECOND)) == []


def test_correlations_that_silence_a_rule_together_do_not_excuse_each_other(tmp_path: Path) -> None:
    third = correlation(own=SECOND[:-1] + "3")
    files = {"rule": framed("{}"), "first": correlation(), "second": correlation(own=SECOND), "third": third}
    assert sorted(told(tmp_path, **files)) == [(name, STABLE) for name in ("first", "second", "third")]
