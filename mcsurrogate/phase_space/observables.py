# SPDX-License-Identifier: GPL-3.0-or-later
r"""What cuts measure: of each particle, of each pair, and of several particles together.

=================== ================================================== =======
observable          of                                                 unit
=================== ================================================== =======
``pt``              each particle                                      GeV
``energy``          each particle                                      GeV
``eta``             each particle, magnitude of its pseudorapidity
``rapidity``        each particle, magnitude
``delta_r``         each pair, in pseudorapidity and azimuth
``delta_eta``       each pair, distance of the pseudorapidities
``delta_rapidity``  each pair, distance of the rapidities
``delta_phi``       each pair, distance of the azimuths, 0 to pi
``mass``            each pair                                          GeV
``kt``              each pair, min(pT) times distance in rapidity      GeV
``system_mass``     all of them together                               GeV
``system_pt``       the sum of their momenta                           GeV
``system_rapidity`` the sum of their momenta, magnitude
``sum_pt``          H_T, the sum of their transverse momenta           GeV
``sum_mt``          the sum of their transverse masses                 GeV
``lund_pt``         all of them, evolution pT of an emission (`lund`)  GeV
=================== ================================================== =======
"""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from mcsurrogate.kinematics import (
    delta_phi,
    delta_r,
    invariant_mass_squared,
    pseudorapidity,
    rapidity,
    transverse_mass,
    transverse_momentum,
)
from mcsurrogate.phase_space.lund import lund_pt

__all__ = ["PAIRS", "PARTICLES", "SYSTEMS", "WITHIN_EVENT"]


def _mass(*p: Tensor) -> Tensor:
    return invariant_mass_squared(*p).clamp(min=0).sqrt()


def _kt(p: Tensor, q: Tensor) -> Tensor:
    softer = torch.minimum(transverse_momentum(p), transverse_momentum(q))
    return softer * delta_r(p, q, use_rapidity=True)


PARTICLES: Mapping[str, Callable[[Tensor], Tensor]] = {
    "pt": transverse_momentum,
    "energy": lambda p: p[..., 0],
    "eta": lambda p: pseudorapidity(p).abs(),
    "rapidity": lambda p: rapidity(p).abs(),
}
"""Of momenta ``(..., 4)``, ``(...)``."""

PAIRS: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = {
    "delta_r": delta_r,
    "delta_eta": lambda p, q: (pseudorapidity(p) - pseudorapidity(q)).abs(),
    "delta_rapidity": lambda p, q: (rapidity(p) - rapidity(q)).abs(),
    "delta_phi": lambda p, q: delta_phi(p, q).abs(),
    "mass": _mass,
    "kt": _kt,
}
"""Of the momenta ``(..., 4)`` of both partners, ``(...)``."""

SYSTEMS: Mapping[str, Callable[[Tensor], Tensor]] = {
    "system_mass": lambda p: _mass(p.sum(dim=1)),
    "system_pt": lambda p: transverse_momentum(p.sum(dim=1)),
    "system_rapidity": lambda p: rapidity(p.sum(dim=1)).abs(),
    "sum_pt": lambda p: transverse_momentum(p).sum(dim=1),
    "sum_mt": lambda p: transverse_mass(p).sum(dim=1),
}
"""Of momenta ``(N, m, 4)``, ``(N,)``."""

WITHIN_EVENT: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = {"lund_pt": lund_pt}
"""Of momenta ``(N, m, 4)`` and those of the incoming partons ``(N, 2, 4)``, ``(N,)``."""
