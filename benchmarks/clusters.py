# SPDX-License-Identifier: GPL-3.0-or-later
"""Closure and speed of the cluster model.

    python benchmarks/clusters.py matched --data ahadic_clusters.npz [--model clusters_ahadic]
    python benchmarks/clusters.py strings [--model clusters_monash] [--events 30000]
    python benchmarks/clusters.py events [--model clusters_monash] [--events 50000]
    python benchmarks/clusters.py multiplicities [--model clusters_lep] [--events 50000]
    python benchmarks/clusters.py decay [--model clusters_ahadic]
    python benchmarks/clusters.py conservation [--model clusters_ahadic] [--decays 10000000]

`matched` compares decays of single clusters with recorded ones that were not trained on, `strings`
with straight Lund strings of the same ends and masses up to 10 GeV; `events` compares Z events with
Pythia's own; `multiplicities` compares both with measured multiplicities and event shapes; `decay`
tells the time of a cluster's decay; `conservation` adds up what clusters of all flavours decay
into. AUC is that of a network trained to tell the model from the original, on clusters or events
that it has not seen: 0.5 is perfect. Seeds differ from those of the trainings.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from hadronization import run_plugin_program
from hadronization_events import SPECIES, ZPOLE, observe
from numpy.typing import NDArray
from scipy.stats import ks_2samp
from two_samples import classifier_auc

from mcsurrogate.analysis.measured.sums import MeasuredSums
from mcsurrogate.analysis.measured.z_pole import z_pole_measurements
from mcsurrogate.analysis.selection import Events
from mcsurrogate.analysis.shapes import thrust
from mcsurrogate.classifiers import AucTest
from mcsurrogate.events import ParticleBatch
from mcsurrogate.events.chunk import Particles
from mcsurrogate.events.hepmc_reader import EventFile
from mcsurrogate.generators import PythiaChain
from mcsurrogate.generators.hadronization import hadronization_settings
from mcsurrogate.generators.weights_file import weights_path
from mcsurrogate.hadronization import decay_clusters
from mcsurrogate.hadronization.clusters.cards import StringSinglets
from mcsurrogate.hadronization.clusters.flavours import CLUSTER_ENDS
from mcsurrogate.hadronization.clusters.steps import ClusterSample, DecaySteps, steps_of_clusters
from mcsurrogate.hadronization.clusters.stored_networks import read_cluster_networks
from mcsurrogate.hadronization.fitting.decay_products import decay_products, product_matrix
from mcsurrogate.hadronization.fitting.measured import SHIPPED_TABLE, MeasuredMultiplicities
from mcsurrogate.hadronization.fitting.measured_shapes import STABLE
from mcsurrogate.hadronization.train_clusters import HELD_OUT, hadronized_strings
from mcsurrogate.validation.data_comparison import compare_data

CHARGED = (11, 13, 211, 321, 2212, 3112, 3222, 3312, 3334)
LIGHTEST, HEAVIEST = 0.8, 4.0
SEED = 77


def show(name: str, test: AucTest) -> None:
    """Print an AUC."""
    print(
        f"  {name:44s} AUC {test.auc:.4f} +- {test.error:.4f}",
        flush=True,
    )


def ends_and_mass(sample: ClusterSample) -> NDArray[np.float64]:
    """One-hot ends, with a sign, and mass."""
    columns = [sample.mass[:, None], np.log(sample.mass)[:, None]]
    for end in sample.ends.T:
        columns += [np.abs(end)[:, None] == np.array(CLUSTER_ENDS), np.sign(end)[:, None]]
    return np.concatenate(columns, axis=1).astype(np.float64)


def species_counts(sample: ClusterSample, codes: NDArray[np.int64]) -> NDArray[np.float64]:
    """Hadrons of each species in each cluster."""
    cluster = np.repeat(np.arange(len(sample)), np.diff(sample.offsets))
    index = np.searchsorted(codes, sample.hadron_id).clip(max=len(codes) - 1)
    known = codes[index] == sample.hadron_id
    table = np.zeros((len(sample), len(codes) + 1))
    np.add.at(table, (cluster, np.where(known, index, len(codes))), 1.0)
    return table


def angles(sample: ClusterSample) -> NDArray[np.float64]:
    """Collect the number of hadrons and cosines of the most forward and backward one."""
    size = np.sqrt((sample.momenta[:, 1:] ** 2).sum(axis=1))
    cosine = sample.momenta[:, 3] / np.maximum(size, 1e-12)
    start = sample.offsets[:-1]
    return np.stack(
        [
            np.diff(sample.offsets),
            np.maximum.reduceat(cosine, start),
            np.minimum.reduceat(cosine, start),
            np.maximum.reduceat(sample.hadron_id * np.sign(cosine), start) / 1000.0,
            cosine[start] * np.sign(sample.hadron_id[start]),
        ],
        axis=1,
    ).astype(np.float64)


def decay_angle(steps: DecaySteps) -> NDArray[np.float64]:
    """Conditions and cosine of two-hadron decays."""
    s = steps.take((steps.kind == 0) & steps.primary)
    columns = [
        s.cosine, np.log1p(-np.minimum(s.cosine, 1 - 1e-7)), s.mass, *np.eye(14)[s.first].T,
        *np.eye(14)[s.second].T, *np.eye(9)[s.popped].T,
    ]  # fmt: skip
    return np.stack(columns, axis=1)


def show_decays(truth: ClusterSample, made: ClusterSample, codes: NDArray[np.int64]) -> None:
    """AUC between decays of the same clusters: ends, mass and species, then angles too."""
    a, b = (np.concatenate([ends_and_mass(s), species_counts(s, codes)], axis=1)
            for s in (truth, made))  # fmt: skip
    show("flavour: ends, mass, species", classifier_auc(a, b, seed=1, epochs=8))
    show(
        "all: ends, mass, species, angles",
        classifier_auc(
            np.concatenate([a, angles(truth)], axis=1),
            np.concatenate([b, angles(made)], axis=1),
            seed=1,
            epochs=8,
        ),
    )


def matched(model: str, data: Path) -> None:
    """Decays of single clusters that were kept apart from the training."""
    sample = ClusterSample.read(data)
    use = (np.arange(len(sample)) % HELD_OUT == 0) & (sample.mass > LIGHTEST)
    truth = sample.take(np.flatnonzero(use & (sample.mass < HEAVIEST)))
    made = decay_clusters(model, truth.ends, truth.mass, seed=SEED)
    print(f"{len(truth)} clusters, {len(made)} of them decayed by {model}")
    codes = np.unique(sample.hadron_id)
    show_decays(truth, made, codes)
    show(
        "angle of two-hadron decays",
        classifier_auc(
            *(decay_angle(steps_of_clusters(s)) for s in (truth, made)), seed=1, epochs=8
        ),
    )
    numbers = [np.bincount(np.diff(s.offsets), minlength=7)[:7] / len(s) for s in (truth, made)]
    print("  clusters with 2, 3, 4, 5, 6 hadrons", *(np.round(n[2:], 4) for n in numbers))
    print("  species above 0.5% of the hadrons: recorded, model, ratio, deviation")
    worst = 0.0
    for code in np.unique(np.abs(codes)):
        n, m = (int((np.abs(s.hadron_id) == code).sum()) for s in (truth, made))
        if n > 0.005 * len(truth.hadron_id):
            ratio = m / n * len(truth) / len(made)
            error = ratio * np.sqrt(1 / n + 1 / max(m, 1))
            worst = max(worst, abs(ratio - 1))
            print(f"  {code:8d} {n:8d} {m:8d} {ratio:8.4f} {(ratio - 1) / error:6.1f}")
    print(f"  largest deviation {100 * worst:.1f}%")


def strings(model: str, count: int) -> None:
    """Decays of single clusters against Pythia's straight strings: the cluster-by-cluster AUC."""
    truth = hadronized_strings(StringSinglets(number=count, heaviest=10.0), seed=SEED)
    made = decay_clusters(model, truth.ends, truth.mass, seed=SEED + 1)
    print(f"{len(truth)} strings, {len(made)} of them decayed by {model}")
    codes = np.unique(truth.hadron_id)
    show_decays(truth, made, codes)


def final_quantities(batch: ParticleBatch) -> dict[str, NDArray[np.float64]]:
    """Multiplicity, 1 - thrust, xi of charged particles, protons and kaons of each event."""
    events = len(batch)
    event = np.repeat(np.arange(events), np.diff(batch.offsets))
    code = np.abs(batch.pdg_id)
    charged = np.isin(code, CHARGED)
    p = batch.momenta[:, 1:]
    size = np.sqrt((p**2).sum(axis=1))
    visible = ~np.isin(code, (12, 14, 16))
    return {
        "nch": np.bincount(event[charged], minlength=events).astype(np.float64),
        "1-T": 1.0 - thrust_values(event[visible], events, p[visible]),
        "xi": -np.log(np.maximum(size[charged] / 45.6, 1e-9)),
        "p": np.bincount(event[code == 2212], minlength=events).astype(np.float64),
        "K": np.bincount(event[code == 321], minlength=events).astype(np.float64),
    }


def thrust_values(
    event: NDArray[np.int64], events: int, p: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Thrust of each event."""
    x, y, z = p.T
    return thrust(Particles(x, y, z, np.sqrt((p**2).sum(axis=1)), event, events)).value


def events(model: str, count: int) -> None:
    """Z events against Pythia's own."""
    kept: list[dict[str, NDArray[np.float64]]] = []
    for seed, lines in ((SEED, []), (SEED + 1, hadronization_settings(model))):
        chain = PythiaChain([*lines, *ZPOLE], seed=seed)
        parts = [final_quantities(b) for b in chain.generate(count, batch_size=2000)]
        kept.append({key: np.concatenate([part[key] for part in parts]) for key in parts[0]})
    a, b = kept
    for key in ("nch", "p", "K"):
        x, y = a[key], b[key]
        error = np.hypot(x.std(), y.std()) / np.sqrt(len(x)) / x.mean()
        print(
            f"  <{key}> {x.mean():.4f} (Pythia) {y.mean():.4f} ({model}), deviation "
            f"{100 * (y.mean() / x.mean() - 1):+.2f}% +- {100 * error:.2f}%"
        )
    for key in ("nch", "1-T", "xi"):
        print(f"  KS({key}) {ks_2samp(a[key], b[key]).statistic:.4f}", flush=True)
    features = []
    for seed, lines in ((SEED + 2, []), (SEED + 3, hadronization_settings(model))):
        chain = PythiaChain([*lines, *ZPOLE, "HadronLevel:Decay = off"], seed=seed)
        features.append(
            np.concatenate([observe(b, "zpole")[0] for b in chain.generate(count, batch_size=2000)])
        )
    show("primary hadrons, event by event", classifier_auc(*features, seed=1, epochs=8))
    for code, x, y in zip(SPECIES, features[0].T, features[1].T, strict=False):
        if x.sum() > 200:
            error = y.mean() / x.mean() * np.sqrt(1 / x.sum() + 1 / max(y.sum(), 1))
            print(f"  {code:6d} {x.mean():9.5f} {y.mean():9.5f} {y.mean() / x.mean():8.4f}"
                  f" +- {error:.4f}")  # fmt: skip


def multiplicities(model: str, count: int) -> None:
    """Chi squared of both models over the measured multiplicities."""
    measured = MeasuredMultiplicities.read(SHIPPED_TABLE)
    means, errors = [], []
    for seed, lines in ((SEED + 4, []), (SEED + 5, hadronization_settings(model))):
        chain = PythiaChain([*lines, *ZPOLE, "HadronLevel:Decay = off"], seed=seed)
        counts: dict[int, int] = {}
        for batch in chain.generate(count, batch_size=2000):
            for code, number in zip(*np.unique(np.abs(batch.pdg_id), return_counts=True),
                                    strict=True):  # fmt: skip
                if code > 100:
                    counts[int(code)] = counts.get(int(code), 0) + int(number)
        table = decay_products(counts, decays=2000, seed=SEED)
        number = np.array([counts[code] for code in counts]) / count
        products = product_matrix(table, counts, measured.codes)
        means.append(number @ products)
        errors.append(np.sqrt(np.maximum(means[-1], 1 / count) / count) * 1.5)
    print("  particle             measured            Pythia    pull   " + model)
    for i, name in enumerate(measured.names):
        a, b = means[0][i], means[1][i]
        sigma = measured.errors[i]
        print(
            f"  {name:18s} {measured.means[i]:9.4f} +- {sigma:7.4f} {a:9.4f} "
            f"{(a - measured.means[i]) / sigma:7.1f} {b:9.4f} "
            f"{(b - measured.means[i]) / sigma:7.1f}"
        )
    known = np.array([m > 0 or n > 0 for m, n in zip(*means, strict=True)])
    for name, m, e in zip(("Pythia", model), means, errors, strict=True):
        for label, use in (("all", known | True), ("species that a model has", known)):
            chi2 = (((m - measured.means) ** 2) / (measured.errors**2 + e**2))[use].sum()
            print(f"  chi2 of {name:16s} {label:26s} {chi2:8.1f} / {use.sum()}")
    measured_shapes(model, count)


def measured_shapes(model: str, count: int) -> None:
    """Chi squared of both models over measured distributions and moments of event shapes."""
    sides = []
    for seed, lines in ((SEED + 6, []), (SEED + 7, hadronization_settings(model))):
        sums = MeasuredSums(z_pole_measurements())
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "events.hepmc.zst"
            for _ in PythiaChain([*lines, *ZPOLE, *STABLE], seed=seed).generate(count, hepmc=path):
                pass
            for chunk in EventFile(path).chunks():
                sums.fill(Events(chunk, chunk.weights[:, 0]))
        sides.append(sums)
    print(f"  measurement                                    values  chi2: Pythia  {model}")
    for result in compare_data(sides[1], sides[0], (model, "Pythia")):
        a, b = result.reference, result.candidate
        print(f"  {result.measurement.title:46s} {a.ndf:4d} {a.chi2:12.1f} {b.chi2:12.1f}")
        if result.measurement.name in ("z_multiplicities", "opal_moments"):
            for label, value, error, mean, other in zip(
                result.measurement.labels, result.measurement.values, result.measurement.errors,
                a.mean, b.mean, strict=True,
            ):  # fmt: skip
                if label.startswith(("charged", "<(1 - T", "<(C", "<(total")):
                    print(f"    {label:30s} {value:8.4f} +- {error:.4f} {mean:10.4f} {other:10.4f}")


def decay(model: str, rounds: int = 5) -> None:
    """Time of a cluster's decay into two hadrons, with Pythia's masses and the event record."""
    count = 20_000
    random = np.random.default_rng(1)
    flavour = random.integers(1, 4, size=(count, 2))
    ends = np.stack([flavour[:, 0], -flavour[:, 1]], axis=1)
    mass = random.uniform(1.3, 2.8, size=count)
    times: dict[str, list[float]] = {"lund": [], model: []}
    for _ in range(rounds):
        for name in times:
            start = time.process_time()
            decay_clusters(name, ends, mass, seed=1)
            times[name].append((time.process_time() - start) / count * 1e6)
    for name, values in times.items():
        print(f"  {name:20s} {min(values):.2f} us a cluster, everything included")
    run_plugin_program(
        "cluster_network",
        ("strict_json", "safetensors", "spline", "cluster_model", "cluster_flavours",
         "cluster_kernels", "network_source", "onnx_runtime", "network"),
        model,
    )  # fmt: skip


def quark_numbers(codes: NDArray[np.int64]) -> NDArray[np.int64]:
    """``(N, 5)`` quarks less antiquarks of each flavour, d u s c b, in quarks, diquarks, hadrons.

    Charge, baryon number, strangeness, charm and bottomness are linear functions of them.
    """
    names, index = np.unique(codes, return_inverse=True)
    table = np.zeros((len(names), 5), dtype=np.int64)
    for row, code in zip(table, names.tolist(), strict=True):
        size, sign = abs(code), 1 if code > 0 else -1
        q1, q2, q3 = (size // 1000) % 10, (size // 100) % 10, (size // 10) % 10
        if size < 10:
            row[size - 1] += sign
        elif q1 == 0:  # a meson: the heavier quark is positive if it is of up type
            sign *= 1 if q2 % 2 == 0 else -1
            row[q2 - 1] += sign
            row[q3 - 1] -= sign
        else:
            for quark in (q1, q2, q3):
                if quark:
                    row[quark - 1] += sign
    return table[index]


def conservation(model: str, decays: int, chunk: int = 100_000) -> None:
    """Add up momenta and quark numbers of clusters of all flavours, chunk by chunk."""
    codes = np.array(CLUSTER_ENDS)
    random = np.random.default_rng(SEED)
    lightest = read_cluster_networks(weights_path(model)).tables.lightest
    done, left, hadrons, wrong, worst = 0, 0, 0, 0, 0.0
    start = time.process_time()
    index = 0
    while done < decays:
        index += 1
        first, second = codes[random.integers(len(codes), size=(2, chunk))]
        triplet = np.where(first < 10, first, -first)
        antitriplet = np.where(second < 10, -second, second)
        ends = np.stack([triplet, antitriplet], axis=1)
        flip = random.random(chunk) < 0.5
        ends[flip] = ends[flip, ::-1]
        # Only what the model itself decays, at a distance from the thresholds.
        low = lightest[np.searchsorted(codes, first), np.searchsorted(codes, second)]
        known = np.isfinite(low)
        ends, mass = ends[known], low[known] + 0.3 + random.exponential(1.5, size=known.sum())
        sample = decay_clusters(model, ends, mass, seed=SEED + index)
        cluster = np.repeat(np.arange(len(sample)), np.diff(sample.offsets))
        total = np.add.reduceat(sample.momenta, sample.offsets[:-1])
        total[:, 0] -= sample.mass
        worst = max(worst, float(np.abs(total).max()))
        balance = quark_numbers(sample.ends[:, 0]) + quark_numbers(sample.ends[:, 1])
        np.subtract.at(balance, cluster, quark_numbers(sample.hadron_id))
        wrong += int(balance.any(axis=1).sum())
        done, hadrons = done + len(sample), hadrons + len(cluster)
        left += len(mass) - len(sample)
    print(
        f"  {done} clusters decayed into {hadrons} hadrons ({left} could not be): {wrong} with "
        f"another flavour content, largest imbalance of momentum {worst:.1e} GeV, "
        f"{time.process_time() - start:.0f} s"
    )


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=tuple(TASKS))
    parser.add_argument("--model")
    parser.add_argument("--data", type=Path, default=Path("ahadic_clusters.npz"))
    parser.add_argument("--events", type=int, default=50_000)
    parser.add_argument("--decays", type=int, default=10_000_000)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    default = {
        "strings": "clusters_monash",
        "events": "clusters_monash",
        "multiplicities": "clusters_lep",
    }
    model = arguments.model or default.get(arguments.what, "clusters_ahadic")
    TASKS[arguments.what](model, arguments)


#: What the command line can ask for.
TASKS: dict[str, Callable[[str, argparse.Namespace], None]] = {
    "matched": lambda model, a: matched(model, a.data),
    "strings": lambda model, a: strings(model, a.events),
    "events": lambda model, a: events(model, a.events),
    "multiplicities": lambda model, a: multiplicities(model, a.events),
    "decay": lambda model, _: decay(model),
    "conservation": lambda model, a: conservation(model, a.decays),
}


if __name__ == "__main__":
    main()
