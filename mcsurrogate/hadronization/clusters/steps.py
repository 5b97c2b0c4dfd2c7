# SPDX-License-Identifier: GPL-3.0-or-later
"""Decays of clusters as binary steps: cluster to two products, each a hadron or a cluster.

A step is written for the canonical cluster (`mcsurrogate.hadronization.clusters.flavours`), in its
rest frame, with the axis along its first end. The first product holds the first end.
"""

import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from itertools import permutations
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.errors import HadronizationError
from mcsurrogate.hadronization.clusters.flavours import (
    canonical,
    conjugate_hadron,
    end_index,
    partner,
    popped_index,
)

__all__ = [
    "KINDS",
    "ClusterSample",
    "DecaySteps",
    "merge_steps",
    "reference_masses",
    "steps_of_clusters",
]

#: Kinds of a step: what the first and the second product are, hadron or cluster.
KINDS = ("HH", "HC", "CH", "CC")
_FIELDS = ("end_plus_z_id", "end_minus_z_id", "mass", "n_hadrons", "hadron_id", "hadron_p4")


@dataclass(frozen=True, slots=True)
class ClusterSample:
    """Decays of N single clusters into M hadrons in all, as stored in an ``.npz`` file.

    Attributes
    ----------
    ends
        ``(N, 2)`` int64 PDG codes of the constituents; the first moves along +z.
    mass
        ``(N,)`` float64 in GeV.
    offsets
        ``(N + 1,)`` int64: hadrons of cluster i are ``offsets[i]:offsets[i + 1]``.
    hadron_id
        ``(M,)`` int64.
    momenta
        ``(M, 4)`` float64 [E, px, py, pz] in GeV, in the rest frame of the cluster.
    """

    ends: NDArray[np.int64]
    mass: NDArray[np.float64]
    offsets: NDArray[np.int64]
    hadron_id: NDArray[np.int64]
    momenta: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.mass)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read ``end_plus_z_id, end_minus_z_id, mass, n_hadrons, hadron_id, hadron_p4``.

        Raises
        ------
        HadronizationError
            If the file cannot be read, lacks an array, or its arrays do not fit together.
        """
        try:
            with path.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
                missing = [name for name in _FIELDS if name not in stored.files]
                columns = {name: stored[name] for name in _FIELDS if not missing}
        except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
            raise HadronizationError(f"cluster decays {path} cannot be read: {error}") from error
        if missing:
            raise HadronizationError(f"cluster decays {path} lack the arrays {', '.join(missing)}")
        plus, minus, mass, number, hadron, momenta = (columns[name] for name in _FIELDS)
        clusters, hadrons = len(mass), int(number.sum(dtype=np.int64))
        if {len(plus), len(minus), len(number)} != {clusters} or len(hadron) != hadrons:
            raise HadronizationError(
                f"cluster decays {path}: lengths of the arrays do not fit together"
            )
        if momenta.shape != (hadrons, 4) or not np.isfinite(momenta).all():
            raise HadronizationError(
                f"cluster decays {path}: hadron_p4 must be ({hadrons}, 4) and finite"
            )
        offsets = np.concatenate([[0], np.cumsum(number, dtype=np.int64)])
        sample = cls(
            np.stack([plus, minus], axis=1).astype(np.int64),
            mass.astype(np.float64),
            offsets,
            hadron.astype(np.int64),
            momenta.astype(np.float64),
        )
        total = np.add.reduceat(sample.momenta, offsets[:-1]) if hadrons else sample.momenta
        wrong = np.abs(total - np.stack([sample.mass] + 3 * [0 * mass], axis=1)).max(axis=1) > 1e-3
        if wrong.any():
            raise HadronizationError(
                f"cluster decays {path}: {wrong.sum()} clusters do not conserve momentum in their "
                f"rest frame, the first is number {wrong.argmax()}"
            )
        return sample

    def take(self, index: NDArray[np.int64]) -> Self:
        """Take the clusters at the given positions."""
        rows = np.concatenate([np.arange(self.offsets[i], self.offsets[i + 1]) for i in index])
        offsets = np.concatenate([[0], np.cumsum(np.diff(self.offsets)[index])])
        return type(self)(
            self.ends[index], self.mass[index], offsets, self.hadron_id[rows], self.momenta[rows]
        )


@dataclass(frozen=True, slots=True)
class DecaySteps:
    """S binary steps, canonical.

    Attributes
    ----------
    kind
        ``(S,)`` int64, position in `KINDS`; -1 where only the kind CC is known, not its products.
    first, second
        ``(S,)`` int64 classes of the ends.
    popped
        ``(S,)`` int64, position in `POPPED`.
    products
        ``(S, 2)`` int64 signed codes of hadrons in the canonical cluster, 0 for clusters.
    mass
        ``(S,)`` float64 in GeV.
    masses
        ``(S, 2)`` float64 of the products.
    cosine
        ``(S,)`` float64 of the first product's angle to the axis.
    primary
        ``(S,)`` bool, whether the cluster is none that another one decayed into.
    """

    kind: NDArray[np.int64]
    first: NDArray[np.int64]
    second: NDArray[np.int64]
    popped: NDArray[np.int64]
    products: NDArray[np.int64]
    mass: NDArray[np.float64]
    masses: NDArray[np.float64]
    cosine: NDArray[np.float64]
    primary: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.kind)

    def take(self, index: NDArray[np.int64] | NDArray[np.bool_]) -> Self:
        """Take the steps at the given positions."""
        return type(self)(*(getattr(self, column.name)[index] for column in fields(self)))


def reference_masses(sample: ClusterSample, quantile: float = 0.5) -> dict[int, float]:
    """Quantile of the mass of each hadron in GeV, by code without sign."""
    square = sample.momenta[:, 0] ** 2 - (sample.momenta[:, 1:] ** 2).sum(axis=1)
    mass = np.sqrt(np.maximum(square, 0.0))
    code = np.abs(sample.hadron_id)
    order = np.argsort(code, kind="stable")
    names, starts = np.unique(code[order], return_index=True)
    groups = np.split(mass[order], starts[1:])
    return {int(n): float(np.quantile(g, quantile)) for n, g in zip(names, groups, strict=True)}


class _Collector:
    def __init__(self) -> None:
        self.rows: list[tuple[float, ...]] = []

    def add(
        self,
        kind: str,
        ends: tuple[int, int],
        popped: int,
        hadrons: tuple[int, int],
        masses: tuple[float, float, float],
        cosine: float,
        *,
        primary: bool = True,
    ) -> None:
        """Write one step down in canonical form; ends that the networks do not know are skipped."""
        form = canonical(*ends)
        x = popped_index(popped)
        if form is None or (x < 0 and kind != "unknown"):
            return
        mass, m1, m2 = masses
        a, b = hadrons
        if form.swapped:
            a, b, m1, m2, cosine = b, a, m2, m1, cosine
            kind = kind[::-1] if len(kind) == 2 else kind
        if form.conjugated:
            a, b = (conjugate_hadron(h) if h else 0 for h in (a, b))
        code = KINDS.index(kind) if kind in KINDS else -1
        classes = (end_index(form.first), end_index(form.second))
        self.rows.append((code, *classes, x, a, b, mass, m1, m2, cosine, primary))

    def steps(self) -> DecaySteps:
        table = np.array(self.rows, dtype=np.float64).reshape(-1, 11)
        whole = table[:, :6].astype(np.int64)
        return DecaySteps(
            whole[:, 0],
            whole[:, 1],
            whole[:, 2],
            whole[:, 3],
            np.ascontiguousarray(whole[:, 4:6]),
            table[:, 6],
            np.ascontiguousarray(table[:, 7:9]),
            table[:, 9],
            table[:, 10] > 0,
        )


def _mass(p: NDArray[np.float64]) -> float:
    return float(np.sqrt(max(p[0] * p[0] - p[1:] @ p[1:], 0.0)))


def _to_rest(p: NDArray[np.float64], frame: NDArray[np.float64]) -> NDArray[np.float64]:
    """Boost p into the rest frame of the momentum `frame`."""
    m = _mass(frame)
    e = float(p[0] * frame[0] - p[1:] @ frame[1:]) / m
    space = p[1:] - frame[1:] * (p[0] + e) / (frame[0] + m)
    return np.concatenate([[e], space])


def _cosine(p: NDArray[np.float64], axis: NDArray[np.float64]) -> float:
    size = np.sqrt((p[1:] @ p[1:]) * (axis[1:] @ axis[1:]))
    return float(p[1:] @ axis[1:] / size) if size > 0 else 1.0


_PLUS = np.array([1.0, 0.0, 0.0, 1.0])
_MINUS = np.array([1.0, 0.0, 0.0, -1.0])


def _chains(
    ends: tuple[int, int], hadrons: list[int], orders: Iterable[tuple[int, ...]] | None = None
) -> Iterator[tuple[tuple[int, ...], list[int]]]:
    """Orders of the hadrons along the cluster, with the flavours between them.

    A flavour is the one that joins the hadron on its left; the opposite one joins the next.
    """
    for order in orders if orders is not None else permutations(range(len(hadrons))):
        end = ends[0]
        popped = []
        for i in order[:-1]:
            joined = partner(end, hadrons[i])
            if popped_index(joined) < 0:
                break
            popped.append(joined)
            end = -joined
        else:
            last = partner(end, hadrons[order[-1]])
            same = last == ends[1] if abs(last) < 10 else last // 10 == ends[1] // 10
            diquarks = abs(last) > 10 and abs(ends[1]) > 10
            content = diquarks and (abs(last) // 100 == abs(ends[1]) // 100)
            if last != 0 and (same or (content and (last > 0) == (ends[1] > 0))):
                yield order, popped


def steps_of_clusters(sample: ClusterSample) -> DecaySteps:
    """Binary steps that lead from clusters to their hadrons.

    Two hadrons are one step. Three and four hadrons are a fission followed by decays; which hadrons
    belong together is not recorded, so the order along the cluster that fits the flavours and is
    closest to the order in z is taken. Decays into more give one step of unknown products.
    """
    number = np.diff(sample.offsets)
    collector = _Collector()
    for i in np.flatnonzero(number != 2):
        rows = slice(sample.offsets[i], sample.offsets[i + 1])
        ends = (int(sample.ends[i, 0]), int(sample.ends[i, 1]))
        _add_cluster(
            collector, ends, float(sample.mass[i]), sample.hadron_id[rows].tolist(),
            sample.momenta[rows],
        )  # fmt: skip
    return merge_steps([_pairs(sample, np.flatnonzero(number == 2)), collector.steps()])


def merge_steps(parts: Iterable[DecaySteps]) -> DecaySteps:
    """Put steps one after the other."""
    parts = list(parts)
    return DecaySteps(
        *(np.concatenate([getattr(p, column.name) for p in parts]) for column in fields(DecaySteps))
    )


def _pairs(sample: ClusterSample, index: NDArray[np.int64]) -> DecaySteps:
    """Clusters that become two hadrons, which are most, all at once."""
    start = sample.offsets[index]
    keys = np.column_stack([sample.ends[index], sample.hadron_id[start],
                            sample.hadron_id[start + 1]])  # fmt: skip
    unique, inverse = np.unique(keys, axis=0, return_inverse=True)
    # Canonical classes, popped flavour and products for both orders of the hadrons, and the sign of
    # the canonical axis; popped is -1 where an order does not fit.
    table = np.full((2, len(unique), 6), -1, dtype=np.int64)
    for k, (plus, minus, one, two) in enumerate(unique.tolist()):
        for order, hadrons in enumerate(([one, two], [two, one])):
            if not (chain := next(_chains((plus, minus), hadrons, [(0, 1)]), None)):
                continue
            collector = _Collector()
            collector.add("HH", (plus, minus), chain[1][0], (hadrons[0], hadrons[1]),
                          (1.0, 0.0, 0.0), 0.0)  # fmt: skip
            for row in collector.rows:
                form = canonical(plus, minus)
                table[order, k, :5] = row[1:6]
                table[order, k, 5] = form.swapped if form else 0
    along = sample.momenta[start, 3]
    fits = table[:, inverse.reshape(-1), 2] >= 0
    order = np.where(fits[0] & fits[1], along < 0, ~fits[0]).astype(np.int64)
    use = fits.any(axis=0)
    rows = table[order, inverse.reshape(-1)][use]
    swapped, order, start = rows[:, 5] > 0, order[use], start[use]
    # The first product of the canonical cluster is the last one along z where it was swapped.
    first = start + (order ^ swapped)
    second = start + 1 - (order ^ swapped)
    p, q = sample.momenta[first], sample.momenta[second]
    size = np.maximum(np.sqrt((p[:, 1:] ** 2).sum(axis=1)), 1e-300)
    square = [v[:, 0] ** 2 - (v[:, 1:] ** 2).sum(axis=1) for v in (p, q)]
    return DecaySteps(
        np.zeros(len(rows), dtype=np.int64),
        rows[:, 0],
        rows[:, 1],
        rows[:, 2],
        np.ascontiguousarray(rows[:, 3:5]),
        sample.mass[index][use],
        np.sqrt(np.maximum(np.stack(square, axis=1), 0.0)),
        np.where(swapped, -p[:, 3], p[:, 3]) / size,
        np.ones(len(rows), dtype=np.bool_),
    )


def _add_cluster(
    out: _Collector,
    ends: tuple[int, int],
    mass: float,
    hadrons: list[int],
    p: NDArray[np.float64],
) -> None:
    if len(hadrons) > 4:
        out.add("unknown", ends, 0, (0, 0), (mass, 0.0, 0.0), 0.0)
    if not 2 <= len(hadrons) <= 4:
        return
    best, found = -np.inf, None
    for order, popped in _chains(ends, hadrons):
        z = p[list(order), 3]
        # The halves count first, the order inside them only between equal halves.
        score = z[: len(z) // 2].sum() - z[(len(z) + 1) // 2 :].sum() + 1e-3 * (z[0] - z[-1])
        if score > best:
            best, found = score, (order, popped)
    if found is None:
        return
    order, popped = found
    q = [p[k] for k in order]
    h = [hadrons[k] for k in order]
    if len(h) == 2:
        _decay(out, ends, popped[0], h, q, _PLUS, (mass, _mass(q[0]), _mass(q[1])))
    elif len(h) == 4:
        one, two = q[0] + q[1], q[2] + q[3]
        out.add("CC", ends, popped[1], (0, 0), (mass, _mass(one), _mass(two)), _cosine(one, _PLUS))
        _child(out, (ends[0], popped[1]), popped[0], h[:2], q[:2], one, _PLUS, first=True)
        _child(out, (-popped[1], ends[1]), popped[2], h[2:], q[2:], two, _MINUS, first=False)
    elif q[0][3] > -q[2][3]:
        two = q[1] + q[2]
        masses = (mass, _mass(q[0]), _mass(two))
        out.add("HC", ends, popped[0], (h[0], 0), masses, _cosine(q[0], _PLUS))
        _child(out, (-popped[0], ends[1]), popped[1], h[1:], q[1:], two, _MINUS, first=False)
    else:
        one = q[0] + q[1]
        masses = (mass, _mass(one), _mass(q[2]))
        out.add("CH", ends, popped[1], (0, h[2]), masses, _cosine(one, _PLUS))
        _child(out, (ends[0], popped[1]), popped[0], h[:2], q[:2], one, _PLUS, first=True)


def _child(
    out: _Collector,
    ends: tuple[int, int],
    popped: int,
    hadrons: list[int],
    p: list[NDArray[np.float64]],
    frame: NDArray[np.float64],
    reference: NDArray[np.float64],
    *,
    first: bool,
) -> None:
    """Add the decay of a product; its axis is the parent's light-like one seen from its frame."""
    axis = _to_rest(reference, frame)
    if not first:
        axis = np.concatenate([axis[:1], -axis[1:]])
    q = [_to_rest(v, frame) for v in p]
    masses = (_mass(frame), _mass(p[0]), _mass(p[1]))
    _decay(out, ends, popped, hadrons, q, axis, masses, primary=False)


def _decay(
    out: _Collector,
    ends: tuple[int, int],
    popped: int,
    hadrons: list[int],
    p: list[NDArray[np.float64]],
    axis: NDArray[np.float64],
    masses: tuple[float, float, float],
    *,
    primary: bool = True,
) -> None:
    cosine = _cosine(p[0], axis)
    out.add("HH", ends, popped, (hadrons[0], hadrons[1]), masses, cosine, primary=primary)
