"""Systems that decay: masses of their parts, then isotropic two-body steps."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from mcsurrogate.phase_space.flat_masses import mass_ratio, mass_ratio_fraction
from mcsurrogate.phase_space.frames import Columns, boost_momentum, to_rest_frame, with_mass
from mcsurrogate.phase_space.tree import Node
from mcsurrogate.phase_space.two_body import decay_kinematics, direction
from mcsurrogate.phase_space.walk import Backward, Forward, Mass, Observed, Walker

__all__ = ["decay", "part_masses"]

_TWO_PI = 2 * math.pi
_FOUR_PI = 4 * math.pi
_RESOLUTION = 1e-6  # GeV: a system of massless particles is no lighter, or its frame is lost


def part_masses(
    walker: Walker, parts: Sequence[Node], root: Tensor, observed: Observed | None
) -> list[Mass]:
    """Masses of the parts of a system, drawn one after the other.

    Parameters
    ----------
    walker
        Direction of the mapping.
    parts
        The parts.
    root
        Mass of the system in GeV, ``(N,)``.
    observed
        The events, backwards.
    """
    masses: list[Mass] = []
    taken: Tensor | float = sum(part.least for part in parts)
    for part in parts:
        if part.invariant is None:
            masses.append(Mass(part.least**2, part.least))
            continue
        known = None if observed is None else observed.mass(part.legs).s
        assert known is None or isinstance(known, Tensor)
        low = torch.full_like(root, max(part.least, _RESOLUTION) ** 2)
        free = root - (taken - part.least)
        width = (free * free - low).clamp(min=0)
        s = low + walker.invariant(
            part.invariant, low, width, None if known is None else known - low
        )
        walker.factor(torch.full_like(s, 1 / _TWO_PI))
        masses.append(Mass(s, s.sqrt()))
        taken = taken - part.least + masses[-1].m
    return masses


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
        Receives the momentum of every particle by leg.
    """
    if node.is_leaf:
        assert frame is not None
        found[node.legs[0]] = frame
        return
    assert isinstance(mass.s, Tensor)
    assert isinstance(mass.m, Tensor)
    parts = list(node.children)
    masses = part_masses(walker, parts, mass.m, observed)
    rests = _flat_rests(walker, parts, masses, mass, observed)
    system = mass
    for i, part in enumerate(parts[:-1]):
        rest_legs = tuple(sorted(leg for other in parts[i + 1 :] for leg in other.legs))
        step = _Step(part.legs, masses[i], rest_legs, rests[i])
        first, frame = _two_bodies(walker, system, step, frame, observed)
        decay(walker, part, masses[i], first, observed, found)
        system = rests[i]
    decay(walker, parts[-1], masses[-1], frame, observed, found)


class _Step:
    """A system of mass ``rest`` and one part that it is split from."""

    __slots__ = ("legs", "mass", "rest", "rest_legs")

    def __init__(
        self, legs: tuple[int, ...], mass: Mass, rest_legs: tuple[int, ...], rest: Mass
    ) -> None:
        self.legs = legs
        self.mass = mass
        self.rest_legs = rest_legs
        self.rest = rest


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
    assert isinstance(mass.m, Tensor)
    left: Tensor | float = sum((m.m for m in masses), start=0.0)
    kinetic = mass.m - left
    rests: list[Mass] = []
    for i in range(1, len(parts) - 1):
        left = left - masses[i - 1].m
        if isinstance(walker, Forward):
            ratio, jacobian = mass_ratio(walker.polar(), len(parts) - i)
            new = kinetic * ratio.sqrt()
            m = (new + left).clamp(min=_RESOLUTION)
        else:
            assert observed is not None
            legs = tuple(sorted(leg for part in parts[i:] for leg in part.legs))
            known = observed.mass(legs).m
            assert isinstance(known, Tensor)
            m, new = known, (known - left).clamp(min=0)
            tiny = torch.finfo(new.dtype).tiny
            ratio = (new / kinetic.clamp(min=tiny)).square().clamp(min=tiny)
            u, jacobian = mass_ratio_fraction(ratio, len(parts) - i)
            walker.regular.append(u)
        # ds = 2 M dM = (M/K) dK^2, and K is sqrt(ratio) times the one before.
        walker.factor(m * kinetic / ratio.sqrt() * jacobian / _TWO_PI)
        rests.append(Mass(m * m, m))
        kinetic = new
    return [*rests, masses[-1]]


def _two_bodies(
    walker: Walker, mass: Mass, step: _Step, frame: Columns | None, observed: Observed | None
) -> tuple[Columns, Columns]:
    """Isotropic decay into a part and the rest; returns both momenta."""
    assert isinstance(mass.s, Tensor)
    assert isinstance(mass.m, Tensor)
    kinematics = decay_kinematics(mass.s, mass.m, step.mass.s, step.mass.m, step.rest.m)
    walker.factor(kinematics.size / (_FOUR_PI * mass.m))
    if isinstance(walker, Backward):
        assert observed is not None
        first, second = observed.momentum(step.legs), observed.momentum(step.rest_legs)
        if frame is None:
            walker.note_polar(first.z / kinematics.size)
        else:
            x, y, z = to_rest_frame(first, kinematics.energy, frame, mass.m)
            walker.note_polar(z / kinematics.size)
            walker.note_azimuth(x, y)
        return first, second
    cos = walker.polar()
    nx, ny, nz = direction(cos, None if frame is None else walker.azimuth())
    x, y, z = kinematics.size * nx, kinematics.size * ny, kinematics.size * nz
    if frame is None:
        return with_mass(step.mass.s, x, y, z), with_mass(step.rest.s, -x, -y, -z)
    x, y, z = boost_momentum(kinematics.energy, x, y, z, frame, mass.m)
    first = with_mass(step.mass.s, x, y, z)
    return first, with_mass(step.rest.s, frame.x - x, frame.y - y, frame.z - z)
