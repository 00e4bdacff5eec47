"""Rules that a document refers to, looked up even if it has other mistakes: all are named in one run."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from trailwarden.errors import Problem
from trailwarden.rules.document import Document, Path
from trailwarden.rules.naming import Named, References, unknown_reference

_REFERRING = ("correlation", "filter", "override")


def refuse_unknown(
    documents: Iterable[Document],
    read: Collection[tuple[str, int]],
    named: Sequence[Named],
    problems: list[Problem],
) -> None:
    """Name what the documents call a rule and is none; not for those that were `read` (their path and line),
    whose references are looked up where they are used, nor for those that are for other logs, as their rules
    are."""
    known = References(named)
    for document in documents:
        if (document.path, document.place(())[0]) in read or _is_for_other_logs(document.data):
            continue
        for path, text in _references(document.data):
            if text not in known:
                problems.append(document.problem(path, *unknown_reference(text, named)))


def _is_for_other_logs(data: Any) -> bool:
    log_source = data.get("logsource") if isinstance(data, dict) else None
    if not isinstance(log_source, dict):
        return False
    product, service = log_source.get("product"), log_source.get("service")
    return str(service).lower() != "cloudtrail" if product is None else str(product).lower() != "aws"


def _references(data: Any) -> Iterator[tuple[Path, str]]:
    for key in _REFERRING:
        body = data.get(key) if isinstance(data, dict) else None
        given = body.get("rules") if isinstance(body, dict) else None
        if isinstance(given, str) and (key, given.lower()) != ("filter", "any"):
            yield (key, "rules"), given
        for index, text in enumerate(given if isinstance(given, list) else ()):
            if isinstance(text, str) and text:
                yield (key, "rules", index), text
