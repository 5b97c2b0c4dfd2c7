# SPDX-License-Identifier: GPL-3.0-or-later
"""Cost of parton densities: CPU nanoseconds a point and flavour, one thread.

    python benchmarks/pdf.py [--points 10000] [--set NNPDF31_nnlo_as_0118_luxqed]

Compares the scale as a tensor with a fixed scale, one flavour with many, double with single
precision, and madspace's reader of the same grid where madspace is installed.
"""

import argparse
import importlib.util
import statistics
import time
from collections.abc import Callable, Sequence

import numpy as np
import torch

from mcsurrogate.pdf import GridDensity, load_pdf

QUARKS_AND_GLUON = (21, *range(-5, 0), *range(1, 6))


def median_time(function: Callable[[], object], repetitions: int) -> float:
    """Median CPU seconds of a call, after one call to warm up."""
    function()
    times = []
    for _ in range(repetitions):
        start = time.process_time()
        function()
        times.append(time.process_time() - start)
    return statistics.median(times)


def native(
    pdf: GridDensity, x: torch.Tensor, q: torch.Tensor | float, ids: Sequence[int]
) -> Callable[[], object]:
    """Evaluate some flavours of the grid with our reader."""
    return lambda: pdf.xfx_all(x, q, ids)


def madspace_grid(pdf: GridDensity, x: torch.Tensor, q: torch.Tensor) -> Callable[[], object]:
    """Evaluate all flavours of the grid with madspace, and check that it agrees."""
    import madspace as ms

    grid = ms.PdfGrid(str(pdf.path))
    context = ms.Context(1)
    grid.initialize_globals(context)
    density = ms.PartonDensity(grid, list(QUARKS_AND_GLUON))
    runtime = ms.FunctionRuntime(density.function(), context)
    inputs = [np.ascontiguousarray(x.numpy()), np.ascontiguousarray(q.numpy())]
    values = np.asarray(runtime.call(inputs)[0].numpy())
    ours = pdf.xfx_all(x, q, QUARKS_AND_GLUON).numpy()
    print(f"largest difference to madspace: {np.abs(values - ours).max():.1e}")
    return lambda: runtime.call(inputs)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=10_000)
    parser.add_argument("--set", default="NNPDF31_nnlo_as_0118_luxqed")
    parser.add_argument("--repetitions", type=int, default=31)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    start = time.perf_counter()
    pdf = load_pdf(arguments.set)
    print(f"{arguments.set}: loaded in {time.perf_counter() - start:.3f} s")
    generator = torch.Generator().manual_seed(1)
    draw = torch.rand(arguments.points, 2, generator=generator, dtype=torch.float64)
    x64, q64 = torch.exp(-12 * draw[:, 0]), torch.exp(3 + 5 * draw[:, 1])
    print(f"{'case':<42}{'us/point':>10}{'ns/flavour':>12}")

    def report(label: str, function: Callable[[], object], flavours: int) -> None:
        seconds = median_time(function, arguments.repetitions) / arguments.points
        print(f"{label:<42}{seconds * 1e6:>10.3f}{seconds * 1e9 / flavours:>12.1f}")

    for dtype in (torch.float64, torch.float32):
        x, q = x64.to(dtype), q64.to(dtype)
        name = str(dtype).removeprefix("torch.")
        for ids in ((21,), QUARKS_AND_GLUON):
            count = len(ids)
            plural = "flavours" if count > 1 else "flavour"
            report(f"{name}, {count} {plural}, Q tensor", native(pdf, x, q, ids), count)
            report(f"{name}, {count} {plural}, Q fixed", native(pdf, x, 91.188, ids), count)
    if importlib.util.find_spec("madspace") is not None:
        report("madspace, float64, 11 flavours, Q tensor", madspace_grid(pdf, x64, q64), 11)


if __name__ == "__main__":
    main()
