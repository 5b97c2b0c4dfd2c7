# SPDX-License-Identifier: GPL-3.0-or-later
"""Two-stage events of a real process against weighted points of the exact cross section."""

from dataclasses import replace

import pytest
import torch
from two_samples import compare_samples, uniformity

from mcsurrogate.cards import RunCard
from mcsurrogate.emulation import Emulator, TrainingSettings
from mcsurrogate.emulation.training_points import evaluate_points, points_from_draws
from mcsurrogate.errors import EmulationError
from mcsurrogate.event_generation.emulated_process import (
    TwoStageSource,
    emulated_process,
    prepare_two_stage,
    two_stage_unweight,
)
from mcsurrogate.event_generation.two_stage import TwoStageRecord
from mcsurrogate.hard_process import assemble
from mcsurrogate.integration import integrate
from mcsurrogate.integration.sampler import Sampler
from mcsurrogate.matrix_elements import Process, matrix_element
from mcsurrogate.stages.emulator_points import sampler_draws

PROCESS = "g g > t t~ g"
CARD = {
    "seed": 1,
    "process": {"definition": PROCESS},
    "beams": {"sqrt_s": 1000.0},
    "scales": {"alpha_s": 0.118},
    "cuts": [{"observable": "pt", "particles": ["jets"], "minimum": 30.0}],
}


@pytest.fixture(scope="module")
def run():
    process = assemble(RunCard.model_validate(CARD))
    result = integrate(process, evaluations=20_000, seed=3, method="vegas")
    return process, result


@pytest.fixture(scope="module")
def emulator(run):
    process, result = run
    draw = sampler_draws(process, result.sampler, Process.parse(PROCESS))
    momenta = points_from_draws(draw, 8000, seed=5)
    points = evaluate_points(momenta, matrix_element(PROCESS), 0.118, "sampler")
    return Emulator.fit(
        points.momenta,
        points.me2,
        PROCESS,
        seed=1,
        settings=TrainingSettings(hidden=(32, 32), epochs=8, batch=256, learning_rate=0.02),
    )


@pytest.fixture(scope="module")
def source(run, emulator):
    process, result = run
    return TwoStageSource.of(result.sampler, emulated_process(process, [emulator]), process)


def observables(process, u, channel):
    """Twenty observables of the momenta."""
    p = process.phase_space.forward(u, channel).momenta
    found = {}
    for leg, name in ((2, "t"), (3, "t~"), (4, "g")):
        pt = p[:, leg, 1:3].norm(dim=1)
        found[f"pt {name}"] = pt
        found[f"y {name}"] = torch.atanh(p[:, leg, 3] / p[:, leg, 0])
        found[f"E {name}"] = p[:, leg, 0]
        found[f"eta {name}"] = torch.asinh(p[:, leg, 3] / pt)
        found[f"phi {name}"] = torch.atan2(p[:, leg, 2], p[:, leg, 1])
    for first, second in (("t", "t~"), ("t", "g"), ("t~", "g")):
        legs = {"t": 2, "t~": 3, "g": 4}
        total = p[:, legs[first]] + p[:, legs[second]]
        found[f"m2 {first} {second}"] = total[:, 0] ** 2 - total[:, 1:].square().sum(dim=1)
        found[f"dphi {first} {second}"] = torch.cos(found[f"phi {first}"] - found[f"phi {second}"])
    return found


def two_stage_events(source, maxima, count, seed):
    book = TwoStageRecord()
    parts = list(two_stage_unweight(source, count, maxima, seed=seed, record=book))
    return [torch.cat(part) for part in zip(*parts, strict=True)], book


def test_emulated_weights_are_close_to_the_exact_ones(source):
    points = source.draw(3000, torch.Generator().manual_seed(8))
    inside = torch.nonzero(points.weight)[:, 0]
    ratio = source.exact_weight(points, inside)[0] / points.weight[inside]
    assert float((ratio - 1).abs().median()) < 0.03


def exact_sample(run, count, seed):
    """Weighted points of the exact cross section."""
    process, result = run
    drawing = Sampler(
        process, result.sampler.mixture, result.sampler.channel_weights, result.sampler.maximum
    )
    points = drawing.sample(count, torch.Generator().manual_seed(seed))
    keep = points.weight > 0
    return observables(process, points.u[keep], points.channel[keep]), points.weight[keep]


def compare_with_exact(run, source, events, seed, classes):
    report = prepare_two_stage(source, seed=11, pilot=4000, overweight=0.05)
    (u, channel, weight), book = two_stage_events(source, report.two_stage, events, seed)
    exact, exact_weight = exact_sample(run, 40_000, seed + 1)
    found = compare_samples(
        observables(run[0], u, channel), weight, exact, exact_weight, classes=classes
    )
    return found, book


def test_two_stage_events_follow_the_exact_cross_section(run, source):
    found, book = compare_with_exact(run, source, 2000, 21, classes=10)
    p_values = list(found.values())
    assert len(p_values) == 21
    # Smallest of 21 p-values: false-alarm rate 1e-4 (Bonferroni).  They are correlated, so
    # that uniformity of all is asked for more loosely.
    assert min(p_values) > 1e-4 / len(p_values)
    assert uniformity(p_values) > 1e-6
    # the cross section from both stages: 4 standard deviations of both
    error = (book.error**2 + run[1].error ** 2) ** 0.5
    assert abs(book.value - run[1].value) < 4 * error


class Halved:
    """A surrogate that is wrong by a factor of two in half of phase space."""

    def __init__(self, exact):
        self.exact = exact
        self.process, self.parameters = exact.process, exact.parameters

    def __call__(self, momenta, alpha_s):
        return self.exact(momenta, alpha_s) * torch.where(momenta[:, 4, 3] > 0, 0.5, 1.0)


def test_a_bad_surrogate_costs_time_but_makes_no_bias(run):
    process, result = run
    (amplitude,) = process.amplitudes
    wrong = process.with_amplitudes(
        [replace(amplitude, matrix_element=Halved(amplitude.matrix_element))]
    )
    assert process.amplitudes == (amplitude,)
    biased = TwoStageSource.of(result.sampler, wrong, process)
    found, book = compare_with_exact(run, biased, 1500, 5, classes=10)
    # false-alarm rate 1e-4
    assert found["y g"] > 1e-4
    assert book.second_efficiency < 0.8
    assert abs(book.value - result.value) < 4 * (book.error**2 + result.error**2) ** 0.5


def test_the_seed_decides_on_the_events(source):
    report = prepare_two_stage(source, seed=11, pilot=3000, overweight=0.05)
    first, again, other = (
        two_stage_events(source, report.two_stage, 100, seed=seed)[0][0] for seed in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_the_report_counts_all_costs(source):
    report = prepare_two_stage(source, seed=11, pilot=3000, preparation=50.0)
    assert report.two_stage.overweight <= 1e-3 * (1 + 1e-6)
    # the pilot sample is counted as well
    assert 50.0 < report.preparation < 110.0
    assert source.emulation_seconds() > 0
    assert "gain" in report.describe() or "never" in report.describe()


def test_an_emulator_of_another_process_is_refused(run):
    process, _ = run

    class Other:
        process = Process.parse("g g > g g g")

        class card:  # noqa: N801
            process = "g g > g g g"

    with pytest.raises(EmulationError, match="fits none of the amplitudes"):
        emulated_process(process, [Other()])


def test_draws_of_another_process_are_refused(run):
    process, result = run
    with pytest.raises(EmulationError, match="has no amplitude 'g g > g g g'"):
        sampler_draws(process, result.sampler, Process.parse("g g > g g g"))
