"""Hard-process events in memory, checked and laid out for the compiled module."""

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.errors import PythiaError
from mcsurrogate.events import EventBatch, RunInfo

__all__ = ["batch_feed", "native_batch", "native_run_info"]

_STRATEGIES = (3, -3, 4, -4)


def native_run_info(run: RunInfo) -> dict[str, Any]:
    """Check an init block and lay it out for the compiled module.

    Raises
    ------
    PythiaError
        If a value is impossible, or the weighting strategy leaves the unweighting to Pythia.
    """
    if run.weighting_strategy not in _STRATEGIES:
        msg = (
            f"RunInfo: weighting_strategy {run.weighting_strategy} is not supported; "
            "use 3 for unweighted events, -4 for weights in pb"
        )
        raise PythiaError(msg)
    ids = [process.process_id for process in run.processes]
    if not ids or len(set(ids)) != len(ids):
        msg = f"RunInfo: processes must be one or more with different process_id, not {ids}"
        raise PythiaError(msg)
    if not all(math.isfinite(energy) and energy > 0 for energy in run.energies_gev):
        msg = f"RunInfo: energies_gev must be positive, not {run.energies_gev}"
        raise PythiaError(msg)
    for process in run.processes:
        numbers = (process.cross_section_pb, process.error_pb, process.max_weight)
        if not all(math.isfinite(number) for number in numbers):
            msg = f"RunInfo: cross section, error and maximum weight must be finite in {process}"
            raise PythiaError(msg)
        if run.weighting_strategy == 3 and process.cross_section_pb <= 0:
            msg = f"RunInfo: strategy 3 needs a positive cross_section_pb in {process}"
            raise PythiaError(msg)
    return {
        "beams": run.beams,
        "energies": run.energies_gev,
        "pdf_sets": run.pdf_ids,
        "strategy": run.weighting_strategy,
        "processes": [
            (process.process_id, process.cross_section_pb, process.error_pb, process.max_weight)
            for process in run.processes
        ],
    }


def _check(batch: EventBatch, run: RunInfo) -> None:
    """Reject what Pythia would crash on or silently get wrong."""
    events, particles = len(batch), len(batch.pdg_id)
    offsets = np.asarray(batch.offsets)
    if offsets[0] != 0 or offsets[-1] != particles or np.any(np.diff(offsets) < 3):
        msg = "EventBatch: offsets must rise from 0 to the number of particles, 3 or more per event"
        raise PythiaError(msg)
    if batch.weights.shape != (events, len(batch.weight_names)):
        msg = (
            f"EventBatch: weights have shape {batch.weights.shape}, but there are {events} events "
            f"and the weight names {batch.weight_names}"
        )
        raise PythiaError(msg)
    for name, values in (("momenta", batch.momenta), ("mass", batch.mass), ("scale", batch.scale)):
        if not np.all(np.isfinite(values)):
            msg = f"EventBatch: {name} holds a number that is not finite"
            raise PythiaError(msg)
    if not np.all(np.isfinite(batch.weights)) or np.any(batch.weights[:, 0] == 0):
        msg = (
            "EventBatch: weights must be finite and the nominal ones (column 0) not zero, because "
            "Pythia divides by them; leave events of weight zero out"
        )
        raise PythiaError(msg)
    size = np.repeat(np.diff(offsets), np.diff(offsets))[:, None]
    if np.any(batch.parents < 0) or np.any(batch.parents > size):
        msg = "EventBatch: parents must be 0 or the 1-based position of a particle of the event"
        raise PythiaError(msg)
    known = [process.process_id for process in run.processes]
    unknown = np.setdiff1d(batch.process_id, known)
    if unknown.size:
        msg = f"EventBatch: process_id {unknown.tolist()} is not among the RunInfo's {known}"
        raise PythiaError(msg)


def native_batch(batch: EventBatch, run: RunInfo) -> dict[str, Any]:
    """Columns of a batch for the compiled module; nothing is copied that has the right type.

    Raises
    ------
    PythiaError
        If the columns contradict each other or the init block.
    """
    _check(batch, run)

    def real(values: NDArray[Any]) -> NDArray[np.float64]:
        return np.ascontiguousarray(values, dtype=np.float64)

    def integer(values: NDArray[Any]) -> NDArray[np.int32]:
        return np.ascontiguousarray(values, dtype=np.int32)

    columns: dict[str, Any] = {
        "offsets": np.ascontiguousarray(batch.offsets, dtype=np.int64),
        "pdg_id": integer(batch.pdg_id),
        "status": integer(batch.status),
        "parents": integer(batch.parents),
        "colour": integer(batch.colour),
        "momenta": real(batch.momenta),
        "mass": real(batch.mass),
        "weights": real(batch.weights),
        "scale": real(batch.scale),
        "alpha_s": real(batch.alpha_s),
        "alpha_qed": real(batch.alpha_qed),
        "process_id": integer(batch.process_id),
        "extra_weight_names": list(batch.weight_names[1:]),
    }
    if batch.helicity is not None:
        columns["helicity"] = real(batch.helicity)
    return columns


def batch_feed(batches: Iterable[EventBatch], run: RunInfo) -> Callable[[], dict[str, Any] | None]:
    """Make the function that the event loop calls for the next batch, until it returns None.

    Raises
    ------
    PythiaError
        From the returned function, if a batch is malformed or its weights are named otherwise
        than in the init block.
    """
    iterator = iter(batches)

    def next_batch() -> dict[str, Any] | None:
        batch = next(iterator, None)
        if batch is None:
            return None
        if batch.weight_names != run.weight_names:
            msg = (
                f"EventBatch: weights are named {batch.weight_names}, but the RunInfo announces "
                f"{run.weight_names}"
            )
            raise PythiaError(msg)
        return native_batch(batch, run)

    return next_batch
