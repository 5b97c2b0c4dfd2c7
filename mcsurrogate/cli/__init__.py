"""The command line: one file a command, each thin: parse, call, print."""

import sys

import torch
import typer

from mcsurrogate.cli.console import errors
from mcsurrogate.cli.generate import generate
from mcsurrogate.cli.index import index
from mcsurrogate.cli.info import info
from mcsurrogate.cli.integrate import integrate
from mcsurrogate.cli.plugin import plugin
from mcsurrogate.cli.run import run
from mcsurrogate.cli.train import train
from mcsurrogate.cli.validate import validate
from mcsurrogate.errors import MCSurrogateError

__all__ = ["app", "main"]

app = typer.Typer(
    name="mcsurrogate",
    help=(
        "Neural surrogates as drop-in parts of a Pythia 8 chain, each certified against the "
        "part that it replaces."
    ),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
for command in (integrate, generate, run, validate, index, plugin, info):
    app.command()(command)
app.add_typer(train)


def main() -> None:
    """Run the command line; exit code 2 for a mistake in the input, 130 for Ctrl-C."""
    # One thread: the networks are too small to gain from more, and sums over threads would make
    # the last digits of a result depend on the machine.
    torch.set_num_threads(1)
    try:
        app()
    except MCSurrogateError as error:
        errors.print(f"[bold red]error:[/] {type(error).__name__}", highlight=False)
        errors.print(str(error), markup=False, soft_wrap=True)
        sys.exit(2)
    except KeyboardInterrupt:
        errors.print("[bold yellow]interrupted[/]; continue with --resume")
        sys.exit(130)
