# SPDX-License-Identifier: GPL-3.0-or-later
"""The target is known in closed form, so that every bias would show."""

import math

import pytest
import torch
from scipy import stats
from two_samples import compare_histograms, uniformity

from mcsurrogate.errors import EmulationError
from mcsurrogate.event_generation.gain import measure_gain
from mcsurrogate.event_generation.stage_maxima import (
    StageCosts,
    choose_maxima,
    choose_single_maximum,
)
from mcsurrogate.event_generation.two_stage import TwoStageUnweighter

COSTS = StageCosts(proposal=1e-6, surrogate=1e-6, exact=3e-4)


def draw(count, seed, spread=0.4):
    """Points x in [0, 1], exact weights 3 x^2 (integral 1), and a rough surrogate of them."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.rand(count, generator=generator, dtype=torch.float64)
    exact = 3 * x**2
    tilt = torch.exp(spread * torch.randn(count, generator=generator, dtype=torch.float64))
    return x, exact * tilt * (0.5 + x), exact


def make_events(seed, s_max, x_max, count=60_000, spread=0.4):
    x, surrogate, exact = draw(count, seed, spread)
    unweighter = TwoStageUnweighter(s_max, x_max, seed)
    events = unweighter(surrogate, lambda index: exact[index])
    return x[events.index], events.weight, unweighter


@pytest.mark.parametrize(("s_max", "x_max"), [(20.0, 8.0), (3.0, 8.0), (20.0, 1.2), (2.0, 1.5)])
def test_events_follow_the_exact_weight_whatever_the_maxima(s_max, x_max):
    x, weight, unweighter = make_events(7, s_max, x_max, count=400_000)
    if s_max < 5:
        assert unweighter.record.first_overweight > 1000
    if x_max < 5:
        assert unweighter.record.second_overweight > 100
    # Expected: density 3 x^2, so x^3 is uniform; chi2 of 20 classes with weights.
    edges = torch.linspace(0, 1, 21, dtype=torch.float64)[1:-1]
    where = torch.bucketize(x**3, edges)
    content = torch.zeros(20, dtype=torch.float64).index_add_(0, where, weight)
    square = torch.zeros(20, dtype=torch.float64).index_add_(0, where, weight**2)
    total = content.sum()
    chi2 = float(((content / total - 0.05) ** 2 / (square / total**2) * 0.95).sum())
    # false-alarm rate 1e-4
    assert stats.chi2.sf(chi2, 19) > 1e-4
    # Mean weight a trial times s_max x_max is the integral, 1; 4 standard deviations.
    book = unweighter.record
    unit = unweighter.surrogate_maximum * unweighter.ratio_maximum
    value = book.sum_event / book.trials * unit
    error = math.sqrt(book.sum_event2) / book.trials * unit
    assert abs(value - 1.0) < 4 * error
    assert abs(book.value - 1.0) < 4 * book.error


def test_dropping_overweights_would_be_noticed():
    # The same test as above catches a wrong algorithm: all weights set to one.
    x, weight, _ = make_events(7, 2.0, 1.2, count=400_000)
    reference = draw(400_000, 99)[0]
    kept = torch.rand(400_000, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    plain = reference[kept < reference**2]
    right = compare_histograms(x, weight, plain, torch.ones(len(plain)))
    wrong = compare_histograms(x, torch.ones_like(weight), plain, torch.ones(len(plain)))
    assert right > 1e-4
    assert wrong < 1e-6


def test_p_values_against_plain_unweighting_are_uniform():
    p_values = []
    for seed in range(60):
        x, weight, _ = make_events(1000 + seed, 4.0, 2.5, count=20_000)
        trial = draw(20_000, 5000 + seed)[0]
        dart = torch.rand(
            20_000, generator=torch.Generator().manual_seed(9000 + seed), dtype=torch.float64
        )
        plain = trial[dart < trial**2]
        p_values.append(compare_histograms(x, weight, plain, torch.ones(len(plain))))
    # Kolmogorov-Smirnov, false-alarm rate 1e-4
    assert uniformity(p_values) > 1e-4


def test_bookkeeping_adds_up():
    x, weight, unweighter = make_events(3, 3.0, 1.5)
    book = unweighter.record
    assert book.trials == 60_000
    assert book.events == len(x) == len(weight)
    assert book.sum_event == pytest.approx(float(weight.sum()))
    assert book.second_overweight == int((weight > 1).sum())
    assert book.second_excess == pytest.approx(float((weight - 1).sum()))
    assert book.second_largest == float(weight.max())
    assert book.kish_size == pytest.approx(float(weight.sum() ** 2 / (weight**2).sum()))
    _, surrogate, _ = draw(60_000, 3)
    assert book.first_overweight == int((surrogate > 3.0).sum())
    assert book.sum_surrogate == pytest.approx(float(surrogate.sum()))


def test_the_same_seed_gives_the_same_events():
    first, again, other = (make_events(seed, 3.0, 2.0)[0] for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert len(first) != len(other) or not torch.equal(first, other)


def test_the_exact_weight_is_computed_for_survivors_only():
    _, surrogate, exact = draw(5000, 1)
    asked = []

    def expensive(index):
        asked.append(index)
        return exact[index]

    unweighter = TwoStageUnweighter(10.0, 2.0, 1)
    unweighter(surrogate, expensive)
    assert len(asked) == 1
    assert len(asked[0]) == unweighter.record.passed < 2500


def test_negative_exact_weights_keep_their_sign():
    _, surrogate, exact = draw(50_000, 4)
    signed = torch.where(torch.arange(50_000) % 3 == 0, -exact, exact)
    unweighter = TwoStageUnweighter(5.0, 2.0, 4)
    events = unweighter(surrogate, lambda index: signed[index])
    assert torch.equal(events.weight.sign(), signed[events.index].sign())
    error = unweighter.record.error
    assert abs(unweighter.record.value - 1 / 3) < 4 * error + 0.02


@pytest.mark.parametrize(
    ("surrogate", "exact", "message"),
    [
        ([1.0, float("nan")], [1.0, 1.0], "finite"),
        ([1.0, -1.0], [1.0, 1.0], "not negative"),
        ([[1.0]], [1.0], "must be"),
    ],
)
def test_bad_weights_are_refused(surrogate, exact, message):
    with pytest.raises(EmulationError, match=message):
        TwoStageUnweighter(1.0, 1.0, 1)(torch.tensor(surrogate), lambda _: torch.tensor(exact))


def test_wrong_exact_weights_are_refused():
    surrogate = torch.full((10,), 5.0)
    with pytest.raises(EmulationError, match="both must be"):
        TwoStageUnweighter(1.0, 1.0, 1)(surrogate, lambda index: torch.ones(len(index) + 1))
    with pytest.raises(EmulationError, match="exact weights must be finite"):
        TwoStageUnweighter(1.0, 1.0, 1)(
            surrogate, lambda index: torch.full((len(index),), math.nan)
        )
    with pytest.raises(EmulationError, match="surrogate_maximum"):
        TwoStageUnweighter(0.0, 1.0, 1)


def test_a_surrogate_that_misses_points_is_refused():
    with pytest.raises(EmulationError, match="would never become events"):
        choose_maxima(torch.tensor([0.0, 1.0]), torch.tensor([1.0, 1.0]), COSTS)


def test_expected_figures_are_those_of_a_run():
    _, surrogate, exact = draw(100_000, 21)
    maxima = choose_maxima(surrogate, exact, COSTS, overweight=0.01)
    _, weight, unweighter = make_events(22, maxima.surrogate, maxima.ratio, count=200_000)
    book = unweighter.record
    # binomial errors of 200,000 trials: 5 standard deviations
    assert book.first_efficiency == pytest.approx(maxima.first_efficiency, abs=0.006)
    assert book.second_efficiency == pytest.approx(maxima.second_efficiency, abs=0.02)
    assert book.kish_size / book.events == pytest.approx(maxima.kish, abs=0.01)
    assert book.second_excess / float(weight.sum()) == pytest.approx(maxima.overweight, abs=0.003)


@pytest.mark.parametrize("overweight", [0.0, 1e-3, 0.02])
def test_the_overweight_fraction_is_kept(overweight):
    _, surrogate, exact = draw(50_000, 31)
    maxima = choose_maxima(surrogate, exact, COSTS, overweight)
    assert maxima.overweight <= overweight * (1 + 1e-6) + 1e-12
    assert 0.9 < maxima.kish <= 1.0 + 1e-9


def test_the_maxima_follow_the_costs():
    _, surrogate, exact = draw(50_000, 31, spread=0.1)
    cheap = StageCosts(proposal=1e-3, surrogate=1e-6, exact=1e-6)
    dear = StageCosts(proposal=1e-8, surrogate=1e-8, exact=1e-2)
    for_cheap = choose_maxima(surrogate, exact, cheap, 0.05)
    for_dear = choose_maxima(surrogate, exact, dear, 0.05)
    # Where the exact weight costs nothing, points should rather pass the first stage.
    assert for_cheap.first_efficiency > for_dear.first_efficiency
    assert for_dear.second_efficiency > for_cheap.second_efficiency


def test_no_pair_of_maxima_on_a_grid_is_much_cheaper():
    from mcsurrogate.event_generation.stage_maxima import _expect

    _, surrogate, exact = draw(20_000, 41)
    found = choose_maxima(surrogate, exact, COSTS, 0.005)
    ratio = exact / surrogate
    for s_max in torch.logspace(-0.5, 1.6, 25).tolist():
        first = (surrogate / s_max).clamp(max=1.0)
        carried = (surrogate / s_max).clamp(min=1.0) * ratio
        for x_max in torch.logspace(-0.5, 1.5, 25).tolist():
            other = _expect(s_max, x_max, first, carried / x_max, COSTS)
            if other.overweight <= 0.005:
                assert other.seconds_per_effective_event > 0.9 * found.seconds_per_effective_event


def test_gain_counts_everything():
    _, surrogate, exact = draw(50_000, 51, spread=0.02)
    surrogate = surrogate / (0.5 + draw(50_000, 51)[0])
    report = measure_gain(surrogate, exact, COSTS, preparation=100.0)
    # Efficiency of plain unweighting is 1/3, of a good surrogate's second stage nearly one.
    assert report.plain.second_efficiency == pytest.approx(1 / 3, abs=0.02)
    assert report.two_stage.second_efficiency > 0.85
    assert 2.0 < report.gain < 3.0
    events = report.break_even
    assert report.total_gain(events) == pytest.approx(1.0)
    assert report.total_gain(1e12) == pytest.approx(report.gain, rel=1e-3)
    assert "gain" in report.describe()


def test_a_cheap_amplitude_never_pays():
    _, surrogate, exact = draw(20_000, 51)
    report = measure_gain(surrogate, exact, StageCosts(1e-6, 1e-6, 1e-7), preparation=1.0)
    assert report.gain < 1.0
    assert report.break_even == math.inf
    assert "never pays" in report.describe()


def test_impossible_costs_are_refused():
    with pytest.raises(EmulationError, match=r"StageCosts\.exact"):
        StageCosts(1.0, 1.0, -1.0)
    with pytest.raises(EmulationError, match="nothing to unweight"):
        choose_single_maximum(torch.zeros(5), COSTS)
