"""Parton densities of events, as Pythia reads them from Les Houches files."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mcsurrogate.hard_process import Beams
from mcsurrogate.pdf import densities

__all__ = ["pdf_comments"]

_OWN_ANTIPARTICLES = (21, 22)


def pdf_comments(
    beams: Beams, incoming: NDArray[np.int32], x: tuple[Tensor, Tensor], scale: Tensor
) -> tuple[str, ...] | None:
    """Return a comment ``#pdf`` for each event: partons, x, factorisation scale and x f(x).

    They come back as HepMC's ``GenPdfInfo``. A beam without partons has x f(x) = 1.

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
    tuple of str, or None
        Lines with their ends; None where no beam has partons.
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
    known = [column.double().tolist() for column in (x1, x2, scale)]
    # The last digits of a density depend on how many are evaluated at a time.
    rounded = [[f"{value:.9g}" for value in column.tolist()] for column in values]
    return tuple(
        f"#pdf {first} {second} {' '.join(map(str, numbers))}\n"
        for (first, second), *numbers in zip(incoming.tolist(), *known, *rounded, strict=True)
    )
