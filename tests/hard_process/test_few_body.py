# SPDX-License-Identifier: GPL-3.0-or-later
"""Widths of decays, single particles from hadrons, and leptons on hadrons."""

import math

import numpy as np
import pytest
import torch

from mcsurrogate.cards import ModelSection, RunCard
from mcsurrogate.errors import CardError, ProcessError
from mcsurrogate.hard_process import HardProcess, assemble, partial_width, standard_model
from mcsurrogate.hard_process.integrand import PB_GEV2
from mcsurrogate.integration import integrate
from mcsurrogate.matrix_elements import (
    Process,
    StandardModel,
    boson_pair_width,
    total_width,
    two_body_width,
)
from mcsurrogate.pdf import load_pdf

PDF = "NNPDF23_lo_as_0130_qed"


def hard_process(definition: str, sqrt_s: float, **sections: object) -> HardProcess:
    beams = {"sqrt_s": sqrt_s, "pdf": PDF}
    content = {"seed": 1, "process": {"definition": definition}, "beams": beams} | sections
    return assemble(RunCard.model_validate(content))


# Source of the widths: MadGraph5_aMC@NLO 3.1.1, tests/data/oracle/second (README of the tables):
# p |M|^2 / (8 pi M^2), and for t > b e+ ve quadrature of the tabulated |M|^2 to 1e-9.
@pytest.mark.parametrize(
    ("decay", "width"), [("h > b b~", 0.005390778958043031), ("w+ > u d~", 0.6826922397972371)]
)
def test_two_body_width(decay: str, width: float) -> None:
    found = partial_width(decay)
    assert found.value == pytest.approx(width, rel=1e-12)
    assert found.error == 0.0


def test_three_body_width() -> None:
    found = partial_width("t > b e+ ve", precision=5e-3)
    assert found.error < 5e-3 * found.value
    assert abs(found.value - 0.1632441553208202) < 4 * found.error  # false alarm 1e-4


def test_widths_of_labels_and_chains() -> None:
    one = partial_width("w+ > e+ ve").value
    assert partial_width("w+ > l+ vl").value == pytest.approx(2 * one, rel=1e-12)
    # The zero-width limit of a chain is the product of widths and branching ratios.
    model = StandardModel(w_width=1e-4)
    chain = partial_width("t > w+ b, w+ > e+ ve", model, precision=5e-3)
    product = partial_width("t > w+ b", model).value * one / 1e-4
    share = 2 / math.pi * math.atan(2 * 15.0)  # of a Breit-Wigner within 15 widths
    assert abs(chain.value / (product * share) - 1) < 4 * chain.error / chain.value + 1e-4


def test_pairs_by_massive_bosons_are_no_collinear_pole() -> None:
    """They were refused as infinite; with three kinds of neutrinos any two have one width."""
    one = partial_width("z > ve ve~ vm vm~", precision=5e-3)
    other = partial_width("z > vm vm~ vt vt~", precision=5e-3, seed=2)
    assert one.error < 2e-2 * one.value
    assert abs(one.value - other.value) < 5 * math.hypot(one.error, other.error)  # 1e-6
    assert partial_width("z > e+ e- vm vm~", precision=5e-3).value > one.value


def test_automatic_widths() -> None:
    # MadGraph's defaults, W, Z and top at lowest order, are these sums: 2.0476, 2.441404, 1.4915.
    model = StandardModel()
    for pdg, width, accuracy in ((24, 2.0476, 2e-4), (23, 2.441404, 2e-4), (6, 1.4915, 2e-5)):
        assert total_width(pdg, model) == pytest.approx(width, rel=accuracy)
        assert total_width(pdg, model) == total_width(-pdg if pdg != 23 else 23, model)
    # the Higgs has W and Z pairs besides, with the widths that its bosons have in the end
    given = ModelSection(higgs_width="auto", w_width="auto")
    w_width = standard_model(ModelSection(w_width="auto")).w_width
    found = standard_model(given)
    assert found.higgs_width == total_width(25, StandardModel(w_width=w_width))
    section = ModelSection(top_width="auto", top_mass=180.0)
    found = standard_model(section)
    assert found.top_width == total_width(6, StandardModel(top_mass=180.0))
    assert found.z_width == 2.441404


@pytest.mark.parametrize(
    ("boson", "decay", "one", "ways"),
    [(24, "h > e+ ve mu- vm~", "w+ > e+ ve", 1), (23, "h > e+ e- mu+ mu-", "z > e+ e-", 2)],
)
def test_boson_pairs_of_the_higgs_are_those_of_four_fermions(
    boson: int, decay: str, one: str, ways: int
) -> None:
    """The integral over two masses against the amplitude in four-body phase space."""
    model = StandardModel()
    share = partial_width(one).value / total_width(boson, model)
    integral = boson_pair_width(boson, model) * share**2 * ways
    found = partial_width(decay, precision=4e-3, seed=3)
    assert abs(integral / found.value - 1) < 4 * found.error / found.value
    assert found.error < 2e-2 * found.value


def test_boson_pairs_of_the_higgs() -> None:
    model = StandardModel()
    # arXiv:1610.07922 at 125 GeV: 4.088 MeV times 0.2137 and 0.02619, with higher orders
    assert boson_pair_width(24, model) == pytest.approx(4.088e-3 * 0.2137, rel=0.08)
    assert boson_pair_width(23, model) == pytest.approx(4.088e-3 * 0.02619, rel=0.08)
    # far above threshold, with a narrow W: two on their mass shell
    narrow = StandardModel(higgs_mass=400.0, w_width=1e-3)
    share = total_width(24, narrow) / 1e-3
    two = two_body_width(Process.parse("h > w+ w-"), narrow)
    assert boson_pair_width(24, narrow) == pytest.approx(two * share**2, rel=1e-3)
    with pytest.raises(ProcessError, match="set z_width"):
        boson_pair_width(23, StandardModel(z_width=0.0))


@pytest.mark.parametrize(
    ("decay", "message"),
    [
        ("z > e+ e- a", "infinite"),
        ("z > e+ e- mu+ mu-", "infinite"),
        ("w+ > t b~", "below"),
        ("h > w+ w-, w+ > e+ ve", "within 15 widths of the masses of all resonances"),
        ("u u~ > z", "of one particle"),
        ("t > w+ e- b", "not conserved"),
    ],
)
def test_refused_widths(decay: str, message: str) -> None:
    with pytest.raises(ProcessError, match=message):
        partial_width(decay)


def test_single_z_is_the_narrow_limit_of_the_pair() -> None:
    narrow = {"model": {"z_width": 1e-3}}
    single = integrate(
        hard_process("p p > z", 13000.0), evaluations=20_000, precision=1e-3, method="vegas", seed=1
    )
    pair = integrate(
        hard_process("p p > z > e+ e-", 13000.0, **narrow),
        evaluations=40_000, precision=2e-3, method="vegas", seed=1,
    )  # fmt: skip
    wanted = single.value * partial_width("z > e+ e-").value / 1e-3
    assert abs(pair.value / wanted - 1) < 4 * math.hypot(2e-3, 1e-3)


def test_a_single_particle_needs_two_hadrons() -> None:
    with pytest.raises(CardError, match="delta function"):
        assemble(
            RunCard.model_validate(
                {
                    "seed": 1,
                    "process": {"definition": "e+ e- > z"},
                    "beams": {"sqrt_s": 500.0},
                    "scales": {"alpha_s": 0.118},
                }
            )
        )
    with pytest.raises(CardError, match="mcsurrogate width"):
        hard_process("t > w+ b", 13000.0)


CUTS = {"cuts": [{"observable": "pt", "particles": ["leptons"], "minimum": 10.0}]}


def photon_exchange(sqrt_s: float, least_pt: float) -> float:
    r"""Cross section in pb of e q -> e q by a photon, by quadrature.

    :math:`d\sigma / dx dQ^2 = 2\pi\alpha^2 / (x Q^4) [1 + (1-y)^2] \sum e_q^2 x f_q(x)` (Ellis,
    Stirling, Webber, eq. 4.12), with :math:`p_T^2 = Q^2 (1 - y)`.
    """
    s, density = sqrt_s**2, load_pdf(PDF)
    nodes, weights = np.polynomial.legendre.leggauss(200)
    nodes, weights = (nodes + 1) / 2, weights / 2
    log_x = math.log(4 * least_pt**2 / s)
    x = np.exp(log_x * (1 - nodes))
    scale = torch.full((len(x),), 91.188, dtype=torch.float64)
    charges = {1: 1 / 9, 2: 4 / 9, 3: 1 / 9, 4: 4 / 9}
    structure = sum(
        charge * density.xfx(sign * quark, torch.tensor(x), scale).numpy()
        for quark, charge in charges.items()
        for sign in (1, -1)
    )
    root = np.sqrt(1 - 4 * least_pt**2 / (x * s))
    low, high = np.log((1 - root) / 2), np.log((1 + root) / 2)
    y = np.exp(low[:, None] + (high - low)[:, None] * nodes)
    q2 = x[:, None] * y * s
    alpha = 1 / 132.507
    value = 2 * math.pi * alpha**2 / (x[:, None] * q2**2) * (1 + (1 - y) ** 2) * q2
    inner = (value * weights).sum(axis=1) * (high - low)
    return PB_GEV2 * float((weights * -log_x * x * structure * inner).sum())


@pytest.mark.parametrize("definition", ["e- p > e- j / z", "p e- > e- j / z"])
def test_photon_exchange_of_an_electron_and_a_proton(definition: str) -> None:
    process = hard_process(definition, 318.0, **CUTS)
    result = integrate(process, evaluations=40_000, precision=2e-3, method="vegas", seed=1)
    assert result.error < 3e-3 * result.value
    wanted = photon_exchange(318.0, 10.0)
    assert abs(result.value - wanted) < 4 * result.error  # false alarm 1e-4


def test_events_of_a_lepton_and_a_hadron() -> None:
    process = hard_process("e- p > e- j", 318.0, **CUTS)
    u = torch.rand(500, process.dim, generator=torch.Generator().manual_seed(1)).double()
    found = process.contributions(u, torch.zeros(500, dtype=torch.int64))
    assert bool((found.x1 == 1).all())
    assert bool((found.x2 < 1).all())
    balance = found.momenta[:, :2].sum(dim=1) - found.momenta[:, 2:].sum(dim=1)
    assert float(balance.abs().max()) < 1e-10
    assert float((found.momenta[:, 0, 0] - 159.0).abs().max()) < 1e-10
    assert {a.flavours[0][0] for a in process.amplitudes} == {11}
