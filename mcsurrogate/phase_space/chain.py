# SPDX-License-Identifier: GPL-3.0-or-later
"""Space-like chains: systems split off one after the other, each through its t."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from mcsurrogate.phase_space.decays import decay, part_masses, rest_floors
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
from mcsurrogate.phase_space.walk import Backward, Forward, Mass, Observed, Walker, Weigher

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
    rest_masses
        Map of the mass squared of what is left after each block but the last two.
    soft
        Map of 2 sqrt(s) E of a massless particle of energy E that is the first block and has a
        least transverse momentum; None where it is not soft and what is left is drawn.
    least_pt
        Least transverse momentum in GeV that cuts allow, for each block.
    """

    def __init__(
        self,
        blocks: Sequence[Node],
        transfers: Sequence[InvariantMap],
        rest_masses: Sequence[InvariantMap],
        soft: InvariantMap | None,
        least_pt: Sequence[float],
    ) -> None:
        self.blocks = tuple(blocks)
        self.transfers = tuple(transfers)
        self.rest_masses = tuple(rest_masses)
        self.soft = soft
        self.least_pt = tuple(least_pt)
        # T >= pT^2 for the last block, whose beam it belongs to is at rest in no frame but one
        self._least_last = self.least_pt[-1] ** 2
        # sum_i sqrt(m_i^2 + pT_i^2) <= sqrt(s)
        self._reserve = sum(
            math.hypot(block.particles, pt) - block.particles
            for block, pt in zip(self.blocks, self.least_pt, strict=True)
            if block.is_leaf
        )
        particles = [sum(block.particles for block in self.blocks[i:]) for i in range(len(blocks))]
        # Whether the rest is lighter than the block: its momentum is drawn, or looked at, and
        # the block's is what is missing.  A soft particle keeps its digits that way.
        self._through_rest = [
            particles[i + 1] < block.particles for i, block in enumerate(self.blocks[:-1])
        ]
        self.key: tuple[object, ...] = (
            tuple(transfer.key for transfer in self.transfers),
            tuple(rest.key for rest in self.rest_masses),
            soft and soft.key,
            self.least_pt,
        )
        self._rest_legs = [
            tuple(sorted(leg for block in self.blocks[i:] for leg in block.legs))
            for i in range(len(self.blocks))
        ]

    def walk(
        self, walker: Walker, event: Mass, observed: Observed | None, found: dict[int, Columns]
    ) -> None:
        """Draw or note the whole chain and the decays of its blocks.

        Parameters
        ----------
        walker
            Direction of the mapping.
        event
            Partonic mass.
        observed
            The events, backwards.
        found
            Receives the momentum of every particle by leg.
        """
        root = event.m
        assert isinstance(root, Tensor)
        masses = part_masses(walker, self.blocks, event, observed, self._reserve)
        rests = self._rest_masses(walker, masses, event, observed)
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
        self, walker: Walker, masses: Sequence[Mass], event: Mass, observed: Observed | None
    ) -> list[Mass]:
        """Mass of what is left before each block: the whole event first, the last block last."""
        rests, floors = [event], rest_floors(masses)
        for i in range(1, len(self.blocks) - 1):
            floor, excess = floors[i]
            free = rests[-1].excess - masses[i - 1].excess - excess
            assert isinstance(free, Tensor)
            least = torch.as_tensor(floor, dtype=free.dtype, device=free.device).expand_as(free)
            width = (free * (free + 2 * least)).clamp(min=0)
            known: Tensor | None = None
            if observed is not None:
                mass = observed.mass(self._rest_legs[i])
                known = (mass.excess - excess) * (mass.m + least)
            low = least * least
            if i == 1 and self.least_pt[0] > 0:
                distance = self._first_rest(walker, event, masses[0], low, known)
            else:
                distance = walker.invariant(self.rest_masses[i - 1], low, width, known)
            walker.factor(torch.full_like(distance, 1 / _TWO_PI))
            s = low + distance
            m = s.sqrt()
            rests.append(Mass(s, m, distance / (m + least) + excess))
        return [*rests, masses[-1]]

    def _first_rest(
        self, walker: Walker, event: Mass, first: Mass, low: Tensor, known: Tensor | None
    ) -> Tensor:
        """Mass squared of what is left after a first block of least transverse momentum.

        At least momentum m_rest^2 = (sqrt(s) - m_T)^2 - pT^2, which is s + m^2 - 2 sqrt(s) m_T.

        Returns
        -------
        Tensor
            Its distance from ``low``.
        """
        assert isinstance(event.s, Tensor)
        least = torch.as_tensor(first.s + self.least_pt[0] ** 2, dtype=low.dtype).sqrt()
        short = 2 * event.m * least - first.s
        assert isinstance(short, Tensor)
        width = (event.s - short - low).clamp(min=0)
        if first.s != 0 or self.soft is None:
            return walker.invariant(self.rest_masses[0], low, width, known)
        # from above: what is short of s is 2 sqrt(s) E
        above = None if known is None else width - known
        return width - walker.invariant(self.soft, short, width, above)

    def _split(
        self,
        walker: Walker,
        i: int,
        masses: tuple[Mass, Mass, Mass],
        frame: Columns | None,
        transfer: Tensor | None,
        root: Tensor,
        observed: Observed | None,
    ) -> tuple[Columns | None, Columns | None, Tensor]:
        """Split block ``i`` from the rest; return both momenta, if anybody asks for them, and T."""
        system, block, rest = masses
        assert isinstance(system.s, Tensor)
        assert isinstance(system.m, Tensor)
        kinematics = decay_kinematics(system, block, rest)
        incoming_s = system.s if transfer is None else system.s + transfer
        incoming = incoming_s / (2 * system.m)
        low, width = transfer_limits(system.s, transfer, block.s, rest.s, incoming, kinematics.size)
        skipped, range_ = self._allowed(i, low, width, kinematics.size)
        if isinstance(walker, Weigher):
            assert observed is not None
            known = self._observed_transfer(i, observed, root, reflected=walker.reflected)
            begin = low + skipped
            distance = walker.invariant(self.transfers[i], begin, range_, known - begin)
            walker.factor(1 / (8 * math.pi * incoming_s))
            return None, None, begin + distance
        axis = None if frame is None else self._axis(frame, system.m, incoming, root)
        if isinstance(walker, Backward):
            assert observed is not None
            x, y, backward = self._observed_angles(i, observed, system.m, kinematics, frame, axis)
            distance = walker.invariant(
                self.transfers[i], low + skipped, range_, backward * width - skipped
            )
            if frame is not None:
                walker.note_azimuth(x, y)
            first = observed.momentum(self.blocks[i].legs)
            second = observed.momentum(self._rest_legs[i + 1])
        else:
            distance = walker.invariant(self.transfers[i], low + skipped, range_, None)
            backward = (skipped + distance) / width.clamp(min=torch.finfo(low.dtype).tiny)
            backward = backward.clamp(max=1)
            sin, cos = 2 * safe_sqrt(backward * (1 - backward)), 1 - 2 * backward
            polar = kinematics.size * sin, kinematics.size * cos
            first, second = self._products(
                walker, kinematics, polar, masses, self._through_rest[i], frame, axis
            )
        walker.factor(1 / (8 * math.pi * incoming_s))
        return first, second, low + skipped + distance

    def _observed_transfer(
        self, i: int, observed: Observed, root: Tensor, *, reflected: bool
    ) -> Tensor:
        """T between block ``i`` and the rest."""
        rest = self._rest_legs[i + 1]
        before = tuple(sorted(leg for block in self.blocks[: i + 1] for leg in block.legs))
        return observed.transfer(*((rest, before) if reflected else (before, rest)), root)

    def _allowed(self, i: int, low: Tensor, width: Tensor, size: Tensor) -> tuple[Tensor, Tensor]:
        """Begin, above ``low``, and length of the range of T that cuts leave.

        In the first step the polar angle is the one to the beam: both ends have too little
        transverse momentum.  Where cuts leave nothing, everything is allowed.
        """
        last = i == len(self.blocks) - 2
        zero = torch.zeros_like(width)
        if i > 0:
            if not last:
                return zero, width
            bound = (self._least_last - low).clamp(min=0)
            bound = torch.where(bound < width, bound, zero)
            return bound, width - bound
        least = max(self.least_pt[0], self.least_pt[-1] if last else 0.0)
        if least == 0:
            return zero, width
        sine2 = (least / size.clamp(min=least)).square()
        sine2 = torch.where(sine2 < 1, sine2, zero)
        # as (1 - cos)/2 of that angle
        begin = width * (0.5 * sine2 / (1 + safe_sqrt(1 - sine2)))
        return begin, width - 2 * begin

    @staticmethod
    def _products(
        walker: Forward,
        kinematics: Kinematics,
        polar: tuple[Tensor, Tensor],
        masses: tuple[Mass, Mass, Mass],
        through_rest: bool,
        frame: Columns | None,
        axis: tuple[Tensor, Tensor, Tensor] | None,
    ) -> tuple[Columns, Columns]:
        """Momenta of a block and of the rest, from the block's polar angle."""
        x, z = polar
        system, block, rest = masses
        if frame is None or axis is None:
            zero = torch.zeros_like(x)
            return with_mass(block.s, x, zero, z), with_mass(rest.s, -x, zero, -z)
        assert isinstance(system.m, Tensor)
        phi = _TWO_PI * walker.azimuth()
        x, y, z = onto_axis(x * torch.cos(phi), x * torch.sin(phi), z, axis, 1)
        energy = kinematics.energy
        light, heavy = block, rest
        if through_rest:
            x, y, z, energy = -x, -y, -z, system.m - energy
            light, heavy = rest, block
        x, y, z = boost_momentum(energy, x, y, z, frame, system.m)
        first = with_mass(light.s, x, y, z)
        second = with_mass(heavy.s, frame.x - x, frame.y - y, frame.z - z)
        return (second, first) if through_rest else (first, second)

    @staticmethod
    def _axis(
        frame: Columns, mass: Tensor, incoming: Tensor, root: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Direction of the space-like momentum in the rest frame of ``frame``.

        Opposite to beam 1, whose energy there is ``incoming``.
        """
        half = 0.5 * root
        factor = (half + incoming) / (frame.e + mass) / incoming
        x, y, z = factor * frame.x, factor * frame.y, factor * frame.z + half / incoming
        # of length one but for the difference of two large terms: turning keeps lengths
        length = torch.addcmul(torch.addcmul(x * x, y, y), z, z).sqrt()
        return x / length, y / length, z / length

    def _observed_angles(
        self,
        i: int,
        observed: Observed,
        mass: Tensor,
        kinematics: Kinematics,
        frame: Columns | None,
        axis: tuple[Tensor, Tensor, Tensor] | None,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Transverse components of the block, and (1 - cos)/2, in the rest frame.

        Through the lighter product, which along a beam keeps its angle best.
        """
        through_rest = self._through_rest[i]
        p = observed.momentum(self._rest_legs[i + 1] if through_rest else self.blocks[i].legs)
        sign = -1 if through_rest else 1
        if frame is None or axis is None:
            x, y, z = p.x, p.y, p.z
        else:
            energy = mass - kinematics.energy if through_rest else kinematics.energy
            x, y, z = onto_axis(*to_rest_frame(p, energy, frame, mass), axis, -1)
        x, y, z = sign * x, sign * y, sign * z
        size = kinematics.size.clamp(min=torch.finfo(x.dtype).tiny)
        ahead = (x * x + y * y) / (2 * size * (size + z.clamp(min=0)))
        backward = torch.where(z > 0, ahead, 0.5 - 0.5 * z / size)
        return x, y, backward.clamp(0, 1)
