# SPDX-License-Identifier: GPL-3.0-or-later
"""Decay chains, `$` and several definitions: from a card to weights and to events."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from torch import Tensor

from mcsurrogate.cards import ModelSection, RunCard, load_card
from mcsurrogate.errors import GenerationError, MCSurrogateError
from mcsurrogate.event_generation import EventBuilder
from mcsurrogate.events import EventBatch
from mcsurrogate.hard_process import (
    HardProcess,
    assemble,
    cross_section_shares,
    model_warnings,
)
from mcsurrogate.hard_process.mass_windows import mass_windows
from mcsurrogate.integration import integrate
from mcsurrogate.matrix_elements import Process, StandardModel, partonic_frame

PDF = "NNPDF23_lo_as_0130_qed"
CHAIN = "p p > t t~, (t > w+ b, w+ > e+ ve), (t~ > w- b~, w- > j j)"


def card(definition: str | list[str], pdf: str | None = PDF, **process: object) -> RunCard:
    return RunCard.model_validate(
        {
            "seed": 1,
            "process": {"definition": definition} | process,
            "beams": {"sqrt_s": 13000.0} | ({"pdf": pdf} if pdf else {"sqrt_s": 500.0}),
            "scales": {} if pdf else {"alpha_s": 0.118},
            "cuts": [
                {"observable": "mass", "particles": ["leptons"], "minimum": 50.0},
                {"observable": "pt", "particles": [21], "minimum": 20.0},
            ],
        }
    )


def random_points(process: HardProcess, count: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(3)
    u = torch.rand(count, process.dim, generator=generator, dtype=torch.float64)
    return u, torch.randint(process.channels, (count,), generator=generator)


def events_of(process: HardProcess, count: int) -> EventBatch:
    """Events at random points, of whatever weight."""
    u, channel = random_points(process, count)
    kept = process.contributions(u, channel).accepted
    return EventBuilder(process, 1).build(u[kept], channel[kept], torch.ones(int(kept.sum())))


def mass(momenta: np.ndarray) -> np.ndarray:
    return np.sqrt(momenta[..., 0] ** 2 - (momenta[..., 1:] ** 2).sum(axis=-1))


def test_events_have_their_resonances() -> None:
    batch = events_of(assemble(card(CHAIN)), 400)
    assert len(batch) > 100
    for number in range(len(batch)):
        event = batch[number : number + 1]
        ids = event.pdg_id.tolist()
        assert ids[2:6] == [6, -6, 24, -24]
        assert event.status.tolist() == [-1, -1, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1]
        assert event.parents[2:6].tolist() == [[1, 2], [1, 2], [3, 3], [4, 4]]
        assert event.parents[6:].tolist() == [[5, 5]] * 2 + [[3, 3]] + [[6, 6]] * 2 + [[4, 4]]
        for row in range(2, 6):
            children = np.flatnonzero(event.parents[:, 0] == row + 1)
            total = event.momenta[children].sum(axis=0)
            np.testing.assert_allclose(event.momenta[row], total, rtol=1e-12, atol=1e-9)
            assert event.mass[row] == pytest.approx(mass(event.momenta[row]), rel=1e-12)
            pole, width = (173.0, 1.4915) if row < 4 else (80.419, 2.0476)
            assert abs(event.mass[row] - pole) < 15 * width + 1e-3
            # colour flows through every decay
            lines = event.colour[children].reshape(-1)
            assert {line for line in lines if (lines == line).sum() == 1} - {0} == set(
                event.colour[row].tolist()
            ) - {0}
        assert event.colour[4:6].tolist() == [[0, 0], [0, 0]]  # W bosons


def test_the_window_is_a_card_key() -> None:
    wide, narrow = assemble(card(CHAIN)), assemble(card(CHAIN, bwcutoff=5.0))
    batch = events_of(wide, 400)
    tops = batch.mass[batch.pdg_id == 6]
    assert (np.abs(tops - 173.0) > 5 * 1.4915).any()
    tops = events_of(narrow, 400).mass
    assert len(tops) > 0
    u, channel = random_points(narrow, 400)
    found = narrow.contributions(u, channel)
    top = mass(found.momenta[:, 2:5].sum(dim=1).numpy())
    assert bool((np.abs(top[found.accepted.numpy()] - 173.0) < 5 * 1.4915).all())
    assert not bool(found.accepted.all())


def test_off_shell_is_the_complement_of_the_resonance() -> None:
    whole, outside = assemble(card("p p > e+ e- QCD=0")), assemble(card("p p > e+ e- $ z QCD=0"))
    u, channel = random_points(whole, 2000)
    found = whole.contributions(u, channel)
    z = mass((found.momenta[:, 2] + found.momenta[:, 3]).numpy())
    near = torch.from_numpy(np.abs(z - 91.188) < 15 * 2.441404) & found.accepted
    assert bool(near.any())
    assert bool((~near & found.accepted).any())
    wanted = whole(u, channel).weight.masked_fill(near, 0.0)
    assert torch.equal(outside(u, channel).weight, wanted)


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("u u~ > z h, h > b b~ e+ e- $ z", [(3, 4), (5, 6)]),
        ("u u~ > z h $ z, h > b b~ e+ e-", [(2, 3, 4, 5, 6)]),  # of the process: s_hat
        ("u u~ > z h $ z, h > z z, z > e+ e-", [(2, 3, 4, 5)]),
        ("u u~ > t t~, t > b e+ ve $ w-", []),
    ],
)
def test_what_is_not_to_be_on_shell_is_so_where_it_is_named(
    text: str, cut: list[tuple[int, ...]]
) -> None:
    process = Process.parse(text)
    windows = mass_windows(process, tuple(range(process.n_legs)), StandardModel(), 15.0)
    assert [window.legs for window in windows if not window.inside] == cut


@pytest.mark.slow
def test_cross_section_of_the_dilepton_chain() -> None:
    # MadGraph5_aMC@NLO 3.1.1, madevent: 8.093 +- 0.006 pb, bwcutoff = 15.
    found = load_card(Path("cards/pp_ttx_dilepton.toml"), RunCard)
    result = integrate(
        assemble(found), evaluations=400_000, precision=0.001, method="vegas", seed=1
    )
    assert abs(result.value - 8.093) < 4 * np.hypot(result.error, 0.006)  # false alarm 1e-4


def test_definitions_are_numbered_and_add_up() -> None:
    texts = ["u u~ > z > e+ e-", "u u~ > mu+ mu-"]
    together = assemble(card(texts, pdf=None))
    apart = [assemble(card(text, pdf=None)) for text in texts]
    assert {a.process_id for a in together.amplitudes} == {1, 2}
    results = [
        integrate(process, evaluations=10_000, precision=0.005, method="vegas", seed=2)
        for process in (together, *apart)
    ]
    names = ("first", "second")
    found = cross_section_shares(
        together, results[0].sampler, names, (results[0].value, results[0].error), seed=1
    )
    shares = found["definitions"]
    assert [one["name"] for one in found["subprocesses"]] == ["u u~ > e+ e-", "u u~ > mu+ mu-"][
        :: 1 if shares[0]["cross_section_pb"] > shares[1]["cross_section_pb"] else -1
    ]
    assert sum(one["cross_section_pb"] for one in shares) == pytest.approx(results[0].value)
    for one, alone in zip(shares, results[1:], strict=True):
        error = np.hypot(one["error_pb"], alone.error)
        assert abs(one["cross_section_pb"] - alone.value) < 4 * error  # false alarm 1e-4
    batch = events_of(together, 500)
    assert set(zip(batch.process_id, np.abs(batch.pdg_id[2::4]), strict=True)) == {(1, 11), (2, 13)}


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        (["p p > e+ e-", "p p > l+ l-"], "count twice"),
        (["p p > e+ e-", "p p~ > mu+ mu-"], "different beams"),
        (["p p > e+ e-", "p p > e+ e- j"], "numbers of legs"),
        ("p p > q q", "unknown particle 'q'"),
        ("p p > 3j", "write 'j j j'"),
    ],
)
def test_refused_definitions(definition: str | list[str], message: str) -> None:
    with pytest.raises(MCSurrogateError, match=message):
        assemble(card(definition))


def test_an_interference_has_a_cross_section_and_no_events() -> None:
    process = assemble(card("u u > d d w+ w+ QCD^2==2", pdf=None))
    u, channel = random_points(process, 50)
    assert len(process(u, channel).weight) == 50
    with pytest.raises(GenerationError, match="negative in places"):
        EventBuilder(process, 1)


def test_a_definition_twice_is_refused() -> None:
    with pytest.raises(ValidationError, match="count twice"):
        card(["p p > e+ e-", "p p > e+ e-"])


def test_labels_of_ones_own_in_a_card() -> None:
    labels = {"lep": ["e-", "mu-"], "anti": "-11 mu+", "q": "u d u~ d~"}
    process = assemble(card("q q > anti lep", labels=labels))
    finals = {m.pdg_ids[2:] for a in process.amplitudes for m in a.members}
    assert finals == {(-11, 11), (-13, 13)}
    assert {abs(m.pdg_ids[0]) for a in process.amplitudes for m in a.members} == {1, 2}


def test_amplitudes_are_taken_in_the_partonic_centre_of_mass() -> None:
    # Fixed top widths: |M|^2 of g g > t t~ g depends on the frame, and MadGraph's is this one.
    process = assemble(card("g g > t t~ g"))
    u, channel = random_points(process, 300)
    found = process.contributions(u, channel)
    (amplitude,) = process.amplitudes
    assert amplitude.partonic
    laboratory = process.with_amplitudes([replace(amplitude, partonic=False)])
    there = laboratory.contributions(u, channel).weights
    momenta = found.momenta[found.accepted]
    element = amplitude.matrix_element
    ratio = element(partonic_frame(momenta), found.alpha_s) / element(momenta, found.alpha_s)
    assert float((ratio - 1).abs().max()) > 1e-8
    np.testing.assert_allclose(found.weights[:, 0], there[:, 0] * ratio, rtol=1e-12)


def test_the_width_of_the_higgs_says_what_it_lacks() -> None:
    assert model_warnings(ModelSection()) == []
    (warning,) = model_warnings(ModelSection(higgs_width="auto"))
    assert "0.006573 GeV at tree level" in warning
    assert "two gluons" in warning
