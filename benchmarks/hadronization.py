"""Speed and closure of surrogate hadronization against Pythia's own.

    python benchmarks/hadronization.py speed  [--model string_breaks]
    python benchmarks/hadronization.py breaks [--model string_breaks] [--events 20000]
    python benchmarks/hadronization.py events [--model string_breaks] [--events 200000]
        [--process zpole|dijets]

Times are those of one thread, as ratios within one process. AUC is the area under the ROC curve of
a network trained to tell surrogate from original, on events that it has not seen: 0.5 is perfect.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import chi2 as chi2_distribution

from mcsurrogate.generators import ParticleBatch, PythiaChain, Rehadronizer
from mcsurrogate.generators.hadronization import hadronization_settings, record_string_breaks
from mcsurrogate.hadronization.closure import classifier_auc
from mcsurrogate.hadronization.flavours import break_class, end_class
from mcsurrogate.hadronization.recording import BreakRecording

ZPOLE = [
    "Beams:idA = 11",
    "Beams:idB = -11",
    "Beams:eCM = 91.2",
    "PDF:lepton = off",
    "WeakSingleBoson:ffbar2gmZ = on",
    "23:onMode = off",
    "23:onIfAny = 1 2 3 4 5",
]
DIJETS = ["Beams:eCM = 13000", "HardQCD:all = on", "PhaseSpace:pTHatMin = 100"]
PROCESSES = {"zpole": ZPOLE, "dijets": DIJETS}


def speed(model: str, rounds: int) -> None:
    """Time of the hadronization stage without decays, on the same saved partons."""
    for name, settings in PROCESSES.items():
        count = 3000 if name == "zpole" else 150
        chain = PythiaChain(settings, seed=1, keep_parton_level=True)
        (batch,) = chain.generate(count, batch_size=count)
        partons = batch.parton_level
        assert partons is not None
        quiet = [*settings, "HadronLevel:Decay = off"]
        runs = {
            "nothing": Rehadronizer([*quiet, "HadronLevel:Hadronize = off"], seed=1),
            "pythia": Rehadronizer(quiet, seed=1),
            "plugin lund": Rehadronizer([*hadronization_settings("lund"), *quiet], seed=1),
            model: Rehadronizer([*hadronization_settings(model), *quiet], seed=1),
        }
        times: dict[str, list[float]] = {key: [] for key in runs}
        for _ in range(rounds):
            for key, run in runs.items():
                # processor time: the machine may have other work to do
                start = time.process_time()
                for _ in run.hadronize(partons, batch_size=count):
                    pass
                times[key].append((time.process_time() - start) / count * 1e6)
        base = times["nothing"]
        print(f"{name}: {count} events, medians of {rounds} rounds")
        for key in list(runs)[1:]:
            stage = [t - t0 for t, t0 in zip(times[key], base, strict=True)]
            plain = [t - t0 for t, t0 in zip(times["pythia"], base, strict=True)]
            ratio = statistics.median(t / p for t, p in zip(stage, plain, strict=True))
            print(
                f"  hadronization by {Path(key).stem:24s} {statistics.median(stage):8.1f} us an "
                f"event   {ratio:.2f} x Pythia"
            )


def breaks(model: str, events: int) -> None:
    """Break by break: AUC on (flavours, mT^2, z), on pT and on every discrete draw."""
    with tempfile.TemporaryDirectory() as folder:
        pair = [
            record_string_breaks(
                Path(folder) / f"{i}.safetensors",
                ZPOLE,
                events=events,
                seed=100 + i,
                model=name,
                maximum=100_000_000,
            )
            for i, name in enumerate(("lund", model))
        ]

    def fraction_features(recording: BreakRecording) -> NDArray[np.float64]:
        old, new = end_class(recording.fraction_id[:, 0]), break_class(recording.fraction_id[:, 1])
        mass, z = recording.fraction.astype(np.float64).T
        keep = (old >= 0) & (new >= 0)
        continuous = np.stack([np.log(mass), z, np.log(z) - np.log1p(-z)], axis=1)
        return np.concatenate([continuous, np.eye(16)[old], np.eye(12)[new]], axis=1)[keep]

    report("z given flavours and mT^2", *(fraction_features(r) for r in pair))

    def transverse_features(recording: BreakRecording) -> NDArray[np.float64]:
        kind = break_class(recording.transverse_id)
        px, py = recording.transverse.astype(np.float64).T
        return np.concatenate([np.stack([px, py, np.hypot(px, py)], 1), np.eye(13)[kind]], axis=1)

    report("transverse momentum", *(transverse_features(r) for r in pair))

    # For discrete draws the best classifier is known: the ratio of the frequencies.
    for name in ("pick", "combine"):
        tables = [{tuple(row[:-1]): row[-1] for row in getattr(r, name).tolist()} for r in pair]
        keys = sorted(set(tables[0]) | set(tables[1]))
        counts = np.array([[t.get(key, 0) for key in keys] for t in tables], dtype=float)
        shares = counts / counts.sum(axis=1, keepdims=True)
        score = shares[1] / np.maximum(shares.sum(axis=0), 1e-300)
        order = np.argsort(score)
        low = np.concatenate([[0.0], np.cumsum(shares[0][order])[:-1]])
        area = (shares[1][order] * (low + 0.5 * shares[0][order])).sum()
        # In-sample: two equal samples give about 1/2 + sqrt(keys / (2 pi N)) / 2.
        floor = 0.5 + 0.25 * np.sqrt(shares.mean(axis=0) * 4 / np.pi / counts[0].sum()).sum()
        print(f"  {name:28s} AUC {area:.4f}   equal samples {floor:.4f}")


def report(name: str, a: NDArray[np.float64], b: NDArray[np.float64]) -> None:
    """Print the AUC of a classifier between two samples."""
    test = classifier_auc(a, b, seed=1, epochs=6)
    print(
        f"  {name:28s} AUC {test.auc:.4f} +- {test.error:.4f} (train {test.train_auc:.4f}), "
        f"{len(a)} and {len(b)}",
        flush=True,
    )


SPECIES = [211, 111, 221, 331, 213, 113, 223, 321, 311, 323, 313, 333, 2212, 2112, 3122, 3212, 3222,
           3112, 2224, 2214, 1114, 3312, 3322, 3224, 3114, 3334, 411, 421, 413, 423, 431, 4122, 511,
           521, 531, 5122]  # fmt: skip


SHAPES = ("smallest eigenvalue", "middle eigenvalue", "log of the smallest", "number", "mean xi",
          "spread of xi", "sum of momenta", "sum of pT", "energy of b hadrons")  # fmt: skip


def event_features(batch: ParticleBatch) -> NDArray[np.float64]:
    """Return counts of primary hadrons by species, and the shape of the event."""
    events = len(batch)
    event = np.repeat(np.arange(events), np.diff(batch.offsets))
    code = np.abs(batch.pdg_id)
    columns = [np.bincount(event[code == pdg], minlength=events) for pdg in SPECIES]
    p = batch.momenta[:, 1:]
    size = np.maximum(np.sqrt((p**2).sum(axis=1)), 1e-12)
    total = np.bincount(event, size, minlength=events)
    # Linearised sphericity tensor and its C and D parameters.
    tensor = np.zeros((events, 3, 3))
    for i in range(3):
        for j in range(3):
            weight = p[:, i] * p[:, j] / size
            tensor[:, i, j] = np.bincount(event, weight, minlength=events) / total
    values = np.linalg.eigvalsh(tensor)
    columns += [values[:, 0], values[:, 1], np.log(values[:, 0] + 1e-6)]
    xi = np.log(total[event] / size)
    number = np.bincount(event, minlength=events)
    mean = np.bincount(event, xi, minlength=events) / np.maximum(number, 1)
    spread = np.bincount(event, (xi - mean[event]) ** 2, minlength=events) / np.maximum(number, 1)
    pt = np.hypot(p[:, 0], p[:, 1])
    columns += [number, mean, np.sqrt(spread), total, np.bincount(event, pt, minlength=events)]
    heavy = (code // 100 % 10 == 5) | (code // 1000 % 10 == 5)
    columns += [np.bincount(event, np.where(heavy, batch.momenta[:, 0], 0.0), minlength=events)]
    return np.stack(columns, axis=1).astype(np.float64)


def events(model: str, count: int, process: str) -> None:
    """Event by event on primary hadrons: AUC, yields of each species, mean multiplicity."""
    settings = [*PROCESSES[process], "HadronLevel:Decay = off"]
    features = []
    for seed, lines in ((21, settings), (22, [*hadronization_settings(model), *settings])):
        start = time.process_time()
        chain = PythiaChain(lines, seed=seed)
        features.append(
            np.concatenate([event_features(b) for b in chain.generate(count, batch_size=2000)])
        )
        print(f"  {len(features[-1])} events, {time.process_time() - start:.0f} s", flush=True)
    a, b = features
    print(
        f"{process}: primary hadrons an event {a[:, len(SPECIES) + 3].mean():.3f} (Pythia) "
        f"{b[:, len(SPECIES) + 3].mean():.3f} ({model})"
    )
    print("  species    Pythia   surrogate    ratio   deviation")
    for i, pdg in enumerate(SPECIES):
        x, y = a[:, i], b[:, i]
        if x.sum() < 20:
            continue
        sigma = np.hypot(x.std() / np.sqrt(len(x)), y.std() / np.sqrt(len(y)))
        print(
            f"  {pdg:6d} {x.mean():10.5f} {y.mean():10.5f} {y.mean() / x.mean():9.4f} "
            f"{(y.mean() - x.mean()) / sigma:8.1f}"
        )
    p_values = {}
    for i, name in enumerate([*map(str, SPECIES), *SHAPES]):
        values = np.concatenate([a[:, i], b[:, i]])
        if (values == np.round(values)).all():
            edges = np.arange(values.min() - 0.5, values.max() + 1.0)
        else:
            edges = np.unique(np.quantile(values, np.linspace(0, 1, 41)))
        h, g = (np.histogram(v[:, i], edges)[0].astype(float) for v in (a, b))
        use = h + g > 20
        if use.sum() < 2:
            continue
        n, m = h.sum(), g.sum()
        chi2 = ((h * np.sqrt(m / n) - g * np.sqrt(n / m)) ** 2 / np.maximum(h + g, 1))[use].sum()
        p_values[name] = float(chi2_distribution.sf(chi2, use.sum() - 1))
    smallest = sorted(p_values, key=lambda name: p_values[name])[:4]
    print(
        f"  chi2 of {len(p_values)} features: median p {np.median(list(p_values.values())):.2f}, "
        "smallest " + ", ".join(f"{name} {p_values[name]:.1e}" for name in smallest)
    )
    report("event by event", a, b)


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "what", choices=("speed", "breaks", "events", "all"), nargs="?", default="all"
    )
    parser.add_argument("--model", default="string_breaks")
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--process", choices=tuple(PROCESSES), default="zpole")
    parser.add_argument("--rounds", type=int, default=11)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.what in ("speed", "all"):
        speed(arguments.model, arguments.rounds)
    if arguments.what in ("breaks", "all"):
        breaks(arguments.model, arguments.events)
    if arguments.what in ("events", "all"):
        events(arguments.model, arguments.events, arguments.process)


if __name__ == "__main__":
    main()
