# SPDX-License-Identifier: GPL-3.0-or-later
"""Beams of different energies: the same cross section, in the frame where they have them."""

from pathlib import Path

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from mcsurrogate.cards import RunCard
from mcsurrogate.errors import CardError
from mcsurrogate.events import read_les_houches
from mcsurrogate.generators import PythiaChain
from mcsurrogate.hard_process import assemble
from mcsurrogate.kinematics import pseudorapidity
from mcsurrogate.progress import silent
from mcsurrogate.run_folder import RunFolder
from mcsurrogate.stages import run_generation, run_integration
from mcsurrogate.stages.generation import EVENTS
from mcsurrogate.stages.pythia_settings import beam_settings

HERA = (27.5, 920.0)
SQRT_S = 2 * float(np.sqrt(27.5 * 920.0))


def card(beams: dict[str, object], *cuts: dict[str, object], **changes: object) -> RunCard:
    content: dict[str, object] = {
        "seed": 5,
        "process": {"definition": "e- p > e- j"},
        "beams": {"pdf": "NNPDF31_nnlo_as_0118_luxqed", **beams},
        "cuts": [{"observable": "pt", "particles": ["leptons"], "minimum": 10.0}, *cuts],
        "integration": {"method": "vegas", "max_evaluations": 10_000, "precision": 0.05},
        "generation": {"events": 50},
    }
    return RunCard.model_validate({**content, **changes})


def test_momenta_are_those_of_the_beams_and_cuts_are_there() -> None:
    eta = {"observable": "eta", "particles": ["leptons"], "maximum": 1.5}
    moving, cut = assemble(card({"energies": HERA})), assemble(card({"energies": HERA}, eta))
    centred = assemble(card({"sqrt_s": SQRT_S}))
    u = torch.rand(400, moving.dim, generator=torch.Generator().manual_seed(1)).double()
    found, same = moving.contributions(u), centred.contributions(u)
    torch.testing.assert_close(found.weights, same.weights, rtol=1e-9, atol=0)
    electron, quark = found.momenta[:, 0], found.momenta[:, 1]
    assert electron[:, 0] == pytest.approx(HERA[0], rel=1e-12)
    torch.testing.assert_close(quark[:, 0], HERA[1] * found.x2, rtol=1e-10, atol=0)
    torch.testing.assert_close(
        found.momenta[:, :2].sum(dim=1), found.momenta[:, 2:].sum(dim=1), rtol=0, atol=1e-9
    )
    inside = found.accepted & (pseudorapidity(found.momenta[:, 2]).abs() < 1.5)
    assert 0 < inside.sum() < found.accepted.sum()
    assert torch.equal(cut.contributions(u).accepted, inside)


def test_events_and_pythia_have_the_beams_of_the_card(tmp_path: Path) -> None:
    own = card({"energies": HERA})
    with RunFolder(tmp_path / "run", own) as folder:
        run_integration(folder, silent)
        run_generation(folder, silent)
    run, (batch,) = read_les_houches(tmp_path / "run" / EVENTS)
    assert run.energies_gev == HERA
    assert batch.momenta[::4, 0] == pytest.approx(HERA[0])
    chain = PythiaChain(
        ["PartonLevel:all = off", "PDF:lepton = off"], seed=1, source=tmp_path / "run" / EVENTS,
        keep_hard_process=True,
    )  # fmt: skip
    (events,) = chain.generate()
    assert events.hard_process is not None
    record = events.hard_process
    beams = record.momenta[record.status == -12]
    np.testing.assert_allclose(beams[:2, 0], HERA, rtol=1e-4)
    assert {"Beams:frameType = 2", "Beams:eA = 27.5", "Beams:eB = 920.0"} < set(beam_settings(own))


def test_impossible_energies() -> None:
    with pytest.raises(ValidationError, match="is not that of the energies"):
        card({"energies": HERA, "sqrt_s": 300.0})
    assert card({"energies": ["27.5 GeV", "0.92 TeV"], "sqrt_s": SQRT_S}).beams.energies == HERA
    own = card(
        {"energies": (4000.0, 1000.0)},
        process={"definition": "p p > j j"},
        cuts=[{"observable": "pt", "particles": ["jets"], "minimum": 30.0}],
        phase_space={"mapping": "transverse"},
    )
    with pytest.raises(CardError, match="take 'diagrams'"):
        assemble(own)
