# SPDX-License-Identifier: GPL-3.0-or-later
"""Amplitudes and parton densities of one's own, from a card to events, the package untouched."""

# ruff: noqa: ARG002 - toys do not use all that the protocols give them

import math
import pickle
import warnings
from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from torch import Tensor

from mcsurrogate.cards import RunCard
from mcsurrogate.errors import ProcessError
from mcsurrogate.event_generation import EventBuilder
from mcsurrogate.events import EventBatch
from mcsurrogate.hard_process import HardProcess, assemble
from mcsurrogate.hard_process.integrand import PB_GEV2
from mcsurrogate.integration import integrate, unweight
from mcsurrogate.integration.evaluation import Evaluator
from mcsurrogate.matrix_elements import (
    ColouredMatrixElement,
    EventMatrixElement,
    HelicityMatrixElement,
    Process,
    SampledMatrixElement,
    StandardModel,
)

VALUE = 3.0
MASS = 173.0


class Constant:
    """|M|^2 = 3 everywhere, and nothing else known."""

    def __init__(self, process: Process, parameters: StandardModel) -> None:
        self.process = process
        self.parameters = parameters

    @property
    def cost(self) -> float:
        raise AssertionError("nobody is to measure the cost just to know what an amplitude is")

    def __call__(self, momenta: Tensor, alpha_s: Tensor | float) -> Tensor:
        return torch.full_like(momenta[:, 0, 0], VALUE)


class Polarised(Constant):
    """Two helicity configurations, one to three."""

    helicities = torch.tensor([[1, 1, 1, 1], [-1, -1, 1, -1]])

    def helicity_contributions(self, momenta: Tensor, alpha_s: Tensor | float) -> Tensor:
        return VALUE * torch.tensor([[0.25, 0.75]], dtype=momenta.dtype).expand(len(momenta), 2)

    configurations = helicities

    def of_configuration(self, momenta: Tensor, alpha_s: Tensor | float, chosen: Tensor) -> Tensor:
        return self.helicity_contributions(momenta, alpha_s).gather(1, chosen[:, None])[:, 0]


class Coloured(Constant):
    """Two colour flows, one to four, and no helicities."""

    colour_flows = (
        ((501, 502), (503, 501), (503, 0), (0, 502)),
        ((501, 502), (502, 503), (501, 0), (0, 503)),
    )

    def colour_flow_weights(self, momenta: Tensor, alpha_s: Tensor | float) -> Tensor:
        return torch.tensor([[1.0, 4.0]], dtype=momenta.dtype).expand(len(momenta), 2)


class ToyDensity:
    """x f = 1 - x for gluons: no grid, no Q dependence, one parton at a time."""

    def __init__(self, name: str, member: int) -> None:
        self.name = f"{name}/{member}"

    def xfx(self, pdg: int | Tensor, x: Tensor, q: Tensor | float) -> Tensor:
        return 1 - x if pdg == 21 else torch.zeros_like(x)

    def alpha_s(self, q: Tensor | float) -> Tensor:
        return torch.full_like(torch.as_tensor(q, dtype=torch.float64), 0.1)


def card(**changes: dict[str, object]) -> RunCard:
    content: dict[str, object] = {
        "seed": 1,
        "process": {"definition": "g g > t t~"},
        "beams": {"sqrt_s": 1000.0},
        "scales": {"alpha_s": 0.118},
    }
    return RunCard.model_validate(content | changes)


def run(process: HardProcess, count: int = 2000) -> tuple[float, float, EventBatch]:
    result = integrate(process, evaluations=20_000, seed=3, method="vegas")
    points = next(iter(unweight(result.sampler, count, seed=4)))
    events = EventBuilder(process, 5).build(*points[:3])
    return result.value, result.error, events


def partonic(s: float) -> float:
    """Cross section in pb of the constant amplitude: two-body phase space over the flux."""
    beta = math.sqrt(max(1 - 4 * MASS**2 / s, 0.0))
    return PB_GEV2 * VALUE * beta / (8 * math.pi) / (2 * s)


WITHOUT_COLOUR = pytest.mark.filterwarnings("ignore:.*no `colour_flows`")


@WITHOUT_COLOUR
@pytest.mark.parametrize("toy", [Constant, Polarised, Coloured])
def test_an_amplitude_of_ones_own(toy: Callable[[Process, StandardModel], Constant]) -> None:
    process = assemble(card(), amplitude=toy)
    value, error, events = run(process)
    assert value == pytest.approx(partonic(1e6), abs=3.9 * error + 1e-9 * value)  # 1e-4
    count = len(events.weights)
    assert count > 500
    helicity, colour = events.helicity.reshape(count, 4), events.colour.reshape(count, 4, 2)
    first = (helicity == [1, 1, 1, 1]).all(axis=1)
    if toy is Polarised:
        assert (first | (helicity == [-1, -1, 1, -1]).all(axis=1)).all()
        # A binomial share, 3.9 standard deviations: false alarm 1e-4.
        assert first.mean() == pytest.approx(0.25, abs=3.9 * math.sqrt(0.25 * 0.75 / count))
    else:
        assert (helicity == 9).all()
    if toy is Coloured:
        share = (colour == Coloured.colour_flows[0]).all(axis=(1, 2)).mean()
        assert share == pytest.approx(0.2, abs=3.9 * math.sqrt(0.2 * 0.8 / count))
    else:
        assert (colour == 0).all()


def test_what_an_amplitude_can_do_is_asked_by_name_and_costs_nothing() -> None:
    process, model = Process.parse("g g > t t~"), StandardModel()
    for toy, able in ((Constant, ()), (Polarised, (HelicityMatrixElement, SampledMatrixElement)),
                      (Coloured, (ColouredMatrixElement,))):  # fmt: skip
        for capability in (
            HelicityMatrixElement, SampledMatrixElement, ColouredMatrixElement, EventMatrixElement
        ):  # fmt: skip
            assert isinstance(toy(process, model), capability) == (capability in able)


def test_events_without_colour_lines_are_told() -> None:
    with pytest.warns(UserWarning, match="g g > t t~.*no `colour_flows`.*parton shower"):
        EventBuilder(assemble(card(), amplitude=Constant), 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        EventBuilder(assemble(card(), amplitude=Coloured), 1)
        singlets = card(process={"definition": "e+ e- > mu+ mu-"})
        EventBuilder(assemble(singlets, amplitude=Constant), 1)


@WITHOUT_COLOUR
def test_sampled_helicities_of_ones_own() -> None:
    sampled = card(integration={"helicities": "sample"})
    value, error, events = run(assemble(sampled, amplitude=Polarised))
    assert value == pytest.approx(partonic(1e6), abs=3.9 * error)
    share = (events.helicity.reshape(-1, 4) == [1, 1, 1, 1]).all(axis=1).mean()
    assert share == pytest.approx(0.25, abs=3.9 * math.sqrt(0.25 * 0.75 / len(events.weights)))
    with pytest.raises(ProcessError, match="known summed over helicities only"):
        assemble(sampled, amplitude=Constant)


def test_a_density_of_ones_own_goes_through_a_whole_integration() -> None:
    hadrons = card(beams={"sqrt_s": 2000.0, "pdf": "mine", "pdf_member": 7})
    process = assemble(hadrons, amplitude=Coloured, density=ToyDensity)
    assert process.beams.pdf.name == "mine/7"
    value, error, events = run(process)

    # Two toy gluon densities at tau: integral of dx/x (1 - x)(1 - tau/x), divided by tau.
    def luminosity(tau: float) -> float:
        return (-(1 + tau) * math.log(tau) - 2 * (1 - tau)) / tau

    s, least = 4e6, 4 * MASS**2
    expected = quad(lambda tau: luminosity(tau) * partonic(tau * s), least / s, 1)[0]
    assert value == pytest.approx(expected, abs=3.9 * error)
    assert error < 0.01 * value
    assert set(np.unique(events.pdg_id)) == {21, 6, -6}


def test_a_process_of_ones_own_travels_to_workers() -> None:
    process = assemble(card(), amplitude=Polarised)
    copy = pickle.loads(pickle.dumps(process))
    u = torch.rand(5, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    zero = torch.zeros(5, dtype=torch.int64)
    assert isinstance(copy.amplitudes[0].matrix_element, Polarised)
    torch.testing.assert_close(copy(u, zero).weight, process(u, zero).weight, rtol=0, atol=0)


def test_the_clock_decides_nothing_where_amplitudes_know_their_operations() -> None:
    process = assemble(card())
    evaluator = Evaluator(process)
    evaluator.evaluations, evaluator.seconds = 1, 1e3  # as if a machine were slow beyond measure
    assert evaluator.cost == process.cost == 4.0**-8
    longer = assemble(card(process={"definition": "g g > t t~ t t~"}))
    assert longer.cost is not None
    assert longer.cost > 4 * evaluator.cost
    # an amplitude of one's own that does not know is measured
    own = Evaluator(assemble(card(), amplitude=Constant))
    assert own.integrand.cost is None
    own.evaluations, own.seconds = 1, 1.0
    assert own.cost == 1.0
