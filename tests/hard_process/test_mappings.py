# SPDX-License-Identifier: GPL-3.0-or-later
"""Both kinds of phase-space mappings give one cross section."""

import math
from pathlib import Path

import pytest

from mcsurrogate.cards import RunCard, load_card
from mcsurrogate.errors import IntegrationError, PhaseSpaceError
from mcsurrogate.hard_process import HardProcess, assemble
from mcsurrogate.integration import integrate, load_sampler, save_sampler
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


def test_a_sampler_is_refused_with_another_mapping_scale_or_cut(tmp_path: Path) -> None:
    """Dimensions and number of channels are the same: the values at stored points tell."""
    path = tmp_path / "sampler.safetensors"
    process = assemble(card("ttbar", "transverse"))
    save_sampler(integrate(process, evaluations=4000, seed=4, method="vegas").sampler, path)
    load_sampler(path, assemble(card("ttbar", "transverse")))
    other = card("ttbar", "diagrams").model_dump()
    with pytest.raises(IntegrationError, match="this sampler is for another integrand"):
        load_sampler(path, _named(assemble(RunCard.model_validate(other)), process.names))
    cut = {"observable": "pt", "particles": [6], "minimum": 80.0}
    for section, values in (
        ("scales", {"factorization": 92.0}),
        ("beams", {"pdf": "NNPDF31_lo_as_0118"}),
        ("model", {"top_mass": 173.1}),
        ("cuts", [cut]),
    ):
        other = card("ttbar", "transverse").model_dump()
        other[section] = values if section == "cuts" else {**other[section], **values}
        with pytest.raises(IntegrationError, match=r"not .* at u = .* stored points"):
            load_sampler(path, assemble(RunCard.model_validate(other)))


def _named(process: HardProcess, names: tuple[str, ...]) -> HardProcess:
    """Give the channels other names: what is left to tell integrands apart are values."""
    process.names = names
    return process


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
