# SPDX-License-Identifier: GPL-3.0-or-later
"""Speed and closure of surrogate hadronization against Pythia's own.

    python benchmarks/hadronization.py speed  [--model string_breaks]
    python benchmarks/hadronization.py breaks [--model string_breaks] [--events 20000]
    python benchmarks/hadronization.py network

Times are those of one thread, as ratios within one process. AUC is the area under the ROC curve of
a network trained to tell surrogate from original, on draws that it has not seen: 0.5 is perfect.
Whole events are compared by benchmarks/hadronization_events.py.
"""

import argparse
import importlib.metadata
import statistics
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from hadronization_events import PROCESSES, ZPOLE
from numpy.typing import NDArray
from two_samples import classifier_auc

from mcsurrogate.generators import PythiaChain, Rehadronizer
from mcsurrogate.generators.hadronization import hadronization_settings
from mcsurrogate.generators.weights_file import weights_path
from mcsurrogate.hadronization import record_string_breaks
from mcsurrogate.hadronization.onnx_export import export_onnx
from mcsurrogate.hadronization.string_breaks.flavours import break_class, end_class
from mcsurrogate.hadronization.string_breaks.recording import BreakRecording

ROOMS = [
    Path(__file__).parents[1] / "cpp_bindings" / room for room in ("networks", "hadronization")
]
# As the plugin is compiled (cmake/OwnCode.cmake).
JSON = Path(
    str(importlib.metadata.distribution("nlohmann-json").locate_file("nlohmann_json/include"))
)
COMPILE = ["g++", "-O3", "-std=c++20", *(f"-I{folder}" for folder in (*ROOMS, JSON))]
FAST_MATH = ["-ffp-contract=fast", "-fno-math-errno", "-fno-trapping-math", "-fassociative-math",
             "-fno-signed-zeros"]  # fmt: skip


def speed(model: str, rounds: int, onnx: list[Path]) -> None:
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
        if onnx:
            lines = hadronization_settings(model, onnx=onnx)
            runs[f"{Path(model).stem} through ONNX"] = Rehadronizer([*lines, *quiet], seed=1)
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
                f"  hadronization by {Path(key).stem:28s} {statistics.median(stage):8.1f} us an "
                f"event   {ratio:.2f} x Pythia"
            )


def network() -> None:
    """Time of one call of the network of z, from a small C++ program around the plugin's code."""
    run_plugin_program(
        "string_break_network",
        ("strict_json", "safetensors", "spline", "string_break_model", "network_source",
         "onnx_runtime", "network"),
        "string_breaks_monash",
    )  # fmt: skip


def _files(source: str) -> list[Path]:
    """Where a source of the plugin may lie."""
    return [room / f"{source}.cpp" for room in ROOMS]


def run_plugin_program(name: str, sources: tuple[str, ...], model: str) -> None:
    """Compile a program beside this file with some of the plugin's sources, and run it.

    Parameters
    ----------
    name
        Of the program.
    sources
        Of the plugin, without Pythia.
    model
        Weights that it is run on.
    """
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / name
        objects = []
        for source in sources:
            objects.append(str(Path(folder) / f"{source}.o"))
            more = FAST_MATH if source in ("network", "cluster_kernels") else []
            file = str(next(path for path in _files(source) if path.exists()))
            subprocess.run([*COMPILE, *more, "-c", file, "-o", objects[-1]], check=True)
        main_file = str(Path(__file__).with_name(f"{name}.cpp"))
        subprocess.run([*COMPILE, main_file, *objects, "-ldl", "-o", str(program)], check=True)
        subprocess.run([str(program), str(weights_path(model))], check=True)


def breaks(model: str, events: int) -> None:
    """Break by break: AUC on (flavours, mT^2, z), on pT and on every discrete draw."""
    with tempfile.TemporaryDirectory() as folder:
        # Two samples of each: classifiers of discrete draws learn from one, are tried on the other.
        samples = [
            [
                record_string_breaks(
                    Path(folder) / f"{name != 'lund'}{half}.safetensors",
                    ZPOLE,
                    events=events,
                    seed=100 + 2 * half + (name != "lund"),
                    model=name,
                    maximum=100_000_000,
                )
                for name in ("lund", model)
            ]
            for half in (0, 1)
        ]
    pair = samples[0]

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

    for name in ("pick", "combine"):
        area, error, in_sample = discrete_auc(samples, name)
        print(f"  {name:28s} AUC {area:.4f} +- {error:.4f} (train {in_sample:.4f})")


def discrete_auc(samples: list[list[BreakRecording]], name: str) -> tuple[float, float, float]:
    """AUC of discrete draws, its error, and the AUC on the draws that were learned from.

    The best classifier of discrete draws is known: the ratio of both frequencies. Ratios come from
    the first pair of samples, the AUC from the second; the error is that of DeLong et al.,
    Biometrics 44 (1988) 837.
    """
    tables = [
        [{tuple(row[:-1]): row[-1] for row in getattr(r, name).tolist()} for r in pair]
        for pair in samples
    ]
    keys = sorted(set().union(*(table for pair in tables for table in pair)))
    counts = np.array([[[t.get(key, 0) for key in keys] for t in pair] for pair in tables], float)
    learned = counts[0] / counts[0].sum(axis=1, keepdims=True)
    seen = learned.sum(axis=0)
    score = np.where(seen > 0, learned[1] / np.maximum(seen, 1e-300), 0.5)
    _, place = np.unique(score, return_inverse=True)

    def area(a: NDArray[np.float64], b: NDArray[np.float64]) -> tuple[float, float]:
        h = np.bincount(place, a) / a.sum()
        g = np.bincount(place, b) / b.sum()
        below = np.cumsum(h) - 0.5 * h
        above = 1.0 - np.cumsum(g) + 0.5 * g
        value = float(g @ below)
        variance = (g @ below**2 - value**2) / b.sum() + (h @ above**2 - value**2) / a.sum()
        return value, float(np.sqrt(variance))

    return *area(*counts[1]), area(*counts[0])[0]


def report(name: str, a: NDArray[np.float64], b: NDArray[np.float64]) -> None:
    """Print the AUC of a classifier between two samples."""
    test = classifier_auc(a, b, seed=1, epochs=6)
    print(
        f"  {name:28s} AUC {test.auc:.4f} +- {test.error:.4f}, {len(a)} and {len(b)}",
        flush=True,
    )


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "what", choices=("speed", "breaks", "network", "all"), nargs="?", default="all"
    )
    parser.add_argument("--model", default="string_breaks")
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=11)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.what in ("speed", "all"):
        with tempfile.TemporaryDirectory() as folder:
            has_onnx = all(find_spec(name) is not None for name in ("onnx", "onnxruntime"))
            files = []
            if has_onnx:
                files = export_onnx(arguments.model, Path(folder))
            speed(arguments.model, arguments.rounds, files)
    if arguments.what in ("network", "all"):
        network()
    if arguments.what in ("breaks", "all"):
        breaks(arguments.model, arguments.events)


if __name__ == "__main__":
    main()
