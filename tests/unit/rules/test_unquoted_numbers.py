"""Numbers without quotes: what is written must be how its value is spelled, or it is refused."""

import pytest

from tests.unit.rules.writing import problems_of, rule_matches, rule_text

MISREAD = [
    *("1.10", "1.30", "10.00", ".5", "1.", "+5", "-0", "00", "0.10"),  # another spelling of a number
    *("0x1F", "0b101", "0o17", "017", "1_000", "0_1"),  # other bases, and what groups digits
    *("1e3", "1E3", "12e45", "1e-7", "1.5e+3", "6.0e5", "4815e16"),  # exponents: hashes and ids among them
    *("12:30:45", "1:30", "190:20:30.15"),  # sexagesimal
    *(".inf", "-.Inf", ".nan", ".NaN"),
    *("000123456789", "012345670123", "+49170123456"),  # ids of accounts, numbers of telephones
    *("yes", "no", "On", "OFF", "Yes", "NO"),
]
READ_AS_WRITTEN = [
    *("1.1", "1.0", "22", "-7", "123456789012", "0", "0.5", "1.3.0", "1.10.0", "2026-01-31", "v1.10", "1e"),
    *(
        "10.0.0.0/8",
        "0x",
        "0X1f",
        "e3",
        "12:30:45Z",
        "1-10",
        "'1.10'",
        '"0x1F"',
        "'000123456789'",
        "'yes'",
        "true",
    ),
]
VALUE = "%VALUE%"
LOG_SOURCE = "logsource: {product: aws, service: cloudtrail}\n"
PLACES = {
    "a selection": rule_text(f"sel: {{f: {VALUE}}}\ncondition: sel"),
    "a list of values": rule_text(f"sel: {{f: [a, {VALUE}]}}\ncondition: sel"),
    "keywords": rule_text(f"sel: [word, {VALUE}]\ncondition: sel"),
    "a test's record": rule_text(
        "sel: {f: a}\ncondition: sel",
        f"trailwarden: {{tests: {{match: [{{requestParameters: {{v: {VALUE}}}}}]}}}}",
    ),
    "a named list": f"name: Versions\nvalues: [a, {VALUE}]\n",
    "a filter": (
        f"title: f\nid: 0c1f0a5e-6a0e-4e0e-9d5e-0a4b8c8f4a19\n{LOG_SOURCE}"
        f"filter: {{rules: any, sel: {{f: {VALUE}}}, condition: not sel}}\n"
    ),
    "a threshold": (
        "title: c\nid: 0c1f0a5e-6a0e-4e0e-9d5e-0a4b8c8f4a18\nlevel: low\n"
        "correlation: {type: value_sum, rules: [a], group-by: [actor], timespan: 1h,"
        f" condition: {{field: f, gte: {VALUE}}}}}\n"
    ),
    "a group": rule_text("sel: {f: a}\ncondition: sel", f"trailwarden: {{group_by: [actor, {VALUE}]}}"),
    "an override": (
        f"title: o\noverride: {{rules: [{VALUE}], enabled: false}}\ntrailwarden: {{owner: o, reason: r}}\n"
    ),
}


@pytest.mark.parametrize("scalar", MISREAD)
def test_what_its_text_is_not_is_refused_with_the_cure(scalar: str) -> None:
    (problem,) = problems_of(rule_text(f"sel:\n  f: {scalar}\ncondition: sel"))

    assert f"`{scalar}`" in problem.message
    assert f"write '{scalar}' in quotes" in problem.cure
    assert (problem.line, problem.column) == (9, 8)


@pytest.mark.parametrize("scalar", READ_AS_WRITTEN)
def test_what_is_read_as_it_is_written_is_let_be(scalar: str) -> None:
    assert problems_of(rule_text(f"sel:\n  f: {scalar}\ncondition: sel")) == []


@pytest.mark.parametrize("scalar", ["1.20", "0x10", "5e2"])
@pytest.mark.parametrize("place", PLACES)
def test_it_is_refused_wherever_it_stands(place: str, scalar: str) -> None:
    cures = [each.cure for each in problems_of(PLACES[place].replace(VALUE, scalar))]
    assert len([cure for cure in cures if f"write '{scalar}' in quotes" in cure]) == 1


def test_the_number_that_was_read_is_offered_too() -> None:
    (problem,) = problems_of(rule_text("sel:\n  f|gte: 2.50\ncondition: sel"))
    assert problem.message == "`2.50` is read as the number 2.5"
    assert problem.cure.endswith("or 2.5 if the number is")


def test_a_key_that_is_a_number_in_any_yaml_is_refused_once() -> None:
    problems = problems_of(rule_text("sel:\n  f: a\n  1e3: a\n  017: b\ncondition: sel"))
    assert [problem.message for problem in problems] == ["a key must be text"] * 2


def test_a_version_in_quotes_is_that_version() -> None:
    detection = "sel:\n  requestParameters.version: '1.30'\ncondition: sel"
    assert rule_matches(detection, {"requestParameters": {"version": "1.30"}})
    assert not rule_matches(detection, {"requestParameters": {"version": "1.3"}})


@pytest.mark.parametrize("scalar", ["9" * 1001, "0x" + "f" * 20_000, "1" * 5000])
def test_a_number_without_end_is_refused(scalar: str) -> None:
    (problem,) = problems_of(rule_text(f"sel:\n  f: {scalar}\ncondition: sel"))
    assert "in quotes" in problem.cure
    assert len(problem.message) < 200
