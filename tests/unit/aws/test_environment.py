"""A function's environment is checked at once."""

import pytest

from trailwarden.aws.environment import read_environment
from trailwarden.errors import SettingsError


def test_every_missing_variable_is_named() -> None:
    with pytest.raises(SettingsError) as caught:
        read_environment({"A": "1", "B": ""}, "A", "B", "C")
    assert caught.value.problems == (
        "the environment variable B is missing",
        "the environment variable C is missing",
    )


def test_only_what_was_asked_for_is_given() -> None:
    assert read_environment({"A": "1", "B": "2"}, "A") == {"A": "1"}
