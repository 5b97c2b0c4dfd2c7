# SPDX-License-Identifier: GPL-3.0-or-later
"""Les Houches files as other programs and other hands write them, read or refused by name."""

import bz2
import gzip
import lzma
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from mcsurrogate.errors import EventFileError, PythiaError
from mcsurrogate.events import convert_events
from mcsurrogate.events.lhe_head import weight_id
from mcsurrogate.generators import PythiaChain
from tests.events.test_lhe_cases import NO_SHOWER, lhe, read, weights

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

TWO = "60.0 0.1 1.0 7\n40.0 0.1 1.0 3"
WGT = "<rwgt>\n<wgt id='{}'> {} </wgt>\n</rwgt>\n"


def changed(tmp_path: Path, old: str, new: str, **of: str) -> Path:
    path = lhe(tmp_path, "", "", **of)
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    return path


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<LesHouches", "\ufeff<LesHouches"),
        ("<LesHouches", "<?xml version='1.0'?>\n<!-- <init> </init> -->\n<LesHouches"),
        ("<header>\n", "<header>\n<!-- an old </init>\n<init>\n -->\n"),
        ("<header>\n", "<header>\n<MGCard>\n the </init> block\n</MGCard>\n"),
        ("<header>\n", "<header>\n<MGCard>\n a comment <!-- that never ends\n</MGCard>\n"),
        ('">\n<header>', '"><header>'),
        ("</header>\n<init>", "</header><init>"),
        ("<header>\n</header>\n", ""),
        ("<header>\n</header>\n<init>", "<init>"),
        ("<event>", "<event\n npLO = ' 1 ' >"),
        ("</LesHouchesEvents>\n", "</LesHouchesEvents>"),
    ],
)
def test_unusual_beginnings_are_read(tmp_path: Path, old: str, new: str) -> None:
    path = lhe(tmp_path, *[WGT.format("a", 0.5)] * 2)
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    assert weights(path) == {"nominal": [1.0, 1.0], "a": [0.5, 0.5]}
    convert_events(path, tmp_path / "once.lhe")
    convert_events(tmp_path / "once.lhe", tmp_path / "twice.lhe")
    assert (tmp_path / "once.lhe").read_bytes() == (tmp_path / "twice.lhe").read_bytes()


def test_line_ends_of_windows_change_nothing(tmp_path: Path) -> None:
    path = lhe(tmp_path, *[WGT.format("a", 0.5) + "# note\n"] * 2)
    _, plain = read(path)
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    _, dos = read(path)
    np.testing.assert_array_equal(plain[0].momenta, dos[0].momenta)
    assert plain[0].annotations == dos[0].annotations == ("# note\n",) * 2
    assert weights(path)["a"] == [0.5, 0.5]


@pytest.mark.parametrize(
    "name",
    ["a < b & c", "x'y > z", 'say "b"', "\u00fc \u00b5", "MUR=0.5 MUF=1", "a&#49;", "nominal"],
)
@pytest.mark.parametrize("ending", [".lhe", ".h5", ".hepmc", ".parquet", ".root"])
def test_names_of_weights_survive_every_format(tmp_path: Path, name: str, ending: str) -> None:
    path = lhe(tmp_path, *[WGT.format(weight_id(name), 0.5)] * 2)
    convert_events(path, tmp_path / f"other{ending}")
    convert_events(tmp_path / f"other{ending}", tmp_path / "back.lhe")
    assert weights(tmp_path / "back.lhe")[name] == [0.5, 0.5]


@pytest.mark.parametrize("ending", [".h5", ".hepmc", ".parquet"])
def test_processes_that_init_lacks_stay_what_they_are(tmp_path: Path, ending: str) -> None:
    """Other programs' LHEH5 has positions in place of LPRUP; what we write never has."""
    path = lhe(tmp_path, "", "", processes=TWO)
    convert_events(path, tmp_path / f"other{ending}")
    convert_events(tmp_path / f"other{ending}", tmp_path / "back.lhe")
    _, (batch,) = read(tmp_path / "back.lhe")
    assert batch.process_id.tolist() == [1, 1]
    with pytest.raises(PythiaError, match=r"hard event 1: its process_id is not among.*\[7, 3\]"):
        list(PythiaChain(NO_SHOWER, seed=1, source=path).generate())


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("2212 2212", "2212 99999999999", "99999999999 in <init> is no whole number of 32 bits"),
        ("1.0 1\n</init>", "1.0 99999999999\n</init>", "LPRUP 99999999999"),
        (
            "</init>",
            "<eventfiles>\n<eventfile name='o.lhe'/>\n</eventfiles>\n</init>",
            "eventfiles",
        ),
        ("<header>\n", "<header>\n<!-- never closed\n", "<header> is not closed|no <init>"),
    ],
)
def test_heads_that_cannot_be_kept_are_named(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    path = changed(tmp_path, old, new)
    if "never closed" in new:
        path.write_text(path.read_text().replace("</header>", ""))
    with pytest.raises(EventFileError, match=words):
        read(path)


def test_another_number_of_events_than_announced_is_a_warning(tmp_path: Path) -> None:
    announced = "<xsecinfo neve='100' totxsec='5.0'/>\n</init>"
    path = changed(tmp_path, "</init>", announced)
    with pytest.warns(UserWarning, match=r"announces 100 events \(neve\), the file holds 2"):
        read(path)
    path.write_text(path.read_text().replace("'100'", "'2'"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read(path)


@pytest.mark.parametrize(
    ("pack", "zeros"),
    [(gzip.compress, True), (zstd.compress, False), (lzma.compress, True), (bz2.compress, True)],
)
def test_parts_of_compressed_files_are_joined_and_none_is_lost(tmp_path: Path, pack, zeros) -> None:
    text = lhe(tmp_path, *[""] * 4).read_bytes()
    whole, cut = len(text) - 300, tmp_path / "joined.lhe"
    first, second = pack(text[:whole]), pack(text[whole:])
    cut.write_bytes(first + second + (bytes(512) if zeros else b""))
    assert sum(map(len, read(cut)[1])) == 4
    cut.write_bytes(first + pack(b"") + second)
    assert sum(map(len, read(cut)[1])) == 4
    # a second part whose beginning is damaged is not taken for what may be skipped
    for rest in (b"\x01" + second[1:], second[:-5], second + b"garbage"):
        cut.write_bytes(first + rest)
        with pytest.raises(EventFileError, match=r"joined\.lhe: cannot be read"):
            read(cut)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (" 23 2 1 2", " 23 -2 1 2", r"status \(ISTUP\)"),
        (" 23 2 1 2", " 23 -9 1 2", r"status \(ISTUP\)"),
        (" 11 1 3 3", " 11 7 3 3", r"status \(ISTUP\)"),
        (" 23 2 1 2", " 23 -1 0 0", "two particles must come in"),
        (" -2 -1 0 0", " -2 1 1 1", "two particles must come in"),
        ("40. 50. 0. 0. 9.", "40. -50. 0. 0. 9.", "negative energy"),
        (" 50. 50. 0. 0. 9.", " 7000. 7000. 0. 0. 9.", "more energy than its beam"),
        ("<event>", "<event npLO=1>", "no list of NAME='VALUE'"),
        (" 23 2 1 2", " 23 2 1 99", "parents must be 0 or"),
    ],
)
def test_events_that_pythia_would_die_of_or_get_wrong_are_named(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    """A status of -2 or -9, or a third particle that comes in, corrupted Pythia's memory."""
    path = changed(tmp_path, old, new)
    read(path)
    with pytest.raises(PythiaError, match=f"hard event 1: .*{words}"):
        list(PythiaChain(["PartonLevel:MPI = off"], seed=1, source=path).generate())


def test_an_event_of_two_particles_is_named(tmp_path: Path) -> None:
    path = lhe(tmp_path, "", "")
    head, first, second = path.read_text().split("<event>\n")
    lines = second.replace(" 5 1 1.0", " 2 1 1.0").split("\n")
    path.write_text("<event>\n".join([head, first, "\n".join(lines[:3] + lines[6:])]))
    with pytest.raises(PythiaError, match="hard event 2: it has fewer than three particles"):
        list(PythiaChain(NO_SHOWER, seed=1, source=path).generate())


@pytest.mark.parametrize(
    ("strategy", "given", "words"),
    [
        (3, (2.5, 2.5, 1.0), "not that of others, which strategy 3 or -3"),
        (-3, (2.5, -2.5, -1.0), "not that of others, which strategy 3 or -3"),
        (1, (1.0, 1.0, 3.0), "above XMAXUP"),
        (-2, (1.0, 1.0, -3.0), "above XMAXUP"),
        (3, (2.5, 2.5, 2.5), None),
        (-3, (2.5, -2.5, -2.5), None),
        (4, (2.5, 1.0, 3.0), None),
    ],
)
def test_weights_that_the_strategy_drops_are_counted(
    tmp_path: Path, strategy: int, given: tuple[float, ...], words: str | None
) -> None:
    path = lhe(tmp_path, "", "", "", strategy=strategy, weights=given)
    chain = PythiaChain(NO_SHOWER, seed=1, source=path)
    list(chain.generate())
    told = {text: n for text, n in chain.statistics.messages.items() if "MCSurrogate" in text}
    assert sum(told.values()) == (words is not None)
    assert all(words is not None and words in text for text in told)


def test_a_weight_called_as_pythia_calls_the_nominal_one(tmp_path: Path) -> None:
    """Sherpa's files have it; two weights of one name would be one too many."""
    other = "<wgt id='b'> 3.0 </wgt>\n</rwgt>"
    path = lhe(tmp_path, *[WGT.format("Weight", 1.0).replace("</rwgt>", other)] * 2)
    (made,) = PythiaChain(NO_SHOWER, seed=1, source=path).generate(hepmc=tmp_path / "out.hepmc")
    assert made.weight_names == ("Weight", "b")
    assert made.weights.tolist() == [[1.0, 3.0]] * 2
    text = path.read_text()
    path.write_text(
        text[: text.rfind(" 1.0 </wgt>")] + " 2.0 </wgt>" + text[text.rfind(" 1.0 </wgt>") + 11 :]
    )
    with pytest.raises(PythiaError, match="hard event 2: its weight 'Weight' is not XWGTUP"):
        list(PythiaChain(NO_SHOWER, seed=1, source=path).generate())
