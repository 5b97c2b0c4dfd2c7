# SPDX-License-Identifier: GPL-3.0-or-later
"""The composed hard process against quadrature and against itself."""

from pathlib import Path

import numpy as np
import pytest
import torch

from mcsurrogate.cards import RunCard, load_card
from mcsurrogate.errors import CardError
from mcsurrogate.event_generation import EventBuilder
from mcsurrogate.hard_process import assemble
from mcsurrogate.hard_process.integrand import PB_GEV2
from mcsurrogate.matrix_elements.tree import TreeMatrixElement


def card(definition: str = "p p > t t~", **beams: object) -> RunCard:
    content = load_card(Path("cards/ttbar.toml"), RunCard).model_dump()
    content["process"]["definition"] = definition
    content["beams"].update(beams)
    return RunCard.model_validate(content)


def gauss_grid(dim: int, order: int) -> tuple[torch.Tensor, torch.Tensor]:
    nodes, weights = np.polynomial.legendre.leggauss(order)
    nodes, weights = (nodes + 1) / 2, weights / 2
    points = torch.tensor(np.stack(np.meshgrid(*[nodes] * dim, indexing="ij"), -1).reshape(-1, dim))
    product = torch.tensor(np.prod(np.meshgrid(*[weights] * dim, indexing="ij"), 0).reshape(-1))
    return points, product


def test_partonic_cross_section_agrees_with_the_oracle() -> None:
    # Oracle: 11.36813 pb, Gauss-Legendre over cos(theta) with its |M|^2 at sqrt(s) = 1000 GeV
    # and alpha_s = 0.118 (tests/data/oracle/README.md).
    content = card("g g > t t~", pdf=None, sqrt_s=1000.0).model_dump()
    content["scales"]["alpha_s"] = 0.118
    process = assemble(RunCard.model_validate(content))
    points, weights = gauss_grid(2, 48)
    found = float((process(points, torch.zeros(len(points))).weight * weights).sum())
    assert found == pytest.approx(11.36813, rel=1e-6)


def test_hadronic_cross_section_agrees_with_the_oracle() -> None:
    # Oracle: 718.70 pb by quadrature with LHAPDF (tests/data/oracle/README.md).
    process = assemble(card())
    points, weights = gauss_grid(3, 40)
    u = torch.cat((points, torch.full((len(points), 1), 0.5, dtype=torch.float64)), dim=1)
    total = 0.0
    for part, weight in zip(u.split(16000), weights.split(16000), strict=True):
        total += float((process(part, torch.zeros(len(part))).weight * weight).sum())
    assert total == pytest.approx(718.70, rel=2e-4)


def test_contributions_sum_to_the_weight_and_luminosities_are_products_of_densities() -> None:
    process = assemble(card())
    u = torch.rand(200, 4, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    found = process.contributions(u)
    weight = process(u, torch.zeros(200)).weight
    torch.testing.assert_close(found.weights.sum(dim=1), weight)
    flavours = [pair for amplitude in process.amplitudes for pair in amplitude.flavours]
    assert sorted(flavours) == sorted(
        [(21, 21), *((q, -q) for q in (1, 2, 3, 4)), *((-q, q) for q in (1, 2, 3, 4))]
    )
    for amplitude, luminosity in zip(process.amplitudes, found.luminosities, strict=True):
        for column, (a, b) in enumerate(amplitude.flavours):
            pdf = process.beams.pdf
            expected = pdf.xfx(a, found.x1, 91.188) * pdf.xfx(b, found.x2, 91.188)
            torch.testing.assert_close(luminosity[:, column], expected)


def test_events_balance_carry_colour_and_are_decided_by_the_seed() -> None:
    process = assemble(card())
    u = torch.rand(500, 4, generator=torch.Generator().manual_seed(6), dtype=torch.float64)
    weights = torch.ones(500, dtype=torch.float64)
    channel = torch.zeros(500, dtype=torch.int64)
    events = EventBuilder(process, 3).build(u, channel, weights)
    again = EventBuilder(process, 3).build(u, channel, weights)
    np.testing.assert_array_equal(events.pdg_id, again.pdg_id)
    np.testing.assert_array_equal(events.colour, again.colour)
    assert not np.array_equal(
        events.colour, EventBuilder(process, 4).build(u, channel, weights).colour
    )
    momenta = events.momenta.reshape(500, 4, 4)
    scale = momenta[:, :, 0].max(axis=1)
    imbalance = np.abs(momenta[:, :2].sum(axis=1) - momenta[:, 2:].sum(axis=1)).max(axis=1)
    assert (imbalance < 1e-12 * scale).all()
    colours = events.colour.reshape(500, 4, 2)
    pdg = events.pdg_id.reshape(500, 4)
    for lines, ids in zip(colours, pdg, strict=True):
        # A line enters as colour of an incoming or anticolour of an outgoing parton, and leaves.
        entering = [*lines[:2, 0], *lines[2:, 1]]
        leaving = [*lines[:2, 1], *lines[2:, 0]]
        assert sorted(entering) == sorted(leaving)
        for (colour, anticolour), particle in zip(lines, ids, strict=True):
            assert (colour > 0) == (particle == 21 or particle > 0)
            assert (anticolour > 0) == (particle == 21 or particle < 0)
    np.testing.assert_allclose(events.mass.reshape(500, 4), [[0, 0, 173.0, 173.0]] * 500)


@pytest.mark.parametrize(
    ("beams", "shower", "expected"),
    [
        ({}, None, 91.188),  # the factorisation scale of the card
        ({}, 250.0, 250.0),
        ({"pdf": None, "sqrt_s": 1000.0}, None, 1000.0),
        ({"pdf": None, "sqrt_s": 1000.0}, "sqrt_shat/4", 250.0),
    ],
)
def test_showers_start_where_the_card_says(
    beams: dict[str, object], shower: float | str | None, expected: float
) -> None:
    content = card("g g > t t~", **beams).model_dump()
    content["scales"] |= {"shower": shower, "alpha_s": 0.118}
    process = assemble(RunCard.model_validate(content))
    u = torch.rand(5, process.dim, generator=torch.Generator().manual_seed(6), dtype=torch.float64)
    channel = torch.zeros(5, dtype=torch.int64)
    events = EventBuilder(process, 3).build(u, channel, torch.ones(5, dtype=torch.float64))
    np.testing.assert_allclose(events.scale, expected)


def test_flavours_are_drawn_in_proportion_to_their_contributions() -> None:
    # One phase-space point, many draws: chi2 with 8 degrees of freedom; false alarm 1e-4 at 31.8.
    process = assemble(card())
    count = 20_000
    u = torch.tensor([[0.4, 0.55, 0.3, 0.1]], dtype=torch.float64).expand(count, 4)
    found = process.contributions(u[:1])
    expected = {}
    for index, amplitude in enumerate(process.amplitudes):
        share = found.luminosities[index][0] / found.luminosities[index][0].sum()
        for pair, part in zip(amplitude.flavours, share, strict=True):
            expected[pair] = float(found.weights[0, index] * part / found.weights[0].sum())
    events = EventBuilder(process, 1).build(
        u, torch.zeros(count, dtype=torch.int64), torch.ones(count, dtype=torch.float64)
    )
    pairs, counts = np.unique(events.pdg_id.reshape(-1, 4)[:, :2], axis=0, return_counts=True)
    observed = {(int(a), int(b)): int(n) for (a, b), n in zip(pairs, counts, strict=True)}
    chi2 = sum(
        (observed.get(pair, 0) - count * p) ** 2 / (count * p) for pair, p in expected.items()
    )
    assert len(expected) == 9
    assert chi2 < 31.8


def test_helicities_follow_the_amplitude() -> None:
    # The shares of the 16 configurations are those of the amplitude, whose sum the oracle
    # confirms: chi2 with 15 degrees of freedom, false alarm 1e-4 at 44.3.
    process = assemble(card("g g > t t~", pdf=None, sqrt_s=1000.0))
    count = 20_000
    u = torch.full((count, process.dim), 0.3, dtype=torch.float64)
    channel = torch.zeros(count, dtype=torch.int64)
    events = EventBuilder(process, 2).build(u, channel, torch.ones(count, dtype=torch.float64))
    assert events.helicity is not None
    helicity = events.helicity.reshape(count, 4)
    element = process.amplitudes[0].matrix_element
    assert isinstance(element, TreeMatrixElement)
    found = process.contributions(u[:1], channel[:1])
    shares = element.helicity_contributions(found.momenta, 0.118)[0]
    shares = shares / shares.sum()
    chi2 = 0.0
    for configuration, share in zip(element.helicities, shares, strict=True):
        observed = int((helicity == configuration.numpy()).all(axis=1).sum())
        if share > 1e-12:
            chi2 += float((observed - count * share) ** 2 / (count * share))
    assert len(shares) == 16
    assert chi2 < 44.3


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sqrt_s": 13.0}, "below the threshold of 346 GeV.*'13 TeV'"),
        ({"pdf": None}, "beams.pdf is missing: 'p'"),
    ],
)
def test_contradictions_in_a_card_are_named(changes: dict[str, object], message: str) -> None:
    with pytest.raises(CardError, match=message):
        assemble(card(**changes))


def test_the_unit_conversion_is_hbar_c_squared() -> None:
    # CODATA 2018: hbar c = 0.1973269804 GeV fm, and 1 fm^2 = 10 mb = 1e10 pb.
    assert pytest.approx(0.1973269804**2 * 1e10, rel=1e-8) == PB_GEV2


def test_channels_that_share_a_network_are_alike() -> None:
    """Gluons, top and antitop, and the beams may be exchanged: equal weights at equal points."""
    content = load_card(Path("cards/pp_ttj.toml"), RunCard).model_dump()
    content["phase_space"]["mapping"] = "diagrams"
    content["process"]["definition"] = "g g > t t~ g"
    process = assemble(RunCard.model_validate(content))
    assert process.groups == (0, 1, 0, 2, 2, 3, 3, 4, 4, 2, 5, 4, 2, 5, 4)
    u = torch.rand(300, process.dim, generator=torch.Generator().manual_seed(1)).double()
    weights = []
    for k in range(process.channels):
        value = process(u, torch.full((len(u),), k))
        assert value.prior is not None
        weights.append(value.weight * value.prior[:, k])
    for weight, group in zip(weights, process.groups, strict=True):
        torch.testing.assert_close(weight, weights[process.groups.index(group)], rtol=1e-9, atol=0)
    # A quark from one beam alone: the mirror image and the antiquark are other processes.
    content["process"]["definition"] = "u g > t t~ u"
    groups = assemble(RunCard.model_validate(content)).groups
    assert groups == tuple(range(len(groups)))


def test_known_contributions_make_the_same_events() -> None:
    content = card("p p > t t~ j").model_dump()
    content["cuts"] = [{"observable": "pt", "particles": ["jets"], "minimum": 30.0}]
    process = assemble(RunCard.model_validate(content))
    generator = torch.Generator().manual_seed(8)
    u = torch.rand(600, process.dim, generator=generator, dtype=torch.float64)
    channel = torch.randint(process.channels, (600,), generator=generator)
    everything = process.contributions(u, channel, identities=True)
    torch.testing.assert_close(everything.weights, process.contributions(u, channel).weights)
    points = torch.nonzero(everything.accepted)[:, 0]
    points = points[everything.weights.sum(dim=1) > 0][::2]
    weights = torch.ones(len(points), dtype=torch.float64)
    plain = EventBuilder(process, 3).build(u[points], channel[points], weights)
    known = EventBuilder(process, 3).build(
        u[points], channel[points], weights, contributions=everything.take(points)
    )
    for name in ("pdg_id", "colour", "helicity", "momenta", "scale"):
        np.testing.assert_array_equal(getattr(plain, name), getattr(known, name))
    assert len(np.unique(plain.pdg_id.reshape(-1, 5), axis=0)) > 5
