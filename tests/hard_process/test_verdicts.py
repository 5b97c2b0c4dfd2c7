# SPDX-License-Identifier: GPL-3.0-or-later
"""Finite or refused, on a table of processes whose verdict is known from their propagators."""

import pytest

from mcsurrogate.cards import RunCard
from mcsurrogate.errors import ProcessError
from mcsurrogate.hard_process import assemble

PDF = "NNPDF23_lo_as_0130_qed"
JETS = {"observable": "pt", "particles": ["jets"], "minimum": 20.0}
PHOTONS = {"observable": "pt", "particles": ["photons"], "minimum": 20.0}
LEPTONS = {"observable": "pt", "particles": ["leptons"], "minimum": 5.0}
PAIRS = {"observable": "mass", "particles": ["leptons"], "minimum": 4.0}
FLAVOURS = PAIRS | {"same_flavour": True}
APART = {
    "observable": "delta_r",
    "particles": ["photons"],
    "others": ["leptons"],
    "minimum": 0.4,
}
JET_PAIRS = {"observable": "mass", "particles": ["jets"], "minimum": 50.0}
CENTRAL = {"observable": "eta", "particles": ["jets"], "maximum": 3.0}
TRANSVERSE = {"observable": "kt", "particles": ["jets"], "minimum": 20.0}
RECOIL = {"observable": "system_pt", "particles": ["leptons"], "minimum": 20.0}
LEADING = JETS | {"ranks": [1]}


@pytest.mark.parametrize(
    ("definition", "finite", "infinite"),
    [
        ("e+ e- > mu+ mu-", [[]], []),
        ("e+ e- > e+ e-", [[LEPTONS]], [[]]),
        ("e+ e- > a a", [[PHOTONS]], [[]]),
        ("e+ e- > u u~ g", [[JET_PAIRS]], [[], [CENTRAL]]),
        ("e+ e- > b b~ g", [], [[]]),
        # two leptons of a virtual photon, which a photon recoils against
        ("e+ e- > mu+ mu- a", [[PHOTONS, APART, PAIRS]], [[], [PHOTONS, APART]]),
        ("e+ e- > ve ve~ a", [[PHOTONS]], [[]]),
        ("e+ e- > ve ve~ h", [[]], []),
        ("e+ e- > e+ e- h", [[]], []),  # Z bosons alone couple to the Higgs boson
        ("e+ e- > w+ e- ve~", [], [[]]),
        ("e+ e- > t t~ g", [[JETS], [{**JETS, "minimum": 1.0}]], []),  # the width of the top
        ("a a > w+ w-", [[]], []),
        ("a a > mu+ mu-", [[LEPTONS]], [[]]),
        ("g g > t t~ g", [[JETS]], [[]]),
        ("g g > g g", [[CENTRAL]], [[]]),
        ("u d > u d QCD=0", [], [[]]),
        ("u u > w+ d u QCD=0", [], [[]]),  # a photon between the quarks
        ("u u > w+ w+ d d QCD=0", [[]], []),  # none that could: both quarks change
        ("e- p > e- j", [[JETS]], [[]]),
        ("e- p > ve j", [[]], []),
        ("p p > w+ a", [[PHOTONS]], [[]]),
        ("p p > z j", [[JETS], [LEADING]], [[], [CENTRAL]]),
        ("p p > j j", [[LEADING]], [[TRANSVERSE], [JET_PAIRS]]),
        ("p p > e+ e- j", [[JETS, PAIRS], [RECOIL, PAIRS]], [[JETS], [RECOIL]]),
        ("p p > z > e+ e-", [[]], []),
        ("p p > e+ e- mu+ mu-", [[FLAVOURS]], [[]]),
        ("p p > j j h QCD=0", [[]], []),
    ],
)
def test_verdicts(
    definition: str,
    finite: list[list[dict[str, object]]],
    infinite: list[list[dict[str, object]]],
) -> None:
    assert finite or infinite
    for cuts in finite:
        assemble(_card(definition, cuts))
    for cuts in infinite:
        with pytest.raises(ProcessError, match="the cross section is infinite"):
            assemble(_card(definition, cuts))


def _card(definition: str, cuts: list[dict[str, object]]) -> RunCard:
    hadronic = " p " in f" {definition}"
    beams = {"sqrt_s": 13e3 if definition[0] == "p" else 1000.0}
    return RunCard.model_validate(
        {
            "seed": 1,
            "process": {"definition": definition},
            "beams": beams | ({"pdf": PDF} if hadronic else {}),
            "scales": {"alpha_s": 0.118},
            "cuts": cuts,
        }
    )
