# SPDX-License-Identifier: GPL-3.0-or-later
"""Training data from HepMC files of other generators: decays of clusters, and whole events.

Clusters carry the particle number 81, as Herwig writes them: two partons end in the vertex where a
cluster begins, and it ends in the vertex of its hadrons or of further clusters.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.analysis import rest_frame_momenta
from mcsurrogate.errors import HadronizationError
from mcsurrogate.events import EventChunk, EventFile
from mcsurrogate.hadronization.clusters.flavours import is_triplet
from mcsurrogate.hadronization.clusters.steps import ClusterSample

__all__ = ["CLUSTER", "PrimaryHadrons", "read_clusters", "read_primary_hadrons"]

#: Particle number of clusters (Monte Carlo numbering scheme of the Review of Particle Physics).
CLUSTER = 81
_LARGEST_IMBALANCE = 1e-3
_HADRON = 100


@dataclass(frozen=True, slots=True)
class PrimaryHadrons:
    """Hadrons of N events before any of them decays, and final particles beside them.

    Attributes
    ----------
    offsets
        ``(N + 1,)`` int64.
    pdg_id
        ``(M,)`` int32.
    momenta
        ``(M, 4)`` [E, px, py, pz] in GeV.
    """

    offsets: NDArray[np.int64]
    pdg_id: NDArray[np.int32]
    momenta: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.offsets) - 1


def _momenta(chunk: EventChunk) -> NDArray[np.float64]:
    return np.stack([chunk.particles[name] for name in ("e", "px", "py", "pz")], axis=1)


def read_primary_hadrons(path: Path, events: int | None = None) -> PrimaryHadrons:
    """Read the hadrons that no hadron decayed into, and final particles that no hadron made.

    Parameters
    ----------
    path
        HepMC3 or HepMC2, plain or compressed.
    events
        Read at most so many.

    Raises
    ------
    EventFileError
        If the file cannot be read.
    HadronizationError
        If events have different weights, or the file holds no decays, so that what is primary is
        not known.
    """
    numbers, ids, momenta = [], [], []
    decays = False
    for chunk in EventFile(path, max_events=events).chunks():
        weights = chunk.weights[:, 0]
        if not np.allclose(weights, weights[0]):
            raise HadronizationError(
                f"{path}: events have different weights; a fit needs unweighted events"
            )
        hadron = chunk.species.hadron
        decays = decays or bool((hadron & (chunk.status == 2)).any())
        # Beams are hadrons that decay into the hard process.
        own = ~chunk.from_hadron & (chunk.status != 4)
        last = np.zeros(len(own), dtype=np.bool_)
        last[chunk.last_copies(own)] = True
        use = last & ((hadron & (chunk.status <= 2)) | (~hadron & (chunk.status == 1)))
        numbers.append(np.bincount(chunk.event[use], minlength=len(chunk)))
        ids.append(chunk.pid[use])
        momenta.append(_momenta(chunk)[use])
    if not decays:
        raise HadronizationError(
            f"{path} holds no decays of hadrons, so that primary hadrons are not known; write the "
            "generator's whole record"
        )
    return PrimaryHadrons(
        np.concatenate([[0], np.cumsum(np.concatenate(numbers))]).astype(np.int64),
        np.concatenate(ids).astype(np.int32),
        np.concatenate(momenta),
    )


def read_clusters(path: Path) -> ClusterSample:
    """Read decays of clusters in their rest frames, first constituent along +z.

    A cluster that decays into clusters counts with the hadrons of them all. Left out are clusters
    whose constituents or hadrons are not known, and those that exchange momentum with others, as
    clusters do that become one hadron.

    Parameters
    ----------
    path
        HepMC3 or HepMC2, plain or compressed.

    Raises
    ------
    EventFileError
        If the file cannot be read.
    HadronizationError
        If it holds no usable cluster.
    """
    ends, masses, numbers, ids, momenta = [], [], [], [], []
    seen = 0
    for chunk in EventFile(path).chunks():
        p = _momenta(chunk)
        pid = chunk.pid
        for cluster, partons, hadrons in _decays(chunk):
            seen += 1
            if len(partons) != 2 or len(hadrons) < 2:
                continue
            first, second = partons
            if is_triplet(int(pid[first])) == is_triplet(int(pid[second])):
                continue
            rest = _in_rest_frame(p[[first, *hadrons]], p[cluster])
            mass = float(np.sqrt(p[cluster, 0] ** 2 - (p[cluster, 1:] ** 2).sum()))
            inside = _along_z(rest[1:], rest[0, 1:])
            total = inside.sum(axis=0) - [mass, 0.0, 0.0, 0.0]
            if not np.abs(total).max() < _LARGEST_IMBALANCE:
                continue
            ends.append((int(pid[first]), int(pid[second])))
            masses.append(mass)
            numbers.append(len(hadrons))
            ids.append(pid[hadrons])
            momenta.append(inside)
    if not masses:
        raise HadronizationError(
            f"{path}: of {seen} particles {CLUSTER} none is a cluster that two partons make and "
            "that decays into hadrons"
        )
    return ClusterSample(
        np.array(ends, dtype=np.int64),
        np.array(masses),
        np.concatenate([[0], np.cumsum(numbers, dtype=np.int64)]),
        np.concatenate(ids).astype(np.int64),
        np.concatenate(momenta),
    )


def _decays(chunk: EventChunk) -> Iterator[tuple[int, list[int], list[int]]]:
    """Primary clusters with their constituents and hadrons, which are none where unknown."""
    production, end, pid = chunk.production_vertex, chunk.end_vertex, chunk.pid
    clusters = np.flatnonzero((pid == CLUSTER) & (production >= 0) & (end >= 0))
    into: dict[int, list[int]] = {}
    out: dict[int, list[int]] = {}
    of_clusters = np.zeros(chunk.n_vertices + 1, dtype=np.bool_)
    of_clusters[production[clusters]] = of_clusters[end[clusters]] = True
    for vertices, lists in ((end, into), (production, out)):
        for i in np.flatnonzero(of_clusters[vertices] & (vertices >= 0)).tolist():
            lists.setdefault(int(vertices[i]), []).append(i)

    def hadrons(cluster: int) -> list[int] | None:
        vertex = int(end[cluster])
        if vertex < 0 or into[vertex] != [cluster]:
            return None
        found: list[int] = []
        for child in out.get(vertex, []):
            if pid[child] == CLUSTER:
                below = hadrons(child)
                if below is None:
                    return None
                found += below
            elif abs(pid[child]) > _HADRON and chunk.species.hadron[child]:
                found.append(child)
            else:
                return None
        return found

    for cluster in clusters.tolist():
        vertex = int(production[cluster])
        partons = into.get(vertex, [])
        if any(pid[i] == CLUSTER for i in partons):
            continue
        alone = out[vertex] == [cluster] and not chunk.species.hadron[partons].any()
        yield cluster, partons if alone else [], hadrons(cluster) or []


def _in_rest_frame(p: NDArray[np.float64], frame: NDArray[np.float64]) -> NDArray[np.float64]:
    mass = np.sqrt(frame[0] ** 2 - (frame[1:] ** 2).sum())
    space = rest_frame_momenta(p[:, 0], p[:, 1:].T, frame[0], frame[1:, None], mass).T
    energy = (frame[0] * p[:, 0] - p[:, 1:] @ frame[1:]) / mass
    return np.concatenate([energy[:, None], space], axis=1)


def _along_z(p: NDArray[np.float64], axis: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn a system so that the axis becomes +z."""
    z = axis / max(float(np.linalg.norm(axis)), 1e-300)
    helper = np.eye(3)[int(np.abs(z).argmin())]
    x = np.cross(helper, z)
    x /= max(float(np.linalg.norm(x)), 1e-300)
    turned = p[:, 1:] @ np.stack([x, np.cross(z, x), z], axis=1)
    return np.concatenate([p[:, :1], turned], axis=1)
