# SPDX-License-Identifier: GPL-3.0-or-later
"""The standard chain computes what the card says: Pythia's own cross section."""

from pathlib import Path

import pytest
import pythia8mc

from mcsurrogate.cards import RunCard, load_card
from mcsurrogate.errors import CardError
from mcsurrogate.generators import PythiaChain
from mcsurrogate.stages.pythia_settings import (
    beam_settings,
    hard_process_settings,
    standard_settings,
    surrogate_settings,
)


def changed(**sections: object) -> RunCard:
    content = load_card(Path("cards/ttbar.toml"), RunCard).model_dump()
    for name, value in sections.items():
        content[name] = {**content[name], **value} if isinstance(value, dict) else value
    return RunCard.model_validate(content)


def test_pythias_own_cross_section_is_that_of_the_oracle() -> None:
    # Oracle: 718.70 pb (LHAPDF quadrature). False-alarm rate of 4 sigma: 6e-5.
    card = load_card(Path("cards/ttbar.toml"), RunCard)
    assert card.chain.standard is not None
    chain = PythiaChain(
        [
            *beam_settings(card),
            *hard_process_settings(card),
            *card.chain.standard.settings,
            "PartonLevel:all = off",
            "ProcessLevel:resonanceDecays = off",
        ],
        seed=1,
    )
    for _ in chain.generate(300_000, batch_size=20_000):
        pass
    found = chain.statistics
    assert abs(found.cross_section_pb - 718.70) < 4 * found.cross_section_error_pb
    assert found.cross_section_error_pb < 1.0


def test_masses_and_scales_are_handed_over() -> None:
    card = changed(
        model={"top_mass": 172.5, "z_width": 2.5},
        scales={"renormalization": 100.0, "factorization": 50.0},
    )
    for settings in (surrogate_settings(card), standard_settings(card)):
        assert "6:m0 = 172.5" in settings
        assert "23:mWidth = 2.5" in settings
        # M_W = 80.41900 GeV of MadGraph's parameter card follows from alpha, G_F and M_Z
        (w_mass,) = (line for line in settings if line.startswith("24:m0"))
        assert float(w_mass.partition("=")[2]) == pytest.approx(80.419, abs=1e-4)
    assert "SigmaProcess:renormFixScale = 10000.0" in settings
    assert "SigmaProcess:factorFixScale = 2500.0" in settings


def test_showers_of_both_chains_start_at_one_scale() -> None:
    """An s-channel of leptons, which has no factorisation scale, and whose kind is Pythia's 1."""
    card = RunCard.model_validate(
        {
            "seed": 1,
            "process": {"definition": "mu+ mu- > t t~"},
            "beams": {"particles": ["mu+", "mu-"], "sqrt_s": 3000.0},
            "scales": {"alpha_s": 0.118},
            "chain": {"standard": {"settings": ["Top:ffbar2ttbar(s:gmZ) = on"]}},
        }
    )
    assert _start_of_showers(card) == 3000.0
    fixed = card.model_copy(update={"scales": card.scales.model_copy(update={"shower": 500.0})})
    assert _start_of_showers(fixed) == pytest.approx(500.0)


def _start_of_showers(card: RunCard) -> float:
    pythia = pythia8mc.Pythia("", False)
    for line in (*standard_settings(card), "Print:quiet = on", "PartonLevel:all = off"):
        assert pythia.readString(line)
    assert pythia.init()
    assert pythia.next()
    return float(pythia.event.scale())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"scales": {"renormalization": "ht/2"}}, "'ht/2' is no scale of Pythia's own"),
        (
            {"cuts": [{"observable": "pt", "particles": [6], "minimum": 20.0}]},
            "cuts and jets: Pythia's own processes do not know them",
        ),
    ],
)
def test_what_pythias_own_processes_lack_is_refused(
    change: dict[str, object], message: str
) -> None:
    with pytest.raises(CardError, match=message):
        hard_process_settings(changed(**change))
