"""Every function keeps to the time and the memory that its template gives it, with the largest input that is
legal and with poison."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.budgets.cases import CASES, Case
from tests.infra.conftest import Synthesized, sample, synthesize
from trailwarden.rules import shipped_rules_path
from trailwarden.rules.compile import compile_usable
from trailwarden.rules.load import read_rules
from trailwarden.rules.ruleset import dump_rule_set

ROOT = Path(__file__).parents[2]
PREFIX = "trailwarden-"

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="CPU and memory as Linux limits and counts them"
)


@pytest.fixture(scope="session")
def budgets(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, tuple[int, int]]:
    """Timeout (seconds) and memory (MB) of each function, by its folder, as they are deployed by default."""
    made: Synthesized = synthesize(tmp_path_factory.mktemp("budgets"), sample(responders=[RESPONDER]))
    found = [
        one["Properties"]
        for stack in made.templates
        for one in made.resources(stack, "AWS::Lambda::Function").values()
    ]
    return {
        one["FunctionName"].removeprefix(PREFIX).replace("-", "_"): (one["Timeout"], one["MemorySize"])
        for one in found
    }


RESPONDER = "arn:aws:iam::111122223333:role/on-call"


@pytest.fixture(scope="session")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The artefact of the rules that ship."""
    sources, _ = read_rules([shipped_rules_path()])
    rule_set, _ = compile_usable(sources)
    file = tmp_path_factory.mktemp("artefact") / "ruleset.json"
    file.write_bytes(dump_rule_set(rule_set))
    return file


def test_every_function_has_its_largest_input_and_its_poison(
    budgets: Mapping[str, tuple[int, int]],
) -> None:
    assert {(one.function, one.poison) for one in CASES} == {
        (function, poison) for function in budgets for poison in (False, True)
    }
    assert {path.parent.name for path in (ROOT / "lambdas").glob("*/handler.py")} == set(budgets)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.function}-{case.name}")
def test_a_function_keeps_to_its_budget(
    case: Case, budgets: Mapping[str, tuple[int, int]], shipped: Path, tmp_path: Path
) -> None:
    timeout, memory_mb = budgets[case.function]
    ran = subprocess.run(
        [
            *(sys.executable, "-m", "tests.budgets.function", case.name, str(tmp_path)),
            *(str(timeout), str(memory_mb), str(shipped)),
        ],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode != -signal.SIGXCPU, f"more CPU than {timeout} s of {memory_mb} MB give"
    assert ran.returncode == 0, ran.stderr[-4000:]
    came = json.loads(ran.stdout.splitlines()[-1])
    assert came["peak_mb"] < memory_mb, came
