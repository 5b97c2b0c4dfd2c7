# SPDX-License-Identifier: GPL-3.0-or-later
"""MadGraph's lhe_npy: the events of its LHE file, parts of them, and damage by its name."""

from pathlib import Path

import numpy as np
import pytest

from mcsurrogate.errors import EventFileError
from mcsurrogate.events import (
    EventBatch,
    count_hard_events,
    read_hard_events,
    read_les_houches,
    write_hard_events,
)
from mcsurrogate.stages import events_card

CASES = Path(__file__).parents[1] / "data" / "cases" / "lhe"
PARTICLE = (
    ("pdg_id", "<i4"), ("status_code", "<i4"), ("mother1", "<i4"), ("mother2", "<i4"),
    ("color", "<i4"), ("anti_color", "<i4"), ("px", "<f8"), ("py", "<f8"), ("pz", "<f8"),
    ("energy", "<f8"), ("mass", "<f8"), ("lifetime", "<f8"), ("spin", "<f8"),
)  # fmt: skip


def write_npy(folder: Path, source: Path, slots: int = 6, more: tuple = ()) -> Path:
    """Write events of an LHE file as madspace's `combine_to_lhe_npy` does, with its header."""
    text = source.read_text()
    (folder / "header.lhe").write_text(text[: text.index("</init>") + 8] + "</LesHouchesEvents>\n")
    run, (batch,) = read_les_houches(source)
    weights = run.weight_names[1:]
    descr = [("process_id", "<i4")]
    descr += [(name, "<f8") for name in ("weight", "scale", "alpha_qed", "alpha_qcd")]
    descr += [(f"rwgt_{name}", "<f8") for name in weights] + list(more)
    for i in range(1, slots + 1):
        descr += [(f"part{i}_{name}", kind) for name, kind in PARTICLE]
    rows = np.zeros(len(batch), dtype=descr)
    rows["process_id"], rows["scale"] = batch.process_id, batch.scale
    rows["alpha_qed"], rows["alpha_qcd"] = batch.alpha_qed, batch.alpha_s
    for name, column in zip(("weight", *(f"rwgt_{n}" for n in weights)), batch.weights.T):  # noqa: B905
        rows[name] = column
    for event in range(len(batch)):
        for i, at in enumerate(range(batch.offsets[event], batch.offsets[event + 1])):
            energy, px, py, pz = batch.momenta[at]
            values = (
                batch.pdg_id[at], batch.status[at], *batch.parents[at], *batch.colour[at],
                px, py, pz, energy, batch.mass[at], batch.lifetime[at], batch.helicity[at],
            )  # fmt: skip
            for (name, _), value in zip(PARTICLE, values, strict=True):
                rows[event][f"part{i + 1}_{name}"] = value
    # no blanks between the words, and the shape last (EventFile of madspace)
    fields = "".join(f"('{name}','{kind}')," for name, kind in descr)
    head = f"{{'descr':[{fields}],'fortran_order':False,'shape':({len(batch)},)}}"
    size = (len(head) + 10 + 100) // 64 * 64
    header = head.encode().ljust(size - 11) + b"\n"
    path = folder / "events.npy"
    path.write_bytes(
        b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + rows.tobytes()
    )
    return path


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Eight events with weights 1001 and 1002, as MadGraph numbers them."""
    text = (CASES / "good_eight_events.lhe").read_text()
    declared = "<initrwgt>\n<weight id='1001'>a</weight>\n<weight id='1002'>b</weight>\n</initrwgt>"
    text = text.replace("</header>", f"{declared}\n</header>", 1)
    assert declared in text
    parts = text.split("</event>")
    weights = "<rwgt>\n<wgt id='1001'>{}</wgt>\n<wgt id='1002'>{}</wgt>\n</rwgt>\n</event>"
    text = "".join(
        part + (weights.format(i + 0.25, -1.0 / (i + 1)) if i < len(parts) - 1 else "")
        for i, part in enumerate(parts)
    )
    path = tmp_path / "source.lhe"
    path.write_text(text)
    return path


def equal(one: EventBatch, other: EventBatch) -> None:
    for name in set(EventBatch.__slots__) - {"attributes", "annotations"}:
        a, b = getattr(one, name), getattr(other, name)
        assert (a == b) if isinstance(a, tuple) else np.array_equal(a, b), name


def test_events_weights_and_head_are_those_of_the_lhe_file(tmp_path: Path, source: Path) -> None:
    path = write_npy(tmp_path, source)
    run, batches = read_hard_events(path)
    expected, (whole,) = read_les_houches(source)
    assert run == expected
    assert run.header == expected.header
    assert run.weight_names == ("nominal", "1001", "1002")
    (batch,) = batches
    equal(batch, whole)
    assert count_hard_events(path) == 8
    write_hard_events(tmp_path / "a.lhe", *read_hard_events(path))
    write_hard_events(tmp_path / "b.lhe", *read_hard_events(source))
    assert (tmp_path / "a.lhe").read_bytes() == (tmp_path / "b.lhe").read_bytes()


def test_parts_of_a_file(tmp_path: Path, source: Path) -> None:
    path = write_npy(tmp_path, source)
    _, (whole,) = read_les_houches(source)
    for first, stop in ((0, 8), (3, 7), (5, None), (8, 8)):
        found = list(read_hard_events(path, 2, first, stop)[1])
        assert sum(map(len, found)) == (8 if stop is None else stop) - first
        if found:
            equal(found[0], whole[first : first + len(found[0])])
    with pytest.raises(EventFileError, match="events 0:9 were asked for, the file holds 8"):
        read_hard_events(path, first=0, stop=9)


def test_a_card_takes_it(tmp_path: Path, source: Path) -> None:
    path = write_npy(tmp_path, source)
    card = events_card(path, seed=1, events=None, hadronization="lund", settings=[], preset=None)
    assert card.generation.events == 8


def damaged(path: Path, kind: str) -> None:
    content = path.read_bytes()
    start = content.index(b"\n") + 1
    row = (len(content) - start) // 8
    match kind:
        case "cut":
            content = content[:-5]
        case "longer":
            content += b"\0" * 7
        case "unfinished":  # a run that was stopped
            content = content[: content.index(b"'shape':(") + 9].ljust(start - 1) + b"\n"
        case "compact":
            content = content.replace(b"'process_id'", b"'diagram_index'").replace(b" " * 3, b"", 1)
        case "other type":
            content = content.replace(b"'scale','<f8'", b"'scale','<i8'")
        case "nan":
            at = start + 2 * row + 4
            content = content[:at] + np.float64(np.nan).tobytes() + content[at + 8 :]
        case "hole":  # the PDG number of the first particle of event 2
            at = start + row + 4 + 6 * 8
            content = content[:at] + bytes(4) + content[at + 4 :]
        case "no shape":
            content = content.replace(b"'shape':(8,)", b"'shape':(8x)")
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("cut", r"announces 8 events.*7 whole ones: it was cut off or damaged"),
        ("longer", "announces 8 events"),
        ("unfinished", "a run that was stopped leaves none"),
        ("compact", "compact_npy, momenta without identities.*npy_to_lhe"),
        ("other type", "is no lhe_npy file of MadGraph: scale is missing or of another type"),
        ("nan", "event 3 has a number that is not finite"),
        ("hole", "event 2 has a particle without a PDG number"),
        ("no shape", "cannot be read as an lhe_npy file"),
    ],
)
def test_damage_is_named(tmp_path: Path, source: Path, kind: str, words: str) -> None:
    path = write_npy(tmp_path, source)
    damaged(path, kind)
    with pytest.raises(EventFileError, match=rf"events\.npy: .*{words}"):
        list(read_hard_events(path)[1])


def test_the_head_beside_it_is_needed(tmp_path: Path, source: Path) -> None:
    path = write_npy(tmp_path, source)
    (tmp_path / "header.lhe").write_text("<LesHouchesEvents version='3.0'>\n<init>\n")
    with pytest.raises(EventFileError, match=r"header\.lhe: .*no </init>"):
        read_hard_events(path)
    (tmp_path / "header.lhe").unlink()
    with pytest.raises(EventFileError, match=r"header\.lhe, which cannot be read"):
        read_hard_events(path)


def test_columns_without_a_place_are_a_warning(tmp_path: Path, source: Path) -> None:
    path = write_npy(tmp_path, source, more=(("x1", "<f8"),))
    with pytest.warns(UserWarning, match="1 columns have no place in an event.*: x1"):
        read_hard_events(path)
