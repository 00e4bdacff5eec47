"""Exit statuses: a contract, others script against it. docs/scan.md lists them."""

from enum import IntEnum


class Exit(IntEnum):
    """How a command ended."""

    DONE = 0
    ALERTED = 1
    """`scan`: an alert at or above `--fail-on`. `rules test`: a rule's test failed. `rules check`: a warning,
    with `--strict`."""
    REFUSED = 1
    """`rules publish`, `rollback`, `promote`: what was handed in did not become live. `rules diff
    --exit-code`: there is a difference."""
    USAGE = 2
    """Wrong usage, or rules that cannot be used. `scan` still evaluates the others. `alerts`: an id that
    names no alert, or several."""
    INCOMPLETE = 3
    """Done, but some input could not be read."""
    FAILED = 4
    """The machine let it down: the disk is full, memory is short, standard output cannot be written."""
    INTERRUPTED = 130
    """Ctrl-C; as shells count it, 128 and the number of the signal."""
    UNHEARD = 141
    """Who reads the output went away, as `head` does."""
    ENDED = 143
    """Asked to end (SIGTERM)."""
