# SPDX-License-Identifier: GPL-3.0-or-later
"""Files with faults planted at random, of every kind that is read: what becomes of each.

A file that is refused must be refused by a named error with the file in it; one that is read must
give what its text says, by another reader: a parser of regular expressions for Les Houches text,
pyhepmc for HepMC, h5py and numpy for tables, float() for grids of parton densities; and files with
checksums the events that were written. Mutants run in a process of their own, so that a death or a
file that takes too long is one mutant's fate.

    python -m tests.events.mutants 100000 [--kinds lhe hepmc3] [--seed 1]
"""

import argparse
import gzip
import lzma
import multiprocessing as mp
import os
import re
import resource
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import h5py
import numpy as np
import pyhepmc
import pylhe

from mcsurrogate.errors import MCSurrogateError
from mcsurrogate.events import (
    convert_events,
    read_generated_events,
    read_hard_events,
)
from mcsurrogate.pdf.grid_file import read_grid
from tests.events.hepmc_oracle import ours, theirs
from tests.events.test_hepmc_text import later_mother, refused_names
from tests.events.test_hepmc_text import mutate as mutate_hepmc
from tests.events.test_lhe_mutations import CASES, NAMES, mutate, said
from tests.events.test_madgraph_npy import PARTICLE, write_npy

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

__all__ = ["KINDS", "run"]

LONGEST = 30.0  # seconds for one mutant
MEMORY = 6 << 30
OUTCOMES = ("refused", "read", "unnamed", "silent", "traceback", "death", "hang", "no verdict")
FAULTS = OUTCOMES[2:7]


class SilentError(Exception):
    """What was read is not what the file says."""


def same(found, expected, what: str) -> None:
    if not np.array_equal(np.asarray(found), np.asarray(expected), equal_nan=True):
        raise SilentError(f"{what}: {found} is not {expected}")


def flipped(rng: np.random.Generator, content: bytes) -> bytes:
    """Change bits or bytes, remove or repeat a piece, or cut the file."""
    data = bytearray(content)
    for _ in range(int(rng.choice((1, 1, 2, 5)))):
        place = int(rng.integers(0, max(len(data), 1)))
        match int(rng.integers(0, 6)):
            case 0 | 1 | 2:
                data[place : place + 1] = bytes([rng.integers(0, 256)])
            case 3:
                del data[place : place + int(rng.choice((1, 8, 200)))]
            case 4:
                data[place:place] = data[place : place + int(rng.choice((1, 8, 200)))]
            case _ if rng.random() < 0.3:
                del data[place:]
    return bytes(data)


def batches_of(path: Path):
    run, batches = read_hard_events(path, batch_size=3)
    return run, list(batches)


def judge_lhe(text: bytes, run, found) -> None:
    visible = re.sub(r"<!--.*?-->", "", text.decode("utf-8", "surrogateescape"), flags=re.DOTALL)
    expected = said(visible)
    same(sum(map(len, found)), len(expected), "events")
    rows = iter(expected)
    for batch in found:
        for i in range(len(batch)):
            first, table, named = next(rows)
            part = slice(batch.offsets[i], batch.offsets[i + 1])
            same((len(table), first[0]), (part.stop - part.start,) * 2, "particles")
            own = [batch.weights[i, 0], batch.scale[i], batch.alpha_qed[i], batch.alpha_s[i]]
            same(own, first[2:6], "event line")
            columns = [batch.pdg_id[part], batch.status[part], *batch.parents[part].T]
            columns += [*batch.colour[part].T, *batch.momenta[part][:, [1, 2, 3, 0]].T]
            columns += [batch.mass[part], batch.lifetime[part], batch.helicity[part]]
            same(np.stack(columns, axis=1), np.array(table), "particle lines")
            weights = dict(zip(run.weight_names[1:], batch.weights[i, 1:].tolist(), strict=True))
            if weights != named:
                raise SilentError(f"weights: {weights} is not {named}")


def decompressed(path: Path) -> bytes:
    content = path.read_bytes()
    if content.startswith(b"\x1f\x8b"):
        return gzip.decompress(content)
    if content.startswith(b"\x28\xb5\x2f\xfd"):
        return zstd.decompress(content)
    return lzma.decompress(content) if content.startswith(b"\xfd7zXZ") else content


def check_lhe(path: Path, _original) -> None:
    run, found = batches_of(path)
    judge_lhe(decompressed(path), run, found)


def check_hepmc(path: Path, _original, judging) -> bool:
    found = ours(path)
    text = decompressed(path)
    # pyhepmc forgets the one, and gives up at the others, of which HepMC3's writer makes one
    nothing_in = re.search(rb"^V -\d+ -?\d+ \[\]", text, re.MULTILINE)
    if later_mother(text) or refused_names(text) or nothing_in:
        return True
    judging()  # a fault that pyhepmc does not survive tells nothing of us
    # between events pyhepmc takes an empty line for the end of the file
    path.write_bytes(re.sub(rb"\n\s*\n(?=[A-Z] )", b"\n", text))
    expected = theirs(path)
    if expected is None or len(found) != len(expected):
        raise SilentError(f"pyhepmc reads {expected and len(expected)} events, not {len(found)}")
    for mine, other in zip(found, expected, strict=True):
        # pyhepmc has 32 bits for a number
        wrapped = replace(mine, number=(mine.number + 2**31) % 2**32 - 2**31)
        if difference := wrapped.difference(other):
            raise SilentError(difference)
    return False


def check_original(path: Path, original) -> None:
    """Files with checksums hold what was written or are refused."""
    _, found = batches_of(path)
    _, expected = original
    same([len(batch) for batch in found], [len(batch) for batch in expected], "events")
    for one, other in zip(found, expected, strict=True):
        for name in type(one).__slots__:
            if name not in {"weight_names", "attributes", "annotations"}:
                same(getattr(one, name), getattr(other, name), name)


def check_generated(path: Path, original) -> None:
    chunks = list(read_generated_events(path)[1])
    for name in ("particles", "production_vertex", "vertex_positions", "weights", "event_numbers"):
        found, expected = ([getattr(c, name).tobytes() for c in cs] for cs in (chunks, original))
        if found != expected:
            raise SilentError(name)


def check_tables(path: Path, _original) -> None:
    """LHEH5 of others, without checksums, against the tables as h5py gives them."""
    _, found = batches_of(path)
    with h5py.File(path) as file:
        events, particles = file["events"][()], file["particles"][()]
    there = events[events[:, 1] > 0]
    rows = [particles[int(e[2]) : int(e[2] + e[1])] for e in there]
    expected = np.concatenate(rows) if rows else np.zeros((0, 13))
    columns = [
        np.column_stack(
            (b.pdg_id, b.status, b.parents, b.colour, b.momenta[:, [1, 2, 3, 0]], b.mass)
        )
        for b in found
    ]
    got = np.concatenate(columns) if columns else np.zeros((0, 11))
    same(got, expected[:, :11], "particles")


def check_npy(path: Path, _original) -> None:
    run, found = batches_of(path)
    rows = np.load(path)
    same(sum(map(len, found)), len(rows), "events")
    names = ("weight", *(f"rwgt_{name}" for name in run.weight_names[1:]))
    same(
        np.concatenate([b.weights for b in found]), np.stack([rows[n] for n in names], 1), "weights"
    )
    table = [
        [row[f"part{i}_{name}"] for name, _ in PARTICLE[:11]]
        for row in rows
        for i in range(1, 7)
        if row[f"part{i}_pdg_id"]
    ]
    got = np.concatenate(
        [
            np.column_stack(
                (b.pdg_id, b.status, b.parents, b.colour, b.momenta[:, [1, 2, 3, 0]], b.mass)
            )
            for b in found
        ]
    )
    same(got, np.array(table, dtype=float), "particles")


def check_grid(path: Path, _original) -> None:
    grid = read_grid(path)
    blocks = [block.strip("\n") for block in re.split(r"(?m)^---.*$", path.read_text())][1:]
    blocks = [block for block in blocks if block.strip()]
    same(len(grid.subgrids), len(blocks), "subgrids")
    for own, block in zip(grid.subgrids, blocks, strict=True):
        x, q, pdg, *values = [line for line in block.split("\n") if line.strip()]
        same(grid.x, [float(word) for word in x.split()], "x")
        same(own.q, [float(word) for word in q.split()], "q")
        same(grid.pdg_ids, [int(word) for word in pdg.split()], "partons")
        table = np.array([[float(word) for word in line.split()] for line in values])
        same(own.xf.reshape(table.shape), table, "values")


@dataclass(frozen=True)
class Kind:
    """Files of one kind: how they are made, changed and judged."""

    make: Callable[[Path], list[Path]]
    change: Callable[[np.random.Generator, bytes], bytes]
    check: Callable
    pyhepmc: bool = False


def lhe_files(_folder: Path) -> list[Path]:
    return [CASES / f"{name}.lhe" for name in NAMES]


def packed(suffixes: tuple[str, ...], sources: Callable[[Path], list[Path]]):
    def make(folder: Path) -> list[Path]:
        pack = {".gz": gzip.compress, ".zst": zstd.compress, ".xz": lzma.compress}
        made = []
        for source in sources(folder):
            for suffix in suffixes:
                made.append(folder / f"{source.name}{suffix}")
                made[-1].write_bytes(pack[suffix](source.read_bytes()))
        return made

    return make


def converted(ending: str, sources: Callable[[Path], list[Path]]):
    def make(folder: Path) -> list[Path]:
        made = []
        for source in sources(folder):
            made.append(folder / f"{source.stem}{ending}")
            convert_events(source, made[-1])
        return made

    return make


def pylhe_files(folder: Path) -> list[Path]:
    made = []
    for source in lhe_files(folder)[:2]:
        made.append(folder / f"{source.stem}.pylhe.h5")
        pylhe.LHEFile.fromfile(str(source)).tofile(str(made[-1]), lheformat=pylhe.HDF5_FORMAT)
    return made


def npy_files(folder: Path) -> list[Path]:
    text = (CASES / "good_eight_events.lhe").read_text()
    (folder / "source.lhe").write_text(text)
    return [write_npy(folder, folder / "source.lhe")]


def grid_files(folder: Path) -> list[Path]:
    rng, x, q = (
        np.random.default_rng(1),
        [1e-4, 1e-2, 0.1, 0.5, 1.0],
        [[1.3, 2.0, 4.7], [4.7, 90.0]],
    )
    text = "PdfType: central\nFormat: lhagrid1\nAlphaS_MZ: 0.118\n---\n"
    for knots in q:
        lines = [" ".join(map(str, x)), " ".join(map(str, knots)), "-2 -1 1 2 21"]
        lines += [
            " ".join(f"{value:.8e}" for value in rng.random(5)) for _ in range(len(x) * len(knots))
        ]
        text += "\n".join(lines) + "\n---\n"
    (folder / "toy_0000.dat").write_text(text)
    return [folder / "toy_0000.dat"]


def version(number: int):
    def make(folder: Path) -> list[Path]:
        from tests.events.test_hepmc_text import event, furnish

        path = folder / f"events.hepmc{number}"
        run = pyhepmc.GenRunInfo()
        run.weight_names = ["Weight", "other"]
        form = "HepMC3" if number == 3 else "HepMC2"
        with pyhepmc.open(str(path), "w", format=form) as out:
            for i in range(3):
                made = event(i)
                furnish(made, run)
                out.write(made)
        return [path]

    return make


KINDS = {
    "lhe": Kind(lhe_files, mutate, check_lhe),
    "lhe.gz": Kind(packed((".gz", ".zst", ".xz"), lhe_files), flipped, check_lhe),
    "hepmc3": Kind(version(3), mutate_hepmc, check_hepmc, pyhepmc=True),
    "hepmc2": Kind(version(2), mutate_hepmc, check_hepmc, pyhepmc=True),
    "hepmc.gz": Kind(
        packed((".gz", ".zst", ".xz"), version(3)), flipped, check_hepmc, pyhepmc=True
    ),
    "lheh5": Kind(converted(".h5", lhe_files), flipped, check_original),
    "lheh5 of pylhe": Kind(pylhe_files, flipped, check_tables),
    "npy": Kind(npy_files, flipped, check_npy),
    "parquet": Kind(converted(".parquet", lhe_files), flipped, check_original),
    "parquet of hepmc": Kind(converted(".parquet", version(3)), flipped, check_generated),
    "root": Kind(converted(".root", lhe_files), flipped, check_original),
    "root of hepmc": Kind(converted(".root", version(3)), flipped, check_generated),
    "pdf": Kind(grid_files, mutate, check_grid),
}


def original_of(kind: Kind, path: Path):
    if kind.check is check_original:
        return batches_of(path)
    return list(read_generated_events(path)[1]) if kind.check is check_generated else None


def work(name: str, first: int, stop: int, seed: int, pipe) -> None:
    """Try mutants one by one, telling the number of each before, and its fate after."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # HDF5 and pyhepmc talk
    warnings.simplefilter("ignore")
    kind = KINDS[name]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        files = kind.make(folder)
        contents = [file.read_bytes() for file in files]
        originals = [original_of(kind, file) for file in files]
        for number in range(first, stop):
            rng = np.random.default_rng((seed, sorted(KINDS).index(name), number))
            which = number % len(files)
            path = folder / files[which].name
            path.write_bytes(kind.change(rng, contents[which]))
            pipe.send((number, "tried", ""))
            pipe.send(
                (number, *fate(kind, path, originals[which], lambda: pipe.send((0, "judging", ""))))
            )


def fate(kind: Kind, path: Path, original, judging) -> tuple[str, str]:
    try:
        if kind.pyhepmc:
            return ("no verdict" if kind.check(path, original, judging) else "read"), ""
        kind.check(path, original)
    except MCSurrogateError as error:
        named = path.name in str(error) or "header.lhe" in str(error)
        return ("refused" if named else "unnamed"), str(error)
    except SilentError as error:
        return "silent", str(error)[:400]
    except BaseException:
        return "traceback", traceback.format_exc()[-1500:]
    return "read", ""


def run(name: str, count: int, seed: int = 1, first: int = 0) -> Counter:
    """Try mutants of a kind; print every fault, and return how many met which fate."""
    context, counts, stop = mp.get_context("fork"), Counter(), first + count
    while first < stop:
        mine, child = context.Pipe(duplex=False)
        process = context.Process(target=work, args=(name, first, stop, seed, child))
        process.start()
        child.close()
        state = "tried"
        try:
            while mine.poll(LONGEST):
                number, state, words = mine.recv()
                if state in OUTCOMES:
                    counts[state] += 1
                    first = number + 1
                    if state in FAULTS:
                        print(f"{name} {number}: {state}: {words}", flush=True)
            died = "hang"
        except EOFError:
            died = "death"
        process.kill()
        process.join()
        if first < stop:
            died = "no verdict" if state == "judging" else died
            counts[died] += 1
            if died in FAULTS:
                print(f"{name} {first}: {died}", flush=True)
            first += 1
    return counts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int, help="mutants of each kind")
    parser.add_argument("--kinds", nargs="*", default=list(KINDS))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0)
    arguments = parser.parse_args()
    faults = 0
    for name in arguments.kinds:
        start = time.perf_counter()
        counts = run(name, arguments.count, arguments.seed, arguments.first)
        faults += sum(counts[fault] for fault in FAULTS)
        told = ", ".join(f"{counts[outcome]} {outcome}" for outcome in OUTCOMES if counts[outcome])
        print(f"{name}: {told} ({time.perf_counter() - start:.0f} s)", flush=True)
    sys.exit(faults > 0)


if __name__ == "__main__":
    main()
