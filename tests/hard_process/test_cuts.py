# SPDX-License-Identifier: GPL-3.0-or-later
"""Cuts of a card: presets, isolation, jets, and what is the same in every subprocess."""

import math

import pytest
import torch
from pydantic import ValidationError

from mcsurrogate.cards import RunCard
from mcsurrogate.errors import CardError, PhaseSpaceError, ProcessError
from mcsurrogate.hard_process import assemble
from mcsurrogate.kinematics import (
    delta_r,
    invariant_mass_squared,
    pseudorapidity,
    transverse_momentum,
)


def card(definition: str, **sections: object) -> RunCard:
    content: dict[str, object] = {
        "seed": 1,
        "process": {"definition": definition},
        "beams": {"sqrt_s": 13e3, "pdf": "NNPDF23_lo_as_0130_qed"},
        "scales": {"alpha_s": 0.118},
    }
    return RunCard.model_validate(content | sections)


def _momenta(process, count: int = 2000) -> torch.Tensor:
    generator = torch.Generator().manual_seed(3)
    u = torch.rand(count, process.dim, generator=generator, dtype=torch.float64)
    return process.phase_space.forward(u, 0).momenta


def test_the_cuts_of_madgraph() -> None:
    """Its run card as it comes: arXiv:1405.0301, appendix B.3, and ``RunCardLO``."""
    process = assemble(card("p p > e+ e- a j", preset_cuts="madgraph"))
    p = _momenta(process)
    positron, electron, photon, jet = (p[:, leg] for leg in range(2, 6))
    expected = torch.ones(len(p), dtype=torch.bool)
    for q, pt, eta in (
        (positron, 10, 2.5),
        (electron, 10, 2.5),
        (photon, 10, 2.5),
        (jet, 20, 5.0),
    ):
        expected &= (transverse_momentum(q) >= pt) & (pseudorapidity(q).abs() <= eta)
    for a, b in (
        (positron, electron),
        (positron, photon),
        (electron, photon),
        (positron, jet),
        (electron, jet),
        (photon, jet),
    ):
        expected &= delta_r(a, b) >= 0.4
    assert torch.equal(process.cuts(p), expected)
    assert 0 < int(expected.sum()) < len(p)


def test_the_cuts_of_madgraph_leave_decays_alone() -> None:
    """``cut_decays`` is off: the jet of the process is cut, those of the decay are not."""
    process = assemble(card("p p > w+ j, w+ > u d~", preset_cuts="madgraph"))
    cuts = process.cuts
    assert [cuts.least_transverse_momentum(leg) for leg in (2, 3, 4)] == [0.0, 0.0, 20.0]


def test_an_isolated_photon_needs_no_distance() -> None:
    pt = [
        {"observable": "pt", "particles": [name], "minimum": 20.0} for name in ("photons", "jets")
    ]
    far = {"observable": "delta_r", "particles": ["jets"], "minimum": 0.4}
    with pytest.raises(ProcessError, match="a and u collinear"):
        assemble(card("p p > a j j", cuts=[*pt, far]))
    process = assemble(card("p p > a j j", cuts=[*pt, far], isolation={"epsilon": 0.5}))
    assert process.cuts.isolation.epsilon == 0.5


def test_sums_and_leading_jets_do_not_close_soft_limits() -> None:
    """A jet that falls below H_T or the leading jet may still be soft."""
    sums = [
        {"observable": "sum_pt", "minimum": 100.0},
        {"observable": "pt", "ranks": [1], "minimum": 50.0},
    ]
    with pytest.raises(ProcessError, match="g soft"):
        assemble(card("p p > j j j", cuts=sums))
    # of two jets the second one balances the first
    assert assemble(card("p p > j j", cuts=sums[:1])).channels > 0


def test_pairs_of_the_same_flavour() -> None:
    pairs = {
        "observable": "mass",
        "particles": ["leptons"],
        "same_flavour": True,
        "minimum": 12.0,
    }
    process = assemble(card("p p > e+ e- mu+ mu-", cuts=[pairs]))
    p = _momenta(process)
    least = torch.stack(
        [invariant_mass_squared(p[:, a], p[:, b]).sqrt() for a, b in ((2, 3), (4, 5))]
    ).amin(0)
    assert torch.equal(process.cuts(p), least >= 12)
    with pytest.raises(CardError, match="not pairs"):
        assemble(card("p p > e+ e-", cuts=[pairs | {"observable": "pt"}]))


def test_cuts_on_clustered_jets() -> None:
    jets = {
        "count": 2,
        "cuts": [
            {"observable": "system_mass", "ranks": [1, 2], "minimum": 200.0},
            {"observable": "delta_eta", "ranks": [1, 2], "minimum": 1.0},
        ],
    }
    process = assemble(card("p p > j j", jets=jets))
    p = _momenta(process)
    a, b = p[:, 2], p[:, 3]
    expected = (invariant_mass_squared(a, b) >= 200**2) & (
        (pseudorapidity(a) - pseudorapidity(b)).abs() >= 1
    )
    for q in (a, b):
        expected &= (transverse_momentum(q) > 20) & (pseudorapidity(q).abs() < 5)
    assert torch.equal(process.cuts(p), expected)
    assert 0 < int(expected.sum()) < len(p)
    wrong = {"count": 1, "cuts": [{"observable": "pt", "particles": ["b"], "minimum": 1.0}]}
    with pytest.raises(CardError, match="jets alone"):
        assemble(card("p p > j j", jets=wrong))


def test_a_cut_is_for_the_same_particles_everywhere() -> None:
    up = [{"observable": "pt", "particles": [2], "minimum": 20.0}]
    with pytest.raises(CardError, match="other particles in the subprocess"):
        assemble(card("p p > j j", cuts=up))


def test_a_least_sum_is_the_least_energy() -> None:
    """Nothing below it is drawn."""
    process = assemble(card("p p > j j", cuts=[{"observable": "sum_pt", "minimum": 300.0}]))
    p = _momenta(process, 500)
    assert math.sqrt(float(invariant_mass_squared(p[:, 0], p[:, 1]).min())) >= 300


def test_cuts_on_expressions_and_on_functions_of_ones_own(tmp_path) -> None:
    """Both see the events, and limits that they leave open are refused."""
    file = tmp_path / "mine.py"
    file.write_text(
        "def imbalance(momenta, pdg_ids):\n"
        "    assert len(pdg_ids) == momenta.shape[1]\n"
        "    pt = momenta[:, 2:, 1:3].norm(dim=2)\n"
        "    return pt.amin(1) / pt.amax(1)\n"
        "def nothing(momenta, pdg_ids):\n"
        "    return momenta[:, 0, 0] * float('nan')\n"
    )
    mass = {"observable": "mass(j1, j2) / 2", "minimum": 100.0}
    pt = {"observable": "pt", "minimum": 20.0}
    own = {"observable": f"{file}:imbalance", "minimum": 0.3}
    far = {"observable": "delta_r", "minimum": 0.4}
    process = assemble(card("p p > j j j", cuts=[pt, far, mass, own]))
    p = _momenta(process, 4000)
    by_pt = transverse_momentum(p[:, 2:])
    first, second = by_pt.argsort(dim=1, descending=True)[:, :2].t() + 2
    rows = torch.arange(len(p))
    m = invariant_mass_squared(p[rows, first], p[rows, second]).sqrt()
    expected = (m / 2 >= 100) & (by_pt.amin(1) / by_pt.amax(1) >= 0.3) & (by_pt >= 20).all(1)
    for a, b in ((2, 3), (2, 4), (3, 4)):
        expected &= delta_r(p[:, a], p[:, b]) >= 0.4
    assert torch.equal(process.cuts(p), expected)
    assert 0 < int(expected.sum()) < len(p)
    # 0.3 of the largest pT keeps every jet from being soft, but not from the other's direction
    with pytest.raises(ProcessError, match="collinear") as caught:
        assemble(card("p p > j j j", cuts=[own, {"observable": "ht", "minimum": 60.0}]))
    assert "soft" not in str(caught.value)
    wrong = {"observable": f"{file}:nothing", "minimum": 0.3}
    process = assemble(card("p p > j j", cuts=[pt, wrong]))
    with pytest.raises(PhaseSpaceError, match="not a number"):
        process.cuts(_momenta(process))
    with pytest.raises(CardError, match="no function"):
        assemble(card("p p > j j", cuts=[{"observable": f"{file}:absent", "minimum": 0.3}]))


def test_a_function_of_events_names_its_particles_itself() -> None:
    with pytest.raises(ValidationError, match="leave out ranks"):
        card("p p > j j", cuts=[{"observable": "pt(j1)", "ranks": [1], "minimum": 1.0}])
