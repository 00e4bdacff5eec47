"""The command `trailwarden`, and `python -m trailwarden`.

Ctrl-C ends the process at once, without a traceback, until a command is there to end in order
(`cli/ending.py`). So nothing is imported before that is seen to.
"""

import signal


def main() -> None:
    """Run the command."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # not if it is to be ignored
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from trailwarden.cli import main as command  # noqa: PLC0415

    command(prog_name="trailwarden")


if __name__ == "__main__":
    main()
