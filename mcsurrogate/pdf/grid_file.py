# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading LHAPDF6 grid files (``lhagrid1``), with errors that name the line.

The format is the one of arXiv:1412.7420, section 4: a metadata block, then one block for
each subgrid in Q, every block closed by ``---``.  A subgrid block holds a line of x knots, a
line of Q knots, a line of PDG ids and, with x as the slow index, one line of x f values a
knot pair.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.errors import PartonDensityError
from mcsurrogate.pdf.info_file import SetInfo, parse_entries

__all__ = ["GLUON", "GridFile", "Subgrid", "read_grid"]

_SEPARATOR = "---"
GLUON = 21
"""Of which 0 is another name."""


@dataclass(frozen=True, slots=True)
class Subgrid:
    """Knots and values of one range in Q.

    Attributes
    ----------
    q
        ``(Q,)`` knots in GeV, increasing.
    xf
        ``(X, Q, F)`` values of x f(x, Q).
    """

    q: NDArray[np.float64]
    xf: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class GridFile:
    """The content of one grid file.

    Attributes
    ----------
    path
        Where it was read from.
    metadata
        Keys and values of the first block, the header of the member.
    x
        ``(X,)`` knots of the momentum fraction, increasing, the same in every subgrid.
    pdg_ids
        The F partons, in the order of the columns; the gluon is 21.
    subgrids
        In increasing Q; neighbours share their boundary, which belongs to the upper one.
    """

    path: Path
    metadata: SetInfo
    x: NDArray[np.float64]
    pdg_ids: tuple[int, ...]
    subgrids: tuple[Subgrid, ...]


class _Lines:
    """Lines of a grid file with their numbers, comments left out."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise PartonDensityError(
                f"cannot read the grid file {path}: {error}; give the path of an LHAPDF6 .dat file"
            ) from error
        stripped = ((number, line.strip()) for number, line in enumerate(text.splitlines(), 1))
        self.lines = [(n, line) for n, line in stripped if not line.startswith("#")]
        while self.lines and not self.lines[-1][1]:
            self.lines.pop()

    def error(self, number: int, message: str) -> PartonDensityError:
        return PartonDensityError(
            f"{self.path}, line {number}: {message}; the grid is damaged, fetch the set again"
        )

    def blocks(self) -> list[list[tuple[int, str]]]:
        if not self.lines:
            raise self.error(1, "the file is empty")
        blocks: list[list[tuple[int, str]]] = [[]]
        for number, line in self.lines:
            if line == _SEPARATOR:
                blocks.append([])
            else:
                blocks[-1].append((number, line))
        if blocks[-1]:
            last = self.lines[-1][0]
            raise self.error(last, "the file ends without the closing '---', it is truncated")
        return blocks[:-1]


def read_grid(path: str | Path) -> GridFile:
    """Read and check an LHAPDF6 ``lhagrid1`` file.

    Raises
    ------
    PartonDensityError
        The file cannot be read or is damaged; the message names file and line.
    """
    lines = _Lines(Path(path))
    blocks = lines.blocks()
    metadata = _metadata(lines, blocks[0] if blocks else [])
    if len(blocks) < 2:
        raise lines.error(lines.lines[-1][0], "there is no block of values")
    x: NDArray[np.float64] | None = None
    pdg_ids: tuple[int, ...] | None = None
    subgrids: list[Subgrid] = []
    for block in blocks[1:]:
        if len(block) < 4:
            number = block[0][0] if block else lines.lines[-1][0]
            raise lines.error(number, "a block needs x knots, Q knots, PDG ids and values")
        block_x = _knots(lines, *block[0], "x", minimum=4)
        if x is None:
            x = block_x
            if x[-1] > 1.0:
                raise lines.error(block[0][0], f"the last x knot {x[-1]:g} is above 1")
        elif not np.array_equal(x, block_x):
            raise lines.error(block[0][0], "the x knots differ from those of the first block")
        q = _knots(lines, *block[1], "Q", minimum=2)
        if subgrids and q[0] != subgrids[-1].q[-1]:
            raise lines.error(
                block[1][0],
                f"the block begins at Q = {q[0]:g} GeV, the one before ends at "
                f"{subgrids[-1].q[-1]:g} GeV",
            )
        ids = _pdg_ids(lines, *block[2])
        if pdg_ids is None:
            pdg_ids = ids
        elif pdg_ids != ids:
            raise lines.error(block[2][0], "the PDG ids differ from those of the first block")
        values = _values(lines, block[3:], len(ids), len(x), len(q))
        subgrids.append(Subgrid(q=q, xf=values))
    assert x is not None
    assert pdg_ids is not None
    return GridFile(lines.path, metadata, x, pdg_ids, tuple(subgrids))


def _metadata(lines: _Lines, block: Sequence[tuple[int, str]]) -> SetInfo:
    metadata = parse_entries(block, str(lines.path))
    form = metadata.text("Format", "")
    if form != "lhagrid1":
        number = block[0][0] if block else 1
        raise lines.error(number, f"the format is {form!r}, not 'lhagrid1'")
    return metadata


def _numbers(lines: _Lines, number: int, line: str, what: str) -> NDArray[np.float64]:
    try:
        return np.array(line.split(), dtype=np.float64)
    except ValueError as error:
        raise lines.error(number, f"{what} are not all numbers ({error})") from error


def _knots(
    lines: _Lines, number: int, line: str, name: str, *, minimum: int
) -> NDArray[np.float64]:
    knots = _numbers(lines, number, line, f"{name} knots")
    if len(knots) < minimum:
        raise lines.error(number, f"{len(knots)} {name} knots, at least {minimum} are needed")
    if not np.isfinite(knots).all() or knots[0] <= 0:
        raise lines.error(number, f"{name} knots are not all finite and positive")
    for i, (low, high) in enumerate(pairwise(knots.tolist())):
        if high <= low:
            raise lines.error(
                number, f"{name} knots do not increase: number {i + 2} is {high:g} after {low:g}"
            )
    return knots


def _pdg_ids(lines: _Lines, number: int, line: str) -> tuple[int, ...]:
    try:
        ids = tuple(int(token) or GLUON for token in line.split())
    except ValueError as error:
        raise lines.error(number, f"PDG ids are not all integers ({error})") from error
    if len(set(ids)) != len(ids):
        raise lines.error(number, "a PDG id appears twice")
    return ids


def _values(
    lines: _Lines, block: Sequence[tuple[int, str]], n_ids: int, n_x: int, n_q: int
) -> NDArray[np.float64]:
    rows = [line.split() for _, line in block]
    for (number, _), row in zip(block, rows, strict=True):
        if len(row) != n_ids:
            raise lines.error(number, f"{len(row)} values where {n_ids} partons are declared")
    if len(rows) != n_x * n_q:
        raise lines.error(
            block[-1][0],
            f"the block ends after {len(rows)} lines of values, "
            f"{n_x} x knots times {n_q} Q knots need {n_x * n_q}",
        )
    try:
        values = np.array(rows, dtype=np.float64)
    except ValueError:
        for number, line in block:
            _numbers(lines, number, line, "values")
        raise
    if not np.isfinite(values).all():
        number = block[int(np.flatnonzero(~np.isfinite(values).all(axis=1))[0])][0]
        raise lines.error(number, "a value is not finite")
    return values.reshape(n_x, n_q, n_ids)
