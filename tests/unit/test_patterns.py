"""Python's own regular expressions go back where RE2's do not: none outside of masking may have more than one
way to read the same text, unless what it reads is short or the product's own."""

# ruff: noqa: E501 (a key is as long as it is)

import importlib
import pkgutil
import re
from collections.abc import Iterator
from re import _constants, _parser  # type: ignore[attr-defined]
from typing import Any

import pytest

import trailwarden
from trailwarden.delivery.keys import LogFileKey

_SHORT = {
    "trailwarden.activity.wording._VERSION": "the first characters of a name",
    "trailwarden.activity.wording._WORD": "the first characters of a name",
    "trailwarden.delivery.keys._DIGEST_REST": "a key, which S3 limits to 1,024 bytes",
    "trailwarden.delivery.keys._KEY": "a key, which S3 limits to 1,024 bytes",
    "trailwarden.engine.predicates._NUMBER": "digits, point, digits: no character fits two of them",
    "trailwarden.rules.document.NUMBER_OF_1_2": "a scalar of a rule; no character fits two repeats",
    "trailwarden.scaffold.NUMBER_OF_1_2": "the same",
    "trailwarden.rules.fields._PATH": "a rule's field; the dot between fits no repeat",
    "trailwarden.rules.lists._NAME": "a list's name; the space between fits no repeat",
    "trailwarden.scaffold._AWS_POLICY": "no character of the one fits where the other begins",
    "trailwarden.aws.api_models._METADATA": "botocore's own models",
    "trailwarden.alerts.attempts._ENDS_IN_AN_OUTCOME": "a title, of 300 characters; braces fit no repeat",
    "trailwarden.checking.traffic._ACCOUNT": "the first 2,048 characters of an ARN",
}
"""The patterns with several repeats that may give back, and why that costs nothing."""


def patterns() -> Iterator[tuple[str, re.Pattern[Any]]]:
    for module in pkgutil.walk_packages(trailwarden.__path__, "trailwarden."):
        if not module.name.endswith("__main__"):
            for name, value in vars(importlib.import_module(module.name)).items():
                yield from ((f"{module.name}.{name}", found) for found in _in(value))


def _in(value: Any) -> Iterator[re.Pattern[Any]]:
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, (tuple, list)):
        for item in value:
            yield from _in(item)


def gives_back(parsed: Any) -> int:
    """How many repeats without an end on one path may give back what they took, nested ones too."""
    count = 0
    for kind, value in parsed:
        if kind in (_constants.MAX_REPEAT, _constants.MIN_REPEAT):
            below = gives_back(value[2])
            count += below + 1 if value[1] is _constants.MAXREPEAT else below
        elif kind is _constants.SUBPATTERN:
            count += gives_back(value[-1])
        elif kind is _constants.BRANCH:
            count += max(gives_back(branch) for branch in value[1])
        elif kind in (_constants.ASSERT, _constants.ASSERT_NOT):
            count += gives_back(value[1])
    return count


def risky(pattern: re.Pattern[Any]) -> bool:
    source = pattern.pattern if isinstance(pattern.pattern, str) else pattern.pattern.decode("latin-1")
    return gives_back(_parser.parse(source, pattern.flags)) > 1


@pytest.mark.parametrize("pattern", [r"(a+)+", r"a*b?a*", r"(?:\s*x)*", r"x.*y.*z", r"(?:a|b+)+"])
def test_what_can_read_a_text_in_several_ways_is_noticed(pattern: str) -> None:
    assert risky(re.compile(pattern))


@pytest.mark.parametrize("pattern", [r"a+", r"(?:a++)*+", r"a{1,9}b+", r"a+|b+"])
def test_what_cannot_is_not(pattern: str) -> None:
    assert not risky(re.compile(pattern))


def test_no_pattern_can_read_a_long_text_in_several_ways() -> None:
    found = {name for name, pattern in patterns() if risky(pattern)}
    masking = {name for name in found if name.startswith("trailwarden.safety.")}
    assert found - masking == set(_SHORT), "make a repeat possessive, or say in `_SHORT` what limits the text"


def test_a_key_longer_than_any_of_s3_is_not_read() -> None:
    key = "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/01/111122223333_CloudTrail_eu-west-1_20260301T0000Z_abc.json.gz"
    assert LogFileKey.parse(key) is not None
    assert LogFileKey.parse("a" * 1024 + "/" + key) is None
