# SPDX-License-Identifier: GPL-3.0-or-later
"""Clusters far from what their training has seen, beside Lund strings.

    python benchmarks/clusters_abroad.py [--events 1500] [--beyond] [--models clusters_monash ...]

Single singlets and e+ e- events of several energies, primary hadrons: mean number of hadrons, share
of baryons among hadrons with charm or bottom, and share of singlets left to Lund strings because
training has not seen their kind. `--beyond` asks the model for all of them
(`MCSurrogate:beyondTraining = on`).
"""

import argparse
import os
import re
import tempfile
from collections.abc import Iterable

import pythia8mc
from pythia_settings import HADRONIC_Z, LEPTONS

from mcsurrogate.generators import attach_hadronization

STRINGS = {
    "b bbar 13 GeV": (5, 13.0),
    "b bbar 20 GeV": (5, 20.0),
    "c cbar 4.2 GeV": (4, 4.2),
    "g g 125 GeV": (21, 125.0),
    "u ubar 12 GeV": (2, 12.0),
    "u ubar 30 GeV": (2, 30.0),
    "u ubar 1 TeV": (2, 1000.0),
}
ENERGIES = (10.0, 14.0, 35.0, 91.2, 200.0)
PROTONS = {
    "13 TeV dijets": ["HardQCD:all = on", "PhaseSpace:pTHatMin = 100"],
    "13 TeV soft QCD": ["SoftQCD:nonDiffractive = on"],
}
UNSEEN = re.compile(r"not seen in training +(\d+)")
SINGLETS = re.compile(r"colour singlets +(\d+)")


def lepton_lines(energy: float) -> list[str]:
    """Hadronic events of a photon or Z."""
    return [*LEPTONS, *HADRONIC_Z, f"Beams:eCM = {energy}", "23:mMin = 4"]


def initialised(model: str | None, lines: Iterable[str], *, beyond: bool) -> pythia8mc.Pythia:
    """Pythia with Lund strings where there is no model."""
    pythia = pythia8mc.Pythia("", False)
    if model is not None:
        attach_hadronization(pythia, model)
        if beyond:
            pythia.readString("MCSurrogate:beyondTraining = on")
    for line in ["HadronLevel:Decay = off", "Print:quiet = on", "Random:setSeed = on",
                 "Random:seed = 11", *lines]:  # fmt: skip
        if not pythia.readString(line):
            raise SystemExit(f"Pythia refuses {line!r}")
    if not pythia.init():
        raise SystemExit("Pythia cannot be initialised")
    return pythia


def string(pythia: pythia8mc.Pythia, code: int, mass: float) -> None:
    """Write two partons back to back into the event record."""
    event = pythia.event
    event.reset()
    m = 0.0 if code == 21 else pythia.particleData.m0(code) if code > 3 else 0.33
    e, colour = 0.5 * mass, 102 if code == 21 else 0
    pz = (e * e - m * m) ** 0.5
    event.append(code, 23, 101, colour, 0.0, 0.0, pz, e, m)
    event.append(21 if code == 21 else -code, 23, colour, 101, 0.0, 0.0, -pz, e, m)


def heavy(code: int) -> tuple[bool, bool]:
    """Whether a hadron has charm or bottom, and whether it is a baryon."""
    digits = [abs(code) // 10**k % 10 for k in (1, 2, 3)]
    return abs(code) > 100 and max(digits) in (4, 5), digits[2] > 0


def left_share(pythia: pythia8mc.Pythia) -> float:
    """Share of the singlets that the statistics count as not seen."""
    # Pythia prints by C++.
    with tempfile.TemporaryFile("w+") as printed:
        screen = os.dup(1)
        os.dup2(printed.fileno(), 1)
        pythia.stat()
        os.dup2(screen, 1)
        os.close(screen)
        printed.seek(0)
        text = printed.read()
    found, all_of_them = UNSEEN.search(text), SINGLETS.search(text)
    return int(found.group(1)) / int(all_of_them.group(1)) if found and all_of_them else 0.0


def row(name: str, model: str | None, events: int, *, beyond: bool) -> None:
    """Generate, count and print."""
    if name in STRINGS:
        lines = ["ProcessLevel:all = off"]
    else:
        lines = PROTONS.get(name) or lepton_lines(float(name.split()[1]))
    pythia = initialised(model, [*lines, "Beams:eCM = 13000"] if name in PROTONS else lines,
                         beyond=beyond)  # fmt: skip
    hadrons, squares, kinds = 0, 0, [0, 0]
    for _ in range(events):
        if name in STRINGS:
            string(pythia, *STRINGS[name])
        pythia.next()
        event = pythia.event
        codes = [event[i].id() for i in range(event.size()) if event[i].isFinal()]
        hadrons += len(codes)
        squares += len(codes) ** 2
        for is_heavy, is_baryon in map(heavy, codes):
            kinds[is_baryon] += is_heavy
    mean = hadrons / events
    error = ((squares / events - mean**2) / events) ** 0.5
    baryons = f"{kinds[1] / sum(kinds):6.3f}" if sum(kinds) else "     -"
    left = f"{left_share(pythia):7.1%}" if model is not None else "      -"
    print(f"{name:18s} {model or 'lund':16s} {mean:8.2f} +- {error:4.2f} {baryons} {left}",
          flush=True)  # fmt: skip


def main() -> None:
    """Parse the command line and print all rows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=1500)
    parser.add_argument("--models", nargs="*", default=["clusters_monash", "clusters_lep",
                                                        "clusters_ahadic"])  # fmt: skip
    parser.add_argument("--beyond", action="store_true")
    options = parser.parse_args()
    print(f"{'':18s} {'':16s} {'hadrons':>16s} baryons    left")
    for name in [*STRINGS, *(f"ee {energy}" for energy in ENERGIES), *PROTONS]:
        events = max(options.events // 20, 20) if name in PROTONS else options.events
        for model in [None, *options.models]:
            row(name, model, events, beyond=options.beyond)


if __name__ == "__main__":
    main()
