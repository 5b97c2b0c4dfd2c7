# SPDX-License-Identifier: GPL-3.0-or-later
r"""One-loop amplitudes of five gluons with a massless fermion in the loop.

Z. Bern, L. Dixon, D. A. Kosower, Phys. Rev. Lett. 70 (1993) 2677, hep-ph/9302280, eqs. (4) and
(8-10): colour-ordered amplitudes :math:`A^{[1/2]}_{5;1}`, all momenta outgoing, in units of
:math:`i/(16\pi^2)`, with :math:`\langle ij\rangle[ji] = s_{ij}`.  Poles and scale dependence,
which are proportional to tree amplitudes, are left out: they cancel where gluons are replaced by
photons.  That is how :math:`gg\to\gamma\gamma g` follows, by the sum over all positions of the
photons (Z. Bern, L. Dixon, C. Schmidt, hep-ph/0206194, eq. (8)).
"""

import math
from itertools import permutations, product

import torch
from torch import Tensor

from mcsurrogate.errors import MatrixElementError
from mcsurrogate.matrix_elements.dilogarithm import Ratio
from mcsurrogate.matrix_elements.parameters import StandardModel
from mcsurrogate.matrix_elements.wavefunctions import HelicitySpinors

__all__ = ["gluons_to_photons_gluon"]

Orders = tuple[tuple[int, ...], ...]


class _Ordered:
    """Spinor products <ij>, [ij] and invariants of many orders of the legs at once.

    Products are addressed by positions 1 to 5 in the order; results are ``(K, N)``.
    """

    def __init__(self, angle: Tensor, square: Tensor, invariant: Tensor, orders: Orders) -> None:
        self._angle, self._square, self._invariant = angle, square, invariant
        self._legs = torch.tensor(orders, device=angle.device).T

    def a(self, i: int, j: int) -> Tensor:
        return self._angle[self._legs[i - 1], self._legs[j - 1]]

    def b(self, i: int, j: int) -> Tensor:
        return self._square[self._legs[i - 1], self._legs[j - 1]]

    def s(self, i: int, j: int) -> Tensor:
        return self._invariant[self._legs[i - 1], self._legs[j - 1]]

    def ratio(self, first: tuple[int, int], second: tuple[int, int]) -> Ratio:
        return Ratio(self.s(*first), self.s(*second))

    def log(self, i: int, j: int) -> Tensor:
        """ln(-s_ij) with s_ij in GeV^2; the unit cancels in physical amplitudes."""
        s = self.s(i, j)
        return torch.complex(torch.log(s.abs()), -math.pi * (s > 0.0).to(s.dtype))

    def cycle(self) -> Tensor:
        return self.a(1, 2) * self.a(2, 3) * self.a(3, 4) * self.a(4, 5) * self.a(5, 1)


def _all_plus(p: _Ordered) -> Tensor:
    a, b, s = p.a, p.b, p.s
    odd = b(1, 2) * a(2, 3) * b(3, 4) * a(4, 1) - a(1, 2) * b(2, 3) * a(3, 4) * b(4, 1)
    even = (
        s(1, 2) * s(2, 3) + s(2, 3) * s(3, 4) + s(3, 4) * s(4, 5)
        + s(4, 5) * s(5, 1) + s(5, 1) * s(1, 2)
    )  # fmt: skip
    return -(even + odd) / (6.0 * p.cycle())


def _one_minus(p: _Ordered) -> Tensor:
    a, b, s = p.a, p.b, p.s
    tail = (
        (a(1, 2) * a(1, 3)) ** 2 * b(2, 3) / a(2, 3)
        + (a(1, 3) * a(1, 4)) ** 2 * b(3, 4) / a(3, 4)
        + (a(1, 4) * a(1, 5)) ** 2 * b(4, 5) / a(4, 5)
    )
    numerator = (
        (s(2, 3) + s(3, 4) + s(4, 5)) * b(2, 5) ** 2
        - b(2, 4) * a(4, 3) * b(3, 5) * b(2, 5)
        - b(1, 2) * b(1, 5) / (a(1, 2) * a(1, 5)) * tail
    )
    return numerator / (3.0 * b(1, 2) * a(2, 3) * a(3, 4) * a(4, 5) * b(5, 1))


def _from_parts(p: _Ordered, tree: Tensor, logs: Tensor, fermion: Tensor, scalar: Tensor) -> Tensor:
    """-(V^f + V^s) tree - (F^f + F^s), with V^f from its logarithms."""
    v_fermion = 0.5 * logs - 2.0
    v_scalar = 2.0 / 9.0 - v_fermion / 3.0
    return -(v_fermion + v_scalar) * tree / p.cycle() - (fermion + scalar)


def _adjacent_minus(p: _Ordered) -> Tensor:
    """Helicities (- - + + +)."""
    a, b, s = p.a, p.b, p.s
    r = p.ratio((2, 3), (5, 1))
    bracket = a(2, 3) * b(3, 4) * a(4, 1) + a(2, 4) * b(4, 5) * a(5, 1)
    fermion = (
        -0.5 * a(1, 2) ** 2 * bracket * r.l0 / (a(2, 3) * a(3, 4) * a(4, 5) * a(5, 1) * s(5, 1))
    )
    chain = b(3, 4) * a(4, 1) * a(2, 4) * b(4, 5)
    scalar = (
        -chain * bracket * r.l2 / (a(3, 4) * a(4, 5) * s(5, 1) ** 3)
        - fermion
        - a(3, 5) * b(3, 5) ** 3 / (b(1, 2) * b(2, 3) * a(3, 4) * a(4, 5) * b(5, 1))
        + a(1, 2) * b(3, 5) ** 2 / (b(2, 3) * a(3, 4) * a(4, 5) * b(5, 1))
        + 0.5 * a(1, 2) * chain / (s(2, 3) * a(3, 4) * a(4, 5) * s(5, 1))
    ) / 3.0
    return _from_parts(p, a(1, 2) ** 4, p.log(2, 3) + p.log(5, 1), fermion, scalar)


def _separate_minus(p: _Ordered) -> Tensor:
    """Helicities (- + - + +)."""
    a, b, s = p.a, p.b, p.s
    r34, r23, r12 = (
        p.ratio((3, 4), (5, 1)),
        p.ratio((2, 3), (5, 1)),
        p.ratio((1, 2), (3, 4)),
    )
    r51 = p.ratio((5, 1), (3, 4))
    bracket = a(1, 5) * b(5, 2) * a(2, 3) - a(3, 4) * b(4, 2) * a(2, 1)
    single = a(1, 3) ** 3 * r34.l0 * bracket / (p.cycle() * s(5, 1))
    ls_left, ls_right = r23.ls1(r34), r12.ls1(r51)
    fermion = (
        -(a(1, 3) ** 2) * a(4, 1) * b(2, 4) ** 2 / (a(4, 5) * a(5, 1) * s(5, 1) ** 2) * ls_left
        + a(1, 3) ** 2 * a(5, 3) * b(2, 5) ** 2 / (a(3, 4) * a(4, 5) * s(3, 4) ** 2) * ls_right
        - 0.5 * single
    )
    left, right = a(4, 1) * b(2, 4), a(5, 3) * b(2, 5)
    boxes = (
        -a(1, 2)
        * a(2, 3)
        * a(3, 4)
        * left**2
        / (a(4, 5) * a(5, 1) * a(2, 4) ** 2 * s(5, 1) ** 2)
        * (2.0 * ls_left + r23.l1 + r34.l1)
    )
    boxes = boxes + a(3, 2) * a(2, 1) * a(1, 5) * right**2 / (
        a(5, 4) * a(4, 3) * a(2, 5) ** 2 * s(3, 4) ** 2
    ) * (2.0 * ls_right + r12.l1 + r51.l1)
    cubes = 2.0 * a(2, 3) ** 2 * left**3 * r23.l2 / (a(4, 5) * a(5, 1) * a(2, 4) * s(5, 1) ** 3)
    cubes = cubes - 2.0 * a(2, 1) ** 2 * right**3 * r12.l2 / (
        a(5, 4) * a(4, 3) * a(2, 5) * s(3, 4) ** 3
    )
    mixed = (
        a(1, 3) * b(2, 4) * b(2, 5) * bracket / a(4, 5)
        + 2.0 * (a(1, 2) * a(3, 4)) ** 2 * a(4, 1) * b(2, 4) ** 3
        / (a(4, 5) * a(5, 1) * a(2, 4))
        - 2.0 * (a(3, 2) * a(1, 5)) ** 2 * a(5, 3) * b(2, 5) ** 3
        / (a(5, 4) * a(4, 3) * a(2, 5))
    )  # fmt: skip
    rational = (
        (b(2, 4) * b(2, 5)) ** 2 / (b(1, 2) * b(2, 3) * b(3, 4) * a(4, 5) * b(5, 1))
        - a(1, 2) * a(4, 1) ** 2 * b(2, 4) ** 3
        / (a(4, 5) * a(5, 1) * a(2, 4) * b(2, 3) * b(3, 4) * s(5, 1))
        + a(3, 2) * a(5, 3) ** 2 * b(2, 5) ** 3
        / (a(5, 4) * a(4, 3) * a(2, 5) * b(2, 1) * b(1, 5) * s(3, 4))
        + 0.5 * a(1, 3) ** 2 * b(2, 4) * b(2, 5) / (s(3, 4) * a(4, 5) * s(5, 1))
    )  # fmt: skip
    scalar = boxes + (cubes + mixed * r34.l2 / s(5, 1) ** 3 + 0.5 * single + rational) / 3.0
    return _from_parts(p, a(1, 3) ** 4, p.log(3, 4) + p.log(5, 1), fermion, scalar)


_PATTERNS = {
    (): _all_plus,
    (0,): _one_minus,
    (0, 1): _adjacent_minus,
    (0, 2): _separate_minus,
}


def _pattern(
    order: tuple[int, ...], minus: frozenset[int]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Rotate an order so that its negative helicities stand where a formula has them."""
    for shift in range(5):
        turned = order[shift:] + order[:shift]
        places = tuple(place for place, leg in enumerate(turned) if leg in minus)
        if places in _PATTERNS:
            return places, turned
    raise MatrixElementError("more than two negative helicities")


def gluons_to_photons_gluon(
    p: Tensor, model: StandardModel, charges: list[float], photons: tuple[int, int]
) -> Tensor:
    """``g g > a a g`` through a loop of massless quarks, without the strong coupling g_s^6.

    Parameters
    ----------
    p
        Momenta ``(N, 5, 4)``.
    model
        Electromagnetic coupling.
    charges
        Electric charges of the quarks in the loop.
    photons
        Legs of the photons.
    """
    angle, square, invariant = _spinor_products(p)
    gluons = [leg for leg in range(5) if leg not in photons]
    total = torch.zeros_like(p[:, 0, 0])
    # Orders with the gluons in one cyclic order; the opposite one differs by a sign.
    orders = [
        (gluons[0], *rest)
        for rest in permutations((*gluons[1:], *photons))
        if rest.index(gluons[1]) < rest.index(gluons[2])
    ]
    for flipped in (False, True):
        products = (square, angle, invariant) if flipped else (angle, square, invariant)
        groups: dict[tuple[int, ...], list[tuple[tuple[int, ...], int]]] = {}
        configurations = [
            frozenset(leg for leg, negative in enumerate(row) if negative)
            for row in product((False, True), repeat=5)
            if sum(row) <= 2
        ]
        for number, minus in enumerate(configurations):
            for order in orders:
                places, turned = _pattern(order, minus)
                groups.setdefault(places, []).append((turned, number))
        amplitudes = torch.zeros(len(configurations), len(p), dtype=angle.dtype, device=p.device)
        for places, entries in groups.items():
            values = _PATTERNS[places](_Ordered(*products, tuple(order for order, _ in entries)))
            index = torch.tensor([number for _, number in entries], device=p.device)
            amplitudes = amplitudes.index_add(0, index, values)
        total = total + (amplitudes.real**2 + amplitudes.imag**2).sum(dim=0)
    electric = model.electric_charge**2 * sum(charge**2 for charge in charges)
    # Colour, average over the initial state and two identical photons: N / (N^2 - 1).
    return total * (electric**2 / (4.0 * math.pi) ** 4 * (3.0 / 8.0))


def _spinor_products(p: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Products <ij> and [ij] and invariants s_ij, ``(5, 5, N)``, all legs outgoing."""
    spinors = HelicitySpinors(p.permute(2, 1, 0).contiguous())
    outgoing = torch.tensor([1j, 1j, 1.0, 1.0, 1.0], dtype=spinors.up.dtype, device=p.device)
    scale = torch.sqrt(2.0 * spinors.energy) * outgoing.unsqueeze(1)
    first, second = spinors.up[0] * scale, spinors.up[1] * scale
    angle = first[:, None] * second[None, :] - second[:, None] * first[None, :]
    signs = p.new_tensor([-1.0, -1.0, 1.0, 1.0, 1.0])
    flat = p.permute(1, 2, 0) * signs[:, None, None]
    metric = p.new_tensor([1.0, -1.0, -1.0, -1.0])
    invariant = 2.0 * torch.einsum("ian,a,jan->ijn", flat, metric, flat)
    diagonal = torch.eye(5, dtype=torch.bool, device=p.device).unsqueeze(-1)
    safe = torch.where(diagonal, torch.ones_like(angle), angle)
    square = torch.where(diagonal, torch.zeros_like(angle), -invariant / safe)
    return angle, square, invariant
