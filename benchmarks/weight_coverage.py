# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the alarm of variations without coverage rings when it should, and only then.

    python benchmarks/weight_coverage.py [--cases 100] [--events 400]

Planted are variations that the events of a run cannot cover: many more strange quarks, a fraction z
that is known over a part of the transverse masses only, a hadron that only one of both makes.
Good ones are the members of the covariance of a fit, and small shifts of all rates or of those of
strange quarks, both ways, with `string_breaks` and `clusters`. All events are Z decays, a seed a
case.
"""

import argparse
import tempfile
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pythia_settings import ZPOLE
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from mcsurrogate.generators import PythiaChain, hadronization_settings, weights_path

Tensors = dict[str, NDArray[np.float32]]
Change = Callable[[Tensors], None]

STRINGS, CLUSTERS, FITTED = "string_breaks_monash", "clusters_monash", "string_breaks_lep"
#: Of the logits: strange quarks among new flavours of strings, and of clusters.
STRANGE = {"pick.1.bias": 2, "pop.2.bias": 2}
#: Mesons that are more than 1% of those drawn for a pair of light flavours.
COMMON = (213, 113, 223, 221, 323, 313)
ALARM = "do not cover the variation"


def rewritten(source: str, path: Path, change: Change) -> str:
    """Weights with changed tensors, in a file."""
    file = weights_path(source)
    tensors = load_file(file)
    with safe_open(file, framework="np") as stream:
        metadata = dict(stream.metadata())
    change(tensors)
    save_file(tensors, path, metadata={**metadata, "mcsurrogate.name": path.stem})
    return str(path)


def more_strange(bias: str, shift: float) -> Change:
    """Move the logit of strange quarks."""

    def change(tensors: Tensors) -> None:
        tensors[bias] = tensors[bias].copy()
        tensors[bias][STRANGE[bias]] += np.float32(shift)

    return change


def all_rates(bias: str, size: float, random: np.random.Generator) -> Change:
    """Move all logits of new flavours at random."""

    def change(tensors: Tensors) -> None:
        noise = random.normal(0.0, size, tensors[bias].shape)
        tensors[bias] = tensors[bias] + noise.astype(np.float32)

    return change


def narrow(share: float) -> Change:
    """Know z for transverse masses in the middle of the range only."""

    def change(tensors: Tensors) -> None:
        low, high = tensors["fraction.range"][..., 0], tensors["fraction.range"][..., 1]
        middle, half = 0.5 * (low + high), 0.5 * share * (high - low)
        tensors["fraction.range"] = np.stack([middle - half, middle + half], axis=-1)

    return change


def without(code: int) -> Change:
    """Make no such meson."""

    def change(tensors: Tensors) -> None:
        keep = tensors["meson.vocabulary"] != code
        for name in ("meson.vocabulary", "meson.1.weight", "meson.1.bias"):
            tensors[name] = np.ascontiguousarray(tensors[name][keep])

    return change


def planted(case: int, folder: Path, random: np.random.Generator) -> tuple[str, str, str]:
    """Kind, weights of the run and variation of a case without coverage."""
    path = folder / f"planted_{case}.safetensors"
    meson = COMMON[case // 5 % len(COMMON)]
    shift = random.uniform(2.5, 4.0)
    makers: list[tuple[str, str, Change]] = [
        ("more strange quarks, strings", STRINGS, more_strange("pick.1.bias", shift)),
        ("more strange quarks, clusters", CLUSTERS, more_strange("pop.2.bias", shift)),
        ("z over part of the masses", STRINGS, narrow(random.uniform(0.2, 0.5))),
        ("a meson only in the run", STRINGS, without(meson)),
        ("a meson only in the variation", STRINGS, without(meson)),
    ]
    kind, source, change = makers[case % len(makers)]
    other = rewritten(source, path, change)
    return (kind, other, source) if kind.endswith("variation") else (kind, source, other)


def good(case: int, folder: Path, random: np.random.Generator) -> tuple[str, str, str]:
    """Kind, weights of the run and variation of a case with coverage."""
    path = folder / f"good_{case}.safetensors"
    if case % 5 == 0:
        return "members of a fit", FITTED, f"{FITTED}_member_{case // 5 % 4 + 1}"
    source, bias = ((STRINGS, "pick.1.bias"), (CLUSTERS, "pop.2.bias"))[case % 2]
    if case % 5 < 3:
        size = random.uniform(0.02, 0.1)
        return (
            f"all rates, {source}",
            source,
            rewritten(source, path, all_rates(bias, size, random)),
        )
    shift = random.uniform(-0.3, 0.3)
    return f"strange quarks, {source}", source, rewritten(source, path, more_strange(bias, shift))


def alarms(source: str, variation: str, events: int, seed: int) -> tuple[bool, float]:
    """Whether the run warns, and the share of the events that the weighted ones count for."""
    lines = [*hadronization_settings(source, [variation]), *ZPOLE, "HadronLevel:Decay = off"]
    chain = PythiaChain(lines, seed=seed)
    (batch,) = chain.generate(events, batch_size=events)
    weight = batch.weights[:, -1]
    share = weight.sum() ** 2 / max((weight**2).sum(), 1e-300) / len(weight)
    return any(ALARM in text for text in chain.statistics.messages), float(share)


def main() -> None:
    """Run all cases and print how many were flagged."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cases", type=int, default=100, help="of each sort")
    parser.add_argument("--events", type=int, default=400, help="of each case")
    options = parser.parse_args()
    random = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as temporary:
        for sort, make in (("planted", planted), ("good", good)):
            found: dict[str, list[tuple[bool, float]]] = defaultdict(list)
            for case in range(options.cases):
                kind, source, variation = make(case, Path(temporary), random)
                found[kind].append(alarms(source, variation, options.events, seed=1 + case))
            everything = [result for results in found.values() for result in results]
            print(f"{sort}: {sum(f for f, _ in everything)} of {len(everything)} flagged")
            for kind, results in found.items():
                shares = [share for _, share in results]
                print(
                    f"  {kind}: {sum(f for f, _ in results)} of {len(results)}, events count for "
                    f"{min(shares):.2f} to {max(shares):.2f} of themselves",
                    flush=True,
                )


if __name__ == "__main__":
    main()
