"""The steps of masking, counted and not timed, grow with a text's length, whatever is repeated in it."""

import re
from typing import Any

import pytest

from tests.unit.safety.counted_re import Counted, CountedText, Steps
from trailwarden.safety import (
    lookalikes,
    placeholders,
    secret_environment,
    secret_layers,
    secret_text,
    secret_value,
)
from trailwarden.safety.secret_text import Budget, secret_spans

RUNS = [
    *"\\\"'` \t\n,;&=:<>%-_|/*#.a0{}[]()$!@+^~?",
    "\\\\n",
    '\\"',
    "\r\n",
    "\u200b",
    "\uff41",
    "- ",
    "a ",
    "a,",
]
# Where a run may stand; all that masking scans in Python begins at one of these.
PLACES = [
    "password={}",
    "password={}x",
    "password=x{}",
    "password={}'x'",
    "password=x{}'y'",
    "password='{}'",
    "password='{}",
    "password='x'{}",
    "password='x'{}'y'",
    'password=\\"{}\\"',
    "password=({})",
    "password=({}",
    "password=${{{}",
    "password: |{}\n",
    "password: |\n  {}\n",
    "password:\n  a: {}\n",
    "password:\n  {}: b\n",
    "password:{}\n  - a\n",
    "password=<<A\n{}\nA",
    "password=x,{}b=c",
    "password=/*{}*/x",
    "a;password=x{};b=c",
    "{}password: x",
    "Authorization: Bearer {}",
    "Cookie: a{}b",
    "--password {}x",
    "name=password,value={}",
    "set password for {} = 'x'",
    "identified /*{}*/ by 'x'",
    "secret_key {}'x'",
    "curl -su {}:x",
    "echo {} | passwd --stdin",
    "env:\n  {}: a\n",
    "env:\n  A: {}\n",
    "env:{}\n  A: b\n",
    "environment={{{}}}",
    "environment={{A={}}}",
    "%70assword={}",
    "p\u0430ssword={}",
]
_SHORT, _LONG = 100, 400  # more than the blanks that may stand before a value


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Steps:
    """Every pattern of Python's that masking reads text with, counted; how far it looks is made short."""
    counted = Steps()
    for module in (secret_text, secret_value, secret_layers, secret_environment, lookalikes, placeholders):
        for name, value in vars(module).copy().items():
            if isinstance(value, re.Pattern):
                monkeypatch.setattr(module, name, Counted(value, counted))
    monkeypatch.setattr(secret_value, "_FURTHEST", 10)
    monkeypatch.setattr(secret_environment, "_FURTHEST", 10)
    monkeypatch.setattr(secret_value, "_LINE_BEFORE", 10)
    return counted


def work(text: str, steps: Steps) -> int:
    steps.taken = 0
    secret_text._INNOCENT.clear()
    counted: Any = CountedText.of(text, steps) if text.isascii() else text
    secret_spans(counted, Budget(10_000_000))
    return steps.taken


@pytest.mark.parametrize("place", PLACES, ids=ascii)
def test_a_long_run_of_one_character_takes_steps_by_its_length(place: str, steps: Steps) -> None:
    for run in RUNS:
        short, long = (work(place.format(run * length), steps) for length in (_SHORT, _LONG))
        assert long <= 6 * short + 2_000, (run, short, long)


@pytest.mark.parametrize("place", PLACES, ids=ascii)
def test_a_place_again_and_again_takes_steps_by_the_length(place: str, steps: Steps) -> None:
    for run in ("\\", "x", " ", '"'):
        unit = place.format(run) + " "
        short, long = (work(unit * length, steps) for length in (40, 160))
        assert long <= 6 * short + 2_000, (run, short, long)


def test_what_was_quadratic_once_is_told(steps: Steps) -> None:
    """The test itself: a look ahead over the rest of the run, at each character of it."""
    pattern = Counted(re.compile(r"(?:[^\s\\]|\\(?!\\*+[\"']))*+"), steps)
    taken = []
    for length in (_SHORT, _LONG):
        steps.taken = 0
        pattern.match("\\" * length)
        taken.append(steps.taken)
    assert taken[1] > 10 * taken[0]
