# SPDX-License-Identifier: GPL-3.0-or-later
"""Loop-induced processes in a hard process."""

import pytest
import torch

from mcsurrogate.cards import RunCard
from mcsurrogate.errors import ProcessError
from mcsurrogate.event_generation import EventBuilder
from mcsurrogate.hard_process import assemble
from mcsurrogate.hard_process.loop_induced import loop_groups, loop_lines
from mcsurrogate.integration import integrate
from mcsurrogate.matrix_elements import ProcessDefinition, StandardModel
from mcsurrogate.matrix_elements.process import Process


def card(definition):
    photons, jets = {"particles": ["photons"]}, {"particles": ["jets"]}
    return RunCard.model_validate(
        {
            "seed": 1,
            "process": {"definition": definition},
            "beams": {"sqrt_s": 500.0},
            "scales": {"alpha_s": 0.118},
            "cuts": [
                {"observable": "pt", **photons, "minimum": 30.0},
                {"observable": "pt", **jets, "minimum": 30.0},
            ],
        }
    )


def test_photon_pairs_integrate_to_the_angular_integral():
    process = assemble(card("g g > a a"))
    result = integrate(process, evaluations=20_000, seed=1, method="vegas")
    # sigma = 1 / (2 s) * 1 / (8 pi) * mean of |M|^2 over cos theta inside the cut: a quadrature
    # on momenta of its own.
    energy, count = 250.0, 20_000
    largest = (1 - (30.0 / energy) ** 2) ** 0.5
    cosine = (torch.arange(count, dtype=torch.float64) + 0.5) / count * 2 - 1
    cosine = cosine * largest
    sine = (1 - cosine**2).sqrt()
    zero, one = torch.zeros_like(cosine), torch.ones_like(cosine)
    momenta = energy * torch.stack(
        [
            torch.stack([one, zero, zero, one], dim=1),
            torch.stack([one, zero, zero, -one], dim=1),
            torch.stack([one, sine, zero, cosine], dim=1),
            torch.stack([one, -sine, zero, -cosine], dim=1),
        ],
        dim=1,
    )
    element = process.amplitudes[0].matrix_element
    mean = float(element(momenta, 0.118).mean()) * largest
    expected = 0.3893793721718594e9 / (2 * 500.0**2) / (8 * torch.pi) * mean
    # 4 standard deviations: false-alarm rate 6e-5.
    assert abs(result.value - expected) < 4 * result.error
    assert result.error < 0.01 * expected


def test_photon_pairs_with_a_gluon_make_events():
    process = assemble(card("g g > a a g"))
    assert process.channels == 2
    generator = torch.Generator().manual_seed(1)
    u = torch.rand(400, process.dim, generator=generator, dtype=torch.float64)
    channel = torch.arange(400) % 2
    value = process(u, channel)
    keep = value.weight > 0
    assert 20 < int(keep.sum()) < 400
    events = EventBuilder(process, 3).build(u[keep], channel[keep], value.weight[keep])
    # Without amplitudes, contributions are kinematics and luminosities.
    alone = process.contributions(u[keep], channel[keep], squared_amplitudes=False)
    exact = process.contributions(u[keep], channel[keep])
    ratio = exact.weights[:, 0] / alone.weights[:, 0]
    momenta = exact.momenta
    torch.testing.assert_close(ratio, process.amplitudes[0].matrix_element(momenta, 0.118))
    assert events.pdg_id[:5].tolist() == [21, 21, 22, 22, 21]
    # Three gluons: colour and anticolour lines of each, all of them connected.
    assert (events.colour.reshape(-1, 5, 2)[:, 2:4] == 0).all()
    assert (events.colour.reshape(-1, 5, 2)[:, [0, 1, 4]] > 500).all()


def test_lines_and_groups():
    assert loop_lines(Process.parse("g g > a a")) == ((((2, 3), 0.0, 0.0),),)
    assert loop_groups(ProcessDefinition.parse("g g > t t~", 4), StandardModel()) is None
    assert loop_groups(ProcessDefinition.parse("p p > a a", 4), StandardModel()) is None
    with pytest.raises(ProcessError, match="no tree-level diagram"):
        assemble(card("g g > z a"))
