# SPDX-License-Identifier: GPL-3.0-or-later
"""Tree amplitudes with one helicity configuration or colour state an event."""

import math

import torch
from torch import Tensor

from mcsurrogate.matrix_elements.parameters import StandardModel
from mcsurrogate.matrix_elements.recursion import AmplitudeGraph
from mcsurrogate.matrix_elements.tree_contraction import ColourContraction
from mcsurrogate.matrix_elements.tree_evaluator import TreeEvaluator
from mcsurrogate.matrix_elements.tree_plan import plan_tree

__all__ = ["TreeSampler"]


class TreeSampler:
    """Unbiased estimates of a squared amplitude summed over helicities and colours.

    Parameters
    ----------
    amplitude
        Graph of the amplitudes.
    model
        Parameters.
    """

    def __init__(self, amplitude: AmplitudeGraph, model: StandardModel) -> None:
        self._amplitude = amplitude
        plan = self._plan = plan_tree(amplitude, model, use_parity=False)
        self._axes = {leg: len(states) for leg, states in sorted(plan.states.items())}
        self._single = [
            TreeEvaluator(amplitude, plan.roots[sector.start : sector.stop], plan.states, {}, model)
            for sector in plan.sectors
        ]
        self._summed = TreeEvaluator(amplitude, plan.roots, plan.states, plan.sizes, model)
        self._contraction = ColourContraction(
            plan, self._summed.couplings, tracked=model.requires_grad
        )

    @property
    def helicities(self) -> Tensor:
        """Helicities ``(H, n)`` of the external legs in every configuration."""
        return torch.from_numpy(self._plan.helicities)

    def of_configuration(self, momenta: Tensor, alpha_s: Tensor, chosen: Tensor) -> Tensor:
        """Square of one helicity configuration an event, summed over colours.

        Parameters
        ----------
        momenta
            ``(N, n, 4)`` in GeV.
        alpha_s
            Strong coupling, without dimensions or ``(N,)``.
        chosen
            ``(N,)`` int64 rows of `helicities`.
        """
        coupling = alpha_s.expand(len(momenta))
        value = self._one_helicity(momenta, coupling, chosen, None)
        if len(self._plan.powers) == 1:
            value = value * (4.0 * math.pi * coupling) ** self._plan.powers[0]
        return value

    def __call__(
        self,
        momenta: Tensor,
        alpha_s: Tensor,
        *,
        generator: torch.Generator,
        helicity: bool,
        colour: bool,
    ) -> Tensor:
        """Draw and evaluate, ``(N,)``, not averaged over the initial state.

        Parameters
        ----------
        momenta
            ``(N, n, 4)`` in GeV.
        alpha_s
            Strong coupling, without dimensions or ``(N,)``.
        generator
            Source of the random numbers, on the CPU.
        helicity, colour
            What is drawn.
        """
        coupling = alpha_s.expand(len(momenta))
        if helicity:
            total = math.prod(self._axes.values()) * len(self._plan.sectors)
            drawn = torch.randint(total, (len(momenta),), generator=generator).to(momenta.device)
            picked = generator if colour else None
            value = self._one_helicity(momenta, coupling, drawn, picked) * float(total)
        else:
            value = self._all_helicities(momenta, coupling, generator, colour)
        if len(self._plan.powers) == 1:
            value = value * (4.0 * math.pi * coupling) ** self._plan.powers[0]
        return value

    def _one_helicity(
        self, momenta: Tensor, alpha_s: Tensor, drawn: Tensor, generator: torch.Generator | None
    ) -> Tensor:
        """Squares of given configurations; of one colour state each with a generator."""
        per_sector = math.prod(self._axes.values())
        order, values = [], []
        for number, sector in enumerate(self._plan.sectors):
            rows = torch.nonzero(drawn // per_sector == number)[:, 0]
            state = drawn[rows] % per_sector
            selected: dict[int, Tensor] = {}
            for leg, size in reversed(self._axes.items()):
                selected[leg], state = state % size, state // size
            own = type(sector)(sector.chiralities, 0, sector.stop - sector.start, sector.amplitudes)
            strong = torch.sqrt(4.0 * math.pi * alpha_s[rows])
            for results, start, stop in self._single[number].blocks(momenta[rows], selected):
                amplitudes = self._contraction.rows(
                    own, results, strong[start:stop], key=sector.start
                )
                values.append(self._square(amplitudes, generator)[0])
            order.append(rows)
        positions = torch.argsort(torch.cat(order))
        return torch.cat(values)[positions]

    def _all_helicities(
        self, momenta: Tensor, alpha_s: Tensor, generator: torch.Generator, colour: bool
    ) -> Tensor:
        strong = torch.sqrt(4.0 * math.pi * alpha_s)
        values = []
        for results, start, stop in self._summed.blocks(momenta):
            pieces = [
                self._square(
                    self._contraction.rows(sector, results, strong[start:stop]),
                    generator if colour else None,
                ).sum(dim=0)
                for sector in self._plan.sectors
            ]
            values.append(torch.stack(pieces).sum(dim=0))
        return torch.cat(values)

    def _square(self, rows: Tensor, generator: torch.Generator | None) -> Tensor:
        """Squares ``(H, N)``, summed over colours or, with a generator, of one state an event."""
        if generator is None or len(rows) == 1:
            return self._contraction.square(rows)
        count = rows.shape[2]
        chosen = torch.randint(len(rows), (count,), generator=generator).to(rows.device)
        index = chosen.view(1, 1, count, 1).expand(1, *rows.shape[1:])
        picked = rows.gather(0, index)[0]
        signs = self._contraction.signs(rows)[chosen] * float(len(rows))
        return (picked * picked).sum(dim=-1) * signs
