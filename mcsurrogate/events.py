"""Hard-process events as flat arrays.

The layout follows the Les Houches event record (hep-ph/0109068, hep-ph/0609017): one entry
per particle in flat arrays, and ``offsets`` that mark where each event begins.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

__all__ = ["EventBatch"]


@dataclass(frozen=True, slots=True)
class EventBatch:
    """A batch of N hard-process events with M particles in all.

    Attributes
    ----------
    offsets
        ``(N + 1,)`` int64: particles of event i are ``offsets[i]:offsets[i + 1]``.
    pdg_id
        ``(M,)`` int32.
    status
        ``(M,)`` int32, Les Houches: -1 incoming, 1 outgoing, 2 intermediate resonance.
    parents
        ``(M, 2)`` int32, 1-based positions inside the event, 0 for none.
    colour
        ``(M, 2)`` int32 colour and anticolour line, 0 for none, from 501 upwards.
    momenta
        ``(M, 4)`` float64, [E, px, py, pz] in GeV, laboratory frame.
    mass
        ``(M,)`` float64 generated mass in GeV.
    weights
        ``(N, W)`` float64; column 0 is the nominal weight.
    scale
        ``(N,)`` float64, SCALUP in GeV: where parton showers start.
    alpha_s, alpha_qed
        ``(N,)`` float64 couplings of the hard process.
    process_id
        ``(N,)`` int32, IDPRUP.
    weight_names
        Names of the W weight columns.
    helicity
        ``(M,)`` float64, SPINUP: helicity, 9 where unknown; None for all unknown.
    """

    offsets: NDArray[np.int64]
    pdg_id: NDArray[np.int32]
    status: NDArray[np.int32]
    parents: NDArray[np.int32]
    colour: NDArray[np.int32]
    momenta: NDArray[np.float64]
    mass: NDArray[np.float64]
    weights: NDArray[np.float64]
    scale: NDArray[np.float64]
    alpha_s: NDArray[np.float64]
    alpha_qed: NDArray[np.float64]
    process_id: NDArray[np.int32]
    weight_names: tuple[str, ...] = ("nominal",)
    helicity: NDArray[np.float64] | None = field(default=None)

    def __len__(self) -> int:
        return len(self.offsets) - 1
