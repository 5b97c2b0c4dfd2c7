# SPDX-License-Identifier: GPL-3.0-or-later
import pytest

from mcsurrogate.errors import ProcessError
from mcsurrogate.matrix_elements import Process, StandardModel
from mcsurrogate.matrix_elements.diagrams import diagrams, topologies

# Numbers of diagrams that MadGraph gives (tests/data/oracle/README.md), where each vertex of
# four gluons counts three times.
MADGRAPH = {
    "g g > t t~": 3,
    "e+ e- > mu+ mu-": 2,
    "u u~ > e+ e-": 2,
    "e+ e- > u u~ g": 4,
    "u u~ > t t~": 1,
    "g g > g g": 6,
    "g g > g g g": 45,
    "g g > t t~ g": 18,
    "u d~ > w+ g": 2,
    "g g > w+ d u~": 8,
    "g g > w+ d u~ g": 54,
    "u c > w+ w+ d s QCD=0": 43,
    "u c > w+ w+ d s": 8,
    "g g > t t~ g g": 159,
}


@pytest.mark.parametrize(("text", "count"), MADGRAPH.items())
def test_number_of_diagrams(text, count):
    found = list(diagrams(Process.parse(text)))
    assert sum(3**diagram.four_gluon_vertices for diagram in found) == count
    assert len({(diagram.lines, diagram.four_gluon_vertices) for diagram in found}) == len(found)


def test_lines_of_w_production():
    found = sorted(diagrams(Process.parse("u d~ > w+ g")), key=lambda d: d.lines)
    assert [[(line.legs, line.pdg) for line in d.lines] for d in found] == [
        [((0, 2), 1)],
        [((0, 3), 2)],
    ]
    assert all(0 in line.legs for d in found for line in d.lines)


def test_topologies_have_masses_and_widths():
    model = StandardModel()
    found = topologies(Process.parse("e+ e- > mu+ mu-"), model)
    assert set(found) == {(((2, 3), 0.0, 0.0),), (((2, 3), 91.188, 2.441404),)}


def test_excluded_particles():
    assert len(list(diagrams(Process.parse("e+ e- > mu+ mu- / a")))) == 1
    with pytest.raises(ProcessError):
        list(diagrams(Process.parse("g g > z h")))
