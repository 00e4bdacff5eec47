"""The steps of masking, counted and not timed, are paid from its budget, whatever is repeated in a text.

What is paid has an end. So the steps for each unit of the budget may not grow with the text: a look ahead
that nobody pays for is made again at each match, and its steps grow.
"""

import random
import re
from typing import Any

import pytest

from tests.endless import ENDLESS
from tests.unit.safety.counted_re import Counted, CountedText, Steps
from trailwarden.safety import (
    lookahead,
    lookalikes,
    placeholders,
    secret_environment,
    secret_here,
    secret_layers,
    secret_lists,
    secret_text,
    secret_value,
)
from trailwarden.safety.secret_text import Budget, secret_spans

RUNS = [*"\\\"'` \n,;&=:<-|/a{)!+", "\\\\n", '\\"', "\u200b", "- ", "a ", "a,"]
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
    "chpasswd <<A\n{}\nA\n",
    "chpasswd <<A\nroot:{}",
    "tee {}x.secrets <<A\nb\nA\n",
    "cat >{} <<A\nb\nA\n",
    "[a,{}--token b]",
    "[--token {}, b]",
    "f('a',{}['--token', 'b'])",
    "- --token\n- {}\n",
    "-{}a\n- --token\n",
    "\u5bc6\u7801={}",
    "%70assword={}",
    "p\u0430ssword={}",
]
# What a secret's value begins after, and what may open, close, join or end it: repeated, in any order.
NAMES = ["pwd:", "pw=", "password:\n", '  # "password:\n', "--token ", "sas='", "; pw= ", "env={", "  env:\n"]
PIECES = [
    *"()[]{}\"'`\\|\n,;+:=x#<!",
    *(
        "$(",
        "${x:-",
        "{{",
        "}}",
        "<<A\n",
        "@'\n",
        "/*",
        "%w(",
        "%q|",
        '\\"',
        "\\\\'",
        '"""',
        "$((echo ",
        "a b",
        "  ",
    ),
    *("chpasswd <<A\n", "\nA\n", "['--token',", "- --token\n", "- x\n", "\u5bc6\u7801:"),
    *("&a", "!<", "!Ref ", "- ", "> ", "***", "||", "  id: ", "\n  ", "'b'", "\n\n"),
]
_RUN = (90, 120, 240)  # more than the blanks that may stand before a value
_REPEATED = (10, 20, 50)


def made_up(count: int) -> list[str]:
    """Pieces of the language that masking reads, the same each time."""
    chance = random.Random(9)  # noqa: S311 (no secret of ours)
    return [
        chance.choice(NAMES)
        + "".join(chance.choices(PIECES, k=chance.randint(1, 4)))
        + chance.choice(["", " "])
        for _ in range(count)
    ]


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Steps:
    """Every pattern of Python's that masking reads text with, counted; how far it looks back is cut short."""
    counted = Steps()
    modules = (
        secret_text,
        secret_value,
        secret_layers,
        secret_environment,
        secret_here,
        secret_lists,
        lookahead,
        lookalikes,
        placeholders,
    )
    for module in modules:
        for name, value in vars(module).copy().items():
            if isinstance(value, re.Pattern):
                monkeypatch.setattr(module, name, Counted(value, counted))
    monkeypatch.setattr(lookahead, "_LINE_BEFORE", 10)
    return counted


def work(text: str, steps: Steps) -> tuple[int, int]:
    """The steps, and what was paid for them."""
    steps.taken = 0
    secret_text._INNOCENT.clear()
    budget = Budget(10_000_000)
    counted: Any = CountedText.of(text, steps) if text.isascii() else text
    secret_spans(counted, budget)
    return steps.taken, 10_000_000 - budget.left


def unpaid(unit: str, steps: Steps, times: tuple[int, int, int], place: str = "{}") -> bool:
    """Whether the steps grow more than the text, and more than what is paid for them."""
    (few, little), (more, paid), (many, much) = (work(place.format(unit * count), steps) for count in times)
    longer = (times[2] - times[1]) / (times[1] - times[0])
    return many - more > 1.4 * (more - few) * max(longer, (much - paid) / max(1, paid - little)) + 2_500


@pytest.mark.parametrize("place", PLACES, ids=ascii)
def test_a_long_run_of_one_character_takes_steps_by_what_it_pays(place: str, steps: Steps) -> None:
    assert [run for run in RUNS if unpaid(run, steps, _RUN, place)] == []


@pytest.mark.parametrize("place", PLACES, ids=ascii)
def test_a_place_again_and_again_takes_steps_by_what_it_pays(place: str, steps: Steps) -> None:
    units = [place.format(run) + " " for run in ("\\", "x", '"')]
    assert [unit for unit in units if unpaid(unit, steps, _REPEATED)] == []


def test_pieces_in_any_order_take_steps_by_what_they_pay(steps: Steps) -> None:
    assert [unit for unit in (*ENDLESS, *made_up(100)) if unpaid(unit, steps, _REPEATED)] == []


def test_what_was_quadratic_once_is_told(steps: Steps) -> None:
    """The test itself: a look ahead over the rest of the run, at each character of it."""
    pattern = Counted(re.compile(r"(?:[^\s\\]|\\(?!\\*+[\"']))*+"), steps)
    taken = []
    for length in (100, 400):
        steps.taken = 0
        pattern.match("\\" * length)
        taken.append(steps.taken)
    assert taken[1] > 10 * taken[0]
