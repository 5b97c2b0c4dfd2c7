# SPDX-License-Identifier: GPL-3.0-or-later
"""Six and seven gluons against the formula of Parke and Taylor, Phys. Rev. Lett. 56 (1986) 2459."""

import itertools

import pytest
import torch

from mcsurrogate.matrix_elements import Process, StandardModel
from mcsurrogate.matrix_elements.colour_matrix import adjoint_colour_matrix
from mcsurrogate.matrix_elements.probe import probe_points
from mcsurrogate.matrix_elements.tree import TreeMatrixElement


@pytest.mark.parametrize(
    "n", [4, 5, 6, pytest.param(7, marks=pytest.mark.slow)], ids=lambda n: f"{n} gluons"
)
def test_maximally_helicity_violating_gluons(n):
    amplitude = TreeMatrixElement(Process((21, 21), (21,) * (n - 2)), StandardModel())
    points = probe_points(amplitude.process, amplitude.parameters, 3)
    contributions = amplitude.helicity_contributions(points, 0.118)
    incoming = points.clone()
    incoming[:, 2:] *= -1.0
    metric = torch.tensor([1.0, -1.0, -1.0, -1.0], dtype=torch.float64)
    invariants = 2.0 * torch.einsum("nia,a,nja->nij", incoming, metric, incoming)
    # |<ij>|^2 = |s_ij|; phases of the spinor products come from their definition.
    brackets = spinor_products(incoming)
    assert torch.allclose(brackets.abs() ** 2, invariants.abs(), rtol=1e-8, atol=1e-6)
    words = tuple((0, *middle, n - 1) for middle in itertools.permutations(range(1, n - 1)))
    colour = torch.from_numpy(adjoint_colour_matrix(words)).to(brackets.dtype)
    cycles = torch.stack(
        [
            torch.stack([brackets[:, word[k], word[(k + 1) % n]] for k in range(n)]).prod(dim=0)
            for word in words
        ]
    )
    # Squares of g^(n-2) with generators of Tr(T T) = 1; average and identical gluons.
    strong = (4.0 * torch.pi * 0.118) ** (n - 2)
    norm = strong / (amplitude.process.average_factor * amplitude.process.symmetry_factor)
    rows = {tuple(row): index for index, row in enumerate(amplitude.helicities.tolist())}
    for i, j in ((0, 1), (0, 2), (n - 2, n - 1)):
        orders = brackets[:, i, j] ** 4 / cycles
        expected = torch.einsum("fn,fg,gn->n", orders.conj(), colour, orders).real * norm
        # Two gluons negative with all legs incoming: outgoing legs flip.
        helicities = [-1 if leg in (i, j) else 1 for leg in range(n)]
        helicities = [h if leg < 2 else -h for leg, h in enumerate(helicities)]
        torch.testing.assert_close(
            contributions[:, rows[tuple(helicities)]], expected, rtol=1e-9, atol=0.0
        )


def spinor_products(incoming):
    """Products <ij> of massless momenta, of which some have negative energy."""
    sign = torch.where(incoming[..., 0] > 0.0, 1.0 + 0.0j, 1.0j)
    p = incoming * incoming[..., :1].sign()
    energy, px, py, pz = p.unbind(-1)
    plus = (energy + pz).clamp(min=1e-30)
    first = torch.sqrt(plus).to(torch.complex128)
    second = torch.complex(px, py) / torch.sqrt(plus)
    backward = plus < 1e-12 * energy
    first = torch.where(backward, torch.zeros_like(first), first)
    second = torch.where(backward, torch.sqrt(2.0 * energy).to(second.dtype), second)
    first, second = first * sign, second * sign
    return first[:, :, None] * second[:, None, :] - first[:, None, :] * second[:, :, None]
