# SPDX-License-Identifier: GPL-3.0-or-later
r"""Squared amplitudes of many gluons, with colours and helicities by Monte Carlo.

Orders of gluons and interferences of colour structures grow as n! and n!^2: 13 GB for eight
outgoing gluons.  One colour and helicity state costs a recursion over subsets, and the mean of
random states is the squared amplitude.  States are those of colour flow (F. Maltoni, K. Paul,
T. Stelzer, S. Willenbrock, hep-ph/0209271): a gluon has the colour matrix :math:`e_{ij}`,
traceless next to quarks.  All states in which as many lines of each colour begin as end are equally
probable; others vanish.
"""

import math
from functools import cached_property
from itertools import product

import torch
from torch import Tensor

from mcsurrogate.errors import MatrixElementError
from mcsurrogate.matrix_elements.colour import N_COLOURS
from mcsurrogate.matrix_elements.colour_dressed import DressedRecursion
from mcsurrogate.matrix_elements.colour_flow import ColourFlow
from mcsurrogate.matrix_elements.measurement import seconds_per_point
from mcsurrogate.matrix_elements.orders import allowed_powers, resolve_orders
from mcsurrogate.matrix_elements.parameters import StandardModel
from mcsurrogate.matrix_elements.probe import probe_points
from mcsurrogate.matrix_elements.process import Process
from mcsurrogate.matrix_elements.random_states import uniforms
from mcsurrogate.matrix_elements.validity import (
    check_finite_result,
    check_momenta,
    strong_coupling,
)
from mcsurrogate.matrix_elements.wavefunctions import HelicitySpinors, spinor_states, vector_states

__all__ = ["ColourSampledMatrixElement", "has_colour_sampling"]

_BLOCK_BYTES = 32 << 20
_ENTRY_BYTES = 16 * (36 + 144 + 144)  # currents, tensors and what a step needs, of one subset


def has_colour_sampling(process: Process, model: StandardModel) -> bool:
    """Whether a process is of gluons, and at most one pair of massless quarks, by QCD alone."""
    quarks = [particle for particle in process.particles if particle.is_fermion]
    if process.is_restricted or process.n_incoming != 2 or len(quarks) not in (0, 2):
        return False
    if any(abs(particle.colour) == 1 or not particle.is_massless(model) for particle in quarks):
        return False
    gluons = sum(pdg == 21 for pdg in process.pdg_ids)
    return gluons + len(quarks) == process.n_legs and allowed_powers(process) == {
        (process.n_legs - 2, 0)
    }


class ColourSampledMatrixElement:
    """Squared amplitude of gluons, or of gluons and one pair of massless quarks.

    Called, it gives the mean over ``samples`` states of colour and helicity, whose random numbers
    follow from the momenta of the event: the same point has the same value, and integrals over
    points are those of the squared amplitude.

    Parameters
    ----------
    process
        The partonic process.
    parameters
        Parameters of the model.
    samples
        Number of states of a point.

    Raises
    ------
    MatrixElementError
        If the process has other particles or interactions.
    """

    def __init__(self, process: Process, parameters: StandardModel, *, samples: int = 8) -> None:
        self.process = resolve_orders(process)
        self.parameters = parameters
        if samples < 1 or not has_colour_sampling(self.process, parameters):
            raise MatrixElementError(
                f"{process.name}: colours are sampled of gluons and at most one pair of massless "
                "quarks, by the strong interaction alone, with one or more samples"
            )
        self.samples = samples
        incoming = self.process.all_incoming
        self._gluons = [leg for leg, pdg in enumerate(incoming) if pdg == 21]
        self._quarks = [leg for leg, pdg in sorted(enumerate(incoming), key=lambda e: -e[1])]
        self._quarks = [leg for leg in self._quarks if incoming[leg] != 21]  # the quark first
        self._recursion = DressedRecursion(len(self._gluons), quarks=bool(self._quarks))
        self._lines = len(self._gluons) + len(self._quarks) // 2
        self._norm = 1.0 / (self.process.average_factor * self.process.symmetry_factor)
        self._cost: float | None = None

    @cached_property
    def configurations(self) -> Tensor:
        """Helicities ``(H, n)`` of the external legs in states that do not vanish."""
        rows = []
        outgoing = [leg >= 2 for leg in range(self.process.n_legs)]
        for row in product((-1, 1), repeat=self.process.n_legs):
            # as if incoming: two or more of each sign, and opposite ones on the quark line
            plus = sum((helicity > 0) != out for helicity, out in zip(row, outgoing, strict=True))
            alike = [row[leg] * (-1 if outgoing[leg] else 1) for leg in self._quarks]
            if 2 <= plus <= len(row) - 2 and sum(alike) == 0:
                rows.append(row)
        return torch.tensor(rows, dtype=torch.int64)

    @cached_property
    def _counts(self) -> tuple[Tensor, Tensor, float]:
        """Numbers of lines of each colour, cumulative probabilities, and the number of states."""
        n = self._lines
        counts = [(a, b, n - a - b) for a in range(n + 1) for b in range(n + 1 - a)]
        arrangements = [
            math.factorial(n) // math.prod(math.factorial(c) for c in found) for found in counts
        ]
        sizes = torch.tensor([float(number**2) for number in arrangements], dtype=torch.float64)
        colours = torch.tensor([[0] * a + [1] * b + [2] * c for a, b, c in counts])
        return colours, sizes.cumsum(0) / sizes.sum(), float(sizes.sum())

    @property
    def colour_states(self) -> int:
        """Number of colour states of which one is drawn."""
        return int(self._counts[2])

    def __call__(self, momenta: Tensor, alpha_s: Tensor | float) -> Tensor:
        """Estimate the squared matrix element, see the protocol `MatrixElement`.

        Raises
        ------
        KinematicsError
            If momenta are not finite, unbalanced or off shell.
        MatrixElementError
            If a gradient is asked for, or the matrix element diverges.
        """
        return self._mean(momenta, alpha_s, None)

    def of_configuration(self, momenta: Tensor, alpha_s: Tensor | float, chosen: Tensor) -> Tensor:
        """Estimate the contribution of one helicity configuration an event, colours sampled.

        Parameters
        ----------
        momenta
            ``(N, n, 4)`` in GeV.
        alpha_s
            Strong coupling.
        chosen
            ``(N,)`` rows of `configurations`.
        """
        return self._mean(momenta, alpha_s, chosen)

    def of_states(
        self, momenta: Tensor, alpha_s: Tensor | float, helicities: Tensor, lines: Tensor
    ) -> Tensor:
        """Square of given states, exact; their sum over all is the squared matrix element.

        Parameters
        ----------
        momenta
            ``(N, n, 4)`` in GeV.
        alpha_s
            Strong coupling.
        helicities
            ``(N, n)`` of the external legs.
        lines
            ``(N, 2, L)`` colours 0, 1, 2 with which the lines of the gluons in their order, and of
            the quark, begin and end.
        """
        check_momenta(momenta, self.process, self.parameters)
        coupling = strong_coupling(alpha_s, momenta, self.process)
        power = self.process.n_legs - 2
        values = self._squared(momenta.double(), helicities, lines).to(momenta)
        return values * (4.0 * math.pi * coupling) ** power * self._norm

    def _mean(self, momenta: Tensor, alpha_s: Tensor | float, chosen: Tensor | None) -> Tensor:
        if torch.is_grad_enabled() and momenta.requires_grad:
            raise MatrixElementError(
                f"{self.process.name} with sampled colours has no gradients; use momenta.detach()"
            )
        check_momenta(momenta, self.process, self.parameters)
        coupling = strong_coupling(alpha_s, momenta, self.process)
        numbers = uniforms(momenta, self.samples, 2 * self._lines + 2).flatten(0, 1)
        factor = self._counts[2] * self._norm
        if chosen is None:
            factor *= len(self.configurations)
            rows = (numbers[:, 0] * len(self.configurations)).long()
        else:
            rows = chosen.repeat_interleave(self.samples)
        helicities = self.configurations.to(rows.device)[rows]
        repeated = momenta.double().repeat_interleave(self.samples, dim=0)
        found = self._squared(repeated, helicities, self._drawn(numbers))
        mean = found.view(len(momenta), self.samples).mean(dim=1).to(momenta)
        power = self.process.n_legs - 2
        value = mean * factor * (4.0 * math.pi * coupling) ** power
        return check_finite_result(value, self.process)

    def _drawn(self, uniform: Tensor) -> Tensor:
        """Colours ``(N, 2, L)`` of a state from ``(N, 2 L + 2)`` random numbers."""
        colours, probabilities, _ = self._counts
        kind = torch.searchsorted(probabilities.to(uniform), uniform[:, 1].contiguous(), right=True)
        sorted_colours = colours.to(uniform.device)[kind.clamp(max=len(colours) - 1)]
        orders = uniform[:, 2:].reshape(len(uniform), 2, self._lines).argsort(dim=2)
        return sorted_colours.unsqueeze(1).expand(-1, 2, -1).gather(2, orders)

    def _squared(self, momenta: Tensor, helicities: Tensor, lines: Tensor) -> Tensor:
        """Squares ``(N,)`` of amplitudes without g_s."""
        size = max(1, _BLOCK_BYTES // (_ENTRY_BYTES << len(self._gluons)))
        blocks = [slice(start, start + size) for start in range(0, len(momenta), size)]
        parts = [self._amplitude(momenta[b], helicities[b], lines[b]) for b in blocks]
        amplitudes = torch.cat(parts) if parts else momenta.new_zeros(0) + 0j
        squares: Tensor = amplitudes.real**2 + amplitudes.imag**2
        return squares

    def _amplitude(self, momenta: Tensor, helicities: Tensor, lines: Tensor) -> Tensor:
        spinors = HelicitySpinors(momenta.permute(2, 1, 0).contiguous())
        incoming = torch.cat((momenta[:, :2], -momenta[:, 2:]), dim=1)
        gluons, count = self._gluons, len(momenta)
        polarisations = torch.stack(
            [_polarisation(spinors, leg, helicities[:, leg]) for leg in gluons], dim=1
        )
        begins, ends = lines[:, 0], lines[:, 1]
        colours = torch.zeros(count, len(gluons), 9, dtype=torch.complex128, device=momenta.device)
        place = N_COLOURS * begins[:, : len(gluons)] + ends[:, : len(gluons)]
        colours.scatter_(2, place.unsqueeze(2), 1.0)
        colours = colours.view(count, len(gluons), 3, 3)
        if not self._quarks:
            return self._recursion.gluons(incoming[:, gluons], polarisations, colours)
        trace = colours.diagonal(dim1=2, dim2=3).sum(dim=-1)
        unit = torch.eye(3, dtype=colours.dtype, device=colours.device)
        colours = colours - trace[..., None, None] * unit / N_COLOURS
        quark, antiquark = self._quarks
        states = (
            self._spinor(spinors, quark, helicities, barred=False),
            self._spinor(spinors, antiquark, helicities, barred=True),
        )
        momentum = incoming[:, quark].to(states[0])
        return self._recursion.quark_line(
            incoming[:, gluons],
            polarisations,
            colours,
            (torch.stack((momentum, states[0]), dim=1), states[1]),
            (begins[:, -1], ends[:, -1]),
        )

    def _spinor(
        self, spinors: HelicitySpinors, leg: int, helicities: Tensor, *, barred: bool
    ) -> Tensor:
        """Spinor ``(N, 4)`` in the chiral representation, of massless particles."""
        is_anti = self.process.particles[leg].pdg < 0
        parts = [
            spinor_states(spinors, leg, part, None, antifermion=is_anti, barred=barred)[:, 0].T
            for part in "LR"
        ]
        left = (helicities[:, leg] < 0) != is_anti
        pair = torch.stack((parts[0] * left[:, None], parts[1] * ~left[:, None]), dim=1)
        # a barred left-handed spinor stands where gamma^0 puts it
        return (pair.flip(1) if barred else pair).flatten(1)

    @property
    def colour_flows(self) -> tuple[ColourFlow, ...]:
        """Colour flows cannot be listed.

        Raises
        ------
        MatrixElementError
            Always: there are (n-1)! of them.
        """
        raise MatrixElementError(
            f"{self.process.name}: colour flows are not listed where colours are sampled, "
            f"{math.factorial(self._lines - 1)} of them; events of so many gluons have none here"
        )

    def colour_flow_weights(self, momenta: Tensor, alpha_s: Tensor | float) -> Tensor:  # noqa: ARG002
        """Refuse, as `colour_flows`."""
        return momenta.new_zeros(len(momenta), len(self.colour_flows))

    @property
    def operations(self) -> int:
        """Complex multiply-adds of a phase-space point, in order of magnitude."""
        inner = len(self._gluons) - (0 if self._quarks else 1)
        return int(1300 * self.samples * 3**inner)

    @property
    def cost(self) -> float:
        """Measured seconds a phase-space point, one thread, in batches."""
        if self._cost is None:
            points = probe_points(self.process, self.parameters, 4)
            self._cost = seconds_per_point(self, points, repetitions=1)
        return self._cost


def _polarisation(spinors: HelicitySpinors, leg: int, helicity: Tensor) -> Tensor:
    """Polarisation vectors ``(N, 4)`` of one gluon, of its helicity in each event."""
    states = vector_states(spinors, leg, None, outgoing=leg >= 2)
    matrix = torch.where(helicity < 0, states[:, :, 0], states[:, :, 1])
    (a, b), (c, d) = matrix
    return torch.stack(((a + d) / 2, (b + c) / 2, (c - b) / 2j, (a - d) / 2), dim=-1)
