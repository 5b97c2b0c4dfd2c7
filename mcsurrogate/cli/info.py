"""``mcsurrogate info``."""

import json
import os
import platform
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from rich.table import Table

from mcsurrogate.cli.console import console
from mcsurrogate.errors import HadronizationError, NativeModuleError
from mcsurrogate.generators import onnx_runtime, plugin_library, shipped_weights
from mcsurrogate.native import native_module
from mcsurrogate.pdf import available_pdfs

__all__ = ["info"]

_LIBRARIES = (
    "mcsurrogate", "torch", "normflows", "numpy", "pythia8mc", "fastjet", "pyhepmc",
    "pylhe", "awkward", "hist", "mplhep", "lhapdf",
)  # fmt: skip


def info(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")] = False,
) -> None:
    """Show versions, PDF sets, libraries and devices that were found."""
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
        console.print(f"[bold]{title}")
        console.print(table)
        console.print()


def _collect() -> dict[str, dict[str, Any]]:
    libraries = {"python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            libraries[name] = version(name)
        except PackageNotFoundError:
            libraries[name] = "not found"
    libraries["native module"] = _native_module()
    devices = {"cpu": f"{os.cpu_count()} cores, torch uses {torch.get_num_threads()} threads"}
    for index in range(torch.cuda.device_count()):
        devices[f"cuda:{index}"] = torch.cuda.get_device_name(index)
    return {
        "Libraries": libraries,
        "Devices": devices,
        "Hadronization": _hadronization(),
        "PDF sets": {name: str(path) for name, path in available_pdfs().items()},
    }


def _hadronization() -> dict[str, str]:
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
    try:
        release = native_module().PYTHIA_VERSION_INTEGER
    except NativeModuleError as error:
        return f"not usable: {error}"
    return f"built for Pythia {release / 1000:.3f}"
