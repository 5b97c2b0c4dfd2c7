# SPDX-License-Identifier: GPL-3.0-or-later
"""Values against LHAPDF's tables, and the properties of a parton density."""

import numpy as np
import pytest
import torch

from mcsurrogate.errors import PartonDensityError
from mcsurrogate.pdf import GridDensity, PartonDensity, load_pdf
from mcsurrogate.pdf.grid_file import GridFile, Subgrid, read_grid


def _evaluate(pdf, oracle, rows=slice(None), dtype=torch.float64):
    x, q = (torch.tensor(oracle[key][rows], dtype=dtype) for key in ("x", "q"))
    return pdf.xfx_all(x, q, oracle["pids"].tolist()).numpy()


def _relative(values, reference):
    """Error relative to the value, or to 1e-7 of the largest parton where it all but vanishes."""
    floor = 1e-7 * np.abs(reference).max(axis=1, keepdims=True)
    return np.abs(values - reference) / np.maximum(np.maximum(np.abs(reference), floor), 1e-12)


def _first_interval(pdf, oracle):
    """Rows for which LHAPDF 6.2.3 uses the spacings of the call before (see the data's README)."""
    grid = read_grid(pdf.path)
    x, q = oracle["x"], oracle["q"]
    rows = (x > grid.x[0]) & (x < grid.x[1])
    for subgrid in grid.subgrids:
        rows |= (q > subgrid.q[0]) & (q < subgrid.q[1])
    return rows


@pytest.mark.parametrize("kind", range(6))
def test_table_inside_the_grid(pdf, oracle, kind):
    rows = (oracle["kind"] == kind) & ~_first_interval(pdf, oracle)
    assert rows.sum() > 60
    assert _relative(_evaluate(pdf, oracle, rows), oracle["xf"][rows]).max() < 1e-9
    # Errors above 1e-12 only where a density crosses zero and cancellation decides.
    sizeable = np.abs(oracle["xf"][rows]) > 1e-3 * np.abs(oracle["xf"][rows]).max(1, keepdims=True)
    relative = _relative(_evaluate(pdf, oracle, rows), oracle["xf"][rows])[sizeable]
    assert relative.max() < 1e-12


def test_knots_are_exact(pdf, oracle):
    rows = oracle["kind"] == 1
    np.testing.assert_allclose(_evaluate(pdf, oracle, rows), oracle["xf"][rows], rtol=1e-15)


def test_every_row_with_the_memory_of_lhapdf_623(pdf, oracle, reference):
    """The whole table, first intervals and outside included, is LHAPDF's formula."""
    grid = read_grid(pdf.path)
    with_memory = reference(grid, remember=True)
    without = reference(grid, remember=False)
    columns = [grid.pdg_ids.index(pid) for pid in pdf.pdg_ids]
    known = [oracle["pids"].tolist().index(pid) for pid in pdf.pdg_ids]
    table = oracle["xf"][:, known]
    ours = pdf.xfx_all(torch.tensor(oracle["x"]), torch.tensor(oracle["q"])).numpy()
    points = list(zip(oracle["x"], oracle["q"], strict=True))
    remembered = np.array([with_memory(x, q)[columns] for x, q in points])
    assert _relative(remembered, table).max() < 1e-9
    clean = np.array([without(x, q)[columns] for x, q in points])
    assert _relative(ours, clean).max() < 1e-9
    # And the memory is what makes the difference, in the rows where it can and nowhere else.
    differs = np.abs(remembered - clean).max(axis=1) > 1e-9 * np.abs(clean).max(axis=1)
    inside = oracle["kind"] < 6
    assert not (differs & inside & ~_first_interval(pdf, oracle)).any()
    assert differs.sum() > 100


def test_fixed_scale_agrees_with_scale_tensor(pdf):
    x = torch.logspace(-10, 0, 301, dtype=torch.float64)
    for q in (0.5, pdf.q_min, 1.7, 4.92, 91.188, pdf.q_max, 2 * pdf.q_max):
        fixed = pdf.xfx_all(x, q)
        torch.testing.assert_close(
            fixed, pdf.xfx_all(x, torch.full_like(x, q)), rtol=1e-12, atol=1e-13
        )
    many = [pdf.xfx(21, x, 10.0 + i) for i in range(40)]  # more than are kept
    torch.testing.assert_close(many[0], pdf.xfx(21, x, 10.0), rtol=0, atol=0)


def test_protocol_shapes_and_partons(pdf):
    assert isinstance(pdf, PartonDensity)
    x = torch.rand(3, 4, dtype=torch.float64).clamp(min=1e-3)
    assert pdf.xfx(21, x, 50.0).shape == (3, 4)
    assert pdf.xfx_all(x, 50.0).shape == (3, 4, len(pdf.pdg_ids))
    torch.testing.assert_close(pdf.xfx(0, x, 50.0), pdf.xfx(21, x, 50.0), rtol=0, atol=0)
    ids = torch.tensor([21, 2, -2, 5])
    mixed = pdf.xfx(ids.expand(3, 4), x, torch.full_like(x, 50.0))
    for column, pdg in enumerate(ids.tolist()):
        torch.testing.assert_close(
            mixed[:, column], pdf.xfx(pdg, x[:, column], 50.0), rtol=1e-12, atol=1e-14
        )
    if 6 not in pdf.pdg_ids:
        assert (pdf.xfx(6, x, 50.0) == 0).all()


def test_single_precision(pdf, oracle):
    rows = (oracle["kind"] < 2) & ~_first_interval(pdf, oracle)
    values = _evaluate(pdf, oracle, rows, torch.float32)
    assert values.dtype == np.float32
    table = oracle["xf"][rows]
    error = np.abs(values - table) / np.abs(table).max(axis=1, keepdims=True).clip(1e-6)
    # The slope of x f amplifies the rounding of x itself, most at large x.
    assert np.quantile(error, 0.999) < 1e-4
    assert np.median(error) < 1e-6


def test_gradients(pdf):
    generator = torch.Generator().manual_seed(3)
    draw = torch.rand(30, 2, generator=generator, dtype=torch.float64)
    # Inside, below x_min, below q_min and above q_max: all four formulae.
    x = (-18.0 * draw[:, 0]).requires_grad_()
    q = (1.0 + 6.0 * draw[:, 1]).requires_grad_()
    assert torch.autograd.gradcheck(
        lambda a, b: pdf.xfx_all(a.exp(), b.exp(), (21, 2, -1)), (x, q), rtol=1e-5
    )
    assert torch.autograd.gradcheck(lambda a: pdf.xfx(21, a.exp(), 80.0), (x,), rtol=1e-5)
    tiny = torch.tensor([2e-10, 1e-5, 1e-5, 3e-10], dtype=torch.float64, requires_grad=True)
    scale = torch.tensor([50.0, 0.7, 2e5, 0.8], dtype=torch.float64, requires_grad=True)
    value = pdf.xfx_all(tiny, scale, (21, 2)).log().sum()
    for gradient, variable in zip(
        torch.autograd.grad(value, (tiny, scale)), (tiny, scale), strict=True
    ):
        for i in range(len(tiny)):
            step = torch.zeros_like(variable)
            step[i] = 1e-6 * variable[i].item()
            shifted = [
                pdf.xfx_all(
                    *(
                        (variable + sign * step, scale)
                        if variable is tiny
                        else (tiny, variable + sign * step)
                    ),
                    (21, 2),
                )
                .log()
                .sum()
                .item()
                for sign in (1, -1)
            ]
            expected = (shifted[0] - shifted[1]) / (2 * step[i].item())
            assert gradient[i].item() == pytest.approx(
                expected, rel=1e-4, abs=1e-9 / step[i].item()
            )


def test_outside_is_continuous_and_finite(pdf):
    x = torch.logspace(-12, 0, 200, dtype=torch.float64)
    for q in (1e-3, 0.9, pdf.q_min * (1 - 1e-9), pdf.q_max * (1 + 1e-9), 1e7):
        assert torch.isfinite(pdf.xfx_all(x, q)).all()
    for edge, sign in ((pdf.q_min, -1), (pdf.q_max, 1)):
        inside = pdf.xfx_all(x, edge)
        torch.testing.assert_close(
            pdf.xfx_all(x, edge * (1 + sign * 1e-12)), inside, rtol=1e-6, atol=1e-9
        )
    near = torch.tensor([pdf.x_min * (1 - 1e-12), pdf.x_min], dtype=torch.float64)
    below, at = pdf.xfx_all(near, 100.0)
    torch.testing.assert_close(below, at, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("x", [0.0, -0.1, 1.0 + 1e-6, float("nan"), float("inf")])
def test_impossible_momentum_fraction(pdf, x):
    points = torch.tensor([0.5, x], dtype=torch.float64)
    for q in (50.0, torch.tensor([50.0, 50.0])):
        with pytest.raises(PartonDensityError, match="momentum fractions outside"):
            pdf.xfx(21, points, q)


@pytest.mark.parametrize("q", [0.0, -3.0, float("nan"), float("inf")])
def test_impossible_scale(pdf, q):
    x = torch.tensor([0.5], dtype=torch.float64)
    for scale in (q, torch.tensor([q], dtype=torch.float64)):
        with pytest.raises(PartonDensityError, match="scale"):
            pdf.xfx(21, x, scale)


def test_unknown_parton(pdf):
    with pytest.raises(PartonDensityError, match="PDG id 11 is not a parton"):
        pdf.xfx(11, torch.tensor([0.5]), 50.0)


def test_momentum_sum_rule(pdf):
    """sum over partons of the integral of x f is one (a fit's own constraint, to 1%)."""
    grid = torch.logspace(-9, 0, 20001, dtype=torch.float64)
    total = pdf.xfx_all(grid, 10.0).sum(dim=1)
    assert float(torch.trapezoid(total, grid)) == pytest.approx(1.0, abs=0.01)


def test_positivity_is_forced_where_asked():
    name = "NNPDF31_nnlo_as_0118_luxqed"
    plain = load_pdf(name)
    forced = GridDensity(read_grid(plain.path), name, force_positive=2)
    x = torch.logspace(-9, -0.01, 500, dtype=torch.float64)
    values = plain.xfx_all(x, 1.7)
    assert (values < 0).any()
    torch.testing.assert_close(forced.xfx_all(x, 1.7), values.clamp(min=1e-10), rtol=0, atol=0)
    with pytest.raises(PartonDensityError, match="ForcePositive"):
        GridDensity(read_grid(plain.path), name, force_positive=3)


def test_short_subgrid_is_linear(tmp_path, reference):
    """LHAPDF falls back to a linear interpolation for fewer than four Q knots."""
    rng = np.random.default_rng(1)
    x = np.array([1e-4, 1e-3, 1e-2, 0.1, 1.0])
    subgrids = (
        Subgrid(np.array([1.0, 2.0, 3.0]), rng.random((5, 3, 2))),
        Subgrid(np.array([3.0, 5.0, 9.0, 20.0, 50.0]), rng.random((5, 5, 2))),
    )
    grid = GridFile(tmp_path, {}, x, (21, 2), subgrids)
    pdf = GridDensity(grid, "made up")
    point = torch.tensor([3e-3, 3e-3], dtype=torch.float64)
    scale = torch.tensor([2.5, 7.0], dtype=torch.float64)
    values = pdf.xfx_all(point, scale).numpy()
    tx = np.log(3) / np.log(10)
    tq = np.log(2.5 / 2) / np.log(3 / 2)
    corners = subgrids[0].xf[1:3, 1:3]
    mixed = (1 - tx) * corners[0] + tx * corners[1]
    np.testing.assert_allclose(values[0], (1 - tq) * mixed[0] + tq * mixed[1], rtol=1e-13)
    np.testing.assert_allclose(values[1], reference(grid, remember=False)(3e-3, 7.0), rtol=1e-12)
    for i, q in enumerate((2.5, 7.0)):
        np.testing.assert_allclose(pdf.xfx_all(point[:1], q).numpy()[0], values[i], rtol=1e-13)
