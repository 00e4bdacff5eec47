"""Nothing that an attacker writes breaks a line, hides or reorders text."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailwarden.safety.text import defanged, harmless, one_line, printable_ascii, quoted, visible


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


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("alice", "alice"),
        ("Müller, Łukasz, Strauß, cafe\u0301", "Müller, Łukasz, Strauß, café"),
        ("サーバー 管理", "サーバー 管理"),
        ("\u0430dmin", "\\u0430dmin"),  # Cyrillic
        ("\u03bfwner", "\\u03bfwner"),  # Greek
        ("\u05d0\u05d1", "\\u05d0\\u05d1"),  # Hebrew turns the line around
        ("\uff41dmin", "\\uff41dmin"),  # full width
        ("\U0001d41admin", "\\U0001d41admin"),  # mathematical
        ("\u0131d", "\\u0131d"),  # an i without its dot
        ("a\u0489", "a\\u0489"),  # a sign that covers the letter before it
        ("evil\u3002com", "evil\\u3002com"),  # an ideographic full stop, which browsers take for a dot
    ],
)
def test_what_may_be_taken_for_another_character_shows_its_code(written: str, shown: str) -> None:
    assert visible(written) == shown


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("https://evil.example/a?b=c", "hxxps://evil[.]example/a?b=c"),
        (
            "[click](http://one.example)https://two.example/x",
            "[click](hxxp://one[.]example)hxxps://two[.]example/x",
        ),
        ("https://https://evil.example", "hxxps://hxxps://evil[.]example"),
        ("HTTP://192.0.2.1/x", "hxxp://192[.]0[.]2[.]1/x"),
        ("ftp://evil.example", "ftp[:]//evil[.]example"),
        ("see www.evil.example.", "see www[.]evil[.]example."),
        ("www.1x.example", "www[.]1x[.]example"),
        ("a.b.example.com", "a.b[.]example[.]com"),
        ("alice@example.com", "alice@example[.]com"),
        ("mailto:x@y.example", "mailto[:]x@y[.]example"),
        ("tel:+15550100", "tel[:]+15550100"),
        ("xn--80ak6aa92e.com", "xn--80ak6aa92e[.]com"),
        ("evil.xn--p1ai", "evil[.]xn--p1ai"),
        ("bücher.example", "bücher[.]example"),
        ("ec2.amazonaws.com", "ec2.amazonaws.com"),
        ("from ec2.amazonaws.com.", "from ec2.amazonaws.com."),
        ("evil.s3.amazonaws.com", "evil.s3[.]amazonaws[.]com"),
        ("https://ec2.amazonaws.com", "hxxps://ec2[.]amazonaws[.]com"),
        ("x@ec2.amazonaws.com", "x@ec2[.]amazonaws[.]com"),
        ("ec2.amazonaws.com.evil.example", "ec2[.]amazonaws[.]com[.]evil[.]example"),
        ("ec2.amazonaws.com/path", "ec2[.]amazonaws[.]com/path"),
        ("192.0.2.1", "192.0.2.1"),
        ("aws-cli/2.31.0 Python/3.13.7", "aws-cli/2.31.0 Python/3.13.7"),
        ("s3://bucket/key", "s3://bucket/key"),
        ("arn:aws:iam::111122223333:user/alice", "arn:aws:iam::111122223333:user/alice"),
    ],
)
def test_nothing_is_left_to_click_on(written: str, shown: str) -> None:
    assert defanged(written) == shown
    assert defanged(shown) == shown, "once is enough"


def test_a_quotation_cannot_be_left() -> None:
    assert quoted('x" and mail http://a.example\n"y') == "\"x' and mail hxxp://a[.]example 'y\""


@given(st.text())
def test_harmless_text_holds_no_address_and_no_domain(text: str) -> None:
    shown = harmless(text, 1000)
    assert shown.isprintable()
    assert not re.search(r"(?i)https?://|www\.\w", shown)
    assert not re.search(r"\w\.[^\W\d_]{2}", shown.replace("amazonaws.com", ""))
