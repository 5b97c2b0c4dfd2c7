"""Both kinds of phase-space mappings give one cross section."""

import math
from pathlib import Path

import pytest

from mcsurrogate.cards import RunCard, load_card
from mcsurrogate.errors import PhaseSpaceError
from mcsurrogate.hard_process import assemble
from mcsurrogate.integration import integrate
from mcsurrogate.phase_space import TransverseMapping


def card(name: str, mapping: str) -> RunCard:
    content = load_card(Path(f"cards/{name}.toml"), RunCard).model_dump()
    content["phase_space"]["mapping"] = mapping
    return RunCard.model_validate(content)


def test_diagrams_and_transverse_agree() -> None:
    """Within 4 standard deviations: false alarm 6e-5."""
    found = []
    for mapping, evaluations in (("diagrams", 30_000), ("transverse", 10_000)):
        process = assemble(card("lhc_gg_ttxg", mapping))
        found.append(integrate(process, evaluations=evaluations, seed=4, method="vegas"))
    a, b = found
    assert abs(a.value - b.value) < 4 * math.hypot(a.error, b.error)
    assert b.error < 0.02 * b.value


def test_what_auto_chooses() -> None:
    assert assemble(card("lhc_gg_ttxg", "auto")).names == ("transverse",)
    assert assemble(card("ttbar", "auto")).names == ("two bodies",)
    # a Z resonance
    assert assemble(card("pp_epem", "auto")).names[0].startswith("channel")


def test_quarks_radiate_bosons_and_tops_radiate_jets() -> None:
    for name, radiated in (("lhc_uc_wpwpds", (0, 1)), ("lhc_gg_ttxgg", ())):
        channels = assemble(card(name, "auto")).phase_space
        assert isinstance(channels.mapping, TransverseMapping)
        assert channels.mapping.radiated == radiated


def test_transverse_needs_hadrons() -> None:
    with pytest.raises(PhaseSpaceError, match="partonic beams have none"):
        assemble(card("gg_ttx", "transverse"))
