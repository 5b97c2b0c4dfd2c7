# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line: one file a command, each thin: parse, call, print.

It starts light: what computes is imported by the command that needs it, after its input has been
checked.
"""

import sys
from typing import Annotated

import typer

from mcsurrogate.cli.console import LogFormat, LogLevel, set_up
from mcsurrogate.cli.convert import convert
from mcsurrogate.cli.faults import ExitCode, conclude, guarded
from mcsurrogate.cli.fill import fill
from mcsurrogate.cli.generate import generate
from mcsurrogate.cli.index import index
from mcsurrogate.cli.info import info
from mcsurrogate.cli.integrate import integrate
from mcsurrogate.cli.merge import merge
from mcsurrogate.cli.pack import pack
from mcsurrogate.cli.plugin import plugin
from mcsurrogate.cli.resample import resample
from mcsurrogate.cli.run import run
from mcsurrogate.cli.shower import shower
from mcsurrogate.cli.train import train
from mcsurrogate.cli.validate import validate
from mcsurrogate.cli.width import width
from mcsurrogate.executors import collect_rarely

__all__ = ["app", "main"]

app = typer.Typer(
    name="mcsurrogate",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
for command in (
    integrate, generate, pack, merge, run, shower, convert, resample, fill, validate, width, index,
    plugin, info,
):  # fmt: skip
    app.command()(guarded(command))
app.add_typer(train)


def _print_version(wanted: bool) -> None:
    if wanted:
        from mcsurrogate import __version__

        typer.echo(f"mcsurrogate {__version__}")
        raise typer.Exit


@app.callback()
def options(
    quiet: Annotated[
        bool,
        typer.Option(
            "--quiet", "-q", help="Print no results, draw no progress bars; files say everything."
        ),
    ] = False,
    log_level: Annotated[
        LogLevel,
        typer.Option(
            help="Least important messages on standard error; info tells stages and, every ten "
            "seconds, progress: for batch jobs."
        ),
    ] = "warning",
    log_format: Annotated[
        LogFormat, typer.Option(help="Messages as text, or as a JSON object a line.")
    ] = "text",
    version: Annotated[  # noqa: ARG001 - its callback prints and leaves
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Neural surrogates as drop-in parts of a Pythia 8 chain, each certified against its original.

    Exit codes: 0 well; 1 validate found a difference; 2 bad input; 3 a warning under --strict;
    4 the system failed (disk, permission, worker), the message says how to continue; 70 a fault of
    mcsurrogate itself, with a traceback to report; 130 interrupted.
    """
    set_up(quiet=quiet, log_level=log_level, log_format=log_format)


def main() -> None:
    """Run the command line and leave with the exit code that it tells."""
    collect_rarely()
    try:
        app()
    except SystemExit as end:
        # typer and rich leave with 1, which is a difference here, when their reader goes away
        sys.exit(ExitCode.BROKEN_PIPE if isinstance(end.__context__, BrokenPipeError) else end.code)
    except (Exception, KeyboardInterrupt) as error:
        sys.exit(conclude(error))
