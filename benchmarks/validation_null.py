"""Null calibration of the validation: every test on pairs of halves of one sample.

    python benchmarks/validation_null.py OUT FILE [FILE ...] [--pairs 200] [--events 2000]
        [--width 0] [--small]

Events of the FILEs (HepMC, one process) are read once.  For each pair two disjoint random parts
of `--events` events are drawn and compared as `mcsurrogate validate` compares files, classifier
included; the p-values are appended to OUT (one JSON line a pair), so that a stopped run goes on.
The difference of two disjoint random parts scatters as that of independent samples, whatever the
size of the pool.  With `--width` events get lognormal weights that know nothing of them: few
effective events.  `--small` does it for 1 to 100 events, and for 1,000 whose weights leave 2 to 100
effective ones, and prints a line for each.  Printed otherwise: the shares of the verdicts, and for
each test the Kolmogorov p-value of its p-values against the uniform distribution, over all pairs
(and observables).
"""

import argparse
import json
import math
from pathlib import Path

import numpy as np
from scipy import stats

from mcsurrogate.analysis.selection import Events
from mcsurrogate.events.hepmc_reader import EventFile, FileSummary
from mcsurrogate.validation.comparison import Comparison, compare
from mcsurrogate.validation.histograms import Values
from mcsurrogate.validation.plan import Plan, Planner
from mcsurrogate.validation.repeated import event_hashes
from mcsurrogate.validation.sample import Sample
from mcsurrogate.validation.verdict import Tolerance


class Pool:
    """Values of all observables for all events of some files."""

    def __init__(self, paths: list[Path], planner: Planner) -> None:
        parts: list[list[Values]] = []
        self.hashes = np.empty(0, dtype=np.uint64)
        events = 0
        for path in paths:
            for chunk in EventFile(path).chunks():
                seen = Events(chunk, np.ones(len(chunk)))
                plan = planner(seen)
                values = []
                for observable in plan.observables:
                    own = observable.values(seen)
                    event = np.arange(len(chunk)) if own.event is None else own.event
                    order = np.argsort(event, kind="stable")
                    entry = None if own.entry_weights is None else own.entry_weights[order]
                    values.append(Values(own.values[order], event[order] + events, entry))
                parts.append(values)
                self.hashes = np.concatenate((self.hashes, event_hashes(seen.final)))
                events += len(chunk)
        assert planner.plan is not None
        self.plan: Plan = planner.plan
        self.events = events
        self.single = [o.values(seen).event is None for o in self.plan.observables]
        self.values, self.entries, self.offsets = [], [], []
        for i in range(len(self.plan.observables)):
            event = np.concatenate([p[i].event for p in parts])
            self.values.append(np.concatenate([p[i].values for p in parts]))
            entries = [p[i].entry_weights for p in parts]
            self.entries.append(None if entries[0] is None else np.concatenate(entries))
            counts = np.bincount(event, minlength=events)
            self.offsets.append(np.concatenate(([0], np.cumsum(counts))))

    def sample(self, label: str, chosen: np.ndarray, weights: np.ndarray | None = None) -> Sample:
        """Sample of some of the events, with weights of their own."""
        summary = FileSummary(Path(label), events=len(chosen))
        sample = Sample(label, summary, self.plan)
        values = []
        for i, single in enumerate(self.single):
            if single:
                values.append(Values(self.values[i][chosen]))
                continue
            first, last = self.offsets[i][chosen], self.offsets[i][chosen + 1]
            counts = last - first
            place = np.arange(counts.sum()) + np.repeat(first - np.cumsum(counts) + counts, counts)
            entries = None if self.entries[i] is None else self.entries[i][place]
            event = np.repeat(np.arange(len(chosen)), counts)
            values.append(Values(self.values[i][place], event, entries))
        if weights is None:
            weights = np.ones(len(chosen))
        sample.fill_values(values, weights, 0)
        sample.hashes.add(self.hashes[chosen])
        sample.weight_table.add(weights[:, None], 0)
        return sample


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
        columns: dict[str, list[float]] = {}
        for line in lines:
            for observable, p in line["rows"][name].items():
                columns.setdefault(observable, []).append(p)
        # observables that vary in every pair: rare ones have too few different values
        full = {k: v for k, v in columns.items() if len(v) == n}
        if not full:
            continue
        each = {k: stats.kstest(v, "uniform").pvalue for k, v in full.items()}
        worst = min(each, key=lambda k: each[k])
        flat = np.concatenate(list(full.values()))
        # observables of a pair are correlated: smallest of their KS p-values times their number
        adjusted = min(1.0, each[worst] * len(each))
        print(
            f"{name:22s} {f'{n} x {len(each)}':>20s} {adjusted:8.3f} {(flat < 0.01).mean():8.4f} "
            f"{(flat < 0.001).mean():8.5f}   worst alone: {worst}, KS p = {each[worst]:.2g}"
        )
    everywhere = set.intersection(*(set(line["global"]) for line in lines))
    columns = {k: [line["global"][k] for line in lines] for k in sorted(everywhere)}
    columns |= {k: [line[k] for line in lines] for k in ("uniformity", "excess")}
    for name, values in columns.items():
        column = np.array(values)
        print(
            f"{name:22s} {n:20d} {stats.kstest(column, 'uniform').pvalue:8.3f} "
            f"{(column < 0.01).mean():8.4f} {(column < 0.001).mean():8.5f}"
        )


SMALL = (
    *((n, 0.0) for n in (1, 2, 5, 10, 20, 49, 50, 70, 100)),
    *((1000, width) for width in (6.0, 4.0, 2.5, 1.9, 1.5)),
)
"""Events and width of their lognormal weights: 2 to 140 effective ones in the median."""


def compared(pool: Pool, pair: int, events: int, width: float) -> dict[str, object]:
    """All p-values of two disjoint random parts of the pool."""
    random = np.random.default_rng((1, pair))
    order = random.permutation(pool.events)
    size = min(events, pool.events // 2)
    halves = order[:size], order[size : 2 * size]
    samples = [
        pool.sample(f"half {i}", half, np.exp(width * random.standard_normal(size)))
        for i, half in enumerate(halves)
    ]
    return p_values(compare(*samples, Tolerance(), seed=pair + 1))


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
    parser.add_argument("--pairs", type=int, default=200)
    parser.add_argument("--events", type=int, default=2000)
    parser.add_argument("--observables", nargs="*", help="names; by default a preset")
    parser.add_argument("--width", type=float, default=0.0, help="of lognormal event weights")
    parser.add_argument("--reservoir", type=int, default=50_000)
    parser.add_argument("--small", action="store_true", help="samples of 1 to 100 events")
    arguments = parser.parse_args()
    out: Path = arguments.out
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
