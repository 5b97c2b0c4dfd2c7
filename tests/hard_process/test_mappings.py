# SPDX-License-Identifier: GPL-3.0-or-later
"""Both kinds of phase-space mappings give one cross section."""

import math
from pathlib import Path

import pytest

from mcsurrogate.cards import RunCard, load_card
from mcsurrogate.errors import IntegrationError, PhaseSpaceError
from mcsurrogate.hard_process import HardProcess, assemble
from mcsurrogate.hard_process.channels import _in_common
from mcsurrogate.integration import integrate, load_sampler, save_sampler
from mcsurrogate.phase_space import Propagator, Topology, TransverseMapping


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


def test_resonances_in_common_decay_beside_the_others() -> None:
    content = card("pp_epem", "auto").model_dump()
    content["process"] |= {"definition": "p p > e+ e- g g", "labels": {"p": ["u", "u~"]}}
    content["cuts"] = [
        {"observable": "mass", "particles": ["leptons"], "minimum": 60.0},
        {"observable": "pt", "particles": ["jets"], "minimum": 20.0},
        {"observable": "kt", "particles": ["jets"], "minimum": 20.0},
    ]
    process = assemble(RunCard.model_validate(content))
    assert process.names == ("transverse with decays",)
    found = integrate(process, evaluations=20_000, seed=4, method="vegas")
    assert found.relative_std_dev < 3  # of channels of diagrams it is 40


def test_a_resonance_that_a_diagram_lacks_is_not_in_common() -> None:
    pair, jet = frozenset({2, 3}), frozenset({2, 3, 4})
    z, photon = Propagator(pair, 91.2, 2.5), Propagator(pair)
    with_z = Topology(6, time_like=(z,))
    with_photon = Topology(6, time_like=(photon, Propagator(jet)))
    (line,) = _in_common([with_z, with_photon], {pair})
    assert line.poles == ((91.2, 2.5), (0.0, 0.0))
    assert _in_common([with_z, with_photon, Topology(6)], {pair}) == []


def test_quarks_radiate_bosons_and_tops_radiate_jets() -> None:
    for name, radiated in (("lhc_uc_wpwpds", (0, 1)), ("lhc_gg_ttxgg", ())):
        channels = assemble(card(name, "auto")).phase_space
        assert isinstance(channels.mapping, TransverseMapping)
        assert channels.mapping.radiated == radiated


def test_transverse_needs_hadrons() -> None:
    with pytest.raises(PhaseSpaceError, match="partonic beams have none"):
        assemble(card("gg_ttx", "transverse"))
