# SPDX-License-Identifier: GPL-3.0-or-later
"""The HepMC reader against pyhepmc: the same events of good files, and faults planted at random."""

import re
import subprocess
import sys
import warnings
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pyhepmc
import pytest

from mcsurrogate.errors import EventFileError
from mcsurrogate.events import EventFile
from mcsurrogate.generators import PythiaChain
from tests.events.hepmc_oracle import ours, theirs

CASES = Path(__file__).parents[1] / "data" / "cases" / "hepmc"
BYTES = b'0123456789-+.eE ,[]@\\|"PVWUAETHNFC\n\t\r\x00\xff'
WORDS = (b"0", b"-1", b"999", b"nan", b"inf", b"1e400", b"1e-400", b"99999999999", b"", b"2", b"7")
UNITS = pyhepmc.Units


def event(number: int) -> pyhepmc.GenEvent:
    """Beams, a collision, a chain of decays with and without positions, and a loose particle."""
    rng = np.random.default_rng(number)
    made = pyhepmc.GenEvent(UNITS.GEV, UNITS.MM)

    def particle(pid: int, status: int) -> pyhepmc.GenParticle:
        one = pyhepmc.GenParticle(tuple(rng.normal(size=4)), pid, status)
        one.generated_mass = float(rng.exponential())
        return one

    beams = [particle(2212, 4), particle(-2212, 4)]
    middle = [particle(23, 62), particle(21, 51), particle(2212, 3)]
    last = [particle(pid, 1) for pid in (13, -13, 211, -211, 22, 2112)]
    collision, decay, shower, further = (
        pyhepmc.GenVertex(tuple(place))
        for place in ([0.1, -0.02, 3.5, 0.0], [0, 0, 0, 0], [0, 0, 0, 0], rng.normal(size=4))
    )
    for vertex, into, out in (
        (collision, beams, middle),
        (decay, middle[:1], last[:2]),
        (shower, middle[1:], last[2:5]),
        (further, last[4:5], last[5:]),
    ):
        for one in into:
            vertex.add_particle_in(one)
        for one in out:
            vertex.add_particle_out(one)
        made.add_vertex(vertex)
    made.event_number = 3 * number
    return made


def furnish(made: pyhepmc.GenEvent, run: pyhepmc.GenRunInfo) -> None:
    number = made.event_number
    made.run_info = run
    made.weights = [0.5 * (number + 1), -2.0e-7 * number]
    made.cross_section = section = pyhepmc.GenCrossSection()
    section.set_cross_section(10.0 + number, 0.5, number, number + 5)
    made.pdf_info = pdf = pyhepmc.GenPdfInfo()
    pdf.parton_id1, pdf.parton_id2, pdf.x1, pdf.x2, pdf.scale = 21, -2, 0.1, 0.25, 91.1
    pdf.xf1, pdf.xf2, pdf.pdf_id1, pdf.pdf_id2 = 0.7, 1.5, 247000, 247000


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> list[Path]:
    """The same events in both formats, in GeV and mm and in MeV and cm."""
    folder = tmp_path_factory.mktemp("hepmc")
    paths = []
    run = pyhepmc.GenRunInfo()
    run.weight_names = ["Weight", "muR=0.5"]
    for kind in ("hepmc3", "hepmc2"):
        for units in ((UNITS.GEV, UNITS.MM), (UNITS.MEV, UNITS.CM)):
            paths.append(folder / f"{len(paths)}.{kind}")
            with pyhepmc.open(str(paths[-1]), "w", format=kind) as out:
                for number in range(3):
                    made = event(number)
                    furnish(made, run)
                    made.set_units(*units)
                    out.write(made)
    return paths


def same(path: Path) -> int:
    found, expected = ours(path), theirs(path)
    assert expected is not None
    assert len(found) == len(expected)
    for mine, other in zip(found, expected, strict=True):
        assert mine.difference(other) is None
    return len(found)


def test_small_events_are_those_of_pyhepmc(files):
    assert [same(path) for path in files] == [3, 3, 3, 3]
    for path in files:
        file = EventFile(path)
        list(file.chunks())
        assert file.summary.weight_names == ("Weight", "muR=0.5")
        assert file.summary.complete


def test_events_of_pythia_are_those_of_pyhepmc(tmp_path):
    path, old = tmp_path / "pp.hepmc", tmp_path / "pp.hepmc2"
    settings = ["Beams:eCM = 13000", "HardQCD:all = on", "PhaseSpace:pTHatMin = 50"]
    PythiaChain(settings, seed=3).generate(2, hepmc=path).run()
    with pyhepmc.open(str(path)) as source, pyhepmc.open(str(old), "w", format="hepmc2") as out:
        for one in source:
            out.write(one)
    assert [same(path), same(old)] == [2, 2]


def edited(path: Path, tmp_path: Path, *changes: tuple[str, str]) -> Path:
    text = path.read_text()
    for pattern, by in changes:
        text, times = re.subn(pattern, by, text, count=1, flags=re.MULTILINE)
        assert times == 1
    out = tmp_path / f"edited{path.suffix}"
    out.write_text(text)
    return out


@pytest.mark.parametrize(
    "change",
    [
        (r"^E 0 4 11$", "E 0 4 11 @ 1 2 3 4"),  # where the vertices without a position are
        (r"^(P 3 -?\d+ \S+) \S+", r"\1 1e-400"),
        (r"^(P 3 -?\d+ \S+) \S+", r"\1 +1.5"),
        (r"\n", "\r\n"),
    ],
)
def test_unusual_text_is_what_it_says(files, tmp_path, change):
    assert same(edited(files[0], tmp_path, change)) == 3


def test_vertices_may_come_in_any_order_and_with_any_number(files, tmp_path):
    lines = files[0].read_text().split("\n")
    vertices = [line for line in lines if line.startswith("V ")]
    assert len(vertices) >= 4
    text = files[0].read_text().replace("V -1 ", "V -2000000 ")
    text = re.sub(r"^(P \d+) -1 ", r"\1 -2000000 ", text, flags=re.MULTILINE)
    path = tmp_path / "far.hepmc"
    path.write_text(text)
    assert same(path) == 3
    # a vertex behind the particles that come out of it
    before = re.search(r"^(V -1 .*\n)((?:P \d+ -1 .*\n)+)", files[0].read_text(), re.MULTILINE)
    assert before is not None
    path.write_text(files[0].read_text().replace(before[0], before[2] + before[1]))
    assert same(path) == 3


def test_a_mother_may_come_later(tmp_path):
    """HepMC3 writes such lines for Pythia's events, and its reader forgets the mother."""
    path = tmp_path / "later.hepmc"
    path.write_text(
        "HepMC::Version 3.03.01\nHepMC::Asciiv3-START_EVENT_LISTING\nE 0 1 3\nU GEV MM\nW 1\n"
        "P 1 3 22 0 0 1 1 0 1\nP 2 0 11 0 0 5 5 0 4\nP 3 0 11 0 0 4 4 0 2\n"
        "HepMC::Asciiv3-END_EVENT_LISTING\n"
    )
    (event,) = ours(path)
    assert event.parents == [[2], [], []]
    assert event.ended == [False, False, True]


@pytest.mark.parametrize("which", [0, 2])
def test_files_one_behind_the_other_are_read(files, tmp_path, which):
    path = tmp_path / f"two{files[which].suffix}"
    path.write_bytes(files[which].read_bytes() * 2)
    assert same(path) == 6


def test_an_event_without_particles_counts(tmp_path):
    path = tmp_path / "empty.hepmc"
    path.write_text(
        "HepMC::Version 3.03.01\nHepMC::Asciiv3-START_EVENT_LISTING\nE 7 0 0\nU GEV MM\nW 2.5\n"
        "HepMC::Asciiv3-END_EVENT_LISTING\n"
    )
    (chunk,) = EventFile(path).chunks()
    assert (chunk.event_numbers.tolist(), chunk.weights.tolist()) == ([7], [[2.5]])


def test_a_particle_gun_of_hepmc2_keeps_its_particles(tmp_path):
    """HepMC3's reader drops vertices without incoming particles, and the particles with them."""
    path = tmp_path / "gun.hepmc2"
    path.write_text(
        "HepMC::Version 2.06.09\nHepMC::IO_GenEvent-START_EVENT_LISTING\n"
        "E 0 -1 0 0 0 0 0 1 0 0 0 1 1.0\nU GEV MM\nV -1 0 0 0 0 0 0 1 0\n"
        "P 1 13 0 0 5 5.001 0.105 1 0 0 0 0\nHepMC::IO_GenEvent-END_EVENT_LISTING\n"
    )
    assert theirs(path)[0].particles == []
    assert ours(path)[0].particles == [(13, 1, 0.105, 0.0, 0.0, 5.0, 5.001)]


@pytest.mark.parametrize(
    ("which", "pattern", "by", "message"),
    [
        (0, r"^P 3 -1 ", "P 3 -9 ", "particle 3 comes from vertex -9, which the event does not"),
        (0, r"^P 4 -1 ", "P 4 4 ", "particle 4 comes from particle 4, which cannot be"),
        (0, r"^P 4 -1 ", "P 4 12 ", "particle 4 comes from particle 12, which cannot be"),
        (0, r"^P 4 ", "P 5 ", "particle 5 stands where particle 4 belongs"),
        (0, r"^V (-\d+ 0) \[1,2\]", r"V \1 [1,2,1]", "particle 1 ends in two vertices"),
        (0, r"^E 3 4 11", "E 3 5 11", "announces 5 vertices and has 4"),
        (0, r"^E 3 4 11", "E 3 4 12", "announces 12 particles and has 11"),
        (0, r"^U GEV MM", "U GEV KM", "expected units GEV or MEV"),
        (0, r"^A 0 GenCrossSection \S+", "A 0 GenCrossSection x", "expected a cross section"),
        (0, r"^A 0 GenPdfInfo 21", "A 0 GenPdfInfo", "nine numbers of PDF information"),
        (0, r"^A 0 GenPdfInfo ", "A 0 GenPdfInfo\r ", "expected A OWNER NAME VALUE"),
        (0, r"^(A 0 Gen.*)$", r"\1\\", "a backslash that escapes nothing"),
        (0, r"^(P 3 -1 23) ", r"\1  ", "expected the numbers of a particle"),
        (0, r"^HepMC::Asciiv3-END.*\n", "", "truncated or damaged: no HepMC::Asciiv3-END"),
        (0, r"^(HepMC::Asciiv3-END.*)$", r"\1\nP 1", "text behind the end of the events"),
        (2, r"^N 2 .*$", 'N 2 "Weight" "other"', "other names of weights"),
        (2, r"^P \d+ 2212(.*) -1 0$", r"P 1 2212\1 -77 0", "ends in vertex -77, which the event"),
    ],
)
def test_faults_are_named_by_line_and_event(files, tmp_path, which, pattern, by, message):
    text = files[which].read_text()
    # where it can be, in the second event: the first one is read
    start = text.index("\nE ", text.index("\nE ") + 1)
    changed, times = re.subn(pattern, by, text[start:], count=1, flags=re.MULTILINE)
    assert times == 1
    path = tmp_path / f"fault{files[which].suffix}"
    path.write_text(text[:start] + changed)
    file = EventFile(path)
    with pytest.raises(EventFileError, match=message) as caught:
        list(file.chunks())
    found = re.search(
        r", line (\d+): .*; (\d) complete events were read before it", str(caught.value)
    )
    assert found is not None
    assert text[:start].count("\n") < int(found[1]) <= path.read_text().count("\n") + 1
    assert file.summary.events == int(found[2]) >= 1


def test_unknown_lines_between_events_are_skipped_with_a_warning(files, tmp_path):
    path = edited(files[0], tmp_path, (r"^(T|E 0)", r"X what is this\n\1"))
    with pytest.warns(UserWarning, match="1 lines .* unknown kind .*line 4: 'X what is this'"):
        assert sum(map(len, EventFile(path).chunks())) == 3


def later_mother(text: bytes) -> bool:
    """Whether a particle of version 3 comes from one behind it."""
    if b"Asciiv3" not in text:
        return False
    lines = re.findall(rb"^P (\d+) (\d+) ", text, re.MULTILINE)
    return any(int(mother) > int(own) for own, mother in lines)


def refused_names(text: bytes) -> bool:
    """Whether version 3 has names of weights that pyhepmc refuses: empty, or with blanks."""
    if b"Asciiv3" not in text:
        return False
    head = text.partition(b"\nE ")[0]
    lines = re.findall(rb"^W (.*)$", head, re.MULTILINE)
    return any(not name.strip() or b" " in name or b"\t" in name
               for line in lines for name in line.split(b"\\|"))  # fmt: skip


def mutate(rng: np.random.Generator, text: bytes) -> bytes:
    """Change bytes, words or lines, or cut the file."""
    for _ in range(int(rng.choice((1, 1, 2, 4)))):
        content, lines = bytearray(text), text.split(b"\n")
        where, other = (int(i) for i in rng.integers(0, len(lines), 2))
        place, byte = int(rng.integers(0, len(content))), int(rng.choice(list(BYTES)))
        match int(rng.integers(0, 9)):
            case 0 | 1:
                content[place] = byte
            case 2:
                content.insert(place, byte)
            case 3:
                del content[place : place + int(rng.choice((1, 2, 30)))]
            case 4 if rng.random() < 0.3:
                del content[place:]
            case 5:
                lines[where], lines[other] = lines[other], lines[where]
            case 6:
                lines.insert(where, lines[other])
            case 7:
                del lines[where]
            case _:
                words = lines[where].split(b" ")
                words[int(rng.integers(0, len(words)))] = WORDS[int(rng.integers(0, len(WORDS)))]
                lines[where] = b" ".join(words)
        text = bytes(content) if bytes(content) != text else b"\n".join(lines)
        if not text:
            break
    return text


@pytest.mark.parametrize(
    "count",
    [pytest.param(1000, id="few"), pytest.param(1_000_000, id="many", marks=pytest.mark.slow)],
)
def test_faults_are_named_or_read_as_pyhepmc_reads_them(files, tmp_path, count):
    """What we accept pyhepmc must read without dying, and to the same events."""
    rng = np.random.default_rng(20261201)
    path = tmp_path / "mutated.hepmc"
    texts = [file.read_bytes() for file in files]
    read = refused = died = 0
    executor = ProcessPoolExecutor(1, get_context("fork"))
    for trial in range(count):
        path.write_bytes(mutate(rng, texts[trial % len(texts)]))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)
                found = ours(path)
        except EventFileError as error:
            refused += "mutated.hepmc" in str(error)
            continue
        if later_mother(path.read_bytes()) or refused_names(path.read_bytes()):
            read += 1  # pyhepmc forgets the one and refuses the other
            continue
        # between events pyhepmc takes an empty line for the end of the file
        path.write_bytes(re.sub(rb"\n\s*\n(?=[A-Z] )", b"\n", path.read_bytes()))
        try:
            expected = executor.submit(theirs, path).result()
        except BrokenProcessPool:  # a fault that pyhepmc does not survive tells nothing of us
            executor, died = ProcessPoolExecutor(1, get_context("fork")), died + 1
            continue
        if expected is None or len(found) != len(expected):
            raise AssertionError(f"{trial}: {found}\n{expected}")
        for mine, other in zip(found, expected, strict=True):
            # pyhepmc has 32 bits for a number
            wrapped = replace(mine, number=(mine.number + 2**31) % 2**32 - 2**31)
            assert wrapped.difference(other) is None, trial
        read += 1
    executor.shutdown()
    assert read + refused + died == count
    assert died < 0.001 * count
    assert min(read, refused) > 0.1 * count


HEAD = {
    3: "HepMC::Version 3.02.05\nHepMC::Asciiv3-START_EVENT_LISTING\n",
    2: "HepMC::Version 2.06.09\nHepMC::IO_GenEvent-START_EVENT_LISTING\n",
}
FOOT = {3: "HepMC::Asciiv3-END_EVENT_LISTING\n", 2: "HepMC::IO_GenEvent-END_EVENT_LISTING\n"}


def named_weights(version: int, names: list[str], events: int = 2) -> str:
    """A file whose events, one particle gun each, have weights 1, 2, ... of these names."""
    weights = " ".join(f"{i + 1}.0" for i in range(len(names)))
    if version == 3:
        body = "".join(f"E {i} 0 1\nU GEV MM\nW {weights}\nP 1 0 13 0 0 3 3 0.1 1\n"
                       for i in range(events))  # fmt: skip
        return HEAD[3] + "W " + "\\|".join(names) + "\n" + body + FOOT[3]
    quoted = " ".join(f'"{name}"' for name in names)
    body = "".join(
        f"E {i} -1 -1 -1 -1 0 -1 1 1 0 0 {len(names)} {weights}\nN {len(names)} {quoted}\n"
        "U GEV MM\nV -1 0 0 0 0 0 1 1 0\nP 2 11 0 0 1 1 0 4 0 0 -1 0\n"
        "P 1 13 0 0 3 3 0.1 1 0 0 0 0\n"
        for i in range(events)
    )
    return HEAD[2] + body + FOOT[2]


def names_read(path: Path) -> tuple[str, ...]:
    file = EventFile(path)
    (chunk,) = file.chunks()
    assert chunk.weights.tolist() == [[i + 1.0 for i in range(chunk.weights.shape[1])]] * 2
    return file.summary.weight_names


@pytest.mark.parametrize("version", [2, 3])
def test_a_byte_order_mark(tmp_path: Path, version: int) -> None:
    path = tmp_path / "a.hepmc"
    text = "\ufeff" + named_weights(version, ["a", "b"])
    path.write_text(text, encoding="utf-8")
    assert names_read(path) == ("a", "b")
    assert [e.weights for e in theirs(path)] == [(1.0, 2.0)] * 2
    path.write_text(2 * text, encoding="utf-8")
    assert sum(len(chunk) for chunk in EventFile(path).chunks()) == 4
    path.write_text(text.replace("E 1", "\ufeffE 1"), encoding="utf-8")
    with pytest.raises(EventFileError, match="a letter and a blank"):
        list(EventFile(path).chunks())


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_an_empty_name_is_the_number_of_its_place(tmp_path: Path, version: int, place: int) -> None:
    path = tmp_path / "a.hepmc"
    names = ["a", "b", "c"]
    names[place] = ""
    path.write_text(named_weights(version, names))
    named = names_read(path)
    assert named == tuple(name or str(place) for name in names)
    if version == 2:
        with pyhepmc.open(path) as events:
            assert all(event.weight_names == list(named) for event in events)
    else:
        assert refused_names(path.read_bytes())
        assert theirs(path) is None
    names[(place + 1) % 3] = str(place)
    path.write_text(named_weights(version, names))
    with pytest.raises(EventFileError, match=rf"two weights have the name '{place}'"):
        names_read(path)


@pytest.mark.parametrize("version", [2, 3])
def test_two_weights_of_one_name_are_refused(tmp_path: Path, version: int) -> None:
    path = tmp_path / "a.hepmc"
    path.write_text(named_weights(version, ["a", "b", "a"]))
    line = {3: 8, 2: 9}[version]
    with pytest.raises(EventFileError, match=rf"line {line}: two weights have the name 'a'"):
        names_read(path)
    with pytest.raises(RuntimeError, match="Duplicate weight name"), pyhepmc.open(path) as events:
        print([event.weight_names for event in events])


MEMORY = """
import resource, sys
from mcsurrogate.events import EventFile
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
chunks = EventFile(sys.argv[1]).chunks(20_000)
next(chunks)
for _, chunk in zip(range(4), chunks): pass
before = peak()
events = sum(map(len, chunks))
print(events, peak() - before)
"""


def test_memory_does_not_grow_with_the_file(files, tmp_path):
    head, *events = files[0].read_text().split("\nE ")
    body, foot = "\nE ".join(events[:2]), events[2].rpartition("\nHepMC")[2]
    path = tmp_path / "long.hepmc"
    path.write_text(head + ("\nE " + body) * 12_000 + "\nHepMC" + foot)
    assert path.stat().st_size > 40 << 20
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, str(path)], capture_output=True, text=True, check=True
    )
    count, growth = done.stdout.split()
    assert int(count) > 10_000
    assert float(growth) < 5.0  # MiB
