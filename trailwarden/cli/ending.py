"""How `trailwarden` ends where somebody or something ends it: with a status and at most a line, never in a
traceback."""

import contextlib
import errno
import os
import signal
import sqlite3
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import click

from trailwarden.cli.exits import Exit
from trailwarden.cli.lazy import LazyGroup

_WRITING = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})


class EndingGroup(LazyGroup):
    """The command's outermost group."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command. Whatever it wrote is written out before its status is decided."""
        try:
            with _ended_in_order():
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
        except OSError as error:
            _leave(Exit.FAILED, _said(error))
        except sqlite3.Error as error:  # of what was found: nothing else is kept in one
            _leave(Exit.FAILED, _temporary(error))
        except MemoryError:
            _leave(Exit.FAILED, "not enough memory")


def _said(error: OSError) -> str:
    """The error without its number. Whatever else is written names its file (`cli/files.py`)."""
    why = error.strerror or str(error)
    if error.filename is not None:
        return f"{error.filename}: {why}"
    return f"standard output: {why}" if error.errno in _WRITING else why


def _temporary(error: sqlite3.Error) -> str:
    """Which folder has no room. SQLite passes over those of the environment that it cannot use, and says
    nothing. https://www.sqlite.org/tempfiles.html#temporary_file_storage_locations"""
    named = [os.environ[name] for name in ("SQLITE_TMPDIR", "TMPDIR") if os.environ.get(name)]
    usual = ("/var/tmp", "/usr/tmp", "/tmp", ".")  # noqa: S108 (where SQLite looks)
    usable = (one for one in (*named, *usual) if Path(one).is_dir() and os.access(one, os.W_OK | os.X_OK))
    folder = next(usable, ".")
    fix = "set TMPDIR to a folder with room"
    if named and folder not in named:
        fix += f", which {' or '.join(named)} is not"
    return f"the temporary file in {folder}: {error}; {fix}"


@contextlib.contextmanager
def _ended_in_order() -> Iterator[None]:
    """Let SIGTERM end the command as Ctrl-C does, in order: processes that it started go with it. Ctrl-C
    raises from here on, if the start of the program let it end everything (`__main__.py`)."""

    def end(_number: int, _frame: FrameType | None) -> NoReturn:
        sys.exit(Exit.ENDED)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, end)
    ctrl_c = signal.getsignal(signal.SIGINT)
    if ctrl_c is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
        signal.signal(signal.SIGINT, ctrl_c)


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
