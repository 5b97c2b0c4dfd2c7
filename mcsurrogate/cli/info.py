# SPDX-License-Identifier: GPL-3.0-or-later
"""``mcsurrogate info``."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from mcsurrogate.cli.console import output
from mcsurrogate.cli.faults import begin

__all__ = ["info"]


def info(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")] = False,
) -> None:
    """Show versions, hadronization models and PDF sets that were found.

    Example: mcsurrogate info --json
    """
    begin()
    content = _collect()
    if as_json:
        typer.echo(json.dumps(content, indent=2))
        return
    for title, entries in content.items():
        table = Table(show_header=False, box=None, pad_edge=False)
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        for key, value in entries.items():
            table.add_row(key, str(value))
        output.print(f"[bold]{title}")
        output.print(table)
        output.print()


def _collect() -> dict[str, dict[str, Any]]:
    from mcsurrogate.pdf import available_pdfs
    from mcsurrogate.versions import versions

    return {
        "Libraries": {**versions(), "native module": _native_module()},
        "Processor": {"cores": os.cpu_count(), "devices": _devices()},
        "Hadronization": _hadronization(),
        "PDF sets": {name: str(path) for name, path in available_pdfs().items()},
    }


def _devices() -> str:
    from mcsurrogate.device import found_devices

    return ", ".join(f"{name} ({behind})" for name, behind in found_devices().items())


def _hadronization() -> dict[str, str]:
    from mcsurrogate.errors import HadronizationError, NativeModuleError
    from mcsurrogate.generators import onnx_runtime, plugin_library, shipped_weights

    def found(locate: Callable[[], Path]) -> str:
        try:
            return str(locate())
        except (HadronizationError, NativeModuleError) as error:
            return f"not usable: {error}"

    return {
        "plugin": found(plugin_library),
        "shipped weights": ", ".join(shipped_weights()),
        "ONNX Runtime": found(onnx_runtime),
    }


def _native_module() -> str:
    from mcsurrogate.errors import NativeModuleError
    from mcsurrogate.native import native_module

    try:
        release = native_module().PYTHIA_VERSION_INTEGER
    except NativeModuleError as error:
        return f"not usable: {error}"
    return f"built for Pythia {release / 1000:.3f}"
