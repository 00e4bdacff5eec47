"""What the heartbeat says of what is not heard: hidden, switched off, lowered, on trial."""

from collections.abc import Iterator
from datetime import UTC, datetime

from trailwarden.alerts.telling import Suppressed
from trailwarden.state.protocol import ExceptionCounts
from trailwarden.state.rule_sets import Publication, RuleSetStore, Standing

_WORST = 20
_PAGE = 50


def suppressed_since(store: RuleSetStore, counts: ExceptionCounts, since: datetime) -> Suppressed:
    """What was suppressed since a time (aware), and how many rules alerted then, in between and now.

    Exceptions that were only live for a while count too.
    """
    live = list(_live_since(store, since))
    if not live:
        return Suppressed()
    exceptions = {key: each for publication in reversed(live) for key, each in publication.exceptions.items()}
    hidden = counts.exception_counts(exceptions, since.date())
    worst = sorted(
        ((exceptions[key].title, each.count) for key, each in hidden.items() if each.count),
        key=lambda one: (-one[1], one[0]),
    )
    now, before = live[0].standing, live[-1].standing if _began_before(live[-1], since) else None
    known = [publication.standing.alerting for publication in live if publication.standing]
    standing = now or Standing(0)
    return Suppressed(
        hidden=sum(count for _, count in worst),
        worst=tuple(worst[:_WORST]),
        alerting=now.alerting if now else None,
        alerting_before=before.alerting if before else None,
        alerting_least=min(known, default=None),
        off=standing.off,
        lowered=standing.lowered,
        staged=standing.staged,
        exceptions=standing.exceptions,
    )


def _live_since(store: RuleSetStore, since: datetime) -> Iterator[Publication]:
    """The publications that were live since a time, newest first; the last is the one that was live then."""
    before: int | None = None
    while True:
        page = store.history(_PAGE, before)
        for publication in page:
            yield publication
            if _began_before(publication, since):
                return
        if len(page) < _PAGE:
            return
        before = page[-1].sequence


def _began_before(publication: Publication, since: datetime) -> bool:
    return datetime.fromisoformat(publication.published_at).astimezone(UTC) <= since
