# SPDX-License-Identifier: GPL-3.0-or-later
"""Second oracle: madspace, where it is installed.

Both mappings integrate the same function of the momenta, 1/(J + J') with their own jacobians J
and J', whose weights J/(J + J') and J'/(J + J') are bounded whatever the maps do.
"""

import importlib.util
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from mcsurrogate.phase_space import Topology, build_mapping

ms = pytest.importorskip("madspace")


@pytest.fixture(scope="module")
def benchmark():
    """Channels and diagrams of the benchmark, loaded by path."""
    path = Path(__file__).parents[2] / "benchmarks" / "phase_space.py"
    spec = importlib.util.spec_from_file_location("phase_space_benchmark", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _call(function, *arrays):
    outputs = ms.FunctionRuntime(function, ms.Context(1)).call(
        [np.ascontiguousarray(a) for a in arrays]
    )
    return [torch.from_numpy(np.array(output.numpy())) for output in outputs]


@pytest.mark.parametrize("hadronic", [False, True])
def test_same_integral(benchmark, hadronic):
    """Eight channels in two modes at 4.5 sigma: one false alarm in 1e4."""
    n = 20_000
    for name, (lines, masses) in benchmark.LINES.items():
        if len(masses) < 3:
            continue
        sqrt_s = 13000.0 if hadronic else 1000.0
        topology = Topology.from_lines(2 + len(masses), lines)
        mapping = build_mapping(topology, masses, sqrt_s, hadronic=hadronic)
        if lines:
            diagram = ms.Topology(benchmark.madspace_diagram(lines, masses))
            peer = ms.PhaseSpaceMapping(diagram, sqrt_s, leptonic=not hadronic)
        else:
            peer = ms.PhaseSpaceMapping([0.0, 0.0, *masses], sqrt_s, leptonic=not hadronic)
        u = np.random.default_rng(5).random((n, peer.random_dim()))
        momenta, x1, x2, theirs = _call(peer.forward_function(), u)
        their_u, ours = mapping.inverse(momenta, x1.expand(n).clone(), x2.expand(n).clone())
        assert ((their_u >= 0) & (their_u <= 1)).all()
        first = theirs / (theirs + ours)

        generator = torch.Generator().manual_seed(6)
        point = mapping.forward(torch.rand(n, mapping.dim, generator=generator).double())
        back = _call(
            peer.inverse_function(), point.momenta.numpy(), point.x1.numpy(), point.x2.numpy()
        )
        # The last output of an inverse is the jacobian of the inverse.
        second = point.jacobian / (point.jacobian + 1 / back[-1])

        for ratio in (first, second):
            assert torch.isfinite(ratio).all()
        error = math.sqrt((float(first.var()) + float(second.var())) / n)
        assert abs(float(first.mean()) - float(second.mean())) < 4.5 * error, name
        assert 0.02 < float(first.mean()) < 1
        # Their points come back from the columns that we give them.
        again = mapping.forward(their_u)
        scale = momenta[:, :2, 0].sum(1)[:, None, None]
        assert float(((again.momenta - momenta) / scale).abs().max()) < 1e-6, name
