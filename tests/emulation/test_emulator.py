# SPDX-License-Identifier: GPL-3.0-or-later
import json
import math
from dataclasses import replace

import pytest
import torch

from mcsurrogate.emulation import Emulator, FitOptions, TrainingSettings
from mcsurrogate.emulation.amplitude import EmulatedMatrixElement
from mcsurrogate.errors import EmulationError, KinematicsError
from mcsurrogate.event_generation.event_weights import uncertainty_factors
from mcsurrogate.matrix_elements import (
    StandardModel,
    UncertainMatrixElement,
    matrix_element,
)

PROCESS = "g g > g g g"
SETTINGS = TrainingSettings(hidden=(32, 32), epochs=12, batch=256, learning_rate=0.02)


def test_errors_are_small_and_known(emulator, inside):
    momenta, truth = inside
    value, sigma = emulator.predict(momenta)
    error = (value / truth - 1).abs()
    # A small network on 10,800 points; the figures of a real one are in docs/emulation.md.
    assert float(error.median()) < 0.01
    assert float(error.quantile(0.99)) < 0.15
    pull = (value - truth) / sigma
    # 4,000 points: coverage is known to 0.8% and 0.4%; the calibration points as well
    assert 0.85 < float(pull.std()) < 1.2
    assert float((pull.abs() < 1).double().mean()) == pytest.approx(0.683, abs=0.05)
    assert float((pull.abs() < 1.96).double().mean()) == pytest.approx(0.95, abs=0.025)


def test_uncertain_points_are_the_bad_ones(emulator, inside):
    momenta, truth = inside
    value, sigma = emulator.predict(momenta)
    error, relative = (value / truth - 1).abs(), sigma / value
    order = relative.argsort()
    best, worst = order[: len(order) // 4], order[-len(order) // 4 :]
    assert float(error[worst].median()) > 1.5 * float(error[best].median())


def test_the_skeleton_is_worth_having(points, emulator):
    bare = Emulator.fit(
        points["momenta"],
        points["me2"],
        PROCESS,
        seed=1,
        settings=SETTINGS,
        options=FitOptions(skeleton="none"),
    )
    assert bare.card.skeleton == "none"
    assert bare.card.test.median > 1.5 * emulator.card.test.median


def test_the_card_says_what_was_done(emulator, points):
    card = emulator.card
    assert card.process == PROCESS
    assert card.pdg_ids == (21, 21, 21, 21, 21)
    assert card.unit == "GeV^-2"
    assert card.alpha_s_power == 3
    assert card.data.training + card.data.calibration + card.data.test == len(points["me2"])
    assert card.data.sqrt_shat_min == pytest.approx(1000.0)
    assert len(card.learning_curve) == SETTINGS.epochs
    assert len(card.validity) == 9
    assert card.parameters["top_mass"] == 173.0
    assert card.test.points == card.data.test


def test_saving_and_loading_changes_no_bit(emulator, inside, tmp_path):
    momenta, _ = inside
    emulator.save(tmp_path / "five.safetensors")
    loaded = Emulator.load(tmp_path / "five.safetensors", process=PROCESS, model=StandardModel())
    for before, after in zip(emulator.predict(momenta), loaded.predict(momenta), strict=True):
        assert torch.equal(before, after)
    assert loaded.card.test == emulator.card.test


def test_fitting_is_reproducible(points):
    settings = replace(SETTINGS, epochs=2)
    first, again = (
        Emulator.fit(points["momenta"], points["me2"], PROCESS, seed=3, settings=settings)
        for _ in range(2)
    )
    assert first.card.weights_sha256 == again.card.weights_sha256


def test_a_stopped_fit_goes_on_bit_for_bit(points, tmp_path):
    settings = replace(SETTINGS, epochs=4)

    def fit(**options):
        return Emulator.fit(
            points["momenta"],
            points["me2"],
            PROCESS,
            seed=3,
            settings=settings,
            options=FitOptions(**options),
        )

    file = tmp_path / "checkpoint.safetensors"
    fit(checkpoint=file, stop=lambda epoch: epoch == 2)
    resumed = fit(checkpoint=file, resume=True)
    assert resumed.card.weights_sha256 == fit().card.weights_sha256


def test_alpha_s_enters_by_its_power(emulator, inside):
    momenta, _ = inside
    value, sigma = emulator.predict(momenta[:50])
    coupling = torch.linspace(0.1, 0.13, 50, dtype=torch.float64)
    scaled, scaled_sigma = emulator.predict(momenta[:50], coupling)
    factor = (coupling / 0.118) ** 3
    torch.testing.assert_close(scaled, value * factor)
    torch.testing.assert_close(scaled_sigma, sigma * factor)


def test_identical_gluons_may_be_exchanged(emulator, inside):
    momenta, _ = inside
    swapped = momenta[:, [0, 1, 3, 4, 2]]
    for before, after in zip(emulator.predict(momenta), emulator.predict(swapped), strict=True):
        torch.testing.assert_close(before, after, rtol=1e-9, atol=0)


def test_numpy_and_float32_momenta_are_taken(emulator, inside):
    momenta, _ = inside
    value, _ = emulator.predict(momenta[:20])
    torch.testing.assert_close(emulator.predict(momenta[:20].numpy())[0], value)


@pytest.fixture(scope="module")
def far(draw):
    """Points closer to collinear than the training points."""
    momenta, me2 = draw(300, seed=5, least=1e-4)
    return momenta, me2


def test_outside_its_domain_it_refuses_and_says_why(emulator, far):
    momenta, _ = far
    outside = emulator.outside_domain(momenta)
    assert 0.05 < float(outside.double().mean()) < 1.0
    with pytest.raises(EmulationError, match=r"outside the domain .*log s\(.* is outside \["):
        emulator.predict(momenta)


def test_outside_its_domain_it_falls_back_to_the_exact_amplitude(emulator, far):
    momenta, truth = far
    outside = emulator.outside_domain(momenta)
    emulator.exact = matrix_element(PROCESS)
    try:
        value, sigma = emulator.predict(momenta)
        other, _ = emulator.predict(momenta, 0.13)
    finally:
        emulator.exact = None
    torch.testing.assert_close(value[outside], truth[outside])
    torch.testing.assert_close(other, value * (0.13 / 0.118) ** 3)
    assert bool((sigma[outside] == 0).all())
    assert bool((sigma[~outside] > 0).all())


def test_it_stands_in_for_the_amplitude(emulator, far, inside):
    exact = matrix_element(PROCESS)
    value, sigma = emulator.predict(inside[0])
    limit = float((sigma / value).quantile(0.7))
    stand_in = EmulatedMatrixElement(emulator, exact, largest_sigma=limit)
    momenta = torch.cat((far[0], inside[0]))
    truth = torch.cat((far[1], inside[1]))
    value, sigma = stand_in.with_uncertainty(momenta, 0.118)
    emulator.exact = None
    book = stand_in.record
    assert book.emulated + book.outside + book.uncertain == len(momenta)
    assert min(book.emulated, book.outside, book.uncertain) > 0
    assert int((sigma == 0).sum()) == book.outside + book.uncertain
    torch.testing.assert_close(value[sigma == 0], truth[sigma == 0])
    assert bool((sigma <= limit * value).all())
    assert isinstance(stand_in, UncertainMatrixElement)
    with pytest.raises(EmulationError, match="measure_cost"):
        _ = stand_in.cost


def test_ensembles_have_members(points, inside):
    momenta, truth = inside
    settings = replace(SETTINGS, members=3, epochs=6)
    ensemble = Emulator.fit(
        points["momenta"][:6000], points["me2"][:6000], PROCESS, seed=1, settings=settings
    )
    keep = ~ensemble.outside_domain(momenta)
    members = ensemble.predict_members(momenta[keep])
    value, sigma = ensemble.predict(momenta[keep])
    assert members.shape == (3, int(keep.sum()))
    torch.testing.assert_close(members.log().mean(dim=0).exp(), value, rtol=1e-5, atol=0)
    pull = (value - truth[keep]) / sigma
    assert 0.7 < float(pull.std()) < 1.4
    factors = uncertainty_factors(value, sigma, members)
    assert list(factors)[2:] == [f"surrogate_member_{k}" for k in (1, 2, 3)]
    torch.testing.assert_close(
        factors["surrogate_up"] * factors["surrogate_down"], torch.ones_like(value)
    )


@pytest.mark.parametrize(
    ("spoil", "error", "message"),
    [
        (lambda p: p[1, 3].fill_(math.nan), KinematicsError, "event 1 .*not finite"),
        (lambda p: p[2, 3].mul_(1.1), KinematicsError, "event 2 does not conserve momentum"),
        (lambda p: p[3, 3, 0].add_(30.0), KinematicsError, "event 3"),
    ],
)
def test_bad_momenta_are_refused(emulator, inside, spoil, error, message):
    momenta = inside[0][:10].clone()
    spoil(momenta)
    with pytest.raises(error, match=message):
        emulator.predict(momenta)


def test_other_legs_are_refused(emulator, inside):
    momenta = inside[0][:10]
    with pytest.raises(KinematicsError, match=r"need \(N, 5, 4\)"):
        emulator.predict(momenta[:, :4])
    with pytest.raises(EmulationError, match="not those of 'g g > g g g'"):
        emulator.predict(momenta, pdg_ids=(21, 21, 6, -6, 21))
    with pytest.raises(EmulationError, match="alpha_s"):
        emulator.predict(momenta, -0.1)


def test_another_process_or_model_is_refused(emulator, tmp_path):
    file = tmp_path / "five.safetensors"
    emulator.save(file)
    with pytest.raises(EmulationError, match="not for 'g g > g g'"):
        Emulator.load(file, process="g g > g g")
    with pytest.raises(EmulationError, match="trained with top_mass = 173, not 170"):
        Emulator.load(file, model=StandardModel(top_mass=170.0))
    with pytest.raises(EmulationError, match="trained with complex_masses = 0, not 1"):
        Emulator.load(file, model=StandardModel(complex_masses=True))
    with pytest.raises(EmulationError, match="not for 'g g > t t~ g"):
        emulator.exact = matrix_element("g g > t t~ g")


def test_damaged_files_are_refused(emulator, tmp_path):
    file = tmp_path / "five.safetensors"
    with pytest.raises(EmulationError, match="cannot be read"):
        Emulator.load(file)
    emulator.save(file)
    whole = file.read_bytes()
    file.write_bytes(whole[:-50])
    with pytest.raises(EmulationError, match="truncated"):
        Emulator.load(file)
    file.write_bytes(whole)
    card = json.loads((tmp_path / "five.json").read_text())
    card["format"] = 99
    (tmp_path / "five.json").write_text(json.dumps(card))
    with pytest.raises(EmulationError, match=r"five.json is no model card .*format"):
        Emulator.load(file)
    with pytest.raises(EmulationError, match=r"must end in \.safetensors"):
        emulator.save(tmp_path / "five.pt")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d["me2"].__setitem__(7, -1.0), "squared amplitude 7 is -1"),
        (lambda d: d["me2"].__setitem__(8, math.nan), "squared amplitude 8 is nan"),
        (lambda d: d.__setitem__("me2", d["me2"][:-1]), "for 2000 points"),
        (lambda d: d.update(momenta=d["momenta"][:900], me2=d["me2"][:900]), "too few"),
    ],
)
def test_bad_training_data_are_refused(points, change, message):
    data = {"momenta": points["momenta"][:2000].clone(), "me2": points["me2"][:2000].clone()}
    change(data)
    with pytest.raises(EmulationError, match=message):
        Emulator.fit(**data, process=PROCESS, seed=1, settings=SETTINGS)


def test_without_a_single_power_alpha_s_is_fixed(points):
    settings = replace(SETTINGS, epochs=1)
    emulator = Emulator.fit(
        points["momenta"][:1500],
        points["me2"][:1500],
        PROCESS,
        seed=1,
        settings=settings,
        alpha_s=0.118,
        options=FitOptions(alpha_s_power=2),
    )
    assert emulator.card.alpha_s_power == 2
    momenta = points["momenta"][:5]
    ratio = emulator.predict(momenta, 0.13)[0] / emulator.predict(momenta)[0]
    torch.testing.assert_close(ratio, torch.full_like(ratio, (0.13 / 0.118) ** 2))
