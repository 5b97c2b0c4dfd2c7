# SPDX-License-Identifier: GPL-3.0-or-later
"""Densities of events: as LHAPDF's tables have them, and from our Les Houches events into HepMC."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyhepmc
import pytest
import torch

from mcsurrogate.event_generation.pdf_comments import event_densities, pdf_comments
from mcsurrogate.events import read_les_houches
from mcsurrogate.generators import PythiaChain
from mcsurrogate.hard_process import Beams
from mcsurrogate.pdf import load_pdf

CASES = Path(__file__).parents[1] / "data" / "cases" / "lhe"
X = (torch.tensor([0.01, 0.2], dtype=torch.float64), torch.tensor([0.3, 0.05], dtype=torch.float64))
SCALE = torch.tensor([91.2, 200.0], dtype=torch.float64)
PARTONS = np.array([[2, -2], [21, 1]], dtype=np.int32)


def numbers(comment: str) -> list[float]:
    tag, *words = comment.split()
    assert tag == "#pdf"
    return [float(word) for word in words]


def test_they_are_those_of_the_partons_in_their_beams():
    pdf = load_pdf("NNPDF23_lo_as_0130_qed")
    for beams in ((2212, 2212), (2212, -2212), (11, 2212)):
        values = event_densities(Beams(beams, pdf), PARTONS, X, SCALE)
        for row, comment in enumerate(pdf_comments(PARTONS, X, SCALE, values)):
            found = numbers(comment)
            assert found[:5] == [*PARTONS[row], X[0][row], X[1][row], SCALE[row]]
            for side, beam in enumerate(beams):
                pdg = int(PARTONS[row, side])
                pdg = pdg if beam > 0 or pdg == 21 else -pdg
                own = pdf.xfx(pdg, X[side][row : row + 1], SCALE[row : row + 1])
                expected = float(own) if abs(beam) == 2212 else 1.0
                assert found[5 + side] == pytest.approx(expected, rel=1e-8)
    assert event_densities(Beams((11, -11), None), PARTONS, X, SCALE) is None


def test_they_arrive_in_hepmc(tmp_path):
    run, batches = read_les_houches(CASES / "good_eight_events.lhe")
    (batch,) = batches
    lines = tuple(f"#pdf 21 -2 0.25 0.5 {50.0 + i} 0.75 1.5\n" for i in range(len(batch)))
    path = tmp_path / "a.hepmc"
    settings = ["PartonLevel:MPI = off", "PartonLevel:ISR = off", "HadronLevel:all = off"]
    source = [replace(batch, annotations=lines)]
    PythiaChain(settings, seed=1, source=source, run_info=run).generate(3, hepmc=path).run()
    with pyhepmc.open(str(path)) as file:
        infos = [event.pdf_info for event in file]
    assert [(i.xf1, i.xf2, i.scale) for i in infos] == [(0.75, 1.5, 50.0 + k) for k in range(3)]
