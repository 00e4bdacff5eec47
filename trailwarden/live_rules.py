"""The live rule set, in a function that lives on: looked up now and then, changed between messages."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Generic, TypeVar

from trailwarden.errors import RuleSetError
from trailwarden.rules.guard import guarded, weakened
from trailwarden.rules.ruleset import RuleSet, load_rule_set
from trailwarden.safety.text import one_line
from trailwarden.state.rule_sets import LiveRuleSet, LoadTroubles, Trouble
from trailwarden.state.rules_folder import RuleSetArtefacts

LOOK_EVERY = 20.0
"""Seconds between two looks at the pointer."""
PATIENCE = 300.0
"""Seconds for which functions without any rules wait for those that are live, before they use the fallback.
They are counted from the first failure of any function, for each may live for one message."""

Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class LoadFailure:
    """The live rule set could not be taken up. `version` is empty where the pointer could not be read."""

    version: str
    reason: str


@dataclass(frozen=True, slots=True)
class _AtWork(Generic[Made]):
    version: str
    made: Made


class LiveRules(Generic[Made]):
    """Gives what `make` makes of the live rule set, made anew only when the pointer names another.

    `fallback` gives the rule set that was deployed: it counts where nothing was ever published, and its
    protected rules always do. `tell(subject, text)` tells
    operations; `failed` and `changed` are called for each failure and each change, to log and count them.
    """

    def __init__(  # noqa: PLR0913 (its parts, each passed in)
        self,
        *,
        store: LiveRuleSet,
        troubles: LoadTroubles,
        artefacts: RuleSetArtefacts,
        fallback: Callable[[], RuleSet],
        make: Callable[[RuleSet], Made],
        tell: Callable[[str, str], None],
        failed: Callable[[LoadFailure], None] = lambda _failure: None,
        changed: Callable[[str], None] = lambda _version: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._troubles = troubles
        self._artefacts = artefacts
        self._fallback = fallback
        self._make = make
        self._tell = tell
        self._failed = failed
        self._changed = changed
        self._clock = clock
        self._at_work: _AtWork[Made] | None = None
        self._look_at = float("-inf")
        self._in_trouble = ""

    @property
    def version(self) -> str:
        """The version of the rule set at work; empty before the first."""
        return self._at_work.version if self._at_work else ""

    def current(self) -> Made:
        """What was made of the live rule set.

        What goes wrong leaves the rule set at work. Without one, it raises: the message can come again, and
        other rules would miss what these find (after a deployment that reads another format, the next
        publication is a minute away). Only if a rule set could not be loaded for `PATIENCE` does the fallback
        count, for to see something is better than nothing; not if even the pointer cannot be read, for then
        nothing could be stored either.
        """
        if self._at_work is None or self._clock() >= self._look_at:
            self._look()
            self._look_at = self._clock() + LOOK_EVERY
        assert self._at_work is not None  # noqa: S101 (what `_look` leaves behind)
        return self._at_work.made

    def _look(self) -> None:
        version = ""
        try:
            pointer = self._store.live()
            version = pointer.version if pointer else ""
            if self._at_work is not None and (not pointer or pointer.version == self._at_work.version):
                return
            if pointer is None:
                self._take_up(self._fallback())
                return
            live = _loaded(version, self._artefacts.artefact(version))
            deployed = self._fallback()
            self._take_up(guarded(live, deployed), version)
            self._report_weakened(version, list(weakened(live, deployed)))
        except Exception as error:
            failure = LoadFailure(version, one_line(f"{type(error).__name__}: {error}", 500))
            failing_for = self._fail(failure)
            if self._at_work is None:
                if failing_for < PATIENCE:
                    raise
                self._take_up(self._fallback())
        else:
            self._recovered(version)

    def _take_up(self, rule_set: RuleSet, version: str = "") -> None:
        """`version` is the pointer's, which the protected rules of the deployment may have made another."""
        self._at_work = _AtWork(version or rule_set.version, self._make(rule_set))
        self._changed(self._at_work.version)

    def _report_weakened(self, version: str, lines: list[str]) -> None:
        """Report, once a version, a rule set whose protected rules are not those of the deployment."""
        if not lines:
            return
        self._failed(LoadFailure(version, f"protected rules restored: {'; '.join(lines)}"))
        text = (
            f"The live rule set, version {version}, lacks protected rules, or has them weaker than\n"
            "they were deployed. Those of the deployment are used in their place:\n"
            + "".join(f"  - {one_line(line)}\n" for line in lines[:50])
            + "\nThis is usual for a few minutes after a deployment. If there was none, somebody altered\n"
            "the rule set: look at `trailwarden rules history`, and at who wrote to the rules bucket.\n"
        )
        subject = f"Trailwarden: rule set {version} lacks protected rules"
        self._tell_once(f"{version} lacks protected rules", subject, text)

    def _fail(self, failure: LoadFailure) -> float:
        """Count every failure; tell people once of each version, whoever else met it too. Returns for how
        many seconds functions have failed to load the version, as far as that can be told."""
        self._failed(failure)
        if not failure.version:
            return 0.0
        self._in_trouble = failure.version
        fact = f"rule set {failure.version} cannot be loaded"
        trouble = self._tell_once(failure.version, f"Trailwarden: {fact}", self._letter(failure))
        return trouble.failing_for

    def _tell_once(self, name: str, subject: str, text: str) -> Trouble:
        """Tell operations of a trouble, whichever function met it first; tells nobody if that cannot be
        remembered."""
        trouble = Trouble(0.0, told=False)
        try:
            trouble = self._troubles.met(name)
            if not trouble.told:
                self._tell(subject, text)
                self._troubles.told(name)
        except Exception as error:  # noqa: BLE001 (the rules at work go on, whatever cannot be told)
            reason = one_line(f"{type(error).__name__}: {error}", 500)
            self._failed(LoadFailure(name, f"could not be told: {reason}"))
        return trouble

    def _recovered(self, version: str) -> None:
        """A version that could not be loaded was: what goes wrong with it later is another trouble."""
        if version and version == self._in_trouble:
            self._in_trouble = ""
            with suppress(Exception):
                self._troubles.over(version)

    def _letter(self, failure: LoadFailure) -> str:
        none = f"none yet; after {PATIENCE:.0f} seconds it uses the rules that it was deployed with"
        at_work = f"version {self.version}" if self.version else none
        return (
            f"The live rule set, version {failure.version}, could not be loaded by a function:\n"
            f"  {failure.reason}\n\n"
            f"At work there: {at_work}. It is tried again every {LOOK_EVERY:.0f} seconds.\n"
            "Roll back (`trailwarden rules rollback`), or deploy the Trailwarden that wrote it.\n"
        )


def _loaded(version: str, data: bytes) -> RuleSet:
    """The rule set of an artefact; raises `RuleSetError` also where it is another's."""
    rule_set = load_rule_set(data)
    if rule_set.version != version:
        raise RuleSetError(f"The artefact of version {version} holds version {rule_set.version}.")
    return rule_set
