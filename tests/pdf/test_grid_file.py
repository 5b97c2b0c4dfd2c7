# SPDX-License-Identifier: GPL-3.0-or-later
"""A damaged grid is refused with file, line and reason."""

import pytest

from mcsurrogate.errors import PartonDensityError
from mcsurrogate.pdf import available_pdfs, load_pdf
from mcsurrogate.pdf.grid_file import read_grid

HEADER = ["PdfType: central", "Format: lhagrid1", "---"]
X = "1e-4 1e-3 1e-2 1e-1 1"
Q = "1 2 3 4"
VALUES = ["0.5 0.25"] * 20
GOOD = [*HEADER, X, Q, "21 2", *VALUES, "---"]


def _write(tmp_path, lines):
    path = tmp_path / "made_0000.dat"
    path.write_text("\n".join(lines) + "\n")
    return path


def _changed(line, text):
    lines = list(GOOD)
    lines[line - 1] = text
    return lines


def test_good_grid(tmp_path):
    grid = read_grid(_write(tmp_path, ["# a comment", *GOOD]))
    assert grid.pdg_ids == (21, 2)
    assert grid.subgrids[0].xf.shape == (5, 4, 2)


@pytest.mark.parametrize(
    ("lines", "number", "reason"),
    [
        (GOOD[:-1], 26, "closing '---'"),
        (GOOD[:15], 15, "closing '---'"),
        ([*GOOD[:20], "---"], 20, "ends after 14 lines of values"),
        (_changed(10, "0.5 oops"), 10, "not all numbers"),
        (_changed(10, "0.5"), 10, "1 values where 2 partons"),
        (_changed(11, "0.5 0.1 0.2"), 11, "3 values where 2 partons"),
        (_changed(12, "0.5 nan"), 12, "not finite"),
        (_changed(12, "inf 0.1"), 12, "not finite"),
        (_changed(4, "1e-4 1e-4 1e-2 1e-1 1"), 4, "x knots do not increase: number 2"),
        (_changed(4, "1e-4 1e-3 1e-2 1e-1 1.5"), 4, "above 1"),
        (_changed(4, "0 1e-3 1e-2 1e-1 1"), 4, "finite and positive"),
        (_changed(4, "1e-3 1e-2 1"), 4, "3 x knots, at least 4"),
        (_changed(5, "1 2 4 3"), 5, "Q knots do not increase: number 4"),
        (_changed(5, "1 2 x 3"), 5, "not all numbers"),
        (_changed(6, "21 2.5"), 6, "not all integers"),
        (_changed(6, "21 21"), 6, "appears twice"),
        (_changed(6, "0 21"), 6, "appears twice"),
        (_changed(2, "Format: lhagrid2"), 1, "'lhagrid2'"),
        (_changed(1, "no metadata"), 1, "not a 'Key: value' line"),
        ([*GOOD[:-1], "---", X, "5 6 7 8", "21 2", *VALUES, "---"], 29, "begins at Q = 5"),
        ([*GOOD[:-1], "---", X, "4 6 7 8", "21 3", *VALUES, "---"], 30, "PDG ids differ"),
        ([*GOOD[:-1], "---", X[:-1] + "0.9", "4 6", "21 2", *VALUES, "---"], 28, "x knots differ"),
        ([*GOOD, "21 2", "---"], 28, "a block needs"),
        (HEADER, 3, "no block of values"),
        ([], 1, "empty"),
    ],
)
def test_damaged_grid_names_file_and_line(tmp_path, lines, number, reason):
    path = _write(tmp_path, lines)
    with pytest.raises(PartonDensityError, match="damaged") as caught:
        load_pdf(path)
    assert f"made_0000.dat, line {number}:" in str(caught.value)
    assert reason in str(caught.value)


def test_grid_with_a_repeated_knot_that_pythia_ships():
    """CT14qed_proton begins with 1e-9 twice: LHAPDF then returns NaN in places."""
    path = available_pdfs()["CT14qed_proton"]
    with pytest.raises(PartonDensityError, match=r"CT14qed_proton_0000\.dat, line \d+: x knots do"):
        load_pdf("CT14qed_proton")
    with pytest.raises(PartonDensityError):
        read_grid(path)


def test_unreadable_file(tmp_path):
    path = tmp_path / "binary.dat"
    path.write_bytes(b"\xff\xfe\x00\x80")
    with pytest.raises(PartonDensityError, match="cannot read"):
        read_grid(path)
