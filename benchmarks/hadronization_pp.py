# SPDX-License-Identifier: GPL-3.0-or-later
"""Multiplicities and strangeness in pp, measured and with models that were fitted to e+ e-.

    python benchmarks/hadronization_pp.py --data FOLDER [--events 2000]
        [--models monash string_breaks_lep ...]

Inelastic events at 7 and 13 TeV with Pythia's default multiple interactions and colour
reconnection. Measured values come from the files ATLAS_2010_I882098, ATLAS_2016_I1419652,
CMS_2011_I890166, ALICE_2015_I1357424 and CMS_2017_I1608166 of the folder; absolute rates depend on
diffraction, which is the same for all models.
"""

import argparse
import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.generators import PythiaChain, hadronization_settings

SEED = 710_001
#: Lifetimes above 30 ps are stable: no products of strange hadrons.
STABLE = ["ParticleDecays:limitTau0 = on", "ParticleDecays:tau0Max = 10"]
CHARGED = [11, 13, 211, 321, 2212, 3112, 3222, 3312, 3334]
PIONS, KAONS, PROTONS = [211], [321], [2212]


def measured(folder: Path, file: str, table: str) -> NDArray[np.float64]:
    """Rows of low and high edge, value and error."""
    lines = (folder / f"{file}.csv").read_text(encoding="utf-8").splitlines()
    rows = csv.DictReader(line for line in lines if not line.startswith("#"))
    return np.array(
        [
            [float(row[c]) for c in ("x_low", "x_high", "y", "error_high")]
            for row in rows
            if row["table"] == table
        ]
    )


class Sample:
    """Events of one model at one energy."""

    def __init__(self, model: str, energy: int, events: int) -> None:
        lines = [] if model == "monash" else hadronization_settings(model)
        settings = [f"Beams:eCM = {energy}", "SoftQCD:inelastic = on", *STABLE]
        parts = list(PythiaChain([*lines, *settings], seed=SEED).generate(events))
        momenta = np.concatenate([part.momenta for part in parts])
        self.events = events
        self.code = np.abs(np.concatenate([part.pdg_id for part in parts]))
        self.event = np.repeat(
            np.arange(events), np.concatenate([np.diff(part.offsets) for part in parts])
        )
        size = np.linalg.norm(momenta[:, 1:], axis=1)
        self.pt = np.hypot(momenta[:, 1], momenta[:, 2])
        self.eta = np.arctanh(np.clip(momenta[:, 3] / size, -1 + 1e-12, 1 - 1e-12))
        self.y = np.arctanh(np.clip(momenta[:, 3] / momenta[:, 0], -1 + 1e-12, 1 - 1e-12))

    def per_event(self, keep: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Count in each event."""
        return np.bincount(self.event[keep], minlength=self.events).astype(float)

    def central(self, smallest_pt: float, fewest: int, codes: list[int]) -> tuple[float, float]:
        """Charged particles a unit of pseudorapidity around 0, in events with enough of them."""
        keep = np.isin(self.code, codes) & (self.pt > smallest_pt) & (np.abs(self.eta) < 2.5)
        used = self.per_event(keep) >= fewest
        counts = self.per_event(keep & (np.abs(self.eta) < 1.0))[used] / 2.0
        return float(counts.mean()), float(counts.std() / np.sqrt(used.sum()))

    def yields(self, codes: list[int], widest: float, below: float = 1e9) -> NDArray[np.float64]:
        """Numbers of particles of each event within a rapidity, up to a transverse momentum."""
        keep = np.isin(self.code, codes) & (np.abs(self.y) < widest) & (self.pt < below)
        return self.per_event(keep)


def ratio(a: NDArray[np.float64], b: NDArray[np.float64]) -> tuple[float, float]:
    """Ratio of sums, with its error."""
    value = float(a.sum() / b.sum())
    return value, float((a - value * b).std() * np.sqrt(len(a)) / b.sum())


def generated(model: str, events: int) -> dict[str, tuple[float, float]]:
    """All quantities of a model."""
    seven, thirteen = Sample(model, 7000, events), Sample(model, 13000, events)
    k0s, lambdas, xis = (seven.yields([code], 2.0) for code in (310, 3122, 3312))
    atlas = [c for c in CHARGED if c < 3000]
    return {
        "7 TeV, dN_ch/deta, pT > 0.1 GeV": seven.central(0.1, 2, CHARGED),
        "7 TeV, Lambda / K0S": ratio(lambdas, k0s),
        "7 TeV, Xi- / Lambda": ratio(xis, lambdas),
        "7 TeV, K / pi": ratio(seven.yields(KAONS, 0.5), seven.yields(PIONS, 0.5)),
        "7 TeV, p / pi": ratio(seven.yields(PROTONS, 0.5), seven.yields(PIONS, 0.5)),
        "13 TeV, dN_ch/deta, pT > 0.5 GeV": thirteen.central(0.5, 1, atlas),
        "13 TeV, K / pi, pT < 1 GeV": ratio(
            thirteen.yields(KAONS, 1.0, 1.0), thirteen.yields(PIONS, 1.0, 1.0)
        ),
        "13 TeV, p / pi, pT < 1.2 GeV": ratio(
            thirteen.yields(PROTONS, 1.0, 1.2), thirteen.yields(PIONS, 1.0, 1.2)
        ),
    }


def integral(rows: NDArray[np.float64], below: float = 1e9) -> tuple[float, float]:
    """Integral of a spectrum, its errors taken as common to all bins."""
    rows = rows[rows[:, 1] <= below]
    width = rows[:, 1] - rows[:, 0]
    return float((rows[:, 2] * width).sum()), float((rows[:, 3] * width).sum())


def all_measured(folder: Path) -> dict[str, tuple[float, float]]:
    """Read the same quantities as they were measured."""

    def mean(file: str, table: str, widest: float) -> tuple[float, float]:
        rows = measured(folder, file, table)
        inside = np.abs(rows[:, :2]).max(axis=1) <= widest
        return float(rows[inside, 2].mean()), float(rows[inside, 3].mean())

    def over(file: str, a: list[str], b: list[str], below: float) -> tuple[float, float]:
        top, bottom = (
            np.sum([integral(measured(folder, file, t), below) for t in tables], axis=0)
            for tables in (a, b)
        )
        value = top[0] / bottom[0]
        return float(value), float(value * np.hypot(top[1] / top[0], bottom[1] / bottom[0]))

    alice, cms = "ALICE_2015_I1357424", "CMS_2017_I1608166"
    return {
        "7 TeV, dN_ch/deta, pT > 0.1 GeV": mean("ATLAS_2010_I882098", "d05-x01-y01", 1.0),
        "7 TeV, Lambda / K0S": mean("CMS_2011_I890166", "d09-x01-y02", 2.0),
        "7 TeV, Xi- / Lambda": mean("CMS_2011_I890166", "d10-x01-y02", 2.0),
        "7 TeV, K / pi": over(alice, ["d01-x01-y02"], ["d01-x01-y01"], 1e9),
        "7 TeV, p / pi": over(alice, ["d01-x01-y03"], ["d01-x01-y01"], 1e9),
        "13 TeV, dN_ch/deta, pT > 0.5 GeV": mean("ATLAS_2016_I1419652", "d03-x01-y01", 1.0),
        "13 TeV, K / pi, pT < 1 GeV": over(
            cms, ["d01-x01-y02", "d02-x01-y02"], ["d01-x01-y01", "d02-x01-y01"], 1.0
        ),
        "13 TeV, p / pi, pT < 1.2 GeV": over(
            cms, ["d01-x01-y03", "d02-x01-y03"], ["d01-x01-y01", "d02-x01-y01"], 1.2
        ),
    }


def main() -> None:
    """Print a line for each quantity."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--events", type=int, default=2000)
    parser.add_argument("--models", nargs="+", default=["monash", "string_breaks_lep"])
    arguments = parser.parse_args()
    columns = {"measured": all_measured(arguments.data)}
    for model in arguments.models:
        columns[Path(model).stem] = generated(model, arguments.events)
    print(f"| {'quantity':34s} | " + " | ".join(f"{name:>20s}" for name in columns) + " |")
    print("|" + "---|" * (1 + len(columns)))
    for quantity in columns["measured"]:
        cells = [f"{c[quantity][0]:9.4f} +- {c[quantity][1]:.4f}" for c in columns.values()]
        print(f"| {quantity:34s} | " + " | ".join(f"{cell:>20s}" for cell in cells) + " |")


if __name__ == "__main__":
    main()
