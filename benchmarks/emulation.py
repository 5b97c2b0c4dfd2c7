# SPDX-License-Identifier: GPL-3.0-or-later
"""Accuracy, speed and gain of emulators on points of the integrator's own distribution.

``python benchmarks/emulation.py`` integrates gluon-initiated processes at 13 TeV, trains an
emulator on points of the sampler, and prints errors on points that it has not seen, pulls and
coverage, microseconds a point, and the gain of two-stage over plain unweighting with the same
sampler, everything counted.  ``--optimizers`` compares SOAP with Adam at equal time,
``--scaling growing`` measures how errors fall with the number of points and steps, ``--scaling
equal`` with that of points alone, ``--inference`` times the parts of a prediction.  ``--selection
uncertain`` takes nine tenths of the points where a pilot emulator is uncertain; the test points
stay those of the sampler.  ``--keep``
keeps points and trainings in a folder, so that what is there is not made again.
"""

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
from torch_evaluator import evaluate_in_torch

from mcsurrogate.cards import RunCard
from mcsurrogate.emulation import Emulator, FitOptions, TrainingSettings
from mcsurrogate.emulation.accuracy_scaling import measure_scaling
from mcsurrogate.emulation.amplitude import measure_seconds
from mcsurrogate.emulation.calibration import measure_calibration
from mcsurrogate.emulation.optimizer import SOAP
from mcsurrogate.emulation.training import TrainingData, train_network
from mcsurrogate.emulation.training_points import (
    TrainingPoints,
    evaluate_points,
    points_from_draws,
)
from mcsurrogate.emulation.uncertain_points import points_by_uncertainty
from mcsurrogate.event_generation.emulated_process import (
    TwoStageSource,
    emulated_process,
    prepare_two_stage,
)
from mcsurrogate.hard_process import HardProcess, assemble
from mcsurrogate.integration import Sampler, integrate
from mcsurrogate.matrix_elements import Process, StandardModel, matrix_element
from mcsurrogate.matrix_elements.probe import probe_points
from mcsurrogate.stages.emulator_points import sampler_draws

PROCESSES = ("g g > g g g", "g g > t t~ g g")
ALPHA_S = 0.118
TEST_POINTS = 10_000
HELD_FRACTION = 0.05


def hard_process(definition: str) -> HardProcess:
    """Gluons of the proton at 13 TeV; jets with pT > 20 GeV, |eta| < 5 and Delta R > 0.4.

    Photons with pT > 30 GeV, |eta| < 2.5, 0.4 away from each other and from jets.
    """
    jets, photons = {"particles": ["jets"]}, {"particles": ["photons"]}
    return assemble(
        RunCard.model_validate(
            {
                "seed": 1,
                "process": {"definition": definition},
                "beams": {"sqrt_s": 13000.0, "pdf": "NNPDF23_lo_as_0130_qed"},
                "scales": {"alpha_s": ALPHA_S},
                "cuts": [
                    {"observable": "pt", **jets, "minimum": 20.0},
                    {"observable": "eta", **jets, "maximum": 5.0},
                    {"observable": "delta_r", **jets, "minimum": 0.4},
                    {"observable": "pt", **photons, "minimum": 30.0},
                    {"observable": "eta", **photons, "maximum": 2.5},
                    {"observable": "delta_r", **photons, "minimum": 0.4},
                    {"observable": "delta_r", **photons, "others": ["jets"], "minimum": 0.4},
                ],
            }
        )
    )


def collect(
    process: HardProcess,
    sampler: Sampler,
    definition: str,
    count: int,
    seed: int,
    kept: Path | None,
    selection: str = "plain",
) -> TrainingPoints:
    """Points of the sampler with their amplitudes; those of the file ``kept`` if it exists."""
    if kept is not None and kept.exists():
        return TrainingPoints.load(kept, definition)
    start = time.process_time()
    amplitude = matrix_element(definition)
    draw = sampler_draws(process, sampler, Process.parse(definition))
    if selection == "uncertain":
        points = points_by_uncertainty(draw, count, seed, amplitude, ALPHA_S, "sampler")
    else:
        momenta = points_from_draws(draw, count, seed)
        points = evaluate_points(momenta, amplitude, ALPHA_S, "sampler")
        points = replace(points, seconds=time.process_time() - start)
    if kept is not None:
        points.save(kept)
    return points


def show_epochs(done: int, total: int, text: str) -> None:
    """Print the learning curve."""
    print(f"    epoch {done} of {total}: {text}", flush=True)


def train(points: TrainingPoints, settings: TrainingSettings, kept: Path | None) -> Emulator:
    """Train on the points, or take the training of that path if it exists."""
    fit = partial(
        Emulator.fit,
        points.momenta,
        points.me2,
        points.process,
        seed=1,
        alpha_s=ALPHA_S,
        settings=settings,
    )
    options = FitOptions(
        held_fraction=HELD_FRACTION,
        representative=points.representative,
        source=points.source,
        amplitude_seconds=points.seconds,
    )
    if kept is None:
        return fit(options=options)
    size = "x".join(map(str, settings.hidden))
    rest = f"{size}_{settings.epochs}_{settings.learning_rate}_{settings.beta}"
    weights = kept.with_name(f"{kept.name}_{rest}.safetensors")
    if weights.exists():
        return Emulator.load(weights)
    checkpoint = weights.with_suffix(".checkpoint")
    emulator = fit(
        options=replace(options, checkpoint=checkpoint, resume=True), progress=show_epochs
    )
    checkpoint.unlink(missing_ok=True)
    emulator.save(weights)
    return emulator


def benchmark(
    definition: str,
    count: int,
    evaluations: int,
    settings: TrainingSettings,
    selection: str,
    scale: str,
    keep: Path | None,
) -> dict[str, float | str]:
    """Train one emulator and print its figures, and how errors fall with points if asked."""
    print(f"\n{definition}: {evaluations} evaluations of VEGAS, {count} points", flush=True)
    process = hard_process(definition)
    result = integrate(process, evaluations=evaluations, seed=1, method="vegas")
    name = f"{definition.replace(' ', '')}_{count}_{evaluations}"
    if selection != "plain":
        name += f"_{selection}"
    kept = (keep / f"{name}.npz", keep / f"{name}_test.npz", keep / name) if keep else [None] * 3
    collected = partial(collect, process, result.sampler, definition)
    points = collected(count, 2, kept[0], selection)
    emulator = train(points, settings, kept[2])
    training_seconds = emulator.card.seconds
    test = collected(TEST_POINTS, 101, kept[1])
    momenta, me2 = test.momenta, test.me2
    inside = ~emulator.outside_domain(momenta)
    value, sigma = emulator.predict(momenta[inside])
    figures = measure_calibration(value, sigma, me2[inside])
    microseconds = 1e6 * measure_seconds(emulator, momenta)
    print(
        f"  errors: median {figures.median:.3%}, 99% {figures.quantile99:.2%}, largest "
        f"{figures.largest:.1%} of {figures.points}; {int((~inside).sum())} outside the domain\n"
        f"  pull width {figures.pull_width:.3f}, coverage {figures.coverage68:.1%} and "
        f"{figures.coverage95:.1%}\n"
        f"  {microseconds:.2f} us a point, exact {1e6 * matrix_element(definition).cost:.0f} us\n"
        f"  amplitudes of the points {points.seconds:.0f} s, training {training_seconds:.0f} s"
    )
    emulated = emulated_process(process, [emulator])
    source = TwoStageSource.of(result.sampler, emulated, process)
    report = prepare_two_stage(source, seed=9, preparation=points.seconds + training_seconds)
    for line in report.describe().splitlines():
        print(f"  {line}")
    if scale != "none":
        scaling(points, test, settings, equal_steps=scale == "equal")
    return {
        "process": definition,
        "points": count,
        "median": figures.median,
        "quantile99": figures.quantile99,
        "largest": figures.largest,
        "pull_width": figures.pull_width,
        "coverage68": figures.coverage68,
        "coverage95": figures.coverage95,
        "microseconds": microseconds,
        "gain": report.gain,
        "break_even": min(report.break_even, 1e300),
    }


def scaling(
    points: TrainingPoints, test: TrainingPoints, settings: TrainingSettings, *, equal_steps: bool
) -> None:
    """Print errors of trainings on growing parts of the points."""
    largest = len(points)
    points = replace(
        points,
        momenta=torch.cat((points.momenta, test.momenta)),
        me2=torch.cat((points.me2, test.me2)),
    )
    counts = sorted({max(10_000, round(largest / 10 ** (k / 2))) for k in range(5)})
    found = measure_scaling(
        points, counts, 1, settings, test_points=TEST_POINTS, equal_steps=equal_steps
    )
    print(f"  trainings with {'equal' if equal_steps else 'growing'} numbers of steps")
    for point in found.series:
        print(f"  {point.points:8d} points: median {point.median:.3%}, 99% {point.quantile99:.2%}")
    print(f"  median error ~ points^{found.exponent:.2f}")
    print(f"  at ten times as many: {found.extrapolate(10.0 * largest):.3%}, extrapolated")


def optimizers() -> None:
    """Compare SOAP with Adam on the training problem itself, at equal processor time."""
    generator = torch.Generator().manual_seed(1)
    inputs = torch.randn(12, 40_000, generator=generator)
    target = torch.logsumexp(torch.stack([inputs[k] - inputs[k + 1] for k in range(11)]), dim=0)
    target = (target - target.mean()) / target.std()
    held = slice(36_000, None)
    data = TrainingData(inputs[:, :36_000], target[:36_000], inputs[:, held], target[held], 1.0)
    for name, epochs, rate, make_optimizer in (
        ("SOAP", 10, 0.015, SOAP),
        ("Adam", 22, 0.01, partial(torch.optim.Adam, betas=(0.9, 0.99))),
        ("Adam", 22, 0.03, partial(torch.optim.Adam, betas=(0.9, 0.99))),
    ):
        start = time.process_time()
        settings = TrainingSettings(epochs=epochs, learning_rate=rate)
        _, history = train_network(data, settings, seed=1, make_optimizer=make_optimizer)
        seconds = time.process_time() - start
        error = history[-1].median
        print(f"  {name} at {rate}: {epochs} epochs, {seconds:.1f} s, median error {error:.3%}")


def seconds_per_point(evaluate: Callable[[], object], points: int) -> float:
    """Processor seconds of the fastest of many calls."""
    times = []
    for _ in range(100):
        start = time.process_time()
        evaluate()
        times.append(time.process_time() - start)
    return min(times) / points


def inference(definition: str) -> None:
    """Print nanoseconds a point: everything but the network, whole predictions, and torch's."""
    momenta = probe_points(Process.parse(definition), StandardModel(), 4096)
    me2 = matrix_element(definition)(momenta, ALPHA_S)
    print(f"{definition}: nanoseconds a point")
    shared = 0.0
    for hidden in ((1,), (48, 48), (64,) * 3, (80,) * 3, (96,) * 3, (128,) * 3):
        settings = TrainingSettings(hidden=hidden, epochs=1, batch=256)
        emulator = Emulator.fit(
            momenta, me2, definition, seed=1, alpha_s=ALPHA_S, settings=settings
        )
        inside = momenta[~emulator.outside_domain(momenta)][:2048]
        whole = 1e9 * seconds_per_point(partial(emulator.predict, inside), len(inside))
        if hidden == (1,):
            shared = whole
            unchecked = partial(emulator.predict, inside, check=False)
            checks = whole - 1e9 * seconds_per_point(unchecked, len(inside))
            print(
                f"  features, skeleton, calibration, domain {shared - checks:.0f}, "
                f"checks {checks:.0f}"
            )
            continue
        torch_seconds = seconds_per_point(partial(evaluate_in_torch, emulator, inside), len(inside))
        print(
            f"  {' x '.join(map(str, hidden)):14} network {whole - shared:4.0f}, "
            f"everything {whole:4.0f}; the same in torch {1e9 * torch_seconds:.0f}"
        )


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--process", action="append", help="processes instead of the default ones")
    parser.add_argument("--points", type=int, default=40_000)
    parser.add_argument("--evaluations", type=int, default=40_000)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--hidden", type=int, nargs="+", default=[64, 64, 64])
    parser.add_argument("--learning-rate", type=float, default=TrainingSettings().learning_rate)
    parser.add_argument("--beta", type=float, default=TrainingSettings().beta)
    parser.add_argument("--selection", choices=("plain", "uncertain"), default="plain")
    parser.add_argument("--scaling", choices=("none", "growing", "equal"), default="none")
    parser.add_argument("--optimizers", action="store_true")
    parser.add_argument("--inference", action="store_true")
    parser.add_argument("--json", type=Path, help="write the figures to a file")
    parser.add_argument(
        "--keep", type=Path, help="folder of points and trainings that are not made again"
    )
    arguments = parser.parse_args()
    if arguments.keep:
        arguments.keep.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    settings = TrainingSettings(
        hidden=tuple(arguments.hidden),
        epochs=arguments.epochs,
        learning_rate=arguments.learning_rate,
        beta=arguments.beta,
    )
    if arguments.optimizers:
        optimizers()
        return
    rows = []
    for definition in arguments.process or PROCESSES:
        if arguments.inference:
            inference(definition)
        else:
            rows.append(
                benchmark(
                    definition,
                    arguments.points,
                    arguments.evaluations,
                    settings,
                    arguments.selection,
                    arguments.scaling,
                    arguments.keep,
                )
            )
    if arguments.json and rows:
        arguments.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
