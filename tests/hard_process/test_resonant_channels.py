# SPDX-License-Identifier: GPL-3.0-or-later
"""Channels of full final states: where resonances are, as many as there are trees."""

import pytest

from mcsurrogate.cards import RunCard
from mcsurrogate.hard_process import assemble
from mcsurrogate.hard_process.channels import _different
from mcsurrogate.hard_process.skeletons import Skeleton
from mcsurrogate.integration import integrate


def _card(definition: str, cuts: list[dict] | None = None) -> RunCard:
    return RunCard.model_validate(
        {
            "seed": 5,
            "process": {"definition": definition, "light_flavours": 4},
            "beams": {"sqrt_s": 13000.0, "pdf": "NNPDF23_lo_as_0130_qed"},
            "scales": {"renormalization": 91.188, "factorization": 91.188},
            "cuts": cuts or [],
        }
    )


def _pair_masses(minimum: float) -> list[dict]:
    return [
        {"observable": "mass", "particles": [lepton], "others": [-lepton], "minimum": minimum}
        for lepton in (11, 13)
    ]


def test_lines_that_may_be_several_particles_are_one_channel() -> None:
    """96 diagrams have 24 sets of photons and Z bosons on 6 trees; few sets stay apart."""
    four = assemble(_card("p p > e+ e- mu+ mu-", _pair_masses(4.0))).phase_space
    assert four.channels == 6
    assert any(len(p.poles) == 2 for m in four.mappings for p in m.topology.propagators)
    two = assemble(_card("p p > e+ e-", _pair_masses(4.0)[:1])).phase_space
    assert two.channels == 2


def test_a_narrow_resonance_is_a_channel_of_its_own() -> None:
    """W W b b~ through a Z or a photon, or through a Higgs boson: two channels of one tree."""
    pair = ((4, 5), 80.4, 2.05), ((2, 3), 80.4, 2.05)
    lines = [((2, 3, 4, 5), mass, width) for mass, width in ((0, 0), (91.2, 2.5), (125, 0.0064))]
    others = [(((2, 3), mass, 0.0), ((4, 5), 0.0, 0.0)) for mass in range(8)]
    skeletons = [Skeleton((), tuple(d)) for d in ([*pair, line] for line in lines)]
    found = _different(skeletons + [Skeleton((), d) for d in others], 8)
    poles = [t.time_like[-1].poles for t in found if len(t.time_like) == 3]
    assert poles == [((0, 0), (91.2, 2.5)), ((125, 0.0064),)]


def test_flavours_alike_share_a_network() -> None:
    """Muons for electrons and one beam for the other: the 6 trees are of 3 kinds.

    A lepton or an antilepton radiates the other pair, or quarks make both.
    """
    process = assemble(_card("p p > e+ e- mu+ mu-", _pair_masses(4.0)))
    assert len(set(process.groups)) == 3


def test_four_leptons_with_few_points() -> None:
    """0.2606 +- 0.0036 pb with 30,000 evaluations; 5 standard deviations, false alarm 1e-6."""
    process = assemble(_card("p p > e+ e- mu+ mu-", _pair_masses(4.0)))
    result = integrate(process, evaluations=10_000, seed=1, method="vegas")
    assert abs(result.value - 0.2606) < 5 * (result.error**2 + 0.0036**2) ** 0.5
    assert result.error < 0.2 * result.value


@pytest.mark.parametrize("decays", ["t > w+ b", "(t > w+ b, w+ > e+ ve), t~ > w- b~"])
def test_tops_of_a_chain_do_not_resonate_before_they_emit(decays: str) -> None:
    """Then all diagrams have their resonances in common: 0.7%, and 5% with a channel of each."""
    jets = [{"observable": "pt", "particles": ["jets"], "minimum": 20.0}]
    process = assemble(_card(f"p p > t t~ j, {decays}", jets))
    assert process.phase_space.names == ("transverse with decays",)
    result = integrate(process, evaluations=20_000, seed=1, method="vegas")
    assert result.error < 0.015 * result.value


@pytest.mark.slow
def test_fusion_of_vector_bosons() -> None:
    """3.355 +- 0.016 pb with as many evaluations and propagators as channel weights.

    5 standard deviations, false alarm 1e-6.  With the maps of other chains 3% were left.
    """
    jets = [
        {"observable": "pt", "particles": ["jets"], "minimum": 20.0},
        {"observable": "eta", "particles": ["jets"], "maximum": 5.0},
    ]
    process = assemble(_card("p p > j j h QCD=0", jets))
    result = integrate(process, evaluations=40_000, seed=1, method="vegas")
    assert abs(result.value - 3.355) < 5 * (result.error**2 + 0.016**2) ** 0.5
    assert result.error < 0.008 * result.value


@pytest.mark.slow
def test_two_leptonic_tops_and_all_that_looks_like_them() -> None:
    """MadGraph5_aMC@NLO 3.1.1, all diagrams: 9.056 +- 0.016 pb; 4 standard deviations."""
    process = assemble(_card("p p > e+ ve b mu- vm~ b~"))
    result = integrate(process, evaluations=200_000, seed=1, method="vegas")
    assert result.error < 0.02 * result.value
    assert abs(result.value - 9.056) < 4 * (result.error**2 + 0.016**2) ** 0.5
