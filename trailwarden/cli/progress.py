"""Progress of a scan, on a terminal's standard error; silent elsewhere."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Self, TextIO

import click

from trailwarden.cli.tables import counted

if TYPE_CHECKING:
    import rich.progress


class Progress:
    """Files, records a second and time left while a terminal watches; complaints on standard error always."""

    def __init__(self, stream: TextIO) -> None:
        self.watched = stream.isatty()
        self._bar: rich.progress.Progress | None = None
        self._task: rich.progress.TaskID | None = None
        self._size = self._records = 0  # of the files that are done

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def start(self, files: int, size: int) -> None:
        """Show the bar: `files` of `size` bytes in all are ahead."""
        if not self.watched:
            return
        from rich.console import Console  # noqa: PLC0415 (only where somebody watches)
        from rich.progress import BarColumn, TextColumn, TimeRemainingColumn  # noqa: PLC0415
        from rich.progress import Progress as Bar  # noqa: PLC0415

        self._bar = Bar(
            BarColumn(),
            TextColumn("{task.percentage:>3.0f}%"),
            TextColumn("{task.fields[done]:,}/{task.fields[files]}"),
            TextColumn("{task.fields[records]:,} records, {task.fields[rate]:,.0f}/s"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._bar.add_task(
            "scan", total=size, done=0, files=counted(files, "file"), records=0, rate=0.0
        )
        self._bar.start()

    def reading(self, size: int, records: int) -> None:
        """So many bytes and records were read of files that are not done."""
        self._update(self._size + size, self._records + records)

    def advance(self, size: int, records: int) -> None:
        """One more file of `size` bytes is done; `records` have been read in all."""
        self._size, self._records = self._size + size, records
        self._update(self._size, records, files=1)

    def _update(self, size: int, records: int, files: int = 0) -> None:
        if self._bar is None or self._task is None:
            return
        task = self._bar.tasks[self._task]
        rate = records / task.elapsed if task.elapsed else 0.0
        done = task.fields["done"] + files
        self._bar.update(self._task, completed=size, done=done, records=records, rate=rate)

    def say(self, text: str) -> None:
        """One line on standard error, above the bar where there is one."""
        if self._bar is not None:
            self._bar.console.print(text, markup=False, highlight=False, soft_wrap=True)
        else:
            click.echo(text, err=True)
