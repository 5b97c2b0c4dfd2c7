# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest
import torch

from mcsurrogate.errors import MatrixElementError
from mcsurrogate.events.hard_events import EventBatch
from mcsurrogate.matrix_elements import Process, StandardModel, matrix_element
from mcsurrogate.matrix_elements.gradients import (
    log_gradients,
    momentum_gradients,
    place_on_mass_shell,
)
from mcsurrogate.matrix_elements.probe import probe_points
from mcsurrogate.matrix_elements.reweighting import event_scores, reweight_events


def points(text, count=6, **options):
    return probe_points(Process.parse(text), StandardModel(), count, **options)


@pytest.mark.parametrize("text", ["g g > t t~ g", "u d~ > w+ g", "e+ e- > mu+ mu-"])
def test_derivatives_along_the_mass_shell(text):
    """Directional derivatives of |M|^2 against central differences."""
    model, start = StandardModel(), points(text)
    masses = [float(p.mass(model)) for p in Process.parse(text).particles[2:]]
    _, gradients = momentum_gradients(text, model, start, 0.118)
    rng = torch.Generator().manual_seed(3)
    direction = torch.randn(start.shape[1] - 2, 3, generator=rng, dtype=torch.float64)
    direction -= direction.mean(dim=0)

    def moved(step):
        shifted = start.clone()
        shifted[:, 2:, 1:] += step * direction
        return place_on_mass_shell(shifted, masses)

    step = 1e-3
    tangent = (moved(step) - moved(-step)) / (2 * step)
    amplitude = matrix_element(text, model)
    expected = (amplitude(moved(step), 0.118) - amplitude(moved(-step), 0.118)) / (2 * step)
    found = (gradients * tangent).sum(dim=(1, 2))
    torch.testing.assert_close(found, expected, rtol=2e-5, atol=1e-6 * float(found.abs().max()))


def test_top_mass_and_coupling_of_top_pairs_with_a_gluon():
    """d|M|^2/dm_t through the mass shell, and d|M|^2/d alpha_s, against differences."""
    start = points("g g > t t~ g")

    def value(top_mass, alpha_s):
        momenta = place_on_mass_shell(start, [top_mass, top_mass, 0.0])
        return matrix_element("g g > t t~ g", StandardModel(top_mass=top_mass))(momenta, alpha_s)

    top_mass = torch.tensor(173.0, dtype=torch.float64, requires_grad=True)
    alpha_s = torch.tensor(0.118, dtype=torch.float64, requires_grad=True)
    total = value(top_mass, alpha_s).sum()
    by_mass, by_coupling = torch.autograd.grad(total, (top_mass, alpha_s))
    step = 1e-3
    mass_difference = (value(173.0 + step, 0.118) - value(173.0 - step, 0.118)).sum() / (2 * step)
    torch.testing.assert_close(by_mass, mass_difference, rtol=1e-6, atol=0.0)
    torch.testing.assert_close(by_coupling, 3.0 * total.detach() / 0.118, rtol=1e-12, atol=0.0)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("u u~ > e+ e-", ("z_width", "z_mass", "inverse_alpha_ew", "fermi_constant")),
        ("g g > t t~ g", ("top_width", "alpha_s", "higgs_mass")),
        ("e+ e- > ta+ ta- h", ("tau_yukawa_mass", "z_width", "z_mass")),
        ("u u > u u a QCD=2", ("alpha_s", "w_width")),
        ("u u > u u a QCD=2 QED=3", ("alpha_s", "z_mass")),
    ],
)
def test_scores_against_differences(text, names):
    model, momenta = StandardModel(), points(text)
    values, scores = log_gradients(text, model, momenta, 0.118, names)
    torch.testing.assert_close(values, matrix_element(text, model)(momenta, 0.118))
    for column, name in enumerate(names):
        size = model.numbers()[name]

        def logarithm(factor, name=name, size=size):
            if name == "alpha_s":
                return matrix_element(text, model)(momenta, 0.118 * factor).log()
            changed = model.with_parameters(**{name: size * factor})
            return matrix_element(text, changed)(momenta, 0.118).log()

        step = 1e-5
        expected = (logarithm(1 + step) - logarithm(1 - step)) / (2 * step * size)
        floor = 1e-7 / size
        torch.testing.assert_close(scores[:, column], expected, rtol=1e-4, atol=floor)


def test_scores_of_impossible_parameters():
    momenta = points("g g > t t~ g", 1)
    for name, message in (("top_mass", "place_on_mass_shell"), ("mt", "no parameter 'mt'")):
        with pytest.raises(MatrixElementError, match=message):
            log_gradients("g g > t t~ g", StandardModel(), momenta, 0.118, [name])
    with pytest.raises(MatrixElementError, match="z_mass changes the mass"):
        log_gradients("u d~ > w+ g", StandardModel(), points("u d~ > w+ g", 1), 0.1, ["z_mass"])


def test_mass_shell():
    start = points("g g > t t~ g")
    moved = place_on_mass_shell(start, [100.0, 150.0, 10.0])
    square = moved[..., 0] ** 2 - (moved[..., 1:] ** 2).sum(dim=-1)
    expected = torch.tensor([0.0, 0.0, 1e4, 2.25e4, 100.0], dtype=torch.float64).expand(6, 5)
    torch.testing.assert_close(square, expected, rtol=1e-9, atol=1e-6)
    torch.testing.assert_close(moved[:, :2].sum(dim=1), moved[:, 2:].sum(dim=1), rtol=0, atol=1e-9)
    for masses, message in (([1.0, 2.0], "2 masses"), ([1e3, 1e3, 0.0], "more than an event")):
        with pytest.raises(MatrixElementError, match=message):
            place_on_mass_shell(start, masses)


def events(flavours, momenta):
    count, legs = momenta.shape[:2]
    one = np.ones(count)
    return EventBatch(
        offsets=np.arange(0, count * legs + 1, legs),
        pdg_id=np.array(flavours, dtype=np.int32).reshape(-1),
        status=np.tile([-1, -1, *[1] * (legs - 2)], count).astype(np.int32),
        parents=np.zeros((count * legs, 2), dtype=np.int32),
        colour=np.zeros((count * legs, 2), dtype=np.int32),
        momenta=momenta.numpy().reshape(-1, 4),
        mass=np.zeros(count * legs),
        weights=np.full((count, 1), 2.0),
        scale=91.188 * one,
        alpha_s=0.118 * one,
        alpha_qed=one / 132.507,
        process_id=np.ones(count, dtype=np.int32),
    )


def test_reweighted_events():
    momenta = points("u u~ > e+ e-", 4, sqrt_s=95.0)
    flavours = [(2, -2, -11, 11), (-1, 1, -11, 11), (4, -4, -11, 11), (-2, 2, -11, 11)]
    batch = events(flavours, momenta)
    model, wide = StandardModel(), StandardModel(z_width=3.0)
    found = reweight_events(batch, "p p > e+ e-", model, {"wide_z": wide, "same": model})
    assert found.weight_names == ("nominal", "wide_z", "same")
    np.testing.assert_allclose(found.weights[:, [0, 2]], 2.0)
    scores = event_scores(batch, "p p > e+ e-", model, ["z_width"])
    for row, (flavour, point) in enumerate(zip(flavours, momenta, strict=True)):
        process = Process(flavour[:2], flavour[2:])
        values = [matrix_element(process, m)(point[None], 0.118) for m in (model, wide)]
        assert found.weights[row, 1] == pytest.approx(2.0 * float(values[1] / values[0]))
        _, score = log_gradients(process, model, point[None], 0.118, ["z_width"])
        assert scores[row, 0] == pytest.approx(float(score))


def test_reweighting_that_is_refused():
    momenta = points("g g > t t~", 2)
    batch = events([(21, 21, 6, -6)] * 2, momenta)
    model = StandardModel()
    heavy = {"heavy": StandardModel(top_mass=175.0)}
    for benchmarks, definition, message in (
        (heavy, "p p > t t~", "changes the mass of t"),
        ({"nominal": model}, "p p > t t~", "already have a weight"),
        ({"x": model}, "p p > t t~ j", "external legs"),
        ({"x": model}, "p p > b b~", "do not belong"),
    ):
        with pytest.raises(MatrixElementError, match=message):
            reweight_events(batch, definition, model, benchmarks)
    scaled = reweight_events(batch, "p p > t t~", model, {"as": StandardModel(alpha_s=0.236)})
    np.testing.assert_allclose(scaled.weights[:, 1], 8.0, rtol=1e-12)
