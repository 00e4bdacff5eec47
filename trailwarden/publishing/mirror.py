"""The team's folder made to show what is live, after a submission or a rollback. May stop and go on.

What a person changed after the publication is left alone: it is an edit of what is live now.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from trailwarden.publishing.archive import Files
from trailwarden.state.rule_sets import Publication
from trailwarden.state.rules_folder import RulesFolder, TeamSnapshot


@dataclass(frozen=True, slots=True)
class Step:
    """One file to write (or to remove, where `content` is None). `replaces` names a change by hand that is
    overwritten so; empty where there is none."""

    path: str
    content: bytes | None
    replaces: str = ""


def hand_edits(snapshot: TeamSnapshot, base: Files, submitted: Files) -> Iterator[str]:
    """What was changed by hand since `base` was live and is not in what was submitted: path and version."""
    for path in sorted({*snapshot.files, *base}.difference(snapshot.untaken)):
        file = snapshot.files.get(path)
        content = file.content if file else None
        if content not in (base.get(path), submitted.get(path)):
            yield _named(path, file.version_id if file else "")
    yield from (_named(path, "") for path in sorted(snapshot.untaken))


def _named(path: str, version_id: str) -> str:
    return f"{path} (version {version_id})" if version_id else f"{path} (not read, or removed)"


def steps(
    folder: RulesFolder, snapshot: TeamSnapshot, publication: Publication, live: Files, before: Files
) -> Iterator[Step]:
    """What is left to do until the folder shows `live`; `before` is what was live before it."""
    for path in sorted({*snapshot.files, *snapshot.untaken, *live}):
        file, wanted, untaken = snapshot.files.get(path), live.get(path), snapshot.untaken.get(path)
        if untaken is not None:
            if untaken <= publication.published_at:
                yield Step(path, wanted, _named(path, ""))
        elif file is None:
            yield Step(path, wanted)
        elif file.content != wanted:
            by_hand = file.content != before.get(path) and not folder.is_mirror(path)
            if by_hand and file.modified > publication.published_at:
                continue
            yield Step(path, wanted, _named(path, file.version_id) if by_hand else "")
