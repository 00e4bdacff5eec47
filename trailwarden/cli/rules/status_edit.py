"""A rule's `status:`, set in its file's text: comments, order and layout stay as their author left them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from trailwarden.errors import RuleError
from trailwarden.rules.document import Document, read_documents
from trailwarden.rules.naming import Named, is_file, named_by

STATUSES = ("stable", "test", "experimental")


@dataclass(frozen=True, slots=True)
class Edited:
    """The file after the edit. `before` is the status that the rule had, None where it had none."""

    path: str
    content: bytes
    title: str
    before: str | None


@dataclass(frozen=True, slots=True)
class Found:
    """A rule in a file: what it is called, and which of the file's documents it is."""

    named: Named
    index: int
    document: Document


def rules_in(files: Mapping[str, bytes]) -> list[Found]:
    """The rules and correlations of the files, in the order of their paths."""
    return [
        Found(
            Named(_text(document, "id"), _text(document, "name"), _text(document, "title"), path),
            index,
            document,
        )
        for path in sorted(files)
        for index, document in enumerate(read_documents(path, files[path])[0])
        if isinstance(document.data, dict) and {"detection", "correlation"} & document.data.keys()
    ]


def find_rules(word: str, rules: Sequence[Found]) -> list[Found]:
    """The rule that a word means by id, name or title, or all rules of the file that it means; none where
    nothing is called so. Raises `RuleError` where several rules have the id, name or title."""
    meant = named_by(word, [rule.named for rule in rules])
    found = [rule for rule in rules if rule.named in meant]
    if len(found) > 1 and not is_file(word, found[0].named):
        message = f"{word!r} names more than one rule"
        raise RuleError([one.document.problem((), message, "name the rule by its id") for one in found])
    return found


def set_status(files: Mapping[str, bytes], rules: Iterable[Found], status: str) -> list[Edited]:
    """The files with the rules' status set, a step each: each builds on the one before.

    Raises `RuleError` where a rule is not laid out as YAML blocks.
    """
    contents = dict(files)
    made = []
    for rule in rules:
        path = rule.named.path
        document = read_documents(path, contents[path])[0][rule.index]
        edited = _edit(replace(rule, document=document), contents[path], status)
        contents[path] = edited.content
        made.append(edited)
    return made


def _text(document: Document, key: str) -> str:
    value = document.data.get(key)
    return value if isinstance(value, str) else ""


def _edit(found: Found, content: bytes, status: str) -> Edited:
    document = found.document
    before = document.data.get("status")
    edited = Edited(found.named.path, content, str(document.data.get("title", "")), before)
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
    return Edited(found.named.path, after, edited.title, before)


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


def _check(found: Found, before: bytes, after: bytes, status: str) -> None:
    """The edit changed the status of this rule and nothing else, or it is not made."""
    old, _ = read_documents(found.named.path, before)
    new, problems = read_documents(found.named.path, after)
    wanted = [one.data for one in old]
    wanted[found.index] = {**wanted[found.index], "status": status}
    if problems or [one.data for one in new] != wanted:
        raise _unusual(found.document)
