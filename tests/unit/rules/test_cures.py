"""What is refused says how to write it instead; what the specification asks for is not dropped in silence."""

import pytest

from tests.unit.rules.writing import problems_of, rule_matches, rule_text
from trailwarden.rules.lint import lint_rules
from trailwarden.rules.load import parse_rules

DETECTIONS = [
    # regular expressions
    ("s: {f: x, g|re: 'arn:(?!aws:iam)'}\ncondition: s", "`and not`"),
    ("s: {f|re: '(?<!x)y'}\ncondition: s", "`and not`"),
    ("s: {f|re: '(?=.*a)(?=.*b)'}\ncondition: s", "`re|all`"),
    ("s: {f|re: '(?<=a)b'}\ncondition: s", "`re|all`"),
    ("s: {f|re: '(a|b)\\1'}\ncondition: s", "`fieldref`"),
    ("s: {f|re: 'a*+b'}\ncondition: s", "last `+`"),
    ("s: {f|re: '(?>a|ab)c'}\ncondition: s", "`(?:`"),
    ("s: {f|re: 'x{2000}'}\ncondition: s", "1,000"),
    ("s: {f|re: '(a'}\ncondition: s", "close"),
    ("s: {f|re: 'a)'}\ncondition: s", "open"),
    ("s: {f|re: '*a'}\ncondition: s", "backslash"),
    ("s: {f|re: 'a\\Z'}\ncondition: s", "`$`"),
    ("s: {f|re: '\\y'}\ncondition: s", "double it"),
    # `neq` and its neighbours
    ("s: {f|neq|re: a.c}\ncondition: s", "`f|re|neq`"),
    ("s: {f|neq|cidr: 10.0.0.0/8}\ncondition: s", "`f|cidr|neq`"),
    ("s: {f|cidr: 10.1.2.3/8}\ncondition: s", "10.0.0.0/8"),
    ("s: {f|cidr: office}\ncondition: s", "such as 10.0.0.0/8"),
    ("s: {f|gte: '22'}\ncondition: s", "without quotes"),
    # parts of times
    ("s: {eventTime|month|day: 5}\ncondition: s", "`eventTime|month` and `eventTime|day`"),
    ("s: {eventTime|week|week|gte: 5}\ncondition: s", "keep one"),
    # brackets
    ("s: {'requestParameters.items[*].name': x}\ncondition: s", "`requestParameters.items.name`"),
    ("s: {'resources[all].ARN|contains': x}\ncondition: s", "`resources.ARN`"),
    ("s: {'tags[0]': x}\ncondition: s", "`tags`"),
    ("s: {f|fieldref: 'a[1].b'}\ncondition: s", "`a.b`"),
]
CONDITIONS = [
    ("2 of sel*", "(sel_a and sel_b) or (sel_a and sel_c) or (sel_b and sel_c)"),
    ("3 of them and sel_a", "(sel_a and sel_b and sel_c)"),
    ("12 of sel*", "names 3 selections"),
    ("1 of selection*", "`sel_"),
    ("all of filter_*", "the selections are `sel_a`, `sel_b`, `sel_c`"),
    ("sel_a and not sel_d", "did you mean"),
    ("sel_a OR sel_b", "`or` in lower case"),
    ("sel_a && sel_b", "`and` for `&&`"),
    ("!sel_a", "`not` for `!`"),
    ("(sel_a or sel_b", "as many"),
    ("sel_a | count() by x > 5", "correlation"),
]


@pytest.mark.parametrize(("detection", "cure"), DETECTIONS)
def test_what_is_refused_says_how_to_write_it(detection: str, cure: str) -> None:
    (problem,) = problems_of(rule_text(detection))
    assert cure in problem.cure


@pytest.mark.parametrize(
    ("attribute", "cure"),
    [
        ("tags: attack.t1110", 'write it as a list: `tags: ["attack.t1110"]`'),
        (
            "tags: attack.impact, attack.t1485",
            'write it as a list: `tags: ["attack.impact", "attack.t1485"]`',
        ),
        ("tags: {attack: t1110}", "begin each of its entries with `- `"),
        ("tags: [t1110]", "write tags as `namespace.name`, such as attack.t1098"),
        (
            "falsepositives: 'Backups, by night'",
            'write it as a list: `falsepositives: ["Backups, by night"]`',
        ),
        (
            "references: 'https://example.com/\"a\"'",
            r'write it as a list: `references: ["https://example.com/\"a\""]`',
        ),
        ("references: ''", "begin each of its entries with `- `"),
        ("fields: eventName", 'write it as a list: `fields: ["eventName"]`'),
        ("scope: the servers of payments", 'write it as a list: `scope: ["the servers of payments"]`'),
        ("author: [ann, bob]", 'write it as one text: `author: "ann, bob"`'),
        ("author: {name: ann}", "write it as one text"),
        ("license: [MIT]", 'write it as one text: `license: "MIT"`'),
        ("description: 12", 'write it as one text: `description: "12"`'),
        ("name: 7", 'write it as one text: `name: "7"`'),
        ("related: 0b2c6f8e-1f7e-4b8a-9b4a-3d3b8f6f4a10", "each as `- {id: its UUID, type: derived}`"),
        ("related: [0b2c6f8e-1f7e-4b8a-9b4a-3d3b8f6f4a10]", "each as `- {id: its UUID, type: derived}`"),
        ("related: [{id: 0b2c6f8e-1f7e-4b8a-9b4a-3d3b8f6f4a10, type: merge}]", "did you mean `merged`?"),
        (
            "related: [{id: 0b2c6f8e-1f7e-4b8a-9b4a-3d3b8f6f4a10, type: xyz}]",
            "write one of correlation, derived, merged, obsolete, renamed, similar",
        ),
    ],
)
def test_an_attribute_of_another_shape_is_written_out_as_it_should_be(attribute: str, cure: str) -> None:
    (problem,) = problems_of(rule_text("s: {f: x}\ncondition: s") + attribute + "\n")
    assert problem.cure.endswith(cure)


@pytest.mark.parametrize(("condition", "cure"), CONDITIONS)
def test_a_condition_that_does_not_parse_says_how_to_write_it(condition: str, cure: str) -> None:
    selections = "sel_a: {f: a}\nsel_b: {f: b}\nsel_c: {f: c}"
    (problem,) = problems_of(rule_text(f"{selections}\ncondition: '{condition}'"))
    assert cure in problem.cure


def test_what_is_offered_instead_parses() -> None:
    selections = "sel_a: {f: a}\nsel_b: {f: b}\nsel_c: {f: c}"
    written = CONDITIONS[0][1]
    assert problems_of(rule_text(f"{selections}\ncondition: {written}")) == []


@pytest.mark.parametrize("modifiers", ["cased|fieldref", "fieldref|cased"])
@pytest.mark.parametrize(
    ("more", "f", "g", "held"),
    [
        ("", "Alice", "Alice", True),
        ("", "Alice", "alice", False),
        ("|startswith", "Alice-key", "Alice", True),
        ("|startswith", "ALICE-key", "Alice", False),
        ("|endswith", "key-Alice", "ALICE", False),
        ("|contains", "a-Alice-b", "Alice", True),
        ("|contains", "a-alice-b", "Alice", False),
        ("|neq", "Alice", "alice", True),
        ("|neq", "Alice", "Alice", False),
    ],
)
def test_cased_counts_for_a_field_that_is_compared(
    modifiers: str, more: str, f: str, g: str, held: bool
) -> None:
    assert rule_matches(f"s: {{f|{modifiers}{more}: g}}\ncondition: s", {"f": f, "g": g}) is held


@pytest.mark.parametrize(
    ("modifiers", "cure"),
    [
        ("base64offset|utf16le", "`utf16le|base64offset`"),
        ("base64|wide", "`utf16le|base64`"),
        ("base64offset|utf16be|contains", "`utf16be|base64offset`"),
        ("wide", "base64offset|contains"),
        ("base64offset", "`base64offset|contains`"),
    ],
)
def test_encoders_that_can_hardly_match_earn_a_warning(modifiers: str, cure: str) -> None:
    text = rule_text(f"s: {{eventName: X, requestParameters.f|{modifiers}: secret}}\ncondition: s")
    sources, problems = parse_rules("rule.yml", text.encode())
    assert problems == []
    assert any(cure in warning.cure for warning in lint_rules(sources))


@pytest.mark.parametrize(
    "modifiers", ["wide|base64offset|contains", "base64", "utf16le|base64", "base64offset|contains"]
)
def test_encoders_in_their_order_earn_none(modifiers: str) -> None:
    text = rule_text(f"s: {{eventName: X, requestParameters.f|{modifiers}: secret}}\ncondition: s")
    assert lint_rules(parse_rules("rule.yml", text.encode())[0]) == []


@pytest.mark.parametrize("line", ["f|all: x", "f|contains|all: [x]", "f|re|all: x"])
def test_all_of_one_value_earns_a_warning(line: str) -> None:
    text = rule_text(f"s: {{eventName: X, requestParameters.{line}}}\ncondition: s")
    (warning,) = lint_rules(parse_rules("rule.yml", text.encode())[0])
    assert "there is one value" in warning.message


@pytest.mark.parametrize(
    "line", ["errorCode: [AccessDenied, null]", "errorCode: [~, 1]", "errorCode: [a, b, NULL]"]
)
def test_null_among_values_earns_a_warning(line: str) -> None:
    text = rule_text(f"s: {{eventName: X, {line}}}\ncondition: s")
    (warning,) = lint_rules(parse_rules("rule.yml", text.encode())[0])
    assert warning.cure.startswith("write `errorCode: null` in a selection of its own")
