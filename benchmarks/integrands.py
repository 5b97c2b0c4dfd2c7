# SPDX-License-Identifier: GPL-3.0-or-later
"""A suite of integrands with known integrals, and a comparison of integrators on it.

Run ``python benchmarks/integrands.py`` for a table of the relative standard deviation that
mcsurrogate, VEGAS+ (the vegas package) and madnis reach with the same number of integrand
evaluations, training included, and of how far each result is from the exact one.  Three functions
take minutes; ``--all --evaluations 400000`` runs the whole suite and takes most of an hour.
"""

import argparse
import itertools
import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from scipy import integrate as quadrature
from scipy import special
from torch import Tensor

from mcsurrogate.integration import Integrand, IntegrandValue, integrate
from mcsurrogate.integration.integrand import FunctionIntegrand, as_integrand

__all__ = ["SUITE", "Problem", "RidgeChannels", "camel"]


@dataclass(frozen=True)
class Problem:
    """A function with its integral.

    Attributes
    ----------
    name
        Short name.
    dim
        Number of dimensions.
    function
        Points ``(N, dim)`` to values ``(N,)``, or an integrand of several channels.
    exact
        Integral over the unit hypercube.
    peaky
        Whether the targets against madnis count this function.
    """

    name: str
    dim: int
    function: Callable[[Tensor], Tensor] | Integrand
    exact: float
    peaky: bool = True


def camel(dim: int, sigma: float = 0.1) -> Problem:
    """Two Gaussian peaks on the diagonal (Lepage, J. Comput. Phys. 27 (1978) 192, eq. 18)."""
    norm = 0.5 * (sigma * math.sqrt(math.pi)) ** -dim

    def function(x: Tensor) -> Tensor:
        first = ((x - 1 / 3) ** 2).sum(1) / sigma**2
        second = ((x - 2 / 3) ** 2).sum(1) / sigma**2
        return norm * ((-first).exp() + (-second).exp())

    side = 0.5 * (math.erf(2 / 3 / sigma) + math.erf(1 / 3 / sigma))
    return Problem(f"camel {dim}-d", dim, function, side**dim)


def _breit_wigner(s: Tensor, mass: float, width: float) -> Tensor:
    return width / math.pi / ((s - mass) ** 2 + width**2)


def sheared_breit_wigner(pairs: int = 3, width: float = 0.01) -> Problem:
    """Breit-Wigner peaks in the mean of each pair of variables: no axis is aligned with one."""
    masses = [0.4 + 0.1 * i for i in range(pairs)]

    def function(x: Tensor) -> Tensor:
        result = torch.ones(len(x), dtype=x.dtype)
        for i, mass in enumerate(masses):
            result = result * _breit_wigner(0.5 * (x[:, 2 * i] + x[:, 2 * i + 1]), mass, width)
        return result

    exact = 1.0
    for mass in masses:
        # the mean of two uniform numbers has the density 4 min(s, 1 - s)
        def density(s: float, mass: float = mass) -> float:
            return 4 * min(s, 1 - s) * width / math.pi / ((s - mass) ** 2 + width**2)

        near = [mass - width, mass, mass + width, 0.5]
        exact *= quadrature.quad(density, 0, 1, points=near, limit=500, epsabs=0, epsrel=1e-10)[0]
    return Problem(f"sheared Breit-Wigner {2 * pairs}-d", 2 * pairs, function, exact)


def t_channel(pairs: int = 3, cutoff: float = 1e-3) -> Problem:
    """Propagators 1 / (c + x y) in pairs of variables; each pair gives -Li2(-1/c)."""

    def function(x: Tensor) -> Tensor:
        return (1.0 / (cutoff + x[:, 0::2] * x[:, 1::2])).prod(1)

    exact = -float(special.spence(1 + 1 / cutoff))
    return Problem(f"t-channel {2 * pairs}-d", 2 * pairs, function, exact**pairs)


def aligned_breit_wigner(dim: int = 4, width: float = 0.01) -> Problem:
    """Breit-Wigner peaks along the axes, which VEGAS maps perfectly."""

    def function(x: Tensor) -> Tensor:
        return _breit_wigner(x, 0.4, width).prod(1)

    side = (math.atan(0.6 / width) + math.atan(0.4 / width)) / math.pi
    return Problem(f"aligned Breit-Wigner {dim}-d", dim, function, side**dim, peaky=False)


def vegas_gaussian() -> Problem:
    """Gaussian of the vegas tutorial: [-1, 1] x [0, 1]^3, exp(-100 (x - 1/2)^2)."""

    def function(x: Tensor) -> Tensor:
        first = 2 * x[:, :1] - 1
        square = ((torch.cat((first, x[:, 1:]), 1) - 0.5) ** 2).sum(1)
        return 2 * 1013.2118364296088 * (-100 * square).exp()

    inner = math.erf(5.0)
    outer = 0.5 * (math.erf(5.0) + math.erf(15.0))
    exact = 1013.2118364296088 * (math.sqrt(math.pi) / 10) ** 4 * inner**3 * outer
    return Problem("vegas Gaussian 4-d", 4, function, exact, peaky=False)


def vegas_ridge(dim: int = 4, peaks: int = 100) -> Problem:
    """Ridge of the vegas tutorial: Gaussians along the diagonal from 0.4 to 0.6."""
    centres = torch.linspace(0.4, 0.6, peaks, dtype=torch.float64)
    norm = (100 / math.pi) ** (dim / 2) / peaks

    def function(x: Tensor) -> Tensor:
        # sum_d (x_d - c)^2 = sum_d x_d^2 - 2 c sum_d x_d + d c^2
        square = (x**2).sum(1, keepdim=True) - 2 * x.sum(1, keepdim=True) * centres
        return norm * (-100 * (square + dim * centres**2)).exp().sum(1)

    sides = [0.5 * (math.erf(10 * c) + math.erf(10 * (1 - c))) for c in centres.tolist()]
    return Problem(f"vegas ridge {dim}-d", dim, function, float(np.mean([s**dim for s in sides])))


def ball(dim: int = 6, radius: float = 0.45) -> Problem:
    """One inside a ball, zero outside: a discontinuous cut."""

    def function(x: Tensor) -> Tensor:
        return (((x - 0.5) ** 2).sum(1) < radius**2).to(x.dtype)

    exact = math.pi ** (dim / 2) / math.gamma(dim / 2 + 1) * radius**dim
    return Problem(f"ball {dim}-d", dim, function, exact)


def shell(dim: int = 4, radius: float = 0.3, width: float = 0.01) -> Problem:
    """Gaussian of the distance from a sphere: a thin shell that no axis is aligned with."""

    def function(x: Tensor) -> Tensor:
        r = ((x - 0.5) ** 2).sum(1).sqrt()
        return (-((r - radius) ** 2) / (2 * width**2)).exp()

    surface = 2 * math.pi ** (dim / 2) / math.gamma(dim / 2)

    def density(r: float) -> float:
        return surface * r ** (dim - 1) * math.exp(-((r - radius) ** 2) / (2 * width**2))

    exact = quadrature.quad(density, 0, 0.5, points=[radius], epsabs=0, epsrel=1e-10)[0]
    return Problem(f"shell {dim}-d", dim, function, exact)


def corner_peak(dim: int = 5) -> Problem:
    """Genz's corner peak (1 + sum_i c_i x_i)^-(d+1), c = 1.85 / d."""
    slope = 1.85 / dim

    def function(x: Tensor) -> Tensor:
        return (1 + slope * x.sum(1)) ** -(dim + 1)

    terms = (
        (-1) ** sum(corner) / (1 + slope * sum(corner))
        for corner in itertools.product((0, 1), repeat=dim)
    )
    exact = sum(terms) / math.factorial(dim) / slope**dim
    return Problem(f"corner peak {dim}-d", dim, function, exact, peaky=False)


def rotor(dim: int = 6) -> Problem:
    """Angles that follow their neighbours on a circle; von Mises peaks across the seam."""
    strength = 6.0

    def function(x: Tensor) -> Tensor:
        turn = 2 * math.pi * (x[:, 1:] - x[:, :-1])
        return (strength * (turn.cos() - 1)).exp().prod(1)

    exact = float(special.ive(0, strength)) ** (dim - 1)
    circles = FunctionIntegrand(function, dim, periodic=(True,) * dim)
    return Problem(f"rotor {dim}-d", dim, circles, exact)


class RidgeChannels:
    """Three Breit-Wigner ridges, one along each of the first dimensions, in three channels.

    Channel k flattens its own ridge; the others stay for the channel weights and the flow.
    """

    dim = 4
    channels = 3
    names = ("ridge 0", "ridge 1", "ridge 2")
    periodic = (False,) * 4
    masses = (0.3, 0.5, 0.7)
    width = 0.005

    def _edges(self, k: int) -> tuple[float, float]:
        low = math.atan(-self.masses[k] / self.width)
        return low, math.atan((1 - self.masses[k]) / self.width)

    def __call__(self, u: Tensor, channel: Tensor) -> IntegrandValue:
        """Evaluate in the given channels."""
        x = u.clone()
        ridges = []
        for k, mass in enumerate(self.masses):
            low, high = self._edges(k)
            mapped = mass + self.width * torch.tan(low + (high - low) * u[:, k])
            x[:, k] = torch.where(channel == k, mapped.clamp(0, 1), u[:, k])
        densities = []
        for k, mass in enumerate(self.masses):
            low, high = self._edges(k)
            ridge = _breit_wigner(x[:, k], mass, self.width)
            ridges.append(ridge)
            densities.append(ridge * math.pi / (high - low))
        density = torch.stack(densities, 1)
        value = torch.stack(ridges, 1).sum(1) * (1 + x[:, 3])
        own = density.gather(1, channel[:, None])[:, 0]
        return IntegrandValue(value / own, density / density.sum(1, keepdim=True), x)

    @property
    def exact(self) -> float:
        """Integral in closed form."""
        sides = ((high - low) / math.pi for low, high in map(self._edges, range(3)))
        return 1.5 * sum(sides)


_RIDGES = RidgeChannels()

SUITE: tuple[Problem, ...] = (
    *(camel(dim) for dim in (2, 4, 6, 8, 12)),
    sheared_breit_wigner(1),
    sheared_breit_wigner(3),
    t_channel(1),
    t_channel(3),
    aligned_breit_wigner(),
    vegas_gaussian(),
    vegas_ridge(),
    ball(),
    shell(),
    corner_peak(),
    rotor(),
    Problem("three ridges, 3 channels", 4, _RIDGES, _RIDGES.exact),
)

_QUICK = ("camel 4-d", "sheared Breit-Wigner 2-d", "three ridges, 3 channels")


@dataclass(frozen=True)
class Outcome:
    """What an integrator reached."""

    value: float
    error: float
    relative_std_dev: float
    seconds: float
    note: str = ""


def run_mcsurrogate(problem: Problem, evaluations: int, seed: int, method: str) -> Outcome:
    """Run our own integrator."""
    dim = None if isinstance(problem.function, Integrand) else problem.dim
    result = integrate(problem.function, dim=dim, evaluations=evaluations, seed=seed, method=method)
    note = result.method + (" FLAGGED" if result.warnings else "")
    return Outcome(result.value, result.error, result.relative_std_dev, result.seconds, note)


def run_vegas(problem: Problem, evaluations: int, seed: int) -> Outcome:
    """VEGAS+ of the vegas package: half the evaluations adapt, half measure."""
    import vegas

    rng = np.random.default_rng(seed)
    channels = problem.function.channels if isinstance(problem.function, Integrand) else 1
    start = time.process_time()
    value, variance, deviation = 0.0, 0.0, 0.0
    for k in range(channels):

        @vegas.lbatchintegrand
        def batch(x: np.ndarray, k: int = k) -> np.ndarray:
            u = torch.from_numpy(np.ascontiguousarray(x))
            if not isinstance(problem.function, Integrand):
                return problem.function(u).numpy()
            out = problem.function(u, torch.full((len(u),), k))
            weight = out.weight if out.prior is None else out.weight * out.prior[:, k]
            return weight.numpy()

        integrator = vegas.Integrator([[0, 1]] * problem.dim, ran_array_generator=rng.random)
        per_iteration = evaluations // channels // 20
        integrator(batch, nitn=10, neval=per_iteration)
        final = integrator(batch, nitn=10, neval=per_iteration, adapt=False)
        mean = float(np.mean([r.mean for r in final.itn_results]))
        spread = float(np.mean([r.sdev**2 for r in final.itn_results])) / 10
        value, variance = value + mean, variance + spread
        deviation += math.sqrt(spread * final.sum_neval)
    seconds = time.process_time() - start
    return Outcome(value, math.sqrt(variance), deviation / abs(value), seconds)


def run_madnis(problem: Problem, evaluations: int, seed: int) -> Outcome:
    """Run madnis, see :mod:`madnis_peer`."""
    from madnis_peer import MadnisPeer

    dim = None if isinstance(problem.function, Integrand) else problem.dim
    start = time.process_time()
    integrator, left = MadnisPeer(as_integrand(problem.function, dim)).train(evaluations, seed)
    metrics = integrator.integration_metrics(left)
    seconds = time.process_time() - start
    return Outcome(metrics.integral, metrics.error, metrics.rel_stddev, seconds)


def main() -> None:
    """Run the comparison and print it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--evaluations", type=int, default=100_000)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--only", default="", help="part of a name")
    parser.add_argument("--all", action="store_true", help="the whole suite")
    parser.add_argument("--method", default="madnis")
    parser.add_argument("--peers", default="vegas,madnis")
    parser.add_argument("--json", type=Path, help="write the figures there")
    options = parser.parse_args()
    torch.set_num_threads(1)
    rows = []
    print(f"{'':28}{'integrator':14}{'rel. std. dev.':>15}{'pull':>8}{'CPU s':>8}")
    for problem in SUITE:
        quick = options.all or options.only or problem.name in _QUICK
        if options.only not in problem.name or not quick:
            continue
        for seed in range(1, options.seeds + 1):
            outcomes = {
                "mcsurrogate": run_mcsurrogate(problem, options.evaluations, seed, options.method)
            }
            if "vegas" in options.peers:
                outcomes["vegas"] = run_vegas(problem, options.evaluations, seed)
            if "madnis" in options.peers:
                outcomes["madnis"] = run_madnis(problem, options.evaluations, seed)
            for name, outcome in outcomes.items():
                pull = (outcome.value - problem.exact) / outcome.error
                print(
                    f"{problem.name:28}{name:14}{outcome.relative_std_dev:15.4f}{pull:8.2f}"
                    f"{outcome.seconds:8.1f}  {outcome.note}",
                    flush=True,
                )
                rows.append(
                    {
                        "problem": problem.name,
                        "integrator": name,
                        "seed": seed,
                        "exact": problem.exact,
                        "pull": pull,
                        **vars(outcome),
                    }
                )
    if options.json is not None:
        options.json.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
