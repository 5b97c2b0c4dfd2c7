# SPDX-License-Identifier: GPL-3.0-or-later
r"""Spin correlations of top pairs in their leptons, from the amplitude of the decay chain.

With the angle :math:`\varphi` between the leptons, each in the rest frame of its top (which is
reached from the rest frame of the pair), :math:`d\sigma/d\cos\varphi \propto 1 - D \cos\varphi`.
"""

import math

import pytest
import torch
from torch import Tensor

from mcsurrogate.cards import RunCard
from mcsurrogate.hard_process import HardProcess, assemble
from mcsurrogate.integration import integrate
from mcsurrogate.kinematics import delta_phi, mass_squared
from mcsurrogate.matrix_elements import Process, matrix_element, particle_by_pdg

pytestmark = pytest.mark.slow

TOP = 173.0
CHAIN = "p p > t t~, (t > w+ b, w+ > e+ ve), (t~ > w- b~, w- > mu- vm~)"
LEGS = (-11, 12, 5, 13, -14, -5)


def build(definition: str, **model: float) -> HardProcess:
    return assemble(
        RunCard.model_validate(
            {
                "seed": 5,
                "process": {"definition": definition, "light_flavours": 4},
                "beams": {"sqrt_s": 13000.0, "pdf": "NNPDF23_lo_as_0130_qed"},
                "scales": {"renormalization": TOP, "factorization": TOP},
                "model": model,
            }
        )
    )


def weighted(process: HardProcess, points: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Momenta, weights, parts of the amplitudes and couplings of a sample."""
    result = integrate(process, evaluations=60_000, seed=1, method="vegas")
    drawn = result.sampler.sample(points, torch.Generator().manual_seed(2))
    found = process.contributions(drawn.u, drawn.channel)
    parts = found.weights / found.weights.sum(dim=1, keepdim=True)
    kept = found.accepted
    return found.momenta[kept], drawn.weight[kept], parts, found.alpha_s


def mean(value: Tensor, weight: Tensor) -> tuple[float, float]:
    centre = float((weight * value).sum() / weight.sum())
    return centre, float((weight * (value - centre)).square().sum().sqrt() / weight.sum())


def boosted(p: Tensor, frame: Tensor) -> Tensor:
    """Momenta ``(N, 4)`` in the rest frame of others."""
    beta = frame[:, 1:] / frame[:, :1]
    gamma = frame[:, :1] / mass_squared(frame).sqrt()[:, None]
    along = (beta * p[:, 1:]).sum(dim=1, keepdim=True)
    factor = (gamma - 1) * along / beta.square().sum(dim=1, keepdim=True) - gamma * p[:, :1]
    return torch.cat((gamma * (p[:, :1] - along), p[:, 1:] + factor * beta), dim=1)


def angles(momenta: Tensor, process: HardProcess) -> tuple[Tensor, Tensor]:
    """Cosine of the opening angle, and the azimuthal distance in the laboratory over pi."""
    ids = process.amplitudes[0].members[0].pdg_ids
    one, neutrino, b, other, antineutrino, antib = (momenta[:, ids.index(pdg)] for pdg in LEGS)
    top, antitop = one + neutrino + b, other + antineutrino + antib
    inside = [boosted(p, top + antitop) for p in (one, top, other, antitop)]
    first, second = boosted(*inside[:2])[:, 1:], boosted(*inside[2:])[:, 1:]
    cosine = (first * second).sum(dim=1) / (first.norm(dim=1) * second.norm(dim=1))
    return cosine, delta_phi(one, other).abs() / math.pi


def trace(momenta: Tensor, gluons: bool) -> Tensor:
    """Return D of given tops: a third of the trace of their spin correlations at leading order.

    Y. Afik, J. de Nova, arXiv:2003.02280, appendix: traces of C over A.  At threshold gluons make a
    singlet, D = -1, and quarks a triplet, D = 1/3.
    """
    top, pair = momenta[:, 2], momenta[:, 2] + momenta[:, 3]
    inside = boosted(top, pair)
    c2 = inside[:, 3].square() / inside[:, 1:].square().sum(dim=1)
    s2, beta2 = 1 - c2, 1 - 4 * TOP**2 / mass_squared(pair)
    if not gluons:
        return torch.full_like(s2, 1 / 3)
    common = beta2.square() * (1 + s2.square())
    return -(3 - 4 * beta2 - 2 * beta2 * s2 + common) / (1 + 2 * beta2 * s2 - common) / 3


def test_opening_angle_against_the_published_spin_density() -> None:
    pairs = build("p p > t t~")
    momenta, weight, parts, _ = weighted(pairs, 60_000)
    gluons = [amplitude.members[0].pdg_ids[0] == 21 for amplitude in pairs.amplitudes]
    exact = torch.stack([trace(momenta, gluon) for gluon in gluons], dim=1)
    published, its_error = mean((parts * exact).sum(dim=1), weight)
    assert -0.25 < published < -0.18
    chain = build(CHAIN)
    momenta, weight, _, _ = weighted(chain, 200_000)
    cosine, error = mean(angles(momenta, chain)[0], weight)
    assert 3 * error < 0.01
    # 4 standard deviations: false alarm 6e-5; without spin correlations D is 0
    assert abs(-3 * cosine - published) < 4 * math.hypot(3 * error, its_error)


def test_leptons_of_the_full_final_state_in_the_narrow_width_limit() -> None:
    # a fiftieth of the widths: at the chain's points everything else is below 2e-3
    chain = build(CHAIN, top_width=0.03, w_width=0.04)
    momenta, weight, parts, alpha_s = weighted(chain, 40_000)
    model = chain.amplitudes[0].matrix_element.parameters
    ratio = torch.zeros_like(weight)
    for index, amplitude in enumerate(chain.amplitudes):
        names = [particle_by_pdg(pdg).name for pdg in amplitude.members[0].pdg_ids]
        full = matrix_element(
            Process.parse(f"{' '.join(names[:2])} > {' '.join(names[2:])}"), model
        )
        ordered = momenta[:, list(amplitude.permutation)]
        whole, restricted = full(ordered, alpha_s), amplitude.matrix_element(ordered, alpha_s)
        ratio += parts[:, index] * whole / restricted
    assert mean(ratio, weight)[0] == pytest.approx(1.0, abs=2e-3)
    for observable in angles(momenta, chain):
        alone, error = mean(observable, weight)
        assert error > 1e-3  # the same points: the difference is far smaller than either error
        assert mean(observable, weight * ratio)[0] == pytest.approx(alone, abs=5e-4)
