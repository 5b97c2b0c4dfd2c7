# SPDX-License-Identifier: GPL-3.0-or-later
r"""Phase space in transverse momenta, rapidities and azimuths of the outgoing particles.

Cuts of hadron colliders are cuts on transverse momenta and rapidities, amplitudes are smooth in
them, and both momentum fractions follow from the particles:

.. math::
   dx_1 dx_2\, d\Phi_n = \frac{(2\pi)^{4-3n}}{2^{2n-2} s}
       \prod_{i<n} dp_{T,i}^2\, d\phi_i \prod_{i \le n} dy_i, \qquad
   x_{1,2} = \sum_i \frac{m_{T,i}}{\sqrt s} e^{\pm y_i}

where the last particle balances the transverse momenta (E. Byckling, K. Kajantie, *Particle
Kinematics* (1973), chapter VI; E. Bothmann et al., arXiv:2302.10449, section 2).  One such map
takes the place of all channels of diagrams that have no resonance.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from mcsurrogate.errors import PhaseSpaceError
from mcsurrogate.phase_space.frames import azimuth_fraction
from mcsurrogate.phase_space.invariants import PowerLaw
from mcsurrogate.phase_space.mapping import Bounds
from mcsurrogate.phase_space.protocol import PhaseSpacePoint

__all__ = ["TransverseMapping"]

Masses = Sequence[Tensor | float]

_TWO_PI = 2 * math.pi
_LIGHT_POWER, _HEAVY_POWER = 1.5, 2.0
_ANCHOR_WIDTH, _HEAVY_WIDTH, _LIGHT_WIDTH, _RADIATED_WIDTH = 2.0, 1.0, 1.5, 1.5
_UNCUT = 10.0
"""GeV: where the spectrum of a massless particle without a cut turns over."""


class TransverseMapping:
    r"""Differentiable, invertible map to hadron collisions without resonances.

    Transverse momenta start at their cuts and rapidities end at theirs.  The two heaviest
    particles share what balances the others, :math:`p = Q/2 \pm k`; where two particles radiate
    all others off their lines, as two quarks do with W bosons, it is these two, and each of the
    others has a rapidity close to that of one of them.  Azimuths are relative to the
    first particle, or to Q, and rapidities to those drawn before, so that what the amplitude
    depends on lies along axes of the hypercube: first the transverse momenta, then the rapidities,
    last n - 1 azimuths, the first of which turns the whole event.

    Parameters
    ----------
    final_masses
        Masses of the outgoing legs 2, 3, ... in GeV.
    sqrt_s
        Energy of the hadrons in GeV.
    bounds
        What the cuts leave.
    radiated
        Outgoing legs, counted from 0, that the two others radiate: massive, without a cut on
        their transverse momentum.  None by default.

    Attributes
    ----------
    dim, names, periodic
        Number of dimensions of the hypercube, their names, and which are circles.
    reflections
        The dimensions that an exchange of the beams takes to 1 - u (all rapidities), and those
        that a reflection at a plane through the beams does (all azimuths).
    constant
        The dimension that turns the whole event about the beams.

    Raises
    ------
    PhaseSpaceError
        Masses or energies are impossible.
    """

    def __init__(
        self,
        final_masses: Sequence[float],
        sqrt_s: float,
        bounds: Bounds,
        radiated: Sequence[int] = (),
    ) -> None:
        n = len(final_masses)
        if n < 2:
            raise PhaseSpaceError(f"{n} final masses; at least two bodies are needed")
        if not all(0 <= m < math.inf for m in final_masses):
            raise PhaseSpaceError(f"final masses {tuple(final_masses)} GeV: none may be negative")
        self.masses = tuple(map(float, final_masses))
        self.sqrt_s = float(sqrt_s)
        self._least = [bounds.least_transverse_momentum(leg + 2) for leg in range(n)]
        self._most_rapidity = [bounds.largest_rapidity(leg + 2) for leg in range(n)]
        least = sum(map(math.hypot, self.masses, self._least))
        if not least < sqrt_s < math.inf:
            raise PhaseSpaceError(
                f"{sqrt_s:g} GeV are not enough: final state and cuts need {least:g} GeV"
            )
        heavy = [leg for leg in range(n) if self.masses[leg] > 0 and self._least[leg] == 0]
        light = [leg for leg in range(n) if leg not in heavy]
        self.radiated = tuple(radiated)
        if self.radiated:
            if n - len(self.radiated) != 2 or sorted(self.radiated) != heavy:
                raise PhaseSpaceError(
                    f"legs {self.radiated} cannot be radiated: all massive legs without a cut on "
                    f"their transverse momentum must be, here {tuple(heavy)}, and two others remain"
                )
            self._order = (*heavy, *light)
            self._pair = True
            turn_over = max(self._least[light[0]], self._least[light[1]]) or _UNCUT
            relative = (PowerLaw(_LIGHT_POWER, -(turn_over**2)), 0.0)
            self._maps = [*map(self._spectrum, heavy), relative]
            self._rapidity_order = (
                *((leg, (), _ANCHOR_WIDTH) for leg in light),
                *((leg, (light[i % 2],), _RADIATED_WIDTH) for i, leg in enumerate(heavy)),
            )
        else:
            self._order = (*light, *heavy)
            self._pair = len(heavy) >= 2
            self._maps = [self._spectrum(leg) for leg in self._order[:-1]]
            self._rapidity_order = self._rapidities(heavy, light)
        self.dim = 3 * n - 2
        self.periodic = (False,) * (2 * n - 1) + (True,) * (n - 1)
        self.constant = (2 * n - 1,)
        sides = (tuple(range(n - 1, 2 * n - 1)), tuple(range(2 * n, self.dim)))
        self.reflections = tuple(side for side in sides if side)
        self.names = (
            *(f"pt_{leg + 2}" for leg in self._order[:-1]),
            *(f"y_{leg + 2}" for leg, _, _ in self._rapidity_order),
            *(f"phi_{leg + 2}" for leg in self._order[:-1]),
        )
        self._factor = _TWO_PI ** (3 - 2 * n) / (4 ** (n - 1) * self.sqrt_s**2)

    def _spectrum(self, leg: int) -> tuple[PowerLaw, float]:
        """Map of the squared transverse momentum, and its least value in GeV^2."""
        mass, least = self.masses[leg], self._least[leg]
        if mass > 0:
            return PowerLaw(_HEAVY_POWER, -mass * mass), least**2
        return PowerLaw(_LIGHT_POWER, 0.0 if least > 0 else -(_UNCUT**2)), least**2

    @staticmethod
    def _rapidities(
        heavy: list[int], light: list[int]
    ) -> tuple[tuple[int, tuple[int, ...], float], ...]:
        """Legs in the order in which rapidities are drawn, each with those it is relative to."""
        rows: list[tuple[int, tuple[int, ...], float]] = []
        for i, leg in enumerate(heavy):
            rows.append((leg, tuple(heavy[:i]), _HEAVY_WIDTH if i else _ANCHOR_WIDTH))
        for i, leg in enumerate(light):
            about = (light[0],) if i else tuple(heavy)
            rows.append((leg, about, _LIGHT_WIDTH if about else _ANCHOR_WIDTH))
        return tuple(rows)

    def forward(self, u: Tensor, masses: Masses | None = None) -> PhaseSpacePoint:
        """Map ``u`` of shape ``(N, dim)`` in [0, 1] to phase-space points.

        The jacobian is zero where transverse masses use up the energy of the beams.  `masses` take
        the place of the final ones, a number or ``(N,)`` each: those are then typical values.
        """
        if u.ndim != 2 or u.shape[1] != self.dim:
            raise PhaseSpaceError(f"points of shape {tuple(u.shape)}, expected (N, {self.dim})")
        n = len(self.masses)
        columns = u.t().contiguous().unbind(0)
        jacobian = torch.full_like(columns[0], self._factor)
        px: list[Tensor] = [u.new_zeros(len(u))] * n
        py = list(px)
        sum_x, sum_y = torch.zeros_like(jacobian), torch.zeros_like(jacobian)
        for i, leg in enumerate(self._order[:-1]):
            spectrum, low = self._maps[i]
            distance, slope = spectrum.forward(columns[i], *self._limits(jacobian, low))
            jacobian = jacobian * slope
            size = (low + distance).sqrt()
            phi = _TWO_PI * columns[2 * n - 1 + i]
            x, y = size * torch.cos(phi), size * torch.sin(phi)
            x, y = _turn(x, y, *self._reference(i, px, py, sum_x, sum_y))
            if self._pair and i == n - 2:
                x, y = x - 0.5 * sum_x, y - 0.5 * sum_y
            px[leg], py[leg] = x, y
            sum_x, sum_y = sum_x + x, sum_y + y
        px[self._order[-1]], py[self._order[-1]] = -sum_x, -sum_y
        mt = _transverse_masses(px, py, masses or self.masses)
        return self._longitudinal(columns[n - 1 : 2 * n - 1], px, py, mt, jacobian)

    def _longitudinal(
        self,
        columns: Sequence[Tensor],
        px: list[Tensor],
        py: list[Tensor],
        mt: list[Tensor],
        jacobian: Tensor,
    ) -> PhaseSpacePoint:
        """Draw rapidities; beams and momenta follow."""
        plus, minus = torch.zeros_like(jacobian), torch.zeros_like(jacobian)
        rapidity: dict[int, Tensor] = {}
        for u, row in zip(columns, self._rapidity_order, strict=True):
            leg, _, width = row
            low, high = self._range(leg, mt[leg], plus, minus)
            centre = _centre(row, rapidity, jacobian)
            start = torch.atan((low - centre) / width)
            angle = (torch.atan((high - centre) / width) - start).clamp(min=0)
            tangent = torch.tan(start + u * angle)
            jacobian = jacobian * angle * width * (1 + tangent * tangent)
            y = torch.minimum(torch.maximum(centre + width * tangent, low), high)
            rapidity[leg] = y
            plus, minus = plus + mt[leg] * y.exp(), minus + mt[leg] * (-y).exp()
        inside = (plus < self.sqrt_s) & (minus < self.sqrt_s)
        x1, x2 = (plus / self.sqrt_s).clamp(max=1), (minus / self.sqrt_s).clamp(max=1)
        half, zero = 0.5 * self.sqrt_s, torch.zeros_like(x1)
        legs = range(len(self.masses))
        up = [mt[leg] * rapidity[leg].exp() for leg in legs]
        down = [mt[leg] * (-rapidity[leg]).exp() for leg in legs]
        rows = (
            [half * x1, half * x2, *(0.5 * (a + b) for a, b in zip(up, down, strict=True))],
            [zero, zero, *px],
            [zero, zero, *py],
            [half * x1, -half * x2, *(0.5 * (a - b) for a, b in zip(up, down, strict=True))],
        )
        momenta = torch.stack([torch.stack(row) for row in rows]).permute(2, 1, 0)
        return PhaseSpacePoint(momenta, x1, x2, torch.where(inside, jacobian, 0.0))

    def inverse(
        self,
        momenta: Tensor,
        x1: Tensor,  # noqa: ARG002
        x2: Tensor,  # noqa: ARG002
        masses: Masses | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Return ``u`` of shape ``(N, dim)`` and the jacobian of ``forward`` there."""
        n = len(self.masses)
        energy, x, y, z = momenta[:, 2:].permute(2, 1, 0).contiguous().unbind(0)
        jacobian = torch.full_like(energy[0], self._factor)
        px, py = list(x.unbind(0)), list(y.unbind(0))
        sum_x, sum_y = torch.zeros_like(jacobian), torch.zeros_like(jacobian)
        radial: list[Tensor] = []
        azimuths: list[Tensor] = []
        for i, leg in enumerate(self._order[:-1]):
            a, b = px[leg], py[leg]
            if self._pair and i == n - 2:
                a, b = a + 0.5 * sum_x, b + 0.5 * sum_y
            spectrum, low = self._maps[i]
            distance = (a * a + b * b - low).clamp(min=0)
            fraction, slope = spectrum.inverse(distance, *self._limits(jacobian, low))
            radial.append(fraction)
            jacobian = jacobian * slope
            cos, sin = self._reference(i, px, py, sum_x, sum_y)
            azimuths.append(azimuth_fraction(*_turn(a, b, cos, -sin)))
            sum_x, sum_y = sum_x + px[leg], sum_y + py[leg]
        mt = _transverse_masses(px, py, masses or self.masses)
        plus, minus = torch.zeros_like(jacobian), torch.zeros_like(jacobian)
        rapidity: dict[int, Tensor] = {}
        polar: list[Tensor] = []
        for row in self._rapidity_order:
            leg, _, width = row
            low_y, high_y = self._range(leg, mt[leg], plus, minus)
            rapidity[leg] = torch.asinh(z[leg] / mt[leg])
            centre = _centre(row, rapidity, jacobian)
            start = torch.atan((low_y - centre) / width)
            angle = (torch.atan((high_y - centre) / width) - start).clamp(min=0)
            tangent = (rapidity[leg] - centre) / width
            tiny = torch.finfo(angle.dtype).tiny
            polar.append((torch.atan(tangent) - start) / angle.clamp(min=tiny))
            jacobian = jacobian * angle * width * (1 + tangent * tangent)
            plus = plus + energy[leg] + z[leg]
            minus = minus + energy[leg] - z[leg]
        u = torch.stack([*radial, *polar, *azimuths], dim=1)
        return u.clamp(0, 1), jacobian

    def _limits(self, like: Tensor, low: float) -> tuple[Tensor, Tensor]:
        """Lower limit and range of a squared transverse momentum."""
        return torch.full_like(like, low), torch.full_like(like, (0.5 * self.sqrt_s) ** 2 - low)

    def _reference(
        self, i: int, px: list[Tensor], py: list[Tensor], sum_x: Tensor, sum_y: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Cosine and sine of the azimuth that the i-th one is relative to."""
        if i == 0:
            return torch.ones_like(sum_x), torch.zeros_like(sum_x)
        if self._pair and i == len(self.masses) - 2:
            x, y = -sum_x, -sum_y
        else:
            x, y = px[self._order[0]], py[self._order[0]]
        size = (x * x + y * y).clamp(min=torch.finfo(x.dtype).tiny).sqrt()
        return x / size, y / size

    def _range(self, leg: int, mt: Tensor, plus: Tensor, minus: Tensor) -> tuple[Tensor, Tensor]:
        """Limits of a rapidity by its cut and by the energy that the beams have left."""
        most = self._most_rapidity[leg]
        tiny = torch.finfo(mt.dtype).tiny
        high = ((self.sqrt_s - plus).clamp(min=tiny) / mt).log().clamp(max=most)
        low = -((self.sqrt_s - minus).clamp(min=tiny) / mt).log().clamp(max=most)
        return low, torch.maximum(low, high)


def _transverse_masses(px: list[Tensor], py: list[Tensor], masses: Masses) -> list[Tensor]:
    return [(x * x + y * y + m * m).sqrt() for x, y, m in zip(px, py, masses, strict=True)]


def _turn(x: Tensor, y: Tensor, cos: Tensor, sin: Tensor) -> tuple[Tensor, Tensor]:
    return cos * x - sin * y, sin * x + cos * y


def _centre(
    row: tuple[int, tuple[int, ...], float], rapidity: dict[int, Tensor], like: Tensor
) -> Tensor:
    """Mean rapidity of the particles that one is relative to."""
    about = row[1]
    if not about:
        return torch.zeros_like(like)
    total = torch.stack([rapidity[leg] for leg in about]).sum(dim=0)
    return total / len(about)
