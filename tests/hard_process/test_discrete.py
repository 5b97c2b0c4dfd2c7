# SPDX-License-Identifier: GPL-3.0-or-later
"""Sampled subprocesses and helicities: the sum over them is the sum without sampling."""

import itertools
from pathlib import Path

import numpy as np
import pytest
import torch

from mcsurrogate.cards import RunCard, load_card
from mcsurrogate.errors import ProcessError
from mcsurrogate.event_generation import EventBuilder
from mcsurrogate.hard_process import HardProcess, assemble
from mcsurrogate.integration import (
    FlowSettings,
    IntegrationSettings,
    TrainingSettings,
    integrate,
)

SMALL = IntegrationSettings(
    flow=FlowSettings(options={"hidden": (16,), "blocks": 2, "bins": 6, "marginal_bins": 16}),
    training=TrainingSettings(batch=256, rounds=3, reuse=4.0, max_steps=120, learning_rate=1e-2),
)


def process(definition: str, subprocesses: str, helicities: str) -> HardProcess:
    content = load_card(Path("cards/lhc_gg_ttxg.toml"), RunCard).model_dump()
    content["process"]["definition"] = definition
    content["integration"].update(subprocesses=subprocesses, helicities=helicities)
    return assemble(RunCard.model_validate(content))


@pytest.mark.parametrize(
    ("definition", "subprocesses", "helicities"),
    [
        ("p p > t t~ j", "sample", "sum"),
        ("g g > t t~ g", "sum", "sample"),
        ("p p > t t~ j", "sample", "sample"),
    ],
)
def test_the_sum_over_choices_is_the_whole(
    definition: str, subprocesses: str, helicities: str
) -> None:
    """At every point, to 1e-10: the mean over all bins of the discrete dimensions."""
    whole = process(definition, "sum", "sum")
    sampled = process(definition, subprocesses, helicities)
    sizes = [k for k in sampled.discrete if k]
    assert sampled.dim == whole.dim + len(sizes)
    u = torch.rand(8, whole.dim, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    channel = torch.zeros(8, dtype=torch.int64)
    total = torch.zeros(8, dtype=torch.float64)
    for values in itertools.product(*(range(k) for k in sizes)):
        bins = torch.tensor([(v + 0.5) / k for v, k in zip(values, sizes, strict=True)])
        total += sampled(torch.cat((u, bins.double().expand(8, -1)), 1), channel).weight
    torch.testing.assert_close(
        total / float(np.prod(sizes)), whole(u, channel).weight, rtol=1e-10, atol=0
    )


def test_integral_and_events() -> None:
    """Within 4 standard deviations of the sum: false alarm 6e-5."""
    whole = integrate(
        process("p p > t t~ j", "sum", "sum"), evaluations=6_000, seed=3, method="vegas"
    )
    sampled = process("p p > t t~ j", "sample", "sum")
    result = integrate(sampled, evaluations=12_000, seed=3, method="madnis", settings=SMALL)
    spread = (whole.error**2 + result.error**2) ** 0.5
    assert abs(whole.value - result.value) < 4 * spread
    points = result.sampler.sample(400, torch.Generator().manual_seed(1))
    u = points.u[points.weight > 0]
    channel = torch.zeros(len(u), dtype=torch.int64)
    events = EventBuilder(sampled, 3).build(u, channel, torch.ones(len(u)))
    drawn = (u[:, -1] * len(sampled.amplitudes)).long()
    ids = events.pdg_id.reshape(len(u), -1)
    for index, amplitude in enumerate(sampled.amplitudes):
        members = {member.pdg_ids for member in amplitude.members}
        assert {tuple(row) for row in ids[(drawn == index).numpy()].tolist()} <= members


def test_sampled_helicities_reach_the_events() -> None:
    sampled = process("g g > t t~ g", "sum", "sample")
    u = torch.rand(
        200, sampled.dim, generator=torch.Generator().manual_seed(2), dtype=torch.float64
    )
    channel = torch.zeros(200, dtype=torch.int64)
    u = u[sampled(u, channel).weight > 0]
    events = EventBuilder(sampled, 3).build(u, channel[: len(u)], torch.ones(len(u)))
    element = sampled.amplitudes[0].matrix_element
    chosen = (u[:, -1] * len(element.configurations)).long()
    found = torch.from_numpy(events.helicity.reshape(len(u), -1))
    torch.testing.assert_close(found, element.configurations[chosen].double())


def test_closed_forms_have_no_helicities_to_sample() -> None:
    with pytest.raises(ProcessError, match="helicities = 'sum'"):
        process("g g > g g", "sum", "sample")
