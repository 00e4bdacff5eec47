"""Wheels for a function's architecture and Python, installed without Docker, each once.

Requirements are pinned by hash, so what is installed is what was reviewed, and one requirement's files are
shared by every function that names it.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from infra.settings import Functions, host_python
from trailwarden.errors import TrailwardenError

# Where Lambda puts an asset: tracebacks name the files by it, and no folder of this machine enters a .pyc.
TASK_ROOT = "/var/task"

_MACHINE = {"arm64": "aarch64", "x86_64": "x86_64"}
# glibc 2.x of Lambda's Amazon Linux: 2 under Python 3.11, 2023 from 3.12 on.
# https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
_GLIBC_MINOR = {"3.11": 26}
_NEWER_GLIBC_MINOR = 34
_OLDEST_GLIBC_MINOR = 17


class BundlingError(TrailwardenError):
    """An asset that cannot be built; says what failed and what to do."""


@dataclass(frozen=True, slots=True)
class Target:
    """What an asset is built for. `native`: for the interpreter and machine that build it."""

    architecture: str
    python: str
    native: bool

    @classmethod
    def of(cls, functions: Functions) -> "Target":
        """The target that the settings ask for."""
        return cls(functions.architecture, functions.python, functions.native)

    @property
    def tag(self) -> str:
        """A name for folders that tells targets apart."""
        system = sysconfig.get_platform() if self.native else "lambda"
        return f"{system}-{self.architecture}-py{self.python}"

    def pip_arguments(self) -> list[str]:
        """Which wheels pip may choose; empty where it may choose for itself."""
        if self.native:
            return []
        machine = _MACHINE[self.architecture]
        newest = _GLIBC_MINOR.get(self.python, _NEWER_GLIBC_MINOR)
        tags = [f"manylinux_2_{minor}_{machine}" for minor in range(newest, _OLDEST_GLIBC_MINOR - 1, -1)]
        platforms = [*tags, f"manylinux2014_{machine}"]
        return [
            "--implementation=cp",
            f"--python-version={self.python}",
            *(f"--platform={platform}" for platform in platforms),
        ]


def find_interpreter(python: str) -> str | None:
    """An interpreter of this very version, which alone can write its `.pyc` files; None where there is none.

    Looks at the one that runs this, the PATH, and pyenv's folder.
    """
    if python == host_python():
        return sys.executable
    pyenv = Path(os.environ.get("PYENV_ROOT", str(Path.home() / ".pyenv"))) / "versions"
    on_path = shutil.which(f"python{python}")
    candidates = [*([on_path] if on_path else []), *map(str, sorted(pyenv.glob(f"{python}.*/bin/python")))]
    question = "import sys; print('%d.%d' % sys.version_info[:2])"
    for candidate in candidates:
        answer = subprocess.run(  # noqa: S603 (an interpreter that was looked up, with fixed arguments)
            [candidate, "-c", question], capture_output=True, text=True, check=False
        )
        if answer.returncode == 0 and answer.stdout.strip() == python:
            return candidate
    return None


def compile_python(interpreter: str, folder: Path) -> None:
    """Write `.pyc` files beside every source in `folder`, the same to the byte wherever the folder lies.

    Unchecked: CDK and Lambda unpack with other modification times, and a `.pyc` that is checked against them
    would be compiled anew at every cold start. https://peps.python.org/pep-0552/
    """
    command = [interpreter, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"]
    command += ["-s", str(folder), "-p", TASK_ROOT, str(folder)]
    # Without a fixed seed the order inside a constant set, and so the file, differs from run to run.
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    _run(command, f"{interpreter} could not compile {folder}", environment)


def pinned_requirements(file: Path) -> list[str]:
    """The requirements of a file, one text each, with their hashes. Raises `BundlingError` on one without."""
    text = file.read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [" ".join(line.split()) for line in text.splitlines()]
    pinned = [line for line in lines if line and not line.startswith("#")]
    for line in pinned:
        if "==" not in line or "--hash=" not in line:
            raise BundlingError(f"{file}: {line.split()[0]} is not pinned by version and hash")
    return pinned


def install(
    requirement: str, target: Target, interpreter: str | None, cache: Path, say: Callable[[str], None]
) -> Path:
    """The folder with one pinned requirement's files, installed now if it is not in `cache` yet."""
    name = requirement.split(maxsplit=1)[0]
    compiled = f"pyc {target.python}" if interpreter else "no pyc"
    key = hashlib.sha256(f"{requirement}\n{compiled}".encode()).hexdigest()[:16]
    folder = cache / target.tag / f"{name.replace('==', '-')}-{key}"
    if folder.is_dir():
        return folder
    say(f"Installing {name} for {target.tag} ...")
    with built(folder) as fresh:
        _pip_install(requirement, target, fresh)
        _drop_what_differs(fresh)
        if interpreter:
            compile_python(interpreter, fresh)
    return folder


@contextmanager
def built(folder: Path) -> Iterator[Path]:
    """An empty folder to fill, which becomes `folder` in one step, whole or not at all.

    Where another process was faster, its folder stays: it has the same content.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(
        dir=folder.parent, prefix=".building-", ignore_cleanup_errors=True
    ) as temp:
        fresh = Path(temp) / "content"
        fresh.mkdir()
        yield fresh
        try:
            fresh.rename(folder)
        except OSError:
            if not folder.is_dir():
                raise


def _pip_install(requirement: str, target: Target, folder: Path) -> None:
    with tempfile.TemporaryDirectory() as temp:
        file = Path(temp) / "requirements.txt"
        file.write_text(requirement + "\n", encoding="utf-8")
        command = [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-input",
            "--disable-pip-version-check",
        ]
        command += ["--no-deps", "--only-binary=:all:", "--require-hashes", "--no-compile"]
        command += [*target.pip_arguments(), "--target", str(folder), "--requirement", str(file)]
        name = requirement.split(maxsplit=1)[0]
        _run(command, f"{name} cannot be installed for {target.tag}; is the package index within reach?")


def _drop_what_differs(folder: Path) -> None:
    """Remove what tells of the installation rather than of the package, and what a function never runs."""
    shutil.rmtree(folder / "bin", ignore_errors=True)
    for name in ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json"):
        for file in folder.glob(f"*.dist-info/{name}"):
            file.unlink()


def _run(command: list[str], failure: str, environment: dict[str, str] | None = None) -> None:
    answer = subprocess.run(  # noqa: S603 (fixed commands)
        command, capture_output=True, text=True, check=False, env=environment
    )
    if answer.returncode != 0:
        said = (answer.stderr.strip() or answer.stdout.strip())[-2000:]
        raise BundlingError(f"{failure}\n{said}")
