"""Whatever the order of arrival, and whatever is withdrawn, dies or races: what counts at the end is sent.

`make soak` plays many more.
"""

from itertools import islice, permutations
from typing import Any

import pytest

from tests.soak.orders import DAY, HOUR, Figures, Order, play, play_order
from tests.unit.correlation.samples import A, correlation, match

_ORDERS = 240
_AT_ONCE = 20


@pytest.mark.parametrize("first", range(0, _ORDERS, _AT_ONCE))
def test_any_order_ends_in_the_same_alerts_and_all_of_them_are_sent(first: int) -> None:
    figures = Figures()
    for number in range(first, first + _AT_ONCE):
        play(number, figures)
    assert figures.orders == _AT_ONCE
    assert figures.crashes
    assert figures.withdrawals


UNDONE: dict[str, tuple[tuple[str, dict[str, Any]], list[tuple[int, int]]]] = {
    "a sum": (("value_sum", {"bounds": (("lt", 5),)}), [(0, 2), (10, 9), (4 * HOUR, 1), (4 * HOUR + 5, 7)]),
    "two from one": (
        ("event_count", {"bounds": (("eq", 1),), "quiet": 3 * HOUR}),
        [(0, 1), (3 * HOUR, 1), (6 * HOUR, 1), (3 * HOUR + 5, 1)],
    ),
    "back again": (("event_count", {"bounds": (("neq", 2),)}), [(0, 1), (5, 1), (6, 1), (2 * HOUR, 1)]),
    "a share": (("value_percentile", {"bounds": (("lte", 50),)}), [(0, 1), (1, 1), (2, 2), (3 * HOUR, 2)]),
    "two late records": (
        ("first_seen", {"bounds": (("gte", 1),), "timespan": 2 * DAY, "quiet": 6 * HOUR}),
        [(-10 * HOUR, 1), (-9 * HOUR, 2), (-5 * HOUR, 3), (-34 * HOUR, 1), (-33 * HOUR, 3)],
    ),
}


@pytest.mark.parametrize("in_table", [False, True], ids=["memory", "DynamoDB"])
@pytest.mark.parametrize("what", UNDONE)
def test_what_any_kind_of_correlation_takes_back_is_sent_as_it_ends(what: str, in_table: bool) -> None:
    (kind, made), events = UNDONE[what]
    field = ("what",) if kind != "event_count" else ()
    rules = [correlation(kind, A, field=field, **made)]
    found = [match(number, at, A, what=value) for number, (at, value) in enumerate(events)]
    for number, order in enumerate(islice(permutations(found), 0, None, 3)):
        does = ["notify", "lose", "tend", "race"]
        steps = [([[one]], does[place % 4], [0, 61, 30][place % 3]) for place, one in enumerate(order)]
        play_order(Order(number, in_table, rules, found, steps, 0))
