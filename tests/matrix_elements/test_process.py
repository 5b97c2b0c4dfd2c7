# SPDX-License-Identifier: GPL-3.0-or-later
import pytest

from mcsurrogate.errors import ProcessError
from mcsurrogate.matrix_elements import CouplingOrders, Process, ProcessDefinition, strong_power
from mcsurrogate.matrix_elements.orders import coupling_powers, resolve_orders


@pytest.mark.parametrize(
    ("text", "pdg_ids"),
    [
        ("g g > t t~ g", (21, 21, 6, -6, 21)),
        ("u c > w+ w+ d s QCD=0", (2, 4, 24, 24, 1, 3)),
        ("e+ e- > ta+ ta- h", (-11, 11, -15, 15, 25)),
        ("  E- e+ >  Z a ", (11, -11, 23, 22)),
        ("vm mu+ > u d~", (14, -13, 2, -1)),
        ("21 21 > 6 -6 QCD=2", (21, 21, 6, -6)),
        ("2 -2 > 11 -11", (2, -2, 11, -11)),
    ],
)
def test_definite_particles(text, pdg_ids):
    assert Process.parse(text).pdg_ids == pdg_ids


def test_name_reads_back():
    process = Process.parse("u u~ > e+ e- / h QED<=2 QCD==0")
    assert Process.parse(process.name) == process
    assert process.orders == CouplingOrders(qed=2, exact_qcd=0)
    assert process.excluded == {25}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("g g > t t~ x", "unknown particle 'x'"),
        ("g g", "no '>'"),
        ("g g > z > t t~ > b b~", "more than two '>'"),
        ("g g g > t t~", "3 incoming"),
        ("z > z", "1 outgoing"),
        ("u u~ >", "0 outgoing"),
        ("u c~ > g g", "quark number of generation 1"),
        ("u d > u u", "electric charge"),
        ("e- mu+ > e+ mu-", "lepton number of generation 1"),
        ("p p > t t~", "stands for several particles"),
        ("g g > t t~ [virt=QCD]", "loop"),
        ("g g > t t~, w+ > e+ ve", "stands in brackets"),
        ("g g > t t~, (t > w+ b, z > e+ e-)", "stands in brackets"),
        (
            "g g > t t~, (t > w+ b, w+ > ta+ vt, ta+ > vt~ e+ ve)",
            "'(w+ > ta+ vt, ta+ > vt~ e+ ve)'",
        ),
        ("g g > t t~, (t > w+ b", "brackets do not match"),
        ("g g > t t~, t > w+ b, t > w+ s", "2 decays for 1 outgoing t"),
        ("g g > t t~, t > w- b", "electric charge"),
        ("g g > t t~, t > b e+ ve $$", "names no particle"),
        ("u u~ > g a, g > u u~", "g has no width"),
        ("u u~ > z z, z > l+ l-", "stand for 3 processes"),
        ("u u~ > e+ e- $", "'$' names no particle"),
        ("u u~ > > e+ e-", "no resonance between"),
        ("u u~ > e+ e- @1", "list"),
        ("u u~ > e+ e- QCD^2==-1", "QCD^2==-1"),
        ("u u~ > e+ e- QCD^2>=2", "QCD^2>=2"),
        ("u u~ > e+ e- QCD>2", "QCD>2"),
        ("u u~ > e+ e- NP=1", "NP=1"),
        ("u u~ > e+ e- QCD>=2", "QCD>=2"),
        ("u u~ > e+ e- QED=2 QED=4", "limited twice"),
    ],
)
def test_refused_strings(text, message):
    with pytest.raises(ProcessError) as caught:
        Process.parse(text)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("g g > h h", "no tree-level diagram"),
        ("u u~ > t t~ QCD=0 QED=0", "possible are QCD=0 QED=2, QCD=2 QED=0"),
        ("u u~ > t t~ / g a z", "no tree-level diagram is left"),
        ("u u~ > w+ > e+ e-", "no tree-level diagram is left"),
    ],
)
def test_no_diagram(text, message):
    with pytest.raises(ProcessError) as caught:
        resolve_orders(Process.parse(text))
    assert message in str(caught.value)


def test_smallest_weighted_order():
    process = resolve_orders(Process.parse("u c > w+ w+ d s"))
    assert coupling_powers(process) == {(0, 4), (2, 2)}
    assert process.orders == CouplingOrders(weighted=6)


def test_multiparticle_labels():
    definition = ProcessDefinition.parse("p p > l+ vl")
    processes = definition.partonic_processes()
    assert {process.incoming for process in processes} == {
        (2, -1), (-1, 2), (4, -3), (-3, 4),
    }  # fmt: skip
    assert len(processes) == 8  # two lepton generations each
    five = ProcessDefinition.parse("p p > t t~", flavours=5).partonic_processes()
    assert len(five) == 11
    custom = ProcessDefinition.parse("q q > q q", multiparticles={"q": (2, -2)})
    assert len(custom.partonic_processes()) == 4


def test_labels_of_ones_own():
    own = {"q": ["u", "d"], "Q": ["q", "-2", "d~"], "tt": ["t", "t~"]}
    definition = ProcessDefinition.parse("q q > Q Q", multiparticles=own)
    assert definition.choices[2] == (2, 1, -2, -1)
    for labels, message in (({"q": []}, "one word"), ({"q": ["x"]}, "unknown particle 'x'")):
        with pytest.raises(ProcessError, match=message):
            ProcessDefinition.parse("q q > Q Q", multiparticles=labels)


def test_no_conserving_process():
    with pytest.raises(ProcessError, match="no partonic process obeys"):
        ProcessDefinition.parse("p p > e- e-").partonic_processes()


def test_counting_factors():
    process = Process.parse("g g > t t~ g g")
    assert process.symmetry_factor == 2
    assert process.average_factor == 256
    assert Process.parse("u c > w+ w+ d s").average_factor == 36


@pytest.mark.parametrize(
    ("text", "power"),
    # A loop without a tree has the power of its closed form; interference has none of its own.
    [("g g > t t~ g", 3), ("u u~ > e- e+", 0), ("g g > a a", 2), ("g g > a a g", 3),
     ("u u~ > u u~ QED<=2", None), ("e+ e- > ve ve~ g", None)],
)  # fmt: skip
def test_strong_power(text, power):
    assert strong_power(Process.parse(text)) == power
