# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the quoted error can be believed: many seeds against a known integral.

Run ``python benchmarks/coverage.py`` for a short look.  Each line of the result tells, for one
integral and one method, how many seeds lie within one quoted error (68.3% should), within three,
how many carry a warning, how many are wrong by more than three errors without one, and the mean
and the spread of (value - exact) / error (0 and 1 for honest errors).

    python benchmarks/coverage.py --problem gg_ttx --method vegas --evaluations 10000 --seeds 100
    python benchmarks/coverage.py --problem gg_ttx --method madnis --evaluations 20000 --seeds 100
    python benchmarks/coverage.py --problem "shell 4-d" --evaluations 100000 --seeds 40
    python benchmarks/coverage.py --problem "camel 8-d" --evaluations 100000 --seeds 20
    python benchmarks/coverage.py --problem "camel 8-d" --evaluations 400000 --seeds 20

Seeds that are done are kept in the file of ``--keep``, and not done again.  With ``--redraws N``
the trained sampler of each seed is sampled N times more, by as many points as its last iteration
had: mean and spread of the pulls of these means tell whether weights and their variance are right,
with much less noise than as many trainings.
"""

import argparse
import json
import math
import time
from pathlib import Path

import torch

# the suite lies beside this file
from integrands import SUITE, Problem

from mcsurrogate.cards import RunCard, load_card
from mcsurrogate.hard_process import assemble
from mcsurrogate.integration import Integrand, IntegrationResult, integrate

_CARDS = Path(__file__).parent.parent / "cards"
_GG_TTX_PB = 11.36813
"""Gauss-Legendre quadrature with MadGraph's |M|^2, tests/data/oracle/README.md."""


def problem(name: str) -> Problem:
    """Find a function of the suite, or the process of ``cards/gg_ttx.toml``."""
    if name == "gg_ttx":
        process = assemble(load_card(_CARDS / "gg_ttx.toml", RunCard))
        return Problem(name, process.dim, process, _GG_TTX_PB)
    return next(p for p in SUITE if p.name == name)


def redrawn_pulls(
    result: IntegrationResult, exact: float, redraws: int, seed: int
) -> tuple[float, float]:
    """Mean and spread of the pulls of ``redraws`` fresh samples of a trained sampler."""
    points = result.history[-1].points
    generator = torch.Generator().manual_seed(10**6 + seed)
    pulls = []
    for _ in range(redraws):
        weight = result.sampler.sample(points, generator).weight
        pulls.append((weight.mean() - exact) / (weight.std() / math.sqrt(points)))
    found = torch.stack(pulls)
    return float(found.mean()), float(found.std())


def run(
    task: Problem, method: str, evaluations: int, seed: int, redraws: int = 0
) -> dict[str, object]:
    """One seed."""
    dim = None if isinstance(task.function, Integrand) else task.dim
    start = time.process_time()
    result = integrate(task.function, dim=dim, evaluations=evaluations, seed=seed, method=method)
    seconds = time.process_time() - start
    row: dict[str, object] = {
        "problem": task.name,
        "method": method,
        "evaluations": evaluations,
        "seed": seed,
        "pull": (result.value - task.exact) / result.error,
        "ratio": result.value / task.exact,
        "relative_std_dev": result.relative_std_dev,
        "warnings": list(result.warnings),
        "seconds": seconds,
    }
    if redraws > 1:
        row["redrawn"] = redrawn_pulls(result, task.exact, redraws, seed)
    return row


def summary(rows: list[dict[str, object]]) -> str:
    """One line about many seeds."""
    pulls = torch.tensor([float(str(row["pull"])) for row in rows], dtype=torch.float64)
    flagged = torch.tensor([bool(row["warnings"]) for row in rows])
    n = len(rows)
    inside = float((pulls.abs() < 1).double().mean())
    spread = math.sqrt(max(inside * (1 - inside), 1 / n) / n)
    wrong = int(((pulls.abs() > 3) & ~flagged).sum())
    seconds = sum(float(str(row["seconds"])) for row in rows) / n
    deviation = float(pulls.std()) if n > 1 else math.nan
    return (
        f"{rows[0]['problem']}, {rows[0]['method']}, {rows[0]['evaluations']} evaluations: "
        f"{n} seeds, within 1 sigma {100 * inside:.0f} +- {100 * spread:.0f}%, "
        f"within 3 sigma {int((pulls.abs() < 3).sum())}, flagged {int(flagged.sum())}, "
        f"wrong without a flag {wrong}; pull {float(pulls.mean()):.2f} +- {deviation:.2f}; "
        f"{seconds:.1f} CPU s a seed"
    )


def main() -> None:
    """Run the seeds and print the summary."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--problem", default="gg_ttx")
    parser.add_argument("--method", choices=("vegas", "madnis"), default="madnis")
    parser.add_argument("--evaluations", type=int, default=20_000)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first", type=int, default=1, help="first seed")
    parser.add_argument("--redraws", type=int, default=0, help="fresh samples of each sampler")
    parser.add_argument("--keep", type=Path, help="file of finished seeds, a line each")
    options = parser.parse_args()
    torch.set_num_threads(1)
    task = problem(options.problem)
    done: dict[tuple[object, ...], dict[str, object]] = {}
    keys = ("problem", "method", "evaluations", "seed")
    if options.keep is not None and options.keep.exists():
        for line in options.keep.read_text().splitlines():
            row = json.loads(line)
            done[tuple(row[k] for k in keys)] = row
    rows = []
    for seed in range(options.first, options.first + options.seeds):
        key = (task.name, options.method, options.evaluations, seed)
        if key not in done:
            done[key] = run(task, options.method, options.evaluations, seed, options.redraws)
            if options.keep is not None:
                with options.keep.open("a") as stream:
                    stream.write(json.dumps(done[key]) + "\n")
        rows.append(done[key])
        print(
            f"seed {seed}: pull {done[key]['pull']:.2f} {done[key].get('redrawn', '')} "
            f"{done[key]['warnings'] or ''}",
            flush=True,
        )
    print(summary(rows))


if __name__ == "__main__":
    main()
