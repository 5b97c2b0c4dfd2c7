# SPDX-License-Identifier: GPL-3.0-or-later
"""Colour sums and colour flows."""

import itertools

import numpy as np
import pytest
import torch

from mcsurrogate.matrix_elements import Process, StandardModel
from mcsurrogate.matrix_elements.colour import End
from mcsurrogate.matrix_elements.colour_matrix import (
    adjoint_colour_matrix,
    flow_lines,
    kleiss_kuijf_matrix,
    string_colour_matrix,
)
from mcsurrogate.matrix_elements.particles import particle_by_pdg
from mcsurrogate.matrix_elements.probe import probe_points
from mcsurrogate.matrix_elements.tree import TreeMatrixElement


def gell_mann():
    """Generators with Tr(T T) = 1."""
    matrices = np.zeros((8, 3, 3), dtype=complex)
    for index, (i, j) in enumerate(((0, 1), (0, 2), (1, 2))):
        matrices[2 * index, i, j] = matrices[2 * index, j, i] = 1.0
        matrices[2 * index + 1, i, j], matrices[2 * index + 1, j, i] = -1j, 1j
    matrices[6] = np.diag([1.0, -1.0, 0.0])
    matrices[7] = np.diag([1.0, 1.0, -2.0]) / np.sqrt(3.0)
    return matrices / np.sqrt(2.0)


def test_strings_against_explicit_generators():
    t = gell_mann()
    ends = (End.GLUON, End.GLUON, End.ANTIQUARK, End.QUARK, End.ANTIQUARK, End.QUARK)
    flows = (((2, 0, 1, 3), (4, 5)), ((2, 0, 5), (4, 1, 3)), ((2, 3), (4, 1, 0, 5)))
    one = np.eye(3)
    tensors = np.array(
        [  # indices: gluon 0, gluon 1, antiquark 2, quark 3, antiquark 4, quark 5
            np.einsum("aij,bjk,lm->abiklm", t, t, one),
            np.einsum("aim,blk->abiklm", t, t),
            np.einsum("ik,blj,ajm->abiklm", one, t, t),
        ]
    )
    expected = np.einsum("xabiklm,yabiklm->xy", tensors, tensors.conj()).real
    np.testing.assert_allclose(string_colour_matrix(flows, ends), expected, atol=1e-12)


def test_adjoint_chains_against_explicit_traces():
    t = gell_mann()
    words = tuple((0, *middle, 3) for middle in itertools.permutations((1, 2)))

    def chain(word):
        letters = "abcd"
        tensor = np.einsum("aij,bjk->abik", t, t) - np.einsum("bij,ajk->abik", t, t)
        tensor = np.einsum("abij,cjk->abcik", tensor, t) - np.einsum("cij,abjk->abcik", t, tensor)
        full = np.einsum("abcij,dji->abcd", tensor, t)
        order = [word.index(leg) for leg in range(4)]
        return np.einsum(letters + "->" + "".join(letters[i] for i in order), full)

    tensors = [chain(word) for word in words]
    expected = [[np.vdot(x, y).real for x in tensors] for y in tensors]
    np.testing.assert_allclose(adjoint_colour_matrix(words), expected, atol=1e-12)


def test_kleiss_kuijf_relations_hold_for_traces():
    """The squared sum over all (n-1)! traces equals that of the (n-2)! chains."""
    words = tuple((0, *middle, 4) for middle in itertools.permutations((1, 2, 3)))
    orders, matrix = kleiss_kuijf_matrix(words)
    assert len(orders) == 24
    rng = np.random.default_rng(2)
    amplitudes = rng.normal(size=len(words))
    adjoint = amplitudes @ adjoint_colour_matrix(words) @ amplitudes
    t = gell_mann()
    tensor = sum(
        value * np.einsum(_trace_indices(order), *([t] * 5), optimize=True)
        for order, value in zip(orders, matrix @ amplitudes, strict=True)
    )
    assert np.vdot(tensor, tensor).real == pytest.approx(adjoint)


def _trace_indices(order):
    rows = "vwxyz"
    factors = [f"{'abcde'[leg]}{rows[i]}{rows[(i + 1) % 5]}" for i, leg in enumerate(order)]
    return ",".join(factors) + "->abcde"


@pytest.mark.parametrize(
    "text",
    [
        "g g > t t~ g",
        "g g > g g g",
        "u u > u u g",
        "u u~ > d d~ g",
        "g u~ > u~ e+ e- g",
        "u c > w+ w+ d s QCD=0",
        "u c > w+ w+ d s",
        "e+ e- > u u~ g g",
    ],
)
def test_colour_lines_are_connected(text):
    """Every line begins and ends once, and every leg carries what its particle must."""
    amplitude = TreeMatrixElement(Process.parse(text), StandardModel())
    assert len(set(amplitude.colour_flows)) == len(amplitude.colour_flows) > 0
    for flow in amplitude.colour_flows:
        sources, sinks = [], []
        for leg, (pdg, (colour, anticolour)) in enumerate(
            zip(amplitude.process.pdg_ids, flow, strict=True)
        ):
            representation = particle_by_pdg(pdg).colour
            assert (colour > 0) == (representation in (3, 8))
            assert (anticolour > 0) == (representation in (-3, 8))
            incoming = leg < 2
            for line, is_colour in ((colour, True), (anticolour, False)):
                if line:
                    (sources if is_colour == incoming else sinks).append(line)
        assert sorted(sources) == sorted(sinks) == sorted(set(sources))


def test_number_of_flows():
    counts = {
        "g g > g g": 6,
        "g g > g g g": 24,
        "g g > t t~ g": 6,
        "u d > u d": 1,
        "u u > u u": 2,
        "u u~ > d d~ g": 2,
        "u c > w+ w+ d s": 1,
        "e+ e- > u u~ g g": 2,
        "e+ e- > mu+ mu-": 1,
    }
    for text, count in counts.items():
        amplitude = TreeMatrixElement(Process.parse(text), StandardModel())
        assert len(amplitude.colour_flows) == count, text


def test_flow_weights_of_gluon_scattering():
    """|A(1,2,3,4)|^2 summed over helicities is proportional to 1/(s12 s23)^2."""
    amplitude = TreeMatrixElement(Process.parse("g g > g g"), StandardModel())
    momenta = probe_points(amplitude.process, amplitude.parameters, 20)
    weights = amplitude.colour_flow_weights(momenta, 0.118)
    metric = torch.tensor([1.0, -1.0, -1.0, -1.0], dtype=torch.float64)
    signs = torch.tensor([1.0, 1.0, -1.0, -1.0], dtype=torch.float64)[:, None]
    p = momenta * signs
    for column, flow in enumerate(amplitude.colour_flows):
        neighbours = []
        for a, b in itertools.combinations(range(4), 2):
            if set(flow[a]) & set(flow[b]):
                neighbours.append(2.0 * (p[:, a] * metric * p[:, b]).sum(dim=1))
        product = torch.stack(neighbours).prod(dim=0)  # s12 s23 s34 s41
        ratio = weights[:, column] * product
        reference = sum((2.0 * (p[:, 0] * metric * p[:, k]).sum(dim=1)) ** 4 for k in (1, 2, 3))
        torch.testing.assert_close(
            ratio / reference, (ratio / reference)[:1].expand(20), rtol=1e-9, atol=0.0
        )


def test_flow_lines_of_a_quark_string():
    ends = (End.QUARK, End.ANTIQUARK, End.ANTIQUARK, End.QUARK, End.GLUON)
    # u u~ > u u~ g: the outgoing quark (leg 2) to the gluon to the incoming quark (leg 0).
    lines = flow_lines(((1, 3), (2, 4, 0)), ends, 2)
    assert lines == ((503, 0), (0, 501), (502, 0), (0, 501), (503, 502))
