"""The functions' assets, built without Docker: handler, package, wheels, `.pyc` files, rules, settings.

An asset's hash is made from everything that goes into it (sources, pinned wheels, target, rules, and this
builder), so the same content has the same hash on every machine and in every folder, and what was built once
is found again at once.
"""

import hashlib
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType

from infra.imports import package_files
from infra.wheels import Target, built, compile_python, find_interpreter, install, pinned_requirements

RULE_SET_FILE = "ruleset.json"
SHIPPED_RULES = Path("trailwarden", "_shipped_rules")
"""Where an installed package keeps the shipped rules, and `trailwarden.rules.shipped` looks for them."""
_WITH_RULE_SET = frozenset({"detect"})
_WITH_RULES = frozenset({"publish_rules"})
_NOTHING: Mapping[str, bytes | Path] = MappingProxyType({})
_BUILDERS = ("bundling.py", "imports.py", "wheels.py")


@dataclass(frozen=True, slots=True)
class Asset:
    """A folder to upload. `compiled` tells whether it has `.pyc` files."""

    path: Path
    hash: str
    compiled: bool


def compile_shipped_rules(rules: Path) -> bytes:
    """The artefact of every rule under `rules`. Raises `RuleError` with every mistake in them."""
    # Here and not above: pySigma is slow to import, and an asset that was built before needs none of it.
    from trailwarden.errors import RuleError  # noqa: PLC0415
    from trailwarden.rules.compile import compile_rules  # noqa: PLC0415
    from trailwarden.rules.folder import files_under  # noqa: PLC0415
    from trailwarden.rules.load import read_contents  # noqa: PLC0415
    from trailwarden.rules.ruleset import dump_rule_set  # noqa: PLC0415

    # They ship wherever the checkout lies, so not by the place of the package that reads them.
    shipped = {f"{rules}/{path}": content for path, content in files_under(rules).items()}
    folder = read_contents([], shipped.items())
    if folder.problems:
        raise RuleError(folder.problems)
    return dump_rule_set(compile_rules(folder.sources))


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 (progress of a step that takes long the first time)


class Bundler:
    """Builds assets for one target from the repository at `root` into `build` (of `root`)."""

    def __init__(
        self,
        root: Path,
        target: Target,
        *,
        build: Path | None = None,
        compile_rule_set: Callable[[Path], bytes] = compile_shipped_rules,
        interpreter: Callable[[str], str | None] = find_interpreter,
    ) -> None:
        self._root = root
        self._build = build or root / "build"
        self._target = target
        self._compile_rule_set = compile_rule_set
        self._interpreter = interpreter(target.python)

    def bundle(self, function: str, beside: Mapping[str, bytes | Path] = _NOTHING) -> Asset:
        """The asset of `lambdas/<function>`, with the files `beside` its handler: their content by their
        name, or where to copy it from. Raises `BundlingError` and `RuleError`."""
        handler = self._root / "lambdas" / function / "handler.py"
        requirements = pinned_requirements(handler.with_name("requirements.txt"))
        sources = package_files(handler, self._root)
        digest = self._digest(function, handler, sources, requirements, beside)
        folder = self._build / "assets" / f"{function}-{digest[:16]}"
        if not folder.is_dir():
            say(f"Building the function {function} for {self._target.tag} ...")
            with built(folder) as fresh:
                self._fill(fresh, function, handler, sources, requirements)
                for name, content in beside.items():
                    (fresh / name).write_bytes(_content(content))
        return Asset(folder, digest, compiled=self._interpreter is not None)

    def _fill(
        self, folder: Path, function: str, handler: Path, sources: tuple[Path, ...], requirements: list[str]
    ) -> None:
        shutil.copyfile(handler, folder / handler.name)
        for source in sources:
            (folder / source).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self._root / source, folder / source)
        if self._interpreter:
            compile_python(self._interpreter, folder)
        if function in _WITH_RULE_SET:
            (folder / RULE_SET_FILE).write_bytes(self._compile_rule_set(self._root / "rules"))
        if function in _WITH_RULES:
            shutil.copytree(self._root / "rules", folder / SHIPPED_RULES)
        wheels = self._build / "wheels"
        for requirement in requirements:
            installed = install(requirement, self._target, self._interpreter, wheels, say)
            shutil.copytree(installed, folder, dirs_exist_ok=True, copy_function=_link)

    def _digest(
        self,
        function: str,
        handler: Path,
        sources: tuple[Path, ...],
        requirements: list[str],
        beside: Mapping[str, bytes | Path],
    ) -> str:
        """A hash of all that decides the content, none of it depending on where this repository lies."""
        facts = [self._target.tag, f"pyc={self._interpreter is not None}", *requirements]
        if function in _WITH_RULE_SET:
            facts.append(f"pysigma={version('pysigma')}")
        digest = hashlib.sha256(repr(facts).encode())
        for file in (handler, *(self._root / source for source in sources), *self._rule_files(function)):
            _add(digest, str(file.relative_to(self._root)), file)
        for name, content in sorted(beside.items()):
            _add(digest, f"beside {name}", content)
        for name in _BUILDERS:
            _add(digest, f"builder {name}", Path(__file__).with_name(name))
        return digest.hexdigest()

    def _rule_files(self, function: str) -> Iterator[Path]:
        """The rules, and the compiler where it makes the rule set without being part of the asset."""
        if function in _WITH_RULE_SET:
            yield from sorted((self._root / "trailwarden" / "rules").rglob("*.py"))
        if function in _WITH_RULE_SET | _WITH_RULES:
            yield from sorted(file for file in (self._root / "rules").rglob("*") if file.is_file())


def _add(digest: "hashlib._Hash", label: str, content: bytes | Path) -> None:
    digest.update(f"{label}\0{hashlib.sha256(_content(content)).hexdigest()}\0".encode())


def _content(content: bytes | Path) -> bytes:
    return content.read_bytes() if isinstance(content, Path) else content


def _link(source: str, destination: str) -> None:
    """A hard link where the file system has them: many assets share one copy of a wheel's files."""
    try:
        os.link(source, destination)
    except OSError:
        shutil.copy2(source, destination)
