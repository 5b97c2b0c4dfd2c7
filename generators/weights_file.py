# SPDX-License-Identifier: GPL-3.0-or-later
"""Weights files of hadronization models: shipped ones by name, reading and writing.

A weights file is safetensors with the metadata ``mcsurrogate.format``, ``mcsurrogate.model`` and
``mcsurrogate.name``; beside ``NAME.safetensors`` lie its model card ``NAME.json``, which states the
SHA-256 of the weights (``weights_sha256``), and the card that reproduces it, ``NAME.toml``.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

import mcsurrogate
from mcsurrogate.atomic import atomic_path, in_order, write_text
from mcsurrogate.errors import HadronizationError

__all__ = [
    "FORMAT",
    "read_model_card",
    "read_weights_header",
    "shipped_weights",
    "weights_path",
    "write_model_card",
    "write_weights",
]

#: Version of the layout that this release writes and its plugin reads.
FORMAT = "1"

_DIGEST = "weights_sha256"
# The shipped weights stay below 71; the plugin, too, refuses more than this.
_LARGEST_WEIGHT = 1e3

# The plugin, too, looks for them beside its folder: ../hadronization/weights.
_FOLDER = Path(mcsurrogate.__file__).parent / "hadronization" / "weights"
_SUFFIX = ".safetensors"
_SHORT = {"string_breaks": "string_breaks_monash"}


def shipped_weights() -> tuple[str, ...]:
    """Names of the weights that come with the package."""
    return tuple(sorted(path.stem for path in _FOLDER.glob(f"*{_SUFFIX}")))


def weights_path(model: str | os.PathLike[str]) -> Path:
    """Path of shipped weights, or the given path made absolute.

    Raises
    ------
    HadronizationError
        If there is neither a shipped model nor a file of this name.
    """
    name = os.fspath(model)
    shipped = _FOLDER / f"{_SHORT.get(name, name)}{_SUFFIX}"
    is_path = os.sep in name or name.endswith(_SUFFIX)
    path = Path(name).absolute() if is_path else shipped
    if not path.is_file():
        shipped_ones = ", ".join(shipped_weights())
        of_kind = [other for other in shipped_weights() if other.startswith(f"{name}_")]
        if is_path:
            what = "it is a folder" if path.is_dir() else "there is no such file"
            msg = f"no weights {name!r}: {what}; shipped are {shipped_ones}"
        elif of_kind:
            msg = f"{name!r} is a kind of model; choose weights of it: {' or '.join(of_kind)}"
        else:
            msg = (
                f"there are no weights {name!r}; shipped are {shipped_ones}, and a file is given "
                "by a path with a slash or ending in .safetensors"
            )
        raise HadronizationError(msg)
    return path


def read_weights_header(path: Path) -> dict[str, str]:
    """Metadata of a weights file.

    Raises
    ------
    HadronizationError
        If the file is damaged, its layout is not the one of this release, a tensor holds what no
        training gives, or its model card states another digest.
    """
    try:
        with safe_open(path, framework="np") as file:
            header = dict(file.metadata() or {})
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise HadronizationError(f"weights file {path} cannot be read: {error}") from error
    for key in ("mcsurrogate.format", "mcsurrogate.model", "mcsurrogate.name"):
        if key not in header:
            raise HadronizationError(
                f"weights file {path} has no metadata {key!r}; mcsurrogate did not write it"
            )
    if header["mcsurrogate.format"] != FORMAT:
        raise HadronizationError(
            f"weights file {path} has format {header['mcsurrogate.format']}, this release reads "
            f"format {FORMAT}; use the release that wrote it, or train again"
        )
    _check_tensors(tensors, f"weights file {path}")
    _check_digest(path)
    return header


def _check_tensors(tensors: Mapping[str, NDArray[Any]], where: str) -> None:
    for name, values in tensors.items():
        if not np.issubdtype(values.dtype, np.floating):
            continue
        if not np.isfinite(values).all():
            raise HadronizationError(
                f"{where}: tensor {name!r} holds NaN or infinity: it is damaged, or its training "
                "diverged"
            )
        if values.size and (largest := np.abs(values).max()) > _LARGEST_WEIGHT:
            raise HadronizationError(
                f"{where}: tensor {name!r} holds {largest:g} in size, and what a training gives "
                f"stays below {_LARGEST_WEIGHT:g}: it is damaged, or its training diverged"
            )


def _check_digest(path: Path) -> None:
    card = path.with_suffix(".json")
    if not card.is_file():
        return
    stated = _read_card(card).get(_DIGEST)
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if stated is not None and stated != found:
        raise HadronizationError(
            f"weights file {path}: its digest is {found}, but its model card {card} states "
            f"{stated}: one of them was damaged or changed; install or train it again"
        )


def write_weights(
    path: Path,
    *,
    model: str,
    tensors: Mapping[str, NDArray[Any]],
    metadata: Mapping[str, str],
    card: Mapping[str, Any],
) -> None:
    """Write ``NAME.safetensors`` and the model card ``NAME.json`` beside it.

    Parameters
    ----------
    path
        Of the weights, ending in ``.safetensors``.
    model
        Kind of the model, ``string_breaks`` or ``clusters``.
    tensors
        By name; float32 or int32.
    metadata
        Further metadata of the weights file.
    card
        The model card: what it was trained on, how, and how well it closes.

    Raises
    ------
    HadronizationError
        If a tensor is not finite, or holds what no training gives.
    """
    _check_tensors(tensors, f"model {path.stem}")
    header = {
        "mcsurrogate.format": FORMAT,
        "mcsurrogate.model": model,
        "mcsurrogate.name": path.stem,
        **metadata,
    }
    with atomic_path(path) as part:
        part.write_bytes(in_order(save(dict(tensors), metadata=header)))
    write_model_card(path, card)


def write_model_card(weights: Path, card: Mapping[str, Any]) -> None:
    """Write the model card ``NAME.json`` beside the weights ``NAME.safetensors``."""
    about = {**card, _DIGEST: hashlib.sha256(weights.read_bytes()).hexdigest()}
    write_text(weights.with_suffix(".json"), json.dumps(about, indent=2, sort_keys=True) + "\n")


def read_model_card(model: str | os.PathLike[str]) -> dict[str, Any]:
    """Model card of shipped weights or of a weights file.

    Raises
    ------
    HadronizationError
        If there is none.
    """
    return _read_card(weights_path(model).with_suffix(".json"))


def _read_card(path: Path) -> dict[str, Any]:
    try:
        card: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise HadronizationError(f"model card {path} cannot be read: {error}") from error
    return card
