"""`python -m tests.soak [scenario ...] [--seed N] [--number N]`: many more of what `make test` tries a few.

A scenario is an entry of `SCENARIOS`. It plays so many seeds from the first on, on every core, raises where
something does not hold, and gives lines of figures.
"""

import argparse
import time
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor

from tests.soak import large_files
from tests.soak.orders import Figures, play

Scenario = Callable[[Executor, range], list[str]]
_AT_ONCE = 50


def orders(pool: Executor, seeds: range) -> list[str]:
    """Orders of arrival with withdrawals, crashes, races and losses."""
    total = Figures()
    for figures in pool.map(_orders, (seeds[at : at + _AT_ONCE] for at in range(0, len(seeds), _AT_ONCE))):
        total += figures
    return total.lines()


def _orders(seeds: range) -> Figures:
    figures = Figures()
    for seed in seeds:
        try:
            play(seed, figures)
        except AssertionError as error:
            raise AssertionError(f"order {seed} (--seed {seed} --number 1): {error}") from error
    return figures


def files(pool: Executor, seeds: range) -> list[str]:
    """Files of the largest size, half of whose records match."""
    return [
        f"{groups}: " + ", ".join(f"{value:,} {name}" for name, value in figures.items())
        for shapes in pool.map(large_files.run, seeds)
        for groups, figures in shapes.items()
    ]


SCENARIOS: dict[str, tuple[Scenario, int]] = {"orders": (orders, 5000), "large_files": (files, 1)}
"""By name: the scenario, and how many seeds one run plays."""


def main() -> None:
    """Run the scenarios that are named, or all of them."""
    arguments = argparse.ArgumentParser(prog="python -m tests.soak")
    arguments.add_argument("scenario", nargs="*", help=", ".join(SCENARIOS))
    arguments.add_argument("--seed", type=int, default=0, help="the first seed that is played (default: 0)")
    arguments.add_argument("--number", type=int, help="how many seeds of each scenario")
    given = arguments.parse_args()
    with ProcessPoolExecutor() as pool:
        for name in given.scenario or SCENARIOS:
            scenario, number = SCENARIOS[name]
            began = time.monotonic()
            print(f"== {name}: {given.number or number:,} from seed {given.seed} on ...", flush=True)
            lines = scenario(pool, range(given.seed, given.seed + (given.number or number)))
            print(f"== {name} (seed {given.seed}, {time.monotonic() - began:.0f} s)")
            print("\n".join(f"   {line}" for line in lines), flush=True)


if __name__ == "__main__":
    main()
