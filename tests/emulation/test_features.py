# SPDX-License-Identifier: GPL-3.0-or-later
from itertools import permutations

import pytest
import torch

from mcsurrogate.emulation.features import FeatureMap
from mcsurrogate.emulation.kinematics import check_rows
from mcsurrogate.emulation.layout import ProcessLayout
from mcsurrogate.errors import KinematicsError
from mcsurrogate.matrix_elements import Process, StandardModel, matrix_element
from mcsurrogate.matrix_elements.probe import probe_points

TABLES = {
    "gg_ggg": "g g > g g g",
    "gg_ttxg": "g g > t t~ g",
    "gg_ttxgg": "g g > t t~ g g",
    "gg_wpduxg": "g g > w+ d u~ g",
    "uc_wpwpds_qcd": "u c > w+ w+ d s",
    "ee_uuxg": "e+ e- > u u~ g",
}


def make(process):
    return FeatureMap(ProcessLayout(Process.parse(process), StandardModel()))


@pytest.fixture(params=TABLES)
def case(request, oracle):
    return make(TABLES[request.param]), oracle(request.param)["momenta"]


def test_shapes_and_names(case):
    features, momenta = case
    found = features(momenta)
    assert found.inputs.shape == (features.size, len(momenta))
    assert len(features.names) == features.size
    assert bool(torch.isfinite(found.inputs).all())
    assert bool(torch.isfinite(found.log_skeleton).all())


def test_identical_legs_are_interchangeable_exactly(case):
    features, momenta = case
    found = features(momenta)
    for group in features.layout.identical:
        for order in permutations(group):
            swapped = momenta.clone()
            swapped[:, list(group)] = momenta[:, list(order)]
            again = features(swapped)
            assert torch.equal(found.inputs, again.inputs)
            assert torch.equal(found.log_skeleton, again.log_skeleton)


def test_identical_beams_and_conjugate_quarks_are_interchangeable(case):
    features, momenta = case
    exchanges = []
    if features.layout.identical_beams:
        exchanges.append((0, 1))
    if features.layout.conjugate_pair is not None:
        exchanges.append(features.layout.conjugate_pair)
    for first, second in exchanges:
        swapped = momenta.clone()
        swapped[:, [first, second]] = momenta[:, [second, first]]
        torch.testing.assert_close(
            features(swapped).inputs, features(momenta).inputs, rtol=1e-5, atol=2e-5
        )


def test_rotations_and_boosts_change_nothing(case):
    features, momenta = case
    turned = momenta.clone()
    turned[..., 1], turned[..., 2] = (
        0.6 * momenta[..., 1] - 0.8 * momenta[..., 2],
        (0.8 * momenta[..., 1] + 0.6 * momenta[..., 2]),
    )
    boosted = turned.clone()
    boosted[..., 0] = 1.25 * turned[..., 0] + 0.75 * turned[..., 3]
    boosted[..., 3] = 0.75 * turned[..., 0] + 1.25 * turned[..., 3]
    before, after = features(momenta), features(boosted)
    torch.testing.assert_close(before.inputs, after.inputs, rtol=1e-5, atol=1e-4)
    torch.testing.assert_close(before.log_shat, after.log_shat)


def test_only_dimensionless_inputs_without_masses(oracle):
    momenta = oracle("gg_ggg")["momenta"]
    features = make("g g > g g g")
    assert features.layout.scale_free
    torch.testing.assert_close(
        features(momenta).inputs, features(2.0 * momenta).inputs, rtol=0, atol=0
    )
    assert not make("e+ e- > u u~ g").layout.scale_free
    assert not make("g g > t t~").layout.scale_free


def test_quark_and_antiquark_are_exchanged_only_where_cp_allows():
    def pair(text):
        return ProcessLayout(Process.parse(text), StandardModel()).conjugate_pair

    assert pair("g g > t t~ g g") == (2, 3)
    assert pair("g g > w+ d u~") == (3, 4)
    assert pair("g g > u u~ z") == (2, 3)
    assert pair("a a > t t~ g") == (2, 3)
    assert pair("u u~ > t t~") is None
    assert pair("g g > w+ b t~") is None
    assert pair("g g > w+ w- u u~") is None
    assert pair("e+ e- > u u~ g") is None
    assert pair("g u > u g g") is None


@pytest.mark.parametrize(
    "process", ["g g > t t~ g", "g g > w- u d~ g", "g g > u u~ z", "a a > t t~ g", "g a > b b~ g"]
)
def test_the_exact_amplitude_has_the_symmetry(process):
    parsed = Process.parse(process)
    first, second = ProcessLayout(parsed, StandardModel()).conjugate_pair
    momenta = probe_points(parsed, StandardModel(), 200)
    swapped = momenta.clone()
    swapped[:, [first, second]] = momenta[:, [second, first]]
    amplitude = matrix_element(process)
    torch.testing.assert_close(
        amplitude(swapped, 0.118), amplitude(momenta, 0.118), rtol=1e-9, atol=0.0
    )


@pytest.mark.parametrize("process", ["g g > t t~ g g", "g g > w+ d u~ g g"])
def test_legs_are_ordered_by_energy_and_then_by_direction(process):
    momenta = probe_points(Process.parse(process), StandardModel(), 200)
    features = make(process)
    rows = features.rows(momenta)
    features.of_rows(rows)

    def dot(i, j):
        product = rows[i] * rows[j]
        return product[0] - product[1:].sum(dim=0)

    energy = [dot(leg, 0) + dot(leg, 1) for leg in range(len(rows))]
    hard, soft = features.layout.identical[0]
    first, second = features.layout.conjugate_pair
    assert bool((energy[hard] >= energy[soft]).all())
    assert bool((dot(hard, 0) >= dot(hard, 1)).all())
    assert bool((dot(1, first) >= dot(1, second)).all())


def test_propagator_invariants_are_those_of_the_momenta(oracle):
    momenta = oracle("gg_ttxgg")["momenta"]
    features = make("g g > t t~ g g")
    layout = features.layout
    rows = features.rows(momenta)
    found = features.of_rows(rows)  # rows are in canonical order now
    sign = torch.tensor([-1.0, -1.0, 1.0, 1.0, 1.0, 1.0], dtype=torch.float64)
    shat = found.log_shat.exp()
    start = len(layout.pairs) - 1
    assert len(layout.triples) == 10
    for number, triple in enumerate(layout.triples):
        total = (rows[list(triple.legs)] * sign[list(triple.legs), None, None]).sum(dim=0)
        square = total[0] ** 2 - (total[1:] ** 2).sum(dim=0)
        tops = [leg for leg in triple.legs if leg in (2, 3)]
        wanted = square - (173.0**2 if len(tops) == 1 else 0.0)
        torch.testing.assert_close(
            found.inputs[start + number].double(), (wanted / shat).abs().log(), rtol=0, atol=1e-5
        )
        assert len({bool(sign) for sign in (wanted > 0).tolist()}) == 1


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda p: p[3, 2].fill_(float("nan")), "event 3 .*not finite"),
        (lambda p: p[4, 2, 1].add_(5.0), "event 4"),
        (lambda p: p[5, 0, 0].mul_(-1.0), "event 5"),
        (lambda p: p.__setitem__(slice(None), p[:, [0, 1, 4, 2, 3]]), "order of the process"),
    ],
)
def test_bad_momenta_are_named(oracle, spoil, message):
    momenta = oracle("gg_ttxg")["momenta"].clone()
    spoil(momenta)
    features = make("g g > t t~ g")
    with pytest.raises(KinematicsError, match=message):
        check_rows(features.rows(momenta), features.layout)
