# SPDX-License-Identifier: GPL-3.0-or-later
"""Strings that stay Pythia's own beside a surrogate, and those that only it reaches."""

import re

import pytest
import pythia8mc

from mcsurrogate.generators.hadronization import attach_hadronization

STOP = 1000006
HIDDEN = [
    "Beams:idA = 11", "Beams:idB = -11", "Beams:eCM = 1000", "PDF:lepton = off",
    "HiddenValley:ffbar2Zv = on", "4900023:m0 = 500", "4900023:mWidth = 0.01",
    "4900023:onMode = off", "4900023:onIfAny = 4900101", "4900111:onMode = off",
    "4900111:onIfAny = 3", "4900111:m0 = 20", "4900113:m0 = 20", "4900101:m0 = 10",
    "HiddenValley:fragment = on", "HiddenValley:FSR = on", "HiddenValley:Ngauge = 3",
]  # fmt: skip
R_HADRONS = [
    "ProcessLevel:all = off", f"{STOP}:m0 = 500", f"{STOP}:mWidth = 0.001",
    f"{STOP}:mayDecay = off", "RHadrons:allow = on", "RHadrons:allowDecay = off",
]  # fmt: skip
LOW_ENERGY = ["Beams:idA = 2212", "Beams:idB = 211", "Beams:eCM = 6.", "LowEnergyQCD:all = on"]
RESCATTERING = [
    "Beams:eCM = 900", "SoftQCD:nonDiffractive = on", "HadronLevel:Rescatter = on",
    "Fragmentation:setVertices = on", "PartonVertex:setVertex = on",
]  # fmt: skip
PACKED = ["Beams:eCM = 900", "SoftQCD:nonDiffractive = on", "ClosePacking:doClosePacking = on"]


def stops(event):
    """Stop, gluon, antistop: R-hadrons form at both ends and leave a string between them."""
    event.reset()
    event.append(STOP, 23, 101, 0, -50.0, 0.0, 400.0, (500.0**2 + 50**2 + 400**2) ** 0.5, 500.0)
    event.append(21, 23, 102, 101, 100.0, 0.0, 0.0, 100.0, 0.0)
    event.append(-STOP, 23, 0, 102, -50.0, 0.0, -400.0, (500.0**2 + 50**2 + 400**2) ** 0.5, 500.0)


def run(model, lines, events):
    """Final particles of some events, and the Pythia object that made them."""
    pythia = pythia8mc.Pythia("", False)
    if model is not None:
        attach_hadronization(pythia, model)
    for line in [*lines, "Print:quiet = on", "Random:setSeed = on", "Random:seed = 3"]:
        assert pythia.readString(line), line
    assert pythia.init()
    found = []
    for _ in range(events):
        if lines is R_HADRONS:
            stops(pythia.event)
        assert pythia.next()
        event = pythia.event
        found.append(
            [(event[i].id(), event[i].e()) for i in range(event.size()) if event[i].isFinal()]
        )
    return found, pythia


def counts(pythia, capfd):
    """Numbers of the statistics: all, and those by Pythia's own code."""
    capfd.readouterr()
    pythia.stat()
    printed = capfd.readouterr().out
    rows = re.findall(r"^ \|  (\S.*?) +(\d+) +(\d+)$", printed, re.MULTILINE)
    return {name: (int(number), int(own)) for name, number, own in rows}


@pytest.mark.parametrize(
    ("lines", "events"),
    [(HIDDEN, 10), (R_HADRONS, 20), (LOW_ENERGY, 40), (RESCATTERING, 2), (PACKED, 2)],
    ids=["hidden valley", "R-hadrons", "low energy", "rescattering", "close packing"],
)
def test_pythias_own_model_through_the_plugin_is_pythia(lines, events):
    plain, _ = run(None, lines, events)
    assert sum(len(event) for event in plain) > events
    assert run("lund", lines, events)[0] == plain


@pytest.mark.parametrize("model", ["good", "cluster_weights"])
@pytest.mark.parametrize(
    ("lines", "own"),
    [(HIDDEN, range(4900100, 4900300)), (R_HADRONS, range(1000600, 1006000))],
    ids=["hidden valley", "R-hadrons"],
)
def test_hidden_valleys_and_r_hadrons_beside_a_surrogate(model, lines, own, request):
    plain, _ = run(None, lines, 10)
    events, pythia = run(request.getfixturevalue(model), lines, 10)
    codes = [abs(pythia.event[i].id()) for i in range(pythia.event.size())]
    assert sum(code in own for code in codes) >= 2
    assert events != plain  # the strings beside them are the surrogate's


@pytest.mark.parametrize("lines", [LOW_ENERGY, RESCATTERING], ids=["low energy", "rescattering"])
def test_strings_of_hadron_collisions_are_drawn_by_string_breaks(lines, capfd):
    events = 2 if lines is RESCATTERING else 40
    plain, _ = run(None, lines, events)
    surrogate, pythia = run("string_breaks", lines, events)
    assert surrogate != plain
    number, own = counts(pythia, capfd)["flavours"]
    assert number > 50
    assert own < 0.1 * number


def test_strings_of_low_energy_collisions_are_counted_by_clusters(cluster_weights, capfd):
    plain, _ = run(None, LOW_ENERGY, 40)
    events, pythia = run(cluster_weights, LOW_ENERGY, 40)
    assert events == plain
    number, own = counts(pythia, capfd)["hadrons of low-energy strings"]
    assert number == own > 50


def test_close_packing_keeps_pythias_draws_where_it_acts(good, cluster_weights, capfd):
    _, pythia = run(good, PACKED, 2)
    found = counts(pythia, capfd)
    for draw in ("flavours", "hadrons", "transverse momenta"):
        number, own = found[draw]
        assert 0.3 * number < own < number
    _, pythia = run(cluster_weights, PACKED, 2)
    number, own = counts(pythia, capfd)["singlets beside other strings (close packing)"]
    assert number == own > 3
