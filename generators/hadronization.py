# SPDX-License-Identifier: GPL-3.0-or-later
"""The Pythia plugin that hadronizes with networks: where it is and how a run loads it."""

import importlib
import importlib.metadata
import importlib.util
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mcsurrogate.errors import HadronizationError
from mcsurrogate.generators.plugins import (
    check_pythia,
    find_library,
    load_plugin,
    setting_value,
)
from mcsurrogate.generators.weights_file import read_weights_header, weights_path

__all__ = ["attach_hadronization", "hadronization_settings", "onnx_runtime", "plugin_library"]

_LIBRARY = "libmcsurrogate_hadronization.so"
_CLASS = "SurrogateHadronization"
_LUND = "lund"
_MOVED = ("decay_clusters", "record_string_breaks", "train_hadronization")


def plugin_library() -> Path:
    """Path of the plugin library.

    Raises
    ------
    NativeModuleError
        If it was not built.
    """
    return find_library(_LIBRARY)


def _checked_value(path: Path, what: str) -> str:
    """Text of a path, if Pythia's line parser takes it as one value."""
    return setting_value(path, what, HadronizationError)


def hadronization_settings(
    model: str | os.PathLike[str] = "string_breaks",
    variations: Iterable[str | os.PathLike[str]] = (),
    onnx: Iterable[str | os.PathLike[str]] = (),
) -> list[str]:
    """Lines of a ``.cmnd`` file that replace Pythia's hadronization by a surrogate.

    Parameters
    ----------
    model
        Shipped weights (``string_breaks`` is short for ``string_breaks_monash``), the path of a
        weights file, or ``lund`` for Pythia's own model run through the plugin.
    variations
        Further weights, by name or path, each of which becomes a named event weight.
    onnx
        ONNX files ``NAME.onnx``, each in place of the network NAME of the weights; the library of
        the package onnxruntime evaluates them.

    Raises
    ------
    HadronizationError
        If there are no such weights or files, Pythia's settings cannot hold a path, onnxruntime is
        not installed, or variations or networks are asked of Pythia's own model.
    NativeModuleError
        If the plugin was not built.
    """
    library = _checked_value(plugin_library(), "the plugin")
    lines = [f"Init:plugins += {{{library}::{_CLASS}}}"]
    others = [_checked_value(weights_path(other), "a variation") for other in variations]
    networks = [_checked_value(_onnx_file(Path(file)), "an ONNX file") for file in onnx]
    if str(model) == _LUND:
        if others or networks:
            raise HadronizationError(
                "variations are density ratios, and ONNX files replace networks; Pythia's own "
                "model (lund) has neither"
            )
        return [*lines, f"MCSurrogate:model = {_LUND}"]
    path = weights_path(model)
    kind = read_weights_header(path)["mcsurrogate.model"]
    lines += [
        f"MCSurrogate:model = {kind}",
        f"MCSurrogate:weights = {_checked_value(path, 'the weights')}",
    ]
    if others:
        lines.append(f"MCSurrogate:variations = {{{','.join(others)}}}")
    if networks:
        lines += [
            f"MCSurrogate:onnx = {{{','.join(networks)}}}",
            f"MCSurrogate:onnxRuntime = {_checked_value(onnx_runtime(), 'ONNX Runtime')}",
        ]
    return lines


def _onnx_file(path: Path) -> Path:
    if path.suffix != ".onnx" or not path.is_file():
        raise HadronizationError(
            f"there is no ONNX file {path}; each is called NETWORK.onnx, like fraction.onnx"
        )
    return path.absolute()


def onnx_runtime() -> Path:
    """Library of the installed package onnxruntime.

    Raises
    ------
    HadronizationError
        If it is not installed.
    """
    spec = importlib.util.find_spec("onnxruntime")
    folders = [] if spec is None else [Path(f) for f in spec.submodule_search_locations or ()]
    found = [path for folder in folders for path in sorted(folder.glob("capi/libonnxruntime.so*"))]
    if not found:
        raise HadronizationError(
            "networks as ONNX files need ONNX Runtime; `pip install onnxruntime` (or "
            "mcsurrogate[onnx])"
        )
    return found[0]


def attach_hadronization(
    pythia: Any,  # noqa: ANN401
    model: str | os.PathLike[str] = "string_breaks",
    variations: Iterable[str | os.PathLike[str]] = (),
    onnx: Iterable[str | os.PathLike[str]] = (),
) -> None:
    """Replace the hadronization of a ``pythia8mc.Pythia`` or ``PythiaParallel`` object.

    Call it before ``pythia.init()``. Seeds stay Pythia's: the same settings and seed give the same
    events on the same kind of processor.

    Parameters
    ----------
    pythia
        The object, not yet initialised.
    model, variations, onnx
        As in `hadronization_settings`.

    Raises
    ------
    HadronizationError
        If there are no such weights, the object is not one of pythia8mc, or a plugin is attached
        already.
    NativeModuleError
        If the plugin was not built, or for another Pythia release.
    """
    check_pythia(
        pythia, "attach_hadronization", "that `mcsurrogate plugin` prints", HadronizationError
    )
    lines = hadronization_settings(model, variations, onnx)
    # PythiaParallel keeps its settings to itself.
    settings = getattr(pythia, "settings", None)
    if settings is not None and any(_CLASS in name for name in settings.wvec("Init:plugins")):
        raise HadronizationError(
            "this Pythia object has a surrogate hadronization already; make a new object"
        )
    load_plugin(pythia, plugin_library(), lines, HadronizationError)


def __getattr__(name: str) -> Any:  # noqa: ANN401
    """Find what has moved to the room above, under the name that it had here."""
    if name in _MOVED:
        return getattr(importlib.import_module("mcsurrogate.hadronization"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
