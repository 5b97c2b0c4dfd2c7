# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading event files: against pyhepmc's own objects, in all formats, and damaged."""

import bz2
import gzip
import lzma
import re
import sys
from pathlib import Path

import numpy as np
import pyhepmc
import pytest

from mcsurrogate.errors import EventFileError
from mcsurrogate.events.hepmc_reader import EventFile
from mcsurrogate.generators import PythiaChain

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


def read(path, **options):
    return list(EventFile(path, **options).chunks())


@pytest.fixture(scope="module")
def small(z_files, tmp_path_factory):
    """The first 30 events, with the footer."""
    text = z_files[0].read_text()
    pieces = text.split("\nE ")
    path = tmp_path_factory.mktemp("small") / "small.hepmc"
    path.write_text("\nE ".join(pieces[:31]) + "\nHepMC::Asciiv3-END_EVENT_LISTING\n")
    return path


def test_agrees_with_pyhepmc(top_file):
    chunks = read(top_file)
    with pyhepmc.open(str(top_file)) as file:
        events = list(file)
    assert sum(len(c) for c in chunks) == len(events) == 20
    i = 0
    for chunk in chunks:
        for k in range(len(chunk)):
            own = slice(chunk.offsets[k], chunk.offsets[k + 1])
            theirs = events[i].numpy.particles
            assert np.array_equal(chunk.pid[own], theirs.pid)
            assert np.array_equal(chunk.status[own], theirs.status)
            for ours, name in (("px", "px"), ("py", "py"), ("pz", "pz"), ("e", "e")):
                assert np.array_equal(chunk.particles[ours][own], getattr(theirs, name))
            assert np.array_equal(chunk.weights[k], events[i].weights)
            assert chunk.event_numbers[k] == events[i].event_number
            i += 1


def test_graph_agrees_with_pyhepmc(top_file):
    chunk = read(top_file, max_events=3)[0]
    with pyhepmc.open(str(top_file)) as file:
        for k in range(3):
            event = next(iter(file))
            start = chunk.offsets[k]
            for i, particle in enumerate(event.particles):
                parents = {p.id for p in particle.parents}
                vertex = chunk.production_vertex[start + i]
                ours = np.flatnonzero(chunk.end_vertex == vertex) if vertex >= 0 else []
                assert {int(j - start) + 1 for j in ours} == parents


def test_last_copies_agree_with_a_walk(top_file):
    chunk = read(top_file)[0]
    found = chunk.last_copies(np.abs(chunk.pid) == 6)
    with pyhepmc.open(str(top_file)) as file:
        events = [next(iter(file)) for _ in range(len(chunk))]
    walked = []
    for k, event in enumerate(events):
        for i, particle in enumerate(event.particles):
            if abs(particle.pid) == 6 and all(c.pid != particle.pid for c in particle.children):
                walked.append(chunk.offsets[k] + i)
    assert np.array_equal(found, walked)
    # one top and one antitop an event, and both decay to W b
    assert np.array_equal(chunk.select(found).counts, np.full(len(chunk), 2))


def test_positions_are_those_of_the_vertices_whatever_their_numbers(zpole, tmp_path):
    """Pythia's converter numbers vertices in another order than it stores them in."""
    path = tmp_path / "native.hepmc"
    for _ in PythiaChain(zpole, seed=7).generate(40, hepmc=path):
        pass
    chunk = read(path)[0]
    numbers = 0
    with pyhepmc.open(str(path)) as file:
        for k, event in enumerate(file):
            stored = [-v.id for v in event.vertices]
            numbers += stored != sorted(stored)
            for i, particle in enumerate(event.particles, chunk.offsets[k]):
                for vertex, own in (
                    (particle.production_vertex, chunk.production_vertex[i]),
                    (particle.end_vertex, chunk.end_vertex[i]),
                ):
                    assert (vertex is None or vertex.id == 0) == (own < 0)
                    if own >= 0:
                        place = vertex.position
                        expected = (place.x, place.y, place.z, place.t)
                        assert chunk.vertex_positions[own] == pytest.approx(expected, abs=1e-12)
    assert numbers > 0


def meson(pid, mass, pz, status):
    return pyhepmc.GenParticle((0.0, 0.0, pz, np.hypot(pz, mass)), pid, status)


@pytest.fixture
def mixing(tmp_path):
    """A B0 that turns into its antiparticle where it was made and decays 3 mm further on."""
    event = pyhepmc.GenEvent(pyhepmc.Units.GEV, pyhepmc.Units.MM)
    beams = [pyhepmc.GenParticle((0.0, 0.0, 45.6 * s, 45.6), 11 * s, 4) for s in (1, -1)]
    first, second = meson(511, 5.28, 30.0, 2), meson(-511, 5.28, 30.0, 2)
    collision, turn, decay = (
        pyhepmc.GenVertex(place) for place in ((0.1, 0, 5.0, 0), (0, 0, 0, 0), (0.1, 0, 8.0, 4))
    )
    for beam in beams:
        collision.add_particle_in(beam)
    collision.add_particle_out(first)
    collision.add_particle_out(meson(521, 5.28, -30.0, 1))
    turn.add_particle_in(first)
    turn.add_particle_out(second)
    decay.add_particle_in(second)
    decay.add_particle_out(meson(211, 0.14, 20.0, 1))
    decay.add_particle_out(meson(-411, 1.87, 10.0, 1))
    for vertex in (collision, turn, decay):
        event.add_vertex(vertex)
    event.weights = [1.0]
    path = tmp_path / "mixing.hepmc"
    with pyhepmc.open(str(path), "w") as file:
        file.write(event)
    return read(path)[0]


def test_a_meson_that_turns_into_its_antiparticle_counts_once(mixing):
    last = mixing.last_copies(np.isin(np.abs(mixing.pid), (511, 521)))
    assert sorted(mixing.pid[last]) == [-511, 521]
    # B0 alone: the copy is another particle, but the first one goes on
    assert len(mixing.last_copies(mixing.pid == 511)) == 1


def test_a_vertex_without_position_is_where_its_particle_comes_from(mixing):
    last = mixing.last_copies(np.isin(np.abs(mixing.pid), (511,)))
    assert mixing.flight(last) == pytest.approx([3.0], abs=1e-9)


def test_primary_hadrons_have_no_hadron_parents(z_files):
    chunk = read(z_files[0], max_events=20)[0]
    with pyhepmc.open(str(z_files[0])) as file:
        for k in range(20):
            event = next(iter(file))
            for i, particle in enumerate(event.particles):
                index = chunk.offsets[k] + i
                hadrons = [p for p in particle.parents if p.status == 2 and abs(p.pid) > 100]
                hadrons = [p for p in hadrons if (abs(p.pid) // 10) % 10 and abs(p.pid) != 2101]
                if chunk.species.hadron[index]:
                    assert chunk.from_hadron[index] == bool(hadrons)


@pytest.mark.parametrize(
    ("suffix", "compress"),
    [
        ("", lambda b: b),
        (".gz", gzip.compress),
        (".zst", zstd.compress),
        (".bz2", bz2.compress),
        (".xz", lzma.compress),
    ],
)
def test_compression_is_found_by_content(small, tmp_path, suffix, compress):
    path = tmp_path / f"events{suffix}"
    path.write_bytes(compress(small.read_bytes()))
    disguised = tmp_path / "no_suffix_that_tells"
    disguised.write_bytes(path.read_bytes())
    for file in (path, disguised):
        chunks = read(file)
        assert sum(len(c) for c in chunks) == 30
        assert np.array_equal(chunks[0].particles, read(small)[0].particles)


def test_summary(small):
    file = EventFile(small)
    list(file.chunks())
    summary = file.summary
    assert summary.complete
    assert summary.events == 30
    assert summary.format == "HepMC3"
    assert summary.weight_names == ("nominal", "double")
    assert summary.tools == (("Pythia", "8.317", "seed = 101"),)
    # Pythia's own cross section of e+ e- -> Z/gamma* -> hadrons at 91.2 GeV without radiation
    assert summary.cross_section_pb == pytest.approx(41_443.4, rel=1e-4)
    assert file.fraction_read == 1.0


def test_small_chunks_give_the_same(small):
    whole = read(small)[0]
    parts = list(EventFile(small).chunks(chunk_particles=500))
    assert len(parts) > 3
    assert np.array_equal(np.concatenate([p.particles for p in parts]), whole.particles)
    assert [p.first_event for p in parts] == list(np.cumsum([0] + [len(p) for p in parts])[:-1])


def test_max_events(small):
    file = EventFile(small, max_events=7)
    assert sum(len(c) for c in file.chunks()) == 7
    assert not file.summary.complete


def test_hepmc2(small, tmp_path):
    path = tmp_path / "old.hepmc2"
    with pyhepmc.open(str(small)) as source, pyhepmc.open(str(path), "w", format="hepmc2") as out:
        for event in source:
            out.write(event)
    file = EventFile(path)
    chunks = list(file.chunks())
    assert file.summary.format == "HepMC2"
    ours, theirs = chunks[0].final, read(small)[0].final
    assert len(ours) == len(theirs)
    assert np.allclose(np.sort(ours.energy), np.sort(theirs.energy), rtol=1e-9)


def test_momenta_in_mev_become_gev(small, tmp_path):
    path = tmp_path / "mev.hepmc"
    with pyhepmc.open(str(small)) as source, pyhepmc.open(str(path), "w") as out:
        for event in source:
            event.set_units(pyhepmc.Units.MEV, pyhepmc.Units.MM)
            out.write(event)
    ours, theirs = read(path)[0].final, read(small)[0].final
    assert np.allclose(ours.energy, theirs.energy, rtol=1e-12)


def damaged(small, tmp_path, change, name="damaged.hepmc"):
    path = tmp_path / name
    path.write_bytes(change(small.read_bytes()))
    return path


def test_damage_near_the_end_is_found(small, tmp_path):
    """The rest of the file is in the parser's buffer by then, its last line included."""
    lines = small.read_text().split("\n")
    last = max(i for i, line in enumerate(lines) if line.startswith("E "))
    place = next(i for i in range(last, len(lines)) if lines[i].startswith("P 9 "))
    lines[place] = " ".join(lines[place].split(" ")[:5])
    path = tmp_path / "damaged.hepmc"
    path.write_text("\n".join(lines))
    with pytest.raises(EventFileError, match=rf"line {place + 1}: .*event number 30 .*29 complete"):
        read(path)


def test_wrong_unit_of_a_single_event(small, tmp_path):
    pieces = small.read_text().split("\nE ")
    pieces[21] = pieces[21].replace("U GEV", "U MEV")
    path = tmp_path / "units.hepmc"
    path.write_text("\nE ".join(pieces))
    with pytest.raises(EventFileError, match=r"number 21 in the file.*wrong momentum unit"):
        read(path)


def test_truncated_in_an_event(small, tmp_path):
    def cut(data):
        starts = [m.start() for m in re.finditer(rb"^E ", data, re.MULTILINE)]
        return data[: (starts[10] + starts[11]) // 2]

    file = EventFile(damaged(small, tmp_path, cut))
    with pytest.raises(EventFileError, match=r"event number 11 .*10 complete events were read"):
        list(file.chunks())
    assert file.summary.events == 10


def test_truncated_between_events(small, tmp_path):
    def cut(data):
        starts = [m.start() for m in re.finditer(rb"^E ", data, re.MULTILINE)]
        return data[: starts[10]]

    with pytest.raises(EventFileError, match=r"truncated .*END_EVENT_LISTING.*10 complete"):
        read(damaged(small, tmp_path, cut))


@pytest.mark.parametrize("compress", [gzip.compress, zstd.compress, lzma.compress, bz2.compress])
def test_truncated_compression(small, tmp_path, compress):
    data = compress(small.read_bytes())
    path = tmp_path / "cut"
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(EventFileError, match=r"truncated|cannot be parsed"):
        read(path)


def test_broken_compression(small, tmp_path):
    data = bytearray(gzip.compress(small.read_bytes()))
    middle = len(data) // 2
    data[middle : middle + 50] = b"\0" * 50
    path = tmp_path / "broken.gz"
    path.write_bytes(bytes(data))
    with pytest.raises(EventFileError):
        read(path)


@pytest.mark.parametrize("compress", [gzip.compress, zstd.compress])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.9])
def test_damaged_bytes_are_named_with_their_event(small, tmp_path, compress, share):
    data = bytearray(compress(small.read_bytes()))
    first = int(share * len(data))
    data[first : first + 64] = bytes(b ^ 0x5A for b in data[first : first + 64])
    path = tmp_path / "damaged"
    path.write_bytes(data)
    with pytest.raises(EventFileError, match=r"event number|cannot be decompressed"):
        read(path)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "vertex_names_particle_999.hepmc",
            "line 9: vertex -1 names particle 999, the event has 3",
        ),
        ("newline_in_name.hepmc2", "line 5: 2 weight names are announced, 1.5 are quoted"),
    ],
)
def test_lines_that_hepmc_must_not_see(name, message):
    """The first is a segmentation fault in HepMC3's reader."""
    path = Path(__file__).parents[1] / "data" / "cases" / "hepmc" / name
    with pytest.raises(EventFileError, match=message) as caught:
        read(path)
    assert "0 complete events were read before it" in str(caught.value)


def test_a_vertex_of_a_later_event_is_named_by_its_line(small, tmp_path):
    """In the last event of several blocks of text; those before it are read."""
    lines = small.read_text().splitlines()
    place = max(i for i, line in enumerate(lines) if re.match(r"V \S+ \S+ \[\d", line))
    lines[place] = re.sub(r"\[\d+", "[99999", lines[place])
    path = tmp_path / "later.hepmc"
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(EventFileError, match=f"line {place + 1}: vertex .* names particle 99999"):
        read(path)
    assert path.stat().st_size > 2 * (1 << 18)


def test_momentum_that_is_no_number(small, tmp_path):
    def change(data):
        lines = data.split(b"\n")
        events = [i for i, line in enumerate(lines) if line.startswith(b"E ")]
        row = next(i for i in range(events[4], len(lines)) if lines[i].startswith(b"P 9 "))
        parts = lines[row].split()
        parts[5] = b"nan"
        lines[row] = b" ".join(parts)
        return b"\n".join(lines)

    with pytest.raises(EventFileError, match=r"particle 9.*not finite .event number 5 "):
        read(damaged(small, tmp_path, change))


def test_weight_that_is_no_number(small, tmp_path):
    def change(data):
        return re.sub(rb"(?m)^W [0-9].*$", b"W inf 1.0", data, count=1)

    with pytest.raises(EventFileError, match=r"a weight is not finite .event number 1 "):
        read(damaged(small, tmp_path, change))


def test_changing_number_of_weights(small, tmp_path):
    def change(data):
        hits = list(re.finditer(rb"(?m)^W [0-9].*$", data))
        return data[: hits[6].start()] + b"W 1.0" + data[hits[6].end() :]

    with pytest.raises(EventFileError, match=r"event number 7 .*6 complete"):
        read(damaged(small, tmp_path, change))


def test_wrong_units_are_noticed(small, tmp_path):
    def change(data):
        return data.replace(b"U GEV MM", b"U MEV MM")

    with pytest.raises(EventFileError, match="wrong momentum unit"):
        read(damaged(small, tmp_path, change))


def test_mixed_versions(small, tmp_path):
    other = tmp_path / "old.hepmc2"
    with pyhepmc.open(str(small)) as source, pyhepmc.open(str(other), "w", format="hepmc2") as out:
        for event in source:
            out.write(event)
    path = damaged(small, tmp_path, lambda data: data + other.read_bytes())
    with pytest.raises(EventFileError):
        read(path)


def test_garbage_in_a_particle_line(small, tmp_path):
    def change(data):
        hits = list(re.finditer(rb"(?m)^P 20 .*$", data))
        return data[: hits[3].start()] + b"P 20 what is this" + data[hits[3].end() :]

    with pytest.raises(EventFileError, match="number 4"):
        read(damaged(small, tmp_path, change))


@pytest.mark.parametrize("content", [b"", b"hello\n" * 100, b"<LesHouchesEvents version='3.0'>\n"])
def test_other_files(tmp_path, content):
    path = tmp_path / "other"
    path.write_bytes(content)
    with pytest.raises(EventFileError, match=r"empty|neither a HepMC3 nor a HepMC2"):
        read(path)


def test_missing_file(tmp_path):
    with pytest.raises(EventFileError, match="cannot be read"):
        EventFile(tmp_path / "nowhere.hepmc")
