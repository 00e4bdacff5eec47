"""Progress of a scan, on a terminal's standard error; silent elsewhere."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Self, TextIO

import click

if TYPE_CHECKING:
    import rich.progress


class Progress:
    """Files, records a second and time left while a terminal watches; complaints on standard error always."""

    def __init__(self, stream: TextIO) -> None:
        self._watched = stream.isatty()
        self._bar: rich.progress.Progress | None = None
        self._task: rich.progress.TaskID | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def start(self, files: int, size: int) -> None:
        """Show the bar: `files` of `size` bytes in all are ahead."""
        if not self._watched:
            return
        from rich.console import Console  # noqa: PLC0415 (only where somebody watches)
        from rich.progress import BarColumn, TextColumn, TimeRemainingColumn  # noqa: PLC0415
        from rich.progress import Progress as Bar  # noqa: PLC0415

        self._bar = Bar(
            BarColumn(),
            TextColumn("{task.fields[done]}/{task.fields[files]} files"),
            TextColumn("{task.fields[records]:,} records"),
            TextColumn("{task.fields[rate]:,.0f}/s"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._bar.add_task("scan", total=size, done=0, files=files, records=0, rate=0.0)
        self._bar.start()

    def advance(self, size: int, records: int) -> None:
        """One more file of `size` bytes is done; `records` have been read in all."""
        if self._bar is None or self._task is None:
            return
        task = self._bar.tasks[self._task]
        rate = records / task.elapsed if task.elapsed else 0.0
        self._bar.update(self._task, advance=size, done=task.fields["done"] + 1, records=records, rate=rate)

    def say(self, text: str) -> None:
        """One line on standard error, above the bar where there is one."""
        if self._bar is not None:
            self._bar.console.print(text, markup=False, highlight=False, soft_wrap=True)
        else:
            click.echo(text, err=True)
