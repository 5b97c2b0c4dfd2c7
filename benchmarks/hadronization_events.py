# SPDX-License-Identifier: GPL-3.0-or-later
"""Closure of surrogate hadronization on whole events, against Pythia's own.

    python benchmarks/hadronization_events.py [--model string_breaks] [--process zpole|dijets]
        [--events 20000] [--out FOLDER]

Primary hadrons, decays off, so that no decay hides a difference. Events are made in chunks with
seeds of their own; with --out chunks are kept, a run that was stopped goes on from them, and
several processes with the same folder share the work.
Printed are yields of identified hadrons, chi^2 of event shapes, spectra and jets, and the AUC of a
network trained to tell surrogate from original, on events that it has not seen.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import torch
from event_chunks import make_chunks
from numpy.typing import NDArray
from pythia_settings import DIJETS, ZPOLE
from scipy.stats import chi2 as chi2_distribution
from two_samples import classifier_auc

from mcsurrogate.analysis.jets import JetDefinition, inclusive_jets
from mcsurrogate.analysis.shapes import thrust
from mcsurrogate.events import ParticleBatch
from mcsurrogate.events.chunk import Particles
from mcsurrogate.generators import PythiaChain
from mcsurrogate.generators.hadronization import hadronization_settings

FloatArray = NDArray[np.float64]

PROCESSES = {"zpole": ZPOLE, "dijets": DIJETS}
ENERGY = {"zpole": 91.2, "dijets": 13000.0}

SPECIES = [211, 111, 221, 331, 213, 113, 223, 321, 311, 323, 313, 333, 2212, 2112, 3122, 3212, 3222,
           3112, 2224, 2214, 1114, 3312, 3322, 3224, 3114, 3334, 411, 421, 413, 423, 431, 4122, 511,
           521, 531, 5122]  # fmt: skip
#: Yields below this number an event are rare: 3% instead of 1%.
RARE = 0.01
CHARGED = [211, 213, 321, 323, 2212, 3112, 3222, 3312, 3334, 2224, 2214, 1114, 3114, 3224, 411, 413,
           431, 433, 4122, 4222, 4212, 521, 523, 5112, 5222, 541]  # fmt: skip
JETS = JetDefinition(radius=0.4, min_pt=80.0, max_rapidity=4.0)
SCALARS = ("charged hadrons", "hadrons", "thrust", "smallest eigenvalue", "middle eigenvalue",
           "log of the smallest", "mean xi", "spread of xi", "sum of momenta", "sum of pT",
           "energy of b hadrons", "leading jet mass", "second jet mass", "leading jet pT",
           )  # fmt: skip
XI = np.linspace(0.0, 8.0, 33)
X_B = np.linspace(0.1, 1.0, 19)
FRAGMENTATION = np.concatenate([[0.0], np.geomspace(0.005, 1.0, 21)])
#: Distributions with several entries an event: bin edges.
SPECTRA = {"xi of charged hadrons": XI, "x_B": X_B, "jet fragmentation z": FRAGMENTATION}


def spectrum(
    event: NDArray[np.int64], values: FloatArray, edges: FloatArray, events: int
) -> FloatArray:
    """Histogram of each event, ``(events, bins)``."""
    bins = len(edges) - 1
    index = np.searchsorted(edges, values, side="right") - 1
    inside = (index >= 0) & (index < bins)
    counts = np.bincount(event[inside] * bins + index[inside], minlength=events * bins)
    return counts.reshape(events, bins).astype(np.float64)


def jet_observables(
    batch: ParticleBatch, event: NDArray[np.int64], charged: NDArray[np.bool_]
) -> tuple[list[FloatArray], FloatArray]:
    """Masses and pT of the two leading jets, and the fragmentation of both."""
    events = len(batch)
    energy, px, py, pz = np.ascontiguousarray(batch.momenta.T)
    jets = inclusive_jets(Particles(px, py, pz, energy, event, events), JETS)
    rank = np.arange(len(jets.px)) - np.searchsorted(jets.event, jets.event)
    leading = rank < 2
    p4 = np.full((2, events, 4), np.nan)
    for i, column in enumerate((jets.energy, jets.px, jets.py, jets.pz)):
        p4[rank[leading], jets.event[leading], i] = column[leading]
    pt = np.hypot(p4[..., 1], p4[..., 2])
    mass = np.sqrt(np.maximum(p4[..., 0] ** 2 - pt**2 - p4[..., 3] ** 2, 0.0))
    fragments = np.zeros((events, len(FRAGMENTATION) - 1))
    phi, rapidity = np.arctan2(py, px), 0.5 * np.log((energy + pz) / (energy - pz))
    for jet in range(2):
        e, x, y, z = p4[jet].T
        far = np.remainder(phi - np.arctan2(y, x)[event] + np.pi, 2 * np.pi) - np.pi
        distance = np.hypot(far, rapidity - (0.5 * np.log((e + z) / (e - z)))[event])
        near = charged & (distance < JETS.radius)
        share = (np.hypot(px, py) / pt[jet][event])[near]
        fragments += spectrum(event[near], share, FRAGMENTATION, events)
    return [*np.nan_to_num(mass), np.nan_to_num(pt[0])], fragments


def observe(batch: ParticleBatch, process: str) -> tuple[FloatArray, dict[str, FloatArray]]:
    """Numbers of each event, and histograms of each event."""
    events = len(batch)
    event = np.repeat(np.arange(events), np.diff(batch.offsets))
    code = np.abs(batch.pdg_id)
    charged = np.isin(code, CHARGED)
    columns = [np.bincount(event[code == pdg], minlength=events) for pdg in SPECIES]
    p = batch.momenta[:, 1:]
    size = np.maximum(np.sqrt((p**2).sum(axis=1)), 1e-12)
    total = np.bincount(event, size, minlength=events)
    # Linearised sphericity tensor.
    tensor = np.zeros((events, 3, 3))
    for i in range(3):
        for j in range(3):
            tensor[:, i, j] = np.bincount(event, p[:, i] * p[:, j] / size, minlength=events) / total
    values = np.linalg.eigvalsh(tensor)
    xi = np.log(total[event] / size)
    number = np.bincount(event, minlength=events)
    mean = np.bincount(event, xi, minlength=events) / np.maximum(number, 1)
    spread = np.bincount(event, (xi - mean[event]) ** 2, minlength=events) / np.maximum(number, 1)
    heavy = (code // 100 % 10 == 5) | (code // 1000 % 10 == 5)
    b_energy = np.bincount(event, np.where(heavy, batch.momenta[:, 0], 0.0), minlength=events)
    x_b = 2.0 * batch.momenta[heavy, 0] / ENERGY[process]
    spectra = {
        "xi of charged hadrons": spectrum(event[charged], xi[charged], XI, events),
        "x_B": spectrum(event[heavy], x_b, X_B, events),
    }
    if process == "zpole":
        particles = Particles(*p.T, batch.momenta[:, 0], event, events)
        shape, jets = thrust(particles).value, [np.zeros(events)] * 3
        spectra["jet fragmentation z"] = np.zeros((events, len(FRAGMENTATION) - 1))
    else:
        shape = np.zeros(events)
        jets, spectra["jet fragmentation z"] = jet_observables(batch, event, charged)
    pt = np.bincount(event, np.hypot(p[:, 0], p[:, 1]), minlength=events)
    columns += [np.bincount(event[charged], minlength=events), number, shape, values[:, 0],
                values[:, 1], np.log(values[:, 0] + 1e-6), mean, np.sqrt(spread), total, pt,
                b_energy, *jets]  # fmt: skip
    return np.stack(columns, axis=1), spectra


def chunk(lines: list[str], process: str, count: int, seed: int) -> dict[str, FloatArray]:
    """Generate events; their numbers, and first and second moments of their spectra."""
    chain = PythiaChain(lines, seed=seed)
    rows: list[FloatArray] = []
    moments: dict[str, FloatArray] = {}
    for batch in chain.generate(count, batch_size=1000):
        numbers, spectra = observe(batch, process)
        rows.append(numbers.astype(np.float32))
        for name, values in spectra.items():
            for key, part in (
                (f"{name}|sum", values.sum(0)),
                (f"{name}|square", values.T @ values),
            ):
                moments[key] = moments.get(key, 0.0) + part
    return {"numbers": np.concatenate(rows), "failed": np.array(chain.statistics.failed), **moments}


def sample(
    name: str, lines: list[str], process: str, count: int, seed: int, size: int, folder: Path
) -> dict[str, FloatArray]:
    """Chunks of one sample, made where they are missing, put together."""
    paths = [folder / f"{process}_{name}_{index:04d}.npz" for index in range(-(-count // size))]

    def write(index: int, path: Path) -> None:
        with path.open("wb") as stream:
            np.savez(stream, **chunk(lines, process, size, seed + index))

    make_chunks(paths, write)
    files = [np.load(path) for path in paths]
    numbers = np.concatenate([file["numbers"] for file in files]).astype(np.float64)
    rest = [key for key in files[0].files if key != "numbers"]
    return {"numbers": numbers, **{key: sum(file[key] for file in files) for key in rest}}


def yields(a: FloatArray, b: FloatArray, model: str) -> None:
    """Table of the mean number of each species."""
    print(f"  species    Pythia   {model}    ratio   deviation   within 1% (rare: 3%) or 3 sigma")
    wrong = 0
    for i, pdg in enumerate(SPECIES):
        x, y = a[:, i], b[:, i]
        if x.sum() < 20:
            continue
        sigma = np.hypot(x.std() / np.sqrt(len(x)), y.std() / np.sqrt(len(y)))
        pull, ratio = (y.mean() - x.mean()) / sigma, y.mean() / x.mean()
        fine = abs(ratio - 1.0) < (0.03 if x.mean() < RARE else 0.01) or abs(pull) < 3.0
        wrong += not fine
        print(
            f"  {pdg:6d} {x.mean():10.5f} {y.mean():10.5f} {ratio:9.4f} {pull:8.1f}"
            f"      {'yes' if fine else 'NO'}"
        )
    print(f"  {wrong} outside")


def scalar_p_value(x: FloatArray, y: FloatArray) -> tuple[float, int, float]:
    """chi^2 of two samples of independent numbers, its ndf and p-value."""
    both = np.concatenate([x, y])
    if (both == np.round(both)).all():
        edges = np.arange(both.min() - 0.5, both.max() + 1.0)
    else:
        edges = np.unique(np.quantile(both, np.linspace(0, 1, 41)))
        edges[-1] += 1e-9
    h, g = (np.histogram(v, edges)[0].astype(float) for v in (x, y))
    use = h + g > 20
    h, g = np.append(h[use], h[~use].sum()), np.append(g[use], g[~use].sum())
    n, m = h.sum(), g.sum()
    with np.errstate(invalid="ignore"):
        parts = (h * np.sqrt(m / n) - g * np.sqrt(n / m)) ** 2 / (h + g)
    ndf = int((h + g > 0).sum()) - 1
    chi2 = float(np.nansum(parts))
    return chi2, ndf, float(chi2_distribution.sf(chi2, ndf)) if ndf > 0 else 1.0


def spectrum_p_value(
    a: dict[str, FloatArray], b: dict[str, FloatArray], name: str
) -> tuple[float, int, float]:
    """chi^2 of the mean contents of an event, with the covariance of the bins of an event."""
    difference, covariance = 0.0, 0.0
    for sign, s in ((1.0, a), (-1.0, b)):
        n = len(s["numbers"])
        mean = s[f"{name}|sum"] / n
        difference = difference + sign * mean
        covariance = covariance + (s[f"{name}|square"] / n - np.outer(mean, mean)) / n
    filled = a[f"{name}|sum"] + b[f"{name}|sum"] > 50
    if not filled.any():
        return 0.0, 0, 1.0
    d, c = difference[filled], covariance[np.ix_(filled, filled)]
    chi2 = float(d @ np.linalg.pinv(c, rcond=1e-10, hermitian=True) @ d)
    return chi2, int(filled.sum()), float(chi2_distribution.sf(chi2, filled.sum()))


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="string_breaks")
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--chunk", type=int, default=5_000)
    parser.add_argument("--process", choices=tuple(PROCESSES), default="zpole")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    model, process = Path(arguments.model).stem, arguments.process
    settings = [*PROCESSES[process], "HadronLevel:Decay = off"]
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.out or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        size = min(arguments.chunk, arguments.events)
        a, b = (
            sample(name, lines, process, arguments.events, seed, size, folder)
            for name, lines, seed in (
                ("pythia", settings, 10_001),
                (model, [*hadronization_settings(arguments.model), *settings], 20_001),
            )
        )
    x, y = a["numbers"], b["numbers"]
    print(
        f"{process}: {len(x)} and {len(y)} events, failed {int(a['failed'])} (Pythia) and "
        f"{int(b['failed'])} ({model})"
    )
    yields(x, y, model)
    results = {
        name: scalar_p_value(x[:, i], y[:, i])
        for i, name in enumerate([*map(str, SPECIES), *SCALARS])
    }
    results |= {name: spectrum_p_value(a, b, name) for name in SPECTRA}
    results = {name: result for name, result in results.items() if result[1] > 0}
    for name in (*SCALARS, *SPECTRA):
        if name in results:
            chi2, ndf, p = results[name]
            print(f"  {name:24s} chi2/ndf {chi2:7.1f}/{ndf:<3d} p {p:.2g}")
    smallest = sorted(results, key=lambda name: results[name][2])[:3]
    print(
        f"  {len(results)} distributions, smallest p: "
        + ", ".join(f"{name} {results[name][2]:.1e}" for name in smallest)
    )
    test = classifier_auc(x, y, seed=1, epochs=8)
    print(f"  event by event, AUC {test.auc:.4f} +- {test.error:.4f}, {x.shape[1]} features")


if __name__ == "__main__":
    main()
