# SPDX-License-Identifier: GPL-3.0-or-later
"""Speed and accuracy of squared matrix elements, one thread, batches of 10,000.

The Fortran figures are those of the oracle tables (tests/data/oracle/README.md): MadGraph5_aMC@NLO
3.5.7 standalone, gfortran 12.2 -O3, CPU time per call, minimum of three, one core of a shared
two-core AMD EPYC machine, to be taken as +-20%.  Times here are CPU time as well, so that other
load on the machine matters less.

Run with ``python benchmarks/matrix_elements.py``; ``--device cuda`` times a GPU (wall clock).
"""

import argparse
import platform
import time
from pathlib import Path

import numpy as np
import torch

from mcsurrogate.matrix_elements import Process, StandardModel, matrix_element
from mcsurrogate.matrix_elements.tree import TreeMatrixElement

ORACLE = Path(__file__).parents[1] / "tests" / "data" / "oracle"
BATCH = 10_000

FORTRAN_MICROSECONDS = {
    "ee_mumu": 0.5728833271419727,
    "uux_epem": 0.5676850479599139,
    "uux_ttx": 0.6191135535225095,
    "udx_wpg": 0.6541131264563798,
    "ee_uuxg": 2.1339115761794285,
    "gg_ttx": 3.052895846257586,
    "uc_wpwpds_qcd": 3.753484679650016,
    "gg_wpdux": 3.9960074619883064,
    "gg_gg": 4.249980532581458,
    "uc_wpwpds_ew": 14.541280801687773,
    "gg_ttxg": 25.853618527607477,
    "gg_wpduxg": 42.57207881619935,
    "gg_ggg": 65.57799284313727,
    "gg_ttxgg": 310.49951047619015,
}


def cpu_name() -> str:
    """Return the processor's name."""
    path = Path("/proc/cpuinfo")
    if path.exists():
        for line in path.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def microseconds(amplitude: object, points: torch.Tensor, repetitions: int) -> float:
    """Return the smallest time a point over some calls."""
    on_gpu = points.is_cuda
    clock = time.perf_counter if on_gpu else time.process_time
    best = float("inf")
    with torch.no_grad():
        amplitude(points, 0.118)  # type: ignore[operator]
        for _ in range(repetitions):
            if on_gpu:
                torch.cuda.synchronize()
            start = clock()
            amplitude(points, 0.118)  # type: ignore[operator]
            if on_gpu:
                torch.cuda.synchronize()
            best = min(best, clock() - start)
    return best / len(points) * 1e6


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tables", nargs="*", help="oracle tables (default: all)")
    parser.add_argument("--repetitions", type=int, default=7)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--batch", type=int, default=BATCH)
    parser.add_argument("--engine", action="store_true", help="no closed forms")
    options = parser.parse_args()
    torch.set_num_threads(1)
    print(f"{cpu_name()}, torch {torch.__version__}, 1 thread, batches of {options.batch}")
    if options.device != "cpu":
        print(f"device: {torch.cuda.get_device_name()}")
    print(
        f"{'process':28} {'provider':18} {'build s':>7} {'us/point':>9} {'float32':>8} "
        f"{'Fortran':>8} {'ratio':>6} {'largest relative difference':>28}"
    )
    for name in options.tables or FORTRAN_MICROSECONDS:
        with np.load(ORACLE / f"{name}.npz") as file:
            table = {key: file[key] for key in file.files}
        text, model = str(table["process"]), StandardModel()
        start = time.perf_counter()
        if options.engine:
            amplitude = TreeMatrixElement(Process.parse(text), model)
        else:
            amplitude = matrix_element(text, model)
        build = time.perf_counter() - start
        momenta = torch.tensor(table["momenta"], device=options.device)
        value = amplitude(momenta, float(table["alpha_s"])).cpu().numpy()
        difference = np.abs(value / table["me2"] - 1.0).max()
        points = momenta.repeat(options.batch // len(momenta) + 1, 1, 1)[: options.batch]
        cost = microseconds(amplitude, points, options.repetitions)
        single = microseconds(amplitude, points.float(), options.repetitions)
        fortran = FORTRAN_MICROSECONDS[name]
        print(
            f"{text:28} {type(amplitude).__name__:18} {build:7.2f} {cost:9.3f} {single:8.3f} "
            f"{fortran:8.3f} {cost / fortran:6.2f} {difference:28.1e}",
            flush=True,
        )


if __name__ == "__main__":
    main()
