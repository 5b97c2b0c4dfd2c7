# SPDX-License-Identifier: GPL-3.0-or-later
"""Parton densities of events, as Pythia reads them from Les Houches files."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mcsurrogate.hard_process import Beams
from mcsurrogate.pdf import densities

__all__ = ["event_densities", "pdf_comments"]

_OWN_ANTIPARTICLES = (21, 22)


def event_densities(
    beams: Beams, incoming: NDArray[np.int32], x: tuple[Tensor, Tensor], scale: Tensor
) -> Tensor | None:
    """Return x f(x) of the incoming partons of events.

    Parameters
    ----------
    beams
        With their densities.
    incoming
        ``(N, 2)`` PDG ids of the incoming partons.
    x
        ``(N,)`` momentum fractions of both.
    scale
        ``(N,)`` factorisation scale in GeV.

    Returns
    -------
    Tensor, or None
        ``(N, 2)``, one for a beam without partons; None where no beam has partons.
    """
    if beams.pdf is None or not any(beams.hadronic):
        return None
    x1, x2, scale = (column.contiguous() for column in (*x, scale))
    values = []
    for side, hadronic in enumerate(beams.hadronic):
        pdg = torch.from_numpy(incoming[:, side].astype(np.int64))
        if beams.particles[side] < 0:
            own = torch.isin(pdg, torch.tensor(_OWN_ANTIPARTICLES))
            pdg = torch.where(own, pdg, -pdg)
        if not hadronic:
            values.append(torch.ones_like(scale))
            continue
        partons, which = torch.unique(pdg, return_inverse=True)
        every = densities(beams.pdf, (x1, x2)[side], scale, partons.tolist())
        values.append(every.gather(1, which[:, None])[:, 0])
    return torch.stack(values, dim=1).double()


def pdf_comments(
    incoming: NDArray[np.int32], x: tuple[Tensor, Tensor], scale: Tensor, values: Tensor
) -> tuple[str, ...]:
    """Return a comment ``#pdf`` for each event: partons, x, factorisation scale and x f(x).

    They come back as HepMC's ``GenPdfInfo``.

    Parameters
    ----------
    incoming, x, scale
        As of :func:`event_densities`.
    values
        What it returns.
    """
    known = [column.double().tolist() for column in (*x, scale)]
    # The last digits of a density depend on how many are evaluated at a time.
    rounded = [[f"{value:.9g}" for value in column] for column in values.T.tolist()]
    return tuple(
        f"#pdf {first} {second} {' '.join(map(str, numbers))}\n"
        for (first, second), *numbers in zip(incoming.tolist(), *known, *rounded, strict=True)
    )
