# SPDX-License-Identifier: GPL-3.0-or-later
"""Events that are drawn with a bias: what they say is what events without one say."""

import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from mcsurrogate.cards import RunCard, load_card
from mcsurrogate.cli.options import read_card
from mcsurrogate.errors import CardError, PackError
from mcsurrogate.events import read_les_houches
from mcsurrogate.generators import PythiaChain
from mcsurrogate.hard_process import assemble
from mcsurrogate.integration import integrate
from mcsurrogate.progress import silent
from mcsurrogate.run_folder import RunFolder
from mcsurrogate.stages import pack_run, run_generation, run_integration

EDGES = np.geomspace(100.0, 3000.0, 8)


def card(bias: str | None, **changes: object) -> RunCard:
    content: dict[str, object] = {
        "seed": 5,
        "process": {"definition": "p p > t t~", "light_flavours": 4},
        "beams": {"sqrt_s": 13000.0, "pdf": "NNPDF31_nnlo_as_0118_luxqed"},
        "scales": {"renormalization": "sum_mt/2", "factorization": "sum_mt/2"},
        "integration": {"method": "vegas", "max_evaluations": 20_000, "precision": 0.01},
        "generation": {"events": 1500, "bias": bias},
    }
    return RunCard.model_validate({**content, **changes})


def test_biased_events_have_the_distribution_and_the_sum_of_events_without_bias(
    tmp_path: Path,
) -> None:
    own = card("max(pt(t), 100)^6", variations={"scales": "7-point"})
    with RunFolder(tmp_path / "run", own) as folder:
        result = run_integration(folder, silent)
        record = run_generation(folder, silent)
    run, (batch,) = read_les_houches(tmp_path / "run" / record["file"])
    top = batch.momenta.reshape(-1, 4, 4)[:, 2]
    pt, weight = np.hypot(top[:, 1], top[:, 2]), batch.weights[:, 0]

    # tails have statistics: an event without bias in 10^6 lies beyond 2 TeV
    counts = np.histogram(pt, EDGES)[0]
    assert counts[2:].min() > 15

    # weights undo the bias: the same function for all events, but for overweight ones
    # (densities at large x make a few of them negative)
    product = np.abs(weight) * np.maximum(pt, 100) ** 6
    assert np.quantile(product, 0.95) == pytest.approx(product.min(), rel=1e-8)
    sigma, error = result["cross_section_pb"], result["error_pb"]
    process = run.processes[0]
    parts = [one.cross_section_pb for one in run.processes]  # of the subprocesses
    assert math.fsum(parts) == pytest.approx(sigma, rel=1e-9)
    assert run.weighting_strategy == -4
    assert 0.5 < weight.max() / process.max_weight < 1.5

    # the same integral, and in bins of pT; 4 standard deviations: false alarm 6e-5 each
    plain = integrate(assemble(card(None)), evaluations=20_000, seed=3, method="vegas")
    assert abs(sigma - plain.value) < 4 * np.hypot(error, plain.error)
    spread = weight.std() / len(weight) ** 0.5
    assert abs(weight.mean() - sigma) < 4 * np.hypot(error, spread)
    points = plain.sampler.sample(20_000, torch.Generator().manual_seed(7))
    momenta = plain.sampler.integrand.phase_space.forward(points.u, points.channel).momenta
    reference = torch.hypot(*momenta[:, 2, 1:3].T).numpy(), points.weight.numpy()
    for low, high in pairwise(EDGES[:5]):
        parts = []
        for x, w in ((pt, weight), reference):
            inside = np.where((x > low) & (x < high), w, 0.0)
            parts.append((inside.mean(), inside.std() / len(x) ** 0.5))
        (one, its), (other, others) = parts
        assert one > 0
        assert abs(one - other) < 4 * np.hypot(its, others)

    # variations and shares are of the cross section, not of what was integrated
    varied = result["variations"]["weights"]
    (up,) = (w["cross_section_pb"] / sigma for n, w in varied.items() if n[:11] == "MUR=2_MUF=2")
    assert 0.7 < up < 0.9
    for key in ("subprocesses", "channel_cross_sections"):
        assert sum(one["cross_section_pb"] for one in result[key]) == pytest.approx(sigma)
    gluons = result["subprocesses"][0]
    assert gluons["name"] == "g g > t t~"
    assert 0.7 < gluons["cross_section_pb"] / sigma < 0.95  # 6% of what was integrated

    # through Pythia every event has its weight, and the cross section is their mean
    chain = PythiaChain(
        ["PartonLevel:all = off", "ProcessLevel:resonanceDecays = off"],
        seed=1,
        source=tmp_path / "run" / record["file"],
    )
    found = np.concatenate([part.weights[:, 0] for part in chain.generate()])
    np.testing.assert_allclose(found, weight, rtol=1e-9)
    assert chain.statistics.cross_section_pb == pytest.approx(weight.mean(), rel=1e-9)


def test_a_function_of_ones_own_makes_the_bias(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(
        "import torch\ndef bias(momenta, pdg_ids):\n"
        "    assert pdg_ids[2] == 6\n    return torch.hypot(momenta[:, 2, 1], momenta[:, 2, 2])\n"
        "def short(momenta, pdg_ids):\n    return 1.0\n"
    )
    text = Path("cards/ttbar.toml").read_text(encoding="utf-8")
    assert "[generation]\n" in text
    path = tmp_path / "card.toml"
    path.write_text(text.replace("[generation]\n", '[generation]\nbias = "own.py:bias"\n'))
    own = read_card(path)
    assert own.generation.bias == f"{tmp_path / 'own.py'}:bias"
    process, same = assemble(own), assemble(card("pt(t)"))
    u = torch.rand(20, process.dim, generator=torch.Generator().manual_seed(1)).double()
    torch.testing.assert_close(process.bias_at(u), same.bias_at(u))
    short = assemble(card(f"{tmp_path / 'own.py'}:short"))
    with pytest.raises(CardError, match=r"generation.bias.*returned shape \(\) for 20 events"):
        short(u, torch.zeros(20, dtype=torch.int64))
    (tmp_path / "run").mkdir()
    with pytest.raises(CardError, match="no function 'nothing'"):
        assemble(card(f"{tmp_path / 'own.py'}:nothing"))


@pytest.mark.parametrize(
    ("bias", "message"),
    [
        ("pt(j1)", "the process has no outgoing j: g g > t t~"),
        ("pt(t2)", "the process has 1 outgoing t"),
        ("pt(x)", "'x' is no particle, label or PDG id"),
        ("pt(t) - 1e9", "is -1e.09 for an event; it must be positive"),
        ("log(-1 * ht)", "is nan for an event"),
    ],
)
def test_impossible_biases_are_refused(bias: str, message: str) -> None:
    with pytest.raises(CardError, match=message):
        process = assemble(card(bias))
        process(torch.full((1, process.dim), 0.3).double(), torch.zeros(1, dtype=torch.int64))


def test_a_bias_that_is_no_expression_is_found_in_the_card(tmp_path: Path) -> None:
    path = tmp_path / "card.toml"
    text = Path("cards/ttbar.toml").read_text(encoding="utf-8")
    path.write_text(text.replace("[generation]\n", '[generation]\nbias = "pt j1"\n'))
    with pytest.raises(CardError, match=r"card.toml:\d+: generation.bias: 'pt j1' is no expres"):
        load_card(path, RunCard)


def test_scales_of_expressions() -> None:
    u = torch.rand(50, 4, generator=torch.Generator().manual_seed(1)).double()
    values = {}
    for text in ("sum_mt", "2 * sum_mt/2", "mt(t) + mt(t~)", "2 * kt_clustering"):
        process = assemble(card(None, scales={"renormalization": text, "factorization": text}))
        values[text] = process.contributions(u, 0).scale
        assert values[text].shape == (50,)
    for found in values.values():  # both tops have the same pT
        torch.testing.assert_close(found, values["sum_mt"], rtol=1e-9, atol=0)


def test_a_pack_holds_no_code(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text("def scale(momenta, pdg_ids):\n    return momenta[:, 2, 0]\n")
    text = f"{tmp_path / 'own.py'}:scale"
    own = card(
        None,
        process={"definition": "g g > t t~"},
        scales={"renormalization": text, "factorization": 100.0},
        integration={"method": "vegas", "max_evaluations": 10_000, "precision": 0.1},
    )
    with RunFolder(tmp_path / "run", own) as folder:
        run_integration(folder, silent)
    with pytest.raises(PackError, match=r"scales.renormalization is code of your own"):
        pack_run(tmp_path / "run", tmp_path / "pack")
