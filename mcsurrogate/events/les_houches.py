"""Les Houches event files, written and read in a stream.

The format is that of hep-ph/0609017 with the named weights of LHE 3.0 (arXiv:1405.1067);
the syntax is left to pylhe.  Numbers are written with all their digits, so that events
read back are the events written, bit for bit.
"""

import gzip
import io
import warnings
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import IO, cast

import numpy as np
import pylhe

from mcsurrogate import __version__
from mcsurrogate.atomic import atomic_path
from mcsurrogate.errors import EventFileError
from mcsurrogate.events.hard_events import EventBatch, ProcessInfo, RunInfo

__all__ = ["read_les_houches", "write_les_houches"]

_FORMAT = pylhe.LHEXMLFormat(
    eventinfo="{nparticles:2d} {pid:d} {weight:.16e} {scale:.16e} {aqed:.16e} {aqcd:.16e}",
    particle=(
        "{id:4d} {status:2d} {mother1:2d} {mother2:2d} {color1:3d} {color2:3d} {px:.16e} "
        "{py:.16e} {pz:.16e} {e:.16e} {m:.16e} {lifetime:.0f}. {spin:.1f}"
    ),
    procinfo="{xSection:.16e} {error:.16e} {unitWeight:.16e} {procId:d}",
    initinfo=(
        "{beamA:d} {beamB:d} {energyA:.16e} {energyB:.16e} {PDFgroupA:d} {PDFgroupB:d} "
        "{PDFsetA:d} {PDFsetB:d} {weightingStrategy:d} {numProcesses:d}"
    ),
)
_UNKNOWN_HELICITY = 9.0


class _ExactFloat(float):
    """A float that pylhe's fixed ``11.4e`` format of named weights does not shorten."""

    __slots__ = ()

    def __format__(self, _format: str) -> str:
        return repr(float(self))


def write_les_houches(
    path: Path,
    run: RunInfo,
    batches: Iterable[EventBatch],
    header: Mapping[str, str] | None = None,
) -> int:
    """Write events to an LHE 3.0 file that appears under its name only when it is whole.

    Parameters
    ----------
    path
        Name of the file; the ending ``.gz`` compresses it.
    run
        Beams, processes and cross sections.
    batches
        The events, consumed in a stream.
    header
        Text for the header block, by XML element name (the resolved card, say).

    Returns
    -------
    int
        Number of events written.
    """
    with atomic_path(path) as part, ExitStack() as stack:
        binary = stack.enter_context(part.open("wb"))
        if path.suffix == ".gz":
            # No name and no time in the gzip header: equal events make equal files.
            packed = gzip.GzipFile(filename="", mode="wb", compresslevel=4, fileobj=binary, mtime=0)
            stack.enter_context(packed)
            stream = stack.enter_context(io.TextIOWrapper(cast("IO[bytes]", packed), "utf-8"))
        else:
            stream = stack.enter_context(io.TextIOWrapper(binary, "utf-8"))
        count = 0

        def events() -> Iterator[pylhe.LHEEvent]:
            nonlocal count
            for batch in batches:
                count += len(batch)
                yield from _to_pylhe(batch)

        _file(run, events(), header or {}).write(stream, lheformat=_FORMAT)
        stream.write("\n")
    return count


def _file(
    run: RunInfo, events: Iterable[pylhe.LHEEvent], header: Mapping[str, str]
) -> pylhe.LesHouchesEvents:
    extra = []
    for name, text in header.items():
        element = ET.Element(name)
        element.text = "\n" + text.strip("\n") + "\n"
        extra.append(element)
    named = [pylhe.LHEInitRWGTWeight(id=name, name=name) for name in run.weight_names[1:]]
    return pylhe.LesHouchesEvents(
        version="3.0",
        header=pylhe.LHEHeader(initrwgt=pylhe.LHEInitRWGT(list(named)), extra_elements=extra),
        init=pylhe.LHEInit(
            initInfo=pylhe.LHEInitInfo(
                beamA=run.beams[0],
                beamB=run.beams[1],
                energyA=run.energies_gev[0],
                energyB=run.energies_gev[1],
                PDFgroupA=min(run.pdf_ids[0], 0),
                PDFgroupB=min(run.pdf_ids[1], 0),
                PDFsetA=run.pdf_ids[0],
                PDFsetB=run.pdf_ids[1],
                weightingStrategy=run.weighting_strategy,
                numProcesses=len(run.processes),
            ),
            procInfo=[
                pylhe.LHEProcInfo(p.cross_section_pb, p.error_pb, p.max_weight, p.process_id)
                for p in run.processes
            ],
            generators=[pylhe.LHEGenerator("mcsurrogate", __version__, "")],
        ),
        events=events,
    )


def _to_pylhe(batch: EventBatch) -> Iterator[pylhe.LHEEvent]:
    # Plain lists: indexing numpy arrays element by element costs ten times as much.
    pdg_id, status = batch.pdg_id.tolist(), batch.status.tolist()
    parents, colour = batch.parents.tolist(), batch.colour.tolist()
    momenta, mass = batch.momenta.tolist(), batch.mass.tolist()
    helicity = None if batch.helicity is None else batch.helicity.tolist()
    offsets, weights = batch.offsets.tolist(), batch.weights.tolist()
    names = batch.weight_names[1:]
    for i in range(len(batch)):
        first, last = offsets[i], offsets[i + 1]
        particles = []
        for j in range(first, last):
            energy, px, py, pz = momenta[j]
            spin = _UNKNOWN_HELICITY if helicity is None else helicity[j]
            particles.append(
                pylhe.LHEParticle(
                    pdg_id[j], status[j], parents[j][0], parents[j][1], colour[j][0],
                    colour[j][1], px, py, pz, energy, mass[j], 0.0, spin,
                )
            )  # fmt: skip
        yield pylhe.LHEEvent(
            eventinfo=pylhe.LHEEventInfo(
                nparticles=last - first,
                pid=int(batch.process_id[i]),
                weight=weights[i][0],
                scale=float(batch.scale[i]),
                aqed=float(batch.alpha_qed[i]),
                aqcd=float(batch.alpha_s[i]),
            ),
            particles=particles,
            weights={
                name: _ExactFloat(value) for name, value in zip(names, weights[i][1:], strict=True)
            },
        )


def read_les_houches(path: Path, batch_size: int = 10_000) -> tuple[RunInfo, Iterator[EventBatch]]:
    """Read an LHE file (plain or gzip) in a stream of batches.

    Parameters
    ----------
    path
        The file.
    batch_size
        Events a batch; memory does not depend on the length of the file.

    Returns
    -------
    RunInfo, iterator of EventBatch

    Raises
    ------
    EventFileError
        If the file is missing, not an LHE file, damaged or cut short; from the iterator,
        with the number of events read before the damage.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            content = pylhe.LesHouchesEvents.fromfile(path)
    except (OSError, ValueError, IndexError, EOFError) as error:
        message = f"{path}: cannot be read as an LHE file: {error}"
        raise EventFileError(message) from error
    names: tuple[str, ...] = ("nominal",)
    if content.header is not None:
        names += tuple(content.header.initrwgt.list_weights_ids())
    info = content.init.initInfo
    run = RunInfo(
        beams=(info.beamA, info.beamB),
        energies_gev=(info.energyA, info.energyB),
        processes=tuple(
            ProcessInfo(p.procId, p.xSection, p.error, p.unitWeight) for p in content.init.procInfo
        ),
        weighting_strategy=info.weightingStrategy,
        pdf_ids=(info.PDFsetA, info.PDFsetB),
        weight_names=names,
    )
    return run, _batches(path, content.events, names, batch_size)


def _batches(
    path: Path, events: Iterable[pylhe.LHEEvent], names: tuple[str, ...], batch_size: int
) -> Iterator[EventBatch]:
    count = 0
    try:
        with warnings.catch_warnings():
            # pylhe warns and stops at broken XML: for us a file that ends early is an error.
            warnings.simplefilter("error", RuntimeWarning)
            stream = iter(events)
            while chunk := tuple(islice(stream, batch_size)):
                batch = _from_pylhe(chunk, names)
                count += len(batch)
                yield batch
    except (RuntimeWarning, ValueError, IndexError, KeyError, OSError, EOFError) as error:
        message = (
            f"{path}: damaged after event {count} (counted in batches of {batch_size}): {error}. "
            "Write the file again; a complete one ends in </LesHouchesEvents>"
        )
        raise EventFileError(message) from error


def _from_pylhe(events: tuple[pylhe.LHEEvent, ...], names: tuple[str, ...]) -> EventBatch:
    particles = [particle for event in events for particle in event.particles]
    for event in events:
        if len(event.particles) != event.eventinfo.nparticles:
            message = (
                f"an event announces {event.eventinfo.nparticles} particles "
                f"and holds {len(event.particles)}"
            )
            raise ValueError(message)
    counts = [len(event.particles) for event in events]
    info = [event.eventinfo for event in events]
    weights = [
        [event.eventinfo.weight, *(event.weights[name] for name in names[1:])] for event in events
    ]
    return EventBatch(
        offsets=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        pdg_id=np.array([p.id for p in particles], dtype=np.int32),
        status=np.array([p.status for p in particles], dtype=np.int32),
        parents=np.array([(p.mother1, p.mother2) for p in particles], dtype=np.int32),
        colour=np.array([(p.color1, p.color2) for p in particles], dtype=np.int32),
        momenta=np.array([(p.e, p.px, p.py, p.pz) for p in particles], dtype=np.float64),
        mass=np.array([p.m for p in particles], dtype=np.float64),
        weights=np.array(weights, dtype=np.float64),
        scale=np.array([i.scale for i in info], dtype=np.float64),
        alpha_s=np.array([i.aqcd for i in info], dtype=np.float64),
        alpha_qed=np.array([i.aqed for i in info], dtype=np.float64),
        process_id=np.array([i.pid for i in info], dtype=np.int32),
        weight_names=names,
        helicity=np.array([p.spin for p in particles], dtype=np.float64),
    )
