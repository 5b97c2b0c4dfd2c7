# SPDX-License-Identifier: GPL-3.0-or-later
"""Null calibration of the validation: every test on pairs of samples of one distribution.

    python benchmarks/validation_null.py OUT FILE [FILE ...] [--pairs 200] [--events 2000]
        [--width 0] [--small]
    python benchmarks/validation_null.py OUT --kinds FOLDER [--pairs 1000]

Events of the FILEs (HepMC, one process) are read once.  For each pair two disjoint random parts
of `--events` events are drawn and compared as `mcsurrogate validate` compares files, classifier
included; the p-values are appended to OUT (one JSON line a pair), so that a stopped run goes on.
The difference of two disjoint random parts scatters as that of independent samples, whatever the
size of the pool.  With `--width` events get lognormal weights that know nothing of them: few
effective events.  `--small` does it for 1 to 100 events, and for 1,000 whose weights leave 2 to 100
effective ones, and prints a line for each.  `--kinds` goes round all of `KINDS`, from pools that
are generated into FOLDER; each `DEEP_EVERY`-th round trains the networks on particles too, with
`DEEP_EVENTS` events a side, and each `WORTH_EVERY`-th asks what a candidate is worth that is drawn
with replacement from as many events as it has.  Printed otherwise: the shares of the verdicts, and
for each test the Kolmogorov p-value of its p-values against the uniform distribution, over all
pairs (and observables).
"""

import argparse
import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
from null_pool import KINDS, SAMPLES, Pool, pool_file
from scipy import stats

from mcsurrogate.validation.amplification import amplification
from mcsurrogate.validation.comparison import Comparison, compare
from mcsurrogate.validation.features import FeatureMap
from mcsurrogate.validation.plan import Planner
from mcsurrogate.validation.verdict import Tolerance

DEEP_EVERY, DEEP_EVENTS, WORTH_EVERY = 40, 200, 4


def p_values(found: Comparison) -> dict[str, object]:
    """All p-values of a comparison."""
    rows: dict[str, dict[str, float]] = {"chi2": {}, "shape": {}, "rate": {}, "scan": {}}
    rows |= {"ks": {}, "wasserstein": {}}
    for r in found.results:
        for name, test in (("chi2", "full"), ("shape", "shape"), ("rate", "rate")):
            one = getattr(r.binned, test)
            if one.ndf:
                rows[name][r.observable.name] = one.p_value
        if r.binned.full.ndf:
            rows["scan"][r.observable.name] = math.exp(r.binned.scan.log_p)
        if r.marginal is not None and r.binned.full.ndf:
            rows["ks"][r.observable.name] = math.exp(r.marginal.ks.log_p)
            rows["wasserstein"][r.observable.name] = math.exp(r.marginal.wasserstein.log_p)
    return {
        "verdict": found.verdict.value,
        "reasons": [str(reason) for reason in found.reasons],
        "effective_events": min(
            s.weights.effective_events for s in (found.candidate, found.reference)
        ),
        "uniformity": found.uniformity.p_value,
        "excess": found.uniformity.excess_p_value,
        "smallest_adjusted": min(r.adjusted_p for r in found.results if r.counts),
        "global": {t.name: t.p_value for t in found.global_tests},
        "rows": rows,
    }


def summarize(lines: list[dict[str, object]]) -> None:
    """Print how uniform everything is."""
    n = len(lines)
    for verdict in sorted({str(line["verdict"]) for line in lines}):
        share = sum(line["verdict"] == verdict for line in lines) / n
        print(f"{n} pairs, verdict {verdict}: {round(share * n)} ({100 * share:.2g}%)")
    effective = np.median([line["effective_events"] for line in lines])
    print(f"effective events of the smaller sample: {effective:.3g} in the median")
    print(f"{'test':22s} {'pairs x observables':>20s} {'KS p':>8s} {'< 0.01':>8s} {'< 0.001':>8s}")
    for name in dict.fromkeys(name for line in lines for name in line["rows"]):
        _summarize_rows(name, [line["rows"][name] for line in lines if name in line["rows"]])
    summarize_whole(lines)


def _summarize_rows(name: str, rows: list[dict[str, float]]) -> None:
    """Print how uniform a test of single observables is."""
    columns: dict[str, list[float]] = {}
    for row in rows:
        for observable, p in row.items():
            columns.setdefault(observable, []).append(p)
    # observables that vary in every pair: rare ones have too few different values
    full = {k: v for k, v in columns.items() if len(v) == len(rows)}
    if not full:
        return
    each = {k: stats.kstest(v, "uniform").pvalue for k, v in full.items()}
    worst = min(each, key=lambda k: each[k])
    flat = np.concatenate(list(full.values()))
    # observables of a pair are correlated: smallest of their KS p-values times their number
    adjusted = min(1.0, each[worst] * len(each))
    print(
        f"{name:22s} {f'{len(rows)} x {len(each)}':>20s} {adjusted:8.3f} "
        f"{(flat < 0.01).mean():8.4f} {(flat < 0.001).mean():8.5f}   worst alone: {worst}, "
        f"KS p = {each[worst]:.2g}"
    )


def summarize_whole(lines: list[dict[str, object]]) -> None:
    """Print how uniform the tests of all observables at once are, where there are any."""
    columns: dict[str, list[float]] = {}
    for line in lines:
        own = line["global"] | {k: line[k] for k in ("uniformity", "excess")}
        for name, p in own.items():
            columns.setdefault(name, []).append(p)
    for name, values in columns.items():
        column = np.array(values)
        print(
            f"{name:22s} {len(column):20d} {stats.kstest(column, 'uniform').pvalue:8.3f} "
            f"{(column < 0.01).mean():8.4f} {(column < 0.001).mean():8.5f}"
        )


SMALL = (
    *((n, 0.0) for n in (1, 2, 5, 10, 20, 49, 50, 70, 100)),
    *((1000, width) for width in (6.0, 4.0, 2.5, 1.9, 1.5)),
)
"""Events and width of their lognormal weights: 2 to 140 effective ones in the median."""


def compared(
    pool: Pool, pair: int, events: int, width: float, *, deep: bool = False, worth: bool = False
) -> dict[str, object]:
    """All p-values of two disjoint random parts of the pool."""
    random = np.random.default_rng((1, pair))
    order = random.permutation(pool.events)
    size = min(events, pool.events // 2)
    halves = order[:size], order[size : 2 * size]
    plan = replace(pool.plan, deep=DEEP_EVENTS if deep else 0)
    samples = [
        pool.sample(f"half {i}", half, np.exp(width * random.standard_normal(size)), plan=plan)
        for i, half in enumerate(halves)
    ]
    found = p_values(compare(*samples, Tolerance(), seed=pair + 1))
    if worth:
        found["rows"]["worth"] = _worth(pool, halves, random)
    return found


def _worth(
    pool: Pool, halves: tuple[np.ndarray, np.ndarray], random: np.random.Generator
) -> dict[str, float]:
    """Probability, by observable, that a candidate worth its training deviates as much."""
    trained = halves[0]
    drawn = trained[random.integers(len(trained), size=len(trained))]
    none = FeatureMap((), np.empty(0), np.empty(0))
    plan = replace(pool.plan, reservoir=0, deep=0, grids={}, features=none)
    samples = [pool.sample(f"half {i}", x, plan=plan) for i, x in enumerate((drawn, halves[1]))]
    found = compare(*samples, Tolerance())
    return {row.name: row.p_degraded for row in amplification(found, len(trained)).rows}


def all_kinds(out: Path, folder: Path, pairs: int) -> None:
    """Compare pairs of all kinds in turn, and print how uniform everything is."""
    lines = [json.loads(x) for x in out.read_text().splitlines()] if out.exists() else []
    pools: dict[str, Pool] = {}
    for number in range(len(lines), pairs):
        turn, which = divmod(number, len(KINDS))
        name, kind = list(KINDS.items())[which]
        if kind.pool not in pools:
            planner = Planner(reservoir=50_000, deep=DEEP_EVENTS)
            most = SAMPLES[kind.pool][0]
            pools[kind.pool] = Pool([pool_file(folder, kind.pool)], planner, most)
        line = compared(
            pools[kind.pool],
            number,
            kind.events,
            kind.width,
            deep=turn % DEEP_EVERY == DEEP_EVERY - 1,
            worth=turn % WORTH_EVERY == 0 and not kind.width,
        )
        lines.append({"kind": name} | line)
        with out.open("a") as file:
            file.write(json.dumps(lines[-1]) + "\n")
    for name in KINDS:
        print(f"\n{name}")
        summarize([line for line in lines if line["kind"] == name])
    print("\nall kinds")
    summarize_whole(lines)


def small(out: Path, pool: Pool, pairs: int) -> None:
    """Print verdicts and small p-values of small samples, a line for each kind."""
    print(f"{'events':>7s} {'effective':>10s} {'undecided':>10s} {'differs':>8s} {'tested':>9s} "
          f"{'p < 0.01':>9s} {'p < 0.001':>9s}   any test of rows and of all together")  # fmt: skip
    for events, width in SMALL:
        lines = [compared(pool, pair, events, width) for pair in range(pairs)]
        with out.open("a") as file:
            for line in lines:
                file.write(json.dumps({"events": events, "width": width} | line) + "\n")
        tested = [line for line in lines if line["verdict"] != "undecided"]
        p = [
            np.array([p for line in tested for p in line["rows"][name].values()])
            for name in ("chi2", "scan", "ks", "wasserstein")
        ]
        flat = np.concatenate([*p, [x for line in tested for x in line["global"].values()]])
        shares = [f"{(flat < x).mean():9.4f}" if len(flat) else f"{'-':>9s}" for x in (0.01, 1e-3)]
        effective = np.median([line["effective_events"] for line in lines])
        differs = sum(line["verdict"] == "differs" for line in lines)
        print(
            f"{events:7d} {effective:10.3g} {pairs - len(tested):10d} {differs:8d} "
            f"{len(flat):9d} {shares[0]} {shares[1]}",
            flush=True,
        )


def main() -> None:
    """Run the calibration."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("files", type=Path, nargs="*")
    parser.add_argument("--kinds", type=Path, help="folder of pools: all kinds in turn")
    parser.add_argument("--pairs", type=int, default=200)
    parser.add_argument("--events", type=int, default=2000)
    parser.add_argument("--observables", nargs="*", help="names; by default a preset")
    parser.add_argument("--width", type=float, default=0.0, help="of lognormal event weights")
    parser.add_argument("--reservoir", type=int, default=50_000)
    parser.add_argument("--small", action="store_true", help="samples of 1 to 100 events")
    arguments = parser.parse_args()
    out: Path = arguments.out
    if arguments.kinds:
        all_kinds(out, arguments.kinds, arguments.pairs)
        return
    planner = Planner(observables=arguments.observables, reservoir=arguments.reservoir)
    if arguments.small:
        small(out, Pool(arguments.files, planner), arguments.pairs)
        return
    lines = [json.loads(x) for x in out.read_text().splitlines()] if out.exists() else []
    if len(lines) < arguments.pairs:
        pool = Pool(arguments.files, planner)
        print(f"{pool.events} events, {len(pool.plan.observables)} observables", flush=True)
        for pair in range(len(lines), arguments.pairs):
            lines.append(compared(pool, pair, arguments.events, arguments.width))
            with out.open("a") as file:
                file.write(json.dumps(lines[-1]) + "\n")
    summarize(lines[: arguments.pairs])


if __name__ == "__main__":
    main()
