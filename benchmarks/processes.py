# SPDX-License-Identifier: GPL-3.0-or-later
"""Real processes: our integrator against VEGAS+ and madnis on the same channels.

``python benchmarks/processes.py --cards pp_ttj --evaluations 100000`` prints, for each card and
each integrator with the same number of evaluations of the same integrand, training included:
cross section, relative standard deviation, unweighting efficiency at an overweight fraction of
0.1%, CPU seconds (integrand and all), and for what is not VEGAS+ the break-even cost: the seconds
that a |M|^2 must take for the integrator to be the cheaper one for 100,000 unweighted events,
training included.

Integrators are ``flow`` (mcsurrogate with a normalizing flow), ``vegas`` (mcsurrogate's VEGAS+),
``vegas-diagrams`` (the same on one channel for each diagram), ``vegas-package`` (VEGAS+ of the
vegas package) and ``madnis`` (madnis 1.0).
"""

import argparse
import json
import math
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch

from mcsurrogate.cards import RunCard, load_card
from mcsurrogate.hard_process import HardProcess, assemble
from mcsurrogate.integration import IntegrationResult, integrate
from mcsurrogate.integration.unweighting import unweighting_efficiency

_CARDS = Path(__file__).parent.parent / "cards"
PROCESSES = (
    "lhc_gg_ttxg",
    "lhc_gg_ttxgg",
    "lhc_gg_wpduxg",
    "lhc_gg_wpduxgg",
    "lhc_uc_wpwpds",
    "pp_ttj",
    "lhc_pp_ttjj",
)
_EVENTS = 100_000


@dataclass(frozen=True)
class Outcome:
    """What an integrator reached; seconds are CPU seconds, ``evaluations`` all that it used."""

    value: float
    error: float
    relative_std_dev: float
    efficiency: float
    efficiency_error: float
    seconds: float
    integrand_seconds: float
    evaluations: int
    trained: int
    seconds_per_sample: float
    note: str = ""


def load(card: str, mapping: str, helicities: str, subprocesses: str) -> HardProcess:
    """Assemble a card with another mapping or other discrete dimensions."""
    content = load_card(_CARDS / f"{card}.toml", RunCard).model_dump()
    content["phase_space"]["mapping"] = mapping
    content["integration"].update(helicities=helicities, subprocesses=subprocesses)
    return assemble(RunCard.model_validate(content))


def run_ours(process: HardProcess, method: str, evaluations: int, seed: int) -> Outcome:
    """Our own integrator."""
    result = integrate(process, evaluations=evaluations, seed=seed, method=method)
    frozen = sum(e.points for e in result.history if e.phase in ("integration", "frozen"))
    return Outcome(
        result.value,
        result.error,
        result.relative_std_dev,
        result.unweighting_efficiency,
        result.unweighting_efficiency_error,
        result.seconds,
        result.integrand_seconds,
        result.evaluations,
        result.evaluations - frozen,
        _sampling_seconds(result),
        "FLAGGED: " + "; ".join(result.warnings) if result.warnings else "",
    )


def _sampling_seconds(result: IntegrationResult, points: int = 8192) -> float:
    """CPU seconds to draw a point, without the integrand."""
    generator = torch.Generator().manual_seed(1)
    channel = torch.randint(result.sampler.channels, (points,), generator=generator)
    start = time.process_time()
    result.sampler.mixture.sample(channel, generator)
    return (time.process_time() - start) / points


def run_vegas_package(process: HardProcess, evaluations: int, seed: int) -> Outcome:
    """VEGAS+ of the vegas package, channel by channel; half the evaluations adapt."""
    import vegas

    rng = np.random.default_rng(seed)
    start, inside = time.process_time(), 0.0
    value, variance, deviation = 0.0, 0.0, 0.0
    weights, channels, used = [], [], 0
    for k in range(process.channels):

        @vegas.lbatchintegrand
        def batch(x: np.ndarray, k: int = k) -> np.ndarray:
            nonlocal inside
            begin = time.process_time()
            u = torch.from_numpy(np.ascontiguousarray(x))
            with torch.no_grad():
                out = process(u, torch.full((len(u),), k))
            inside += time.process_time() - begin
            prior = 1.0 if out.prior is None else out.prior[:, k]
            return (out.weight * prior).numpy()

        integrator = vegas.Integrator([[0, 1]] * process.dim, ran_array_generator=rng.random)
        per_iteration = evaluations // process.channels // 20
        first = integrator(batch, nitn=10, neval=per_iteration)
        final = integrator(batch, nitn=5, neval=per_iteration, adapt=False)
        value += float(np.mean([r.mean for r in final.itn_results]))
        spread = float(np.mean([r.sdev**2 for r in final.itn_results])) / len(final.itn_results)
        variance += spread
        deviation += math.sqrt(spread * final.sum_neval)
        used += first.sum_neval + final.sum_neval
        # single points of the frozen map, for the unweighting
        for _ in range(5):
            one = [batch(x) * w for x, w in integrator.random_batch()]
            points = np.concatenate(one)
            weights.append(torch.from_numpy(points * len(points)))
            channels.append(k)
            used += len(points)
    seconds = time.process_time() - start
    joined = torch.cat(weights)
    index = torch.cat([torch.full((len(w),), k) for w, k in zip(weights, channels, strict=True)])
    efficiency = unweighting_efficiency(
        joined, index, process.channels, torch.Generator().manual_seed(seed)
    )
    return Outcome(
        value,
        math.sqrt(variance),
        deviation / abs(value),
        efficiency.value,
        efficiency.error,
        seconds,
        inside,
        used,
        used // 2,
        2e-7,
    )


def run_madnis(process: HardProcess, evaluations: int, seed: int) -> Outcome:
    """Run madnis, see :mod:`madnis_peer`."""
    from madnis_peer import MadnisPeer

    start = time.process_time()
    peer = MadnisPeer(process)
    integrator, last = peer.train(evaluations, seed)
    begin, before = time.process_time(), peer.seconds
    sample = integrator.sample(last)
    per_sample = (time.process_time() - begin - (peer.seconds - before)) / last
    seconds = time.process_time() - start
    weight = sample.weights.double()
    several_channels = sample.channels is not None
    channel = sample.channels if several_channels else torch.zeros(len(weight), dtype=torch.int64)
    counts = torch.bincount(channel, minlength=process.channels).double()
    value, variance, deviation = 0.0, 0.0, 0.0
    for k in range(process.channels):
        own = weight[channel == k]
        if len(own) < 2:
            continue
        value += float(own.mean())
        variance += float(own.var()) / float(counts[k])
        deviation += float(own.std())
    efficiency = unweighting_efficiency(
        weight, channel, process.channels, torch.Generator().manual_seed(seed)
    )
    return Outcome(
        value,
        math.sqrt(variance),
        math.sqrt(variance * last) / abs(value),
        efficiency.value,
        efficiency.error,
        seconds,
        peer.seconds,
        evaluations,
        evaluations - last,
        per_sample,
    )


def break_even(vegas: Outcome, other: Outcome) -> float:
    """Seconds a |M|^2 from which the other one needs less CPU time for 100,000 events.

    Both pay for adaptation or training, for drawing points, and for the integrand at each.
    """

    def fixed(o: Outcome) -> float:
        drawing = _EVENTS / max(o.efficiency, 1e-9) * o.seconds_per_sample
        return o.seconds - o.integrand_seconds + drawing

    def evaluations(o: Outcome) -> float:
        return o.trained + _EVENTS / max(o.efficiency, 1e-9)

    saved = evaluations(vegas) - evaluations(other)
    return max(0.0, (fixed(other) - fixed(vegas)) / saved) if saved > 0 else math.inf


def main() -> None:
    """Run the comparison and print it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--cards", default="lhc_gg_ttxg", help=f"of {', '.join(PROCESSES)}, or all")
    parser.add_argument("--evaluations", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--mapping", default="auto", choices=("auto", "diagrams", "transverse"))
    parser.add_argument("--helicities", default="sum", choices=("sum", "sample"))
    parser.add_argument("--subprocesses", default="sum", choices=("sum", "sample"))
    parser.add_argument("--integrators", default="vegas,flow,madnis")
    parser.add_argument("--keep", type=Path, help="append a JSON line for each result")
    options = parser.parse_args()
    torch.set_num_threads(1)
    print(
        f"{'':16}{'integrator':16}{'sigma [pb]':>24}{'rsd':>8}{'efficiency':>18}"
        f"{'CPU s':>8}{'|M|^2':>8}{'break-even':>12}"
    )
    for card in PROCESSES if options.cards == "all" else options.cards.split(","):
        reference: Outcome | None = None
        for name in options.integrators.split(","):
            mapping = "diagrams" if name == "vegas-diagrams" else options.mapping
            process = load(card, mapping, options.helicities, options.subprocesses)
            if name == "madnis":
                outcome = run_madnis(process, options.evaluations, options.seed)
            elif name == "vegas-package":
                outcome = run_vegas_package(process, options.evaluations, options.seed)
            else:
                method = "madnis" if name == "flow" else "vegas"
                outcome = run_ours(process, method, options.evaluations, options.seed)
            if name == "vegas":
                reference = outcome
            cost = math.nan if reference is None else break_even(reference, outcome)
            text = "" if reference is None or name == "vegas" else f"{1e6 * cost:.0f} us"
            print(
                f"{card:16}{name:16}{outcome.value:15.5g} +- {outcome.error:5.1g}"
                f"{outcome.relative_std_dev:8.3f}{outcome.efficiency:9.4f} +- "
                f"{outcome.efficiency_error:.4f}{outcome.seconds:8.1f}"
                f"{outcome.integrand_seconds:8.1f}{text:>12}  {outcome.note}",
                flush=True,
            )
            if options.keep is not None:
                row = {"card": card, "integrator": name, "mapping": mapping, **asdict(outcome)}
                row |= {"asked": options.evaluations, "seed": options.seed}
                with options.keep.open("a") as stream:
                    stream.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
