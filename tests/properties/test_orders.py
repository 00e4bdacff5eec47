"""Whatever the order of arrival, and whatever is withdrawn, dies or races: what counts at the end is sent.

`make soak` plays many more.
"""

import pytest

from tests.soak.orders import Figures, play

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
