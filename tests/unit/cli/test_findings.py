"""Warnings for reading: many of one kind do not hide the one of another."""

from trailwarden.cli.rules.findings import grouped
from trailwarden.rules.finding import Finding, Severity


def warning(number: int, code: str, message: str = "", cure: str = "do so") -> Finding:
    return Finding(
        f"rules/{number:02}.yml", 1, 1, message or f"the rule has no `{code[3:]}`", cure, code=code
    )


def error(number: int) -> Finding:
    return Finding(f"rules/{number}.yml", 2, 1, "wrong", "mend", code="invalid", severity=Severity.ERROR)


def test_the_one_that_matters_stands_before_the_many() -> None:
    many = [warning(number, "slow", f"`{number}` is slow") for number in range(40)]
    form = [warning(number, code) for number in range(40) for code in ("no-references", "no-tags")]
    rare = warning(39, "unknown-event", "there is no such event")

    shown = grouped([*form, *many, error(39), rare, error(3)])

    assert [group.first for group in shown[:3]] == [error(39), error(3), rare]
    assert [group.first.code for group in shown[3:43]] == ["slow"] * 40
    assert [(group.first.code, len(group.places)) for group in shown[43:]] == [
        ("no-references", 39),
        ("no-tags", 39),
    ]


def test_what_says_the_same_of_several_places_is_one() -> None:
    (group,) = grouped([warning(number, "lambda-version", "the same") for number in range(12)])
    assert group.also == (
        "rules/01.yml:1, rules/02.yml:1, rules/03.yml:1, rules/04.yml:1, rules/05.yml:1, rules/06.yml:1, "
        "rules/07.yml:1, rules/08.yml:1, and 3 more (--json names all)"
    )
    other = warning(1, "lambda-version", "the same", "another fix")
    assert len(grouped([warning(1, "lambda-version", "the same"), other])) == 2


def test_what_one_rule_lacks_is_one_line_with_every_fix() -> None:
    lacking = [
        warning(1, "no-id", cure="add a UUID"),
        warning(1, "no-level", cure="write one"),
        warning(1, "no-test", "the rule has no test under `match`", "add a record"),
    ]
    (group,) = grouped(lacking)
    assert group.first.message == "the rule has no `id`, `level`, and no test under `match`"
    assert group.first.cure.splitlines() == ["id: add a UUID", "level: write one", "add a record"]
    assert group.first.code == "no-id, no-level, no-test"
    assert [each.first for each in grouped(lacking[:1])] == lacking[:1]


def test_several_rules_of_one_file_are_not_thrown_together() -> None:
    twice = [warning(1, "no-id"), warning(1, "no-id", cure="do so"), warning(1, "no-tags")]
    assert [(each.first.code, len(each.places)) for each in grouped(twice)] == [("no-id", 1), ("no-tags", 0)]


def test_every_finding_is_shown_or_counted() -> None:
    findings = [
        *(warning(number, "no-tags") for number in range(7)),
        *(warning(number, "slow", str(number % 3)) for number in range(7)),
        error(1),
    ]
    assert sum(1 + len(group.places) for group in grouped(findings)) == len(findings)
