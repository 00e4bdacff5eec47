"""A rule's `status:`, set in its file's text: comments, order and layout stay as their author left them."""

from collections.abc import Mapping
from dataclasses import dataclass

from trailwarden.errors import RuleError
from trailwarden.rules.document import Document, read_documents

STATUSES = ("stable", "test", "experimental")


@dataclass(frozen=True, slots=True)
class Edited:
    """The file after the edit. `before` is the status that the rule had, None where it had none."""

    path: str
    content: bytes
    title: str
    before: str | None


@dataclass(frozen=True, slots=True)
class _Found:
    path: str
    index: int
    document: Document


def set_status(files: Mapping[str, bytes], rule: str, status: str) -> Edited | None:
    """The one file in which the rule (by id, name or title) stands, with the rule's status set.

    None where no file has such a rule. Raises `RuleError` where several have, or where the rule is not laid
    out as YAML blocks.
    """
    found = [
        _Found(path, index, document)
        for path in sorted(files)
        for index, document in enumerate(read_documents(path, files[path])[0])
        if _is(document, rule)
    ]
    if not found:
        return None
    if len(found) > 1:
        message = f"{rule!r} names more than one rule"
        raise RuleError([one.document.problem((), message, "name the rule by its id") for one in found])
    return _edit(found[0], files[found[0].path], status)


def _is(document: Document, rule: str) -> bool:
    data = document.data
    if not isinstance(data, dict) or not ("detection" in data or "correlation" in data):
        return False
    return str(data.get("id", "")).lower() == rule.lower() or rule in (data.get("name"), data.get("title"))


def _edit(found: _Found, content: bytes, status: str) -> Edited:
    document = found.document
    before = document.data.get("status")
    edited = Edited(found.path, content, str(document.data.get("title", "")), before)
    if before == status:
        return edited
    # Bytes, so that whatever line ends the file has stay; YAML counts columns in characters.
    lines = content.decode("utf-8-sig").splitlines(keepends=True)
    if "status" in document.data:
        _replace(lines, document, str(before), status)
    else:
        _insert(lines, document, status)
    mark = b"\xef\xbb\xbf" if content.startswith(b"\xef\xbb\xbf") else b""
    after = mark + "".join(lines).encode()
    _check(found, content, after, status)
    return Edited(found.path, after, edited.title, before)


def _replace(lines: list[str], document: Document, before: str, status: str) -> None:
    line, column = document.values[("status",)]
    text = lines[line - 1]
    written, rest = text[column - 1 :], ""
    for quoted in (f'"{before}"', f"'{before}'", before):
        if written.startswith(quoted):
            rest = written[len(quoted) :]
            break
    else:
        raise _unusual(document)
    lines[line - 1] = f"{text[: column - 1]}{status}{rest}"


def _insert(lines: list[str], document: Document, status: str) -> None:
    """A line of its own, before the key that follows the id (or the title)."""
    keys = [str(key) for key in document.data]
    anchor = "id" if "id" in keys else "title" if "title" in keys else keys[0]
    position = keys.index(anchor) + 1
    follower = keys[position] if position < len(keys) else keys[0]
    line, column = document.keys[(follower,)]
    indent = lines[line - 1][: column - 1]
    if indent.strip():
        raise _unusual(document)
    first = lines[line - 1]
    end = first[len(first.rstrip("\r\n")) :] or "\n"
    lines.insert(line - 1, f"{indent}status: {status}{end}")


def _unusual(document: Document) -> RuleError:
    message = "the rule is not laid out in YAML blocks, so that its status cannot be set in the text"
    return RuleError([document.problem(("status",), message, "write `status:` on a line of its own")])


def _check(found: _Found, before: bytes, after: bytes, status: str) -> None:
    """The edit changed the status of this rule and nothing else, or it is not made."""
    old, _ = read_documents(found.path, before)
    new, problems = read_documents(found.path, after)
    wanted = [one.data for one in old]
    wanted[found.index] = {**wanted[found.index], "status": status}
    if problems or [one.data for one in new] != wanted:
        raise _unusual(found.document)
