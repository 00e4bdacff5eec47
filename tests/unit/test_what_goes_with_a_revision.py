"""What a withdrawal must write besides the state: a message where nothing was sent of a part, and when to
look at it again."""

from collections.abc import Iterable, Set

from trailwarden.alerts.group_state import Counted, GroupState, Moved, Range, Span, identity_of
from trailwarden.alerts.groups import CHECK_AFTER
from trailwarden.alerts.model import Alert, AlertMatch, Evidence
from trailwarden.alerts.revision import withdrawn
from trailwarden.alerts.telling import Reason

FIRST, LATE = "2026-03-02T12:00:00Z", "2026-03-02T18:00:00Z"
GAP = "2026-03-02T15:00:00Z"
NOW = 1_772_500_000


class _Stored:
    """Matches by place; no alert is shown."""

    def __init__(self, *places: tuple[str, str]) -> None:
        self.places = places

    def count(self, first: str, last: str) -> Counted:
        return self.count_of([(first, last)])

    def count_of(self, ranges: Iterable[Range], without: Set[tuple[str, str]] = frozenset()) -> Counted:
        left = [each for each in self.places if each not in without]
        return Counted(sum(any(a <= place <= b for a, b in ranges) for place, _ in left))

    def match_ids(self, place: str) -> set[str]:
        return {each for at, each in self.places if at == place}

    def earliest(
        self, first: str, last: str, without: Set[tuple[str, str]] = frozenset()
    ) -> AlertMatch | None:
        found = sorted(each for each in self.places if first <= each[0] <= last and each not in without)
        return _match(found[0]) if found else None

    def latest(self, first: str, last: str) -> AlertMatch | None:
        found = sorted(each for each in self.places if first <= each[0] <= last)
        return _match(found[-1]) if found else None

    def alert(self, alert_id: str) -> Alert | None:
        return None


def _match(at: tuple[str, str]) -> AlertMatch:
    return AlertMatch(at[1], at[1], at[0], Evidence("s3://bucket/key", 0), at[0])


def _withdrawn(matches: str, *, told: int, closed: bool, place: str = FIRST) -> Moved:
    """A group of one alert, of whose matches (`a` to `c` at the first place, later ones at the last) one is
    withdrawn: the first at the place."""
    stored = _Stored(*((FIRST if each in "abc" else GAP if each == "g" else LATE, each) for each in matches))
    last = max(at for at, _ in stored.places)
    state = GroupState("rule", {"actor": "eve"}, quiet=4 * 3600)
    span = Span(FIRST, last, identity_of(state, FIRST), len(matches), told, NOW - 9000, closed)
    gone = {min(each for at, each in stored.places if at == place)}
    moved = withdrawn(state.with_spans([span]), place, gone, now=NOW, stored=stored)
    assert moved is not None
    return moved


def test_a_part_of_which_nothing_may_have_been_sent_has_a_message() -> None:
    moved = _withdrawn("abc", told=1, closed=False)
    (span,) = moved.state.spans
    (message,) = moved.tellings
    assert (message.follow_up.reason, message.follow_up.total, message.follow_up.more) == (
        Reason.RECOUNTED, 2, 2,
    )  # fmt: skip
    assert span.told == 2
    assert (NOW + CHECK_AFTER, span.alert_id) in moved.due


def test_an_alert_that_was_closed_and_has_something_unsent_again_is_due() -> None:
    moved = _withdrawn("abc", told=2, closed=True)
    (span,) = moved.state.spans
    assert (span.closed, span.told, moved.tellings) == (False, 1, ())
    assert moved.due == ((NOW + CHECK_AFTER, span.alert_id),)


def test_an_alert_that_is_cut_in_two_is_due_in_both() -> None:
    moved = _withdrawn("abcgyz", told=6, closed=False, place=GAP)
    first, second = moved.state.spans
    assert {at for at in moved.due if at[1] == second.alert_id} == {(NOW + CHECK_AFTER, second.alert_id)}
    assert first.alert_id != second.alert_id


def test_what_is_closed_and_sent_needs_nothing() -> None:
    moved = _withdrawn("abc", told=3, closed=True)
    assert (moved.due, moved.tellings, moved.state.spans[0].closed) == ((), (), True)
