"""Which files of the package a function needs: those that its handler reaches by import, and no others.

So a change to the command line or to the rule compiler does not touch a function's asset, and the function
does not carry what it never runs.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGE = "trailwarden"


def package_files(handler: Path, root: Path) -> tuple[Path, ...]:
    """The package's files that `handler` imports, however indirectly; relative to `root`, sorted.

    Reads the source without running it, and follows every import statement, also those inside a function.
    """
    found: set[Path] = set()
    waiting = [handler]
    while waiting:
        source = waiting.pop()
        module = source.relative_to(root).with_suffix("").parts if source.is_relative_to(root) else ()
        for name in imported_names(source, module):
            for file in _files(name, root):
                if file not in found:
                    found.add(file)
                    waiting.append(root / file)
    return tuple(sorted(found))


def imported_names(source: Path, module: tuple[str, ...] = ()) -> Iterator[str]:
    """The dotted names that a source file imports; of `from a import b` both `a` and `a.b`.

    `module` is the file's own dotted name in parts, which relative imports count from.
    """
    for node in ast.walk(ast.parse(source.read_bytes(), str(source))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = module[: len(module) - node.level] if node.level else ()
            base = ".".join((*parents, *((node.module,) if node.module else ())))
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def _files(name: str, root: Path) -> Iterator[Path]:
    """The files that importing `name` runs: every package's `__init__.py` on the way, and the module."""
    parts = name.split(".")
    if parts[0] != PACKAGE:
        return
    for depth in range(1, len(parts) + 1):
        path = Path(*parts[:depth])
        if (root / path / "__init__.py").is_file():
            yield path / "__init__.py"
        elif (root / path.with_suffix(".py")).is_file():
            yield path.with_suffix(".py")
