"""The one way for a rule set to go live, to be refused, and to be told of.

What was compiled is stored first, under names made from its content; then one conditional write makes it
live; then it is told; then the team's folder is made to show it. `settle` does the last two, now or later.
"""

import hashlib
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol

from trailwarden.checking import check_rules
from trailwarden.errors import MessageRefusedError, Problem, RuleError, RuleSetError
from trailwarden.publishing import changes, letters, mirror
from trailwarden.publishing.archive import Files, digest, pack_sources, unpack_sources
from trailwarden.publishing.build import Built, Check, build, switched_off
from trailwarden.publishing.silencing import loud, silenced
from trailwarden.rules.filters import FilterSource
from trailwarden.rules.guard import guarded
from trailwarden.rules.ruleset import RuleSet, dump_rule_set, load_rule_set
from trailwarden.state.rule_sets import (
    LiveException,
    Publication,
    PublicationKind,
    Refusal,
    RuleSetStore,
)
from trailwarden.state.rules_folder import RulesFolder

_log = logging.getLogger(__name__)


class Authors(Protocol):
    """Who is told what became live and what was refused: the topic of the rules' authors."""

    def tell(self, subject: str, text: str) -> None:
        """Tell it once. Raises `MessageRefusedError` if no repeat helps."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one step came to, for logs and metrics."""

    result: str
    """`published`, `refused`, `unchanged`, `mirrored` or `told`."""
    detail: str
    version: str = ""


class OvertakenError(Exception):
    """Another rule set went live since the attempt began."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What is to go live after `base` (None where nothing was ever published), and for whom.

    `problems` were found before; `mirrored` tells whether the team's folder shows `team` already.
    """

    kind: PublicationKind
    base: Publication | None
    shipped: Files
    team: Files
    published_by: str
    origin: str
    mirrored: bool
    claimed_author: str = ""
    note: str = ""
    turned_away: str = ""
    replaced: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    promotes: bool = False
    """A person set the status of rules, and nothing else."""
    unchecked: bool = False
    """It was live before: nothing but what keeps it from being compiled stops it."""


class Press:
    """Publishes, refuses and tells, over the store, the bucket and the authors' topic."""

    def __init__(  # noqa: PLR0913 (its parts, each passed in)
        self,
        *,
        folder: RulesFolder,
        store: RuleSetStore,
        authors: Authors,
        operations: Authors,
        deployed: Callable[[], RuleSet],
        now: Callable[[], float],
        check: Check = check_rules,
    ) -> None:
        self._folder = folder
        self._store = store
        self._authors = authors
        self._operations = operations
        self._deployed = deployed
        self._now = now
        self._check = check

    @property
    def today(self) -> str:
        """The day in UTC, as 2026-01-31."""
        return self._time()[:10]

    def _time(self) -> str:
        return datetime.fromtimestamp(int(self._now()), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def live(self) -> Publication | None:
        """What is live, settled; None where nothing was ever published."""
        pointer = self._store.live()
        return self._store.publication(pointer.sequence) if pointer else None

    def publish(self, attempt: Attempt) -> Outcome:
        """Compile and make live; or refuse, with every mistake. Raises `OvertakenError`."""
        try:
            built = self._built(attempt.shipped, attempt.team, attempt.problems, unchecked=attempt.unchecked)
        except RuleError as error:
            return self.refuse(attempt, "it has mistakes.", error.problems)
        self._tell_of_expired(built.expired)
        base, version = attempt.base, built.rule_set.version
        sources = digest_of_sources(attempt.shipped, attempt.team)
        if base is not None and (version, sources) == (base.version, base.sources):
            return Outcome("unchanged", f"{attempt.origin}: nothing changed", version)
        exceptions = self._exceptions(built.rule_set, base)
        before = self._before(attempt)
        publication = replace(
            self._draft(attempt, version, sources),
            changes=self._changes(attempt, before, built, exceptions),
            silenced=(
                *self._silenced(attempt, before, built.rule_set, exceptions, built.off),
                *loud(before or self._deployed(), built.rule_set, built.records),
            ),
            standing=built.standing,
            warnings=built.warnings,
            exceptions=exceptions,
            overrides=built.overrides,
            promoted=changes.status_changes(before, built.rule_set) if attempt.promotes else {},
        )
        self._folder.put_artefact(version, dump_rule_set(built.rule_set))
        self._folder.put_sources(sources, pack_sources(attempt.shipped, attempt.team))
        return self._go_live(publication, mirrored=attempt.mirrored)

    def publish_again(self, attempt: Attempt, target: Publication) -> Outcome:
        """Make an earlier publication live again, as it was compiled then; compiled anew only where its
        artefact cannot be read any more. Raises `OvertakenError`."""
        stored = self._rule_set(target.version)
        if stored is None:
            return self.publish(attempt)
        rule_set = guarded(stored, self._deployed())
        self._folder.put_artefact(rule_set.version, dump_rule_set(rule_set))
        known = attempt.base.exceptions if attempt.base else {}
        exceptions = {
            key: replace(each, since=known[key].since if key in known else self.today)
            for key, each in target.exceptions.items()
        }
        before = self._before(attempt)
        off = switched_off(*self.sources_of(target)) if target.overrides else frozenset()
        lines = changes.exception_changes(known, exceptions, {})
        if attempt.base is not None:
            lines += changes.override_changes(attempt.base.overrides, target.overrides)
        lines += changes.rule_changes(before, rule_set)
        publication = replace(
            self._draft(attempt, rule_set.version, target.sources),
            changes=(f"back to rule set {target.sequence} of {target.published_at}", *lines),
            silenced=self._silenced(attempt, before, rule_set, exceptions, off),
            standing=target.standing,
            exceptions=exceptions,
            overrides=target.overrides,
        )
        return self._go_live(publication, mirrored=attempt.mirrored)

    def refuse(self, attempt: Attempt, reason: str, problems: Sequence[Problem] = ()) -> Outcome:
        """Leave what is live alone, tell why, and remember it, so that it is told once."""
        refusal = Refusal(
            id=short(reason, *problems),
            origin=attempt.origin,
            refused_at=self._time(),
            published_by=attempt.published_by,
            reason=reason,
            claimed_author=attempt.claimed_author,
            problems=tuple(problems),
        )
        known = self._store.refusal(attempt.origin)
        if known is not None and known.id == refusal.id:
            return Outcome("unchanged", f"{attempt.origin}: refused before, for the same reason")
        self._tell(letters.of_refusal(refusal, self.live()))
        self._store.record_refusal(refusal)
        return Outcome("refused", f"{attempt.origin}: {reason} {len(problems)} mistakes")

    def tell_once(self, fact: str, letter: letters.Letter, *, days: int = 400) -> bool:
        """Tell the authors of a fact, if they have not been told; told first, so that no crash loses it."""
        if self._store.told(fact):
            return False
        self._tell(letter)
        self._store.mark_told(fact, days=days)
        return True

    def notify_operations_once(self, fact: str, letter: letters.Letter, *, days: int = 400) -> bool:
        """The same for operations."""
        if self._store.told(fact):
            return False
        _send(self._operations, letter)
        self._store.mark_told(fact, days=days)
        return True

    def settle(self) -> list[Outcome]:
        """Finish what was begun: tell of the live publication, and make the team's folder show it."""
        outcomes = self.tell_of_live()
        pointer, publication = self._store.live(), self.live()
        if pointer is not None and publication is not None and not pointer.mirrored:
            count = self._mirror(publication)
            self._store.mark_mirrored(publication.sequence)
            outcomes.append(Outcome("mirrored", f"{count} files", publication.version))
        return outcomes

    def tell_of_live(self) -> list[Outcome]:
        """Tell of the live publication, if that was not done: a further one leaves nobody untold of it."""
        publication = self.live()
        if publication is None:
            return []
        outcomes = []
        fact = f"publication {publication.sequence} silences"
        if publication.silenced and self.notify_operations_once(fact, letters.of_silencing(publication)):
            what = f"operations: rule set {publication.sequence}"
            outcomes.append(Outcome("told", what, publication.version))
        if self.tell_once(f"publication {publication.sequence}", letters.of_publication(publication)):
            outcomes.append(Outcome("told", f"rule set {publication.sequence}", publication.version))
        return outcomes

    def team_of(self, publication: Publication | None) -> dict[str, bytes]:
        """The team's files that a publication was made from."""
        return self.sources_of(publication)[1]

    def sources_of(self, publication: Publication | None) -> tuple[dict[str, bytes], dict[str, bytes]]:
        """The shipped and the team's files that a publication was made from."""
        return unpack_sources(self._folder.sources(publication.sources)) if publication else ({}, {})

    def _tell(self, letter: letters.Letter) -> None:
        _send(self._authors, letter)

    def _built(
        self, shipped: Files, team: Files, problems: Sequence[Problem] = (), *, unchecked: bool = False
    ) -> Built:
        check = None if unchecked else self._check
        built = build(shipped, team, today=self.today, check=check, problems=problems)
        return replace(built, rule_set=guarded(built.rule_set, self._deployed()))

    def _draft(self, attempt: Attempt, version: str, sources: str) -> Publication:
        return Publication(
            sequence=attempt.base.sequence + 1 if attempt.base else 1,
            version=version,
            kind=attempt.kind,
            published_at=self._time(),
            published_by=attempt.published_by,
            sources=sources,
            team=digest(attempt.team),
            shipped=digest(attempt.shipped),
            claimed_author=attempt.claimed_author,
            note=attempt.note,
            origin=attempt.origin,
            turned_away=attempt.turned_away,
            replaced=attempt.replaced,
        )

    def _go_live(self, publication: Publication, *, mirrored: bool) -> Outcome:
        if not self._store.publish(publication, mirrored=mirrored):
            raise OvertakenError
        detail = f"rule set {publication.sequence}: {publication.kind} by {publication.published_by}"
        return Outcome("published", detail, publication.version)

    def _exceptions(self, rule_set: RuleSet, base: Publication | None) -> dict[str, LiveException]:
        known = base.exceptions if base else {}
        return {
            each.id: LiveException(
                title=each.title,
                owner=each.owner,
                since=known[each.id].since if each.id in known else self.today,
                expires=each.expires,
            )
            for each in rule_set.exceptions
        }

    def _changes(
        self,
        attempt: Attempt,
        before: RuleSet | None,
        built: Built,
        exceptions: Mapping[str, LiveException],
    ) -> tuple[str, ...]:
        base = attempt.base
        expired = {each.id: str(each.expires) for each in built.expired}
        lines = changes.exception_changes(base.exceptions if base else {}, exceptions, expired)
        lines += changes.override_changes(base.overrides if base else (), built.overrides)
        if before is None:
            lines.append(
                "the rules before cannot be read by this version of Trailwarden, so they are not compared"
            )
        else:
            lines += changes.rule_changes(before, built.rule_set)
        lines += changes.file_changes(self.team_of(base), attempt.team)
        if base is not None and base.shipped != digest(attempt.shipped):
            lines.append("the shipped rules are those of another deployment")
        return tuple(lines)

    def _silenced(
        self,
        attempt: Attempt,
        before: RuleSet | None,
        rule_set: RuleSet,
        exceptions: Mapping[str, LiveException],
        off: Collection[str],
    ) -> tuple[str, ...]:
        """Against the rules that ship where those before cannot be read."""
        before = before or self._deployed()
        known = attempt.base.exceptions if attempt.base else {}
        return silenced(before, rule_set, known, exceptions, off)

    def _before(self, attempt: Attempt) -> RuleSet | None:
        """The rules that were live before; where nothing was published, those that ship."""
        if attempt.base is not None:
            return self._rule_set(attempt.base.version)
        return self._built(attempt.shipped, {}).rule_set

    def _rule_set(self, version: str) -> RuleSet | None:
        """A stored rule set; None where this reader cannot use it."""
        try:
            return load_rule_set(self._folder.artefact(version))
        except RuleSetError:
            return None

    def _tell_of_expired(self, expired: Sequence[FilterSource]) -> None:
        for each in expired:
            fact = f"exception expired {short(each.id)} {each.expires}"
            self.tell_once(fact, letters.of_expired(each))

    def _mirror(self, publication: Publication) -> int:
        """Write the publication's files into the team's folder; returns how many were other."""
        before = self.team_of(self._store.publication(publication.sequence - 1))
        steps = list(
            mirror.steps(self._folder, self._folder.team(), publication, self.team_of(publication), before)
        )
        unnamed = [
            step.replaces for step in steps if step.replaces and step.replaces not in publication.replaced
        ]
        if unnamed:
            fact = f"replaced {publication.sequence} {short(*unnamed)}"
            self.tell_once(fact, letters.of_replaced(publication.sequence, unnamed))
        for step in steps:
            if step.content is None:
                self._folder.remove_team(step.path)
            else:
                self._folder.put_team(step.path, step.content)
        return len(steps)


def _send(to: Authors, letter: letters.Letter) -> None:
    """Send it; or in short, if the topic refuses it. Then there is nothing to try again: what was told of is
    recorded as told, and holds up nothing else."""
    try:
        to.tell(letter.subject, letter.text)
    except MessageRefusedError:
        _log.exception("a letter was refused: %s", letter.subject)
        try:
            to.tell(letters.IN_SHORT.subject, letters.IN_SHORT.text)
        except MessageRefusedError:
            _log.exception("and so was the one in its place")


def digest_of_sources(shipped: Files, team: Files) -> str:
    """What the archive of a publication's sources is called by."""
    return short(digest(shipped), digest(team))


def short(*details: object) -> str:
    """16 hex digits that stand for texts of any length."""
    text = "\n".join(map(str, details))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
