# SPDX-License-Identifier: GPL-3.0-or-later
"""Parton densities that another library evaluates, where a user has it: LHAPDF or NeoPDF."""

import importlib
from collections.abc import Callable
from types import ModuleType

import numpy as np
import torch
from torch import Tensor

from mcsurrogate.errors import PartonDensityError
from mcsurrogate.pdf.grid_density import GridDensity
from mcsurrogate.pdf.info_file import read_info
from mcsurrogate.pdf.locate import PdfFiles

__all__ = ["PointwiseDensity", "lhapdf_density", "neopdf_density"]


# Without one of them NeoPDF 0.4 ends the process (found by leaving out each key of a set).
_NEOPDF_KEYS = (
    "SetDesc", "SetIndex", "Format", "NumMembers", "Flavors", "XMin", "XMax", "QMin", "QMax",
    "AlphaS_Qs",
)  # fmt: skip


class PointwiseDensity:
    """A set evaluated point by point: slow, and without gradients.

    Parameters
    ----------
    name
        Name of the set.
    xfx
        x f of PDG id, x and Q in GeV.
    alpha_s
        Strong coupling at Q in GeV.
    """

    def __init__(
        self,
        name: str,
        xfx: Callable[[int, float, float], float],
        alpha_s: Callable[[float], float],
    ) -> None:
        self.name = name
        self._xfx = xfx
        self._alpha_s = alpha_s

    def xfx(self, pdg: int | Tensor, x: Tensor, q: Tensor | float) -> Tensor:
        """Momentum density x f(x, Q) of one parton, see `PartonDensity.xfx`."""
        if x.requires_grad or (isinstance(q, Tensor) and q.requires_grad):
            raise PartonDensityError(
                f"{self.name}: this provider gives no gradients; use the native reader "
                "(provider='native')"
            )
        return _apply(self._xfx, torch.as_tensor(pdg), x, torch.as_tensor(q), like=x)

    def alpha_s(self, q: Tensor | float) -> Tensor:
        """Strong coupling at the scale ``q`` in GeV."""
        scale = torch.as_tensor(q, dtype=None if isinstance(q, Tensor) else torch.float64)
        return _apply(self._alpha_s, scale, like=scale)


def _apply(function: Callable[..., float], *arguments: Tensor, like: Tensor) -> Tensor:
    arrays = [argument.detach().cpu().numpy() for argument in arguments]
    plain = [a.astype(np.float64) if a.dtype.kind == "f" else a.astype(object) for a in arrays]
    values = np.vectorize(function, otypes=[np.float64])(*plain)
    return torch.from_numpy(np.asarray(values)).to(like)


def _module(name: str, remedy: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise PartonDensityError(
            f"the module {name.partition('.')[0]} is not installed; use the native reader "
            f"(provider='native') or {remedy}"
        ) from error


def lhapdf_density(name: str, member: int) -> PointwiseDensity:
    """Return a set evaluated by LHAPDF (https://lhapdf.hepforge.org), which finds it by name.

    Raises
    ------
    PartonDensityError
        LHAPDF is not installed or cannot load the set.
    """
    module = _module("lhapdf", "install LHAPDF with its Python module")
    try:
        pdf = module.mkPDF(name, member)
    except RuntimeError as error:
        raise PartonDensityError(f"LHAPDF cannot load {name}/{member}: {error}") from error
    return PointwiseDensity(name, pdf.xfxQ, pdf.alphasQ)


def neopdf_density(native: GridDensity, files: PdfFiles) -> PointwiseDensity:
    """Return a set evaluated by NeoPDF (https://qcdlab.github.io/neopdf), inside its grid.

    Parameters
    ----------
    native
        The same member, read here: NeoPDF ends the process where a file is damaged, so that it
        is checked before; the strong coupling is this one.
    files
        Its files; NeoPDF needs the set's ``.info`` file.

    Raises
    ------
    PartonDensityError
        NeoPDF is not installed, or the ``.info`` file lacks what it needs.
    """
    module = _module("neopdf.pdf", "pip install mcsurrogate[neopdf]")
    known = read_info(files.info) if files.info is not None else ()
    missing = [key for key in _NEOPDF_KEYS if key not in known]
    if missing:
        raise PartonDensityError(
            f"{files.info or files.grid}: NeoPDF needs an .info file with "
            f"{', '.join(missing)}; use the native reader (provider='native')"
        )
    pdf = module.PDF.mkPDF_lhapdf_file(str(native.path))

    def xfx(pdg: int, x: float, q: float) -> float:
        # Outside it would return the value at the edge without a word.
        if not (native.x_min <= x <= native.x_max and native.q_min <= q <= native.q_max):
            raise PartonDensityError(
                f"{native.name}: x = {x:g}, Q = {q:g} GeV is outside the grid, and NeoPDF does not "
                "extrapolate; use the native reader (provider='native')"
            )
        value = float(pdf.xfxQ(pdg, x, q))
        return value if native.floor is None else max(value, native.floor)

    return PointwiseDensity(native.name, xfx, lambda q: float(native.alpha_s(q)))
