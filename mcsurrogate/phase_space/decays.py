# SPDX-License-Identifier: GPL-3.0-or-later
"""Systems that decay: masses of their parts, then isotropic two-body steps."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from mcsurrogate.phase_space.flat_masses import mass_ratio, mass_ratio_fraction
from mcsurrogate.phase_space.frames import Columns, boost_momentum, to_rest_frame, with_mass
from mcsurrogate.phase_space.tree import RESOLUTION, Node, least_sum
from mcsurrogate.phase_space.two_body import decay_kinematics, direction
from mcsurrogate.phase_space.walk import Backward, Forward, Mass, Observed, Walker, Weigher

__all__ = ["decay", "part_masses", "rest_floors"]

_TWO_PI = 2 * math.pi
_FOUR_PI = 4 * math.pi


def part_masses(
    walker: Walker,
    parts: Sequence[Node],
    system: Mass,
    observed: Observed | None,
    reserve: float = 0.0,
) -> list[Mass]:
    """Masses of the parts of a system, drawn one after the other.

    Parameters
    ----------
    walker
        Direction of the mapping.
    parts
        The parts.
    system
        Mass of the system.
    observed
        The events, backwards.
    reserve
        Energy in GeV that cuts keep for the motion of the parts.
    """
    masses: list[Mass] = []
    needed = least_sum(parts) - sum(part.particles for part in parts)
    free = system.excess - needed - reserve
    for part in parts:
        if part.invariant is None:
            masses.append(Mass(part.least**2, part.least, 0.0))
            continue
        assert isinstance(free, Tensor)
        least = part.least
        above = least - part.particles
        low = torch.full_like(free, least**2)
        width = (free * (free + 2 * least)).clamp(min=0)
        known: Tensor | None = None
        if observed is not None:
            mass = observed.mass(part.legs)
            known = _tensor((mass.excess - above) * (mass.m + least))
        distance = walker.invariant(part.invariant, low, width, known)
        walker.factor(torch.full_like(distance, 1 / _TWO_PI))
        s = low + distance
        m = s.sqrt()
        raised = distance / (m + least)
        masses.append(Mass(s, m, raised + above))
        free = free - raised
    return masses


def rest_floors(masses: Sequence[Mass]) -> list[tuple[Tensor | float, Tensor | float]]:
    """Least mass of what is left before each part, and its excess over the particles, in GeV.

    Two parts or more are no lighter than `RESOLUTION`, and what is left before a part is no
    lighter than the part and what is left after it.
    """
    m, excess = masses[-1].m, masses[-1].excess
    floors = [(m, excess)]
    for part in reversed(masses[:-1]):
        m, excess = m + part.m, excess + part.excess
        if len(floors) == 1:
            raised = _at_least_resolution(m)
            m, excess = raised, excess + (raised - m)
        floors.append((m, excess))
    return floors[::-1]


def _at_least_resolution(m: Tensor | float) -> Tensor | float:
    return m.clamp(min=RESOLUTION) if isinstance(m, Tensor) else max(m, RESOLUTION)


def _tensor(value: Tensor | float) -> Tensor:
    assert isinstance(value, Tensor)
    return value


def decay(
    walker: Walker,
    node: Node,
    mass: Mass,
    frame: Columns | None,
    observed: Observed | None,
    found: dict[int, Columns],
) -> None:
    """Let a system decay down to its particles.

    Parameters
    ----------
    walker
        Direction of the mapping.
    node
        The system; a particle is only noted.
    mass
        Its mass.
    frame
        Its momentum; None for the whole event at rest, whose first product then lies in the
        xz plane: the overall azimuth is drawn elsewhere.
    observed
        The events, backwards.
    found
        Receives the momentum of every particle by leg, but for a density alone.
    """
    if isinstance(walker, Weigher):
        assert observed is not None
        if not node.is_leaf:
            walker.factor(_weight(node, observed))
    elif node.is_leaf:
        assert frame is not None
        found[node.legs[0]] = frame
    else:
        _decay(walker, node, mass, frame, observed, found)


def _weight(node: Node, observed: Observed) -> Tensor:
    """Jacobian of a system's decays, the same in all channels that have it."""

    def weigh() -> Tensor:
        walker = Weigher()
        _decay(walker, node, observed.mass(node.legs), None, observed, {})
        assert walker.jacobian is not None
        return walker.jacobian

    return observed.once((node.key, node.leaves), weigh)


def _decay(
    walker: Walker,
    node: Node,
    mass: Mass,
    frame: Columns | None,
    observed: Observed | None,
    found: dict[int, Columns],
) -> None:
    parts = list(node.children)
    masses = part_masses(walker, parts, mass, observed)
    rests = _flat_rests(walker, parts, masses, mass, observed)
    system = mass
    for i, part in enumerate(parts[:-1]):
        rest_legs = tuple(sorted(leg for other in parts[i + 1 :] for leg in other.legs))
        through_rest = sum(other.particles for other in parts[i + 1 :]) < part.particles
        step = _Step(part.legs, masses[i], rest_legs, rests[i], through_rest)
        first, frame = _two_bodies(walker, system, step, frame, observed)
        decay(walker, part, masses[i], first, observed, found)
        system = rests[i]
    decay(walker, parts[-1], masses[-1], frame, observed, found)


class _Step(NamedTuple):
    """A part that is split from the rest of a system.

    Attributes
    ----------
    legs, mass
        Of the part.
    rest_legs, rest
        Legs and mass of the rest.
    through_rest
        Whether the rest is lighter: the momentum of the lighter one is drawn, or looked at,
        and the other one is what is missing.  A soft particle keeps its digits that way.
    """

    legs: tuple[int, ...]
    mass: Mass
    rest_legs: tuple[int, ...]
    rest: Mass
    through_rest: bool


def _flat_rests(
    walker: Walker,
    parts: Sequence[Node],
    masses: Sequence[Mass],
    mass: Mass,
    observed: Observed | None,
) -> list[Mass]:
    """Masses of what is left after each part, spread as in flat phase space."""
    if len(parts) == 2:
        return [masses[1]]
    floors = rest_floors(masses)
    kinetic = _tensor(mass.excess - masses[0].excess - floors[1][1]).clamp(min=0)
    rests: list[Mass] = []
    for i in range(1, len(parts) - 1):
        left, excess = floors[i]
        if isinstance(walker, Forward):
            ratio, jacobian = mass_ratio(walker.polar(), len(parts) - i)
            new = kinetic * ratio.sqrt()
        else:
            assert observed is not None
            legs = tuple(sorted(leg for part in parts[i:] for leg in part.legs))
            new = _tensor(observed.mass(legs).excess - excess).clamp(min=0)
            tiny = torch.finfo(new.dtype).tiny
            ratio = (new / kinetic.clamp(min=tiny)).square().clamp(min=tiny)
            u, jacobian = mass_ratio_fraction(ratio, len(parts) - i)
            if isinstance(walker, Backward):
                walker.regular.append(u)
        m = new + left
        # ds = 2 M dM = (M/K) dK^2, and K is sqrt(ratio) times the one before.
        walker.factor(m * kinetic / ratio.sqrt() * jacobian / _TWO_PI)
        rests.append(Mass(m * m, m, new + excess))
        kinetic = new
    return [*rests, masses[-1]]


def _two_bodies(
    walker: Walker, mass: Mass, step: _Step, frame: Columns | None, observed: Observed | None
) -> tuple[Columns | None, Columns | None]:
    """Isotropic decay into a part and the rest; returns both momenta, if anybody asks for them."""
    assert isinstance(mass.m, Tensor)
    light, heavy = step.mass, step.rest
    legs, others = step.legs, step.rest_legs
    if step.through_rest:
        light, heavy, legs, others = heavy, light, others, legs
    # At rest the angle is the part's: its azimuth is the one of the event.
    sign = -1 if step.through_rest else 1
    kinematics = decay_kinematics(mass, light, heavy)
    walker.factor(kinematics.size / (_FOUR_PI * mass.m))
    if isinstance(walker, Weigher):
        return None, None
    if isinstance(walker, Backward):
        assert observed is not None
        first, second = observed.momentum(legs), observed.momentum(others)
        if frame is None:
            walker.note_polar(sign * first.z / kinematics.size)
        else:
            x, y, z = to_rest_frame(first, kinematics.energy, frame, mass.m)
            walker.note_polar(z / kinematics.size)
            walker.note_azimuth(x, y)
    else:
        cos = walker.polar()
        nx, ny, nz = direction(cos, None if frame is None else walker.azimuth())
        x, y, z = kinematics.size * nx, kinematics.size * ny, kinematics.size * nz
        if frame is None:
            x, y, z = sign * x, sign * y, sign * z
            first, second = with_mass(light.s, x, y, z), with_mass(heavy.s, -x, -y, -z)
        else:
            x, y, z = boost_momentum(kinematics.energy, x, y, z, frame, mass.m)
            first = with_mass(light.s, x, y, z)
            second = with_mass(heavy.s, frame.x - x, frame.y - y, frame.z - z)
    return (second, first) if step.through_rest else (first, second)
