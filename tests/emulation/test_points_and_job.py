# SPDX-License-Identifier: GPL-3.0-or-later
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch_evaluator import evaluate_in_torch

from mcsurrogate.cards.emulator_card import EmulatorCard
from mcsurrogate.emulation import Emulator, FitOptions, TrainingSettings
from mcsurrogate.emulation.accuracy_scaling import (
    AccuracyScaling,
    ScalingPoint,
    check_counts,
    measure_scaling,
)
from mcsurrogate.emulation.fitting import Split
from mcsurrogate.emulation.onnx_export import export_onnx
from mcsurrogate.emulation.training_points import (
    TrainingPoints,
    evaluate_points,
    legs_from_events,
    points_from_draws,
)
from mcsurrogate.emulation.uncertain_points import points_by_uncertainty
from mcsurrogate.errors import CardError, EmulationError
from mcsurrogate.events.hard_events import EventBatch
from mcsurrogate.matrix_elements import Process, StandardModel, matrix_element
from mcsurrogate.matrix_elements.probe import probe_points
from mcsurrogate.stages import train_emulator
from mcsurrogate.stages.emulator_plots import (
    draw_quality_plots,
    draw_scaling_plot,
    singular_distances,
)

PROCESS = "g g > g g g"
SETTINGS = TrainingSettings(hidden=(32, 32), epochs=12, batch=256, learning_rate=0.02)


def as_points(points, count=4000):
    return TrainingPoints(points["momenta"][:count], points["me2"][:count], 0.118, PROCESS, "test")


def events_of(pdg_ids, momenta):
    count, legs = pdg_ids.shape
    ones = np.ones(count)
    status = np.where(np.arange(legs) < 2, -1, 1)
    return EventBatch(
        offsets=np.arange(0, count * legs + 1, legs, dtype=np.int64),
        pdg_id=pdg_ids.reshape(-1).astype(np.int32),
        status=np.tile(status, count).astype(np.int32),
        parents=np.zeros((count * legs, 2), np.int32),
        colour=np.zeros((count * legs, 2), np.int32),
        momenta=momenta.reshape(-1, 4),
        mass=np.zeros(count * legs),
        weights=ones.reshape(-1, 1),
        scale=ones,
        alpha_s=ones,
        alpha_qed=ones,
        process_id=np.ones(count, np.int32),
    )


def test_legs_are_brought_into_the_order_of_the_process():
    process = Process.parse("g u > t t~ u")
    momenta = np.random.default_rng(1).random((3, 5, 4))
    ids = np.array([[21, 2, 6, -6, 2], [2, 21, 2, 6, -6], [21, 21, 6, -6, 21]])
    found = legs_from_events(events_of(ids, momenta), process).numpy()
    np.testing.assert_array_equal(found[0], momenta[0])
    np.testing.assert_array_equal(found[1], momenta[1][[1, 0, 3, 4, 2]])
    assert len(found) == 2
    with pytest.raises(EmulationError, match="none of 3 events"):
        legs_from_events(events_of(ids, momenta), Process.parse("d d~ > t t~ g"))


def test_points_survive_a_file(points, tmp_path):
    before = as_points(points)
    before.save(tmp_path / "points.npz")
    after = TrainingPoints.load(tmp_path / "points.npz", PROCESS)
    assert torch.equal(before.momenta, after.momenta)
    assert torch.equal(before.me2, after.me2)
    assert (after.alpha_s, after.process, after.source) == (0.118, PROCESS, "test")
    with pytest.raises(EmulationError, match="not of 'g g > g g'"):
        TrainingPoints.load(tmp_path / "points.npz", "g g > g g")
    content = (tmp_path / "points.npz").read_bytes()
    (tmp_path / "cut.npz").write_bytes(content[:1000])
    with pytest.raises(EmulationError, match="cannot be read"):
        TrainingPoints.load(tmp_path / "cut.npz")


def test_exact_amplitudes_are_evaluated(points):
    told = []
    found = evaluate_points(
        points["momenta"][:100],
        matrix_element(PROCESS),
        0.118,
        "test",
        lambda *state: told.append(state),
    )
    torch.testing.assert_close(found.me2, points["me2"][:100])
    assert told[-1][:2] == (100, 100)
    with ThreadPoolExecutor(2) as executor:
        again = evaluate_points(
            points["momenta"][:100], matrix_element(PROCESS), 0.118, "test", executor=executor
        )
    assert torch.equal(again.me2, found.me2)


def test_draws_are_collected_until_there_are_enough():
    def draw(count, generator):
        return torch.rand(count, 5, 4, generator=generator)[: count // 1000]

    first, again = (points_from_draws(draw, 100, 7) for _ in range(2))
    assert first.shape == (100, 5, 4)
    assert torch.equal(first, again)
    with pytest.raises(EmulationError, match="passes the cuts"):
        points_from_draws(lambda *_: torch.empty(0, 5, 4), 10, 1)


def test_points_are_chosen_where_a_pilot_is_uncertain(draw, tmp_path):
    process = "g g > t t~ g"

    def trial(count, generator):
        seed = int(torch.randint(2**31, (1,), generator=generator))
        return draw(count, seed, process, least=1e-3)[0]

    amplitude = matrix_element(process)
    found = points_by_uncertainty(trial, 10_000, 3, amplitude, 0.118, "test")
    plain = points_from_draws(trial, 5000, 3)
    assert len(found) == 10_000
    assert found.representative == 5000
    assert found.seconds > 0
    assert torch.equal(found.momenta[:5000], plain)
    torch.testing.assert_close(found.me2, amplitude(found.momenta, 0.118))
    judge = Emulator.fit(plain, found.me2[:5000], process, seed=8, settings=SETTINGS)
    judge.exact = amplitude
    value, sigma = judge.predict(found.momenta)
    doubt = sigma / value
    assert float(doubt[5000:].mean()) > 1.3 * float(doubt[:5000].mean())
    found.save(tmp_path / "points.npz")
    assert TrainingPoints.load(tmp_path / "points.npz").representative == 5000
    emulator = Emulator.fit(
        found.momenta, found.me2, process, seed=1, settings=replace(SETTINGS, epochs=1),
        options=FitOptions(held_fraction=0.4, representative=5000),
    )  # fmt: skip
    # 0.4 of 10,000 are more than half of the points that may be held out
    assert (emulator.card.data.test, emulator.card.data.training) == (1250, 7500)
    with pytest.raises(EmulationError, match="as the emulator will see them"):
        measure_scaling(found, (1200, 2400), 1, SETTINGS, test_points=2000)
    with pytest.raises(EmulationError, match="too few to choose them"):
        points_by_uncertainty(trial, 9000, 3, amplitude, 0.118, "test")


def test_only_representative_points_are_held_out():
    split = Split.draw(3000, 0.3, 1, representative=1000)
    held = torch.cat((split.calibration, split.test))
    assert len(held) == 500
    assert int(held.max()) < 1000
    assert torch.equal(torch.cat((split.training, held)).sort().values, torch.arange(3000))
    with pytest.raises(EmulationError, match="representative = 700"):
        Split.draw(3000, 0.3, 1, representative=700)


def test_plots_are_drawn(emulator, inside, tmp_path):
    momenta, me2 = inside
    made = draw_quality_plots(emulator, momenta, me2, tmp_path / "plots")
    assert [path.name for path in made] == [
        "learning_curve.png",
        "pulls.png",
        "coverage.png",
        "limits.png",
    ]
    assert all(path.read_bytes()[:4] == b"\x89PNG" for path in made)
    distances = singular_distances(emulator, momenta)
    # cuts of the training points: 2 p_i.p_j > 0.01 s
    assert 0.01 <= float(distances["collinear"].min()) < 0.02
    assert 0.0 < float(distances["soft"].min()) < 0.3


@pytest.mark.parametrize("equal_steps", [True, False])
def test_accuracy_grows_with_data(points, equal_steps):
    told = []
    scaling = measure_scaling(
        as_points(points, 12_000),
        (1200, 9600),
        seed=1,
        settings=replace(SETTINGS, epochs=6),
        test_points=2000,
        equal_steps=equal_steps,
        progress=lambda done, total, message: told.append((done, total, message)),
    )
    assert [entry[:2] for entry in told] == [(1, 2), (2, 2)]
    assert scaling.series[1].median < scaling.series[0].median
    assert scaling.exponent < 0
    assert scaling.extrapolate(9600) == pytest.approx(scaling.series[1].median)
    assert json.loads(json.dumps(scaling.as_json()))["exponent"] == scaling.exponent
    with pytest.raises(EmulationError, match="two or more increasing numbers"):
        measure_scaling(as_points(points), (1200, 9600), 1, SETTINGS, test_points=2000)
    with pytest.raises(EmulationError, match="600 are left to train on"):
        check_counts(40_000, (1000, 9600), replace(SETTINGS, batch=1024))


def test_the_scaling_is_drawn(tmp_path):
    series = (ScalingPoint(1000, 0.03, 0.3, 0.1), ScalingPoint(10_000, 0.01, 0.1, 0.03))
    path = draw_scaling_plot(AccuracyScaling(series, 0.8, -0.48), tmp_path / "scaling.png")
    assert path.stat().st_size > 10_000


def test_onnx_export_needs_its_packages(emulator, tmp_path, monkeypatch):
    monkeypatch.setattr("mcsurrogate.emulation.onnx_export.find_spec", lambda _: None)
    with pytest.raises(EmulationError, match=r"mcsurrogate\[onnx\]"):
        export_onnx(emulator, tmp_path / "five.onnx")


@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.parametrize("process", ["g g > g g g", "g g > t t~ g g"])
def test_onnx_gives_the_same_numbers(process, members, tmp_path):
    runtime = pytest.importorskip("onnxruntime")
    momenta = probe_points(Process.parse(process), StandardModel(), 1500)
    me2 = matrix_element(process)(momenta, 0.118)
    settings = TrainingSettings(hidden=(24, 16), epochs=2, batch=64, members=members)
    emulator = Emulator.fit(momenta, me2, process, seed=1, settings=settings, alpha_s=0.118)
    momenta = momenta[~emulator.outside_domain(momenta)]
    export_onnx(emulator, tmp_path / "emulator.onnx")
    features = emulator.features(momenta)
    session = runtime.InferenceSession(tmp_path / "emulator.onnx")
    for count in (1, len(momenta)):
        inputs = features.inputs[:, :count].T.contiguous().numpy()
        (out,) = session.run(["mean_and_log_sigma"], {"inputs": inputs})
        log_unit = features.log_unit(emulator.process.n_legs - 4)[:count]
        found = (torch.from_numpy(out[:, 0]).double() + log_unit).exp()
        value, sigma, _ = evaluate_in_torch(emulator, momenta[:count])
        torch.testing.assert_close(found, value, rtol=1e-5, atol=0)
        torch.testing.assert_close(
            torch.from_numpy(out[:, 1]).double().exp() * found, sigma, rtol=1e-4, atol=0
        )


def card(tmp_path, points, **training):
    as_points(points).save(tmp_path / "points.npz")
    return {
        "seed": 5,
        "amplitude": {"definition": PROCESS},
        "points": {"source": "arrays", "path": str(tmp_path / "points.npz"), "count": 3000},
        "network": {"hidden": [16, 16]},
        "training": {"epochs": 3, "batch": 256, **training},
    }


def test_a_card_becomes_an_emulator(points, tmp_path):
    told = []
    folder = tmp_path / "out"
    made = train_emulator(card(tmp_path, points), folder, lambda *s: told.append(s))
    assert {path.name for path in folder.iterdir()} == {
        "card.toml",
        "emulator.json",
        "emulator.safetensors",
        "metrics.json",
        "plots",
        "points.npz",
    }
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics == made.metrics
    assert metrics["microseconds_per_point"] > 0
    assert metrics["test"]["points"] == made.emulator.card.data.test
    assert Emulator.load(folder / "emulator.safetensors").card == made.emulator.card
    assert told
    # finished: never again, unless asked to go on, which finds it finished
    with pytest.raises(EmulationError, match="this training is finished"):
        train_emulator(card(tmp_path, points), folder)
    assert train_emulator(card(tmp_path, points), folder, resume=True).metrics == metrics
    with pytest.raises(EmulationError, match="another card"):
        train_emulator(card(tmp_path, points, batch=128), folder, resume=True)


def test_a_killed_job_goes_on_bit_for_bit(points, tmp_path):
    content = card(tmp_path, points)
    whole = train_emulator(content, tmp_path / "whole")

    def killed(done, _total, _message):
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_emulator(content, tmp_path / "killed", killed)
    resumed = train_emulator(content, tmp_path / "killed", resume=True)
    assert resumed.emulator.card.weights_sha256 == whole.emulator.card.weights_sha256


def test_wrong_cards_are_refused(points, tmp_path):
    content = card(tmp_path, points)
    content["points"]["source"] = "air"
    with pytest.raises(CardError, match=r"points\.source"):
        train_emulator(content, tmp_path / "out")
    with pytest.raises(CardError, match="increasing"):
        train_emulator(card(tmp_path, points, scaling=[2000, 1000]), tmp_path / "out")
    content = card(tmp_path, points)
    content["points"]["selection"] = "uncertain"
    with pytest.raises(CardError, match="needs source = 'integrator'"):
        train_emulator(content, tmp_path / "out")
    content["points"]["source"] = "integrator"
    content["training"]["scaling"] = [1000, 2000]
    with pytest.raises(CardError, match=r"scaling needs points\.selection = 'plain'"):
        train_emulator(content, tmp_path / "out")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").write_text("")
    with pytest.raises(EmulationError, match="not empty"):
        train_emulator(card(tmp_path, points), tmp_path / "full")


def test_every_field_of_the_card_is_described():
    for model in (EmulatorCard, *EmulatorCard.__annotations__.values()):
        for name, field in getattr(model, "model_fields", {}).items():
            nested = hasattr(field.annotation, "model_fields")
            assert nested or field.description, name
