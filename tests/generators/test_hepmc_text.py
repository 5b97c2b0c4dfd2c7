# SPDX-License-Identifier: GPL-3.0-or-later
"""Our HepMC3 text against Pythia's converter and HepMC3's writer: read back, all is the same."""

from dataclasses import replace

import numpy as np
import pyhepmc
import pytest

from mcsurrogate.generators import PythiaChain
from mcsurrogate.native import native_module
from tests.events.hepmc_oracle import theirs

JETS = ("Beams:eCM = 13000", "HardQCD:all = on", "PhaseSpace:pTHatMin = 50")
SETTINGS = {
    "hadrons": ((*JETS, "PartonLevel:MPI = off", "HadronLevel:BoseEinstein = on"), 2),
    "partons": ((*JETS, "HadronLevel:all = off"), 2),
    "vertices": ((*JETS, "Fragmentation:setVertices = on", "PartonVertex:setVertex = on"), 2),
    "ions": (("Beams:eCM = 200", "HeavyIon:mode = 2", "SoftQCD:all = on"), 2),
}


def attributes(path) -> list[list[tuple[str, int, str]]]:
    """Attributes of each event: name, owner and text."""
    found = []
    with pyhepmc.open(str(path)) as file:
        for event in file:
            data = pyhepmc.GenEventData()
            event.write_data(data)
            columns = (data.attribute_name, data.attribute_id, data.attribute_string)
            found.append(sorted(zip(*columns, strict=True)))
    return found


@pytest.mark.parametrize(
    "kind", [*list(SETTINGS)[:-1], pytest.param("ions", marks=pytest.mark.slow)]
)
def test_read_back_it_is_what_the_official_writer_makes(kind, tmp_path):
    settings, events = SETTINGS[kind]
    paths = []
    for official in (True, False):
        loop = native_module().EventLoop(list(settings), 5)
        text, *seconds = loop.run_hepmc(events, official)
        assert min(seconds) > 0.0
        paths.append(tmp_path / f"{official}.hepmc")
        # Pythia's converter does not know the numbers of Pythia's densities
        paths[-1].write_bytes(text.replace(b" 247000 247000\n", b" 0 0\n"))
    official, ours = map(theirs, paths)
    assert len(official) == len(ours) == events
    for expected, found in zip(official, ours, strict=True):
        assert found.difference(expected) is None
    assert attributes(paths[1]) == attributes(paths[0])
    names = {name for name, *_ in attributes(paths[1])[0]}
    assert {"GenCrossSection", "GenPdfInfo", "mpi", "signal_process_id"} <= names
    assert ("GenHeavyIon" if kind == "ions" else "flow1") in names


def test_lhapdf_ids_of_hard_events_are_in_the_file(tmp_path, top_events):
    run, batch = top_events
    run = replace(run, pdf_ids=(247000, -1))
    path = tmp_path / "t.hepmc"
    settings = ["PartonLevel:MPI = off", "PartonLevel:ISR = off", "HadronLevel:all = off"]
    chain = PythiaChain(settings, seed=1, source=[batch], run_info=run)
    chain.generate(2, hepmc=path).run()
    with pyhepmc.open(str(path)) as file:
        infos = [event.pdf_info for event in file]
    assert [(info.pdf_id1, info.pdf_id2) for info in infos] == [(247000, 0)] * 2


def test_events_written_beside_pythia_are_those_of_the_arrays(tmp_path, z_settings):
    """More events than wait for the writing thread, in batches."""
    path = tmp_path / "z.hepmc"
    chain = PythiaChain(z_settings, seed=5)
    batches = list(chain.generate(300, batch_size=70, hepmc=path))
    with pyhepmc.open(str(path)) as file:
        found = [
            (event.event_number, sum(p.status == 1 for p in event.particles)) for event in file
        ]
    counts = np.concatenate([np.diff(batch.offsets) for batch in batches])
    assert found == list(enumerate(counts.tolist()))


def test_each_weight_has_its_own_cross_section(tmp_path, top_events):
    """Whoever scales a histogram of other scales by the nominal one loses their rate."""
    run, batch = top_events
    factors = np.linspace(0.5, 3.0, len(batch))
    names = ("nominal", "MUR=2_MUF=1", "MUR=1_MUF=1_PDF=1")
    weights = batch.weights[:, :1] * np.stack((np.ones(len(batch)), factors, -factors), axis=1)
    path = tmp_path / "t.hepmc"
    settings = ["PartonLevel:MPI = off", "PartonLevel:ISR = off", "HadronLevel:all = off"]
    chain = PythiaChain(
        settings,
        seed=1,
        source=[replace(batch, weights=weights, weight_names=names)],
        run_info=replace(run, weight_names=names),
    )
    chain.generate(4, hepmc=path).run()
    with pyhepmc.open(str(path)) as file:
        found = [
            (event.cross_section.xsec(0), event.cross_section.xsec(names[1]), event.weights)
            for event in file
        ]
    sums = np.cumsum([weights for *_, weights in found], axis=0)
    for (nominal, other, _), sum_ in zip(found, sums, strict=True):
        assert other / nominal == pytest.approx(sum_[1] / sum_[0], rel=1e-7)
    assert found[-1][1] != pytest.approx(found[-1][0], rel=0.1)
