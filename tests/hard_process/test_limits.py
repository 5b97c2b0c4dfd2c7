# SPDX-License-Identifier: GPL-3.0-or-later
"""Finite or refused: singular limits against the cuts."""

import math
import tomllib
from pathlib import Path

import pytest
import torch
from scipy.integrate import quad

from mcsurrogate.cards import RunCard, load_card
from mcsurrogate.errors import CardError, ProcessError
from mcsurrogate.hard_process import assemble
from mcsurrogate.hard_process.integrand import PB_GEV2
from mcsurrogate.integration import integrate
from mcsurrogate.pdf import load_pdf

CASES = Path("tests/data/cases/cards")
PDF = "NNPDF23_lo_as_0130_qed"


def card(definition: str, *cuts: dict[str, object], **sections: object) -> RunCard:
    leptonic = definition.startswith("e")
    content: dict[str, object] = {
        "seed": 1,
        "process": {"definition": definition},
        "beams": {"sqrt_s": 200.0} if leptonic else {"sqrt_s": 13e3, "pdf": PDF},
        "scales": {"alpha_s": 0.118},
        "cuts": cuts,
    }
    return RunCard.model_validate(content | sections)


def cut(observable: str, *particles: str | int, **rest: object) -> dict[str, object]:
    named: dict[str, object] = {"particles": particles} if particles else {}
    return {"observable": observable} | named | rest


HADRONS = {"sqrt_s": 13e3, "pdf": PDF}
PT = cut("pt", "jets", minimum=20.0)
ETA = cut("eta", "jets", maximum=5.0)
APART = cut("delta_r", "jets", minimum=0.4)


@pytest.mark.parametrize(
    ("name", "open_limits"),
    [
        ("nocut_zj", ["g soft", "along beam 1", "along beam 2"]),
        ("x_ttj_nocut", ["g soft", "along beam 1", "along beam 2"]),
        ("x_eej_nomll", [r"e\+ and e- collinear"]),
        ("x_aaj_noiso", ["a and u collinear"]),
        ("x_jjj_nodr", ["g and g collinear"]),
        ("x_bhabha_nocut", [r"e\+ along beam 1 \(e\+\)", r"e- along beam 2 \(e-\)"]),
        ("x_mumua_nocut", ["a soft", "mu- and a collinear", "a along beam 1", "mu. and mu. coll"]),
    ],
)
def test_an_infinite_cross_section_is_refused_and_the_lines_close_it(
    name: str, open_limits: list[str]
) -> None:
    given = load_card(CASES / f"{name}.toml", RunCard)
    with pytest.raises(ProcessError, match="the cross section is infinite") as caught:
        assemble(given)
    text = str(caught.value)
    for limit in open_limits:
        with pytest.raises(ProcessError, match=limit):
            raise caught.value
    lines = tomllib.loads(text[text.index("[[cuts]]") :])
    content = given.model_dump()
    content["cuts"] = [*content["cuts"], *lines["cuts"]]
    assemble(RunCard.model_validate(content))


@pytest.mark.parametrize("definition", ["e+ e- > t t~ g", "a a > w+ w- a", "e+ e- > t t~ a / z"])
def test_the_width_of_what_emits_closes_no_soft_limit(definition: str) -> None:
    """The emitter is on its mass shell; the width in its propagator is none of its decay."""
    beams = {"sqrt_s": 500.0}
    with pytest.raises(ProcessError, match=r"infinite: .* (g|a) soft"):
        assemble(card(definition, beams=beams))
    enough = [cut("energy", "jets", "photons", minimum=5.0), cut("pt", "photons", minimum=5.0)]
    assemble(card(definition, *enough, beams=beams))


@pytest.mark.parametrize(
    "given",
    [
        card("e+ e- > t t~ g, t > w+ b, t~ > w- b~", PT, beams={"sqrt_s": 500.0}),
        card("p p > z j", cut("pt", 23, minimum=10.0)),  # the jet recoils
        card("p p > z j", cut("system_pt", 23, minimum=10.0)),
        card("p p > j j", PT),
        card("p p > j j", jets={"count": 2, "pt_min": 20.0}),
        card("p p > j j j", jets={"count": 3, "pt_min": 20.0}),
        card("g g > t t~ g", PT),  # heavy quarks radiate no collinear singularity
        card("p p > b b~"),  # nor do bottom quarks with a mass
        card("p p > z b b~"),
        card("p p > ve ve~"),  # no photon
        card("p p > e+ ve vm vm~"),
        card("p p > w+ w-"),
        card("p p > e+ e- j", cut("mass", "leptons", minimum=40.0), PT),
        card("e+ e- > mu+ mu-"),  # the energy is fixed
        card("e+ e- > z z"),
        card("e+ e- > w+ w-"),  # a massless neutrino, but both its ends are heavy
        card("e+ e- > u u~ g", cut("mass", "jets", minimum=10.0)),
        card("e+ e- > u u~ d d~", APART, cut("energy", "jets", minimum=5.0)),
        card("g g > a a", cut("mass", "photons", minimum=50.0)),
        card("p p > a a", cut("eta", "photons", maximum=2.5), cut("mass", "photons", minimum=50.0)),
        card(
            "u d > u d",  # at a fixed energy
            ETA,
            beams={"sqrt_s": 500.0},
        ),
        card("e- p > e- j", ETA, cut("pt", "leptons", minimum=5.0), beams=HADRONS),
        card("e- p > e- j", ETA, cut("mass(e-, j)", minimum=5.0), beams=HADRONS),
        card("e- p > ve j", ETA, beams=HADRONS),  # a W boson
    ],
    ids=lambda c: c.process.definition,
)
def test_what_is_finite_is_not_refused(given: RunCard) -> None:
    assemble(given)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (card("p p > z j", ETA), "leave open g soft"),
        (card("p p > z j", cut("energy", "jets", minimum=20.0)), "u along beam 1"),
        (card("p p > j j", cut("mass", "jets", minimum=50.0)), "along beam 1"),
        (card("p p > e+ e-"), r"e\+ and e- with no energy"),
        (card("p p > e+ e-", cut("eta", "leptons", maximum=2.5)), "with no energy"),
        (card("g g > a a"), "a and a with no energy"),
        (card("p p > a a", cut("eta", "photons", maximum=2.5)), "a and a with no energy"),
        (
            card("a a > mu+ mu-", cut("eta", "leptons", maximum=2.5), beams=HADRONS),
            r"mu\+ and mu- with no energy",
        ),
        (card("u d > u d", ETA, beams=HADRONS), "u and d with no energy"),
        (card("e- p > e- j", ETA, beams=HADRONS), "e- and u with no energy"),
        (card("p e- > e- j", cut("eta", "leptons", maximum=3.0), beams=HADRONS), "no energy"),
        # no parton is soft beside the others, and all of them are together
        (
            card("p p > j j j", ETA, APART, cut("pt(j3) / pt(j1)", minimum=0.1)),
            "g and g and g with no energy",
        ),
        (card("p p > j j j", PT, cut("eta", "jets", maximum=2.5)), "collinear"),
        (card("p p > j j j", jets={"count": 2, "pt_min": 20.0}), "soft"),
        (card("e+ e- > u u~ g", APART), "g soft"),
        (card("e+ e- > u u~ d d~", APART), "u and u~ soft"),
        (card("e+ e- > a a"), r"a along beam 1 \(e\+\)"),
        (card("e+ e- > z a", cut("pt", 23, maximum=50.0)), "a along beam"),
        (
            card("p p > e+ e-", cut("mass", "leptons", minimum=50.0), model={"z_width": 0.0}),
            r"pole of a stable particle of 91.188 GeV(.|\n)*system_mass",
        ),
    ],
    ids=lambda c: c.process.definition if isinstance(c, RunCard) else "",
)
def test_each_kind_of_limit(given: RunCard, message: str) -> None:
    with pytest.raises(ProcessError, match=message):
        assemble(given)


def test_a_leptonic_w_needs_no_cut() -> None:
    # sigma(u d~ > e+ ve) = g^4 s / (576 pi) / ((s - M^2)^2 + M^2 Gamma^2), averaged over colours.
    given = load_card(CASES / "wp_lep.toml", RunCard)
    process = assemble(given)
    model = process.amplitudes[0].matrix_element.parameters
    mass, width = model.w_mass, model.w_width
    coupling = 4 * math.pi * model.alpha_ew / (1 - (mass / model.z_mass) ** 2)
    pdf, s = load_pdf(PDF), 13e3**2

    def densities(tau: float) -> float:
        x = torch.logspace(math.log10(tau), 0, 400, dtype=torch.float64)
        values = torch.zeros_like(x)
        for up, down in ((2, -1), (4, -3)):
            for a, b in ((up, down), (down, up)):
                values += pdf.xfx(a, x, 91.188) * pdf.xfx(b, (tau / x).clamp(max=1), 91.188)
        return float(torch.trapezoid(values, x.log())) / tau

    def integrand(theta: float) -> float:
        energy2 = mass**2 + mass * width * math.tan(theta)
        cross = PB_GEV2 * coupling**2 * energy2 / (576 * math.pi) / (mass * width)
        return cross * densities(energy2 / s) / s

    low = math.atan((1.0 - mass**2) / (mass * width))
    high = math.atan((1e6 - mass**2) / (mass * width))
    expected = quad(integrand, low, high, epsrel=1e-4, limit=200)[0]
    found = integrate(process, evaluations=60_000, seed=2, method="vegas")
    assert found.error < 0.005 * found.value
    assert found.value == pytest.approx(expected, abs=3.9 * found.error + 1e-3 * expected)


def test_massive_bottom_quarks_in_beams_are_refused_with_the_remedy() -> None:
    given = load_card(CASES / "five_flavours_massive_b.toml", RunCard)
    with pytest.raises(CardError, match=r"b of 4.7 GeV.*set \[model\] bottom_mass = 0"):
        assemble(given)
    with pytest.raises(CardError, match=r"set \[model\] bottom_mass = 0"):
        assemble(card("p p > t t~ j", PT, process={"definition": "p p > t t~ j",
                                                   "light_flavours": 5}))  # fmt: skip
    content = given.model_dump()
    content["model"]["bottom_mass"] = 0.0
    process = assemble(RunCard.model_validate(content))
    u = torch.rand(50, process.dim, dtype=torch.float64)
    assert bool((process(u, torch.zeros(50, dtype=torch.int64)).weight > 0).all())
    assert any(5 in pair for a in process.amplitudes for pair in a.flavours)


def test_one_hadron_has_a_cross_section() -> None:
    process = assemble(load_card(CASES / "dis.toml", RunCard))
    u = torch.rand(50, process.dim, dtype=torch.float64)
    assert bool((process(u, torch.zeros(50, dtype=torch.int64)).weight >= 0).all())
