# SPDX-License-Identifier: GPL-3.0-or-later
r"""Colour-dressed recursion: amplitudes of many gluons at given colours and helicities.

The currents of a subset of gluons are matrices in colour (C. Duhr, S. Höche, F. Maltoni,
hep-ph/0607057, section 3): with :math:`J_P = \sum_\sigma T^{\sigma_1} \cdots T^{\sigma_k}
J(\sigma_1, \dots, \sigma_k)` the colour-ordered recursion of F. A. Berends and W. T. Giele, Nucl.
Phys. B306 (1988) 759, becomes one over the divisions of a subset in two, whose number grows as
:math:`3^n` where that of orders grows as n!.  Four-gluon vertices are two vertices of an
antisymmetric tensor.  Generators are normalised to :math:`\mathrm{Tr}(T^a T^b) = \delta^{ab}`.
"""

import math
from collections.abc import Iterator

import torch
from torch import Tensor

__all__ = ["DressedRecursion"]

_METRIC = (1.0, -1.0, -1.0, -1.0)
_ROOT = math.sqrt(0.5)


def _splits(mask: int) -> Iterator[tuple[int, int]]:
    """Ordered divisions of a subset in two that are not empty."""
    part = (mask - 1) & mask
    while part:
        yield part, mask ^ part
        part = (part - 1) & mask


class DressedRecursion:
    """Amplitudes of gluons alone, or of gluons on one line of massless quarks.

    All legs are incoming.  Factors of g_s are left out.

    Parameters
    ----------
    gluons
        Number of gluons.
    quarks
        Whether there is a line of quarks.
    """

    def __init__(self, gluons: int, *, quarks: bool) -> None:
        self._quarks = quarks
        # without quarks the last gluon closes the recursion; with them all are in currents
        self._inner = gluons if quarks else gluons - 1
        by_size: dict[int, list[int]] = {}
        for mask in range(1, 1 << self._inner):
            by_size.setdefault(mask.bit_count(), []).append(mask)
        self._by_size = by_size
        self._rows = [
            list(zip(*(list(_splits(mask)) for mask in by_size[size]), strict=True))
            for size in range(2, self._inner + 1)
        ]

    def gluons(self, momenta: Tensor, polarisations: Tensor, colours: Tensor) -> Tensor:
        """Amplitudes of gluons alone.

        Parameters
        ----------
        momenta
            ``(B, n, 4)`` incoming.
        polarisations
            ``(B, n, 4)`` complex.
        colours
            ``(B, n, 3, 3)`` colour matrices.

        Returns
        -------
        Tensor
            ``(B,)`` complex.
        """
        currents = self._currents(polarisations, colours, self._sums(momenta))
        last = _lower(polarisations[:, -1])
        return torch.einsum("bmij,bm,bji->b", currents[-1], last, colours[:, -1])

    def quark_line(
        self,
        momenta: Tensor,
        polarisations: Tensor,
        colours: Tensor,
        ends: tuple[Tensor, Tensor],
        line: tuple[Tensor, Tensor],
    ) -> Tensor:
        """Amplitudes of gluons on one quark line.

        Parameters
        ----------
        momenta, polarisations, colours
            Of the gluons, as for `gluons`.
        ends
            Incoming momentum ``(B, 4)`` and spinor ``(B, 4)`` of the quark, and barred spinor
            ``(B, 4)`` of the antiquark, in the chiral representation, the first two in one tensor
            ``(B, 2, 4)``.
        line
            Colours ``(B,)`` of the quark and of the antiquark.

        Returns
        -------
        Tensor
            ``(B,)`` complex.
        """
        sums = self._sums(momenta)
        currents = self._currents(polarisations, colours, sums)
        quark, barred = ends
        momentum, spinor = quark[:, 0].real, quark[:, 1]
        start = torch.zeros(len(momenta), 3, 4, dtype=spinor.dtype, device=spinor.device)
        start[torch.arange(len(momenta)), line[0]] = spinor
        gammas = _gamma(spinor)
        slashed = torch.einsum("pbmij,mst->pbisjt", _lower(currents, 2), gammas).flatten(4, 5)
        slashed = slashed.flatten(2, 3)
        fields = {0: start.flatten(1)}
        for mask in range(1, 1 << self._inner):
            total = torch.zeros_like(fields[0])
            for part, rest in ((mask, 0), *_splits(mask)):
                total = total + (slashed[part - 1] @ fields[rest].unsqueeze(-1)).squeeze(-1)
            if mask + 1 < 1 << self._inner:
                p = momentum + sums[mask - 1]
                square = (p * p * p.new_tensor(_METRIC)).sum(dim=1)
                matrix = torch.einsum("bm,mst->bst", _lower(p).to(gammas), gammas)
                moved = torch.einsum("bst,bit->bis", matrix, total.view(-1, 3, 4))
                total = (moved * (_ROOT / square).view(-1, 1, 1)).flatten(1)
            fields[mask] = total
        final = fields[(1 << self._inner) - 1].view(-1, 3, 4)
        chosen = final[torch.arange(len(momenta)), line[1]]
        return _ROOT * (barred * chosen).sum(dim=1)

    def _sums(self, momenta: Tensor) -> Tensor:
        """Momenta ``(2^k - 1, B, 4)`` of all subsets."""
        whole = (1 << self._inner) - 1
        sums = torch.zeros((whole, len(momenta), 4), dtype=momenta.dtype, device=momenta.device)
        for mask in range(1, whole + 1):
            low = mask & -mask
            before = sums[(mask ^ low) - 1] if mask ^ low else 0.0
            sums[mask - 1] = before + momenta[:, low.bit_length() - 1]
        return sums

    def _currents(self, polarisations: Tensor, colours: Tensor, sums: Tensor) -> Tensor:
        """Gluon currents ``(2^k - 1, B, 4, 3, 3)`` of all subsets.

        Without quarks that of all legs has no propagator.
        """
        whole, count = sums.shape[:2]
        shape = (whole, count, 4, 3, 3)
        vectors = torch.zeros(shape, dtype=polarisations.dtype, device=polarisations.device)
        tensors = torch.zeros(
            (whole, count, 4, 4, 3, 3), dtype=polarisations.dtype, device=polarisations.device
        )
        for leg in range(self._inner):
            vectors[(1 << leg) - 1] = polarisations[:, leg, :, None, None] * colours[:, leg, None]
        for size, columns in enumerate(self._rows, start=2):
            masks = torch.tensor(self._by_size[size]) - 1
            vector, tensor = self._merged(columns, vectors, tensors, sums)
            square = (sums[masks] ** 2 * sums.new_tensor(_METRIC)).sum(dim=-1)
            closes = size == self._inner and not self._quarks
            if not closes:
                vector = vector / square.view(*square.shape, 1, 1, 1)
            vectors[masks] = vector
            if size < self._inner:
                tensors[masks] = tensor
        return vectors

    @staticmethod
    def _merged(
        columns: list[tuple[tuple[int, int], ...]], vectors: Tensor, tensors: Tensor, sums: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Sum over divisions of equally large subsets: vectors before propagators, tensors."""
        vector: Tensor = torch.zeros(())
        tensor: Tensor = torch.zeros(())
        for column in columns:
            first = torch.tensor([part for part, _ in column]) - 1
            second = torch.tensor([rest for _, rest in column]) - 1
            x, y = vectors[first], vectors[second]
            shape = (*x.shape[:2], 4, 3, 4, 3)
            outer = (x.flatten(2, 3) @ y.transpose(2, 3).flatten(3)).view(shape)
            outer = outer.transpose(3, 4)  # x^m y^n, a product in colour
            p, q = _lower(sums[first]).to(x), _lower(sums[second]).to(x)
            diagonal = outer.diagonal(dim1=2, dim2=3)  # S, B, 3, 3, m
            dot = (diagonal * diagonal.real.new_tensor(_METRIC)).sum(dim=-1)
            along = (q[..., None, None, None] * outer).sum(dim=2) * 2.0
            along = along - 2.0 * (p[..., None, :, None, None] * outer).sum(dim=3)
            raised = (sums[first] - sums[second]).to(x)[..., None, None]
            vector = vector + _ROOT * (along + raised * dot.unsqueeze(2))
            tensor = tensor + (outer - outer.transpose(2, 3))
            # x_n T^mn - T^mn y_n, with T of the other side
            lowered = _lower(x, 2).permute(0, 1, 3, 2, 4).flatten(3)
            right = tensors[second].permute(0, 1, 3, 4, 2, 5).flatten(2, 3).flatten(3)
            one = (lowered @ right).view(*x.shape[:2], 3, 4, 3).transpose(2, 3)
            left = tensors[first].permute(0, 1, 2, 4, 3, 5).flatten(2, 3).flatten(3)
            other = (left @ _lower(y, 2).flatten(2, 3)).view_as(one)
            vector = vector + 0.5 * (one - other)
        return vector, tensor


def _lower(vectors: Tensor, axis: int = -1) -> Tensor:
    """Lower the index of an axis."""
    shape = [1] * vectors.dim()
    shape[axis] = 4
    return vectors * vectors.real.new_tensor(_METRIC).view(shape)


def _gamma(like: Tensor) -> Tensor:
    """Gamma matrices ``(4, 4, 4)`` in the chiral representation."""
    pauli = torch.tensor(
        [[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]],
        dtype=like.dtype,
        device=like.device,
    )
    gammas = torch.zeros(4, 4, 4, dtype=like.dtype, device=like.device)
    gammas[:, :2, 2:] = pauli
    gammas[0, 2:, :2] = pauli[0]
    gammas[1:, 2:, :2] = -pauli[1:]
    return gammas
