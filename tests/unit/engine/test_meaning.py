"""What Sigma means on JSON, case by case, from the specification and the corpus' README."""

from typing import Any

import pytest

from tests.unit.rules.writing import rule_matches


def case(name: str, item: str, record: dict[str, Any], expected: bool) -> Any:
    return pytest.param(item, record, expected, id=name)


STRINGS = [
    case("equal", "f: abc", {"f": "abc"}, True),
    case("whole value only", "f: abc", {"f": "abcd"}, False),
    case("case is ignored", "f: aBc", {"f": "AbC"}, True),
    case("field names keep their case", "F: abc", {"f": "abc"}, False),
    case("list is any", "f: [x, abc]", {"f": "abc"}, True),
    case("list, none", "f: [x, y]", {"f": "abc"}, False),
    case("empty string", "f: ''", {"f": ""}, True),
    case("empty string is not missing", "f: ''", {}, False),
    case("empty string is not null", "f: ''", {"f": None}, False),
    case("cased", "f|cased: aBc", {"f": "aBc"}, True),
    case("cased, other case", "f|cased: aBc", {"f": "abc"}, False),
    case("cased contains", "f|contains|cased: aBc", {"f": "xaBcx"}, True),
    case("cased contains, other case", "f|cased|contains: aBc", {"f": "xabcx"}, False),
    case("contains", "f|contains: b", {"f": "abc"}, True),
    case("contains, not", "f|contains: x", {"f": "abc"}, False),
    case("startswith", "f|startswith: AB", {"f": "abc"}, True),
    case("startswith, not inside", "f|startswith: b", {"f": "abc"}, False),
    case("endswith", "f|endswith: BC", {"f": "abc"}, True),
    case("endswith, not inside", "f|endswith: b", {"f": "abc"}, False),
    case("all", "f|contains|all: [a, c]", {"f": "abc"}, True),
    case("all, one missing", "f|contains|all: [a, x]", {"f": "abc"}, False),
    case("neq", "f|neq: abc", {"f": "abd"}, True),
    case("neq, equal", "f|neq: abc", {"f": "ABC"}, False),
    case("neq of a list is none of them", "f|neq: [a, b]", {"f": "b"}, False),
    case("neq holds for a missing field", "f|neq: abc", {}, True),
]

WILDCARDS = [
    case("star", "f: a*d", {"f": "abcd"}, True),
    case("star is also nothing", "f: a*d", {"f": "ad"}, True),
    case("star spans lines", "f: a*d", {"f": "a\nb\nd"}, True),
    case("question mark", "f: a?c", {"f": "abc"}, True),
    case("question mark is mandatory", "f: a?c", {"f": "ac"}, False),
    case("question mark is one character", "f: a?c", {"f": "aßc"}, True),
    case("question mark spans a line's end", "f: a?c", {"f": "a\nc"}, True),
    case("both", "f: a?c*f", {"f": "abcdef"}, True),
    case("ends do not overlap", "f: ab*bc", {"f": "abc"}, False),
    case("middle in order", "f: '*a*b*'", {"f": "xbxa"}, False),
    case("middle not within the end", "f: a*b*b", {"f": "ab"}, False),
    case("the same part twice", "f: '*ab*ab*'", {"f": "abxx"}, False),
    case("the same part twice, twice there", "f: '*ab*ab*'", {"f": "abxxab"}, True),
    case("star alone is any value", "f: '*'", {"f": ""}, True),
    case("star alone is not null", "f: '*'", {"f": None}, False),
    case("star alone is not missing", "f: '*'", {}, False),
    case("contains star is any value", "f|contains: '*'", {"f": ["x"]}, True),
    case("escaped star is a star", r"f: a\*c", {"f": "a*c"}, True),
    case("escaped star is no wildcard", r"f: a\*c", {"f": "abc"}, False),
    case("escaped question mark", r"f: a\?", {"f": "a?"}, True),
    case("escaped question mark is no wildcard", r"f: a\?", {"f": "ab"}, False),
    case("single backslash is plain", r"f: C:\dir", {"f": "C:\\dir"}, True),
    case("double backslash is one", r"f: C:\\dir", {"f": "C:\\dir"}, True),
    case("backslash before a wildcard", r"f: C:\\*", {"f": "C:\\anything"}, True),
    case("backslash and star, both plain", r"f: a\\\*", {"f": "a\\*"}, True),
    case("four backslashes are two", r"f: a\\\\b", {"f": "a\\\\b"}, True),
    case("dots are dots", "f: a.c*", {"f": "abc"}, False),
    case("brackets are brackets", "f: '[a]?'", {"f": "[a]b"}, True),
]

TYPES = [
    case("number", "f: 443", {"f": 443}, True),
    case("number by value", "f: 443", {"f": 443.0}, True),
    case("number against text", "f: 443", {"f": "443"}, True),
    case("number against other text", "f: 443", {"f": "0443"}, False),
    case("text against a number", "f: '443'", {"f": 443}, True),
    case("glob against a number", "f: '44*'", {"f": 443}, True),
    case("number is no boolean", "f: 1", {"f": True}, False),
    case("zero is no boolean", "f: 0", {"f": False}, False),
    case("true", "f: true", {"f": True}, True),
    case("true against text", "f: true", {"f": "True"}, True),
    case("text against true", "f: 'TRUE'", {"f": True}, True),
    case("true is not false", "f: true", {"f": False}, False),
    case("boolean is no number", "f: true", {"f": 1}, False),
    case("null, missing", "f: null", {}, True),
    case("null, null", "f: null", {"f": None}, True),
    case("null, empty string", "f: null", {"f": ""}, False),
    case("null, empty list", "f: null", {"f": []}, False),
    case("null, missing parent", "a.b: null", {"a": "text"}, True),
    case("null or a value", "f: [null, x]", {"f": "x"}, True),
    case("text null is not null", "f: 'null'", {"f": None}, False),
    case("exists", "f|exists: true", {"f": "x"}, True),
    case("exists, false", "f|exists: true", {"f": False}, True),
    case("exists, empty", "f|exists: true", {"f": ""}, True),
    case("exists, null", "f|exists: true", {"f": None}, True),
    case("exists, missing", "f|exists: true", {}, False),
    case("exists not", "f|exists: false", {}, True),
    case("exists not, value", "f|exists: false", {"f": 0}, False),
]

JSON = [
    case("dotted", "a.b: x", {"a": {"b": "x"}}, True),
    case("through a list", "a.b: x", {"a": [{"b": "y"}, {"b": "x"}]}, True),
    case("list element", "a: x", {"a": ["y", "x"]}, True),
    case("lists in lists", "a.b: x", {"a": [[{"b": ["x"]}]]}, True),
    case("different elements satisfy a map", "{a.b: x, a.c: y}", {"a": [{"b": "x"}, {"c": "y"}]}, True),
    case("scalar inside an object", "a: x", {"a": {"b": {"c": "X"}}}, True),
    case("keys are no values", "a: b", {"a": {"b": "x"}}, False),
    case("compact JSON of an object", 'a|contains: \'"b":"x"\'', {"a": {"b": "x"}}, True),
    case("compact JSON of a list", "a: '[1,\"x\"]'", {"a": [1, "x"]}, True),
    case("compact JSON keeps letters", "a|contains: 'é\"]'", {"a": ["é"]}, True),
    case("number in an object", "a: 5", {"a": {"b": 5}}, True),
    case("comparison in a list", "a|gt: 4", {"a": [1, 5]}, True),
    case("neq of a list, one equal", "a|neq: x", {"a": ["x", "y"]}, False),
]

MODIFIERS = [
    case("re searches", "f|re: 'b.d'", {"f": "abcde"}, True),
    case("re keeps case", "f|re: 'B.D'", {"f": "abcde"}, False),
    case("re i", "f|re|i: 'B.D'", {"f": "abcde"}, True),
    case("re anchors", "f|re: '^b'", {"f": "ab"}, False),
    case("re anchors at the text's start", "f|re: '^b'", {"f": "a\nb"}, False),
    case("re m", "f|re|m: '^b$'", {"f": "a\nb\nc"}, True),
    case("re dot is no line's end", "f|re: 'a.b'", {"f": "a\nb"}, False),
    case("re s", "f|re|s: 'a.b'", {"f": "a\nb"}, True),
    case("re flags together", "f|re|i|s: 'A.B'", {"f": "a\nb"}, True),
    case("re backslash", r"f|re: '\d{3}\.'", {"f": "x123.y"}, True),
    case("re over a number", "f|re: '^44'", {"f": 443}, True),
    case("cidr", "f|cidr: 10.0.0.0/8", {"f": "10.2.3.4"}, True),
    case("cidr, outside", "f|cidr: 10.0.0.0/8", {"f": "11.2.3.4"}, False),
    case("cidr, no address", "f|cidr: 10.0.0.0/8", {"f": "10.console.amazonaws.com"}, False),
    case("cidr v6", "f|cidr: '2001:db8::/32'", {"f": "2001:0DB8:0::1"}, True),
    case("cidr, list", "f|cidr: 10.0.0.0/8", {"f": "203.0.113.9, 10.0.0.1"}, True),
    case("cidr, list without spaces", "f|cidr: 203.0.113.0/24", {"f": "203.0.113.9,10.0.0.1,::1"}, True),
    case("cidr, list of v6", "f|cidr: '2001:db8::/32'", {"f": "10.0.0.1 ,\t2001:db8::5"}, True),
    case("cidr, none of a list", "f|cidr: 10.0.0.0/8", {"f": "203.0.113.9, 11.0.0.1, unknown, "}, False),
    case("cidr, list without end", "f|cidr: 10.0.0.0/8", {"f": "203.0.113.9, " * 400 + "10.0.0.1"}, False),
    case("cidr, other version", "f|cidr: 0.0.0.0/0", {"f": "::1"}, False),
    case("lt", "f|lt: 5", {"f": 4}, True),
    case("lt, equal", "f|lt: 5", {"f": 5}, False),
    case("lte, equal", "f|lte: 5", {"f": 5}, True),
    case("gt", "f|gt: 5", {"f": 5.5}, True),
    case("gt, equal", "f|gt: 5", {"f": 5}, False),
    case("gte, equal", "f|gte: 5", {"f": 5}, True),
    case("gt, number in text", "f|gt: 9", {"f": "10"}, True),
    case("gt, other text", "f|gt: 9", {"f": "ten"}, False),
    case("gt, boolean", "f|gt: 0", {"f": True}, False),
    case("gt, missing", "f|gt: 0", {}, False),
    case("fieldref", "f|fieldref: a.b", {"f": "x", "a": {"b": "X"}}, True),
    case("fieldref, different", "f|fieldref: a.b", {"f": "x", "a": {"b": "y"}}, False),
    case("fieldref, both missing", "f|fieldref: a.b", {}, False),
    case("fieldref, both null", "f|fieldref: g", {"f": None, "g": None}, False),
    case("fieldref startswith", "f|fieldref|startswith: g", {"f": "abc", "g": "AB"}, True),
    case("fieldref endswith", "f|fieldref|endswith: g", {"f": "abc", "g": "ab"}, False),
    case("fieldref contains", "f|fieldref|contains: g", {"f": "abc", "g": "b"}, True),
    case("fieldref neq", "f|fieldref|neq: g", {"f": "a", "g": "b"}, True),
    case("base64", "f|base64: foo", {"f": "Zm9v"}, True),
    case("base64offset", "f|base64offset|contains: foobar", {"f": "eGZvb2Jhcng="}, True),
    case("base64offset, other", "f|base64offset|contains: foobaz", {"f": "eGZvb2Jhcng="}, False),
    case("base64offset all", "f|base64offset|contains|all: [foobar, oba]", {"f": "eGZvb2Jhcng="}, True),
    case("wide base64", "f|wide|base64: cmd", {"f": "YwBtAGQA"}, True),
    case("wide", "f|wide|contains: cd", {"f": "xc\0d\0"}, True),
    case("utf16be", "f|utf16be: cd", {"f": "\0c\0d"}, True),
    case("windash", "f|windash|contains: ' -f'", {"f": "rm /f"}, True),
    case("windash en dash", "f|windash|contains: ' -f'", {"f": "rm \u2013f"}, True),
]


@pytest.mark.parametrize(("item", "record", "expected"), [*STRINGS, *WILDCARDS, *TYPES, *JSON, *MODIFIERS])
def test_a_selection_means_what_sigma_says(item: str, record: dict[str, Any], expected: bool) -> None:
    body = f"selection: {item}" if item.startswith("{") else f"selection:\n  {item}"

    assert rule_matches(f"{body}\ncondition: selection", record) is expected


@pytest.mark.parametrize(
    ("pattern", "value", "expected"),
    [
        ("ÉCOLE", "école", True),
        ("σας", "ΣΑΣ", True),  # the final sigma is a sigma
        ("\u212a", "k", True),  # the Kelvin sign
        ("ß", "ẞ", True),
        ("ß", "ss", False),  # simple folding: one character is one character
        ("i", "İ", False),
    ],
)
def test_case_is_ignored_beyond_ascii(pattern: str, value: str, expected: bool) -> None:
    assert rule_matches(f"selection:\n  f: '{pattern}'\ncondition: selection", {"f": value}) is expected


KEYWORDS = [
    ("[mimikatz]", {"a": {"b": ["run Mimikatz now"]}}, True),
    ("[a, b]", {"x": "zbz"}, True),
    ("['name']", {"name": "value"}, False),
    ("['*en*y']", {"x": "key is enemy"}, True),
    ("[4625]", {"x": 46251}, True),
    ("{'|all': [foo, bar]}", {"x": "foo", "y": "a bar"}, True),
    ("{'|all': [foo, bar]}", {"x": "foo"}, False),
    ("{'|re': '^fo+$'}", {"x": "foo"}, True),
    ("{'|cased': Foo}", {"x": "a foo"}, False),
    ("{'|cidr': 10.0.0.0/8}", {"x": {"y": "10.1.1.1"}}, True),
]


@pytest.mark.parametrize(("words", "record", "expected"), KEYWORDS)
def test_keywords_search_every_value(words: str, record: dict[str, Any], expected: bool) -> None:
    assert rule_matches(f"words: {words}\ncondition: words", record) is expected


CONDITIONS = [
    ("a", True),
    ("b", False),
    ("a and b", False),
    ("a or b", True),
    ("not b", True),
    ("not a or c", True),
    ("a or b and b", True),
    ("(a or b) and b", False),
    ("not (a and b)", True),
    ("1 of sel*", True),
    ("all of sel*", False),
    ("1 of them", True),
    ("all of them", False),
    ("a and not 1 of fil*", True),
    ("any of sel*", True),
    ("a and c", True),
    ("[b, a]", True),  # a list of conditions means any
]


@pytest.mark.parametrize(("condition", "expected"), CONDITIONS)
def test_conditions(condition: str, expected: bool) -> None:
    detection = f"""
        a: {{f: x}}
        b: {{f: y}}
        c: {{g: z}}
        sel_1: {{f: x}}
        sel_2: {{f: y}}
        filter: {{f: y}}
        condition: {condition}
    """

    assert rule_matches(detection, {"f": "x", "g": "z"}) is expected


def test_underscored_selections_are_not_among_them() -> None:
    detection = "_hidden: {f: x}\nshown: {f: y}\ncondition: 1 of them"

    assert not rule_matches(detection, {"f": "x"})


def test_maps_in_a_list_mean_any_and_keys_in_a_map_mean_all() -> None:
    detection = "sel:\n  - {f: x, g: y}\n  - h: z\ncondition: sel"

    assert rule_matches(detection, {"f": "x", "g": "y"})
    assert rule_matches(detection, {"h": "z"})
    assert not rule_matches(detection, {"f": "x"})


def test_a_glob_takes_linear_time_on_what_an_attacker_wrote() -> None:
    hostile = "a" * 200_000

    assert not rule_matches("sel:\n  f: '*a*a*a*a*a*a*a*a*b'\ncondition: sel", {"f": hostile})
    assert not rule_matches("sel:\n  f: '*a?a*a?a*a?a*b'\ncondition: sel", {"f": hostile})
    assert not rule_matches("sel:\n  f|re: '(a*)*b'\ncondition: sel", {"f": hostile})


def test_half_a_surrogate_pair_is_data() -> None:
    record = {"f": {"g": "x\ud800y"}}

    assert rule_matches("sel:\n  f|re: 'x.+y'\ncondition: sel", record)
    assert rule_matches("sel:\n  f|contains: 'x'\ncondition: sel", record)
    assert rule_matches("sel:\n  f|contains: 'x?y'\ncondition: sel", record)
