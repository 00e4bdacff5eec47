"""Each modifier, case by case, from the specification's appendix; expected values worked out by hand or by
the standard library, never by pySigma."""

from base64 import b64encode
from typing import Any

import pytest

from tests.unit.rules.writing import RULE_ID, rule_matches, rule_text
from trailwarden.rules.compile import compile_rules
from trailwarden.rules.load import parse_rules
from trailwarden.rules.modifiers import MODIFIERS

LE, BE = "utf-16-le", "utf-16-be"


def as_text(data: bytes) -> str:
    """Bytes as the characters of those numbers."""
    return data.decode("latin-1")


ENCODED = [
    # cmd: 63 00 6d 00 64 00, 00 63 00 6d 00 64, FF FE 63 00 6d 00 64 00
    ("f|utf16le: cmd", "c\0m\0d\0", True),
    ("f|wide: cmd", "c\0m\0d\0", True),
    ("f|utf16be: cmd", "\0c\0m\0d", True),
    ("f|utf16: cmd", "\u00ff\u00fec\0m\0d\0", True),
    ("f|utf16: cmd", "c\0m\0d\0", False),
    ("f|utf16le: cmd", "\0c\0m\0d", False),
    ("f|utf16le: cmd", "cmd", False),
    ("f|utf16le|contains: m", "c\0m\0d\0", True),
    ("f|utf16be: 'c*'", "\0c\0m\0d", True),  # wildcards stay wildcards
    ("f|utf16le: é漢", as_text("é漢".encode(LE)), True),  # beyond ASCII
    ("f|utf16be: é漢", as_text("é漢".encode(BE)), True),
    ("f|base64: cmd", "Y21k", True),
    ("f|base64: cmd", "Y21kLmV4ZQ==", False),
    ("f|base64: 'é'", b64encode("é".encode()).decode(), True),
    ("f|wide|base64: cmd", "YwBtAGQA", True),
    ("f|utf16le|base64: cmd", "YwBtAGQA", True),
    ("f|utf16le|base64: 'é漢'", b64encode("é漢".encode(LE)).decode(), True),
    ("f|utf16be|base64: cmd", "AGMAbQBk", True),
    ("f|utf16|base64: cmd", "//5jAG0AZAA=", True),
    (r"f|base64: 'a\*b'", b64encode(b"a*b").decode(), True),
]


@pytest.mark.parametrize(("item", "value", "expected"), ENCODED)
def test_encodings(item: str, value: str, expected: bool) -> None:
    assert rule_matches(f"sel:\n  {item}\ncondition: sel", {"f": value}) is expected


@pytest.mark.parametrize("needle", ["ab", "foo", "foobar", "/bin/bash", "é漢", "http://10.0.0.1/"])
@pytest.mark.parametrize("before", [b"", b"x", b"yz", b"four", b"\xff\xfe\xfd"])
@pytest.mark.parametrize("after", [b"", b"\xff", b"tail"])
def test_base64offset_finds_the_text_wherever_it_stands(needle: str, before: bytes, after: bytes) -> None:
    encoded = b64encode(before + needle.encode() + after).decode()
    wide = b64encode(before + needle.encode(LE) + after).decode()

    assert rule_matches(f"sel:\n  f|base64offset|contains: '{needle}'\ncondition: sel", {"f": encoded})
    assert rule_matches(f"sel:\n  f|utf16le|base64offset|contains: '{needle}'\ncondition: sel", {"f": wide})
    other = b64encode(before + b"#" * len(needle.encode()) + after).decode()
    if len(needle) == 2:
        return  # two certain characters of Base64, their case ignored, are found by chance
    assert not rule_matches(f"sel:\n  f|base64offset|contains: '{needle}'\ncondition: sel", {"f": other})


DASHES = "-/\u2013\u2014\u2015"


@pytest.mark.parametrize("written", DASHES)
@pytest.mark.parametrize("found", DASHES)
def test_windash_exchanges_each_of_the_five_dashes(written: str, found: str) -> None:
    item = f"sel:\n  f|windash|contains: ' {written}s '\ncondition: sel"

    assert rule_matches(item, {"f": f"cmd {found}s now"})
    assert not rule_matches(item, {"f": "cmd +s now"})


@pytest.mark.parametrize("first", DASHES)
@pytest.mark.parametrize("second", DASHES)
def test_windash_exchanges_dashes_independently_and_inside_words_too(first: str, second: str) -> None:
    item = "sel:\n  f|windash: '-param-name*'\ncondition: sel"

    assert rule_matches(item, {"f": f"{first}param{second}name=1"})
    assert not rule_matches(item, {"f": f"{first}param name"})


AT = "2026-03-01T23:05:59Z"
TIMES = [
    ("minute: 5", AT, True),
    ("minute: 59", AT, False),
    ("hour: 23", AT, True),
    ("hour|gte: 22", AT, True),
    ("hour|lt: 7", AT, False),
    ("hour: [1, 23]", AT, True),
    ("hour|neq: 23", AT, False),
    ("hour|neq: 22", AT, True),
    ("day: 1", AT, True),
    ("month: 3", AT, True),
    ("month|lte: 2", AT, False),
    ("year: 2026", AT, True),
    ("year|gt: 2025", AT, True),
    ("week: 9", AT, True),  # a Sunday: the last day of ISO week 9
    ("week: 10", "2026-03-02T00:00:00Z", True),
    ("week: 53", "2027-01-01", True),
    ("week: 1", "2026-13-45T00:00:00Z", False),  # no such day
    ("hour: 23", "2026-03-01T23:05:59.123+02:00", True),  # as written: no time zone is converted
    ("hour: 23", "2026-03-01 23:05", True),
    ("day: 1", "2026-03-01", True),
    ("hour: 0", "2026-03-01", False),
    ("day|gte: 1", "yesterday", False),
    ("day|gte: 1", 1_772_406_359, False),
    ("day|gte: 1", None, False),
    ("day: 1", ["2026-03-02", AT], True),  # any element of a list
    ("day: 1", "x2026-03-01", False),
    ("day: 1", "2026-03-01x" * 100, False),
]


@pytest.mark.parametrize(("item", "value", "expected"), TIMES)
def test_parts_of_a_time(item: str, value: Any, expected: bool) -> None:
    assert rule_matches(f"sel:\n  f|{item}\ncondition: sel", {"f": value}) is expected


NETWORKS = [
    ("10.0.0.0/8", "10.255.0.1", True),
    ("10.0.0.0/8", "11.0.0.0", False),
    ("192.0.2.7", "192.0.2.7", True),
    ("192.0.2.7", "192.0.2.8", False),
    ("0.0.0.0/0", "203.0.113.9", True),
    ("10.0.0.0/8", "::ffff:10.1.2.3", True),
    ("10.0.0.0/8", "::FFFF:0a01:0203", True),
    ("10.0.0.0/8", "::ffff:11.1.2.3", False),
    ("10.0.0.0/8", "::10.1.2.3", False),
    ("'::ffff:10.0.0.0/104'", "10.1.2.3", True),
    ("'::ffff:10.0.0.0/104'", "11.1.2.3", False),
    ("'::ffff:10.0.0.0/104'", "::ffff:10.1.2.3", True),
    ("'2001:db8::/32'", "2001:db8:ffff::1", True),
    ("'2001:db8::/32'", "2001:DB9::1", False),
    ("'fe80::/10'", "fe80::1%eth0", True),
    ("'::/0'", "10.0.0.1", False),
    ("10.0.0.0/8", "cloudtrail.amazonaws.com", False),
    ("10.0.0.0/8", "10.0.0.1 ", False),
    ("10.0.0.0/8", "010.0.0.1", False),
    ("10.0.0.0/8", 167_772_161, False),
    ("[10.0.0.0/8, '2001:db8::/32']", "2001:db8::1", True),
]


@pytest.mark.parametrize(("network", "value", "expected"), NETWORKS)
def test_networks(network: str, value: Any, expected: bool) -> None:
    assert rule_matches(f"sel:\n  f|cidr: {network}\ncondition: sel", {"f": value}) is expected


OTHERS = [
    ("f|contains|all: [foo, bar]", {"f": "barfoo"}, True),
    ("f|contains|all: [foo, bar]", {"f": "foo"}, False),
    ("f|all|contains: [foo, bar]", {"f": "barfoo"}, True),
    ("f|startswith|all: [f, fo]", {"f": "foo"}, True),
    ("f|re|all: ['^f', 'o$']", {"f": "foo"}, True),
    ("f|re|all: ['^f', 'x$']", {"f": "foo"}, False),
    ("f|all: [a, b]", {"f": ["b", "a"]}, True),  # each value by some element
    ("f|neq|all: [a, b]", {"f": "a"}, True),  # not (a and b)
    ("f|neq: 5", {"f": 5.0}, False),
    ("f|neq: 5", {"f": "5"}, False),
    ("f|neq: 5", {"f": 6}, True),
    ("f|neq: true", {"f": "TRUE"}, False),
    ("f|contains|neq: mid", {"f": "a mid b"}, False),
    ("f|cidr|neq: 10.0.0.0/8", {"f": "10.1.1.1"}, False),
    ("f|cidr|neq: 10.0.0.0/8", {"f": "11.1.1.1"}, True),
    ("f|re|neq: '^a'", {"f": "ab"}, False),
    ("f|fieldref|neq: g", {"f": "a", "g": "A"}, False),
    ("f|fieldref|neq: g", {"f": "a"}, True),
    ("f|fieldref: [g, h]", {"f": "a", "h": "a"}, True),
    ("f|fieldref|all: [g, h]", {"f": "a", "h": "a"}, False),
    ("f|fieldref|startswith: g", {"f": "ab", "g": "b"}, False),
    ("f|fieldref|endswith: g", {"f": "ab", "g": "B"}, True),
    ("f|fieldref|contains: g", {"f": "ab", "g": "abc"}, False),
    ("f|fieldref: g", {"f": 5, "g": "5"}, True),
    ("f|fieldref: g.h", {"f": ["x", "y"], "g": [{"h": "z"}, {"h": "y"}]}, True),
    ("f|exists: true", {"f": []}, True),
    ("f|exists: false", {"f": None}, False),
    ("f.g|exists: true", {"f": [{"h": 1}, {"g": None}]}, True),
    ("f.g|exists: true", {"f": None}, False),
    ("f.g|exists: true", {"f": [{}, None, "g"]}, False),
    ("f|exists: false", {"g": None}, True),
    ("f|cased: 'A*'", {"f": "Abc"}, True),
    ("f|cased: 'A*'", {"f": "abc"}, False),
    ("f|re|i|m|s: '^B.C$'", {"f": "a\nb\nc"}, True),
    ("f|re|m: '^b.c$'", {"f": "a\nb\nc"}, False),
    (r"f|re: 'a\*'", {"f": "a*"}, True),  # a regular expression knows no Sigma escapes
    (r"f|re: '\\'", {"f": "a\\b"}, True),
    ("f: [null, 5, true, x]", {}, True),
    ("f: [null, 5, true, x]", {"f": "5"}, True),
    ("f: [null, 5, true, x]", {"f": True}, True),
    ("f: [null, 5, true, x]", {"f": "X"}, True),
    ("f: [null, 5, true, x]", {"f": False}, False),
    ("f: [null, 5, true, x]", {"f": 1}, False),
    (r"f: 'a\\b'", {"f": "a\\b"}, True),
    (r"f: 'a\b'", {"f": "a\\b"}, True),
    (r"f: 'a\\\\b'", {"f": "a\\\\b"}, True),
    (r"f: 'a\\\b'", {"f": "a\\\\b"}, True),  # three are two, as four are
    (r"f: 'a\'", {"f": "a\\"}, True),
]


@pytest.mark.parametrize(("item", "record", "expected"), OTHERS)
def test_modifiers_together(item: str, record: dict[str, Any], expected: bool) -> None:
    assert rule_matches(f"sel:\n  {item}\ncondition: sel", record) is expected


def test_every_modifier_of_the_specification_is_known() -> None:
    generic = "all startswith endswith contains exists cased neq windash re i m s"
    encoding = "base64 base64offset utf16le utf16be utf16 wide"
    numeric = "lt lte gt gte minute hour day week month year cidr expand fieldref"

    assert set(f"{generic} {encoding} {numeric}".split()) <= MODIFIERS.keys()


def test_neq_with_a_number_compiles_to_a_negation() -> None:
    sources, _ = parse_rules("rule.yml", rule_text("sel: {f|neq: 5}\ncondition: sel").encode())

    (rule,) = compile_rules(sources).rules

    assert (rule.id, rule.detection) == (RULE_ID, ["not", ["field", "f", ["number", 5]]])
