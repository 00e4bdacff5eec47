"""`python -m tests.soak [scenario ...] [--seed N] [--number N]`: many more of what `make test` tries a few.

A scenario is an entry of `SCENARIOS`: a function of a seed that raises where something does not hold, and
gives lines of figures.
"""

import argparse
import time
from collections.abc import Callable

from tests.soak.orders import Figures, play

Scenario = Callable[[int, int], list[str]]
"""Given the first seed and how many, plays them all."""


def orders(seed: int, number: int) -> list[str]:
    """Orders of arrival with withdrawals, crashes, races and losses."""
    figures = Figures()
    for each in range(seed, seed + number):
        try:
            play(each, figures)
        except AssertionError as error:
            raise AssertionError(f"order {each} (--seed {each} --number 1)") from error
    return figures.lines()


SCENARIOS: dict[str, tuple[Scenario, int]] = {"orders": (orders, 5000)}
"""By name: the scenario, and how many of it one run plays."""


def main() -> None:
    """Run the scenarios that are named, or all of them."""
    arguments = argparse.ArgumentParser(prog="python -m tests.soak")
    arguments.add_argument("scenario", nargs="*", help=", ".join(SCENARIOS))
    arguments.add_argument("--seed", type=int, default=0)
    arguments.add_argument("--number", type=int, help="how many of each scenario")
    given = arguments.parse_args()
    for name in given.scenario or SCENARIOS:
        scenario, number = SCENARIOS[name]
        began = time.monotonic()
        lines = scenario(given.seed, given.number or number)
        print(f"== {name} (seed {given.seed}, {time.monotonic() - began:.0f} s)")
        print("\n".join(f"   {line}" for line in lines), flush=True)


if __name__ == "__main__":
    main()
