# SPDX-License-Identifier: GPL-3.0-or-later
"""Chains: events are Pythia's, errors are Pythia's words, the seed decides everything."""

import resource
from pathlib import Path

import numpy as np
import pytest
import pythia8mc

from mcsurrogate.errors import PythiaError
from mcsurrogate.events import ParticleBatch
from mcsurrogate.generators import EventStream, PythiaChain


def joined(stream: EventStream) -> dict[str, np.ndarray]:
    batches = list(stream)
    names = ("pdg_id", "momenta", "vertices", "weights", "scale", "process_code")
    columns = {name: np.concatenate([getattr(b, name) for b in batches]) for name in names}
    columns["sizes"] = np.concatenate([np.diff(b.offsets) for b in batches])
    return columns


def python_loop(settings: tuple[str, ...], seed: int, events: int) -> pythia8mc.Pythia:
    """The same run by pythia8mc, one Python object per particle."""
    pythia = pythia8mc.Pythia("", False)
    for line in ("Print:quiet = on", *settings, "Random:setSeed = on", f"Random:seed = {seed}"):
        assert pythia.readString(line)
    assert pythia.init()
    for _ in range(events):
        assert pythia.next()
        yield pythia


@pytest.mark.parametrize(("process", "events"), [("z_settings", 30), ("dijets", 4)])
def test_arrays_are_those_of_a_python_loop_bit_for_bit(process, events, request):
    settings = request.getfixturevalue(process)
    chain = PythiaChain(settings, seed=17)
    batch = next(chain.generate(events))
    assert len(batch) == events
    for i, pythia in enumerate(python_loop(settings, 17, events)):
        final = [particle for particle in pythia.event if particle.isFinal()]
        mine = slice(batch.offsets[i], batch.offsets[i + 1])
        assert batch.pdg_id[mine].tolist() == [p.id() for p in final]
        momenta = [[p.e(), p.px(), p.py(), p.pz()] for p in final]
        vertices = [[p.xProd(), p.yProd(), p.zProd(), p.tProd()] for p in final]
        assert batch.momenta[mine].tolist() == momenta
        assert batch.vertices[mine].tolist() == vertices
        assert batch.weights[i].tolist() == [pythia.infoPython().weight()]
        assert batch.scale[i] == pythia.event.scale()
        assert batch.process_code[i] == pythia.infoPython().code()
    info = pythia.infoPython()
    statistics = chain.statistics
    assert statistics.cross_section_pb == info.sigmaGen() * 1e9
    assert statistics.cross_section_error_pb == info.sigmaErr() * 1e9
    assert statistics.accepted == info.nAccepted()
    assert statistics.tried == info.nTried()


def test_seed_decides_everything_and_batches_nothing(z_settings):
    first = joined(PythiaChain(z_settings, seed=5).generate(30, batch_size=30))
    chain = PythiaChain(z_settings, seed=5, keep_hard_process=True, keep_parton_level=True)
    parts = [joined(chain.generate(11, batch_size=4)), joined(chain.generate(19, batch_size=7))]
    for name, column in first.items():
        np.testing.assert_array_equal(np.concatenate([p[name] for p in parts]), column)
    other = joined(PythiaChain(z_settings, seed=6).generate(30))
    assert other["pdg_id"].tolist() != first["pdg_id"].tolist()


def test_whole_records_end_in_the_particles(z_settings):
    (batch,) = PythiaChain(z_settings, seed=5, keep_record=True).generate(5)
    record = batch.record
    assert len(record) == len(batch)
    final = record.status > 0
    np.testing.assert_array_equal(record.pdg_id[final], batch.pdg_id)
    np.testing.assert_array_equal(record.momenta[final], batch.momenta)
    # Hadrons that have decayed are there too.
    assert (record.pdg_id[~final] == 111).any()


@pytest.mark.parametrize("seed", [0, -1, 900_000_001, 1.0, True, "7"])
def test_seeds_that_pythia_would_reinterpret_are_rejected(seed, z_settings):
    with pytest.raises(PythiaError, match="seed"):
        PythiaChain(z_settings, seed=seed)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("Beams:eCN = 91.2", "not found in settings"),
        ("Beams:eCM = -3", "out of range"),
        ("Beams:idA = electron", "not meaningful"),
        ("HadronLevel:all = onn", "neither on nor off"),
        ("Random:seed = 3", "argument `seed`"),
        ("random:SETSEED = off", "argument `seed`"),
        ("23:mass = 91", "23:mass"),
    ],
)
def test_wrong_setting_is_named_with_the_reason(line, words, z_settings):
    with pytest.raises(PythiaError, match=words) as caught:
        PythiaChain([*z_settings, line], seed=1)
    assert line in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (["Beams:eCM = 13000"], "no process switched on"),
        (["PDF:pSet = LHAGrid1:no_such_set.dat", "HardQCD:all = on"], "did not find data file"),
    ],
)
def test_failed_initialisation_says_why(settings, words):
    with pytest.raises(PythiaError, match=words):
        PythiaChain(settings, seed=1)


def test_settings_may_be_the_text_of_a_card(z_settings):
    text = "! Z events\n\n" + "\n".join(z_settings) + "\n# end\n"
    from_text = joined(PythiaChain(text, seed=5).generate(5))
    from_lines = joined(PythiaChain(z_settings, seed=5).generate(5))
    np.testing.assert_array_equal(from_text["momenta"], from_lines["momenta"])


def test_pythia_prints_nothing_unless_asked(z_settings, capfd):
    chain = PythiaChain([*z_settings, "Next:numberShowEvent = 1"], seed=5)
    next(chain.generate(3))
    assert capfd.readouterr() == ("", "")
    PythiaChain(z_settings, seed=5, verbose=True)
    assert "PYTHIA" in capfd.readouterr().out


def test_events_are_needed_without_an_end(z_settings):
    chain = PythiaChain(z_settings, seed=5)
    with pytest.raises(PythiaError, match=r"generate\(events=\.\.\.\) is required"):
        chain.generate()
    with pytest.raises(PythiaError, match="batch_size 0"):
        chain.generate(3, batch_size=0)
    assert list(chain.generate(0)) == []


def test_progress_counts_events_and_may_stop_the_run(z_settings):
    chain = PythiaChain(z_settings, seed=5)
    seen: list[int] = []
    done = sum(len(batch) for batch in chain.generate(60, batch_size=25, progress=seen.append))
    assert done == 60
    assert seen[-1] == 60
    assert seen == sorted(seen)

    class EnoughError(Exception):
        pass

    def enough(events: int) -> None:
        raise EnoughError(events)

    with pytest.raises(EnoughError):
        for _ in chain.generate(10**9, batch_size=10**9, progress=enough):
            pass


def test_stream_is_lazy_and_hands_out_bounded_batches(z_settings):
    chain = PythiaChain(z_settings, seed=5)
    stream = chain.generate(10**8, batch_size=3)
    assert chain.statistics.events == 0
    for batch, _ in zip(stream, range(5), strict=False):
        assert isinstance(batch, ParticleBatch)
        assert len(batch) == 3
    assert chain.statistics.events <= 18
    stream.close()
    assert list(stream) == []


def test_hard_process_is_kept_as_pythia_numbers_it(z_batch):
    record = z_batch.hard_process
    assert record is not None
    assert len(record) == len(z_batch)
    for i in range(len(record)):
        rows = slice(record.offsets[i], record.offsets[i + 1])
        assert record.pdg_id[rows][:6].tolist() == [90, 11, -11, 11, -11, 23]
        assert record.status[rows].tolist() == [-11, -12, -12, -21, -21, -22, 23, 23]
        assert record.mothers[rows][6:].tolist() == [[5, 0], [5, 0]]
        assert record.daughters[rows][5].tolist() == [6, 7]
        assert abs(record.pdg_id[rows][6]) in {1, 2, 3, 4, 5}


def test_parton_level_conserves_momentum_and_has_no_hadrons(z_batch):
    record = z_batch.parton_level
    assert record is not None
    for i in range(len(record)):
        rows = slice(record.offsets[i], record.offsets[i + 1])
        final = record.status[rows] > 0
        total = record.momenta[rows][final].sum(axis=0)
        np.testing.assert_allclose(total, [91.2, 0, 0, 0], atol=91.2e-6)
        assert set(np.abs(record.pdg_id[rows][final])) <= {1, 2, 3, 4, 5, 11, 21, 22}


def test_asymmetric_beams_keep_partons_in_the_laboratory():
    settings = [
        "Beams:frameType = 2",
        "Beams:idA = 11",
        "Beams:idB = -11",
        "Beams:eA = 60",
        "Beams:eB = 40",
        "WeakSingleBoson:ffbar2gmZ = on",
        "23:onMode = off",
        "23:onIfAny = 1 2 3",
    ]
    chain = PythiaChain(settings, seed=2, keep_parton_level=True)
    record = next(chain.generate(5)).parton_level
    assert record is not None
    for i in range(len(record)):
        rows = slice(record.offsets[i], record.offsets[i + 1])
        total = record.momenta[rows][record.status[rows] > 0].sum(axis=0)
        np.testing.assert_allclose(total, [100, 0, 0, 20], atol=1e-4)


def test_parton_level_that_does_not_exist_is_an_error(z_settings):
    chain = PythiaChain([*z_settings, "PartonLevel:all = off"], seed=5, keep_parton_level=True)
    with pytest.raises(PythiaError, match="no parton level to keep"):
        next(chain.generate(1))


def test_two_threads_do_not_share_one_chain(z_settings):
    chain = PythiaChain(z_settings, seed=5)
    seen: list[int] = []

    def reenter(events: int) -> None:
        seen.append(events)
        next(chain.generate(1))

    with pytest.raises(PythiaError, match="in use"):
        for _ in chain.generate(10**9, batch_size=10**9, progress=reenter):
            pass
    assert len(seen) == 1


def resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def test_memory_does_not_grow_with_the_number_of_events(z_settings, tmp_path):
    chain = PythiaChain(z_settings, seed=5, keep_hard_process=True, keep_parton_level=True)

    def run(events: int) -> None:
        chain.generate(events, batch_size=200, hepmc=tmp_path / "z.hepmc.gz").run()

    run(400)
    before = resident_bytes()
    run(1200)
    # Kept, the arrays of the second run alone would be 11 MB.
    assert resident_bytes() - before < 8e6
