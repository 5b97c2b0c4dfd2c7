# SPDX-License-Identifier: GPL-3.0-or-later
"""What others need to normalise our HepMC3 files, as pyhepmc reads it."""

from collections import Counter
from pathlib import Path

import numpy as np
import pyhepmc
import pytest

from mcsurrogate.cards import RunCard
from mcsurrogate.events import read_les_houches
from mcsurrogate.generators import PythiaChain
from mcsurrogate.progress import silent
from mcsurrogate.run_folder import RunFolder
from mcsurrogate.stages import run_generation, run_integration

PDF = "NNPDF23_lo_as_0130_qed"
NUMBER = 247000  # of the set in LHAPDF's list (lhapdf.hepforge.org)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict]:
    """Ten subprocesses with a resonance that decays."""
    folder = tmp_path_factory.mktemp("normalisation") / "run"
    card = RunCard.model_validate(
        {
            "seed": 4,
            "process": {"definition": "p p > z, z > mu+ mu-"},
            "beams": {"sqrt_s": 8000.0, "pdf": PDF},
            "integration": {"method": "vegas", "max_evaluations": 10_000},
            "generation": {"events": 60},
        }
    )
    with RunFolder(folder, card) as opened:
        result = run_integration(opened, silent)
        run_generation(opened, silent)
    return folder, result


def test_every_subprocess_has_a_line_with_its_cross_section(run) -> None:
    folder, result = run
    info, (batch,) = read_les_houches(folder / "events" / "hard_process.lhe.gz")
    found = {part["process_id"]: part for part in result["subprocesses"]}
    names = {part["name"] for part in found.values()}
    assert len(names) == len(info.processes) == 8  # of four flavours, either beam has the antiquark
    # readers add the errors in quadrature
    assert np.hypot.reduce([process.error_pb for process in info.processes]) == pytest.approx(
        result["error_pb"], rel=1e-12
    )
    scale = result["error_pb"] / np.hypot.reduce([part["error_pb"] for part in found.values()])
    assert abs(scale - 1.0) > 0.01  # they are not independent
    assert f"errors of the subprocesses times {scale:.6g}" in info.header
    for process in info.processes:
        part = found[process.process_id]
        assert process.cross_section_pb == part["cross_section_pb"]
        assert process.error_pb == pytest.approx(scale * part["error_pb"], rel=1e-12)
        assert process.error_pb > 0.0
    total = sum(process.cross_section_pb for process in info.processes)
    assert total == pytest.approx(result["cross_section_pb"], rel=1e-12)
    first = batch.offsets[:-1]
    for number in range(1, 9):
        own = first[batch.process_id == number]
        pairs = {tuple(pair) for pair in np.stack((batch.pdg_id[own], batch.pdg_id[own + 1]), 1)}
        assert pairs <= {tuple(found[number]["pdg_ids"][:2])}
    counts = Counter(batch.process_id.tolist())
    # binomial, four errors: 6e-5 each
    for number, part in found.items():
        share = part["cross_section_pb"] / total
        assert abs(counts[number] - 60 * share) < 4 * np.sqrt(60 * share * (1 - share)) + 1e-9
    assert info.pdf_ids == (NUMBER, NUMBER)


def test_hepmc_says_what_the_integral_says(run, tmp_path: Path) -> None:
    folder, result = run
    source = folder / "events" / "hard_process.lhe.gz"
    chain = PythiaChain(
        ["PartonLevel:MPI = off", "HadronLevel:all = off"], seed=1, source=str(source)
    )
    path = tmp_path / "a.hepmc"
    chain.generate(hepmc=path).run()
    _, (batch,) = read_les_houches(source)
    with pyhepmc.open(str(path)) as file:
        events = list(file)
    assert len(events) == len(batch) == 60
    for number, event in enumerate(events):
        section, pdf = event.cross_section, event.pdf_info
        # the error holds that of the integral, from the first event on
        assert section.xsec_err() >= 0.999 * result["error_pb"]
        assert section.xsec_err() < 0.5 * section.xsec()
        assert section.accepted_events == section.attempted_events == number + 1
        assert (pdf.pdf_id1, pdf.pdf_id2) == (NUMBER, NUMBER)
        written = batch.annotations[number].split()
        assert written[0] == "#pdf"
        values = [float(word) for word in written[1:]]
        expected = [pdf.parton_id1, pdf.parton_id2, pdf.x1, pdf.x2, pdf.scale, pdf.xf1, pdf.xf2]
        np.testing.assert_allclose(expected, values, rtol=1e-7)
        assert min(pdf.xf1, pdf.xf2) > 0.0
        bosons = [p for p in event.particles if p.pid == 23]
        assert bosons
        # beside Pythia's codes for intermediate copies, the last one has decayed
        assert bosons[-1].status == 2 or bosons[-1].end_vertex is not None
        assert {q.pid for q in bosons[-1].end_vertex.particles_out} >= {13, -13}
        assert all(p.production_vertex.particles_in for p in bosons)
    last = events[-1].cross_section
    assert abs(last.xsec() - result["cross_section_pb"]) < 5 * last.xsec_err()


@pytest.mark.parametrize(
    ("settings", "numbers"),
    [
        ([], (247000, 247000)),  # Pythia's default is 13
        (["PDF:pSet = 17"], (315200, 315200)),
        (["PDF:pSet = 17", "PDF:pSetB = 20"], (315200, 325100)),
        (["PDF:useHard = on", "PDF:pHardSet = 20"], (325100, 325100)),
        (["PDF:pSet = 7"], (0, 0)),
    ],
)
def test_densities_of_pythias_own_processes_have_numbers(
    tmp_path: Path, settings: list[str], numbers: tuple[int, int]
) -> None:
    own = ["Beams:eCM = 8000", "WeakSingleBoson:ffbar2gmZ = on"]
    own += [f"{part} = off" for part in ("PartonLevel:MPI", "PartonLevel:ISR", "HadronLevel:all")]
    chain = PythiaChain([*own, *settings], seed=1)
    chain.generate(2, hepmc=tmp_path / "a.hepmc").run()
    with pyhepmc.open(str(tmp_path / "a.hepmc")) as file:
        found = [(event.pdf_info.pdf_id1, event.pdf_info.pdf_id2) for event in file]
    assert found == [numbers] * 2
