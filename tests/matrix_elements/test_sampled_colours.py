# SPDX-License-Identifier: GPL-3.0-or-later
"""Amplitudes of many gluons at given colours and helicities, and their Monte Carlo sum."""

import itertools
import math

import numpy as np
import pytest
import torch

from mcsurrogate.errors import MatrixElementError
from mcsurrogate.matrix_elements import Process, StandardModel, matrix_element
from mcsurrogate.matrix_elements.external import FunctionMatrixElement
from mcsurrogate.matrix_elements.probe import probe_points
from mcsurrogate.matrix_elements.protocol import EstimatedMatrixElement
from mcsurrogate.matrix_elements.random_states import uniforms
from mcsurrogate.matrix_elements.sampled_colours import (
    ColourSampledMatrixElement,
    has_colour_sampling,
)
from mcsurrogate.matrix_elements.tree import TreeMatrixElement

MODEL = StandardModel()


def sampled(text, samples=1):
    return ColourSampledMatrixElement(Process.parse(text), MODEL, samples=samples)


def all_lines(count):
    """All ways in which lines of three colours begin and end, ``(S, 2, count)``."""
    found = [
        (begins, ends)
        for begins in itertools.product(range(3), repeat=count)
        for ends in sorted(set(itertools.permutations(begins)))
    ]
    return torch.tensor(found)


@pytest.mark.parametrize(
    "text", ["g g > g g", "u u~ > g g", "g d > d g", "s~ g > g s~", "g g > c c~"]
)
def test_the_sum_over_states_is_the_squared_matrix_element(text):
    element = sampled(text)
    exact = TreeMatrixElement(Process.parse(text), MODEL)
    momenta = probe_points(element.process, MODEL, 1)
    wanted = exact.helicity_contributions(momenta, 0.118)[0]
    lines = all_lines(element._lines)
    assert len(lines) == element.colour_states
    repeated = momenta.expand(len(lines), -1, -1)
    total = 0.0
    for helicities in element.configurations:
        states = element.of_states(repeated, 0.118, helicities.expand(len(lines), -1), lines)
        total += float(states.sum())
        (row,) = torch.nonzero((exact.helicities == helicities).all(dim=1))
        assert float(states.sum()) == pytest.approx(float(wanted[row]), rel=1e-10)
    assert total == pytest.approx(float(exact(momenta, 0.118)), rel=1e-10)


def chain(word, matrices):
    """Colour factor ``(S,)`` Tr([..[T1, Ta], ..] Tn) of an adjoint chain."""
    first, *middle, last = word
    total = matrices[:, first]
    for leg in middle:
        total = total @ matrices[:, leg] - matrices[:, leg] @ total
    return torch.einsum("sij,sji->s", total, matrices[:, last])


def compare_states(text, states, helicities):
    """Each colour state against the colour-ordered amplitudes of the other engine."""
    element = sampled(text)
    exact = TreeMatrixElement(element.process, MODEL)
    momenta = probe_points(element.process, MODEL, 1)
    n = element.process.n_legs
    ((results, _, _),) = exact._evaluator.blocks(momenta)
    (sector,) = exact._plan.sectors
    structures = exact._contraction.structures(sector, results, torch.ones(()))[:, :, 0]
    words = sorted({component.flow for component in exact._amplitude.amplitudes})
    lines = element._drawn(uniforms(momenta, states, 2 * n + 2)[0])
    matrices = torch.zeros(states, n, 9, dtype=torch.complex128)
    matrices.scatter_(2, (3 * lines[:, 0] + lines[:, 1]).unsqueeze(2), 1.0)
    matrices = matrices.view(states, n, 3, 3)
    factors = torch.stack([chain(word[0], matrices) for word in words], dim=1)
    norm = (4 * math.pi * 0.118) ** (n - 2) / (
        element.process.average_factor * element.process.symmetry_factor
    )
    wanted = (factors @ structures).abs() ** 2 * norm
    repeated = momenta.expand(states, -1, -1)
    compared = 0
    for column, chosen in enumerate(exact.helicities[: structures.shape[1]]):
        if not bool((element.configurations == chosen).all(dim=1).any()):
            continue
        found = element.of_states(repeated, 0.118, chosen.expand(states, -1), lines)
        torch.testing.assert_close(
            found, wanted[:, column], rtol=1e-10, atol=1e-10 * float(wanted[:, column].max())
        )
        compared += 1
        if compared == helicities:
            break
    assert compared == helicities


def test_colour_states_of_six_gluons_are_those_of_ordered_amplitudes():
    compare_states("g g > g g g g", 3, helicities=2)


@pytest.mark.slow
def test_colour_states_of_eight_gluons_are_those_of_ordered_amplitudes():
    compare_states("g g > g g g g g g", 5, helicities=5)


@pytest.mark.parametrize("text", ["g g > g g", "u u~ > g g"])
def test_the_mean_over_states_is_unbiased(text):
    element = sampled(text, samples=100)
    momenta = probe_points(element.process, MODEL, 3)
    # means of independent blocks: other last bits of the momenta give other states
    shifted = torch.cat([momenta * (1.0 + number * 1e-14) for number in range(4)])
    values = element(shifted, 0.118).view(4, 3)
    wanted = matrix_element(text)(momenta, 0.118)
    error = values.std(dim=0) / math.sqrt(4)
    # Student's t with 3 degrees of freedom exceeds 22 with a probability of 2e-4; fixed numbers
    assert bool(((values.mean(dim=0) - wanted).abs() < 22 * error).all())
    assert bool((values / wanted - 1).abs().max() < 0.5)


def test_values_belong_to_points_and_not_to_batches():
    element = sampled("g g > g g g", samples=3)
    momenta = probe_points(element.process, MODEL, 7)
    whole = element(momenta, 0.118)
    assert torch.equal(whole[2:5], element(momenta[2:5], 0.118))
    assert len(set(whole.tolist())) == 7
    chosen = torch.zeros(7, dtype=torch.int64)
    one = element.of_configuration(momenta, 0.118, chosen)
    assert torch.equal(one[:2], element.of_configuration(momenta[:2], 0.118, chosen[:2]))
    assert element(momenta[:0], 0.118).shape == (0,)


def test_random_numbers_are_even():
    numbers = uniforms(torch.rand(500, 4, 4, generator=torch.Generator().manual_seed(1)), 4, 10)
    assert numbers.min() >= 0
    assert numbers.max() < 1
    flat = numbers.flatten().sort().values
    # Kolmogorov-Smirnov: a false alarm with a probability of 1e-4 above 2.23 / sqrt(N)
    steps = torch.arange(len(flat)) / len(flat)
    assert float((flat - steps).abs().max()) < 2.23 / math.sqrt(len(flat))
    correlation = torch.corrcoef(numbers.flatten(0, 1).T) - torch.eye(10)
    assert float(correlation.abs().max()) < 6 / math.sqrt(2000)


def test_many_gluons_are_built_at_once():
    element = matrix_element("g g > g g g g g g g g")
    assert isinstance(element, ColourSampledMatrixElement)
    momenta = probe_points(element.process, MODEL, 1)
    lines = torch.tensor([[[0, 0, 0, 1, 1, 1, 2, 2, 2, 0], [1, 2, 0, 0, 2, 1, 0, 2, 0, 1]]])
    helicities = torch.tensor([[-1, -1, -1, -1, 1, 1, 1, 1, 1, 1]])
    # Bose symmetry: exchanged gluons, one from the inner and one that closes the recursion
    order = [0, 1, 9, 3, 4, 5, 6, 7, 8, 2]
    both = [torch.cat((x, x[..., order])) for x in (helicities, lines)]
    value, other = element.of_states(torch.cat((momenta, momenta[:, order])), 0.118, *both)
    assert float(value) > 0
    torch.testing.assert_close(value, other, rtol=1e-9, atol=0)
    assert isinstance(matrix_element("u u~ > g g g"), TreeMatrixElement)


@pytest.mark.parametrize(
    "text", ["g g > t t~ g", "u u~ > d d~", "u u~ > g a", "g g > g g / u", "u u~ > u u~ g"]
)
def test_other_processes_are_refused(text):
    assert not has_colour_sampling(Process.parse(text), MODEL)
    with pytest.raises(MatrixElementError, match="one pair of massless"):
        sampled(text)


def test_what_sampled_colours_do_not_have():
    element = sampled("g g > g g g")
    momenta = probe_points(element.process, MODEL, 1)
    with pytest.raises(MatrixElementError, match="colour flows are not listed"):
        _ = element.colour_flows
    with pytest.raises(MatrixElementError, match="no gradients"):
        element(momenta.requires_grad_(True), 0.118)


def test_estimates_are_told_and_check_no_amplitude_of_others(caplog):
    found = matrix_element("g g > g g g g g g g", MODEL)
    (record,) = caplog.records
    assert "8 random colour and helicity states" in record.getMessage()
    assert isinstance(found, EstimatedMatrixElement)
    assert not isinstance(matrix_element("g g > g g g", MODEL), EstimatedMatrixElement)
    # an exact one would disagree with every estimate
    others = FunctionMatrixElement("g g > g g g g g g g", lambda p, _: np.ones(len(p)), MODEL)
    with pytest.raises(MatrixElementError, match="no built-in amplitude"):
        _ = others.colour_flows
