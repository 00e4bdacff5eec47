"""requirements.txt: every package by version and hash, for every Python and machine that we run on."""

import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.pages import ROOT

TEXT = (ROOT / "requirements.txt").read_text(encoding="utf-8")
PIN = re.compile(r"^([\w.-]+)==(\S+)((?: \\\n +--hash=\S+)*)", re.MULTILINE)
PINNED = {canonicalize_name(name): (version, hashes) for name, version, hashes in PIN.findall(TEXT)}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def asked() -> Iterator[Requirement]:
    """What pyproject.toml asks for, with every extra."""
    for one in (
        *PROJECT["dependencies"],
        *(line for each in PROJECT["optional-dependencies"].values() for line in each),
    ):
        yield Requirement(one)


def test_every_package_is_pinned_by_hashes() -> None:
    lines = [line for line in TEXT.splitlines() if line and not line.lstrip().startswith(("#", "--hash"))]
    assert len(lines) == len(PINNED) > 60
    for name, (_, hashes) in PINNED.items():
        assert re.fullmatch(r"(?: \\\n    --hash=sha256:[0-9a-f]{64})+", hashes), name
    assert {canonicalize_name(one.name) for one in asked()} <= PINNED.keys()


def test_it_names_no_registry() -> None:
    assert not re.search(r"://|--(?:extra-)?index-url|--find-links|--trusted-host", TEXT)


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13", "3.14"])
@pytest.mark.parametrize(
    ("system", "machine"), [("Linux", "x86_64"), ("Linux", "aarch64"), ("Darwin", "arm64")]
)
def test_it_holds_what_each_package_needs_elsewhere(python: str, system: str, machine: str) -> None:
    """pip refuses a whole file of hashes if one package needs another that is not in it, and it was pinned on
    one machine with one Python."""
    environment = {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "platform_system": system,
        "sys_platform": system.lower(),
        "platform_machine": machine,
        "platform_python_implementation": "CPython",
        "implementation_name": "cpython",
        "os_name": "posix",
    }
    extras: dict[str, set[str]] = {}
    for one in asked():
        extras.setdefault(canonicalize_name(one.name), set()).update(one.extras)
    missing = set()
    for name in PINNED:
        try:
            needed = [Requirement(line) for line in requires(name) or ()]
        except PackageNotFoundError:
            continue  # of another platform, or `make setup` was not run since
        for one in needed:
            wanted = (
                one.marker is None
                or one.marker.evaluate({**environment, "extra": ""})
                or any(one.marker.evaluate({**environment, "extra": extra}) for extra in extras.get(name, ()))
            )
            if wanted and canonicalize_name(one.name) not in PINNED:
                missing.add(f"{name} needs {one}")
    assert missing == set()


def test_what_the_functions_ship_is_what_is_tested() -> None:
    """Their files were pinned by another tool, for every platform: the same files stand here."""
    shipped = sorted((ROOT / "lambdas").glob("*/requirements.txt"))
    assert shipped
    for file in shipped:
        for name, version, hashes in PIN.findall(file.read_text(encoding="utf-8")):
            pinned, known = PINNED[canonicalize_name(name)]
            assert (version, set(hashes.split())) == (pinned, set(known.split())), (
                f"{file.parent.name}: {name}"
            )
