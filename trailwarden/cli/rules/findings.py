"""Findings for reading: errors first, then warnings by how rare their kind is, what rules lack of form last.

Many warnings of one kind stand together, so that the one of another kind is seen.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from trailwarden.errors import Problem
from trailwarden.rules.finding import Finding, Severity
from trailwarden.safety.text import one_line

_LONGEST = 2000
_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow"}
_FORM = frozenset(
    {"no-id", "no-level", "no-description", "no-tags", "no-falsepositives", "no-references", "no-test"}
)
_FEW = 5
"""In so many files, what each rule lacks stands in a line; in more, the rules that lack the same."""
_PLACES = 8


@dataclass(frozen=True, slots=True)
class Group:
    """A finding, and where else the same is found."""

    first: Finding
    places: tuple[str, ...] = ()

    @property
    def also(self) -> str:
        """The other places, the first ones."""
        shown, left = self.places[:_PLACES], len(self.places) - _PLACES
        return ", ".join(shown) + (f", and {left:,} more (--json names all)" if left > 0 else "")


def grouped(findings: Sequence[Finding]) -> list[Group]:
    """The findings in the order of reading, those that say the same of several places as one."""
    errors = [each for each in findings if each.severity is Severity.ERROR]
    warnings = [each for each in findings if each.severity is not Severity.ERROR]
    form = [each for each in warnings if each.code in _FORM]
    kinds = Counter(each.code for each in warnings)
    others = sorted(set(warnings) - set(form), key=lambda each: (kinds[each.code], each.code, each))
    files = {each.path for each in form}
    lacking = _by_file(form) if len(files) <= _FEW else form
    return [*map(Group, errors), *_alike(others), *_alike(lacking)]


def _alike(findings: Sequence[Finding]) -> Iterator[Group]:
    found: dict[tuple[str, str, str], list[Finding]] = {}
    for each in findings:
        found.setdefault((each.code, each.message, each.cure), []).append(each)
    for first, *others in found.values():
        yield Group(first, tuple(f"{each.path}:{each.line}" for each in others))


def _by_file(findings: Sequence[Finding]) -> list[Finding]:
    """What the rule of a file lacks, in one finding; of a file with several rules, each as it is."""
    files: dict[str, list[Finding]] = {}
    for each in findings:
        files.setdefault(each.path, []).append(each)
    return [
        one
        for found in files.values()
        for one in ([_joined(found)] if 1 < len(found) == len({each.message for each in found}) else found)
    ]


def _joined(findings: Sequence[Finding]) -> Finding:
    attributes = [f"`{each.code.removeprefix('no-')}`" for each in findings if each.code != "no-test"]
    tests = [each.message.partition("the rule has ")[2] for each in findings if each.code == "no-test"]
    parts = [f"no {', '.join(attributes)}"] if attributes else []
    cures = [
        each.cure if each.code == "no-test" else f"{each.code.removeprefix('no-')}: {each.cure}"
        for each in findings
    ]
    return replace(
        min(findings),
        message=f"the rule has {', and '.join([*parts, *tests])}",
        cure="\n".join(cures),
        code=", ".join(dict.fromkeys(each.code for each in findings)),
    )


def print_findings(findings: Sequence[Finding]) -> None:
    """On standard output, in colour on a terminal."""
    # rich takes 50 ms to load: only what is for reading pays for it.
    from rich.console import Console  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    console = Console(highlight=False, soft_wrap=True)
    for group in grouped(findings):
        each = group.first
        text = Text.assemble(
            (f"{each.path}:{each.line}:{each.column}", "bold"),
            ": ",
            (f"{each.severity}", _STYLES[each.severity]),
            f": {one_line(each.message, _LONGEST)} ",
            (f"[{each.code}]", "dim"),
        )
        console.print(text)
        for cure in each.cure.splitlines():
            console.print(Text(f"    cure: {one_line(cure, _LONGEST)}"))
        if group.places:
            console.print(Text(f"    also: {one_line(group.also, _LONGEST)}"))


def told_in_lines(problems: Sequence[Problem]) -> Iterator[str]:
    """Warnings as plain lines, for standard error."""
    for group in grouped([_finding(each) for each in problems]):
        yield str(group.first) if not group.places else f"{group.first}\n    also: {group.also}"


def _finding(each: Problem) -> Finding:
    if isinstance(each, Finding):
        return each
    return Finding(each.path, each.line, each.column, each.message, each.cure, code="lint")
