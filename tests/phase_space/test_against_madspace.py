"""Second oracle: madspace, where it is installed.

With its points and jacobian J and our density 1/J' at them, the mean of J/J' is the volume of
our hypercube, one, if both cover phase space with the right jacobian.
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


@pytest.mark.parametrize("hadronic", [False, True])
def test_densities_agree(benchmark, hadronic):
    """Eight channels in two modes at 4.5 sigma: one false alarm in 1e4."""
    n = 20_000
    for name, (lines, masses) in benchmark.LINES.items():
        if len(masses) < 3 or (hadronic and any(width > 0 for _, _, width in lines)):
            # Below the threshold of two resonances madspace has next to no points, and the
            # ratio so long a tail that its mean says nothing.
            continue
        sqrt_s = 13000.0 if hadronic else 1000.0
        topology = Topology.from_lines(2 + len(masses), lines)
        mapping = build_mapping(topology, masses, sqrt_s, hadronic=hadronic)
        if lines:
            diagram = ms.Topology(benchmark.madspace_diagram(lines, masses))
            peer = ms.PhaseSpaceMapping(diagram, sqrt_s, leptonic=not hadronic)
        else:
            peer = ms.PhaseSpaceMapping([0.0, 0.0, *masses], sqrt_s, leptonic=not hadronic)
        runtime = ms.FunctionRuntime(peer.forward_function(), ms.Context(1))
        u = np.random.default_rng(5).random((n, peer.random_dim()))
        momenta, x1, x2, jacobian = (
            torch.from_numpy(np.array(output.numpy())) for output in runtime.call([u])
        )
        ours_u, ours = mapping.inverse(momenta, x1.expand(n).clone(), x2.expand(n).clone())
        assert ((ours_u >= 0) & (ours_u <= 1)).all()
        ratio = jacobian / ours
        error = float(ratio.std()) / math.sqrt(n)
        assert abs(float(ratio.mean()) - 1) < 4.5 * error, name
        # Our own momenta come back from the columns that we give theirs.
        again = mapping.forward(ours_u)
        scale = momenta[:, :2, 0].sum(1)[:, None, None]
        assert float(((again.momenta - momenta) / scale).abs().max()) < 1e-6, name
