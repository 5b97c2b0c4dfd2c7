import pytest
import torch

from mcsurrogate.emulation.unbiasedness import compare_histograms, compare_samples, uniformity
from mcsurrogate.errors import EmulationError


def weighted(seed, count=3000):
    """A standard normal distribution as weighted events of a wider one."""
    generator = torch.Generator().manual_seed(seed)
    x = 1.4 * torch.randn(count, generator=generator, dtype=torch.float64)
    return x, torch.exp(-0.5 * x**2 + 0.5 * (x / 1.4) ** 2)


def plain(seed, count=3000, shift=0.0):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(count, generator=generator, dtype=torch.float64) + shift
    return x, torch.ones(count)


@pytest.mark.parametrize("first", [plain, weighted])
def test_p_values_of_equal_distributions_are_uniform(first):
    p_values = [
        compare_histograms(*first(seed), *plain(10_000 + seed)).p_value for seed in range(300)
    ]
    # Kolmogorov-Smirnov, false-alarm rate 1e-4
    assert uniformity(p_values) > 1e-4


def test_a_shift_is_found():
    assert compare_histograms(*plain(1, 20_000), *plain(2, 20_000, 0.1)).p_value < 1e-6


def test_few_distinct_values_make_few_classes():
    x, weight = plain(1)
    y, other = plain(2)
    found = compare_histograms(x.sign(), weight, y.sign(), other)
    assert found.dof == 1


def test_samples_need_the_same_observables():
    x, weight = plain(1)
    found = compare_samples({"x": x}, weight, {"x": -x}, weight)
    assert found["x"].dof == 19
    with pytest.raises(EmulationError, match="different observables: y"):
        compare_samples({"x": x}, weight, {"x": x, "y": x}, weight)
    with pytest.raises(EmulationError, match="200 at least"):
        compare_histograms(x[:100], weight[:100], x, weight)
    with pytest.raises(EmulationError, match="in sum positive"):
        compare_histograms(x, 0 * weight, x, weight)
