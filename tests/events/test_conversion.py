# SPDX-License-Identifier: GPL-3.0-or-later
"""`convert`: what comes back is what went in, to the last bit; what would be lost is refused."""

import re
import sys
import warnings
from dataclasses import replace
from pathlib import Path

import awkward as ak
import numpy as np
import pyarrow.parquet as pq
import pyhepmc
import pytest
import uproot

from mcsurrogate.errors import EventFileError
from mcsurrogate.events import (
    convert_events,
    read_generated_events,
    read_hard_events,
    write_generated_events,
    write_hard_events,
)
from mcsurrogate.events.hepmc_details import HepmcRun
from mcsurrogate.generators import PythiaChain
from tests.events.hepmc_oracle import ours, theirs
from tests.events.test_hepmc_text import named_weights

CASES = Path(__file__).parents[1] / "data" / "cases"
HARD = (
    "good_eight_events", "event_attributes", "header_not_xml", "weight_order",
    "weights_undeclared", "powheg_plain_weights", "fortran_exponent",
)  # fmt: skip


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory, zpole: list[str]) -> Path:
    """Twelve Z decays as the chain writes them."""
    path = tmp_path_factory.mktemp("generated") / "z.hepmc"
    PythiaChain(zpole, seed=3).generate(12, hepmc=path).run()
    return path


def rewritten(source: Path, target: Path) -> Path:
    """The same events in the same format by our writer."""
    if "hepmc" in source.name:
        write_generated_events(target, *read_generated_events(source))
    else:
        write_hard_events(target, *read_hard_events(source))
    return target


@pytest.mark.parametrize("through", [".parquet", ".root", ".hepmc", ".hepmc3.gz", ".h5", ".lhe.xz"])
@pytest.mark.parametrize("name", HARD)
def test_hard_events_come_back(tmp_path: Path, name: str, through: str) -> None:
    source = CASES / "lhe" / f"{name}.lhe"
    direct = rewritten(source, tmp_path / "direct.lhe")
    count = convert_events(source, tmp_path / f"a{through}")
    assert count >= 3
    assert convert_events(tmp_path / f"a{through}", tmp_path / "back.lhe") == count
    assert (tmp_path / "back.lhe").read_bytes() == direct.read_bytes()


def test_a_long_way_round(tmp_path: Path) -> None:
    source = CASES / "lhe" / "event_attributes.lhe"
    at = source
    for step, ending in enumerate((".h5", ".parquet", ".hepmc.zst", ".root", ".hepmc", ".lhe")):
        convert_events(at, tmp_path / f"{step}{ending}")
        at = tmp_path / f"{step}{ending}"
    direct = rewritten(source, tmp_path / "direct.lhe")
    assert at.read_bytes() == direct.read_bytes()


@pytest.mark.parametrize("through", [".parquet", ".root", ".hepmc.gz"])
def test_generated_events_come_back(tmp_path: Path, generated: Path, through: str) -> None:
    assert convert_events(generated, tmp_path / f"a{through}") == 12
    assert convert_events(tmp_path / f"a{through}", tmp_path / "back.hepmc") == 12
    assert (tmp_path / "back.hepmc").read_bytes() == generated.read_bytes()


def official(source: Path, target: Path, form: str = "HepMC3") -> Path:
    """The same events by HepMC3's own reader and writer."""
    with pyhepmc.open(str(source)) as events, pyhepmc.open(str(target), "w", format=form) as out:
        for event in events:
            out.write(event)
    return target


@pytest.mark.parametrize("through", [".parquet", ".root"])
@pytest.mark.parametrize("name", ["nominal_not_first.hepmc3", "equal_events.hepmc3"])
def test_files_of_others_come_back(tmp_path: Path, name: str, through: str) -> None:
    source = CASES / "hepmc" / name
    convert_events(source, tmp_path / f"a{through}")
    convert_events(tmp_path / f"a{through}", tmp_path / "back.hepmc")
    assert ours(tmp_path / "back.hepmc") == ours(source) == theirs(tmp_path / "back.hepmc")
    one = official(source, tmp_path / "one.hepmc")
    other = official(tmp_path / "back.hepmc", tmp_path / "other.hepmc")
    assert one.read_bytes() == other.read_bytes()


ION = "H 3 12 5 7 2 1 4 6 9 8.25 0.5 0.125 62.5\n"


def test_version_2_becomes_3_with_what_hepmc3_makes_of_it(tmp_path: Path, generated: Path) -> None:
    """Attributes too: numbers are the same, whatever their digits."""
    old = tmp_path / "old.hepmc2"
    with pyhepmc.open(str(generated)) as events, pyhepmc.io.WriterAsciiHepMC2(str(old)) as out:
        for event in events:
            out.write(event)
    old.write_text(old.read_text().replace("\nF ", f"\n{ION}F "))
    assert ION in old.read_text()
    convert_events(old, tmp_path / "new.hepmc")
    assert ours(tmp_path / "new.hepmc") == ours(old) == theirs(tmp_path / "new.hepmc")
    compared = 0
    new = str(tmp_path / "new.hepmc")
    with pyhepmc.open(str(old)) as olds, pyhepmc.open(new) as news:
        for one, other in zip(olds, news, strict=True):
            expected, found = attributes(one), attributes(other)
            assert found == expected
            compared += len(found)
    assert compared > 500


def attributes(event: pyhepmc.GenEvent) -> dict[tuple[int, str], list]:
    """Attributes of event, particles and vertices, their words as numbers where they are such."""
    data = pyhepmc.GenEventData()
    event.write_data(data)
    found = {}
    for owner, name, text in zip(
        data.attribute_id, data.attribute_name, data.attribute_string, strict=True
    ):
        if name != "cycles":  # HepMC3's writer notes it, its reader forgets it
            found[int(owner), str(name)] = [number(word) for word in str(text).split()]
    return found


def number(word: str) -> float | str:
    try:
        return float(word)
    except ValueError:
        return word


@pytest.mark.parametrize("ending", [".parquet", ".root", ".hepmc.zst"])
@pytest.mark.parametrize("bounds", [(0, 12), (3, 5), (7, None), (12, 12), (0, 0)])
def test_parts_of_generated_events(
    tmp_path: Path, generated: Path, ending: str, bounds: tuple[int, int | None]
) -> None:
    path = tmp_path / f"all{ending}"
    convert_events(generated, path)
    first, stop = bounds
    expected = ours(generated)[first:stop]
    assert convert_events(path, tmp_path / "part.hepmc", first, stop) == len(expected)
    assert ours(tmp_path / "part.hepmc") == expected


@pytest.mark.parametrize("ending", [".parquet", ".root", ".hepmc", ".lhe", ".h5"])
def test_more_events_than_there_are(tmp_path: Path, generated: Path, ending: str) -> None:
    source = CASES / "lhe" / "good_eight_events.lhe" if ending in {".lhe", ".h5"} else generated
    convert_events(source, tmp_path / f"a{ending}")
    for first, stop in ((0, 99), (50, None), (5, 3)):
        with pytest.raises(EventFileError, match=r"were asked for, the file holds|are no range"):
            convert_events(tmp_path / f"a{ending}", tmp_path / f"b{ending}", first, stop)
        assert not (tmp_path / f"b{ending}").exists()


@pytest.mark.parametrize("through", ["", ".parquet", ".root"])
@pytest.mark.parametrize("target", ["a.lhe", "a.h5"])
def test_generated_events_become_no_hard_ones(
    tmp_path: Path, generated: Path, through: str, target: str
) -> None:
    source = generated
    if through:
        convert_events(generated, tmp_path / f"a{through}")
        source = tmp_path / f"a{through}"
    with pytest.raises(
        EventFileError, match=r"holds generated events, of which.*would lose showers"
    ):
        convert_events(source, tmp_path / target)
    with pytest.raises(EventFileError, match=r"holds generated events|does not begin with <LesHou"):
        read_hard_events(source)


def test_columns_are_there_for_others(tmp_path: Path, generated: Path) -> None:
    """As pyarrow, awkward and uproot show them, without a word of ours."""
    lhe = CASES / "lhe" / "weight_order.lhe"
    convert_events(lhe, tmp_path / "hard.parquet")
    (batch,) = read_hard_events(lhe)[1]
    table = pq.read_table(tmp_path / "hard.parquet").to_pylist()
    assert [row["weights"]["a"] for row in table] == batch.weights[:, 1].tolist()
    assert [row["particles"][2]["px"] for row in table] == batch.momenta[
        batch.offsets[:-1] + 2, 1
    ].tolist()
    convert_events(generated, tmp_path / "z.parquet")
    convert_events(generated, tmp_path / "z.root")
    with uproot.open(tmp_path / "z.root") as file:
        tree = file["events"]
        status, px = (tree[f"particles_{name}"].array() for name in ("status", "px"))
    particles = ak.from_parquet(tmp_path / "z.parquet")["particles"]
    events = ours(generated)
    expected = [[p[3] for p in event.particles if p[1] == 1] for event in events]
    assert px[status == 1].tolist() == expected
    assert particles.px[particles.status == 1].tolist() == expected
    assert sum(map(len, expected)) > 100


@pytest.mark.parametrize(("ending", "trials"), [(".parquet", 60), (".root", 12)])
def test_flipped_bits_and_cut_files_are_named_or_change_nothing(
    tmp_path: Path, ending: str, trials: int
) -> None:
    source = CASES / "lhe" / "event_attributes.lhe"
    path = tmp_path / f"a{ending}"
    convert_events(source, path)
    direct = rewritten(source, tmp_path / "direct.lhe").read_bytes()
    whole, rng = path.read_bytes(), np.random.default_rng(5)
    refused = 0
    for trial in range(trials):
        content = bytearray(whole)
        place = int(rng.integers(0, len(whole)))
        if trial % 4:
            content[place] ^= 1 << int(rng.integers(0, 8))
        else:
            del content[place:]
        path.write_bytes(content)
        try:
            convert_events(path, tmp_path / "back.lhe")
        except EventFileError as error:
            refused += f"a{ending}" in str(error)
        else:
            assert (tmp_path / "back.lhe").read_bytes() == direct
    assert refused > trials / 6


def test_a_number_changed_by_another_program_is_found(tmp_path: Path) -> None:
    source = CASES / "lhe" / "good_eight_events.lhe"
    convert_events(source, tmp_path / "a.parquet")
    table = pq.read_table(tmp_path / "a.parquet")
    kept = pq.read_metadata(tmp_path / "a.parquet").metadata[b"mcsurrogate"]
    scale = np.array(table["scale"].to_pylist())
    scale[3] += 1.0
    table = table.set_column(table.column_names.index("scale"), "scale", [scale])
    pq.write_table(table.replace_schema_metadata({"mcsurrogate": kept}), tmp_path / "b.parquet")
    with pytest.raises(EventFileError, match="events 0 to 7 are damaged or were changed"):
        convert_events(tmp_path / "b.parquet", tmp_path / "b.lhe")
    pq.write_table(table.replace_schema_metadata({}), tmp_path / "c.parquet")
    with pytest.raises(EventFileError, match="has not written"):
        convert_events(tmp_path / "c.parquet", tmp_path / "c.lhe")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("     1    2  501    0", "     3    3  501    0", "event 1: a particle comes before its"),
        (" -1    0    0  501  502", "  1    0    0  501  502", "event 1: other than two particles"),
        (" 1    1    2  501    0", " 7    1    2  501    0", "event 1: a status that is none of"),
        (" 1    1    2  501    0", " 1    1    1  501    0", "event 1: a particle has daughters"),
    ],
)
def test_what_makes_no_graph_is_refused(tmp_path: Path, old: str, new: str, words: str) -> None:
    text = """<LesHouchesEvents version="3.0">
<init>
2212 2212 6500 6500 0 0 0 0 3 1
1.0 0.1 1.0 1
</init>
<event>
 4 1 1.0 91.0 0.0078 0.118
   21 -1    0    0  501  502  0 0  100  100 0 0 9
   21 -1    0    0  502  503  0 0 -100  100 0 0 9
    6  1    1    2  501    0  0 0 0 100 0 0 9
   -6  1    1    2    0  503  0 0 0 100 0 0 9
</event>
</LesHouchesEvents>
"""
    path = tmp_path / "a.lhe"
    path.write_text(text)
    assert convert_events(path, tmp_path / "a.hepmc") == 1
    old, new = " ".join(old.split()), " ".join(new.split())
    plain = "\n".join(" ".join(line.split()) for line in text.split("\n"))
    assert old in plain
    path.write_text(plain.replace(old, new, 1))
    with pytest.raises(EventFileError, match=rf"a\.hepmc: {words}"):
        convert_events(path, tmp_path / "a.hepmc")


def test_hepmc3_reads_hard_events(tmp_path: Path) -> None:
    convert_events(CASES / "lhe" / "weight_order.lhe", tmp_path / "a.hepmc")
    (batch,) = read_hard_events(CASES / "lhe" / "weight_order.lhe")[1]
    with pyhepmc.open(str(tmp_path / "a.hepmc")) as events:
        read = list(events)
    assert [list(event.weights) for event in read] == batch.weights.tolist()
    assert read[0].weight_names == ["Weight", "a", "b"]
    for i, event in enumerate(read):
        own = slice(batch.offsets[i], batch.offsets[i + 1])
        assert [p.pid for p in event.particles[2:]] == batch.pdg_id[own].tolist()
        assert [p.status for p in event.particles[:2]] == [4, 4]
        assert all(p.production_vertex.particles_in for p in event.particles[2:])
    assert len(read) == len(batch) > 1


@pytest.mark.parametrize("through", [".parquet", ".root", ".h5", ".hepmc", ".lhe.gz"])
def test_text_that_is_not_utf_8_comes_back(tmp_path: Path, through: str) -> None:
    source = tmp_path / "a.lhe"
    text = (CASES / "lhe" / "weight_order.lhe").read_bytes()
    text = text.replace(b"<init>", b"<!-- caf\xe9 --><init>", 1)
    source.write_bytes(re.sub(rb"(id=['\"])a", b"\\1\xe9a", text))
    direct = rewritten(source, tmp_path / "direct.lhe")
    assert direct.read_bytes().count(b"\xe9a") > 1
    count = convert_events(source, tmp_path / f"b{through}")
    assert convert_events(tmp_path / f"b{through}", tmp_path / "back.lhe") == count > 0
    assert (tmp_path / "back.lhe").read_bytes() == direct.read_bytes()
    if through == ".parquet":  # has names in UTF-8 alone
        assert pq.read_schema(tmp_path / "b.parquet").field("weights").type.field(1).name == (
            r"\xe9a"
        )


@pytest.mark.parametrize("through", [".parquet", ".root", ".hepmc.gz"])
def test_generated_events_with_names_that_are_not_utf_8(tmp_path: Path, through: str) -> None:
    source = tmp_path / "a.hepmc"
    source.write_bytes(named_weights(3, ["a", "\xe9", "c"]).encode("latin-1"))
    assert convert_events(source, tmp_path / f"b{through}") == 2
    assert convert_events(tmp_path / f"b{through}", tmp_path / "back.hepmc") == 2
    assert b"W a\\|\xe9\\|c\n" in (tmp_path / "back.hepmc").read_bytes()


@pytest.mark.parametrize("target", ["b.lhe", "b.h5", "b.parquet", "b.root", "b.hepmc"])
@pytest.mark.parametrize("kind", [".lhe", ".h5", ".parquet", ".root", "2.hepmc", "3.hepmc"])
def test_files_without_an_event_are_refused(tmp_path: Path, kind: str, target: str) -> None:
    source = tmp_path / f"a{kind}"
    if kind.endswith(".hepmc"):
        source.write_text(named_weights(int(kind[0]), ["a"], events=0))
    else:
        run, _ = read_hard_events(CASES / "lhe" / "good_eight_events.lhe")
        write_hard_events(source, run, [])
    with pytest.raises(EventFileError, match=rf"a{kind}: holds (no event$|generated events)"):
        convert_events(source, tmp_path / target)
    assert list(tmp_path.iterdir()) == [source]


@pytest.mark.parametrize("through", [".lhe", ".h5", ".parquet", ".hepmc"])
@pytest.mark.parametrize(("first", "stop", "count"), [(2, 5, 3), (3, None, 5), (0, None, 8)])
def test_a_part_announces_its_own_events(
    tmp_path: Path, through: str, first: int, stop: int | None, count: int
) -> None:
    line = "<!-- <xsecinfo neve='7'/> -->\n<xsecinfo neve='8' totxsec='5.0' maxweight='8'/>\n"
    source = tmp_path / "a.lhe"
    text = (CASES / "lhe" / "good_eight_events.lhe").read_text()
    source.write_text(text.replace("</init>", f"{line}</init>"))
    convert_events(source, tmp_path / f"b{through}")
    convert_events(tmp_path / f"b{through}", tmp_path / "part.lhe", first, stop)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert sum(len(batch) for batch in read_hard_events(tmp_path / "part.lhe")[1]) == count
    assert line.replace("'8' t", f"'{count}' t") in (tmp_path / "part.lhe").read_text()


def test_endings_are_named(tmp_path: Path) -> None:
    source = CASES / "lhe" / "good_eight_events.lhe"
    for name in ("a.hepmc2", "a.csv", "a.lhe.bz2", "a.parquet.gz"):
        with pytest.raises(EventFileError, match=r"ends in none of \.lhe"):
            convert_events(source, tmp_path / name)


@pytest.mark.parametrize(("ending", "needs"), [(".parquet", "pyarrow"), (".root", "uproot")])
def test_without_the_extra_its_name_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str, needs: str
) -> None:
    monkeypatch.setitem(sys.modules, needs, None)
    with pytest.raises(EventFileError, match=rf"pip install 'mcsurrogate\[{ending[1:]}\]'"):
        convert_events(CASES / "lhe" / "good_eight_events.lhe", tmp_path / f"a{ending}")
    assert not list(tmp_path.iterdir())


def test_events_without_weights_or_texts_and_files_without_events(tmp_path: Path) -> None:
    run, (batch,) = read_hard_events(CASES / "lhe" / "good_eight_events.lhe")
    bare = replace(batch, helicity=None, lifetime=None, attributes=None, annotations=None)
    for ending in (".parquet", ".root"):
        path = tmp_path / f"a{ending}"
        write_hard_events(path, run, [bare])
        (back,) = read_hard_events(path)[1]
        assert back.attributes is None
        assert np.all(back.helicity == 9.0)
        assert not back.lifetime.any()
        assert write_hard_events(path, run, []) == 0
        again, none = read_hard_events(path)
        assert again == run
        assert list(none) == []
    unnamed = HepmcRun((), (), ())
    for ending in (".parquet", ".root", ".hepmc"):
        path = tmp_path / f"b{ending}"
        assert write_generated_events(path, unnamed, []) == 0
        again, none = read_generated_events(path)
        assert (again, list(none)) == (unnamed, [])
