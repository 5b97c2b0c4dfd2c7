# SPDX-License-Identifier: GPL-3.0-or-later
"""What the commands share on the terminal: what they tell, progress bars, messages."""

import json
import logging
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal, TextIO

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
from rich.text import Text

import mcsurrogate
from mcsurrogate.progress import Progress as ProgressCallback

__all__ = [
    "LogFormat",
    "LogLevel",
    "console",
    "errors",
    "number_of_warnings",
    "output",
    "progress_bar",
    "progress_bars",
    "set_up",
    "warn",
]

LogLevel = Literal["debug", "info", "warning", "error"]
LogFormat = Literal["text", "json"]
_STYLES = {logging.WARNING: "bold yellow", logging.ERROR: "bold red"}
# A log tells of progress this often, in seconds; a bar shows every step.
_LOG_INTERVAL = 10.0

# Under this name Python logs its warnings; those of our own files begin with this path.
_PYTHON = "py.warnings"
_OURS = str(Path(mcsurrogate.__file__).parent)

_log = logging.getLogger(__name__)


class _Terminal(Console):
    """A console that leaves a reader who went away to the caller."""

    def on_broken_pipe(self) -> None:
        """Raise again the BrokenPipeError that is being handled; rich would exit with 1."""
        raise


console = _Terminal(highlight=False)
"""Standard output: what a command tells of its work; ``--quiet`` leaves it out."""

output = _Terminal(highlight=False)
"""Standard output: what a command was asked to print."""

errors = _Terminal(stderr=True, highlight=False)
"""Standard error: progress bars, warnings, errors."""


class _Messages(logging.Handler):
    """Prints records of our own rooms and Python's warnings on standard error."""

    def emit(self, record: logging.LogRecord) -> None:
        """Count a warning, print a record that is at least of the level asked for.

        What Python warns of counts once, however many parts of a command meet it.
        """
        if record.name == _PYTHON:
            if record.getMessage() in self.told:
                return
            self.told.add(record.getMessage())
        self.warnings += record.levelno == logging.WARNING
        if record.levelno < self.shown:
            return
        if self.format_ == "json":
            errors.print(_as_json(record), markup=False, soft_wrap=True)
            return
        clock = "" if record.levelno >= logging.WARNING else f"{time.strftime('%H:%M:%S')} "
        style = _STYLES.get(record.levelno, "dim")
        head = Text(f"{clock}{record.levelname.lower()}: ", style=style)
        errors.print(head + Text(record.getMessage().strip()), soft_wrap=True)

    def __init__(self) -> None:
        super().__init__()
        self.warnings = 0
        self.told: set[str] = set()
        self.shown = logging.WARNING
        self.format_: LogFormat = "text"


_messages = _Messages()


def set_up(
    *, quiet: bool = False, log_level: LogLevel = "warning", log_format: LogFormat = "text"
) -> None:
    """Decide what the commands print, and count warnings from here on.

    Parameters
    ----------
    quiet
        Print no results and draw no progress bars; files, warnings and errors stay.
    log_level
        The least important messages to print: debug, info, warning or error.
    log_format
        Lines of text, or a JSON object a line.
    """
    console.quiet = quiet
    _messages.format_ = log_format
    _messages.shown = logging.getLevelName(log_level.upper())
    _messages.warnings = 0
    _messages.told = set()
    logging.captureWarnings(capture=True)
    warnings.showwarning = _show_warning
    for name in ("mcsurrogate", _PYTHON):
        logger = logging.getLogger(name)
        logger.setLevel(min(_messages.shown, logging.WARNING))
        logger.propagate = False
        logger.handlers = [_messages]


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,  # noqa: ARG001 - as Python's own
    line: str | None = None,  # noqa: ARG001
) -> None:
    """Tell what Python warns of; the place in a file of ours tells nothing to who reads it."""
    text = str(message)
    if not filename.startswith(_OURS):
        text = f"{filename}:{lineno}: {category.__name__}: {text}"
    logging.getLogger(_PYTHON).warning("%s", text)


def warn(message: str) -> None:
    """Print a warning, which counts under ``--strict``."""
    _log.warning("%s", message)


def number_of_warnings() -> int:
    """Return how many warnings there were since `set_up`, printed or not."""
    return _messages.warnings


def _as_json(record: logging.LogRecord) -> str:
    """Return a record as a line of JSON, with what progress says as numbers."""
    when = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    content = {
        "time": when,
        "level": record.levelname.lower(),
        "logger": record.name,
        "message": record.getMessage().strip(),
        **getattr(record, "progress", {}),
    }
    return json.dumps(content)


class _ProgressLog:
    """Tells a log of progress now and then, with rate and time left."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._told = self._begun = time.monotonic()
        self._first: float | None = None

    def __call__(self, done: float, total: float | None, message: str) -> None:
        now = time.monotonic()
        if self._first is None or done < self._first:  # a run that continues has done some already
            self._first, self._begun = done, now
        if now - self._told <= _LOG_INTERVAL:
            return
        self._told = now
        rate = (done - self._first) / max(now - self._begun, 1e-9)
        words = [self._title + ":"]
        progress: dict[str, object] = {"task": self._title, "done": done, "rate": rate}
        if total:
            words.append(f"{done / total:.0%}")
            progress["total"] = total
        words.append(message)
        if rate > 0.0:
            words.append(f"({rate:,.3g} a second")
            if total:
                progress["seconds_left"] = left = (total - done) / rate
                words[-1] += f", {timedelta(seconds=round(left))} left"
            words[-1] += ")"
        _log.info(" ".join(words), extra={"progress": progress})


@contextmanager
def progress_bars(*titles: str) -> Iterator[list[ProgressCallback]]:
    """Show a progress bar for each title on standard error, if that is a terminal.

    A log of level ``info`` gets the same, every ten seconds.
    """
    with Progress(
        SpinnerColumn(),
        TextColumn("[bold]{task.fields[title]}"),
        BarColumn(bar_width=24),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(compact=True),
        TextColumn("{task.description}"),
        console=errors,
        disable=console.quiet or not errors.is_terminal,
    ) as bars:
        tasks = [bars.add_task("", total=None, title=title) for title in titles]

        def callback(task: TaskID, title: str) -> ProgressCallback:
            log = _ProgressLog(title)

            def report(done: float, total: float | None, message: str) -> None:
                bars.update(task, completed=done, total=total, description=message)
                log(done, total, message)

            return report

        yield [callback(task, title) for task, title in zip(tasks, titles, strict=True)]
        for task in tasks:
            total = bars.tasks[task].total or 1
            bars.update(task, total=total, completed=total)


@contextmanager
def progress_bar(title: str) -> Iterator[ProgressCallback]:
    """Show one progress bar on standard error, if that is a terminal."""
    with progress_bars(title) as bars:
        yield bars[0]
