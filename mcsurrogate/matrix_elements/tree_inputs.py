# SPDX-License-Identifier: GPL-3.0-or-later
"""Wave functions and event quantities that a compiled tree amplitude reads."""

from collections.abc import Mapping

import torch
from torch import Tensor

from mcsurrogate.matrix_elements.event_quantities import EventQuantities
from mcsurrogate.matrix_elements.graph import Op
from mcsurrogate.matrix_elements.parameters import StandardModel
from mcsurrogate.matrix_elements.recursion import AmplitudeGraph
from mcsurrogate.matrix_elements.wavefunctions import HelicitySpinors, spinor_states, vector_states

__all__ = ["TreeInputs"]


class TreeInputs:
    """Computes the input nodes of a graph from physical momenta.

    Parameters
    ----------
    amplitude
        Graph of the amplitudes.
    nodes
        Input nodes that are needed.
    states
        Helicity states to compute of each leg, as positions in ``amplitude.axes``.
    sizes
        Legs with an axis, and its length.
    """

    def __init__(
        self,
        amplitude: AmplitudeGraph,
        nodes: list[int],
        states: Mapping[int, tuple[int, ...]],
        sizes: Mapping[int, int],
    ) -> None:
        self._amplitude = amplitude
        self._states = states
        self._sizes = sizes
        entries = [(number, amplitude.graph.nodes[number]) for number in nodes]
        self._external = [
            (number, *node.args) for number, node in entries if node.op is Op.EXTERNAL
        ]
        self._event = EventQuantities(
            [(number, node.args) for number, node in entries if node.op is Op.EVENT],
            amplitude.process.n_legs,
        )

    @property
    def groups(self) -> list[list[int]]:
        """Nodes that `event_values` returns together."""
        return self._event.groups

    def event_values(self, momenta: Tensor, model: StandardModel) -> list[Tensor]:
        """Values of the event quantities, group by group.

        Parameters
        ----------
        momenta
            ``(4, n, N)`` physical momenta in GeV.
        model
            Masses and widths.
        """
        count = self._amplitude.process.n_incoming
        incoming = torch.cat((momenta[:, :count], -momenta[:, count:]), dim=1)
        return self._event.compute(incoming, model)

    def external_values(
        self,
        momenta: Tensor,
        model: StandardModel,
        selected: Mapping[int, Tensor] | None = None,
    ) -> dict[int, Tensor]:
        """Wave functions by node, components first, then helicities, then events.

        Parameters
        ----------
        momenta
            ``(4, n, N)`` physical momenta in GeV.
        model
            Masses.
        selected
            One state an event, ``(N,)`` positions in ``amplitude.axes``, by leg; it takes
            the place of the states given at construction.
        """
        spinors = HelicitySpinors(momenta)
        return {
            number: self._wave(spinors, leg, part, model, selected)
            for number, leg, part in self._external
        }

    def _wave(
        self,
        spinors: HelicitySpinors,
        leg: int,
        part: str,
        model: StandardModel,
        selected: Mapping[int, Tensor] | None,
    ) -> Tensor:
        particle = self._amplitude.process.particles[leg]
        outgoing = leg >= self._amplitude.process.n_incoming
        if part == "s":
            return torch.ones_like(spinors.up[0, 0])
        mass = None if particle.is_massless(model) else particle.mass(model)
        if part == "v":
            states = vector_states(spinors, leg, mass, outgoing=outgoing)
        else:
            is_anti = particle.pdg < 0
            states = spinor_states(
                spinors, leg, part, mass, antifermion=is_anti, barred=is_anti != outgoing
            )
        if leg not in self._states:
            return states
        if selected is not None:
            index = selected[leg].expand(*states.shape[:-2], 1, -1)
            return states.gather(-2, index)
        chosen = self._states[leg]
        return states if len(chosen) == states.shape[-2] else states[..., list(chosen), :]

    def all_values(
        self,
        momenta: Tensor,
        model: StandardModel,
        selected: Mapping[int, Tensor] | None = None,
    ) -> dict[int, Tensor]:
        """All inputs by node, with one axis for each leg that has several helicities."""
        axes = (1,) * len(self._sizes)
        values = {}
        for number, wave in self.external_values(momenta, model, selected).items():
            leg = self._amplitude.graph.nodes[number].args[0]
            components = wave.shape[:-2] if wave.dim() > 1 else ()
            extents = tuple(size if other == leg else 1 for other, size in self._sizes.items())
            values[number] = wave.reshape(*components, *extents, wave.shape[-1])
        for group, value in zip(self.groups, self.event_values(momenta, model), strict=True):
            for number, one in zip(group, value.unbind(0), strict=True):
                values[number] = one.reshape(*one.shape[:-1], *axes, one.shape[-1])
        return values
