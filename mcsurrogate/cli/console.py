"""What the commands share on the terminal: progress bars and error messages."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from mcsurrogate.progress import Progress as ProgressCallback

__all__ = ["console", "errors", "progress_bar", "progress_bars"]

console = Console(highlight=False)
errors = Console(stderr=True, highlight=False)


@contextmanager
def progress_bars(*titles: str) -> Iterator[list[ProgressCallback]]:
    """Show a progress bar for each title on standard error, if that is a terminal."""
    with Progress(
        SpinnerColumn(),
        TextColumn("[bold]{task.fields[title]}"),
        BarColumn(bar_width=24),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(compact=True),
        TextColumn("{task.description}"),
        console=errors,
        disable=not errors.is_terminal,
    ) as bars:
        tasks = [bars.add_task("", total=None, title=title) for title in titles]

        def callback(task: TaskID) -> ProgressCallback:
            def report(done: float, total: float | None, message: str) -> None:
                bars.update(task, completed=done, total=total, description=message)

            return report

        yield [callback(task) for task in tasks]
        for task in tasks:
            total = bars.tasks[task].total or 1
            bars.update(task, total=total, completed=total)


@contextmanager
def progress_bar(title: str) -> Iterator[ProgressCallback]:
    """Show one progress bar on standard error, if that is a terminal."""
    with progress_bars(title) as bars:
        yield bars[0]
