# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether two-stage events follow plainly unweighted ones: p-values of 20 observables.

``python benchmarks/unbiasedness.py`` integrates g g > t t~ g at 13 TeV, trains an emulator on
points of the sampler, and makes independent pairs of samples: one by two-stage unweighting, one
by plain unweighting of the exact weight with the same sampler.  Every pair gives a chi2 p-value
for each of 20 observables.  Over the pairs the p-values of an observable are independent, so that
the Kolmogorov-Smirnov test of their uniformity is exact.  ``--worse`` spoils the emulator by a
slope of 30% in the gluon's rapidity: events must stay unbiased, only slower; ``--biased``
leaves the second stage out, which the test must notice.
"""

import argparse
import time
from dataclasses import replace

import torch
from torch import Tensor
from two_samples import compare_samples, uniformity

from mcsurrogate.cards import RunCard
from mcsurrogate.emulation import Emulator, TrainingSettings
from mcsurrogate.emulation.training_points import evaluate_points, points_from_draws
from mcsurrogate.event_generation.emulated_process import (
    TwoStageSource,
    emulated_process,
    prepare_two_stage,
    two_stage_unweight,
)
from mcsurrogate.event_generation.two_stage import TwoStageRecord
from mcsurrogate.hard_process import HardProcess, assemble
from mcsurrogate.integration import Sampler, integrate, unweight
from mcsurrogate.matrix_elements import Process, matrix_element
from mcsurrogate.matrix_elements.protocol import ColouredMatrixElement
from mcsurrogate.stages.emulator_points import sampler_draws

PROCESS = "g g > t t~ g"
CARD = {
    "seed": 1,
    "process": {"definition": PROCESS},
    "beams": {"sqrt_s": 13000.0, "pdf": "NNPDF23_lo_as_0130_qed"},
    "scales": {"alpha_s": 0.118},
    "cuts": [{"observable": "pt", "particles": ["jets"], "minimum": 30.0}],
}
OVERWEIGHT = 0.01


def observables(process: HardProcess, u: Tensor, channel: Tensor) -> dict[str, Tensor]:
    """Twenty observables of the momenta."""
    p = process.phase_space.forward(u, channel).momenta
    legs = {"t": 2, "t~": 3, "g": 4}
    found = {}
    for name, leg in legs.items():
        pt = p[:, leg, 1:3].norm(dim=1)
        found[f"pt {name}"] = pt
        found[f"y {name}"] = torch.atanh(p[:, leg, 3] / p[:, leg, 0])
        found[f"E {name}"] = p[:, leg, 0]
        found[f"phi {name}"] = torch.atan2(p[:, leg, 2], p[:, leg, 1])
    for first, second in (("t", "t~"), ("t", "g"), ("t~", "g")):
        total = p[:, legs[first]] + p[:, legs[second]]
        found[f"m2 {first} {second}"] = total[:, 0] ** 2 - total[:, 1:].square().sum(dim=1)
        found[f"dphi {first} {second}"] = torch.cos(found[f"phi {first}"] - found[f"phi {second}"])
    total = p[:, 0] + p[:, 1]
    found["s_hat"] = total[:, 0] ** 2 - total[:, 3] ** 2
    found["y of the system"] = torch.atanh(total[:, 3] / total[:, 0])
    return found


class Spoilt:
    """A surrogate with a slope that the exact amplitude does not have."""

    def __init__(self, element: ColouredMatrixElement) -> None:
        self.element = element
        self.process, self.parameters = element.process, element.parameters

    def __call__(self, momenta: Tensor, alpha_s: Tensor | float) -> Tensor:
        """Return |M|^2 times 1 + 0.3 tanh(rapidity of the gluon)."""
        return self.element(momenta, alpha_s) * (1 + 0.3 * momenta[:, 4, 3] / momenta[:, 4, 0])


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=30)
    parser.add_argument("--events", type=int, default=3000)
    parser.add_argument("--points", type=int, default=30_000)
    parser.add_argument("--worse", action="store_true", help="spoil the surrogate")
    parser.add_argument("--biased", action="store_true", help="spoil it, without second stage")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    process = assemble(RunCard.model_validate(CARD))
    result = integrate(process, evaluations=60_000, seed=1, method="vegas", overweight=OVERWEIGHT)
    draw = sampler_draws(process, result.sampler, Process.parse(PROCESS))
    momenta = points_from_draws(draw, arguments.points, seed=5)
    points = evaluate_points(momenta, matrix_element(PROCESS), 0.118, "sampler")
    settings = TrainingSettings(hidden=(48, 48), epochs=15, batch=512)
    emulator = Emulator.fit(
        points.momenta, points.me2, PROCESS, seed=1, alpha_s=0.118, settings=settings
    )
    emulated = emulated_process(process, [emulator])
    if arguments.worse or arguments.biased:
        (amplitude,) = emulated.amplitudes
        element = Spoilt(amplitude.matrix_element)
        emulated.amplitudes = (replace(amplitude, matrix_element=element),)  # type: ignore[arg-type]
    source = TwoStageSource.of(result.sampler, emulated, process)
    maxima = prepare_two_stage(source, seed=11, pilot=20_000, overweight=OVERWEIGHT).two_stage
    wrong = Sampler(
        emulated, result.sampler.mixture, result.sampler.channel_weights,
        result.sampler.probability, result.sampler.maximum,
    )  # fmt: skip
    print(
        f"{PROCESS}: emulator median {emulator.card.test.median:.3%}, 99% "
        f"{emulator.card.test.quantile99:.2%}; efficiencies {maxima.first_efficiency:.3f} and "
        f"{maxima.second_efficiency:.3f}"
    )
    p_values: dict[str, list[float]] = {}
    pulls, start = [], time.process_time()
    for pair in range(arguments.pairs):
        book = TwoStageRecord()
        if arguments.biased:
            stream = unweight(wrong, arguments.events, seed=1000 + pair)
        else:
            stream = two_stage_unweight(  # type: ignore[assignment]
                source, arguments.events, maxima, seed=1000 + pair, record=book
            )
        two = [torch.cat(part) for part in zip(*stream, strict=True)]
        plain = [
            torch.cat(part)
            for part in zip(
                *unweight(result.sampler, arguments.events, seed=5000 + pair), strict=True
            )
        ]
        found = compare_samples(
            observables(process, two[0], two[1]), two[2],
            observables(process, plain[0], plain[1]), plain[2],
        )  # fmt: skip
        for name, p_value in found.items():
            p_values.setdefault(name, []).append(p_value)
        if book.trials:
            error = (book.error**2 + result.error**2) ** 0.5
            pulls.append((book.value - result.value) / error)
    everything = [p for own in p_values.values() for p in own]
    single = {name: uniformity(own) for name, own in p_values.items()}
    worst = min(single, key=lambda name: single[name])
    print(
        f"  {arguments.pairs} pairs of {arguments.events} events, {len(p_values)} observables, "
        f"{time.process_time() - start:.0f} s\n"
        f"  p < 0.05: {sum(p < 0.05 for p in everything) / len(everything):.1%}, p < 0.01: "
        f"{sum(p < 0.01 for p in everything) / len(everything):.1%}, smallest "
        f"{min(everything):.2g} of {len(everything)}\n"
        f"  uniformity over the pairs: smallest of {len(single)} observables {single[worst]:.2g} "
        f"({worst}), times their number {min(1.0, len(single) * single[worst]):.2g}"
    )
    if pulls:
        pull = torch.tensor(pulls)
        print(f"  cross section: pulls {float(pull.mean()):+.2f} +- {float(pull.std()):.2f}")


if __name__ == "__main__":
    main()
