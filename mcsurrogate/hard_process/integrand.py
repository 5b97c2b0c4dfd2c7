r"""The hard-process cross section as an integrand on the unit hypercube.

.. math::
   \sigma = \sum_{ab} \int dx_1 dx_2\, f_a(x_1, \mu_F) f_b(x_2, \mu_F)
            \frac{1}{2 \hat s} \int d\Phi_n\, \overline{|M_{ab}|^2}

(R. K. Ellis, W. J. Stirling, B. R. Webber, *QCD and Collider Physics*, eqs. 7.2 and 7.6).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from mcsurrogate.integration.integrand import IntegrandValue
from mcsurrogate.matrix_elements.protocol import ColouredMatrixElement
from mcsurrogate.matrix_elements.subprocesses import Subprocess, SubprocessGroup
from mcsurrogate.pdf import GridDensity
from mcsurrogate.phase_space.protocol import PhaseSpaceMapping

__all__ = ["PB_GEV2", "Amplitude", "Contributions", "HardProcess"]

PB_GEV2 = 0.3893793721718594e9
"""(hbar c)^2 in GeV^2 pb (CODATA 2018)."""


@dataclass(frozen=True, slots=True)
class Amplitude:
    """One amplitude at one assignment of the legs, and the subprocesses that share it.

    Attributes
    ----------
    matrix_element
        Of the representative process.
    permutation
        Its leg i is leg ``permutation[i]`` of the members.
    members
        Subprocesses whose luminosities multiply this amplitude.
    """

    matrix_element: ColouredMatrixElement
    permutation: tuple[int, ...]
    members: tuple[Subprocess, ...]

    @property
    def flavours(self) -> list[tuple[int, int]]:
        """PDG ids of the incoming partons of each member."""
        return [(member.pdg_ids[0], member.pdg_ids[1]) for member in self.members]


@dataclass(frozen=True, slots=True)
class Contributions:
    """A batch of phase-space points and what each amplitude contributes there.

    Attributes
    ----------
    momenta
        ``(N, n, 4)`` [E, px, py, pz] in GeV, laboratory frame.
    x1, x2
        ``(N,)`` momentum fractions.
    weights
        ``(N, A)`` differential cross section d sigma / du in pb of each of the A amplitudes.
    luminosities
        A tensors ``(N, members)``: products of parton densities, whose sums are in
        ``weights``.
    """

    momenta: Tensor
    x1: Tensor
    x2: Tensor
    weights: Tensor
    luminosities: list[Tensor]


class HardProcess:
    """Differential cross section of a process, in one channel of the phase space.

    Fulfils :class:`mcsurrogate.integration.Integrand`; weights are in pb.

    Parameters
    ----------
    groups
        Subprocesses with their amplitudes.
    mapping
        From the unit hypercube to phase-space points.
    pdf
        Parton densities of both beams; None for partonic beams, whose x is one.
    alpha_s
        Strong coupling at the renormalisation scale.
    factorization_scale
        Factorisation scale in GeV.
    periodic
        For each dimension of the mapping whether it is a circle.
    """

    channels = 1

    def __init__(
        self,
        groups: Sequence[tuple[SubprocessGroup, ColouredMatrixElement]],
        mapping: PhaseSpaceMapping,
        pdf: GridDensity | None,
        alpha_s: float,
        factorization_scale: float,
        periodic: tuple[bool, ...],
    ) -> None:
        self.mapping = mapping
        self.pdf = pdf
        self.alpha_s = alpha_s
        self.factorization_scale = factorization_scale
        self.dim = mapping.dim
        self.names: tuple[str, ...] = ("all",)
        self.periodic = periodic
        self.amplitudes = tuple(
            Amplitude(
                amplitude,
                permutation,
                tuple(m for m in group.members if m.permutation == permutation),
            )
            for group, amplitude in groups
            for permutation in group.permutations
        )

    def __call__(self, u: Tensor, channel: Tensor) -> IntegrandValue:  # noqa: ARG002
        """Return d sigma / du in pb at ``u`` ``(N, dim)``; there is one channel."""
        return IntegrandValue(self.contributions(u).weights.sum(dim=1))

    def contributions(self, u: Tensor) -> Contributions:
        """Evaluate all amplitudes and luminosities at ``u`` ``(N, dim)``."""
        point = self.mapping.forward(u)
        momenta, x1, x2 = point.momenta, point.x1, point.x2
        total = momenta[:, 0] + momenta[:, 1]
        s_hat = total[:, 0] ** 2 - total[:, 1:].square().sum(dim=1)
        # dx1 dx2 is in the jacobian; 1/(x1 x2) turns the products of x f into those of f.
        common = PB_GEV2 * point.jacobian / (2 * s_hat * x1 * x2)
        weights, luminosities = [], []
        for amplitude in self.amplitudes:
            squared = amplitude.matrix_element(
                momenta[:, list(amplitude.permutation)], self.alpha_s
            )
            luminosity = self._luminosity(amplitude, x1, x2)
            luminosities.append(luminosity)
            weights.append(common * squared * luminosity.sum(dim=1))
        return Contributions(momenta, x1, x2, torch.stack(weights, dim=1), luminosities)

    def _luminosity(self, amplitude: Amplitude, x1: Tensor, x2: Tensor) -> Tensor:
        if self.pdf is None:
            return x1.new_ones(len(x1), len(amplitude.members))
        return self.pdf.luminosity(amplitude.flavours, x1, x2, self.factorization_scale)
