"""What masking costs is bounded, whatever stands in a record; what is not looked at is not sent."""

import base64
import json
import re
import resource
import subprocess
import sys
from re import _constants, _parser  # type: ignore[attr-defined]
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.samples import STOP_RULE, rule
from tests.unit.messages.records import call
from trailwarden.alerts.grouping import AlertGrouper
from trailwarden.delivery.records import event_identity, event_time
from trailwarden.engine.match import Match
from trailwarden.messages.limits import MESSAGE_LIMIT
from trailwarden.messages.message import render
from trailwarden.safety import (
    lookalikes,
    names,
    names_abroad,
    placeholders,
    redact,
    secret_commands,
    secret_environment,
    secret_here,
    secret_layers,
    secret_lists,
    secret_markup,
    secret_text,
    secret_value,
    text,
)
from trailwarden.safety.redact import TEXT_LIMIT, redacted, redacted_record, redacted_text
from trailwarden.safety.secret_shapes import SHAPES
from trailwarden.safety.secret_text import Budget, may_hold_secret, secret_spans

_LARGEST_RECORD = 256 * 1024
_CPU_SECONDS = 120
"""For all of the texts, which take some ten; those that took more than linear time would take hours."""
_ITS_OWN = (
    secret_text._ASSIGNED,
    secret_text._FLAG,
    secret_text._PAIR,
    secret_text._PAIR_BACKWARDS,
    secret_text._SPOKEN,
    secret_text._NAMED,
    secret_text._SET,
    secret_environment.ENVIRONMENT,
    secret_here.HERE,
    secret_lists.LIST,
    secret_lists.LINES,
    names_abroad.ASSIGNED,
    secret_text._OPTIONS,
    secret_text._CALLED,
    *secret_markup.ELEMENTS,
    secret_commands.WRITTEN,
    secret_commands.WRITTEN_BELOW,
    secret_text._QUERY,
    secret_text._ENCODED,
)


def as_python(pattern: str) -> str:
    return pattern.replace(r"\z", r"\Z")


def literals(pattern: str) -> list[str]:
    """The pieces of plain text in a pattern, each prefix of alternatives among them."""
    found: list[str] = []

    def walk(parsed: Any) -> str:
        run = ""
        for kind, value in parsed:
            if kind is _constants.LITERAL:
                run += chr(value)
                continue
            if run:
                found.append(run)
                run = ""
            if kind is _constants.BRANCH:
                for branch in value[1]:
                    walk(branch)
            elif kind is _constants.SUBPATTERN:
                walk(value[-1])
            elif kind in (_constants.MAX_REPEAT, _constants.MIN_REPEAT, _constants.POSSESSIVE_REPEAT):
                walk(value[2])
            elif kind in (_constants.ASSERT, _constants.ASSERT_NOT):
                walk(value[1])
        if run:
            found.append(run)
        return run

    walk(_parser.parse(as_python(pattern)))
    return found


def pieces() -> list[str]:
    known = [piece for pattern in (*SHAPES, *_ITS_OWN) for piece in literals(pattern)]
    ours = [piece for pattern in python_patterns() for piece in literals(pattern.pattern)]
    made = [
        "eyJ-",
        "eyJa.",
        "password=",
        'password="',
        'password=\\"',
        "password: |\n",
        "http://a:",
        "a:",
        "-p ",
    ]
    made += [
        "name=password,value=",
        "value=a,name=password ",
        "%70",
        "\\u0070",
        "&amp;",
        "&quot;",
        "Pwd=a b;",
    ]
    made += [
        '["--password",',
        "{" + '"a":',
        "[",
        "<password>",
        "cGFzc3dvcmQ9aHVudGVyMiBwYXNzd29yZD1odW50ZXIy",
        "\\",
    ]
    return sorted({*known, *ours, *made})


def python_patterns() -> list[re.Pattern[str]]:
    modules = (
        secret_text,
        secret_value,
        secret_layers,
        secret_environment,
        secret_here,
        secret_lists,
        lookalikes,
        placeholders,
        redact,
        names,
        names_abroad,
        text,
    )
    return [value for module in modules for value in vars(module).values() if isinstance(value, re.Pattern)]


def within_cpu(code: str, *arguments: str) -> str:
    """What a process of its own prints that may use the CPU for so long, whatever else the machine does."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))

    ran = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=limit,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    return ran.stdout


def test_no_text_made_of_the_patterns_own_pieces_takes_long() -> None:
    """What RE2 does, and the standard library; the steps of Python's patterns are counted elsewhere."""
    code = """if True:
        import json, sys
        from trailwarden.safety.redact import redacted_text
        from trailwarden.safety.text import defanged, harmless, visible
        for piece in json.loads(sys.stdin.read() if len(sys.argv) < 2 else sys.argv[1]):
            text = (piece * (30_000 // len(piece) + 1))[:30_000]
            redacted_text(text), visible(text), harmless(text), defanged(text[:10_000])
        print("done")
    """
    assert within_cpu(code, json.dumps(pieces())) == "done\n"


@pytest.mark.parametrize("pattern", python_patterns(), ids=lambda pattern: pattern.pattern[:40])
def test_what_stays_on_pythons_own_expressions_cannot_go_back(pattern: re.Pattern[str]) -> None:
    """No repeat without an end stands in another, and what repeats without an end is possessive, or is read
    from a bounded text."""

    def unbounded(parsed: Any, inside: bool) -> bool:
        for kind, value in parsed:
            if kind in (_constants.MAX_REPEAT, _constants.MIN_REPEAT):
                endless = value[1] is _constants.MAXREPEAT
                if (endless and inside) or unbounded(value[2], inside or endless):
                    return True
            elif kind is _constants.POSSESSIVE_REPEAT:
                continue
            below = [value[-1]] if kind is _constants.SUBPATTERN else []
            below += value[1] if kind is _constants.BRANCH else []
            if any(unbounded(part, inside) for part in below):
                return True
        return False

    assert not unbounded(_parser.parse(pattern.pattern, pattern.flags), inside=False)


@given(st.sampled_from((*SHAPES, *_ITS_OWN[:-1])).map(as_python).flatmap(st.from_regex))
@settings(max_examples=300)
def test_no_text_that_a_pattern_finds_is_passed_over(found: str) -> None:
    spans = secret_spans(found, Budget(10_000_000))
    if spans and len(found) >= 4:
        assert may_hold_secret(found)


def test_what_lies_beyond_the_limit_is_left_out_and_said_to_be() -> None:
    tail = " password=hunter2"
    safe = redacted_text("x" * TEXT_LIMIT + tail)
    assert "hunter2" not in safe
    assert safe.endswith(f"... (left out: {len(tail)} characters)")


@pytest.mark.parametrize(
    "secret", ["ghp" + "_" + "Zq9" * 12, "password=" + "Zq9" * 12, '"token": "' + "Zq9" * 12 + '"']
)
def test_a_secret_across_the_limit_is_masked(secret: str) -> None:
    for before in range(len(secret) + 1):
        safe = redacted_text("x" * (TEXT_LIMIT - before - 1) + " " + secret + " more")
        assert "Zq9" not in safe


def largest(parameters: Any) -> dict[str, Any]:
    return call("codebuild", "CreateProject", parameters)


def nested(text: str, times: int) -> str:
    for _ in range(times):
        text = base64.b64encode(text.encode()).decode()
    return text


EXPENSIVE: dict[str, Any] = {
    "many-keys": {f"k{n}": n for n in range(20_000)},
    "many-elements": {"list": [1] * 120_000},
    "many-texts": {"list": ["password=x"] * 18_000},
    "deep": json.loads("[" * 900 + "]" * 900),
    "deep-json": {"a": "[" * 250_000},
    "json-in-json": {"a": json.dumps(json.dumps(json.dumps(["eyJ-" * 8_000])))},
    "web-tokens": {"buildspec": "eyJ-" * 60_000},
    "percent": {"a": "%2570" * 50_000},
    "base64": {"a": "cGFzc3dvcmQ9aHVudGVyMiBwYXNzd29yZD1odW50ZXIy" * 5_500},
    "environment": {"environment": {f"k{n}": "v" for n in range(20_000)}},
    "pairs": {"items": [{"name": "password", "value": "x"}] * 7_000},
    "distinct-texts": {"list": [f"%70assword=x{n}" for n in range(13_000)]},
    "secret-names": {f'a="{n}" password="x"': n for n in range(9_000)},
    "base64-texts": {"list": ["cGFzc3dvcmQ9aHVudGVyMg=="] * 9_000},
    "base64-in-base64": {"a": nested("password=hunter2 " * 2_500, 5)},
    "json-texts": {"list": ['{"a":"password=x"}'] * 10_000},
    "json-lists": {"list": ['{"a":' * 60 + '"password=x"' + "}" * 60] * 600},
    "escapes": {"a": '\\\\\\"password\\\\\\":' * 12_000},
    "brackets": {"a": "password=" + ")" * 250_000},
    "quotes": {"a": 'password="' + '\\"' * 120_000},
    "semicolons": {"a": ";password=a" * 23_000},
    "block-scalars": {"a": "password: |\n  a\n" * 15_000},
    "commands": {"a": "mysql a " * 30_000},
    "arguments": {"list": ["curl", "-u", "a:b"] * 7_000},
    "repeated-names": {"a": "{" + ",".join(['"pin": "x"'] * 18_000) + "}"},
}


@pytest.mark.parametrize("name", EXPENSIVE)
def test_the_largest_record_is_told(name: str) -> None:
    record = largest(EXPENSIVE[name])
    grouper = AlertGrouper("v")
    grouper.add(
        Match(rule(STOP_RULE, "CreateProject"), record, 0, event_identity(record), event_time(record)),
        "s3://b/k",
    )
    alert = grouper.alerts()[0]
    assert alert.record["eventName"] == "CreateProject"
    assert alert.record["userIdentity"] == record["userIdentity"]
    message = render(alert)
    assert message.size <= MESSAGE_LIMIT
    assert "mallory" in message.email
    assert "s3://b/k" in message.email


@pytest.mark.parametrize("name", EXPENSIVE)
def test_what_is_kept_of_a_record_is_bounded(name: str) -> None:
    safe = redacted_record(largest(EXPENSIVE[name]))

    def nodes(value: Any) -> int:
        below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        return 1 + sum(map(nodes, below))

    assert nodes(safe) <= 21_000
    assert len(json.dumps(safe)) <= 4 * _LARGEST_RECORD


class Counted:
    """What masking asks of RE2, counted."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.texts = self.characters = self.matches = 0
        hits, compiled = secret_text._hits, secret_text._compiled

        def counted_hits(text: str) -> list[int]:
            self.texts += 1
            self.characters += len(text)
            return hits(text)

        def counted(pattern: str) -> Any:
            outer, inner = self, compiled(pattern)

            class Pattern:
                def finditer(self, text: str) -> Any:
                    outer.characters += len(text) // 16
                    for met in inner.finditer(text):
                        outer.matches += 1
                        yield met

            return Pattern()

        patch.setattr(secret_text, "_hits", counted_hits)
        patch.setattr(secret_text, "_compiled", counted)


@pytest.mark.parametrize("name", EXPENSIVE)
def test_what_masking_asks_of_re2_is_bounded(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A match is paid as 40 characters, a text that holds something as some 100; all from one budget."""
    counted = Counted(monkeypatch)
    redacted_record(largest(EXPENSIVE[name]))
    work = counted.characters + 40 * (counted.matches + counted.texts)
    assert work <= 2 * redact._CHARACTERS, vars(counted)


def test_what_there_is_no_budget_for_is_left_out_with_its_secrets() -> None:
    noise = {f"n{number}": "password=\\u0061&quot;%41" * 4_000 for number in range(12)}
    safe = redacted({**noise, "last": "--token hunter2hunter2", "number": 7})
    assert "hunter2" not in json.dumps(safe)
    assert "left out" in safe["last"]


def test_an_odd_budget_masks_rather_than_shows() -> None:
    for left in range(0, 400, 7):
        spans = secret_spans("a=1 password=hunter2 and more of it", Budget(left))
        assert any(first <= 13 and last >= 20 for first, last in spans)
