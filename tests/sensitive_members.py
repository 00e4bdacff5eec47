"""Writes `trailwarden/safety/sensitive.py`: which members of requests and responses AWS's own models mark as
sensitive, as far as their names do not say so.

    python -m tests.sensitive_members
"""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore

from trailwarden.safety.names import is_readable, is_secret, plain

TARGET = Path(__file__).parents[1] / "trailwarden" / "safety" / "sensitive.py"
_DECORATIONS = ("api.", "data.", "portal.", "runtime.", "models.", "models-v2-", "streams.")
# What the run of a document is given: commands, which people must read; secrets in them are masked as text.
_READ = {("ssm", "parameters")}
_HEAD = '''"""What AWS's models mark as sensitive, and no name says.

Written by `python -m tests.sensitive_members`.

`service operation: members`; `*` is every operation of the service. Names as `names.plain` makes them.
"""

# ruff: noqa: E501
MEMBERS = """\\
'''


def generated() -> str:
    """The text of the module."""
    found: dict[tuple[str, str], set[str]] = {}
    for model in _models():
        for service in _sources(model["metadata"]):
            for operation, names in _of_model(model).items():
                readable = {name for of, name in _READ if of == service}
                found.setdefault((service, operation), set()).update(names - readable)
    lines = []
    for (service, operation), names in sorted(found.items()):
        left = names - (found.get((service, "*"), set()) if operation != "*" else set())
        if left:
            lines.append(f"{service} {operation}: {' '.join(sorted(left))}")
    return f'{_HEAD}{chr(10).join(lines)}\n"""\n'


def _models() -> Iterator[dict[str, Any]]:
    for folder in sorted((Path(botocore.__file__).parent / "data").iterdir()):
        versions = sorted(folder.glob("*/service-2.json.gz")) if folder.is_dir() else []
        if versions:
            yield json.loads(gzip.decompress(versions[-1].read_bytes()))


def _sources(metadata: dict[str, Any]) -> set[str]:
    """The service as CloudTrail's `eventSource` may name it."""
    names = {metadata["endpointPrefix"], metadata.get("signingName", metadata["endpointPrefix"])}
    for name in list(names):
        names |= {name.removeprefix(start) for start in _DECORATIONS}
    return {name for name in names if "." not in name}


def _of_model(model: dict[str, Any]) -> dict[str, set[str]]:
    shapes, always, never = model["shapes"], set(), set()
    by_operation: dict[str, tuple[set[str], set[str]]] = {}
    for operation, described in model["operations"].items():
        marked: set[str] = set()
        unmarked: set[str] = set()
        for name, shape, sensitive in _members(described, shapes):
            if shapes[shape]["type"] in {"boolean", "integer", "long", "timestamp", "float", "double"}:
                continue
            if not is_secret(name) and not is_readable(name):
                (marked if sensitive else unmarked).add(plain(name))
        by_operation[operation] = marked, unmarked
        always |= marked
        never |= unmarked
    result = {operation: marked - unmarked for operation, (marked, unmarked) in by_operation.items()}
    return {"*": always - never, **result}


def _members(operation: dict[str, Any], shapes: dict[str, Any]) -> Iterator[tuple[str, str, bool]]:
    """Every member that a request or response of the operation can hold: its names, shape, and mark."""
    waiting = [operation[side]["shape"] for side in ("input", "output") if side in operation]
    seen = set(waiting)
    while waiting:
        shape = shapes[waiting.pop()]
        for name, member in shape.get("members", {}).items():
            sensitive = member.get("sensitive", False) or _marked(shapes, member["shape"])
            for spelling in {name, member.get("locationName", name)}:
                yield spelling, member["shape"], sensitive
        below = [*shape.get("members", {}).values()]
        below += [shape[part] for part in ("member", "key", "value") if isinstance(shape.get(part), dict)]
        for member in below:
            if member["shape"] not in seen:
                seen.add(member["shape"])
                waiting.append(member["shape"])


def _marked(shapes: dict[str, Any], name: str) -> bool:
    """Whether a shape is sensitive, or a list or map whose elements are."""
    shape = shapes[name]
    if shape.get("sensitive"):
        return True
    inner = shape.get("member") or shape.get("value")
    return isinstance(inner, dict) and bool(shapes[inner["shape"]].get("sensitive"))


if __name__ == "__main__":
    TARGET.write_text(generated(), encoding="utf-8")
