"""Parton densities from the ``lhapdf`` module, where a user has it installed."""

import importlib
from collections.abc import Callable
from types import ModuleType

import numpy as np
import torch
from torch import Tensor

from mcsurrogate.errors import PartonDensityError

__all__ = ["LhapdfDensity"]


def _lhapdf() -> ModuleType:
    try:
        return importlib.import_module("lhapdf")
    except ImportError as error:
        raise PartonDensityError(
            "the module lhapdf is not installed; use the native reader (provider='native') or "
            "install LHAPDF with its Python module"
        ) from error


class LhapdfDensity:
    """A set evaluated by LHAPDF itself, point by point: slow, and without gradients.

    Parameters
    ----------
    name
        Name of the set.
    member
        Member of the set.
    """

    def __init__(self, name: str, member: int = 0) -> None:
        self.name = name
        try:
            self._pdf = _lhapdf().mkPDF(name, member)
        except RuntimeError as error:
            raise PartonDensityError(f"LHAPDF cannot load {name}/{member}: {error}") from error

    def xfx(self, pdg: int | Tensor, x: Tensor, q: Tensor | float) -> Tensor:
        """Momentum density x f(x, Q) of one parton, see `PartonDensity.xfx`."""
        if x.requires_grad or (isinstance(q, Tensor) and q.requires_grad):
            raise PartonDensityError(
                "LHAPDF gives no gradients; use the native reader (provider='native')"
            )
        return self._apply(self._pdf.xfxQ, torch.as_tensor(pdg), x, torch.as_tensor(q), like=x)

    def alpha_s(self, q: Tensor | float) -> Tensor:
        """Strong coupling at the scale ``q`` in GeV."""
        scale = torch.as_tensor(q, dtype=None if isinstance(q, Tensor) else torch.float64)
        return self._apply(self._pdf.alphasQ, scale, like=scale)

    @staticmethod
    def _apply(function: Callable[..., float], *arguments: Tensor, like: Tensor) -> Tensor:
        arrays = [argument.detach().cpu().numpy() for argument in arguments]
        plain = [a.astype(np.float64) if a.dtype.kind == "f" else a.astype(object) for a in arrays]
        values = np.vectorize(function, otypes=[np.float64])(*plain)
        return torch.from_numpy(np.asarray(values)).to(like)
