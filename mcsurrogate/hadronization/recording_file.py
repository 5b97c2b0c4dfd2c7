# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading of the files that the plugin records draws in."""

from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from mcsurrogate.errors import HadronizationError

__all__ = ["read_recording"]


def read_recording(path: Path, model: str) -> tuple[dict[str, str], dict[str, NDArray[Any]]]:
    """Metadata and arrays of a file written by the setting ``MCSurrogate:record``.

    Parameters
    ----------
    path
        The file.
    model
        ``clusters`` or ``string_breaks``: whose draws it must hold.

    Raises
    ------
    HadronizationError
        If the file is missing, damaged or something else.
    """
    try:
        with safe_open(path, framework="np") as file:
            metadata = dict(file.metadata() or {})
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise HadronizationError(
            f"{path} cannot be read as a recording of {model}: {error}"
        ) from error
    if metadata.get("mcsurrogate.recording") != model:
        raise HadronizationError(f"{path} is no recording of {model}")
    return metadata, tensors
