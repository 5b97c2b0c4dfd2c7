# SPDX-License-Identifier: GPL-3.0-or-later
"""What peers see of defects that were planted in Z decays: docs/peers.md.

    python benchmarks/validation_peers.py FOLDER [--events 5000] [--only NAME ...]

Reference and candidate are independent Pythia samples, generated into FOLDER as
validation_power.py does.  Each defect of `DEFECTS` is planted in the candidate while it is read,
those of `GENERATED` are other settings of Pythia, which break no conservation law; they are seen by

- `mcsurrogate validate` (checks of consistency, spectra, correlations; no classifier);
- Rivet's way: the histograms of published analyses that this package holds (OPAL's event shapes,
  the multiplicities of the Review of Particle Physics), bin by bin, with the errors that a
  histogram of entries has, the square root of their squared weights.  Rivet itself could not be
  installed; its analyses fill the same histograms by the same definitions.  Smallest p-value of a
  histogram's chi^2, times their number;
- MCPLOTS's way (arXiv:1306.3436): the mean over these histograms of chi^2 / N between simulation
  and data, with 5% for the theory, to be compared with that of the reference;
- a plain gradient-boosting classifier (scikit-learn's, its defaults) on `FEATURES`, event shapes,
  jet rates, multiplicities and sums of energy: trained on the even events, tested on the odd ones
  by the rank sum of its scores.

The first line is that of no defect.
"""

import argparse
import math
from pathlib import Path

import further_defects
import missed_defects
import numpy as np
import sibling_defects
from scipy import special, stats
from sklearn.ensemble import HistGradientBoostingClassifier
from validation_power import BASE, CHANGES, SETTINGS, sample_file

from mcsurrogate.analysis.selection import Events
from mcsurrogate.events.hepmc_reader import EventFile
from mcsurrogate.validation.comparison import Comparison, compare
from mcsurrogate.validation.observables import get
from mcsurrogate.validation.plan import Planner
from mcsurrogate.validation.sample import Sample
from mcsurrogate.validation.verdict import Tolerance

KNOWN = CHANGES | further_defects.CHANGES | missed_defects.CHANGES | sibling_defects.CHANGES
DEFECTS = (
    "hadron pT + 1%",
    "3% of K are pi",
    "2% of phi missing",
    "5% of soft photons lost",
    "0.1% of pi charges flipped",
    "20% of K momenta shuffled",
    "1% of the events twice",
    "K momenta + 1%",
    "photons smeared by 3%",
    "azimuths of 5% of pi random",
    "a particle 10% too hard",
    "1% of K0S do not fly",
    "pi0 3 MeV heavier",
    "K+ forward of K-",
    "6% of K- are K+",
    "4% of photons' mothers",
)
GENERATED = SETTINGS | {
    name: further_defects.SETTINGS[name] for name in ("Bose-Einstein", "rho width + 5%")
}
FEATURES = (
    "thrust", "thrust_major", "thrust_minor", "oblateness", "sphericity", "aplanarity",
    "c_parameter", "d_parameter", "heavy_mass", "light_mass", "wide_broadening",
    "narrow_broadening", "total_broadening", "y23", "y34", "y45", "y56", "charged_number",
    "pion_number", "kaon_number", "proton_number", "photon_number", "charged_energy",
    "transverse_sum", "leading_momentum",
)  # fmt: skip
THEORY = 0.05
"""Relative error of a simulation in MCPLOTS's chi^2."""
_CERTAIN = 3.0
"""Standard deviations from which a peer counts as seeing a defect."""


class Seen:
    """What all referees keep of a sample."""

    def __init__(self, sample: Sample) -> None:
        self.sample = sample
        self.features: list[np.ndarray] = []

    def fill(self, events: Events, first_event: int) -> None:
        """Add the events of a chunk."""
        self.sample.fill(events, first_event)
        columns = [get(name).values(events).values for name in FEATURES]
        self.features.append(np.stack(columns, axis=1))


def histograms(candidate: Sample, reference: Sample) -> tuple[float, str]:
    """Log10 of the smallest p-value of a histogram times their number, and its name."""
    found = []
    for number, measurement in enumerate(reference.plan.measurements):
        means, variances = [], []
        for sample in (candidate, reference):
            mean = sample.measured.mean(number)
            width = np.ones(len(mean))
            if measurement.edges is not None:
                width = measurement.edges[:, 1] - measurement.edges[:, 0]
            means.append(mean)
            variances.append(mean / (width * sample.measured.effective_events))
        filled = (means[0] > 0) & (means[1] > 0)
        chi2 = ((means[0] - means[1])[filled] ** 2 / (variances[0] + variances[1])[filled]).sum()
        found.append((float(special.chdtrc(filled.sum(), chi2)), measurement.name))
    p, name = min(found)
    return math.log10(max(min(1.0, p * len(found)), 1e-300)), name


def agreement(sample: Sample) -> float:
    """Mean over all histograms of MCPLOTS's chi^2 / N against the data."""
    found = []
    for number, measurement in enumerate(sample.plan.measurements):
        mean = sample.measured.mean(number)
        variance = np.diag(sample.measured.covariance(number)) + measurement.errors**2
        used = mean > 0
        total = variance + (THEORY * mean) ** 2
        found.append(float(((mean - measurement.values)[used] ** 2 / total[used]).mean()))
    return float(np.mean(found))


def classifier(candidate: Seen, reference: Seen) -> tuple[float, float]:
    """Area under the ROC curve of held-out events, and log10 of its one-sided p-value."""
    a, b = (np.concatenate(seen.features) for seen in (candidate, reference))
    rows = np.concatenate((a, b))
    label = np.repeat([1, 0], [len(a), len(b)])
    even = np.concatenate([np.arange(len(x)) % 2 == 0 for x in (a, b)])
    trained = HistGradientBoostingClassifier(random_state=1).fit(rows[even], label[even])
    scores, truth = trained.predict_proba(rows[~even])[:, 1], label[~even] == 1
    test = stats.mannwhitneyu(scores[truth], scores[~truth], alternative="greater")
    area = float(test.statistic) / (truth.sum() * (~truth).sum())
    return area, math.log10(max(float(test.pvalue), 1e-300))


def ours(found: Comparison) -> tuple[str, float, str]:
    """Verdict, log10 p of what decides first, and its name."""
    first = found.results[0]
    best = (first.log_p / math.log(10.0), first.observable.name)
    if found.repeats.log_p / math.log(10.0) < best[0]:
        best = (found.repeats.log_p / math.log(10.0), "repeated events")
    return found.verdict.value, *best


def show(name: str, candidate: Seen, reference: Seen) -> None:
    """Print a row of the table."""
    verdict, log_p, first = ours(compare(candidate.sample, reference.sample, Tolerance()))
    rivet, histogram = histograms(candidate.sample, reference.sample)
    area, log_auc = classifier(candidate, reference)
    limit = math.log10(stats.norm.sf(_CERTAIN))
    seen = ["**" if x < limit else "" for x in (rivet, log_auc)]
    print(
        f"| {name} | {verdict} | {log_p:.1f}, `{first}` | {seen[0]}{rivet:.1f}{seen[0]}, "
        f"{histogram} | {agreement(candidate.sample):.3f} | {area:.3f}, "
        f"{seen[1]}{log_auc:.1f}{seen[1]} |",
        flush=True,
    )


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--events", type=int, default=5000)
    parser.add_argument("--only", nargs="*", help="names of defects, by their beginnings")
    arguments = parser.parse_args()
    base, n = list(BASE["z"]), arguments.events
    wanted = tuple(arguments.only or ("",))
    changes = {name: KNOWN[name][0] for name in DEFECTS if name.startswith(wanted)}
    planner = Planner(preset="ee_z", measured=True)
    reference: Seen | None = None
    file = EventFile(sample_file(arguments.folder, "z_reference", n, 1, base), max_events=n)
    for chunk in file.chunks():
        events = Events(chunk, np.ones(len(chunk)))
        reference = reference or Seen(Sample("reference", file.summary, planner(events)))
        reference.fill(events, chunk.first_event)
    assert reference is not None
    plan = reference.sample.plan
    file = EventFile(sample_file(arguments.folder, "z_candidate", n, 2, base), max_events=n)
    seen = {name: Seen(Sample(name, file.summary, plan)) for name in ("none", *changes)}
    random = np.random.default_rng(1)
    for chunk in file.chunks():
        for name, one in seen.items():
            changed = changes[name](chunk, random) if name in changes else chunk
            one.fill(Events(changed, changed.weights[:, 0]), chunk.first_event)
    for name, (line, _) in GENERATED.items():
        if name.startswith(wanted):
            word = line.split()[0].replace(":", "_")
            path = sample_file(arguments.folder, f"z_{word}_{n}", n, 3, [*base, line])
            file = EventFile(path, max_events=n)
            seen[name] = Seen(Sample(name, file.summary, plan))
            for chunk in file.chunks():
                seen[name].fill(Events(chunk, chunk.weights[:, 0]), chunk.first_event)
    print(f"reference against data: {agreement(reference.sample):.3f}")
    print("| defect | verdict | log10 p, first | histograms | chi^2/N to data | classifier |")
    print("| --- | --- | --- | --- | ---: | --- |")
    for name, one in seen.items():
        show(name, one, reference)


if __name__ == "__main__":
    main()
