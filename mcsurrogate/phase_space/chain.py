"""Space-like chains: systems split off one after the other, each through its t."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from mcsurrogate.phase_space.decays import decay, part_masses
from mcsurrogate.phase_space.frames import (
    Columns,
    boost_momentum,
    onto_axis,
    safe_sqrt,
    to_rest_frame,
    with_mass,
)
from mcsurrogate.phase_space.invariants import InvariantMap
from mcsurrogate.phase_space.tree import Node
from mcsurrogate.phase_space.two_body import Kinematics, decay_kinematics, transfer_limits
from mcsurrogate.phase_space.walk import Backward, Mass, Observed, Walker

__all__ = ["Chain"]

_TWO_PI = 2 * math.pi


class Chain:
    """A chain of space-like propagators from beam 0 to beam 1.

    Parameters
    ----------
    blocks
        What is radiated between the propagators, from beam 0 to beam 1.
    transfers
        Map of T = -t for each propagator.
    open_mass
        Map of the mass squared of what is left after a block.
    least_transfers
        Least T in GeV^2 that cuts allow, for each propagator.
    """

    def __init__(
        self,
        blocks: Sequence[Node],
        transfers: Sequence[InvariantMap],
        open_mass: InvariantMap,
        least_transfers: Sequence[float],
    ) -> None:
        self.blocks = tuple(blocks)
        self.transfers = tuple(transfers)
        self.open_mass = open_mass
        self.least_transfers = tuple(least_transfers)
        self._rest_legs = [
            tuple(sorted(leg for block in self.blocks[i:] for leg in block.legs))
            for i in range(len(self.blocks))
        ]

    def walk(
        self, walker: Walker, s: Tensor, observed: Observed | None, found: dict[int, Columns]
    ) -> None:
        """Draw or note the whole chain and the decays of its blocks.

        Parameters
        ----------
        walker
            Direction of the mapping.
        s
            Partonic mass squared in GeV^2, ``(N,)``.
        observed
            The events, backwards.
        found
            Receives the momentum of every particle by leg.
        """
        root = s.sqrt()
        masses = part_masses(walker, self.blocks, root, observed)
        rests = self._rest_masses(walker, masses, s, root, observed)
        frame: Columns | None = None
        transfer: Tensor | None = None
        for i, block in enumerate(self.blocks[:-1]):
            first, second, transfer = self._split(
                walker, i, (rests[i], masses[i], rests[i + 1]), frame, transfer, root, observed
            )
            decay(walker, block, masses[i], first, observed, found)
            frame = second
        decay(walker, self.blocks[-1], masses[-1], frame, observed, found)

    def _rest_masses(
        self,
        walker: Walker,
        masses: Sequence[Mass],
        s: Tensor,
        root: Tensor,
        observed: Observed | None,
    ) -> list[Mass]:
        """Mass of what is left before each block: the whole event first, the last block last."""
        rests = [Mass(s, root)]
        for i in range(1, len(self.blocks) - 1):
            least = sum((m.m for m in masses[i:]), start=0.0)
            before = rests[-1].m
            assert isinstance(before, Tensor)
            low = torch.as_tensor(least, dtype=s.dtype, device=s.device).expand_as(s)
            high = torch.maximum(before - masses[i - 1].m, low)
            known = None if observed is None else observed.mass(self._rest_legs[i]).s
            assert known is None or isinstance(known, Tensor)
            value = walker.invariant(self.open_mass, low * low, high * high, known)
            walker.factor(torch.full_like(value, 1 / _TWO_PI))
            rests.append(Mass(value, value.sqrt()))
        return [*rests, masses[-1]]

    def _split(
        self,
        walker: Walker,
        i: int,
        masses: tuple[Mass, Mass, Mass],
        frame: Columns | None,
        transfer: Tensor | None,
        root: Tensor,
        observed: Observed | None,
    ) -> tuple[Columns, Columns, Tensor]:
        """Split block ``i`` from the rest; return both momenta and T."""
        system, block, rest = masses
        assert isinstance(system.s, Tensor)
        assert isinstance(system.m, Tensor)
        kinematics = decay_kinematics(system.s, system.m, block.s, block.m, rest.m)
        incoming_s = system.s if transfer is None else system.s + transfer
        incoming = incoming_s / (2 * system.m)
        low, high = transfer_limits(system.s, transfer, block.s, rest.s, incoming, kinematics.size)
        least = low
        if self.least_transfers[i] > 0:
            bound = torch.full_like(low, self.least_transfers[i])
            least = torch.where(bound < high, torch.maximum(low, bound), low)
        known = None if observed is None else self._observed_transfer(observed, i, root)
        t = walker.invariant(self.transfers[i], least, torch.maximum(high, least), known)
        walker.factor(1 / (8 * math.pi * incoming_s))
        axis = None if frame is None else self._axis(frame, system.m, incoming, root)
        if isinstance(walker, Backward):
            assert observed is not None
            first = observed.momentum(self.blocks[i].legs)
            second = observed.momentum(self._rest_legs[i + 1])
            if frame is not None and axis is not None:
                vector = to_rest_frame(first, kinematics.energy, frame, system.m)
                x, y, _ = onto_axis(*vector, axis, -1)
                walker.note_azimuth(x, y)
            return first, second, t
        # T = low at cos = 1; the range is 4 times the product of the momenta.
        scale = 4 * incoming * kinematics.size.clamp(min=torch.finfo(t.dtype).tiny)
        backward = ((t - low) / scale).clamp(0, 1)
        sin, cos = 2 * safe_sqrt(backward * (1 - backward)), 1 - 2 * backward
        x, z = kinematics.size * sin, kinematics.size * cos
        first, second = self._products(walker, kinematics, (x, z), masses, frame, axis)
        return first, second, t

    @staticmethod
    def _products(
        walker: Walker,
        kinematics: Kinematics,
        polar: tuple[Tensor, Tensor],
        masses: tuple[Mass, Mass, Mass],
        frame: Columns | None,
        axis: tuple[Tensor, Tensor, Tensor] | None,
    ) -> tuple[Columns, Columns]:
        x, z = polar
        system, block, rest = masses
        if frame is None or axis is None:
            zero = torch.zeros_like(x)
            return with_mass(block.s, x, zero, z), with_mass(rest.s, -x, zero, -z)
        assert not isinstance(walker, Backward)
        assert isinstance(system.m, Tensor)
        phi = _TWO_PI * walker.azimuth()
        x, y, z = onto_axis(x * torch.cos(phi), x * torch.sin(phi), z, axis, 1)
        x, y, z = boost_momentum(kinematics.energy, x, y, z, frame, system.m)
        first = with_mass(block.s, x, y, z)
        return first, with_mass(rest.s, frame.x - x, frame.y - y, frame.z - z)

    @staticmethod
    def _axis(
        frame: Columns, mass: Tensor, incoming: Tensor, root: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Direction of the space-like momentum in the rest frame of ``frame``.

        Opposite to beam 1, whose energy there is ``incoming``.
        """
        half = 0.5 * root
        factor = (half + incoming) / (frame.e + mass) / incoming
        return factor * frame.x, factor * frame.y, factor * frame.z + half / incoming

    def _observed_transfer(self, observed: Observed, i: int, root: Tensor) -> Tensor:
        """T of propagator ``i`` from the events, through the side that keeps more digits.

        T = 2 p_0.A - m_A^2 = 2 p_1.B - m_B^2 with A (B) what is radiated before (after) it.
        """
        before, after = self.blocks[0], self._rest_legs[i + 1]
        last = self.blocks[-1]
        if i == 0 and not (len(after) == 1 and last.least == 0 and before.least > 0):
            legs, toward = before.legs, 1
        else:
            legs, toward = after, -1
        p, s = observed.momentum(legs), observed.mass(legs).s
        z = toward * p.z
        ahead = (p.x * p.x + p.y * p.y + s) / (p.e + z.clamp(min=0))
        return root * torch.where(z > 0, ahead, p.e - z) - s
