# SPDX-License-Identifier: GPL-3.0-or-later
"""Symmetries that an integrand claims: tested, used where they hold, dropped where not."""

import math
from pathlib import Path

import pytest
import torch

from mcsurrogate.cards import RunCard, load_card
from mcsurrogate.errors import IntegrationError
from mcsurrogate.hard_process import assemble
from mcsurrogate.integration import FunctionIntegrand, Integrand, integrate
from mcsurrogate.integration.integrand import as_integrand
from mcsurrogate.integration.symmetries import Symmetries

CARDS = Path(__file__).parents[2] / "cards"


def even(x: torch.Tensor) -> torch.Tensor:
    """Even about the middle in the first two dimensions together, without the third."""
    product = (x[:, 0] - 0.5) * (x[:, 1] - 0.5)
    return (-30 * product).exp() * (1 + x[:, 3])


def found(integrand: Integrand, evaluate: Integrand | None = None) -> Symmetries:
    """Test the claims on 500 points."""
    generator = torch.Generator().manual_seed(1)
    u = torch.rand(500, integrand.dim, generator=generator, dtype=torch.float64)
    weight = integrand(u, torch.zeros(500, dtype=torch.int64)).weight
    inside = weight != 0
    return Symmetries.of(integrand, evaluate or integrand, u[inside], weight[inside], generator)


def test_true_claims_are_kept_and_false_ones_dropped() -> None:
    claims = {"reflections": ((0, 1), (0,), (3,)), "constant": (2, 3)}
    assert found(FunctionIntegrand(even, 4, **claims)) == Symmetries(((0, 1),), (2,))
    assert not found(FunctionIntegrand(even, 4))


def test_a_dimension_that_does_not_exist() -> None:
    with pytest.raises(IntegrationError, match="dimensions are 0 to 3"):
        found(FunctionIntegrand(even, 4, reflections=((0, 4),)))


def test_images_are_equally_likely() -> None:
    """Numbers of the images of one point: 4 sigma, false alarm 6e-5 each."""
    symmetries = Symmetries(((0, 1), (1,)), (2,))
    u = torch.tensor([[0.1, 0.2, 0.3, 0.4]], dtype=torch.float64).repeat(8000, 1)
    moved = symmetries.apply(u, torch.Generator().manual_seed(1))
    for a in (0.1, 0.9):
        for b in (0.2, 0.8):
            number = int(((moved[:, 0] - a).abs() + (moved[:, 1] - b).abs() < 1e-9).sum())
            assert abs(number - 2000) < 4 * math.sqrt(8000 * 0.25 * 0.75)
    assert float(moved[:, 2].mean()) == pytest.approx(0.5, abs=4 / math.sqrt(12 * 8000))
    assert bool((moved[:, 3] == 0.4).all())
    assert bool((u[:, 0] == 0.1).all())


@pytest.mark.parametrize(
    ("card", "reflections"),
    [("lhc_gg_ttxg", ((2, 3, 4), (6,))), ("lhc_uc_wpwpds", ((8, 9),))],
)
def test_processes(card: str, reflections: tuple[tuple[int, ...], ...]) -> None:
    """Beams of gluons may be exchanged, u and c quarks not; all events may be reflected."""
    process = assemble(load_card(CARDS / f"{card}.toml", RunCard))
    symmetries = found(as_integrand(process, None))
    assert symmetries.reflections == reflections
    assert symmetries.constant == (2 * len(process.phase_space.mapping.masses) - 1,)


def test_training_uses_them() -> None:
    """The integral stays right, and what is learned holds for all images of a point."""

    def spread(integrand: FunctionIntegrand) -> float:
        result = integrate(integrand, evaluations=20_000, seed=1, method="madnis")
        assert abs(result.value - exact) < 4 * result.error
        return result.relative_std_dev

    def peaks(x: torch.Tensor) -> torch.Tensor:
        """Two peaks in each dimension, 16 in all."""
        return (-((((x - 0.5).abs() - 0.3) / 0.1) ** 2).sum(1)).exp()

    exact = (0.1 * math.sqrt(math.pi) * (math.erf(2) + math.erf(3))) ** 4
    plain = spread(FunctionIntegrand(peaks, 4))
    helped = spread(FunctionIntegrand(peaks, 4, reflections=tuple((axis,) for axis in range(4))))
    assert helped < 0.92 * plain  # 0.78 to 0.86 for three seeds
