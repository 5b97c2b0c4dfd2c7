# SPDX-License-Identifier: GPL-3.0-or-later
"""HepMC3 files: every event is in them, and only whole files carry the name of a whole one."""

import errno
import gzip
import resource
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyhepmc
import pytest
from backports import zstd

from mcsurrogate.cli.faults import ExitCode, conclude
from mcsurrogate.errors import EventFileError, PythiaError
from mcsurrogate.events import HepmcFile
from mcsurrogate.generators import PythiaChain

FOOTER = b"HepMC::Asciiv3-END_EVENT_LISTING"
UNPACK = {".hepmc": bytes, ".gz": gzip.decompress, ".zst": zstd.decompress}


def text_of(path: Path) -> bytes:
    return UNPACK[path.suffix](path.read_bytes())


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def four_momentum(particle) -> list[float]:
    p = particle.momentum
    return [p.e, p.px, p.py, p.pz]


@pytest.mark.parametrize("name", ["z.hepmc", "z.hepmc.gz", "z.hepmc3.zst"])
def test_every_event_is_read_back_with_its_momentum(name, tmp_path, z_settings):
    path = tmp_path / name
    chain = PythiaChain(z_settings, seed=5)
    batches = list(chain.generate(25, batch_size=10, hepmc=path))
    assert names_in(tmp_path) == [name]
    batch_of = [(batch, i) for batch in batches for i in range(len(batch))]
    with pyhepmc.open(path) as file:
        events = list(file)
    assert [event.event_number for event in events] == list(range(25))
    for event, (batch, i) in zip(events, batch_of, strict=True):
        final = [p for p in event.particles if p.status == 1]
        momenta = np.array(
            [[getattr(p.momentum, c) for c in ("e", "px", "py", "pz")] for p in final]
        )
        np.testing.assert_allclose(momenta.sum(axis=0), [91.2, 0, 0, 0], atol=91.2e-6)
        rows = slice(batch.offsets[i], batch.offsets[i + 1])
        # The same particles as in the arrays, in HepMC3's order, digit for digit.
        found = sorted([p.pid, *p4] for p, p4 in zip(final, momenta.tolist(), strict=True))
        mine = zip(batch.pdg_id[rows].tolist(), batch.momenta[rows].tolist(), strict=True)
        assert found == sorted([pid, *p4] for pid, p4 in mine)
        for vertex in event.vertices:
            incoming = sum(
                np.array([getattr(p.momentum, c) for c in ("e", "px", "py", "pz")])
                for p in vertex.particles_in
            )
            outgoing = sum(
                np.array([getattr(p.momentum, c) for c in ("e", "px", "py", "pz")])
                for p in vertex.particles_out
            )
            if all(p.status == 2 for p in vertex.particles_in):  # decays, not the strings
                np.testing.assert_allclose(incoming, outgoing, atol=91.2e-6)
    # HepMC3 writes cross sections with nine digits.
    cross_section = pytest.approx(chain.statistics.cross_section_pb, rel=1e-8)
    assert events[-1].cross_section.xsec() == cross_section
    assert events[0].weight_names == ["Weight"]
    assert chain.statistics.seconds.hepmc_writing > 0


def test_same_seed_same_bytes_whatever_the_compression(tmp_path, z_settings):
    texts = []
    for name in ("a.hepmc", "b.hepmc", "a.hepmc.gz", "b.hepmc.gz", "a.hepmc.zst"):
        PythiaChain(z_settings, seed=5).generate(8, hepmc=tmp_path / name).run()
        texts.append(text_of(tmp_path / name))
    assert all(text == texts[0] for text in texts)
    assert texts[0].rstrip().endswith(FOOTER)
    packed = [(tmp_path / name).read_bytes() for name in ("a.hepmc.gz", "b.hepmc.gz")]
    assert packed[0] == packed[1]


def test_provenance_is_in_the_file(tmp_path, z_settings):
    path = tmp_path / "z.hepmc"
    PythiaChain(z_settings, seed=123).generate(1, hepmc=path).run()
    with pyhepmc.open(path) as file:
        tools = {tool.name: tool for tool in next(iter(file)).run_info.tools}
    assert tools["Pythia8"].version == "8.317"
    assert "seed = 123" in tools["Pythia8"].description
    assert "Beams:eCM = 91.2" in tools["Pythia8"].description


def test_named_weights_are_in_the_file(tmp_path, top_events):
    run, batch = top_events
    path = tmp_path / "t.hepmc.gz"
    chain = PythiaChain(["PartonLevel:MPI = off"], seed=1, source=[batch], run_info=run)
    assert chain.generate(hepmc=path).run() == len(batch)
    with pyhepmc.open(path) as file:
        for event, weights in zip(file, batch.weights, strict=True):
            assert event.weight_names == ["Weight", "muR2", "pdf14"]
            np.testing.assert_allclose(event.weights, weights, rtol=1e-15)


def test_a_file_without_events_is_valid(tmp_path, z_settings):
    path = tmp_path / "none.hepmc"
    assert PythiaChain(z_settings, seed=1).generate(0, hepmc=path).run() == 0
    with pyhepmc.open(path) as file:
        assert list(file) == []
    assert path.read_bytes().rstrip().endswith(FOOTER)


@pytest.mark.parametrize("suffix", [".hepmc", ".hepmc.gz", ".hepmc.zst"])
def test_a_run_left_early_keeps_a_valid_file_under_another_name(suffix, tmp_path, z_settings):
    path = tmp_path / f"z{suffix}"
    path.write_text("the previous sample")
    with PythiaChain(z_settings, seed=5).generate(1000, batch_size=5, hepmc=path) as stream:
        for _ in stream:
            assert stream.hepmc_path == tmp_path / f"z{suffix}.part"
            break
    kept = tmp_path / f"z.interrupted{suffix}"
    assert stream.hepmc_path == kept
    assert names_in(tmp_path) == sorted([path.name, kept.name])
    assert path.read_text() == "the previous sample"
    with pyhepmc.open(kept) as file:
        assert len(list(file)) == 5
    assert text_of(kept).rstrip().endswith(FOOTER)


def test_a_dropped_stream_is_closed(tmp_path, z_settings):
    for _ in PythiaChain(z_settings, seed=5).generate(1000, batch_size=5, hepmc=tmp_path / "z.gz"):
        break
    assert names_in(tmp_path) == ["z.interrupted.gz"]


# A background job of a shell starts with SIGINT ignored, and its children inherit that.
SCRIPT = """
import signal
import sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from mcsurrogate.generators import PythiaChain
chain = PythiaChain({settings!r}, seed=5)
try:
    for batch in chain.generate(10**8, batch_size=10**8, hepmc={path!r},
                                progress=lambda n: print(n, flush=True)):
        pass
except KeyboardInterrupt:
    print("stopped", chain.statistics.events, flush=True)
    sys.exit(42)
"""


def running_job(settings, path) -> subprocess.Popen:
    code = SCRIPT.format(settings=settings, path=str(path))
    job = subprocess.Popen([sys.executable, "-P", "-c", code], stdout=subprocess.PIPE, text=True)
    assert int(job.stdout.readline()) > 0  # some events are done, and the loop is in C++
    return job


@pytest.mark.parametrize("suffix", [".hepmc.gz", ".hepmc.zst"])
def test_ctrl_c_stops_cleanly_with_what_was_written(suffix, tmp_path, z_settings):
    with running_job(z_settings, tmp_path / f"z{suffix}") as job:
        job.send_signal(signal.SIGINT)
        output, _ = job.communicate(timeout=60)
    assert job.returncode == 42
    word, events = output.split()[-2:]
    assert word == "stopped"
    assert names_in(tmp_path) == [f"z.interrupted{suffix}"]
    kept = tmp_path / f"z.interrupted{suffix}"
    assert text_of(kept).rstrip().endswith(FOOTER)
    with pyhepmc.open(kept) as file:
        assert sum(1 for _ in file) == int(events) > 0


def test_a_killed_run_leaves_only_a_part(tmp_path, z_settings):
    with running_job(z_settings, tmp_path / "z.hepmc") as job:
        job.kill()
        job.communicate(timeout=60)
    assert names_in(tmp_path) == ["z.hepmc.part"]
    assert FOOTER not in (tmp_path / "z.hepmc.part").read_bytes()


@pytest.mark.parametrize("suffix", [".hepmc", ".hepmc.gz", ".hepmc.zst"])
def test_a_full_disk_is_an_error_that_names_the_file(suffix, tmp_path, z_settings):
    chain = PythiaChain(z_settings, seed=5)
    stream = chain.generate(400, batch_size=400, hepmc=tmp_path / f"z{suffix}")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, limits[1]))
    try:
        with pytest.raises(
            EventFileError, match=rf"cannot write .*z{suffix}.part: File too large"
        ) as error:
            stream.run()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert isinstance(error.value.__cause__, OSError)
    assert error.value.__cause__.errno == errno.EFBIG
    assert names_in(tmp_path) == [f"z{suffix}.part"]


@pytest.mark.parametrize("suffix", [".hepmc", ".hepmc.gz", ".hepmc.zst"])
def test_a_full_disk_is_the_fault_of_the_system(suffix, tmp_path, z_settings):
    (tmp_path / f"z{suffix}.part").symlink_to("/dev/full")
    stream = PythiaChain(z_settings, seed=5).generate(3, hepmc=tmp_path / f"z{suffix}")
    with pytest.raises(EventFileError, match="No space left on device") as error:
        stream.run()
    assert isinstance(error.value.__cause__, OSError)
    assert error.value.__cause__.errno == errno.ENOSPC
    assert conclude(error.value) is ExitCode.SYSTEM


def test_names_that_cannot_be_written_are_refused(tmp_path, z_settings):
    with pytest.raises(EventFileError, match="change the suffix"):
        HepmcFile(tmp_path / "z.hepmc.xz")
    for name in ("z.hepmc", "z.hepmc.gz", "z.hepmc.zst"):
        with pytest.raises(EventFileError, match="No such file or directory"):
            HepmcFile(tmp_path / "no" / name)
    with pytest.raises(PythiaError, match="hepmc=PATH"):
        PythiaChain(z_settings, seed=1).generate(1).run()


@pytest.mark.parametrize(
    ("name", "interrupted"),
    [
        ("a.hepmc", "a.interrupted.hepmc"),
        ("a.b.hepmc3.gz", "a.b.interrupted.hepmc3.gz"),
        ("a.gz", "a.interrupted.gz"),
        ("a", "a.interrupted"),
    ],
)
def test_interrupted_names(name, interrupted, tmp_path):
    assert HepmcFile(tmp_path / name).interrupted_path == tmp_path / interrupted
