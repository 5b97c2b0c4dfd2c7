# SPDX-License-Identifier: GPL-3.0-or-later
r"""Cuts on the masses of resonances, which belong to a process rather than to what is measured.

In a decay chain every resonance is within ``bwcutoff`` widths of its mass,
:math:`|m - M| < B\,\Gamma`; a particle after ``$`` is not, wherever a diagram has it in an
s-channel.  Both are MadGraph's, whose default is B = 15.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from mcsurrogate.errors import ProcessError
from mcsurrogate.kinematics import invariant_mass_squared
from mcsurrogate.matrix_elements import (
    Process,
    StandardModel,
    as_number,
    diagrams,
    particle_by_pdg,
    propagator_rules,
    resolved_widths,
)
from mcsurrogate.phase_space import Cuts

__all__ = ["MassWindow", "WindowedCuts", "closed_window", "mass_windows", "within"]


@dataclass(frozen=True, slots=True)
class MassWindow:
    """Masses around that of a resonance.

    Attributes
    ----------
    legs
        Outgoing legs that it decays into.
    minimum, maximum
        Limits in GeV.
    inside
        Whether events inside pass, or those outside.
    pdg
        PDG id of the resonance, which tells no windows apart.
    """

    legs: tuple[int, ...]
    minimum: float
    maximum: float
    inside: bool
    pdg: int = field(default=0, compare=False)

    def __call__(self, momenta: Tensor) -> Tensor:
        """Tell which events ``(N, n, 4)`` in GeV pass."""
        total = momenta[:, list(self.legs)].sum(dim=1)
        mass = invariant_mass_squared(total).clamp(min=0).sqrt()
        found = (mass > self.minimum) & (mass < self.maximum)
        return found if self.inside else ~found


class WindowedCuts(Cuts):
    """Cuts whose bounds know that resonances are inside their windows.

    Parameters
    ----------
    cuts
        The cuts.
    windows
        That every event passes.
    """

    def __init__(self, cuts: Cuts, windows: Iterable[MassWindow]) -> None:
        super().__init__(
            cuts.pdg_ids,
            cuts.cuts,
            masses=cuts.masses,
            jets=cuts.jets,
            isolation=cuts.isolation,
            functions=cuts.functions,
        )
        inside = [window for window in windows if window.inside]
        self._windows = sorted(inside, key=lambda window: -len(window.legs))

    def least_mass(self, legs: frozenset[int]) -> float:
        """Least mass in GeV of a set of outgoing legs, resonances among them."""
        total, rest = 0.0, set(legs)
        for window in self._windows:  # the largest first: those inside it are in its own bound
            if rest.issuperset(window.legs) and legs != frozenset(window.legs):
                total += self.least_mass(frozenset(window.legs))
                rest -= set(window.legs)
        total += sum(self.masses[leg - 2] for leg in rest)
        own = [window.minimum for window in self._windows if legs == frozenset(window.legs)]
        return max(super().least_mass(legs), total, *own, 0.0)


def within(windows: Iterable[MassWindow], momenta: Tensor) -> Tensor:
    """Tell which events ``(N, n, 4)`` pass all windows."""
    passed = torch.ones(len(momenta), dtype=torch.bool, device=momenta.device)
    for window in windows:
        passed &= window(momenta.detach())
    return passed


def mass_windows(
    process: Process, permutation: tuple[int, ...], model: StandardModel, bwcutoff: float
) -> tuple[MassWindow, ...]:
    """Return the windows of a process.

    Parameters
    ----------
    process
        The representative of its group.
    permutation
        Its leg i is leg ``permutation[i]`` of the events.
    model
        Masses and widths.
    bwcutoff
        Half the width of a window, in widths of the resonance.

    Raises
    ------
    ProcessError
        A resonance has no width.
    """
    found = [(item.pdg, item.legs, True) for item in process.resonances]
    found += [(pdg, legs, False) for pdg, legs in _s_channels(process)]
    windows = []
    resolved, _ = resolved_widths(process, model)
    for pdg, legs, inside in found:
        particle = particle_by_pdg(pdg)
        mass = as_number(particle.mass(model))
        width = as_number(particle.resonance_width(resolved) if inside else particle.width(model))
        if width == 0:
            raise ProcessError(
                f"{process.name}: {particle.name} has no width in [model], and a decay, or what "
                "follows '$', is told by it; give it one, 'auto' for that of its decays"
            )
        half = bwcutoff * width
        placed = tuple(sorted(permutation[leg] for leg in legs))
        windows.append(MassWindow(placed, max(mass - half, 0.0), mass + half, inside, pdg))
    return tuple(windows)


def _s_channels(process: Process) -> list[tuple[int, tuple[int, ...]]]:
    """Particles after ``$`` and the legs of their s-channels, in any diagram."""
    if not process.off_shell and not any(r.restrictions.off_shell for r in process.resonances):
        return []
    lines = {line for diagram in diagrams(process) for line in diagram.lines}
    rules = propagator_rules(process)
    return [
        (pdg, line.legs)
        for line in sorted(lines)
        for pdg in sorted(rules.off_shell(line.legs))
        if abs(pdg) == line.pdg
        if _charge(process, line.legs) == particle_by_pdg(pdg).charge3
    ]


def _charge(process: Process, legs: tuple[int, ...]) -> int:
    return sum(particle_by_pdg(process.pdg_ids[leg]).charge3 for leg in legs)


def closed_window(windows: Iterable[MassWindow], cuts: Cuts) -> tuple[MassWindow, float] | None:
    """Return a resonance that cannot be inside its window, and the least mass of its products.

    Parameters
    ----------
    windows
        Of one amplitude.
    cuts
        Of the process.

    Returns
    -------
    tuple or None
        The window and a mass in GeV; None if all are possible.
    """
    inside = [window for window in windows if window.inside]
    bounds = WindowedCuts(cuts, inside)
    for window in inside:
        least = bounds.least_mass(frozenset(window.legs))
        if least >= window.maximum:
            return window, least
    return None
