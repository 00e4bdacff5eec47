"""Named lists: where they stand, what they fill, and what is refused."""

from pathlib import Path
from typing import Any

import pytest

from tests.unit.rules.writing import RULE_ID, problems_of, rule_text
from trailwarden.engine.evaluate import holds
from trailwarden.rules.compile import compile_rules
from trailwarden.rules.load import load_rules, parse_rules

LISTS = r"""---
name: Administrators
description: Who may.
values: [alice, 'adm_*', 7]
---
name: two words
values: ['1.5', 'a\*b']
---
name: networks
values: [10.0.0.0/8, 192.0.2.7]
---
name: ports
values: [22, 3389, true]
---
name: ends
values: ['C:\']
"""


def matches(item: str, record: dict[str, Any]) -> bool:
    text = rule_text(f"sel:\n  {item}\ncondition: sel") + LISTS
    sources, problems = parse_rules("rule.yml", text.encode())
    assert not problems, problems
    return holds(compile_rules(sources).rules[0].detection, record)


@pytest.mark.parametrize(
    ("item", "value", "expected"),
    [
        ("f|expand: '%Administrators%'", "ALICE", True),
        ("f|expand: '%Administrators%'", "adm_bob", True),  # a list's value may hold wildcards
        ("f|expand: '%Administrators%'", 7, True),
        ("f|expand: '%Administrators%'", "bob", False),
        ("f|expand: ['%Administrators%', bob]", "bob", True),
        ("f: '%Administrators%'", "alice", False),  # without `expand` a percent sign is one
        ("f: '%Administrators%'", "%administrators%", True),
        (r"f|expand: '\%plain%Administrators%'", "%plainalice", True),
        (r"f|expand: '\%plain%Administrators%'", "%plain%Administrators%", False),
        ("f|expand: '100% of %Administrators%'", "100% of alice", True),  # no name begins with a space
        (r"f|expand: '100\% of %Administrators%'", "100% of alice", True),
        ("f|expand: 'x%Administrators%y'", "xALICEy", True),
        ("f|expand: 'x%Administrators%y'", "xadm_1y", True),
        ("f|expand: 'x%Administrators%y'", "x7y", True),
        ("f|expand: '%Administrators%@%two words%'", "alice@1.5", True),
        ("f|expand: '%Administrators%@%two words%'", "alice@a*b", True),
        ("f|expand: '%Administrators%@%two words%'", "alice@acb", False),
        ("f|expand|contains: '%two words%'", "v1.55", True),
        ("f|contains|expand: '%two words%'", "v1.55", True),  # the order does not matter
        ("f|startswith|expand|cased: '%two words%'", "A*B", False),
        ("f|expand|neq: '%two words%'", "1.5", False),
        ("f|expand|neq: '%two words%'", "2.5", True),
        # the values of one placeholder are alternatives, also where `all` joins the item's own
        ("f|expand|contains|all: ['%two words%', v]", "v1.5", True),
        ("f|expand|contains|all: ['%two words%', v]", "1.5", False),
        # in a regular expression a list's value stands for itself, but for its wildcards
        ("f|expand|re: '^v%two words%$'", "v1.5", True),
        ("f|expand|re: '^v%two words%$'", "v1x5", False),
        ("f|re|expand|i: '^V%Administrators%$'", "vadm_", True),
        ("f|expand|cidr: '%networks%'", "10.9.9.9", True),
        ("f|expand|cidr: '%networks%'", "192.0.2.8", False),
        ("f|expand: '%ports%'", "22", True),
        ("f|expand: '%ports%'", "TRUE", True),
        ("f|expand|base64: '%two words%'", "MS41", True),
        ("f|expand|windash: '-%two words%'", "/1.5", True),
        (r"f|expand: '%ends%\*'", "C:\\*", True),  # a backslash at a list value's end escapes nothing
        ("f|expand: '%ends%*'", "C:\\dir", True),
    ],
)
def test_a_placeholder_means_any_value_of_its_list(item: str, value: Any, expected: bool) -> None:
    assert matches(item, {"f": value}) is expected


def test_a_list_fills_keywords_and_other_files_of_the_folders(tmp_path: Path) -> None:
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "z.yml").write_text("name: tools\nvalues: [mimikatz]\n")
    (tmp_path / "a.yml").write_text(rule_text("words: {'|expand': '%tools%'}\ncondition: words"))

    (rule,) = compile_rules(load_rules([tmp_path])).rules

    assert holds(rule.detection, {"userAgent": "Mimikatz/2"})
    assert not holds(rule.detection, {"userAgent": "tools"})


@pytest.mark.parametrize(
    ("text", "line", "message", "cure"),
    [
        ("values: [a]\n", 1, "the list needs a `name`", "%Administrators%"),
        ("name: 'a%b'\nvalues: [a]\n", 1, "the list needs a `name`", ""),
        ("name: a\nvalues: []\n", 2, "the list `a` holds no values", "`-`"),
        ("name: a\nvalues: x\n", 2, "the list `a` holds no values", "`-`"),
        ("name: a\nvalues: [x, null]\n", 2, "a list's value must be text", ""),
        ("name: a\nvalues:\n  - x\n  - {b: c}\n", 4, "a list's value must be text", ""),
        ("name: a\nvalues: ['']\n", 2, "a list's value must be text", ""),
        ("name: a\nvalue: [x]\nvalues: [x]\n", 2, "`value` is unknown in a list", "description"),
        (
            "name: a\nvalues: [x]\n---\nname: a\nvalues: [y]\n",
            4,
            "the list `a` also stands at rule.yml:1",
            "",
        ),
    ],
)
def test_a_list_that_cannot_be_used(text: str, line: int, message: str, cure: str) -> None:
    (problem,) = problems_of(text)

    assert problem.line == line
    assert problem.message.startswith(message)
    assert problem.cure
    assert cure in problem.cure


def test_a_missing_list_costs_its_rule_alone_and_is_named_with_its_place() -> None:
    text = (
        rule_text("sel:\n  f|expand: '%nobody% or %two%'\ncondition: sel") + "---\nname: two\nvalues: [a]\n"
    )

    (problem,) = problems_of(text)

    assert (problem.line, problem.column) == (9, 5)
    assert problem.message == "the placeholder %nobody% is not filled"
    assert "`name: nobody`" in problem.cure


def test_lists_that_multiply_out_of_bounds_are_refused() -> None:
    many = f"---\nname: many\nvalues: [{', '.join(f'v{number}' for number in range(142))}]\n"

    (problem,) = problems_of(rule_text("sel:\n  f|expand: '%many%-%many%'\ncondition: sel") + many)

    assert problem.message == "the rule grows to 20,164 values; 20,000 are the most"


def test_nothing_of_a_list_but_its_values_is_in_the_rule() -> None:
    text = rule_text("sel: {f|expand: '%who%'}\ncondition: sel") + "---\nname: who\nvalues: [a, b]\n"
    sources, _ = parse_rules("rule.yml", text.encode())

    (rule,) = compile_rules(sources).rules

    assert (rule.id, rule.detection) == (RULE_ID, ["field", "f", ["is", "a", "b"]])
