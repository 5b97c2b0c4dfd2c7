# SPDX-License-Identifier: GPL-3.0-or-later
"""Les Houches files as they come: what is read is what the text says, all else is an error."""

from pathlib import Path

import numpy as np
import pytest

from mcsurrogate.errors import EventFileError, PythiaError
from mcsurrogate.events.les_houches import read_les_houches, write_les_houches
from mcsurrogate.generators import PythiaChain

CASES = Path(__file__).parents[1] / "data" / "cases" / "lhe"
NO_SHOWER = ["PartonLevel:all = off"]
EVENT = """<event{attributes}>
 5 1 {weight} 91.188 0.0075 0.118
 2 -1 0 0 501 0 0. 0. 50. 50. 0. 0. 9.
 -2 -1 0 0 0 501 0. 0. -50. 50. 0. 0. 9.
 23 2 1 2 0 0 0. 0. 0. 100. 100. 0. 9.
 11 1 3 3 0 0 30. 0. 40. 50. 0. 0. 9.
 -11 1 3 3 0 0 -30. 0. -40. 50. 0. 0. 9.
{more}</event>
"""


def lhe(
    tmp_path: Path,
    *more: str,
    header: str = "",
    strategy: int = -4,
    attributes: str = "",
    weights: tuple[float, ...] = (),
    processes: str = "100.0 0.1 1.0 1",
) -> Path:
    """Make a file with an event for every text of ``more``."""
    weights = weights or (1.0,) * len(more)
    events = [
        EVENT.format(attributes=attributes, weight=weight, more=text)
        for weight, text in zip(weights, more, strict=True)
    ]
    path = tmp_path / "made.lhe"
    path.write_text(
        f'<LesHouchesEvents version="3.0">\n<header>\n{header}</header>\n<init>\n'
        f"2212 2212 6500. 6500. 0 0 247000 247000 {strategy} {len(processes.splitlines())}\n"
        f"{processes}\n</init>\n{''.join(events)}</LesHouchesEvents>\n"
    )
    return path


def read(path: Path):
    run, batches = read_les_houches(path, batch_size=2)
    return run, list(batches)


def weights(path: Path) -> dict[str, list[float]]:
    run, batches = read(path)
    columns = np.concatenate([batch.weights for batch in batches]).T.tolist()
    return dict(zip(run.weight_names, columns, strict=True))


@pytest.mark.parametrize(
    ("name", "events"),
    [
        ("good_eight_events", 8),
        ("fortran_exponent", 3),
        ("one_bad_number_in_the_middle", 5),
        ("weight_order", 3),
        ("weights_undeclared", 3),
        ("powheg_plain_weights", 3),
        ("event_attributes", 3),
        ("header_not_xml", 3),
    ],
)
def test_files_come_whole_through_reader_and_chain(name: str, events: int) -> None:
    path = CASES / f"{name}.lhe"
    run, batches = read(path)
    assert sum(len(batch) for batch in batches) == events
    chain = PythiaChain(NO_SHOWER, seed=1, source=path)
    made = list(chain.generate())
    assert sum(len(batch) for batch in made) == events
    assert chain.statistics.failed == chain.statistics.left_out == 0
    assert made[0].weight_names == ("Weight", *run.weight_names[1:])


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("damaged_two_of_eight_come", r"line 32: expected the 13 numbers.*after 2 whole events"),
        ("missing_end_tag", r"line 23: an event begins before.*after 1 whole"),
        ("nup_wrong", r"line 22: more than the announced particles"),
        ("concatenated", r"line 25: a second file begins here"),
        ("weight_missing", r"line 36: event 2 lacks the weight 'b'"),
    ],
)
def test_damage_is_named_with_its_line(name: str, words: str) -> None:
    with pytest.raises(EventFileError, match=words):
        read(CASES / f"{name}.lhe")
    with pytest.raises(EventFileError, match=words):
        PythiaChain(NO_SHOWER, seed=1, source=CASES / f"{name}.lhe")


@pytest.mark.parametrize("name", ["weight_order", "weights_undeclared"])
def test_weights_are_known_by_name(name: str) -> None:
    assert weights(CASES / f"{name}.lhe") == {"nominal": [1.0] * 3, "a": [1.1] * 3, "b": [0.9] * 3}


def test_plain_weights_have_the_names_of_the_header() -> None:
    found = weights(CASES / "powheg_plain_weights.lhe")
    assert found == {"nominal": [2.0] * 3, "nom": [2.0] * 3, "up": [2.2] * 3}
    chain = PythiaChain(NO_SHOWER, seed=1, source=CASES / "powheg_plain_weights.lhe")
    (made,) = chain.generate()
    assert made.weight_names == ("Weight", "nom", "up")
    np.testing.assert_allclose(made.weights, [[2.0, 2.0, 2.2]] * 3, rtol=1e-12)


def test_plain_weights_must_be_as_many_as_the_header_names(tmp_path: Path) -> None:
    header = "<initrwgt>\n<weight id='a'>x</weight>\n<weight id='b'>y</weight>\n</initrwgt>\n"
    path = lhe(tmp_path, "<weights> 1.0 2.0 3.0 </weights>\n", header=header)
    with pytest.raises(EventFileError, match="holds 3 numbers, but the header names 2"):
        read(path)


@pytest.mark.parametrize(
    ("events", "words"),
    [
        (["", "<rwgt><wgt id='c'> 1 </wgt></rwgt>\n"], "'c' of event 2 is not among those"),
        (["<rwgt><wgt id='c'> 1 </wgt><wgt id='c'> 2 </wgt></rwgt>\n"], "two values.*'c'"),
        (["<rwgt><wgt id='c'> one </wgt></rwgt>\n"], "'one"),
        (["<rwgt><wgt> 1 </wgt></rwgt>\n"], "without a name"),
        (["<rwgt> 1 2 </rwgt>\n"], "expected <wgt"),
        (["<3wgt><!-- - --><wgt id='c'> 1 </wgt></3wgt>\n"], "<wgt> outside of <rwgt>: '<3wgt>"),
        (["<wgt id='c'> 1 </wgt>\n"], "<wgt> outside of <rwgt>"),
        (["<rwgt><wgt id='c'> 1 </wgt>\n"], "not closed within the event"),
    ],
)
def test_wrong_weights_are_named(tmp_path: Path, events: list[str], words: str) -> None:
    with pytest.raises(EventFileError, match=words):
        read(lhe(tmp_path, *events))


def test_declared_weights_that_no_event_has_are_a_warning(tmp_path: Path) -> None:
    header = "<initrwgt><weight id='a'>x</weight></initrwgt>\n"
    with pytest.warns(UserWarning, match="names 1 weights, the events have none"):
        run, _ = read_les_houches(lhe(tmp_path, "", "", header=header))
    assert run.weight_names == ("nominal",)


def test_pythia_does_not_rename_weights(tmp_path: Path) -> None:
    """Pythia calls 1001 MUR1.0_MUF1.0 whatever it stands for."""
    names = [str(1001 + i) for i in range(9)]
    header = "<initrwgt>\n" + "".join(
        f"<weight id='{name}' MUR='0.5' MUF='0.5'>x</weight>\n" for name in reversed(names)
    )
    values = "".join(f"<wgt id='{name}'> {i + 1}.5 </wgt>\n" for i, name in enumerate(names))
    text = f"<rwgt>\n{values}</rwgt>\n"
    path = lhe(tmp_path, text, text, header=header + "</initrwgt>\n")
    chain = PythiaChain(NO_SHOWER, seed=1, source=path)
    (made,) = chain.generate(hepmc=tmp_path / "out.hepmc")
    row = dict(zip(made.weight_names, made.weights[1], strict=True))
    assert row == pytest.approx({"Weight": 1.0} | {name: float(name) - 999.5 for name in names})
    first_names = (tmp_path / "out.hepmc").read_text().split("\nW ")[1].splitlines()[0].split("\\|")
    assert sorted(first_names) == sorted(["Weight", *names])


def test_attributes_scales_clusterings_and_comments_survive(tmp_path: Path) -> None:
    path = CASES / "event_attributes.lhe"
    run, batches = read(path)
    assert batches[0].attributes == ('npLO=" 1 " npNLO=" -1 "',) * 2
    copy = tmp_path / "copy.lhe.xz"
    write_les_houches(copy, run, batches)
    _, again = read(copy)
    assert [batch.annotations for batch in again] == [batch.annotations for batch in batches]
    for part in ("<scales muf='91.'", "<rscale> 2 0.1E+03</rscale>", '<clus scale="91.1"> 1 2<'):
        assert part in again[0].annotations[0]


def test_comments_survive_and_reach_pythia(tmp_path: Path) -> None:
    pdf = "#pdf 2 -2 0.01 0.02 91.0 0.6 0.1\n"
    path = lhe(tmp_path, pdf, pdf)
    assert read(path)[1][0].annotations == (pdf, pdf)
    chain = PythiaChain(NO_SHOWER, seed=1, source=path)
    chain.generate(hepmc=tmp_path / "out.hepmc").run()
    line = (tmp_path / "out.hepmc").read_text().split(" GenPdfInfo ")[1].splitlines()[0]
    assert [float(word) for word in line.split()[:7]] == [2, -2, 0.01, 0.02, 91.0, 0.6, 0.1]
    with pytest.raises(PythiaError, match="hard event 2: Pythia cannot use the comment '#pdf 2'"):
        list(PythiaChain(NO_SHOWER, seed=1, source=lhe(tmp_path, pdf, "#pdf 2\n")).generate())


def test_production_scales_are_those_of_the_file(tmp_path: Path) -> None:
    """Beams:setProductionScalesFromLHEF: the shower starts from pt_start of each particle."""
    path = lhe(tmp_path, "<scales muf='91.' pt_start_4='13.' pt_start_5='17.'></scales>\n")
    settings = [*NO_SHOWER, "Beams:setProductionScalesFromLHEF = on"]
    (made,) = PythiaChain(settings, seed=1, source=path, keep_hard_process=True).generate()
    leptons = np.abs(made.hard_process.pdg_id) == 11
    assert made.hard_process.scale[leptons].tolist() == [13.0, 17.0]


def test_headers_are_kept_as_they_stand(tmp_path: Path) -> None:
    path = CASES / "header_not_xml.lhe"
    run, batches = read(path)
    copy = tmp_path / "copy.lhe"
    write_les_houches(copy, run, batches)
    assert " cut pt < 20 && eta > 2\n # x<y\n</MGRunCard>" in copy.read_text()
    assert read(copy)[0].header == run.header


def test_new_particles_of_the_header_reach_pythia(tmp_path: Path) -> None:
    """Pythia takes masses and decays from the <slha> block of the header (SLHA:readFrom = 1)."""
    slha = (
        "<slha>\nBLOCK QNUMBERS 9000001 # X X\n 1 0\n 2 3\n 3 1\n 4 0\n"
        "BLOCK MASS\n 9000001 1.0e+02\nDECAY 9000001 1.0e+00\n 1.0 2 13 -13\n</slha>\n"
    )
    path = lhe(tmp_path, "", header=slha)
    text = path.read_text().replace(" 5 1 1.0", " 3 1 1.0").replace(" 23 2", " 9000001 1")
    path.write_text("\n".join(line for line in text.split("\n") if " 1 3 3 0 0 " not in line))
    (made,) = PythiaChain(NO_SHOWER, seed=1, source=path, keep_hard_process=True).generate()
    assert made.hard_process.pdg_id.tolist()[-3:] == [9000001, 13, -13]


@pytest.mark.parametrize(("strategy", "signs"), [(1, 1), (-1, -1), (2, 1), (-2, -1)])
def test_pythia_unweights_strategies_one_and_two(tmp_path: Path, strategy: int, signs: int) -> None:
    """XWGTUP / XMAXUP is the chance of an event; what comes out has weight one, or minus one."""
    rng = np.random.default_rng(5)
    given = rng.uniform(0.0, 8.0, 2000)
    given[::4] *= signs
    path = lhe(
        tmp_path,
        *[""] * 2000,
        strategy=strategy,
        weights=tuple(given.tolist()),
        processes="100.0 0.1 8.0 1",
    )
    chain = PythiaChain(NO_SHOWER, seed=1, source=path)
    made = np.concatenate([batch.weights[:, 0] for batch in chain.generate()])
    statistics = chain.statistics
    assert len(made) + statistics.left_out == 2000
    assert set(made.tolist()) == ({1.0, -1.0} if signs < 0 else {1.0})
    # Half of the events stay: 1000 +- 22; false alarms below 1e-4 at four deviations.
    assert abs(len(made) - 1000) < 90
    if strategy == 1:
        error = given.std() / np.sqrt(2000)
        assert abs(statistics.cross_section_pb - given.mean()) < 4 * error
    if strategy == 2:
        assert statistics.cross_section_pb == pytest.approx(100.0, rel=0.05)


def test_weights_in_pb_have_the_cross_section_as_their_mean(tmp_path: Path) -> None:
    given = (3.0, -1.0, 4.0, 2.0)
    path = lhe(tmp_path, *[""] * 4, strategy=-4, weights=given)
    chain = PythiaChain(NO_SHOWER, seed=1, source=path)
    (made,) = chain.generate()
    assert made.weights[:, 0].tolist() == pytest.approx(given, rel=1e-12)
    assert chain.statistics.cross_section_pb == pytest.approx(2.0)


@pytest.mark.parametrize("strategy", [1, 2, 3, 4])
def test_negative_weights_need_a_negative_strategy(tmp_path: Path, strategy: int) -> None:
    path = lhe(tmp_path, "", "", strategy=strategy, weights=(1.0, -1.0))
    with pytest.raises(PythiaError, match="hard event 2: its weight is negative"):
        list(PythiaChain(NO_SHOWER, seed=1, source=path).generate())


@pytest.mark.parametrize(("attributes", "strategy"), [(' trials="3"', 4), (' trials="3"', -4)])
def test_trials_would_make_another_cross_section(
    tmp_path: Path, attributes: str, strategy: int
) -> None:
    path = lhe(tmp_path, "", "", strategy=strategy, attributes=attributes)
    with pytest.raises(PythiaError, match="hard event 1: it took more trials than one"):
        list(PythiaChain(NO_SHOWER, seed=1, source=path).generate())


@pytest.mark.parametrize(("attributes", "strategy"), [(' trials="1"', -4), (' trials="3"', 3)])
def test_trials_that_change_nothing_are_taken(
    tmp_path: Path, attributes: str, strategy: int
) -> None:
    path = lhe(tmp_path, "", "", strategy=strategy, attributes=attributes)
    assert sum(map(len, PythiaChain(NO_SHOWER, seed=1, source=path).generate())) == 2


def test_an_event_that_pythia_leaves_out_is_named(tmp_path: Path) -> None:
    """Pythia skips events with incoming top quarks and goes on with the next one."""
    path = lhe(tmp_path, "", "", "")
    first, second, third = path.read_text().split("<event>\n")[1:]
    top = second.replace(" 2 -1 0", " 6 -1 0").replace(" -2 -1 0", " -6 -1 0")
    path.write_text("<event>\n".join([path.read_text().split("<event>\n")[0], first, top, third]))
    with pytest.raises(PythiaError, match="left out hard event 2"):
        list(PythiaChain(NO_SHOWER, seed=1, source=path).generate())


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("2212 2212 6500. 6500.", "2212 2212 6500.", "line 5: expected the ten numbers"),
        ("100.0 0.1 1.0 1\n", "100.0 0.1 1.0\n", "line 6: expected XSECUP"),
        ("-4 1\n", "-4 2\n", "expected XSECUP XERRUP XMAXUP LPRUP of 2 processes"),
        ("100.0 0.1 1.0 1\n", "100.0 0.1 1.0 1\n1.0 0.1 1.0 2\n", "announces 1 processes"),
        ('version="3.0"', 'version="4.0"', "version 4.0"),
        ("</init>", "", "</init> is missing"),
        (" 5 1 1.0", " 6 1 1.0", "announces 6 particles and holds 5"),
        (" 5 1 1.0", " 0 1 1.0", "announces 0 particles"),
        ("0. 40. 50.", "0. 4O. 50.", "13 numbers"),
        ("0. 40. 50.", "0. nan 50.", "13 numbers"),
        ("0. 40. 50.", "0. ***** 50.", "13 numbers"),
        ("0. 40. 50.", "0. 1e999 50.", "13 numbers"),
        ("</event>\n<event>", "</event>\nfoo\n<event>", "expected <event>"),
        ("</event>\n<event>", "</event>\n<eventgroup>\n<event>", "groups of events"),
        ("</LesHouchesEvents>\n", "", "cut off"),
        ("</LesHouchesEvents>\n", "</LesHouchesEvents>\nmore\n", "text behind"),
    ],
)
def test_what_cannot_be_understood_is_named(tmp_path: Path, old: str, new: str, words: str) -> None:
    path = lhe(tmp_path, "", "")
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(EventFileError, match=words):
        read(path)


@pytest.mark.parametrize("number", ["3.0D+01", "3.0d1", "+30.", "3.0Q+01", "0.3E+02", "0.3+002"])
def test_numbers_of_fortran(tmp_path: Path, number: str) -> None:
    path = lhe(tmp_path, "")
    path.write_text(path.read_text().replace(" 11 1 3 3 0 0 30.", f" 11 1 3 3 0 0 {number}"))
    assert read(path)[1][0].momenta[3, 1] == 30.0
    path.write_text(path.read_text().replace("100.0 0.1", "0.1D+03 0.1"))
    assert read(path)[0].processes[0].cross_section_pb == 100.0


def test_a_long_lived_particle_keeps_its_lifetime(tmp_path: Path) -> None:
    path = lhe(tmp_path, "")
    path.write_text(path.read_text().replace("100. 100. 0. 9.", "100. 100. 12.5 0.25"))
    run, batches = read(path)
    assert batches[0].lifetime[2] == 12.5
    assert batches[0].helicity[2] == 0.25
    write_les_houches(tmp_path / "copy.lhe", run, batches)
    for source in (path, tmp_path / "copy.lhe"):
        chain = PythiaChain(NO_SHOWER, seed=1, source=source, keep_hard_process=True)
        (made,) = chain.generate()
        boson = made.hard_process.pdg_id == 23
        assert made.hard_process.lifetime[boson].tolist() == [12.5]
        assert made.hard_process.polarization[boson].tolist() == [0.25]


def test_the_error_of_the_integral_is_in_the_file_from_the_first_event_on(tmp_path: Path) -> None:
    path = lhe(tmp_path, *[""] * 3, strategy=-4, weights=(3.0, 3.0, 3.0), processes="3.0 0.5 1.0 1")
    chain = PythiaChain(NO_SHOWER, seed=1, source=path)
    chain.generate(hepmc=tmp_path / "out.hepmc").run()
    lines = (tmp_path / "out.hepmc").read_text().split(" GenCrossSection ")[1:]
    stated = [[float(word) for word in line.splitlines()[0].split()[:4]] for line in lines]
    assert stated == [[3.0, 0.5, count, count] for count in (1, 2, 3)]
    assert chain.statistics.cross_section_error_pb == pytest.approx(0.5)


def test_errors_quote_text_that_is_no_utf8(tmp_path: Path) -> None:
    path = lhe(tmp_path, "")
    path.write_bytes(path.read_bytes().replace(b"0.118", b"0.\xff18", 1))
    with pytest.raises(EventFileError, match=r"0\.\\xff18"):
        read(path)
