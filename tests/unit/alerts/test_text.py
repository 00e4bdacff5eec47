"""Nothing that an attacker writes breaks a line, hides or reorders text."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailwarden.alerts.text import one_line, printable_ascii


@pytest.mark.parametrize(
    ("written", "printed"),
    [
        ("plain", "plain"),
        ("two\nlines\r\nand\u2028more", "two lines and more"),
        ("\x1b[31mred\x1b[0m", "[31mred [0m"),
        ("\u202egnp.exe", "gnp.exe"),
        ("zero\u200bwidth", "zero width"),
        ("  far      away  ", "far away"),
        (None, "unknown"),
        (7, "7"),
        ("\ud800", ""),
    ],
)
def test_one_line(written: object, printed: str) -> None:
    assert one_line(written) == printed


def test_one_line_is_cut_with_an_ellipsis() -> None:
    assert one_line("x" * 300, 10) == "xxxxxxx..."


def test_a_subject_keeps_letters_without_their_accents_and_marks_what_has_no_plain_form() -> None:
    assert printable_ascii("Müller löschte ключ", 99) == "Muller loschte ????"


@given(st.text(), st.integers(min_value=4, max_value=120))
def test_any_text_prints_as_ascii_on_one_line_within_the_limit(text: str, limit: int) -> None:
    printed = printable_ascii(text, limit)
    assert len(printed) <= limit
    assert all(" " <= character <= "~" for character in printed)
    assert len(one_line(text, limit)) <= limit
    assert one_line(text, limit).isprintable()


@pytest.mark.parametrize("code", range(0x180))
def test_plain_text_is_recognised_as_such(code: int) -> None:
    """The short way for printable ASCII and the long way for the rest agree on every character."""
    char = chr(code)
    replaced = unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    assert one_line(f"a{char}b") == ("a b" if replaced or char.isspace() else f"a{char}b")
