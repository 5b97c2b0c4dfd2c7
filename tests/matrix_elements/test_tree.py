# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine against the oracle tables, symmetries and Ward identities."""

import math

import numpy as np
import pytest
import torch

from mcsurrogate.errors import KinematicsError, MatrixElementError, ProcessError
from mcsurrogate.matrix_elements import Process, StandardModel
from mcsurrogate.matrix_elements.probe import probe_points
from mcsurrogate.matrix_elements.tree import TreeMatrixElement

TABLES = (
    "ee_mumu",
    "ee_uuxg",
    "gg_gg",
    "gg_ggg",
    "gg_ttx",
    "gg_ttxg",
    "gg_ttxgg",
    "gg_wpdux",
    "gg_wpduxg",
    "uc_wpwpds_ew",
    "uc_wpwpds_qcd",
    "udx_wpg",
    "uux_epem",
    "uux_ttx",
)


def engine(text, **parameters):
    return TreeMatrixElement(Process.parse(text), StandardModel(**parameters))


@pytest.mark.parametrize("name", TABLES)
def test_oracle_table(name, oracle):
    table = oracle(name)
    amplitude = engine(str(table["process"]))
    momenta = torch.tensor(table["momenta"])
    alpha_s = float(table["alpha_s"])
    np.testing.assert_allclose(amplitude(momenta, alpha_s), table["me2"], rtol=1e-10)

    points = table["hel_points"]
    found = amplitude.helicity_contributions(momenta[points], alpha_s).numpy()
    rows = {tuple(row): column for column, row in enumerate(amplitude.helicities.tolist())}
    scale = table["me2"][points]
    for column, helicities in enumerate(table["helicities"].tolist()):
        row = rows.get(tuple(helicities))
        mine = 0.0 if row is None else found[:, row]
        assert np.abs(mine - table["me2_hel"][:, column]).max() < 1e-11 * scale.min()
    np.testing.assert_allclose(found.sum(axis=1), scale, rtol=1e-10)


@pytest.mark.parametrize("name", ["gg_ggg", "gg_ttxg", "uc_wpwpds_ew", "ee_mumu"])
def test_single_precision(name, oracle):
    table = oracle(name)
    momenta = torch.tensor(table["momenta"][:150])
    amplitude = engine(str(table["process"]))
    single = amplitude(momenta.float(), 0.118)
    assert single.dtype == torch.float32
    ratio = single.numpy() / table["me2"][:150] - 1.0
    assert np.median(np.abs(ratio)) < 3e-6
    assert np.abs(ratio).max() < 3e-3


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("gg_ggg", "g g > g g g"),
        ("gg_ttxg", "g g > t t~ g"),
        ("uc_wpwpds_ew", "u c > w+ w+ d s QCD=0"),
        ("ee_uuxg", "e+ e- > u u~ g"),
    ],
)
def test_gradient_mode_gives_the_same_values(name, text, oracle):
    momenta = torch.tensor(oracle(name)["momenta"][:20])
    amplitude = engine(text)
    tracked = amplitude(momenta.clone().requires_grad_(True), 0.118)
    torch.testing.assert_close(tracked.detach(), amplitude(momenta, 0.118), rtol=1e-12, atol=0.0)


def rotation(rng):
    matrix, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    matrix *= np.sign(np.linalg.det(matrix))
    full = np.eye(4)
    full[1:, 1:] = matrix
    return torch.tensor(full)


def boost(velocity):
    beta2 = float(velocity @ velocity)
    gamma = 1.0 / math.sqrt(1.0 - beta2)
    matrix = np.eye(4)
    matrix[0, 0] = gamma
    matrix[0, 1:] = matrix[1:, 0] = -gamma * velocity
    matrix[1:, 1:] += (gamma - 1.0) * np.outer(velocity, velocity) / beta2
    return torch.tensor(matrix)


ZERO_WIDTHS = {"top_width": 0.0, "w_width": 0.0, "z_width": 0.0, "higgs_width": 0.0}


@pytest.mark.parametrize(
    "text",
    [
        "g g > g g g",
        "g g > t t~ g",
        "u u~ > u u~ g",
        "u d > u d a QCD=2",
        "u u~ > w+ w- a",
        "e+ e- > t t~ h",
        "ta+ ta- > w+ w-",
        "w+ w- > z z",
        "h h > w+ w- z z",
        "b b~ > h h h",
        "d u~ > w- w+ w- g",
    ],
)
def test_lorentz_invariance(text):
    """Without widths, which break gauge invariance, results do not depend on the frame."""
    amplitude = engine(text, **ZERO_WIDTHS)
    points = probe_points(amplitude.process, amplitude.parameters, 20)
    value = amplitude(points, 0.118)
    rng = np.random.default_rng(5)
    turned = amplitude(points @ rotation(rng).T, 0.118)
    torch.testing.assert_close(turned, value, rtol=1e-10, atol=0.0)
    boosted = amplitude(points @ boost(np.array([0.3, -0.4, 0.2])).T, 0.118)
    torch.testing.assert_close(boosted, value, rtol=1e-9, atol=0.0)


def test_order_of_identical_and_incoming_legs():
    amplitude = engine("u u > u u g g")
    points = probe_points(amplitude.process, amplitude.parameters, 10)
    value = amplitude(points, 0.118)
    for order in ([1, 0, 2, 3, 4, 5], [0, 1, 3, 2, 4, 5], [0, 1, 2, 3, 5, 4]):
        torch.testing.assert_close(amplitude(points[:, order], 0.118), value, rtol=1e-11, atol=0.0)
    crossed = engine("u u > g u g u")
    torch.testing.assert_close(
        crossed(points[:, [0, 1, 4, 2, 5, 3]], 0.118), value, rtol=1e-11, atol=0.0
    )


@pytest.mark.parametrize(
    ("text", "conjugate"),
    [
        ("u u~ > t t~ g", "u~ u > t~ t g"),
        ("g u > u d d~", "g u~ > u~ d~ d"),
        ("e+ e- > u u~ g g", "e- e+ > u~ u g g"),
    ],
)
def test_cp_conjugate_processes(text, conjugate):
    """The sum over helicities of C-conjugate processes at parity-mirrored momenta is equal."""
    first, second = engine(text, **ZERO_WIDTHS), engine(conjugate, **ZERO_WIDTHS)
    points = probe_points(first.process, first.parameters, 10)
    mirrored = points * torch.tensor([1.0, -1.0, -1.0, -1.0], dtype=torch.float64)
    torch.testing.assert_close(first(points, 0.118), second(mirrored, 0.118), rtol=1e-10, atol=0.0)


def test_generations_are_equal():
    points = probe_points(Process.parse("u s > w+ d s"), StandardModel(), 10)
    value = engine("u s > w+ d s")(points, 0.118)
    same = engine("c d > w+ s d")(points, 0.118)
    torch.testing.assert_close(value, same, rtol=1e-12, atol=0.0)


@pytest.mark.parametrize("count", [0, 1, 31, 33, 200])
def test_any_number_of_events(count, oracle):
    table = oracle("gg_ttxg")
    amplitude = engine("g g > t t~ g")
    value = amplitude(torch.tensor(table["momenta"][:count]), 0.118)
    assert value.shape == (count,)
    np.testing.assert_allclose(value, table["me2"][:count], rtol=1e-10)
    assert amplitude.helicity_contributions(
        torch.tensor(table["momenta"][:count]), 0.118
    ).shape == (count, 32)


def test_alpha_s_of_each_event(oracle):
    momenta = torch.tensor(oracle("uc_wpwpds_qcd")["momenta"][:3])
    alpha_s = torch.tensor([0.1, 0.118, 0.2], dtype=torch.float64)
    for text in ("u c > w+ w+ d s", "u c > w+ w+ d s QCD=2 QED=4", "u c > w+ w+ d s QCD=0"):
        amplitude = engine(text)
        together = amplitude(momenta, alpha_s)
        single = torch.cat([amplitude(momenta[i : i + 1], alpha_s[i]) for i in range(3)])
        torch.testing.assert_close(together, single, rtol=1e-12, atol=0.0)


def test_interference_of_orders():
    """|M_QCD + M_QED|^2 is a polynomial in alpha_s whose ends are the separate squares."""
    names = ("QCD=0", "QCD=2 QED=4", "QCD==2")
    pure_qed, both, pure_qcd = (engine(f"u u > u u a {name}") for name in names)
    points = probe_points(both.process, both.parameters, 10)
    values = [both(points, alpha_s) for alpha_s in (0.1, 0.2, 0.4)]
    qed, qcd = pure_qed(points, 0.1), pure_qcd(points, 0.1)
    mixed = [
        (value - qed - qcd * (alpha_s / 0.1) ** 2) / alpha_s
        for value, alpha_s in zip(values, (0.1, 0.2, 0.4), strict=True)
    ]
    torch.testing.assert_close(mixed[0], mixed[1], rtol=1e-7, atol=0.0)
    torch.testing.assert_close(mixed[0], mixed[2], rtol=1e-7, atol=0.0)
    assert bool((mixed[0].abs() > 1e-6 * qed).any())


def test_bad_momenta(oracle):
    momenta = torch.tensor(oracle("gg_ggg")["momenta"][:3])
    amplitude = engine("g g > g g g")
    with pytest.raises(KinematicsError, match="event 1 has momenta that are not finite"):
        broken = momenta.clone()
        broken[1, 4, 0] = math.inf
        amplitude(broken, 0.118)
    # Two gluons exactly collinear: the matrix element diverges.
    collinear = torch.zeros(1, 5, 4, dtype=torch.float64)
    for leg, (energy, pz) in enumerate(((500, 500), (500, -500))):
        collinear[0, leg, 0], collinear[0, leg, 3] = energy, pz
    collinear[0, 2] = torch.tensor([500.0, 500.0, 0.0, 0.0])
    collinear[0, 3] = collinear[0, 4] = torch.tensor([250.0, -250.0, 0.0, 0.0])
    with pytest.raises(MatrixElementError, match="diverges at event 0"):
        amplitude(collinear, 0.118)


def test_no_diagram():
    with pytest.raises(ProcessError, match="no tree-level diagram"):
        engine("g g > z h")
    with pytest.raises(ProcessError, match="no diagram within the limits"):
        engine("g g > t t~ QED==2")


def test_leg_at_rest():
    """Helicity sums do not care about the direction of a leg at rest."""
    amplitude = engine("u d~ > w+ h")
    model = amplitude.parameters
    energy = model.w_mass + model.higgs_mass
    at_rest = torch.zeros(1, 4, 4, dtype=torch.float64)
    at_rest[0, :2, 0] = energy / 2.0
    at_rest[0, 0, 3], at_rest[0, 1, 3] = energy / 2.0, -energy / 2.0
    at_rest[0, 2, 0], at_rest[0, 3, 0] = model.w_mass, model.higgs_mass
    moving = at_rest @ boost(np.array([0.1, 0.2, 0.3])).T
    torch.testing.assert_close(
        amplitude(at_rest, 0.118), amplitude(moving, 0.118), rtol=1e-9, atol=0.0
    )


@pytest.mark.parametrize(
    ("text", "helicity", "colour"),
    [
        ("g g > t t~ g", True, False),
        ("g g > t t~ g", False, True),
        ("u u~ > u u~ g", True, True),
        ("u c > w+ w+ d s QCD=2 QED=4", True, True),
        ("e+ e- > ta+ ta- h", True, False),
        ("u d~ > w+ z", True, False),
    ],
)
def test_sampled_helicities_and_colours(text, helicity, colour):
    """The mean over draws is the sum; |z| < 4.4 in one trial: false alarm 1e-5."""
    amplitude = engine(text)
    point = probe_points(amplitude.process, amplitude.parameters, 1)
    exact = float(amplitude(point, 0.118))
    draws = amplitude.sampled(
        point.expand(20_000, -1, -1),
        0.118,
        generator=torch.Generator().manual_seed(7),
        helicity=helicity,
        colour=colour,
    )
    error = float(draws.std()) / math.sqrt(len(draws))
    assert error > 0.0
    assert abs(float(draws.mean()) - exact) < 4.4 * error


def test_sampling_follows_its_generator():
    amplitude = engine("g g > t t~ g")
    points = probe_points(amplitude.process, amplitude.parameters, 50)
    first, again, other = (
        amplitude.sampled(points, 0.118, generator=torch.Generator().manual_seed(seed))
        for seed in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    # Every estimate is one of the helicity contributions times their number.
    contributions = amplitude.helicity_contributions(points, 0.118)
    distance = (first[:, None] / len(amplitude.helicities) / contributions - 1.0).abs()
    assert float(distance.amin(dim=1).max()) < 1e-9


@pytest.mark.parametrize(
    "process", ["g g > t t~ g", "u d~ > w+ g", "g g > g g g", "e+ e- > u u~ g"]
)
def test_event_weights_are_those_of_the_single_evaluations(process):
    amplitude = engine(process)
    points = probe_points(amplitude.process, amplitude.parameters, 50)
    found = amplitude.event_weights(points, 0.118)
    torch.testing.assert_close(found.squared, amplitude(points, 0.118), rtol=1e-12, atol=0.0)
    torch.testing.assert_close(found.flows, amplitude.colour_flow_weights(points, 0.118))
    torch.testing.assert_close(found.helicities, amplitude.helicity_contributions(points, 0.118))
