# SPDX-License-Identifier: GPL-3.0-or-later
r"""From momenta to the network's inputs: sorted legs, log invariants and the antenna skeleton.

Everything is laid out with the points along the last axis, so that each step runs over
contiguous memory.  Invariants and their logarithms are float64: collinear pairs cancel, and the
skeleton adds a few large logarithms.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from mcsurrogate.emulation.layout import ProcessLayout

__all__ = ["FeatureMap", "PointFeatures"]

_TINY = 1e-30


@dataclass(frozen=True, slots=True)
class PointFeatures:
    """Inputs of the network for a batch of N points.

    Attributes
    ----------
    inputs
        ``(F, N)`` float32: log(s_ij / s_hat) of all pairs but the incoming one, the
        propagator invariants of three legs for six legs and more, then, unless the process
        is scale free, log(s_hat / GeV^2).
    log_skeleton
        ``(N,)`` float64: logarithm of the dimensionless antenna skeleton.
    log_shat
        ``(N,)`` float64: log(s_hat / GeV^2).
    """

    inputs: Tensor
    log_skeleton: Tensor
    log_shat: Tensor

    def __len__(self) -> int:
        return self.inputs.shape[1]

    def __getitem__(self, selection: Tensor | slice) -> "PointFeatures":
        return PointFeatures(
            self.inputs[:, selection], self.log_skeleton[selection], self.log_shat[selection]
        )

    def log_unit(self, power: int) -> Tensor:
        """Logarithm of what turns the dimensionless ratio into GeV^(-2 power): ``(N,)``."""
        return self.log_skeleton - power * self.log_shat


class FeatureMap:
    """Maps momenta to :class:`PointFeatures`.

    Identical outgoing legs are sorted by their energy in the partonic centre-of-mass frame;
    then identical incoming legs, so that the second is nearer to the most energetic of these;
    then a quark and an antiquark that CP exchanges, so that the second is nearer to the second
    incoming leg.  The squared amplitude is symmetric, so the network sees only one copy of phase
    space, and its output is exactly symmetric.  Which copy matters: with beams and quarks ordered
    by directions instead of energies errors are a fifth smaller.

    Parameters
    ----------
    layout
        What is known about the process.
    """

    def __init__(self, layout: ProcessLayout) -> None:
        self.layout = layout
        rows = len(layout.pairs)
        exponents = torch.zeros(len(layout.flows), rows, dtype=torch.float64)

        def put(flow: int, pair: int, power: int) -> None:
            exponents[flow, pair] = power

        layout.map_flows(put)
        self._triples = torch.zeros(len(layout.triples), rows, dtype=torch.float64)
        self._offsets = torch.zeros(len(layout.triples), 1, dtype=torch.float64)
        for row, triple in enumerate(layout.triples):
            for (first, second), sign in triple.signs.items():
                self._triples[row, layout.pair_index(first, second)] = sign
            self._offsets[row, 0] = triple.offset
        self._trivial = not bool(exponents.any())
        self._exponents = exponents[:, 1:].contiguous()
        self._has_offsets = bool(self._offsets.any())

    @property
    def flow_powers(self) -> Tensor:
        """``(flows, pairs - 1)``: powers of the invariants, the incoming one left out."""
        return self._exponents

    @property
    def triple_signs(self) -> Tensor:
        """``(triples, pairs)``: signs with which invariants enter the propagators."""
        return self._triples

    @property
    def size(self) -> int:
        """Number of inputs of the network."""
        own = len(self.layout.pairs) - 1 + len(self.layout.triples)
        return own + (0 if self.layout.scale_free else 1)

    @property
    def names(self) -> list[str]:
        """Name of every input."""
        process = self.layout.process
        labels = [f"{leg + 1}:{particle.name}" for leg, particle in enumerate(process.particles)]
        names = [f"log s({labels[i]}, {labels[j]}) / s_hat" for i, j in self.layout.pairs[1:]]
        names += [
            f"log |t({', '.join(labels[k] for k in triple.legs)})| / s_hat"
            for triple in self.layout.triples
        ]
        return names if self.layout.scale_free else [*names, "log s_hat / GeV^2"]

    def rows(self, momenta: Tensor) -> Tensor:
        """Return the momenta ``(N, n, 4)`` as ``(n, 4, N)`` float64."""
        return momenta.to(torch.float64).permute(1, 2, 0).contiguous()

    def _sort(self, rows: Tensor) -> None:
        """Bring momenta into canonical order, in place."""
        layout = self.layout
        total = rows[0] + rows[1]
        exchanges = layout.compare_exchanges
        energy = {leg: _dot(rows[leg], total) for pair in exchanges for leg in pair}
        for first, second in exchanges:
            a, b = energy[first], energy[second]
            swap = a < b
            energy[first], energy[second] = torch.maximum(a, b), torch.minimum(a, b)
            _exchange(rows, first, second, swap)
        if layout.identical_beams:
            _order_by_product(rows, 0, 1, layout.beam_reference)
        if layout.conjugate_pair is not None:
            first, second = layout.conjugate_pair
            _order_by_product(rows, first, second, 1)

    def __call__(self, momenta: Tensor) -> PointFeatures:
        """Return the features of momenta ``(N, n, 4)`` in GeV."""
        return self.of_rows(self.rows(momenta))

    def of_rows(self, rows: Tensor) -> PointFeatures:
        """Return the features of momenta ``(n, 4, N)`` in GeV, which it reorders in place."""
        self._sort(rows)
        legs = self.layout.legs
        products = []
        for leg in range(legs - 1):
            product = rows[leg] * rows[leg + 1 :]
            minus = product[:, 1] + product[:, 2] + product[:, 3]
            products.append(torch.sub(product[:, 0], minus))
        invariants = torch.cat(products)
        invariants *= 2.0
        masses = self.layout.masses
        shat = invariants[0] + (masses[0] ** 2 + masses[1] ** 2)
        log_shat = shat.log()
        ratios = invariants / shat
        logs = ratios[1:].clamp(min=_TINY).log_()
        inputs = [logs.float()]
        if self.layout.triples:
            inputs.append(self._propagators(ratios, shat))
        if not self.layout.scale_free:
            inputs.append(log_shat.float().unsqueeze(0))
        return PointFeatures(torch.cat(inputs), self._log_skeleton(logs), log_shat)

    def _propagators(self, ratios: Tensor, shat: Tensor) -> Tensor:
        value = self._triples @ ratios
        if self._has_offsets:
            value += self._offsets / shat
        single = value.to(torch.float32)
        return single.abs_().clamp_(min=_TINY).log_()

    def _log_skeleton(self, logs: Tensor) -> Tensor:
        # in double precision: sums of a few large logarithms would lose six parts in 1e7
        if self._trivial:
            return torch.zeros(logs.shape[1], dtype=torch.float64)
        terms = self._exponents @ logs
        largest = terms.amax(dim=0)
        return (terms - largest).exp_().sum(dim=0).log_() + largest


def _dot(a: Tensor, b: Tensor) -> Tensor:
    product = a * b
    return product[0] - product[1] - product[2] - product[3]


def _exchange(rows: Tensor, first: int, second: int, swap: Tensor) -> None:
    a, b = rows[first].clone(), rows[second]
    rows[first] = torch.where(swap, b, a)
    rows[second] = torch.where(swap, a, b)


def _order_by_product(rows: Tensor, first: int, second: int, reference: int) -> None:
    """Put the leg with the larger product with ``reference`` first."""
    leg = rows[reference]
    _exchange(rows, first, second, _dot(leg, rows[first]) < _dot(leg, rows[second]))
