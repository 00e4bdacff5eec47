"""A rule's status is set in its text, and nothing else moves."""

import pytest

from trailwarden.cli.rules.status_edit import find_rules, rules_in, set_status
from trailwarden.errors import RuleError

REST = "logsource: {product: aws, service: cloudtrail}\ndetection: {s: {eventName: X}, condition: s}\n"
HEAD = "title: One\nid: 0b2c6f8e-1f7e-4b8a-9b4a-3d3b8f6f4a10\n"
OTHER = "title: Other\nid: 1b2c6f8e-1f7e-4b8a-9b4a-3d3b8f6f4a10\nstatus: test\n" + REST


def edited(text: str, status: str = "stable", rule: str = "One") -> str:
    files = {"one.yml": text.encode()}
    (made,) = set_status(files, find_rules(rule, rules_in(files)), status)
    return made.content.decode()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f"{HEAD}status: test\n{REST}", f"{HEAD}status: stable\n{REST}"),
        (f"{HEAD}status:   test # soon\n{REST}", f"{HEAD}status:   stable # soon\n{REST}"),
        (f"{HEAD}status: 'test'\n{REST}", f"{HEAD}status: stable\n{REST}"),
        (f'{HEAD}status: "test"   # why\n{REST}', f"{HEAD}status: stable   # why\n{REST}"),
        (f"{HEAD}{REST}", f"{HEAD}status: stable\n{REST}"),
        (f"title: One\nlevel: low\n{REST}", f"title: One\nstatus: stable\nlevel: low\n{REST}"),
        (
            f"# first\r\n{HEAD}{REST}".replace("\n", "\r\n").replace("\r\r", "\r"),
            f"# first\r\n{HEAD}status: stable\n{REST}".replace("\n", "\r\n").replace("\r\r", "\r"),
        ),
        (f"{OTHER}---\n{HEAD}status: test\n{REST}", f"{OTHER}---\n{HEAD}status: stable\n{REST}"),
        (f"\ufeff{HEAD}status: test\n{REST}", f"\ufeff{HEAD}status: stable\n{REST}"),
        (f"title: One # ü\nstatus: test # é\n{REST}", f"title: One # ü\nstatus: stable # é\n{REST}"),
    ],
)
def test_the_status_alone_changes(before: str, after: str) -> None:
    assert edited(before) == after


def test_a_rule_is_found_by_id_name_or_title_and_in_one_file_only() -> None:
    text = f"{HEAD}name: first\nstatus: test\n{REST}"
    for name in ("One", "first", "0B2C6F8E-1f7e-4b8a-9b4a-3d3b8f6f4a10"):
        assert "status: stable" in edited(text, rule=name)
    assert find_rules("Two", rules_in({"one.yml": text.encode()})) == []
    with pytest.raises(RuleError, match="names more than one rule"):
        find_rules("One", rules_in({"one.yml": text.encode(), "two.yml": text.encode()}))


def test_a_file_means_all_rules_in_it_and_each_is_set() -> None:
    files = {"trails/both.yml": f"{HEAD}status: test\n{REST}---\n{OTHER}".encode()}
    for word in ("both", "both.yml", "trails/both.yml", "trails/both"):
        found = find_rules(word, rules_in(files))
        assert [one.named.title for one in found] == ["One", "Other"]
    made = set_status(files, found, "stable")
    assert [one.before for one in made] == ["test", "test"]
    assert made[-1].content.count(b"status: stable") == 2


def test_an_exception_of_the_same_title_is_no_rule() -> None:
    exception = "title: One\nfilter: {rules: any, s: {a: b}, condition: not s}\n"
    assert rules_in({"one.yml": exception.encode()}) == []


def test_a_flow_of_braces_is_edited_where_its_status_stands() -> None:
    text = "{title: One, status: test, detection: {s: {a: b}, condition: s}}\n"
    assert edited(text) == text.replace("status: test", "status: stable")


@pytest.mark.parametrize(
    "text",
    [
        "{title: One, detection: {s: {a: b}, condition: s}}\n",
        "title: One\nstatus: >-\n  test\ndetection: {s: {a: b}, condition: s}\n",
        "title: &name One\nstatus: &status test\nlevel: *status\ndetection: {s: {a: b}, condition: s}\n",
    ],
)
def test_a_layout_that_cannot_be_edited_safely_is_left_alone(text: str) -> None:
    with pytest.raises(RuleError, match="cannot be set in the text"):
        edited(text)
