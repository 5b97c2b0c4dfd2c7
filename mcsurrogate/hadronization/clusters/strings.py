# SPDX-License-Identifier: GPL-3.0-or-later
"""Hadronized strings written as chains of cluster decays.

The hadrons of a string are ordered, and neighbours share a popped flavour, so a string is a
cluster that decays by binary steps: it is cut where the light-cone momenta that each side sends to
the other are closest to equal, and each part is cut again until only hadrons are left.
"""

from dataclasses import dataclass, fields
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.errors import HadronizationError
from mcsurrogate.hadronization.clusters.flavours import (
    canonical,
    conjugate_hadron,
    end_index,
    partner,
    popcorn_partner,
    popped_index,
)
from mcsurrogate.hadronization.clusters.steps import ClusterSample, DecaySteps, merge_steps

__all__ = ["steps_of_strings"]

_partner = lru_cache(maxsize=None)(partner)
_popcorn_partner = lru_cache(maxsize=None)(popcorn_partner)
_FEWEST = 0.3


@dataclass(frozen=True, slots=True)
class _Parts:
    """P parts of strings: hadrons ``start`` to ``stop``, both ends, a light-like reference."""

    start: NDArray[np.int64]
    stop: NDArray[np.int64]
    plus: NDArray[np.int64]
    minus: NDArray[np.int64]
    reference: NDArray[np.float64]
    of_plus: NDArray[np.bool_]
    primary: NDArray[np.bool_]

    def take(self, index: NDArray[np.int64] | NDArray[np.bool_]) -> "_Parts":
        return _Parts(*(getattr(self, column.name)[index] for column in fields(self)))


def _dot(p: NDArray[np.float64], q: NDArray[np.float64]) -> NDArray[np.float64]:
    product: NDArray[np.float64] = p[:, 0] * q[:, 0] - (p[:, 1:] * q[:, 1:]).sum(axis=1)
    return product


def _mass(p: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.sqrt(np.maximum(_dot(p, p), 0.0))


def _chain(
    ends: tuple[int, int], hadrons: list[int], *, popcorn: bool
) -> tuple[list[int], list[int]] | None:
    """Flavours between the hadrons, and their order.

    A meson between baryon and antibaryon takes a quark of the diquark that comes to it, or, without
    `popcorn`, is exchanged with the next baryon where flavours allow. None where they do not.
    """
    order = list(range(len(hadrons)))
    popped = []
    end = ends[0]
    for i in range(len(order) - 1):
        joined = _partner(end, hadrons[order[i]])
        if joined == 0 and popcorn:
            joined = _popcorn_partner(end, hadrons[order[i]])
        if joined == 0:
            order[i], order[i + 1] = order[i + 1], order[i]
            joined = _partner(end, hadrons[order[i]])
        if popped_index(joined) < 0:
            return None
        popped.append(joined)
        end = -joined
    last = _partner(end, hadrons[order[-1]])
    same = last == ends[1] or (abs(last) > 10 and last // 100 == ends[1] // 100)
    if last == 0 or not (same or (last < 0 and -last // 100 == -ends[1] // 100 and last < -10)):
        return None
    return popped, order


def steps_of_strings(sample: ClusterSample, *, popcorn: bool = False) -> DecaySteps:
    """Binary steps of strings.

    Parameters
    ----------
    sample
        Strings and their hadrons in order from the first end.
    popcorn
        Whether diquarks may give a quark to a meson; else such mesons leave their place.

    Raises
    ------
    HadronizationError
        If most of them are no chains of flavours.
    """
    popped = np.zeros(len(sample.hadron_id), dtype=np.int64)  # between a hadron and the next one
    rows = np.arange(len(sample.hadron_id))
    good = np.zeros(len(sample), dtype=np.bool_)
    ids, offsets = sample.hadron_id.tolist(), sample.offsets.tolist()
    for i, (plus, minus) in enumerate(sample.ends.tolist()):
        start, stop = offsets[i], offsets[i + 1]
        if stop - start < 2:
            continue
        found = _chain((plus, minus), ids[start:stop], popcorn=popcorn)
        if found is not None:
            good[i] = True
            popped[start : stop - 1] = found[0]
            rows[start:stop] = start + np.array(found[1])
    if good.sum() < _FEWEST * len(sample):
        raise HadronizationError(
            f"of {len(sample)} strings only {good.sum()} have hadrons in the order of flavours"
        )
    momenta, hadron = sample.momenta[rows], sample.hadron_id[rows]
    sums = np.concatenate([np.zeros((1, 4)), np.cumsum(momenta, axis=0)])
    use = np.flatnonzero(good)
    parts = _Parts(
        sample.offsets[use],
        sample.offsets[use + 1],
        sample.ends[use, 0],
        sample.ends[use, 1],
        np.tile([1.0, 0.0, 0.0, 1.0], (len(use), 1)),
        np.ones(len(use), dtype=np.bool_),
        np.ones(len(use), dtype=np.bool_),
    )
    found_steps = []
    while len(parts.start):
        steps, parts = _cut(parts, popped, hadron, sums)
        found_steps.append(steps)
    return merge_steps(found_steps)


def _cut(
    parts: _Parts,
    popped: NDArray[np.int64],
    hadron: NDArray[np.int64],
    sums: NDArray[np.float64],
) -> tuple[DecaySteps, _Parts]:
    whole = sums[parts.stop] - sums[parts.start]
    mass = np.maximum(_mass(whole), 1e-9)
    # Light-like vectors along both ends with unit energy in the rest frame.
    given = parts.reference * (mass / _dot(whole, parts.reference))[:, None]
    opposite = 2.0 * whole / mass[:, None] - given
    along = np.where(parts.of_plus[:, None], given, opposite)
    against = np.where(parts.of_plus[:, None], opposite, given)

    # All places to cut at, and the best of each part.
    count = parts.stop - parts.start - 1
    owner = np.repeat(np.arange(len(count)), count)
    first = np.concatenate([[0], np.cumsum(count)[:-1]])
    place = parts.start[owner] + 1 + np.arange(count.sum()) - first[owner]
    left = sums[place] - sums[parts.start[owner]]
    right = sums[parts.stop[owner]] - sums[place]
    backward = np.maximum(_dot(left, along[owner]), 1e-12)
    forward = np.maximum(_dot(right, against[owner]), 1e-12)
    order = np.lexsort([np.abs(np.log(backward / forward)), owner])
    best = order[first]
    place, left, right = place[best], left[best], right[best]

    x = popped[place - 1]
    m1, m2 = _mass(left), _mass(right)
    single = np.stack([place - parts.start == 1, parts.stop - place == 1], axis=1)
    square = np.maximum((mass**2 - (m1 + m2) ** 2) * (mass**2 - (m1 - m2) ** 2), 1e-18)
    p = np.sqrt(square) / (2.0 * mass)
    cosine = (_dot(left, whole) / mass - _dot(left, along)) / p
    codes = np.where(single, np.stack([hadron[parts.start], hadron[parts.stop - 1]], axis=1), 0)
    steps = _canonical(parts, x, codes, np.stack([mass, m1, m2], axis=1), cosine)

    no = np.zeros(len(x), dtype=np.bool_)
    lefts = _Parts(parts.start, place, parts.plus, x, along, ~no, no)
    rights = _Parts(place, parts.stop, -x, parts.minus, against, no, no)
    a, b = lefts.take(~single[:, 0]), rights.take(~single[:, 1])
    rest = _Parts(
        *(
            np.concatenate([getattr(a, column.name), getattr(b, column.name)])
            for column in fields(_Parts)
        )
    )
    return steps, rest


def _canonical(
    parts: _Parts,
    popped: NDArray[np.int64],
    codes: NDArray[np.int64],
    masses: NDArray[np.float64],
    cosine: NDArray[np.float64],
) -> DecaySteps:
    keys, inverse = np.unique(
        np.stack([parts.plus, parts.minus], axis=1), axis=0, return_inverse=True
    )
    table = np.full((len(keys), 4), -1, dtype=np.int64)
    for k, (plus, minus) in enumerate(keys.tolist()):
        form = canonical(plus, minus)
        if form is not None:
            table[k] = (end_index(form.first), end_index(form.second), form.conjugated,
                        form.swapped)  # fmt: skip
    rows = table[inverse.reshape(-1)]
    swapped, conjugated = rows[:, 3] > 0, rows[:, 2] > 0
    codes = np.where(swapped[:, None], codes[:, ::-1], codes)
    single = codes != 0
    names, index = np.unique(codes, return_inverse=True)
    opposite = np.array([conjugate_hadron(int(name)) for name in names])[index.reshape(codes.shape)]
    codes = np.where(conjugated[:, None], opposite, codes)
    products = np.where(swapped[:, None], masses[:, [2, 1]], masses[:, [1, 2]])
    known, index = np.unique(popped, return_inverse=True)
    x = np.array([popped_index(int(code)) for code in known])[index.reshape(-1)]
    kind = 2 * ~single[:, 0] + 1 * ~single[:, 1]
    steps = DecaySteps(
        kind.astype(np.int64),
        rows[:, 0],
        rows[:, 1],
        x,
        codes,
        masses[:, 0],
        products,
        np.clip(cosine, -1.0, 1.0),
        parts.primary,
    )
    return steps.take(rows[:, 0] >= 0)
