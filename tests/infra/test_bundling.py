"""Assets: the same content gives the same hash, and holds what the function imports."""

import hashlib
import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest

from infra.alerting import files_beside
from infra.bundling import Bundler, compile_shipped_rules
from infra.imports import imported_names, package_files
from infra.settings import PYTHONS, parse_settings
from infra.wheels import (
    BundlingError,
    Target,
    built,
    compile_python,
    find_interpreter,
    install,
    pinned_requirements,
)
from tests.budgets.world import ENVIRONMENT
from tests.infra.conftest import ROOT, checkout, sample
from trailwarden.rules.ruleset import load_rule_set

FUNCTIONS = ("detect", "notify", "publish_rules", "tend_alerts", "watch_alerting")
# Those of which the hashes are compared: they all reach the files of the library that the tests change.
COMPARED = FUNCTIONS
WITH_SETTINGS = ("detect", "notify", "tend_alerts", "watch_alerting")
LAMBDA = Target("arm64", "3.14", native=False)
# What Lambda's Python runtime brings: https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html
RUNTIME = frozenset({"boto3", "botocore", "urllib3"})
MODULES = {
    "aws_lambda_powertools": "aws-lambda-powertools",
    "re2": "google-re2",
    "sigma": "pysigma",
    "yaml": "pyyaml",
}


def fake_rules(_rules: Path) -> bytes:
    return b'{"rules":[]}'


def content(folder: Path) -> dict[str, str]:
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory, wheels: Path) -> Path:
    return checkout(tmp_path_factory.mktemp("here"), wheels)


@pytest.fixture(scope="module")
def bundler(here: Path, host: Target) -> Bundler:
    return Bundler(here, host, compile_rule_set=fake_rules)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_two_folders_give_the_same_hash_and_the_same_bytes(
    bundler: Bundler, function: str, host: Target, tmp_path: Path, wheels: Path
) -> None:
    there = Bundler(checkout(tmp_path / "there", wheels), host, compile_rule_set=fake_rules)
    first, second = bundler.bundle(function), there.bundle(function)
    assert first.hash == second.hash
    assert first.path != second.path
    assert content(first.path) == content(second.path)


def _edit(name: str, addition: str) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        file = root / name
        file.write_text(file.read_text(encoding="utf-8") + addition, encoding="utf-8")

    return change


def _add_rule(root: Path) -> None:
    (root / "rules" / "new.yml").write_text("title: New", encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "changed"),
    [
        (_edit("lambdas/detect/handler.py", "# changed\n"), {"detect"}),
        (_edit("trailwarden/detection.py", "# changed\n"), {"detect"}),
        (_edit("trailwarden/errors.py", "# changed\n"), set(COMPARED)),
        (_edit("trailwarden/rules/compile.py", "# changed\n"), {"detect", "publish_rules"}),
        (_edit("trailwarden/cli/__init__.py", "# changed\n"), set()),
        (_add_rule, {"detect", "publish_rules"}),
        (lambda root: os.utime(root / "trailwarden" / "errors.py", (0, 0)), set()),
    ],
    ids=["handler", "library", "shared library", "compiler", "command line", "rules", "times only"],
)
def test_a_hash_changes_with_what_the_function_holds_and_nothing_else(  # noqa: PLR0917 (fixtures)
    change: Callable[[Path], None],
    changed: set[str],
    bundler: Bundler,
    host: Target,
    tmp_path: Path,
    wheels: Path,
) -> None:
    before = {f: bundler.bundle(f).hash for f in COMPARED}
    root = checkout(tmp_path / "checkout", wheels)
    change(root)
    after = {f: Bundler(root, host, compile_rule_set=fake_rules).bundle(f).hash for f in COMPARED}
    assert {function for function in COMPARED if before[function] != after[function]} == changed


def test_a_second_bundling_builds_nothing(bundler: Bundler, here: Path, host: Target) -> None:
    first = bundler.bundle("detect")

    def never(_rules: Path) -> bytes:
        raise AssertionError("the rules were compiled again")

    assert Bundler(here, host, compile_rule_set=never).bundle("detect") == first


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_source_has_a_pyc_that_no_date_can_outdate(bundler: Bundler, function: str) -> None:
    asset = bundler.bundle(function)
    assert asset.compiled
    for source in asset.path.rglob("*.py"):
        cached = Path(importlib.util.cache_from_source(str(source))).read_bytes()
        # PEP 552: bit 0 says "by hash, not by date", bit 1 (off) would say "compare with the source".
        assert int.from_bytes(cached[4:8], "little") == 0b01, source
        assert str(asset.path).encode() not in cached, source


def test_detect_alone_holds_the_rule_set(bundler: Bundler) -> None:
    assert (bundler.bundle("detect").path / "ruleset.json").read_bytes() == fake_rules(Path())
    assert not (bundler.bundle("notify").path / "ruleset.json").exists()
    assert not (bundler.bundle("publish_rules").path / "ruleset.json").exists()


def test_what_lies_beside_a_handler_is_in_its_asset_and_its_hash(bundler: Bundler, tmp_path: Path) -> None:
    file = tmp_path / "country.mmdb"
    file.write_bytes(b"countries")
    beside: dict[str, bytes | Path] = {"alerting.json": b"{}", "country.mmdb": file}
    first = bundler.bundle("notify", beside)
    assert (first.path / "alerting.json").read_bytes() == b"{}"
    assert (first.path / "country.mmdb").read_bytes() == b"countries"
    assert bundler.bundle("notify", dict(reversed(beside.items()))) == first
    file.write_bytes(b"countries, a week later")
    second = bundler.bundle("notify", beside)
    assert (first.path / "country.mmdb").read_bytes() == b"countries"
    assert (second.path / "country.mmdb").read_bytes() == b"countries, a week later"
    assert len({first.hash, second.hash, bundler.bundle("notify", beside | {"alerting.json": b""}).hash}) == 3
    assert bundler.bundle("notify").hash not in {first.hash, second.hash}


def test_notify_reads_geo_files_on_every_runtime(wheels: Path) -> None:
    requirements = pinned_requirements(ROOT / "lambdas" / "notify" / "requirements.txt")
    (maxminddb,) = (line for line in requirements if line.startswith("maxminddb=="))
    for python in PYTHONS:
        folder = install(maxminddb, Target("arm64", python, native=False), None, wheels, print)
        assert list(folder.rglob(f"*cpython-{python.replace('.', '')}-aarch64-linux-gnu.so"))


def test_publish_rules_finds_the_shipped_rules_where_it_runs(bundler: Bundler, here: Path) -> None:
    asset = bundler.bundle("publish_rules").path
    question = "from trailwarden.rules.shipped import shipped_rules_path; print(shipped_rules_path())"
    command = [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(asset)!r}); {question}"]
    found = Path(subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip())
    assert found.is_relative_to(asset)
    assert content(found) == content(here / "rules")
    assert content(found)


def test_the_rule_compiler_is_where_rules_are_compiled_and_the_command_line_nowhere(bundler: Bundler) -> None:
    package = bundler.bundle("publish_rules").path / "trailwarden"
    assert (package / "rules" / "compile.py").is_file()
    assert not (package / "cli").exists()


@pytest.mark.parametrize("function", ["detect", "notify", "tend_alerts", "watch_alerting"])
def test_an_asset_holds_no_command_line_and_no_rule_compiler(bundler: Bundler, function: str) -> None:
    package = bundler.bundle(function).path / "trailwarden"
    assert not (package / "cli").exists()
    assert not (package / "rules" / "compile.py").exists()
    assert (package / "aws" / "clients.py").is_file()


def test_the_shipped_rules_compile_into_a_rule_set_that_loads() -> None:
    rule_set = load_rule_set(compile_shipped_rules(ROOT / "rules"))
    assert rule_set.rules


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_handler_starts_with_nothing_but_its_asset_and_the_runtime(
    function: str, host: Target, tmp_path: Path
) -> None:
    """As on Lambda: none of this environment's packages, but boto3 and what it needs."""
    beside = files_beside(parse_settings(sample())) if function in WITH_SETTINGS else {}
    asset = Bundler(ROOT, host).bundle(function, beside).path
    for name in (*RUNTIME, "s3transfer", "dateutil", "six", "jmespath"):
        spec = importlib.util.find_spec(name)
        assert spec is not None
        assert spec.origin is not None
        file = Path(spec.origin)
        whole = file.parent if file.name == "__init__.py" else file
        (tmp_path / whole.name).symlink_to(whole)
    path = [str(asset), str(tmp_path)]
    script = f"import sys; sys.path[:0] = {path!r}; import handler; print(handler.handler)"
    answer = subprocess.run(
        [sys.executable, "-I", "-S", "-W", "error", "-c", script],
        env=ENVIRONMENT | {"AWS_EC2_METADATA_DISABLED": "true"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.startswith("<function handler")


@pytest.mark.parametrize("function", FUNCTIONS)
def test_what_is_imported_is_required(function: str) -> None:
    handler = ROOT / "lambdas" / function / "handler.py"
    sources = [handler, *(ROOT / file for file in package_files(handler, ROOT))]
    imported = {name.partition(".")[0] for source in sources for name in imported_names(source)}
    foreign = imported - set(sys.stdlib_module_names) - {"trailwarden"} - RUNTIME
    required = {
        line.partition("==")[0] for line in pinned_requirements(handler.with_name("requirements.txt"))
    }
    assert {MODULES.get(name, name) for name in foreign} <= required


@pytest.mark.parametrize("function", FUNCTIONS)
def test_functions_ship_the_versions_that_are_tested(function: str) -> None:
    for line in pinned_requirements(ROOT / "lambdas" / function / "requirements.txt"):
        name, _, pinned = line.split()[0].partition("==")
        assert version(name) == pinned


def test_wheels_are_for_the_functions_machine_not_for_ours(wheels: Path) -> None:
    requirements = pinned_requirements(ROOT / "lambdas" / "detect" / "requirements.txt")
    (msgspec,) = (line for line in requirements if line.startswith("msgspec=="))
    folder = install(msgspec, LAMBDA, None, wheels, print)
    libraries = [file.name for file in folder.rglob("*.so")]
    assert libraries
    assert all("cpython-314-aarch64-linux-gnu" in name for name in libraries)
    assert not list(folder.rglob("*.pyc"))
    (metadata,) = folder.glob("*.dist-info/WHEEL")
    assert "manylinux" in metadata.read_text(encoding="utf-8")
    assert not list(folder.glob("*.dist-info/RECORD"))


@pytest.mark.parametrize(
    ("target", "newest"),
    [
        (Target("arm64", "3.14", native=False), "manylinux_2_34_aarch64"),
        (Target("x86_64", "3.12", native=False), "manylinux_2_34_x86_64"),
        (Target("arm64", "3.11", native=False), "manylinux_2_26_aarch64"),
    ],
)
def test_no_wheel_asks_for_a_newer_c_library_than_lambda_has(target: Target, newest: str) -> None:
    platforms = [a.removeprefix("--platform=") for a in target.pip_arguments() if a.startswith("--platform=")]
    assert platforms[0] == newest
    assert f"--python-version={target.python}" in target.pip_arguments()


def test_without_the_right_interpreter_there_is_no_pyc_and_another_hash(here: Path, host: Target) -> None:
    compiled = Bundler(here, host, compile_rule_set=fake_rules).bundle("notify")
    plain = Bundler(here, host, compile_rule_set=fake_rules, interpreter=lambda _python: None).bundle(
        "notify"
    )
    assert not plain.compiled
    assert not list(plain.path.rglob("*.pyc"))
    assert plain.hash != compiled.hash


def test_an_interpreter_is_taken_only_if_it_is_of_that_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    impostor = tmp_path / "python3.99"
    impostor.symlink_to(sys.executable)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "none"))
    assert find_interpreter("3.99") is None
    assert find_interpreter(f"{sys.version_info.major}.{sys.version_info.minor}") == sys.executable


@pytest.mark.parametrize("line", ["msgspec", "msgspec==0.22.0", "msgspec>=0.22 --hash=sha256:00"])
def test_what_is_not_pinned_is_refused(line: str, tmp_path: Path) -> None:
    file = tmp_path / "requirements.txt"
    file.write_text(f"# comment\n{line}\n", encoding="utf-8")
    with pytest.raises(BundlingError, match="not pinned by version and hash"):
        pinned_requirements(file)


def test_a_wheel_of_another_hash_is_refused(tmp_path: Path, host: Target) -> None:
    requirement = f"msgspec=={version('msgspec')} --hash=sha256:{'0' * 64}"
    with pytest.raises(BundlingError, match="cannot be installed"):
        install(requirement, host, None, tmp_path, print)
    assert not list(tmp_path.rglob("msgspec*"))


def test_a_build_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    def fail() -> None:
        with built(tmp_path / "asset") as fresh:
            (fresh / "half").write_text("half", encoding="utf-8")
            raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_a_build_that_another_was_faster_with_is_the_others(tmp_path: Path) -> None:
    with built(tmp_path / "asset") as fresh:
        (fresh / "file").write_text("mine", encoding="utf-8")
        (tmp_path / "asset").mkdir()
        (tmp_path / "asset" / "file").write_text("theirs", encoding="utf-8")
    assert (tmp_path / "asset" / "file").read_text(encoding="utf-8") == "theirs"


def test_a_source_that_does_not_compile_is_told(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("def", encoding="utf-8")
    with pytest.raises(BundlingError, match="could not compile"):
        compile_python(sys.executable, tmp_path)


def test_imports_are_followed_through_packages_and_functions(tmp_path: Path) -> None:
    package = tmp_path / "trailwarden"
    (package / "inner").mkdir(parents=True)
    (package / "__init__.py").write_text("", encoding="utf-8")
    (package / "inner" / "__init__.py").write_text("from . import near", encoding="utf-8")
    (package / "inner" / "near.py").write_text("def f():\n    import trailwarden.late", encoding="utf-8")
    (package / "late.py").write_text("from ..outside import x", encoding="utf-8")
    (package / "unused.py").write_text("", encoding="utf-8")
    handler = tmp_path / "handler.py"
    handler.write_text("from trailwarden.inner import name\nimport json", encoding="utf-8")
    assert [str(file) for file in package_files(handler, tmp_path)] == [
        "trailwarden/__init__.py",
        "trailwarden/inner/__init__.py",
        "trailwarden/inner/near.py",
        "trailwarden/late.py",
    ]
