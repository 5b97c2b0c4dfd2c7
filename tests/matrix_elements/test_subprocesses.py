# SPDX-License-Identifier: GPL-3.0-or-later
import pytest

from mcsurrogate.errors import ProcessError
from mcsurrogate.matrix_elements import Subprocess, expand


def by_representative(groups):
    return {group.representative.pdg_ids: group for group in groups}


def test_top_pairs():
    groups = by_representative(expand("p p > t t~"))
    assert set(groups) == {(21, 21, 6, -6), (2, -2, 6, -6)}
    quarks = groups[2, -2, 6, -6]
    assert {member.pdg_ids[:2] for member in quarks.members} == {
        (q, -q) for q in (1, 2, 3, 4, -1, -2, -3, -4)
    }
    for member in quarks.members:
        assert (member.permutation[0] == 1) == (member.pdg_ids[0] < 0)
    assert len(quarks.permutations) == 2


def test_electroweak_processes_keep_up_and_down_apart():
    groups = expand("p p > e+ e-")
    assert len(groups) == 2
    assert all(len(group.members) == 4 for group in groups)


def test_members_map_onto_their_representative():
    """Each member, permuted (and conjugated), has the representative's gluons and tops."""
    for text in ("p p > j j j", "p p > t t~ j", "p p > w+ j j"):
        for group in expand(text):
            for member in group.members:
                for leg, source in enumerate(member.permutation):
                    pdg, wanted = member.pdg_ids[source], group.representative.pdg_ids[leg]
                    pdg = -pdg if member.conjugated and abs(pdg) < 21 else pdg
                    if wanted in (21, 24, 6, -6):
                        assert pdg == wanted
                    else:
                        assert (pdg > 0) == (wanted > 0)


def test_every_subprocess_appears_once():
    members = [m.pdg_ids for group in expand("p p > j j") for m in group.members]
    assert len(members) == len(set(members)) == 117
    assert (2, 2, 2, 2) in members
    assert not any(pdgs[:2] == (2, 2) and pdgs[2:] != (2, 2) for pdgs in members)


def test_no_subprocess():
    with pytest.raises(ProcessError, match="possible are QCD=2 QED=0"):
        expand("g g > t t~ QCD=0")
    with pytest.raises(ProcessError, match="no tree-level diagram"):
        expand("g g > z z")
    with pytest.raises(ProcessError, match=r"u u~ > e\+ e- .* no tree-level diagram is left"):
        expand("p p > e+ e- $$ z a")


def test_colour_flow_of_a_swapped_member():
    flow = ((501, 0), (0, 502), (501, 0), (0, 502))
    member = Subprocess((-2, 2, 6, -6), (1, 0, 2, 3))
    assert member.colour_flow(flow) == ((0, 502), (501, 0), (501, 0), (0, 502))
    conjugate = Subprocess((-2, 2, -6, 6), (0, 1, 2, 3), conjugated=True)
    assert conjugate.colour_flow(flow) == ((0, 501), (502, 0), (0, 501), (502, 0))
