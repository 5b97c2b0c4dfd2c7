# SPDX-License-Identifier: GPL-3.0-or-later
"""Definitions that overlap, and processes of which nothing is left, are refused by name."""

import pytest

from mcsurrogate.cards import RunCard
from mcsurrogate.errors import MCSurrogateError, ProcessError
from mcsurrogate.hard_process import assemble

PDF = "NNPDF23_lo_as_0130_qed"
PAIRS = {"observable": "mass", "particles": ["leptons"], "minimum": 20.0}
JETS = {"observable": "pt", "particles": ["jets"], "minimum": 20.0}


def card(definition: str | list[str], *cuts: dict[str, object], **model: float) -> RunCard:
    first = definition if isinstance(definition, str) else definition[0]
    beams: dict[str, object] = {"sqrt_s": 13e3, "pdf": PDF} if "p p" in first else {"sqrt_s": 500.0}
    return RunCard.model_validate(
        {
            "seed": 1,
            "process": {"definition": definition},
            "beams": beams,
            "scales": {"alpha_s": 0.118},
            "cuts": [PAIRS, JETS, *cuts],
            "model": model,
        }
    )


@pytest.mark.parametrize(
    "definition",
    [
        ["p p > e+ ve", "p p > w+ > e+ ve"],
        ["p p > e+ e-", "p p > e- e+"],
        ["p p > e+ ve", "p p > w+, w+ > e+ ve"],
        ["p p > t t~", "p p > t t~ / h"],
        ["p p > t t~, t > w+ b, t~ > w- b~", "p p > t t~ > w+ b w- b~"],
        ["u u~ > t t~ QED=0", "u u~ > t t~ QCD=2 QED=2"],
        ["u u~ > u u~ QCD^2<=4", "u u~ > u u~ QCD^2==2"],
        ["g g > a a", "g g > 22 22"],
    ],
)
def test_what_two_definitions_share_would_count_twice(definition: list[str]) -> None:
    with pytest.raises(MCSurrogateError, match="count twice"):
        assemble(card(definition))


@pytest.mark.parametrize(
    "definition",
    [
        ["u u~ > z > e+ e-", "u u~ > a > e+ e-"],
        ["u u~ > e+ e- $ z", "u u~ > z, z > e+ e-"],  # on the mass shell and off it
        ["u u~ > t t~ QED=0", "u u~ > t t~ QCD=0"],
        ["u d~ > u d~ QCD^2==4", "u d~ > u d~ QCD^2==2", "u d~ > u d~ QCD^2==0"],
        ["p p > w+ w-, w+ > e+ ve, w- > mu- vm~", "p p > w+ w-, w+ > mu+ vm, w- > e- ve~"],
    ],
)
def test_definitions_may_share_particles_and_no_events(definition: list[str]) -> None:
    process = assemble(card(definition))
    assert {a.process_id for a in process.amplitudes} == set(range(1, len(definition) + 1))


@pytest.mark.parametrize("definition", ["p p > a", "p p > j"])
def test_a_single_particle_has_a_mass(definition: str) -> None:
    with pytest.raises(MCSurrogateError, match="no single particle without mass"):
        assemble(card(definition))


@pytest.mark.parametrize("definition", ["e+ e- > z h, z > mu+ mu-", "e+ e- > mu+ mu- $ z"])
def test_a_resonance_has_a_width(definition: str) -> None:
    with pytest.raises(ProcessError, match=r"z has no width in \[model\]"):
        assemble(card(definition, z_width=0.0))


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        ("p p > z h, h > z z", r"h is within 15 widths .* at most 125.096 .* least 182.376 GeV"),
        ("p p > z, z > t t~", r"z is within .* least 346 GeV"),
        ("p p > z, z > e+ e-", r"z is within .* least 200 GeV by their masses, windows and cuts"),
        ("e+ e- > z h, z > mu+ mu-, (h > w+ w-, w+ > t b~)", "nothing is left"),
    ],
)
def test_a_window_that_cuts_and_masses_close_is_refused(definition: str, message: str) -> None:
    with pytest.raises(ProcessError, match=message):
        assemble(card(definition, PAIRS | {"minimum": 200.0}))


def test_windows_off_the_mass_shell_of_all_but_one_are_open() -> None:
    assemble(card("p p > z h, z > u u~, (h > w+ w-, w+ > e+ ve, w- > d u~)"))


def test_cuts_above_the_energy_of_the_beams_are_refused() -> None:
    above = {"observable": "sum_pt", "particles": ["jets"], "minimum": 14e3}
    with pytest.raises(MCSurrogateError, match=r"least 14091.2 GeV, and the beams have 13000"):
        assemble(card("p p > z j", above))
