# SPDX-License-Identifier: GPL-3.0-or-later
"""Taus as resonances of decay chains, whose width is below what momenta resolve."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from mcsurrogate.cards import RunCard
from mcsurrogate.errors import ProcessError
from mcsurrogate.event_generation import EventBuilder
from mcsurrogate.hard_process import assemble, partial_width
from mcsurrogate.integration import integrate
from mcsurrogate.matrix_elements import (
    Process,
    StandardModel,
    matrix_element,
    resolved_widths,
    topologies,
    two_body_width,
)
from mcsurrogate.matrix_elements.probe import probe_points
from mcsurrogate.stages.pythia_settings import surrogate_settings

MODEL = StandardModel()
INSIDE = 2 / math.pi * math.atan(2 * 15)
"""Share of a resonance within 15 widths of its mass."""
LIFETIME = 0.08703
"""c tau in mm (Particle Data Group 2024)."""
TAUS = "e+ e- > ta+ ta-, ta+ > vt~ e+ ve, ta- > vt mu- vm~"


def card(definition: str, **beams: object) -> RunCard:
    return RunCard.model_validate(
        {
            "seed": 1,
            "process": {"definition": definition},
            "beams": {"sqrt_s": 91.2} | beams,
            "scales": {"alpha_s": 0.118},
        }
    )


def branching() -> float:
    width = partial_width("ta- > vt e- ve~").value
    # G_F^2 m^5 / (192 pi^3) without the mass of the W; the PDG has 0.1782
    assert width == pytest.approx(1.16639e-5**2 * 1.777**5 / (192 * math.pi**3), rel=3e-3)
    return width / float(MODEL.tau_width)


def test_the_width_of_a_chain_is_that_of_the_tau_times_its_branching_ratio() -> None:
    found = partial_width("z > ta+ ta-, ta+ > vt~ e+ ve", precision=2e-3)
    pair = two_body_width(Process.parse("z > ta+ ta-"), MODEL)
    wanted = pair * branching() * INSIDE
    assert abs(found.value - wanted) < 4 * (found.error + 1e-3 * wanted)  # false alarm 1e-4


def test_the_cross_section_of_a_chain_is_that_of_the_taus_times_branching_ratios() -> None:
    found = integrate(assemble(card(TAUS)), evaluations=40_000, seed=1, method="vegas")
    pair = integrate(assemble(card("e+ e- > ta+ ta-")), evaluations=5_000, seed=1, method="vegas")
    wanted = pair.value * (branching() * INSIDE) ** 2
    assert found.error < 0.015 * wanted
    assert abs(found.value - wanted) < 4 * (found.error + 2e-3 * wanted)  # false alarm 1e-4


def _boosted(inner: Tensor, mass: float, frame: Tensor) -> Tensor:
    """Take momenta ``(N, 4)`` from the rest frame of a particle of momentum ``(N, 4)``."""
    along = (frame[:, 1:] * inner[:, 1:]).sum(1, keepdim=True)
    energy = (frame[:, :1] * inner[:, :1] + along) / mass
    space = inner[:, 1:] + frame[:, 1:] * (inner[:, :1] + energy) / (frame[:, :1] + mass)
    return torch.cat((energy, space), dim=1)


def _w_decays(count: int) -> Tensor:
    pair = probe_points(Process.parse("w- > vt~ ta-"), MODEL, count)
    inner = probe_points(Process.parse("ta- > vt e- ve~"), MODEL, count, seed=5)
    mass = float(MODEL.tau_mass)
    products = [_boosted(inner[:, leg], mass, pair[:, 2]) for leg in (1, 2, 3)]
    return torch.stack((pair[:, 0], pair[:, 1], *products), dim=1)


def test_taus_keep_their_polarisation() -> None:
    """Electrons have 0.40 of the energy of a left-handed tau, and 0.35 of an unpolarised one.

    dN/dx = (5 - 9 x^2 + 4 x^3 + P (1 - 9 x^2 + 8 x^3)) / 3 with P = -1 (Y.-S. Tsai, Phys. Rev. D 4
    (1971) 2821), up to (m / E)^2 = 0.002; 4 standard deviations of 0.0016, false alarm 1e-4.
    """
    momenta = _w_decays(40_000)
    weights = matrix_element("w- > vt~ ta-, ta- > vt e- ve~")(momenta, 0.118)
    fraction = momenta[:, 3, 0] / momenta[:, 2:].sum(1)[:, 0]
    assert abs(float((weights * fraction).sum() / weights.sum()) - 0.40) < 4 * 0.0016


def test_fast_taus_are_as_slow_ones() -> None:
    momenta, rapidity = _w_decays(1000), 4.0
    fast = momenta.clone()
    fast[..., 0] = momenta[..., 0] * math.cosh(rapidity) + momenta[..., 3] * math.sinh(rapidity)
    fast[..., 3] = momenta[..., 3] * math.cosh(rapidity) + momenta[..., 0] * math.sinh(rapidity)
    assert fast[..., 0].max() > 1500
    chain = matrix_element("w- > vt~ ta-, ta- > vt e- ve~")
    torch.testing.assert_close(chain(fast, 0.118), chain(momenta, 0.118), rtol=1e-4, atol=0.0)


def test_only_resonances_of_chains_have_the_width() -> None:
    for text, wanted in (("e+ e- > ta+ ta- a", 0.0), (TAUS, 1.777e-5)):
        process = Process.parse(text)
        lines = [line for lines in topologies(process, MODEL) for line in lines if line[1] == 1.777]
        assert lines
        assert all(width == pytest.approx(wanted) for *_, width in lines)
    model, factor = resolved_widths(Process.parse(TAUS), MODEL)
    assert factor == pytest.approx((float(model.tau_width) / float(MODEL.tau_width)) ** 2)
    wide = MODEL.with_parameters(tau_width=0.01)
    assert resolved_widths(Process.parse(TAUS), wide) == (wide, 1.0)
    assert resolved_widths(Process.parse("u u~ > w+ w-, w+ > e+ ve"), MODEL) == (MODEL, 1.0)


def test_a_width_with_a_tau_on_its_mass_shell_is_refused() -> None:
    with pytest.raises(ProcessError, match=r"pole of a particle of 1.777 GeV .* resonance of a ch"):
        partial_width("t > b vt vt~ e+ ve")
    with pytest.raises(ProcessError, match="mu- has no mass in this model"):
        partial_width("mu- > vm e- ve~")
    with pytest.raises(ProcessError, match="e- has no mass in this model"):
        partial_width("e- > e- a")
    with pytest.raises(ProcessError, match="mu- has 0 GeV of mass"):
        probe_points(Process.parse("mu- > vm e- ve~"), MODEL, 10)


def test_lifetimes_are_in_the_events() -> None:
    """Exponential of mean c tau; 4 standard deviations of each moment, false alarm 1e-4."""
    process = assemble(card(TAUS))
    generator = torch.Generator().manual_seed(3)
    u = torch.rand(4000, process.dim, generator=generator, dtype=torch.float64)
    channel = torch.randint(process.channels, (len(u),), generator=generator)
    kept = process.contributions(u, channel).accepted
    batch = EventBuilder(process, 1).build(u[kept], channel[kept], torch.ones(int(kept.sum())))
    assert batch.lifetime is not None
    taus = np.abs(batch.pdg_id) == 15
    assert not batch.lifetime[~taus].any()
    flown = batch.lifetime[taus].reshape(-1, 2)
    assert len(flown) > 1000
    error = LIFETIME / math.sqrt(flown.size)
    assert abs(flown.mean() - LIFETIME) < 4 * error
    assert abs((flown > LIFETIME).mean() - math.exp(-1)) < 4 * 0.5 / math.sqrt(flown.size)
    assert abs(np.corrcoef(flown.T)[0, 1]) < 4 / math.sqrt(len(flown))


def test_events_without_taus_have_no_lifetimes() -> None:
    process = assemble(card("e+ e- > t t~, t > w+ b", sqrt_s=500.0))
    u = torch.rand(20, process.dim, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    channel = torch.zeros(20, dtype=torch.int64)
    kept = process.contributions(u, channel).accepted
    batch = EventBuilder(process, 1).build(u[kept], channel[kept], torch.ones(int(kept.sum())))
    assert len(batch) > 0
    assert batch.lifetime is None


def test_pythia_leaves_muons_of_taus_without_mass() -> None:
    """Or it loses events, in which no other product has the energy for it."""
    line = "LesHouches:setLeptonMass = 0"
    assert line in surrogate_settings(card(TAUS))
    nested = "e+ e- > t t~, (t > b w+, (w+ > ta+ vt, ta+ > vt~ e+ ve))"
    assert line in surrogate_settings(card(nested, sqrt_s=500.0))
    assert line not in surrogate_settings(card("e+ e- > ta+ ta-"))
