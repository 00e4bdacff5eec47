"""What the demo shows: the worst mail first, a few lines of its record, commands as they are to be typed."""

import json
import shlex
from datetime import UTC, datetime

import pytest

from infra.names import Names
from local.demo import RECORD, RECORD_LINES, instructions, severity, shortened
from local.emulator import Mail
from trailwarden.rules.ruleset import Level

NAMES = Names("111122223333", "eu-central-1")


def mail(subject: str) -> Mail:
    return Mail("arn", "security@example.com", subject, "", datetime(2026, 3, 1, tzinfo=UTC))


def test_the_worst_mail_comes_first_and_equal_ones_in_their_order() -> None:
    subjects = ["[LOW] a", "Heartbeat", "[HIGH] b", "[INFORMATIONAL] c", "[CRITICAL] +3 more", "[HIGH] d"]
    shown = sorted(map(mail, subjects), key=severity, reverse=True)
    assert [each.subject for each in shown] == [
        *("[CRITICAL] +3 more", "[HIGH] b", "[HIGH] d", "[LOW] a", "[INFORMATIONAL] c", "Heartbeat"),
    ]


@pytest.mark.parametrize("level", list(Level))
def test_each_level_has_a_rank_of_its_own(level: Level) -> None:
    assert severity(mail(f"[{str(level).upper()}] somebody did something")) == level


def test_a_record_is_shortened_and_its_length_said() -> None:
    record = json.dumps({f"field {number}": number for number in range(40)}, indent=2)
    *shown, more = shortened(f"HIGH: bad\n{RECORD}{record}\n").splitlines()
    assert shown == ["HIGH: bad", "", "The record:", *record.splitlines()[:RECORD_LINES]]
    assert more == f"... ({42 - RECORD_LINES} more lines)"


@pytest.mark.parametrize("body", ["HIGH: bad", f"HIGH: bad\n{RECORD}{{}}", f"HIGH: bad\n{RECORD}"])
def test_a_short_mail_is_shown_whole(body: str) -> None:
    assert shortened(body + "\n\n") == body.rstrip()


def test_the_aws_command_line_finds_the_region_that_is_printed() -> None:
    """Version 1 reads AWS_DEFAULT_REGION alone; version 2, and we, take AWS_REGION first."""
    lines = list(instructions("http://localhost:4566", NAMES))
    exports = [dict(word.split("=") for word in shlex.split(line)[1:]) for line in lines if "export" in line]
    assert [each["AWS_ACCESS_KEY_ID"] for each in exports] == ["444455556666", "111122223333"]
    for each in exports:
        assert each["AWS_DEFAULT_REGION"] == each["AWS_REGION"] == "eu-central-1"
        assert each["AWS_ENDPOINT_URL"] == "http://localhost:4566"
