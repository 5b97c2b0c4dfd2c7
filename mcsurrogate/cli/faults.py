# SPDX-License-Identifier: GPL-3.0-or-later
"""How a command ends: its exit code, and what it says when it did not end well."""

import errno
import functools
import os
import shlex
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor
from contextlib import suppress
from enum import IntEnum
from pathlib import Path
from typing import ParamSpec, TypeVar

import typer

from mcsurrogate.cli.console import errors, number_of_warnings
from mcsurrogate.errors import MCSurrogateError

__all__ = ["ExitCode", "begin", "conclude", "end_strictly", "guarded"]

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class ExitCode(IntEnum):
    """What a command tells the shell."""

    WELL = 0
    DIFFERENT = 1
    BAD_INPUT = 2
    WARNING = 3
    SYSTEM = 4
    FAULT = 70  # EX_SOFTWARE of sysexits.h
    INTERRUPTED = 128 + signal.SIGINT
    BROKEN_PIPE = 128 + signal.SIGPIPE


# A path that cannot be, a file of the wrong kind (no number), a folder that is in use: those that
# gave the path can mend it.  Every other error of the system is the system's.
_BAD_PATH = {
    None, errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENAMETOOLONG, errno.ELOOP,
    errno.EAGAIN,
}  # fmt: skip


class _Work:
    """Where the command that runs works, and whether it could go on from there."""

    folder: Path | None = None
    resumable = False


def begin(folder: Path | None = None, *, resumable: bool = False) -> None:
    """Start the work of a command, once its input has been checked.

    Networks are too small to gain from more than one thread, and sums over threads would make the
    last digits of a result depend on the machine.

    Parameters
    ----------
    folder
        Where the command writes, and the traceback of a fault of ours goes.
    resumable
        Whether the command goes on with ``--resume`` where it was stopped.
    """
    import torch  # not before: it takes longer than a mistake in a card takes to find

    torch.set_num_threads(1)
    _Work.folder, _Work.resumable = folder, resumable


def end_strictly(strict: bool) -> None:
    """Leave with the code of a warning if there was one and it matters."""
    if strict and number_of_warnings():
        raise typer.Exit(ExitCode.WARNING)


def guarded(command: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Let a command end with a message and an exit code, whatever happens in it."""

    @functools.wraps(command)
    def run(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        _Work.folder, _Work.resumable = None, False
        try:
            return command(*args, **kwargs)
        except typer.Exit:
            raise
        except (Exception, KeyboardInterrupt) as error:
            raise typer.Exit(conclude(error)) from error

    return run


def conclude(error: BaseException) -> ExitCode:
    """Say what went wrong and what to do; return the exit code of it."""
    code = _exit_code(error)
    with suppress(OSError):  # standard error itself may be closed or on a full disk
        match code:
            case ExitCode.BROKEN_PIPE:
                pass
            case ExitCode.INTERRUPTED:
                errors.print("[bold yellow]interrupted[/]")
                errors.print(_how_to_resume().strip(), markup=False, soft_wrap=True)
            case ExitCode.BAD_INPUT:
                _print_error(type(error).__name__, str(error))
            case ExitCode.SYSTEM:
                _print_error("the system failed", f"{_in_words(error)}{_how_to_resume()}")
            case _:
                _print_error("a fault of mcsurrogate itself", _save_traceback(error))
    for stream in (sys.stdout, sys.stderr):
        _flush(stream.fileno, stream.flush)
    return code


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _exit_code(error: BaseException) -> ExitCode:
    if isinstance(error, KeyboardInterrupt):
        return ExitCode.INTERRUPTED
    if isinstance(error, BrokenPipeError):
        return ExitCode.BROKEN_PIPE
    for cause in _causes(error):
        if isinstance(cause, OSError):
            return ExitCode.BAD_INPUT if cause.errno in _BAD_PATH else ExitCode.SYSTEM
        if isinstance(cause, BrokenExecutor | MemoryError):
            return ExitCode.SYSTEM
    return ExitCode.BAD_INPUT if isinstance(error, MCSurrogateError) else ExitCode.FAULT


def _in_words(error: BaseException) -> str:
    if isinstance(error, BrokenExecutor):
        return (
            "a worker process died, killed by someone or for lack of memory; with fewer --workers "
            "less memory is needed"
        )
    return str(error) or type(error).__name__


def _how_to_resume() -> str:
    if not _Work.resumable:
        return ""
    command = Path(sys.argv[0])
    name = [command.name]
    if command.name == "__main__.py":
        name = ["python", "-m", command.parent.name]
    words = [*name, *sys.argv[1:]]
    line = shlex.join(words if "--resume" in words else [*words, "--resume"])
    return f"\nFinished stages are kept; continue with: {line}"


def _print_error(kind: str, text: str) -> None:
    errors.print(f"[bold red]error:[/] {kind}", highlight=False)
    errors.print(text, markup=False, soft_wrap=True)


def _save_traceback(error: BaseException) -> str:
    """Write a traceback where it is found; return what to say about it."""
    from mcsurrogate import __version__

    what = f"{type(error).__name__}: {error}"
    report = (
        f"mcsurrogate {__version__}, Python {sys.version}\n{shlex.join(sys.argv)}\n\n"
        f"{''.join(traceback.format_exception(error))}"
    )
    folders = [_Work.folder, Path.cwd(), Path(tempfile.gettempdir())]
    for folder in folders:
        if folder is None or not folder.is_dir():
            continue
        path = folder / "traceback.txt"
        with suppress(OSError):
            path.write_text(report, encoding="utf-8")
            return (
                f"{what}\nPlease report it to those you have mcsurrogate from, with {path} and "
                f"the card or the files that you gave.{_how_to_resume()}"
            )
    return f"{what}\nThe traceback cannot be saved anywhere:\n{report}"


def _flush(number: Callable[[], int], flush: Callable[[], None]) -> None:
    """Empty the buffer of a stream, or Python would try at its end and change the exit code."""
    try:
        flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), number())
