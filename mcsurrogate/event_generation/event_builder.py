# SPDX-License-Identifier: GPL-3.0-or-later
"""From accepted phase-space points to events with flavours, colour flow and helicities."""

import warnings

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mcsurrogate.errors import GenerationError
from mcsurrogate.event_generation.pdf_comments import event_densities, pdf_comments
from mcsurrogate.event_generation.resonance_record import (
    LegColumns,
    particle_columns,
    proper_lifetimes,
)
from mcsurrogate.events import EventBatch
from mcsurrogate.hard_process import (
    Amplitude,
    Contributions,
    HardProcess,
    Variations,
    subprocesses,
)
from mcsurrogate.matrix_elements import (
    ColouredMatrixElement,
    EventMatrixElement,
    EventWeights,
    HelicityMatrixElement,
    MatrixElement,
    SampledMatrixElement,
    as_number,
    draw_index,
    keeps_squares,
    particle_by_pdg,
)

__all__ = ["EventBuilder", "EventChoices"]

_UNKNOWN_HELICITY = 9.0
_CHOICES = 4  # amplitude, flavours, colour flow, helicities


class EventChoices:
    """The random numbers that choose amplitude, flavours, colour flow and helicities of events.

    They are as many for every event, so that where a batch ends changes none of the next.
    """

    def __init__(self, seed: int) -> None:
        self._generator = torch.Generator().manual_seed(seed)

    def draw(self, count: int) -> Tensor:
        """Return those ``(N, 4)`` of the next events."""
        return torch.rand(count, _CHOICES, generator=self._generator, dtype=torch.float64)


class EventBuilder:
    """Draws amplitude, flavours, colour flow and helicities of each point, with its own seed.

    Parameters
    ----------
    process
        The hard process.
    seed
        Decides every choice; where None, those that :meth:`build` is given do.
    variations
        Other scales and densities, whose weights every event has besides.

    Raises
    ------
    GenerationError
        If an amplitude is an interference, which may be negative.
    """

    def __init__(
        self, process: HardProcess, seed: int | None, variations: Variations | None = None
    ) -> None:
        self.process = process
        self._variations = variations
        self._choices = None if seed is None else EventChoices(seed)
        self._model = process.amplitudes[0].matrix_element.parameters
        numbers = {key: number for number, key in enumerate(subprocesses(process), start=1)}
        self._process_ids = [
            np.array(
                [numbers[a.process_id, member.pdg_ids] for member in a.members], dtype=np.int32
            )
            for a in process.amplitudes
        ]
        self._resonances = [a.matrix_element.process.resonances for a in process.amplitudes]
        for amplitude in process.amplitudes:
            _require_positive(amplitude.matrix_element)
            _warn_of_missing_colour(amplitude.matrix_element)

    def build(
        self,
        u: Tensor,
        channel: Tensor,
        weights: Tensor,
        weight_names: tuple[str, ...] = ("nominal",),
        contributions: Contributions | None = None,
        choices: Tensor | None = None,
    ) -> EventBatch:
        """Turn points into events.

        Parameters
        ----------
        u
            ``(N, dim)`` points of the unit hypercube, inside the cuts.
        channel
            ``(N,)`` int64 channel of each.
        weights
            ``(N,)`` or ``(N, W)`` event weights, the nominal one first.
        weight_names
            Names of the W weights.
        contributions
            What the process's `contributions` gave at the points, if that is known.
        choices
            ``(N, 4)`` numbers of :class:`EventChoices`; the builder's own if None.
        """
        with torch.no_grad():
            # With a single amplitude there is nothing to choose, and it may be costly.
            several = len(self.process.amplitudes) > 1
            found = contributions or self.process.contributions(
                u, channel, squared_amplitudes=several
            )
            count, legs = found.momenta.shape[:2]
            pdg_id = np.zeros((count, legs), dtype=np.int32)
            colour = np.zeros((count, legs, 2), dtype=np.int32)
            helicity = np.full((count, legs), _UNKNOWN_HELICITY)
            process_id = np.zeros(count, dtype=np.int32)
            if choices is None:
                assert self._choices is not None
                choices = self._choices.draw(count)
            uniform = choices
            chosen = draw_index(_of_the_sign(found.weights), uniform[:, 0])
            for index, amplitude in enumerate(self.process.amplitudes):
                points = torch.nonzero(chosen == index)[:, 0]
                if len(points) == 0:
                    continue
                rows = points.numpy()  # as a tensor, a single row would index like a number
                members, pdg_id[rows], colour[rows], helicity[rows] = self._identities(
                    amplitude, index, found.take(points), uniform[points]
                )
                process_id[rows] = self._process_ids[index][members]
            momenta = found.momenta.double().numpy()
            x = (found.x1, found.x2)
            densities = event_densities(self.process.beams, pdg_id[:, :2], x, found.scale)
            comments = None
            if densities is not None:
                comments = pdf_comments(pdg_id[:, :2], x, found.scale, densities)
            if self._variations is not None and self._variations.list:
                incoming = torch.from_numpy(pdg_id[:, :2].astype(np.int64))
                factors = self._variations.factors(found, chosen, incoming, densities)
                weights = weights.reshape(count, -1)
                weights = torch.cat((weights, weights[:, :1] * factors), dim=1)
                weight_names = (*weight_names, *self._variations.names)
        particles = particle_columns(
            LegColumns(pdg_id, colour, momenta, self._mass(pdg_id), helicity),
            chosen.numpy(),
            self._resonances,
        )
        return EventBatch(
            **particles,
            lifetime=proper_lifetimes(
                particles, chosen.numpy(), self._resonances, self._model, choices.numpy()
            ),
            weights=weights.double().numpy().reshape(count, len(weight_names)),
            scale=self._shower_scale(found.momenta),
            alpha_s=found.alpha_s.double().numpy().copy(),
            alpha_qed=np.full(count, as_number(self._model.alpha_ew)),
            process_id=process_id,
            weight_names=weight_names,
            annotations=comments,
        )

    def _shower_scale(self, momenta: Tensor) -> NDArray[np.float64]:
        scale = torch.as_tensor(self.process.shower_scale(momenta), dtype=torch.float64)
        return scale.expand(len(momenta)).numpy().copy()

    def _identities(
        self, amplitude: Amplitude, index: int, found: Contributions, uniform: Tensor
    ) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]]:
        """Draw members, PDG ids ``(N, n)``, colour lines ``(N, n, 2)``, helicities ``(N, n)``."""
        element = amplitude.matrix_element
        momenta = found.momenta[:, list(amplitude.permutation)]
        known = found.identities[index] if found.identities else None
        summed = found.configuration is None
        if known is None and summed and isinstance(element, EventMatrixElement):
            known = element.event_weights(momenta, found.alpha_s)
        members = draw_index(_of_the_sign(found.luminosities[index]), uniform[:, 1]).numpy()
        ids = np.array([member.pdg_ids for member in amplitude.members], dtype=np.int32)
        lines = np.zeros((len(members), ids.shape[1], 2), dtype=np.int32)
        if isinstance(element, ColouredMatrixElement):
            weights = known.flows if known else element.colour_flow_weights(momenta, found.alpha_s)
            flows = draw_index(weights, uniform[:, 2]).numpy()
            table = [[m.colour_flow(f) for f in element.colour_flows] for m in amplitude.members]
            lines = np.array(table, dtype=np.int32)[members, flows]
        helicities = self._helicities(element, momenta, found, known, uniform[:, 3])
        return members, ids[members], lines, _in_order(helicities, amplitude.permutation)

    def _helicities(
        self,
        element: MatrixElement,
        momenta: Tensor,
        found: Contributions,
        known: EventWeights | None,
        uniform: Tensor,
    ) -> Tensor:
        """Draw helicities ``(N, n)`` in the laboratory frame; 9, unknown, where nothing tells."""
        if found.configuration is not None and isinstance(element, SampledMatrixElement):
            return element.configurations[found.configuration].double()
        if not isinstance(element, HelicityMatrixElement):
            return torch.full(momenta.shape[:2], _UNKNOWN_HELICITY, dtype=torch.float64)
        # Exchanging quarks with antiquarks under the strong interaction alone keeps them.
        weights = (
            known.helicities if known else element.helicity_contributions(momenta, found.alpha_s)
        )
        chosen = draw_index(weights.clamp(min=0), uniform)
        return element.helicities[chosen].double()

    def _mass(self, pdg_id: NDArray[np.int32]) -> NDArray[np.float64]:
        masses = np.zeros(pdg_id.shape)
        for pdg in np.unique(pdg_id):
            masses[pdg_id == pdg] = as_number(particle_by_pdg(int(pdg)).mass(self._model))
        return masses


def _of_the_sign(parts: Tensor) -> Tensor:
    """Sizes of those parts ``(N, K)`` that have the sign of their sum, as the event has it.

    Parton densities, and with them all the parts, are negative in places.
    """
    return (parts * parts.sum(dim=1, keepdim=True).sign()).clamp(min=0)


def _in_order(helicities: Tensor, permutation: tuple[int, ...]) -> NDArray[np.float64]:
    """Put columns of the representative's legs where the event has them."""
    moved = np.empty(helicities.shape)
    moved[:, list(permutation)] = helicities.numpy()
    return moved


def _require_positive(element: MatrixElement) -> None:
    if not keeps_squares(element.process):
        raise GenerationError(
            f"{element.process.name}: an interference without the squares that belong to it is "
            "negative in places and has no events; `mcsurrogate integrate` gives its cross section "
            "and events come from all orders, without a limit on the square"
        )


def _warn_of_missing_colour(element: MatrixElement) -> None:
    coloured = any(particle.colour != 1 for particle in element.process.particles)
    if coloured and not isinstance(element, ColouredMatrixElement):
        warnings.warn(
            f"{element.process.name}: this amplitude has no `colour_flows`; its events carry no "
            "colour lines, and a parton shower cannot continue them",
            stacklevel=3,
        )
