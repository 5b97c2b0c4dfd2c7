r"""Two massive bodies from a hadron collision or a partonic one.

.. math::
   d\Phi_2 = \frac{\lambda^{1/2}(\hat s, m_3^2, m_4^2)}{8\pi\hat s}
             \frac{d\cos\theta}{2}\frac{d\phi}{2\pi}

(Particle Data Group, Review of Particle Physics 2024, eq. 49.12).
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from mcsurrogate.errors import PhaseSpaceError
from mcsurrogate.kinematics import two_body_momentum
from mcsurrogate.phase_space.invariants import InvariantMap, PowerLaw
from mcsurrogate.phase_space.luminosity import Beams, Luminosity
from mcsurrogate.phase_space.protocol import PhaseSpacePoint

__all__ = ["HadronicPhaseSpace"]


class HadronicPhaseSpace:
    """Phase space of two bodies: tau, rapidity, polar angle, azimuth.

    The dimensions are the partonic energy and the rapidity of the system (for hadrons), the
    cosine of the polar angle in the partonic rest frame, and the azimuth, which is periodic.

    Parameters
    ----------
    sqrt_s
        Energy of the collision in GeV: of the hadrons, or of the partons.
    final_masses
        Two masses in GeV.
    hadronic
        Whether the partons carry fractions of the beams; x1 = x2 = 1 otherwise, and the first
        two dimensions are missing.
    s_min
        Least partonic mass squared in GeV^2; the threshold where None.
    invariant
        Map of the partonic mass squared, the power law 1/s^2 where None.

    Raises
    ------
    PhaseSpaceError
        Masses or energies are impossible.
    """

    def __init__(
        self,
        sqrt_s: float,
        final_masses: Sequence[float],
        *,
        hadronic: bool = True,
        s_min: float | None = None,
        invariant: InvariantMap | None = None,
    ) -> None:
        if len(final_masses) != 2:
            raise PhaseSpaceError(
                f"{len(final_masses)} final masses; this phase space is for two bodies"
            )
        self.masses = float(final_masses[0]), float(final_masses[1])
        if not all(0 <= m < math.inf for m in self.masses):
            raise PhaseSpaceError(f"final masses {self.masses} GeV: none may be negative")
        threshold = sum(self.masses) ** 2
        lowest = threshold if s_min is None else max(threshold, s_min)
        if not lowest < sqrt_s * sqrt_s < math.inf:
            raise PhaseSpaceError(
                f"beams of {sqrt_s:g} GeV are below the threshold of {math.sqrt(lowest):g} GeV"
            )
        self.sqrt_s = sqrt_s
        self.luminosity: Luminosity | None = None
        if hadronic:
            if lowest == 0:
                raise PhaseSpaceError(
                    "two massless bodies need a least partonic mass: give s_min in GeV^2"
                )
            self.luminosity = Luminosity(sqrt_s, lowest, invariant or PowerLaw(2.0))
        self.dim = 4 if hadronic else 2
        self.names = (("tau", "rapidity") if hadronic else ()) + ("cos_theta", "phi")
        self.periodic = (False,) * (self.dim - 1) + (True,)

    def forward(self, u: Tensor) -> PhaseSpacePoint:
        """Map ``u`` of shape ``(N, dim)`` in [0, 1] to phase-space points."""
        if u.ndim != 2 or u.shape[1] != self.dim:
            raise PhaseSpaceError(f"points of shape {tuple(u.shape)}, expected (N, {self.dim})")
        beams = self._beams(u)
        m3, m4 = self.masses
        size = two_body_momentum(beams.s, m3, m4)
        cos = 2 * u[:, -2] - 1
        # From u itself: 1 - cos^2 would lose digits along the beam.
        transverse = size * 2 * (u[:, -2] * (1 - u[:, -2])).sqrt()
        phi = 2 * math.pi * u[:, -1]
        px, py, pz = transverse * torch.cos(phi), transverse * torch.sin(phi), size * cos
        e3, e4 = (size**2 + m3**2).sqrt(), (size**2 + m4**2).sqrt()
        stretch = (beams.x1 / beams.x2).sqrt()
        half = 0.5 * self.sqrt_s
        zero = torch.zeros_like(px)
        legs = (
            (half * beams.x1, zero, zero, half * beams.x1),
            (half * beams.x2, zero, zero, -half * beams.x2),
            _boosted(e3, px, py, pz, stretch),
            _boosted(e4, -px, -py, -pz, stretch),
        )
        momenta = torch.stack([component for leg in legs for component in leg], dim=1)
        jacobian = beams.jacobian * size / (4 * math.pi * beams.s.sqrt())
        return PhaseSpacePoint(momenta.view(-1, 4, 4), beams.x1, beams.x2, jacobian)

    def inverse(self, momenta: Tensor, x1: Tensor, x2: Tensor) -> tuple[Tensor, Tensor]:
        """Return ``u`` of shape ``(N, dim)`` and the jacobian of ``forward`` there."""
        if self.luminosity is None:
            s = torch.full_like(x1, self.sqrt_s**2)
            parts, beams = [], Beams(x1, x2, s, torch.ones_like(s))
        else:
            first, beams = self.luminosity.inverse(x1, x2)
            parts = [first]
        m3, m4 = self.masses
        size = two_body_momentum(beams.s, m3, m4)
        stretch = (x1 / x2).sqrt()
        e, px, py, pz = momenta[:, 2].unbind(dim=1)
        pz = 0.5 * ((e + pz) / stretch - (e - pz) * stretch)
        # Through the half angle, accurate at both ends.
        transverse = torch.hypot(px, py)
        polar = torch.atan2(transverse, pz)
        parts.append(torch.cos(0.5 * polar).square().unsqueeze(1))
        phi = torch.atan2(py, px) / (2 * math.pi)
        parts.append(torch.where(phi < 0, phi + 1, phi).unsqueeze(1))
        jacobian = beams.jacobian * size / (4 * math.pi * beams.s.sqrt())
        return torch.cat(parts, dim=1), jacobian

    def _beams(self, u: Tensor) -> Beams:
        if self.luminosity is not None:
            return self.luminosity.forward(u[:, :2])
        one = torch.ones_like(u[:, 0])
        return Beams(one, one, one * self.sqrt_s**2, one)


def _boosted(
    e: Tensor, px: Tensor, py: Tensor, pz: Tensor, stretch: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Boost along z by the factor ``stretch`` of the light-cone component E + pz."""
    plus, minus = (e + pz) * stretch, (e - pz) / stretch
    return 0.5 * (plus + minus), px, py, 0.5 * (plus - minus)
