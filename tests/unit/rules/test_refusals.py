"""What is refused: each by name, with line, column and cure, and all at once."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.rules.writing import RULE_ID, problems_of, rule_text
from trailwarden.errors import RuleError
from trailwarden.rules.compile import compile_usable
from trailwarden.rules.document import MAX_BYTES, MAX_NODES
from trailwarden.rules.load import load_rules, parse_rules, read_over_shipped

HEAD = f"title: A rule\nid: {RULE_ID}\nlevel: low\nlogsource: {{product: aws, service: cloudtrail}}\n"
BODY = "detection: {sel: {f: x}, condition: sel}\n"

# the item stands at line 9, column 5 of the rule
ITEMS = [
    ("f|contians: x", "the modifier `contians` is unknown", "did you mean `contains`?"),
    ("f|utf16el: x", "the modifier `utf16el` is unknown", "did you mean `utf16le`?"),
    ("f|hour: 24", "`hour` is a whole number from 0 to 23", "without quotes"),
    ("f|month|gt: '3'", "`month` is a whole number from 1 to 12", "without quotes"),
    ("f|minute: 1.5", "`minute` is a whole number from 0 to 59", "without quotes"),
    ("f|gt|hour: 3", "the modifier `hour` is incompatible to value type of", "page"),
    ("'|hour': 3", "a keyword cannot take `hour`", "name a field"),
    ("f|expand: '%admins%'", "the placeholder %admins% is not filled", "`name: admins`"),
    ("f|expand|re: 'x%admins%'", "the placeholder %admins% is not filled", "`name: admins`"),
    ("f|expand: 5", "a placeholder must be text", "quotes"),
    ("f|base64|expand: '%admins%'", "`base64` would encode the placeholder itself", "`expand` before"),
    ("f|base64: 'a*'", "a wildcard cannot be encoded with Base64", ""),
    ("f|base64offset|contains: a", "a value under two bytes leaves nothing certain in Base64", ""),
    ("f|utf16|wide: a", "a text can be encoded as UTF-16 only once", ""),
    ("f|windash: '-a -b -c -d -e'", "`windash` exchanges at most 4 dashes in one value", ""),
    ("f|re: '(?=x)'", "RE2 cannot express the regular expression: invalid perl operator: (?=", "look-around"),
    (r"f|re: '(a)\1'", "RE2 cannot express the regular expression: invalid escape sequence: \\1", "back-ref"),
    ("f|re: '['", "RE2 cannot express the regular expression: missing ]: [", ""),
    ("f|re: 5", "a regular expression must be text", "put it in quotes"),
    ("f|re|contains: x", "`re` and `contains` do not go together", "searched for anywhere"),
    ("f|cased|wide: x", "another modifier undoes `cased`", "write `cased` last"),
    ("f|gt: '5'", "the modifier `gt` is incompatible to value type of '5'", ""),
    ("f|contains: 5", "the modifier `contains` is incompatible to value type of '5'", ""),
    ("f|cidr: 10.0.0.1/8", "Invalid CIDR expression: 10.0.0.1/8 has host bits set", ""),
    ("f|exists: 'yes'", "the modifier `exists` is incompatible to value type of 'yes'", ""),
    ("f|fieldref: 'a*'", "Field references must not contain wildcards", ""),
    ("f|fieldref: 'a..b'", "`a..b` is no field", "dotted path"),
    ("a..b: x", "`a..b` is no field", "dotted path"),
    ("f: []", "`f` has an empty list of values", "write null"),
    ("f: {g: x}", "a value must be text, a number, true, false or null", "dotted field"),
    ("f: 123456789012345678901", "123456789012345678901 is too large to compare as a number", "quotes"),
    ("'|startswith': x", "a keyword cannot take `startswith`", "name a field"),
    ("'|exists': true", "Exists modifier must be applied to field", ""),
    ("'|fieldref': x", "a keyword cannot refer to a field", "name a field"),
]


@pytest.mark.parametrize(("item", "message", "cure"), ITEMS)
def test_an_item_that_is_not_evaluated(item: str, message: str, cure: str) -> None:
    (problem,) = problems_of(rule_text(f"sel:\n  {item}\ncondition: sel"))

    assert (problem.path, problem.line, problem.column) == ("rule.yml", 9, 5)
    assert problem.message.startswith(message)
    assert problem.cure
    assert cure in problem.cure


def test_a_mistake_in_a_list_is_told_at_its_element() -> None:
    text = rule_text("sel:\n  f|re:\n    - fine\n    - '(?!x)'\n    - '(?<=y)'\ncondition: sel")

    assert [(problem.line, problem.column) for problem in problems_of(text)] == [(11, 9), (12, 9)]


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("nope", "there is no selection `nope`"),
        ("1 of nope*", "no selection is named like `nope*`"),
        ("sel and", "a selection must follow `and`"),
        ("sel and not", "a selection must follow `not`"),
        ("not", "a selection must follow `not`"),
        ("sel or and sel", "`and` stands where a selection must stand"),
        ("() or sel", "`)` stands where a selection must stand"),
        ("sel sel", "neither `and` nor `or` joins `sel` and `sel`"),
        ("sel not sel", "neither `and` nor `or` joins `sel` and `not`"),
        ("all of", "a pattern or `them` must follow `all of`"),
        ("sel and 1 sel", "`of` must follow `1`"),
        ("1 of them of sel", "neither `and` nor `or` joins `them` and `of`"),
        ("sel, sel", "there is no selection `sel,`"),
        ("2 of them", "`2 of` is not Sigma"),
        ("sel NOT sel", "`NOT` is not an operator, as it is written in capitals"),
        ("sel && sel", "`&&` is not an operator"),
        ("(sel or (sel)", "it opens 2 and closes 1 brackets"),
        ("sel | count() > 5", "a condition cannot count (`|`)"),
    ],
)
def test_a_condition_that_does_not_parse(condition: str, message: str) -> None:
    (problem,) = problems_of(rule_text(f"sel: {{f: x}}\ncondition: {condition}"))

    assert (problem.line, problem.column) == (9, 3)
    assert f"`{condition}`: {message}" in problem.message
    assert problem.cure


SELECTIONS = {"sel": "{f: x}", "sel_two": "{g: y}", "other": "{h: z}"}
_WORDS = [
    "sel",
    "sel_*",
    "other",
    "none",
    "and",
    "or",
    "not",
    "(",
    ")",
    "1 of",
    "all of",
    "them",
    "'",
    "-",
    "1",
]


@given(words=st.lists(st.sampled_from(_WORDS), min_size=1, max_size=6))
def test_no_condition_is_answered_in_the_words_of_a_parser(words: list[str]) -> None:
    selections = "\n".join(f"{name}: {body}" for name, body in SELECTIONS.items())
    written = " ".join(words)

    for problem in problems_of(rule_text(f'{selections}\ncondition: "{written}"')):
        said = problem.message.removeprefix(f"the condition `{written}`: ")
        assert not re.search(r"Expected|pySigma|Selector|\bchar\b|W:\(", said), said
        assert said != "it cannot be read"
        assert problem.cure


DOCUMENTS = [
    (HEAD.replace("title: A rule\n", "") + BODY, 1, "the rule has no `title`", "add `title:`"),
    (HEAD.replace(f"id: {RULE_ID}", "id: 7") + BODY, 2, "`id` must be text", "UUID"),
    (HEAD.replace("level: low", "level:") + BODY, 3, "`level` must be text", "critical"),
    (
        HEAD.replace("level: low", "level: severe") + BODY,
        3,
        "'severe' is not a valid Sigma rule level",
        "critical",
    ),
    (HEAD.replace(RULE_ID, "42a") + BODY, 2, "Sigma rule identifier must be an UUID", "uuidgen"),
    (HEAD.replace(RULE_ID, "42") + BODY, 2, "`id` must be text", "UUID"),
    (HEAD + "status: great\n" + BODY, 5, "'great' is not a valid Sigma rule status", "stable"),
    (HEAD + "tags: [oops]\n" + BODY, 5, "Sigma tag must start with namespace", "namespace.name"),
    (
        HEAD.replace("cloudtrail", "guardduty") + BODY,
        4,
        "the log source (product aws, service guardduty) is not",
        "",
    ),
    (
        HEAD.replace("service: cloudtrail", "category: dns") + BODY,
        4,
        "the log source (category dns, product aws) is not CloudTrail",
        "",
    ),
    (
        HEAD.replace("{product: aws, service: cloudtrail}", "{}") + BODY,
        4,
        "Sigma log source can't be empty",
        "",
    ),
    (HEAD, 1, "the rule has no `detection`", "selections"),
    (
        HEAD + "detection: {sel: {f: x}}\n",
        5,
        "`detection` needs a `condition`, as text",
        "condition: selection",
    ),
    (HEAD + "detection: {condition: sel}\n", 5, "`detection` selects nothing", "selection"),
    (HEAD + "detection: {sel: {}, condition: sel}\n", 5, "`sel` is empty", ""),
    (HEAD + BODY.replace("}\n", ", timeframe: 5m}\n"), 5, "`timeframe` is not evaluated", "correlations"),
    ("action: global\ntitle: x\n", 1, "rule collections (`action`) are not evaluated", "in full"),
    ("- a\n- b\n", 1, "a rule must be a map", "title"),
    ("", 1, "the file holds no rule", ""),
    (
        HEAD + BODY + "trailwarden: {titel: x}\n",
        6,
        "`titel` is unknown in `trailwarden`",
        "did you mean `title`?",
    ),
    (HEAD + BODY + "trailwarden: {tests: {matches: []}}\n", 6, "`matches` is unknown in `tests`", "`match`"),
    (
        HEAD + BODY + "trailwarden: {title: 'a {b'}\n",
        6,
        "`{` in the title is no placeholder",
        "{userIdentity.arn}",
    ),
    (HEAD + BODY + "trailwarden: {group_by: [a b]}\n", 6, "`a b` is no field", "dotted"),
    (HEAD + BODY + "trailwarden: {runbook: [1]}\n", 6, "`runbook` must be a list of texts", ""),
    (HEAD + BODY + "trailwarden: {tests: {match: [x]}}\n", 6, "a test's record must be a map", ""),
    (HEAD + BODY + "trailwarden: [x]\n", 6, "`trailwarden` must be a map", ""),
    (
        HEAD + "detection: {sel: {f: No}, condition: sel}\n",
        5,
        "`No` is text in YAML 1.2 and a boolean",
        "quotes",
    ),
    (
        HEAD + "detection: {sel: {f: 0123}, condition: sel}\n",
        5,
        "`0123` is read as the number 83",
        "quotes",
    ),
    (
        HEAD + "detection: {sel: {f: 1:30}, condition: sel}\n",
        5,
        "`1:30` is text in YAML 1.2 and a number",
        "quotes",
    ),
    (HEAD + "level: high\n" + BODY, 5, "the key `level` stands twice in one map", "keep one"),
    (HEAD + BODY + "trailwarden: {tests: {match: [{1: x}]}}\n", 6, "a key must be text", "quotes"),
    (HEAD + BODY + "x: !!python/object:os.system {}\n", 6, "os.system` is not understood", "plain YAML"),
    (HEAD + BODY + "x: !!python/name:os.system x\n", 6, "os.system` is not understood", "plain YAML"),
    (HEAD + BODY + "x: {<<: {a: b}}\n", 6, "the merge key `<<` is not understood", ""),
    (HEAD + BODY + "x: [1\ny: 2\n", 7, "not YAML: ", "indentation"),
    (HEAD + BODY + "x: \x01\n", 6, "not YAML: ", ""),
]


@pytest.mark.parametrize(("text", "line", "message", "cure"), DOCUMENTS)
def test_a_document_that_cannot_be_used(text: str, line: int, message: str, cure: str) -> None:
    (problem,) = problems_of(text)

    assert problem.line == line
    assert problem.column >= 1
    assert message in problem.message
    assert problem.cure
    assert cure in problem.cure


def test_every_mistake_in_every_file_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text(
        HEAD.replace("level: low", "level: worst") + "detection: {sel: {f|x: 1}}\n"
    )
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "b.yaml").write_text(f"{HEAD}{BODY}---\n{HEAD}{BODY}")
    (tmp_path / "deep" / "notes.txt").write_text("not a rule")

    with pytest.raises(RuleError) as raised:
        load_rules([tmp_path, tmp_path / "missing.yml"])

    told = [(Path(problem.path).name, problem.line) for problem in raised.value.problems]
    assert told == [("a.yml", 3), ("a.yml", 5), ("a.yml", 5), ("b.yaml", 7), ("missing.yml", 1)]
    assert "is also that of" in str(raised.value)


def test_a_file_named_twice_is_read_once(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text(HEAD + BODY)

    (source,) = load_rules([tmp_path, tmp_path / "a.yml", str(tmp_path)])

    assert (source.id, source.line, source.column) == (RULE_ID, 1, 1)


def test_dates_stay_text_and_the_block_is_read() -> None:
    extra = """
        date: 2026-01-31
        trailwarden:
          title: "{actor} did it"
          group_by: [account, requestParameters.name]
          runbook: Ask first.
          owner: us
          tests:
            match:
              - {f: x, eventTime: 2026-01-31T10:00:00Z}
    """
    sources, problems = parse_rules("rule.yml", rule_text("sel: {f: x}\ncondition: sel", extra).encode())

    assert not problems
    block = sources[0].block
    assert (block.alert_title, block.owner, block.runbook) == ("{actor} did it", "us", ("Ask first.",))
    assert block.group_by == ("account", "requestParameters.name")
    assert block.tests[0].record == {"f": "x", "eventTime": "2026-01-31T10:00:00Z"}


LAUGHS = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]\n" for level in range(1, 12)
)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (LAUGHS, f"more than {MAX_NODES:,} values, aliases followed"),
        ("a: &a [*a]\n", "an alias leads back into itself"),
        ("[" * 300 + "]" * 300, "nested deeper than 50 levels"),
        ("- x\n" * (MAX_NODES + 1), f"more than {MAX_NODES:,} values"),
        ("x" * (MAX_BYTES + 1), "the file is larger than"),
    ],
    ids=["billion laughs", "cycle", "depth", "count", "size"],
)
def test_a_yaml_bomb_is_refused_before_it_grows(content: str, message: str) -> None:
    (problem,) = problems_of(content)

    assert message in problem.message
    assert problem.cure


def test_what_is_not_utf8_is_told_at_its_place(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_bytes(b"title: x\nid: \xff\n")

    with pytest.raises(RuleError, match=r"a\.yml:2:5: not UTF-8 text"):
        load_rules([tmp_path])


WHOLE = """\
title: Quiet
override:
  rules: [nobody, {known}]
  level: loud
---
title: Many
id: 0c1f0a5e-6a0e-4e0e-9d5e-0a4b8c8f4a11
correlation:
  type: evnt_count
  rules: [{known}, somebody]
  group-by: [userIdentity.arn]
  timespan: 10x
  condition: {{gte: ten, fild: x}}
---
title: Pass
logsource: {{product: aws, service: clodtrail}}
filter:
  rules: [anybody]
  sel: {{eventName: X}}
  condition: sel and
trailwarden: {{owner: a, reason: b, expires: never}}
"""


def test_every_mistake_of_a_document_is_named_in_one_run() -> None:
    known = rule_text("sel: {eventName: X}\ncondition: sel")
    problems = problems_of(f"{WHOLE.format(known=RULE_ID)}---\n{known}")

    assert [(problem.line, problem.message.partition(" is ")[0]) for problem in problems] == [
        (1, "the override has no `owner`"),
        (1, "the override has no `reason`"),
        (3, "there"),
        (4, "`level`"),
        (9, "`evnt_count`"),
        (10, "there"),
        (12, "`10x`"),
        (13, "`ten`"),
        (13, "`fild`"),
        (16, "the log source (product aws, service clodtrail) fits no CloudTrail rule"),
        (18, "there"),
        (20, "the condition `sel and`: a selection must follow `and`"),
        (21, "`expires` must be a day of the calendar"),
    ]
    assert [
        re.findall(r"\w+body", problem.message) for problem in problems if "is no rule" in problem.message
    ] == [
        ["nobody"],
        ["somebody"],
        ["anybody"],
    ]


def test_what_is_not_evaluated_is_named_beside_other_mistakes_of_the_rule() -> None:
    text = rule_text("sel:\n  a|fieldref: b[1].c\n  d|re: 'e'\ncondition: sel")

    (alone,) = problems_of(text)
    assert alone.message.startswith("`b[1].c`")
    both = problems_of(text.replace("level: high", "level: hihg"))
    assert [problem.line for problem in both] == [3, alone.line]
    assert both[1] == alone


def test_a_shipped_rule_that_is_meant_by_its_title_is_named_once(tmp_path: Path) -> None:
    team = tmp_path / "many.yml"
    team.write_text(
        "title: Many\ncorrelation:\n  type: event_count\n  rules: [Root User Used]\n"
        "  group-by: [userIdentity.arn]\n  timespan: 10m\n  condition: {gte: 10}\n"
    )

    sources = read_over_shipped([team], whole=True).sources
    (problem,) = compile_usable(sources)[1]

    assert problem.cure.count("Root User Used") == 1
