# SPDX-License-Identifier: GPL-3.0-or-later
"""Cost of phase-space mappings against madspace: CPU microseconds a point, one thread.

    python benchmarks/phase_space.py [--points 10000]

CPU time, not wall time, and the two in turn, so that a busy machine disturbs the ratio little.
"""

import argparse
import importlib.util
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch

from mcsurrogate.phase_space import Topology, TopologyMapping

TOP = 173.0
LINES = {
    # name: internal lines (legs on one side, mass, width), final masses
    "2->2, t": ([((0, 2), TOP, 0.0)], [TOP, TOP]),
    "2->3, t t": ([((0, 2), TOP, 0.0), ((0, 2, 4), TOP, 0.0)], [TOP, TOP, 0.0]),
    "2->3, s s": ([((2, 3, 4), 0.0, 0.0), ((3, 4), TOP, 0.0)], [TOP, TOP, 0.0]),
    "2->3, t s": ([((0, 2), TOP, 0.0), ((3, 4), TOP, 0.0)], [TOP, TOP, 0.0]),
    "2->4, t t t": (
        [((0, 4), 0.0, 0.0), ((0, 4, 2), TOP, 0.0), ((0, 4, 2, 3), 0.0, 0.0)],
        [TOP, TOP, 0.0, 0.0],
    ),
    "2->4, t s s": (
        [((0, 2, 4), 0.0, 0.0), ((2, 4), TOP, 0.0), ((3, 5), TOP, 0.0)],
        [TOP, TOP, 0.0, 0.0],
    ),
    "2->4, s s s": (
        [((2, 3, 4, 5), 0.0, 0.0), ((2, 4), TOP, 1.5), ((3, 5), TOP, 1.5)],
        [80.0, 80.0, 5.0, 5.0],
    ),
    "2->3, flat": ([], [TOP, TOP, 0.0]),
    "2->4, flat": ([], [TOP, TOP, 0.0, 0.0]),
}


def cpu_times(functions: list[Callable[[], object]], repetitions: int) -> list[float]:
    """Median CPU seconds of each of several functions, called in turn."""
    times: list[list[float]] = [[] for _ in functions]
    for repetition in range(repetitions + 2):
        for function, own in zip(functions, times, strict=True):
            start = time.process_time()
            function()
            if repetition >= 2:
                own.append(time.process_time() - start)
    return [statistics.median(own) for own in times]


def madspace_functions(
    name: str, sqrt_s: float, *, hadronic: bool, points: int
) -> tuple[Callable[[], object], Callable[[], object]]:
    """Forward and inverse of madspace for the same channel."""
    import madspace as ms

    lines, masses = LINES[name]
    n = len(masses)
    incoming = [0.0, *masses]
    if lines:
        mapping = ms.PhaseSpaceMapping(
            ms.Topology(madspace_diagram(lines, masses)), sqrt_s, leptonic=not hadronic
        )
    else:
        mapping = ms.PhaseSpaceMapping([0.0, *incoming], sqrt_s, leptonic=not hadronic)
    context = ms.Context(1)
    forward = ms.FunctionRuntime(mapping.forward_function(), context)
    inverse = ms.FunctionRuntime(mapping.inverse_function(), context)
    u = np.random.default_rng(1).random((points, mapping.random_dim()))
    assert mapping.random_dim() == 3 * n - 4 + (2 if hadronic else 0)
    inputs = [output.numpy() for output in forward.call([u])[:-1]]
    return (lambda: forward.call([u])), (lambda: inverse.call(inputs))


def madspace_diagram(
    lines: list[tuple[tuple[int, ...], float, float]], masses: list[float]
) -> object:
    """Build madspace's diagram: vertices from the nested lines."""
    import madspace as ms

    # Each line by its side without leg 1; a vertex is a line and what merges into it.
    everything = frozenset(range(2 + len(masses)))
    sides = []
    for legs, _, _ in lines:
        side = frozenset(legs)
        sides.append(everything - side if 1 in side else side)

    def reference(side: frozenset[int]) -> str:
        if len(side) == 1:
            (leg,) = side
            return f"i{leg}" if leg < 2 else f"o{leg - 2}"
        return f"p{sides.index(side)}"

    def parts(side: frozenset[int]) -> list[str]:
        inside = [s for s in sides if s < side]
        largest = [s for s in inside if not any(s < other for other in inside)]
        single = [frozenset({leg}) for leg in side.difference(*largest)]
        return [reference(s) for s in (*largest, *single)]

    vertices = [[reference(side), *parts(side)] for side in sides]
    vertices.append(["i1", *parts(everything - {1})])
    propagators = [ms.Propagator(mass, width) for _, mass, width in lines]
    return ms.Diagram([0.0, 0.0], masses, propagators, vertices)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=10_000)
    parser.add_argument("--repetitions", type=int, default=25)
    parser.add_argument("--only", default="", help="part of a channel's name")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    peer = importlib.util.find_spec("madspace") is not None
    print(f"{'channel':<16}{'beams':<10}{'forward':>9}{'madspace':>10}{'ratio':>7}", end="")
    print(f"{'inverse':>11}{'madspace':>10}{'ratio':>7}   us/point")
    for name, (lines, masses) in LINES.items():
        if arguments.only not in name:
            continue
        for hadronic in (False, True):
            sqrt_s = 13000.0 if hadronic else 1000.0
            topology = Topology.from_lines(2 + len(masses), lines)
            mapping = TopologyMapping(topology, masses, sqrt_s, hadronic=hadronic)
            generator = torch.Generator().manual_seed(1)
            u = torch.rand(arguments.points, mapping.dim, generator=generator, dtype=torch.float64)
            point = mapping.forward(u)
            functions: list[Callable[[], object]] = [
                lambda m=mapping, v=u: m.forward(v),
                lambda m=mapping, p=point: m.inverse(p.momenta, p.x1, p.x2),
            ]
            if peer:
                functions += madspace_functions(
                    name, sqrt_s, hadronic=hadronic, points=arguments.points
                )
            micro = [
                t / arguments.points * 1e6 for t in cpu_times(functions, arguments.repetitions)
            ]
            print(f"{name:<16}{'hadrons' if hadronic else 'partons':<10}", end="")
            for i in (0, 1):
                other = f"{micro[i + 2]:>10.3f}{micro[i] / micro[i + 2]:>7.2f}" if peer else ""
                print(f"{micro[i]:>{9 if i == 0 else 11}.3f}{other}", end="")
            print()


if __name__ == "__main__":
    main()
