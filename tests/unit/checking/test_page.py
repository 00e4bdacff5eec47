"""docs/checking.md: every check has an example that earns it, in the words shown, and a cure that works."""

import ast
import re
from pathlib import Path

import pytest

from tests.unit.checking.writing import FRAME, findings_in, framed
from trailwarden.checking import Severity

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "checking.md").read_text()
_SECTION = re.compile(r"^### `([a-z-]+)`\n(.*?)(?=^##|\Z)", re.MULTILINE | re.DOTALL)
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
SECTIONS = dict(_SECTION.findall(PAGE))
CHECKER = [*(ROOT / "trailwarden/checking").glob("*.py"), ROOT / "trailwarden/rules/lint.py"]


def test_the_frame_of_the_examples_is_sound(tmp_path: Path) -> None:
    assert findings_in(framed("{}"), tmp_path) == []


@pytest.mark.parametrize("code", SECTIONS)
def test_an_example_earns_what_the_page_shows_and_its_cure_helps(code: str, tmp_path: Path) -> None:
    (_, wrong), (_, said), (_, mended) = _BLOCK.findall(SECTIONS[code])

    findings = [each for each in findings_in(framed(wrong), tmp_path) if each.code == code]

    told = "\n".join(f"{each.severity}: {each.message}\ncure: {each.cure}" for each in findings)
    assert told.replace(f"{tmp_path}/", "") == said.strip()
    assert code not in {each.code for each in findings_in(framed(mended), tmp_path)}


def test_the_page_names_every_code() -> None:
    words = {
        node.value
        for path in CHECKER
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    missing = {
        f"no-{name}" for name in ("id", "level", "description", "tags", "falsepositives", "references")
    }

    assert set(SECTIONS) <= words | missing
    assert missing <= set(SECTIONS)
    for code in _codes(CHECKER):
        assert code in SECTIONS, f"docs/checking.md does not explain `{code}`"


def _codes(paths: list[Path]) -> set[str]:
    """The codes that the checks are written with: the `code` of each finding, by its place in the call."""
    found: set[str] = set()
    for path in paths:
        for call in (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)):
            name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
            position = {"at": 2, "at_part": 2, "_told": 2, "_at_filter": 1}.get(name)
            given = [each.value for each in call.keywords if each.arg == "code"]
            given += call.args[position : position + 1] if position is not None else []
            found |= {str(each.value) for each in given if isinstance(each, ast.Constant)}
    return found - {"lint"}


def test_what_the_page_calls_an_error_is_one() -> None:
    assert FRAME["level"] == "medium"
    errors = {code for code, section in SECTIONS.items() if f"\n{Severity.ERROR}: " in section}
    assert errors == {
        "invalid",
        "duplicate-id",
        "not-evaluated",
        "never-true",
        "always-true",
        "exception-too-long",
    }
