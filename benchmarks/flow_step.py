# SPDX-License-Identifier: GPL-3.0-or-later
"""Time a training step and the sampling of our flow against madnis and stock normflows.

Eight dimensions, 6 coupling blocks, 10 bins, networks of three layers of 32, batch 4096, single
precision, one thread.  A step draws a batch from the flow, evaluates the density with gradients,
and takes one Adam step on the KL divergence.  The three are timed in turn, round by round, so
that their ratios hold on a busy machine; the table shows medians.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

DIM, BLOCKS, BINS, BATCH = 8, 6, 10, 4096

LogProb = Callable[[Tensor], Tensor]
Draw = Callable[[int], Tensor]


def _ours() -> tuple[torch.nn.Module, LogProb, Draw]:
    from mcsurrogate.flows import HypercubeFlow

    flow = HypercubeFlow(DIM, blocks=BLOCKS, bins=BINS, hidden=(32, 32))
    return flow, flow.log_prob, lambda n: flow.sample(n, dtype=torch.float32)[0]


def _madnis() -> tuple[torch.nn.Module, LogProb, Draw]:
    from madnis.nn import Flow

    flow = Flow(dims_in=DIM, permutations="log", bins=BINS, layers=3, units=32)

    @torch.no_grad()
    def draw(n: int) -> Tensor:
        return flow.sample(n, return_prob=True)[0]

    return flow, flow.log_prob, draw


def _normflows() -> tuple[torch.nn.Module, LogProb, Draw]:
    import normflows as nf

    layers = [
        nf.flows.CoupledRationalQuadraticSpline(
            DIM, 1, 32, num_bins=BINS, tails="linear", tail_bound=1.0, reverse_mask=bool(i % 2)
        )
        for i in range(BLOCKS)
    ]
    flow = nf.NormalizingFlow(nf.distributions.base.Uniform(DIM, -1.0, 1.0), layers)

    @torch.no_grad()
    def draw(n: int) -> Tensor:
        return flow.sample(n)[0]

    return flow, flow.log_prob, draw


def _stepper(module: torch.nn.Module, log_prob: LogProb, draw: Draw) -> Callable[[], None]:
    optimizer = torch.optim.Adam([p for p in module.parameters() if p.numel()], lr=1e-3)

    def step() -> None:
        x = draw(BATCH)
        optimizer.zero_grad()
        # any integrand will do: it is not what is timed
        weight = (-((x - 0.3) ** 2).sum(1)).exp()
        loss = -(weight * log_prob(x)).mean()
        loss.backward()
        optimizer.step()

    return step


def main() -> None:
    """Run the benchmark and print the table."""
    parser = argparse.ArgumentParser(description="flow training step and sampling")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", type=Path, help="write the figures there")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(1)
    parts = {"mcsurrogate": _ours(), "madnis": _madnis(), "normflows": _normflows()}
    steps = {name: _stepper(*part) for name, part in parts.items()}
    draws = {name: part[2] for name, part in parts.items()}
    times: dict[str, dict[str, list[float]]] = {name: {"step": [], "sample": []} for name in parts}
    for turn in range(options.rounds + 2):
        for name in parts:
            start = time.process_time()
            steps[name]()
            middle = time.process_time()
            draws[name](BATCH)
            end = time.process_time()
            if turn >= 2:  # the first rounds warm up
                times[name]["step"].append(middle - start)
                times[name]["sample"].append(end - middle)
    medians = {
        name: {kind: statistics.median(values) for kind, values in kinds.items()}
        for name, kinds in times.items()
    }
    ours = medians["mcsurrogate"]
    print(f"{'':14}{'step ms':>10}{'ours/its':>10}{'samples kHz':>14}")
    for name, kinds in medians.items():
        print(
            f"{name:14}{1e3 * kinds['step']:10.1f}{ours['step'] / kinds['step']:10.2f}"
            f"{1e-3 * BATCH / kinds['sample']:14.0f}"
        )
    if options.json is not None:
        options.json.write_text(json.dumps(medians, indent=1))


if __name__ == "__main__":
    main()
