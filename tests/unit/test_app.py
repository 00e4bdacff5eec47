"""`npx cdk synth` in a plain shell: app.py finds an environment with all it needs, or says what to do."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

APP = Path(__file__).parents[2] / "app.py"
PLAIN = str(Path(sys.base_prefix, "bin", f"python{sys.version_info.major}.{sys.version_info.minor}"))
"""A Python outside of every virtual environment; with `-S` it has no packages at all."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text(APP.read_text("utf-8"), "utf-8")
    return tmp_path


def set_up(folder: Path, says: str = "gone on in there") -> None:
    """An environment whose Python says that it was called."""
    python = folder / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\necho "{says}: $@"\n', "utf-8")
    python.chmod(0o755)


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return subprocess.run(
        command, cwd=folder.parent, env=environment, capture_output=True, text=True, check=False
    )


def without(module: str, folder: Path) -> list[str]:
    """app.py in the active environment, as though it lacked a module."""
    hide = f"import runpy, sys; sys.modules['{module}'] = None"
    return [sys.executable, "-c", f"{hide}; runpy.run_path('{folder}/app.py', run_name='__main__')"]


def test_any_python_goes_on_in_the_environment(folder: Path) -> None:
    set_up(folder)
    done = run(folder, PLAIN, "-S", str(folder / "app.py"), "--anything")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"gone on in there: {folder}/app.py --anything\n"


def test_an_active_environment_that_lacks_something_is_left(folder: Path) -> None:
    set_up(folder)
    assert run(folder, *without("aws_cdk", folder)).stdout.startswith("gone on in there")


@pytest.mark.parametrize("python", ["plain", "active"])
def test_where_nothing_was_set_up_it_says_how(python: str, folder: Path) -> None:
    command = [PLAIN, "-S", str(folder / "app.py")] if python == "plain" else without("aws_cdk", folder)
    done = run(folder, *command)
    assert (done.returncode, done.stdout) == (1, "")
    assert "The module aws_cdk is missing in " in done.stderr
    assert done.stderr.endswith(f" Run `make setup` in {folder}, then try again.\n")
    assert "Traceback" not in done.stderr


def test_an_old_python_can_read_it_and_is_told_so(folder: Path) -> None:
    text = (folder / "app.py").read_text("utf-8")
    ast.parse(text, feature_version=(3, 6))
    (folder / "app.py").write_text(text.replace("OLDEST = (3, 11)", "OLDEST = (3, 99)"), "utf-8")
    done = run(folder, PLAIN, "-S", str(folder / "app.py"))
    here = f"3.{sys.version_info.minor}"
    assert f"Trailwarden needs Python 3.99 or newer; there is {here} in {PLAIN}. Run `make" in done.stderr
