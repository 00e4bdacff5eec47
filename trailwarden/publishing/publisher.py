"""What becomes of edits, submissions and the passing of time: a live rule set, or a refusal that is told.

Every method may be repeated. What a crash leaves undone (a letter, the mirror) is done first by the next run;
what was published is known by the number that it was made from, and is not published again.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from functools import cached_property

from trailwarden.checking import check_rules
from trailwarden.errors import RuleError, TrailwardenError
from trailwarden.publishing import letters, mirror
from trailwarden.publishing.archive import Files, digest
from trailwarden.publishing.build import Check
from trailwarden.publishing.notices import FolderChange
from trailwarden.publishing.press import Attempt, Authors, Outcome, OvertakenError, Press, short
from trailwarden.publishing.submission import FolderSubmission, RollbackSubmission, author_of, read_submission
from trailwarden.rules.compile import compile_usable
from trailwarden.rules.load import read_contents
from trailwarden.rules.ruleset import RuleSet
from trailwarden.safety.text import one_line
from trailwarden.state.protocol import ExceptionCounts
from trailwarden.state.rule_sets import (
    TEAM_FOLDER,
    Publication,
    PublicationKind,
    RuleSetStore,
)
from trailwarden.state.rules_folder import TEAM_PREFIX, RulesFolder, SubmittedObject

IDLE_DAYS = 30
"""An exception that has hidden nothing for so many days is reported, and again after as many."""

ATTEMPTS = 5
"""How often a step is begun that ends the function each time, before it is given up."""
_ATTEMPTS = 3
_SCHEDULE = "schedule"
_NOBODY = "the scheduled run"
_SOMEBODY = "an unknown principal"


class PublisherBusyError(TrailwardenError):
    """Others published each time that this was tried; the notice must come again."""


class Publisher:
    """Deals with what a batch of notices announced. Call `settle` first, then the others."""

    def __init__(  # noqa: PLR0913 (its parts, each passed in)
        self,
        *,
        shipped: Files,
        folder: RulesFolder,
        store: RuleSetStore,
        authors: Authors,
        operations: Authors,
        now: Callable[[], float],
        check: Check = check_rules,
        exceptions: ExceptionCounts | None = None,
    ) -> None:
        self._shipped = shipped
        self._folder = folder
        self._store = store
        self._exceptions = exceptions
        self._press = Press(
            folder=folder,
            store=store,
            authors=authors,
            operations=operations,
            deployed=lambda: self._deployed,
            now=now,
            check=check,
        )

    @cached_property
    def _deployed(self) -> RuleSet:
        """The rules that ship, as they are protected whatever is published."""
        rule_set, _ = compile_usable(read_contents([], sorted(self._shipped.items())).sources)
        return rule_set

    def begin(self, step: str) -> bool:
        """Count that a step is begun, before it is. False, and people are told, if it was begun too often
        without an end: it ends the function, and would end it again."""
        if self._store.attempts(step) < ATTEMPTS:
            self._store.begin(step)
            return True
        letter = letters.of_given_up(step)
        if step in self.duties:
            self._press.notify_operations_once(f"given up, for operations: {step}", letter, days=1)
        self._press.tell_once(f"given up: {step}", letter, days=1)
        return False

    def end(self, step: str) -> None:
        """A step has ended, well or not."""
        self._store.end(step)

    def attempts(self, step: str) -> int:
        """How often a step was begun without an end."""
        return self._store.attempts(step)

    def settle(self) -> list[Outcome]:
        """Finish what an earlier run began: tell of the live publication, make the team's folder show it."""
        return self._press.settle()

    def edited(self, changes: Sequence[FolderChange]) -> list[Outcome]:
        """Publish the team's folder as it is, if it is not what is live. `changes` tell who did it.

        Raises `PublisherBusyError` and `FolderBusyError`, after which the notices must come again.
        """
        for _ in range(_ATTEMPTS):
            outcomes = self.settle()
            try:
                return [*outcomes, *self._edited(changes), *self.settle()]
            except OvertakenError:
                continue
        raise PublisherBusyError("others published each time; this is tried again")

    def _edited(self, changes: Sequence[FolderChange]) -> list[Outcome]:
        # Read before the folder: whatever goes live in between makes this attempt too late.
        live = self._press.live()
        snapshot = self._folder.team()
        team = snapshot.contents
        if not snapshot.problems and digest(team) == (live.team if live else digest({})):
            self._store.clear_refusal(TEAM_FOLDER)
            return []
        before = self._press.team_of(live)
        different = {path for path in {*before, *team} if before.get(path) != team.get(path)}
        outcome = self._press.publish(
            Attempt(
                kind=PublicationKind.EDIT,
                base=live,
                shipped=self._shipped,
                team=team,
                published_by=_names(changes, different | {*snapshot.untaken}),
                origin=TEAM_FOLDER,
                mirrored=True,
                problems=snapshot.problems,
            )
        )
        if outcome.result == "published":
            self._store.clear_refusal(TEAM_FOLDER)
        return [outcome]

    def submitted(self, change: FolderChange) -> list[Outcome]:
        """Publish, roll back or refuse what was handed in; what was dealt with before is left alone."""
        found = self._folder.submission(change.key, change.version_id)
        if found is None:
            return [Outcome("unchanged", f"{change.key}: gone")]
        origin = f"{one_line(found.key)}@{found.version_id}"
        if self._store.refusal(origin) is not None:
            return [Outcome("unchanged", f"{origin}: refused before")]
        outcomes = self._press.tell_of_live()
        live = self._press.live()
        draft = Attempt(
            kind=PublicationKind.PUBLISH,
            base=live,
            shipped=self._shipped,
            team={},
            published_by=change.who,
            origin=origin,
            mirrored=False,
            claimed_author=author_of(found.metadata),
        )
        try:
            outcomes += self._submitted(found, draft)
        except OvertakenError:
            outcomes.append(self._too_late(draft))
        return [*outcomes, *self.settle(), *self.expire()]

    def _submitted(self, found: SubmittedObject, draft: Attempt) -> list[Outcome]:
        try:
            submission = read_submission(found)
        except RuleError as error:
            return [self._press.refuse(draft, "it cannot be read.", error.problems)]
        successor = self._store.publication(submission.base + 1)
        if successor is not None and successor.origin == draft.origin:
            return [Outcome("unchanged", f"{draft.origin}: published before")]
        if submission.base != (draft.base.sequence if draft.base else 0):
            return [self._too_late(draft)]
        draft = replace(draft, note=submission.note)
        if isinstance(submission, RollbackSubmission):
            return [self._rolled_back(draft, submission)]
        return [*self.settle(), self._handed_in(draft, submission)]

    def _handed_in(self, draft: Attempt, submission: FolderSubmission) -> Outcome:
        replaced = mirror.hand_edits(self._folder.team(), self._press.team_of(draft.base), submission.files)
        attempt = replace(
            draft, team=submission.files, replaced=tuple(replaced), promotes=submission.promotes
        )
        outcome = self._press.publish(attempt)
        if outcome.result == "unchanged":
            return self._press.refuse(attempt, "it is what is live already.")
        return outcome

    def _rolled_back(self, draft: Attempt, submission: RollbackSubmission) -> Outcome:
        draft = replace(draft, kind=PublicationKind.ROLLBACK)
        target = self._store.publication(submission.target)
        if target is None:
            return self._press.refuse(draft, f"there is no rule set {submission.target} to go back to.")
        live = draft.base
        if live is not None and (live.version, live.sources) == (target.version, target.sources):
            same = "" if live.sequence == target.sequence else f", as rule set {live.sequence}"
            reason = (
                f"what rule set {target.sequence} has is live already{same}: there is nothing to go back to."
            )
            return self._press.refuse(draft, reason)
        shipped, team = self._press.sources_of(target)
        deployed = digest(self._shipped)
        attempt = replace(
            draft,
            shipped=shipped,
            team=team,
            turned_away=deployed if deployed != target.shipped else "",
            replaced=self._hand_edits(live, team),
        )
        return self._press.publish_again(attempt, target)

    def _hand_edits(self, live: Publication | None, team: Files) -> tuple[str, ...]:
        """The changes by hand that a rollback replaces. It does not wait for a folder that cannot be read
        now: what is not named here is when the folder is made to show it."""
        with suppress(Exception):
            return tuple(mirror.hand_edits(self._folder.team(), self._press.team_of(live), team))
        return ()

    def _too_late(self, draft: Attempt) -> Outcome:
        live = self._press.live()
        what = (
            f"rule set {live.sequence}, by {letters.who(live.published_by, live.claimed_author)} "
            f"at {live.published_at}, went live after the one that it was made from."
            if live
            else "the rule set that it was made from was never live."
        )
        return self._press.refuse(draft, f"{what} Look at `trailwarden rules diff`, and hand it in again.")

    @property
    def duties(self) -> dict[str, Callable[[], list[Outcome]]]:
        """What the clock has done, a step each, in this order: what ends the function in one of them, or in
        the team's folder, keeps none of the others from it."""
        return {
            "the expiry of exceptions": self.expire,
            "the shipped rules of a deployment": self.renew,
            "the report of idle exceptions": self._idle,
        }

    def scheduled(self) -> list[Outcome]:
        """All that the clock has done, and edits whose notice was lost."""
        outcomes = [outcome for do in self.duties.values() for outcome in do()]
        return [*outcomes, *self.edited(())]

    def expire(self) -> list[Outcome]:
        """Take out what has expired of what is live. It reads nothing of the team's folder, and compiles only
        what was compiled before; operations are notified where that cannot be done any more."""
        live = self._press.live()
        if live is None or all(each.expires >= self._press.today for each in live.exceptions.values()):
            return []
        outcomes = self._press.tell_of_live()
        shipped, team = self._press.sources_of(live)
        attempt = replace(self._again(live, shipped, team), origin="expiry", unchecked=True)
        with suppress(OvertakenError):  # whoever was first compiled everything as it is today
            outcome = self._press.publish(attempt)
            outcomes.append(outcome)
            fact = f"expired exceptions of {live.sequence} hold"
            if outcome.result != "published":
                self._press.notify_operations_once(fact, letters.of_lasting_exceptions(), days=1)
        return [*outcomes, *self._press.tell_of_live()]

    def renew(self) -> list[Outcome]:
        """Compile what is live as of today, and bring the shipped rules of a new deployment."""
        live = self._press.live()
        if live is None:
            return []
        outcomes = self._press.tell_of_live()
        with suppress(OvertakenError):  # as above
            outcomes += self._compiled_again(live)
        return [*outcomes, *self._press.tell_of_live()]

    def _again(self, live: Publication, shipped: Files, team: Files) -> Attempt:
        """What is live, once more."""
        pointer = self._store.live()
        return Attempt(
            kind=PublicationKind.SCHEDULE,
            base=live,
            shipped=shipped,
            team=team,
            published_by=_NOBODY,
            origin=f"{_SCHEDULE} {digest(shipped)}",
            mirrored=pointer is None or pointer.mirrored,
            turned_away=live.turned_away,
            replaced=() if pointer is None or pointer.mirrored else live.replaced,
        )

    def _compiled_again(self, live: Publication) -> list[Outcome]:
        """What is live, compiled as of today: with the deployed shipped rules, unless a rollback went back
        behind them; where those do not go with the team's, with its own, so that what expires still does."""
        shipped, team = self._press.sources_of(live)
        packs: list[Files] = [shipped]
        if digest(self._shipped) not in {live.turned_away, live.shipped}:
            packs.insert(0, self._shipped)
        outcomes = []
        for pack in packs:
            outcome = self._press.publish(self._again(live, pack, team))
            outcomes.append(outcome)
            if outcome.result == "published":
                break
        return outcomes

    def _idle(self) -> list[Outcome]:
        """Report the exceptions that have been live for long, and hidden nothing lately."""
        live = self._press.live()
        if live is None or self._exceptions is None:
            return []
        since = date.fromisoformat(self._press.today) - timedelta(days=IDLE_DAYS)
        old = {key: each for key, each in live.exceptions.items() if each.since <= since.isoformat()}
        hidden = self._exceptions.exception_counts(old, since) if old else {}
        outcomes = []
        for key, each in sorted(old.items()):
            if key in hidden and hidden[key].count:
                continue
            letter = letters.of_idle(key, each, IDLE_DAYS)
            fact = f"exception idle {short(key)} {each.since}"
            if self._press.tell_once(fact, letter, days=IDLE_DAYS):
                outcomes.append(Outcome("told", letter.subject))
        return outcomes


def _names(changes: Sequence[FolderChange], different: set[str]) -> str:
    """Who changed what is different, as AWS names them."""
    names = {change.who for change in changes if change.key.removeprefix(TEAM_PREFIX) in different}
    return ", ".join(sorted(names)[:5]) or _SOMEBODY
