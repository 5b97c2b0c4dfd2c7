# SPDX-License-Identifier: GPL-3.0-or-later
"""The evolution variable of Pythia's showers as a distance of massless partons."""

from itertools import combinations

import torch
from torch import Tensor

from mcsurrogate.kinematics import dot

__all__ = ["lund_pt"]


def lund_pt(p: Tensor, incoming: Tensor) -> Tensor:
    r"""Return the least evolution pT of all emissions that could have made one of the partons.

    For an emission j off an incoming parton a beside the other one b, with s = 2 p_a p_b,
    :math:`p_T^2 = (1 - z) 2 p_a p_j, 1 - z = (2 p_a p_j + 2 p_b p_j) / s`; for one off an
    outgoing parton i, :math:`p_T^2 = z (1 - z) 2 p_i p_j` with the shares z of both in their frame
    with the recoiler, which any other parton may be, whatever its colour.  That is what Pythia's
    ``Merging:doPTLundMerging`` compares with the merging scale (arXiv:1109.4829, appendix A).

    Parameters
    ----------
    p
        Momenta of the partons, ``(N, m, 4)`` in GeV.
    incoming
        Momenta of the two incoming partons, ``(N, 2, 4)``.

    Returns
    -------
    Tensor
        ``(N,)`` in GeV.
    """
    beams, jets = incoming.unbind(dim=1), p.unbind(dim=1)
    s = 2 * dot(*beams)
    scales = []
    for jet in jets:
        near, far = (2 * dot(beam, jet) for beam in beams)
        scales.append(torch.minimum(near, far) * (near + far) / s)
    for i, j in combinations(range(len(jets)), 2):
        between = dot(jets[i], jets[j])
        for k, recoiler in enumerate((*jets, *beams)):
            if k in (i, j):
                continue
            one, other = dot(jets[i], recoiler), dot(jets[j], recoiler)
            if k < len(jets):
                z = (between + one) / (2 * between + one + other)
            else:  # an incoming recoiler gives up what the pair needs for its mass
                left = 1 - 2 * between / (one + other)
                z = torch.where(left >= 0, (between + left * one) / (one + other), torch.inf)
            pt2 = torch.where(z.isfinite(), z * (1 - z) * 2 * between, torch.inf)
            scales.append(pt2)
    return torch.stack(scales, dim=1).amin(dim=1).clamp(min=0).sqrt()
