# SPDX-License-Identifier: GPL-3.0-or-later
"""Beams: what a process can have, and what an antiproton is made of."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from mcsurrogate.cards import RunCard, load_card
from mcsurrogate.errors import CardError
from mcsurrogate.hard_process import (
    Contributions,
    HardProcess,
    assemble,
    beam_particles,
    read_definitions,
)

PDF = "NNPDF23_lo_as_0130_qed"
CASES = Path("tests/data/cases/cards")


def card(definition: str, **beams: object) -> RunCard:
    return RunCard.model_validate(
        {"seed": 1, "process": {"definition": definition}, "beams": {"sqrt_s": 1960.0} | beams}
    )


def particles(card: RunCard) -> tuple[int, int]:
    return beam_particles(card, read_definitions(card))


def cross_section(card: RunCard) -> float:
    """By Gauss-Legendre quadrature; nothing depends on the azimuth."""
    process = assemble(card)
    nodes, weights = np.polynomial.legendre.leggauss(30)
    nodes, weights = (nodes + 1) / 2, weights / 2
    points = torch.tensor(np.stack(np.meshgrid(*[nodes] * 3, indexing="ij"), -1).reshape(-1, 3))
    product = torch.tensor(np.prod(np.meshgrid(*[weights] * 3, indexing="ij"), 0).reshape(-1))
    u = torch.cat((points, torch.full((len(points), 1), 0.5, dtype=torch.float64)), dim=1)
    return float((process(u, torch.zeros(len(u))).weight * product).sum())


@pytest.mark.parametrize("name", ["antiproton", "tevatron"])
def test_proton_and_antiproton(name: str) -> None:
    # Reference: 9.061 pb, closed forms with Pythia's densities (tests/data/cases/README.md);
    # two protons give 2.269 pb.
    found = load_card(CASES / f"{name}.toml", RunCard)
    assert cross_section(found) == pytest.approx(9.061, abs=0.005)
    content = found.model_dump()
    content["process"]["definition"] = "p p > t t~"
    content["beams"]["particles"] = ("p", "p")
    assert cross_section(RunCard.model_validate(content)) == pytest.approx(2.269, abs=0.005)


def test_charge_conjugation_turns_both_beams() -> None:
    # Without weak couplings two antiprotons are two protons with all flavours conjugated.
    both = assemble(card("p p > t t~", pdf=PDF, particles=("p~", "p~")))
    protons = assemble(card("p p > t t~", pdf=PDF))
    u = torch.rand(100, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    zero = torch.zeros(100, dtype=torch.int64)
    torch.testing.assert_close(both(u, zero).weight, protons(u, zero).weight)
    found, of_protons = both.contributions(u), protons.contributions(u)

    def by_pair(process: HardProcess, found: Contributions) -> dict[tuple[int, int], Tensor]:
        return {
            pair: values
            for amplitude, many in zip(process.amplitudes, found.luminosities, strict=True)
            for pair, values in zip(amplitude.flavours, many.T, strict=True)
        }

    pairs, expected = by_pair(both, found), by_pair(protons, of_protons)
    assert len(pairs) == 9
    for (a, b), value in pairs.items():
        other = tuple(pdg if pdg == 21 else -pdg for pdg in (a, b))
        torch.testing.assert_close(value, expected[other], rtol=0, atol=0)


@pytest.mark.parametrize(
    ("definition", "beams", "expected"),
    [
        ("p p > t t~", {"pdf": PDF}, (2212, 2212)),
        ("p p > t t~", {"pdf": PDF, "particles": ("p~", "p")}, (-2212, 2212)),
        ("p p~ > t t~", {"pdf": PDF}, (2212, -2212)),
        ("g g > t t~", {"pdf": PDF, "particles": ("p", "p~")}, (2212, -2212)),
        ("g g > t t~", {}, (21, 21)),
        ("e+ e- > u u~", {}, (-11, 11)),
        ("mu+ mu- > u u~", {"particles": ("mu+", "mu-")}, (-13, 13)),
        ("e- p > e- j", {"pdf": PDF}, (11, 2212)),
    ],
)
def test_beams_of_a_definition(
    definition: str, beams: dict[str, object], expected: tuple[int, int]
) -> None:
    assert particles(card(definition, **beams)) == expected


@pytest.mark.parametrize(
    ("definition", "beams", "message"),
    [
        ("p p > t t~", {"pdf": PDF, "particles": ("p", "e-")}, "'p' .*from a beam of 'e-'.*'p'"),
        ("p p~ > t t~", {"pdf": PDF, "particles": ("p", "p")}, "'p~' .* a beam of 'p'.*'p~'"),
        ("e+ e- > u u~", {"particles": ("e-", "e+")}, r"'e\+' .* a beam of 'e-'.*'e\+'"),
        ("e+ e- > u u~", {"particles": ("p", "p")}, r"'e\+' .* a beam of 'p'.*'e\+'"),
        ("g g > t t~", {"particles": ("p", "p")}, "'g' .*from a beam of 'p'.*definite parton"),
        ("l+ l- > u u~", {"pdf": PDF}, r"'l\+' .* cannot come from one beam particle"),
        ("e+ e- > u u~", {"pdf": PDF}, "lepton beams have no parton densities"),
        ("p p > t t~", {}, "beams.pdf is missing: 'p'"),
        ("p~ p > t t~", {}, "beams.pdf is missing: 'p~'"),
    ],
)
def test_beams_that_a_process_cannot_have(
    definition: str, beams: dict[str, object], message: str
) -> None:
    with pytest.raises(CardError, match=message):
        particles(card(definition, **beams))


@pytest.mark.parametrize("definition", ["a a > w+ w-", "a p > w+ d"])
def test_densities_without_photon_are_refused(definition: str) -> None:
    with pytest.raises(CardError, match=r"NNPDF31_lo_as_0118 has no a, .*'qed'"):
        assemble(card(definition, pdf="NNPDF31_lo_as_0118"))
    assemble(card("a a > w+ w-", pdf=PDF))
