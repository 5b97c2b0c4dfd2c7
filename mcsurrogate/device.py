# SPDX-License-Identifier: GPL-3.0-or-later
"""Where networks are evaluated and trained: the processor, or a GPU that torch finds."""

import torch

from mcsurrogate.errors import DeviceError

__all__ = ["compute_device", "found_devices"]


def found_devices() -> dict[str, str]:
    """Name what :func:`compute_device` gives here, with what is behind each name."""
    found = {"cpu": "always"}
    if torch.cuda.is_available():
        found["cuda"] = torch.cuda.get_device_name()
    return found


def compute_device(name: str) -> torch.device:
    """Return a device of torch.

    Parameters
    ----------
    name
        ``cpu``, or ``cuda`` for the current GPU.

    Raises
    ------
    DeviceError
        If the name is another one, or torch finds no GPU.
    """
    if name not in ("cpu", "cuda"):
        raise DeviceError(f"device = {name!r}: known are cpu and cuda")
    if name not in found_devices():
        built = f"was built for CUDA {torch.version.cuda}" if torch.version.cuda else "has no CUDA"
        raise DeviceError(
            f"device = 'cuda': torch {torch.__version__} {built} and finds no GPU; take 'cpu', or "
            "a machine, a driver and a torch with CUDA (`mcsurrogate info` shows what is found)"
        )
    return torch.device(name)
