"""How `trailwarden` ends where somebody or something ends it: with a status and at most a line, never in a
traceback."""

import contextlib
import os
import signal
import sqlite3
import sys
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any, NoReturn

import click

from trailwarden.cli.exits import Exit
from trailwarden.cli.lazy import LazyGroup


class EndingGroup(LazyGroup):
    """The command's outermost group."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command. Whatever it wrote is written out before its status is decided."""
        try:
            with _ended_by_sigterm():
                try:
                    return super().invoke(ctx)
                finally:
                    sys.stdout.flush()
        except KeyboardInterrupt:
            _leave(Exit.INTERRUPTED, "interrupted")
        except click.Abort as error:  # at a question
            if isinstance(error.__context__, KeyboardInterrupt):
                _leave(Exit.INTERRUPTED, "interrupted")
            raise
        except BrokenPipeError:
            _leave(Exit.UNHEARD)
        except SystemExit as error:
            if isinstance(error.__context__, BrokenPipeError):  # rich makes its own status of it
                _leave(Exit.UNHEARD)
            raise
        except (OSError, sqlite3.Error) as error:
            _leave(Exit.FAILED, str(error))
        except MemoryError:
            _leave(Exit.FAILED, "not enough memory")


@contextlib.contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """Let SIGTERM end the command as Ctrl-C does, in order: processes that it started go with it."""

    def end(_number: int, _frame: FrameType | None) -> NoReturn:
        sys.exit(Exit.ENDED)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _leave(status: Exit, why: str = "") -> NoReturn:
    """End with a status. What could not be written is let go of: it would fail again at the very end."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # who presses it twice means the same
    with contextlib.suppress(OSError, ValueError):
        if why:
            click.echo(f"trailwarden: {why}", err=True)
    if status in {Exit.UNHEARD, Exit.FAILED}:
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(status)
