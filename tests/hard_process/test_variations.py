# SPDX-License-Identifier: GPL-3.0-or-later
"""Other scales and densities by weights, against the same integrand with these scales."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from mcsurrogate.cards import RunCard
from mcsurrogate.errors import CardError, PartonDensityError
from mcsurrogate.events import read_les_houches
from mcsurrogate.hard_process import Variations, assemble, varied_cross_section
from mcsurrogate.integration import integrate
from mcsurrogate.pdf import PdfSet, read_pdf_set
from mcsurrogate.progress import silent
from mcsurrogate.run_folder import RunFolder
from mcsurrogate.stages import (
    open_pack,
    pack_run,
    packed_card,
    run_generation,
    run_integration,
    unpack_run,
)
from mcsurrogate.stages.observed import validation_settings

PDF, OTHER = "NNPDF31_nnlo_as_0118_luxqed", "NNPDF23_lo_as_0130_qed"
MEMBERS = 5


def card(**changes: object) -> RunCard:
    content: dict[str, object] = {
        "seed": 5,
        "process": {"definition": "p p > t t~", "light_flavours": 4},
        "beams": {"sqrt_s": 13000.0, "pdf": PDF},
        "scales": {"renormalization": "sum_mt/2", "factorization": "sum_mt"},
        "variations": {"scales": "7-point", "pdf": [OTHER]},
        "integration": {"method": "vegas", "max_evaluations": 10_000, "precision": 0.02},
        "generation": {"events": 50},
    }
    return RunCard.model_validate({**content, **changes})


def toy_set(folder: Path, error_type: str = "hessian") -> str:
    """Write a set of five members: x f = c x^a (1 - x)^3, c = 1, 1.1, 0.8, 1.02, 0.97."""
    path = folder / "toyset"
    path.mkdir()
    q = np.array([1.3, 2.0, 4.75, 10.0, 91.1876, 1000.0, 1e5])
    alpha = 0.118 / (1 + 0.118 * 23 / (12 * np.pi) * np.log(q**2 / 91.1876**2))
    entries = {
        "SetIndex": 99000, "NumMembers": MEMBERS, "Particle": 2212, "Flavors": "[-2,-1,1,2,21]",
        "Format": "lhagrid1", "OrderQCD": 0, "ErrorType": error_type, "ErrorConfLevel": 90,
        "XMin": 1e-6, "XMax": 1, "QMin": 1.3, "QMax": 1e5, "AlphaS_Type": "ipol",
        "AlphaS_Qs": str(q.tolist()), "AlphaS_Vals": str(alpha.tolist()),
    }  # fmt: skip
    (path / "toyset.info").write_text("".join(f"{k}: {v}\n" for k, v in entries.items()))
    x = np.geomspace(1e-6, 1, 60)
    for member, c in enumerate((1.0, 1.1, 0.8, 1.02, 0.97)):
        rows = [
            " ".join(f"{c * a**p * (1 - a) ** 3:.8e}" for p in (0.5, 0.5, 0.6, 0.6, 0.1))
            for a in x
            for _ in q
        ]
        knots = "\n".join((" ".join(map(str, x)), " ".join(map(str, q)), "-2 -1 1 2 21"))
        kind = "central" if member == 0 else "error"
        (path / f"toyset_{member:04d}.dat").write_text(
            f"PdfType: {kind}\nFormat: lhagrid1\n---\n{knots}\n" + "\n".join(rows) + "\n---\n"
        )
    return str(path)


def total(process, u):
    return process(u, torch.zeros(len(u), dtype=torch.int64)).weight


def scale_by(process, first, second):
    renormalization, factorization = process.renormalization_scale, process.factorization_scale
    process.renormalization_scale = lambda p: first * renormalization(p)
    process.factorization_scale = lambda p: second * factorization(p)


def test_every_weight_is_the_ratio_of_integrands() -> None:
    process = assemble(card())
    variations = Variations(card(), process)
    # LHAPDF's list (lhapdf.hepforge.org): NNPDF23_lo_as_0130_qed; the files of the set tell nothing
    assert variations.names[-1] == "MUR=1_MUF=1_PDF=247000"
    u = torch.rand(400, process.dim, generator=torch.Generator().manual_seed(1)).double()
    found = process.contributions(u, torch.zeros(len(u), dtype=torch.int64))
    for column, variation in enumerate(variations.list):
        summed = torch.zeros(len(found.weights), dtype=torch.float64)
        for index, amplitude in enumerate(process.amplitudes):
            share = found.luminosities[index] / found.luminosities[index].sum(dim=1, keepdim=True)
            for member, flavours in enumerate(amplitude.flavours):
                incoming = torch.tensor([flavours]).expand(len(summed), 2)
                chosen = torch.full((len(summed),), index)
                factor = variations.factors(found, chosen, incoming)[:, column]
                summed += found.weights[:, index] * share[:, member] * factor
        direct = assemble(card(beams={"sqrt_s": 13000.0, "pdf": OTHER if variation.pdf else PDF}))
        scale_by(direct, variation.renormalization, variation.factorization)
        expected = total(direct, u)[found.accepted]
        torch.testing.assert_close(summed, expected, rtol=1e-12, atol=0.0)


@pytest.mark.parametrize("outside", [False, True])
def test_members_at_once_are_members_one_by_one(tmp_path: Path, outside: bool) -> None:
    """To rounding, in the order of the card, with sets and single members, inside and outside."""
    toy = toy_set(tmp_path)
    changes: dict[str, object] = {"variations": {"scales": "7-point", "pdf": [toy + "/all", OTHER]}}
    if outside:  # the toy set ends at 100 TeV
        changes["scales"] = {"renormalization": "sum_mt/2", "factorization": "500*sum_mt"}
    one = card(**changes)
    process = assemble(one)
    variations = Variations(one, process)
    assert [len(stack.members) for _, stack in variations._stacks] == [MEMBERS]
    u = torch.rand(300, process.dim, generator=torch.Generator().manual_seed(1)).double()
    found = process.contributions(u, torch.zeros(len(u), dtype=torch.int64))
    chosen = torch.arange(len(found.weights)) % len(process.amplitudes)
    incoming = torch.tensor([process.amplitudes[i].flavours[-1] for i in chosen.tolist()])
    together = variations.factors(found, chosen, incoming)
    variations._stacks = []
    torch.testing.assert_close(
        together, variations.factors(found, chosen, incoming), rtol=1e-12, atol=1e-14
    )
    assert variations.names[-1].endswith("247000")


def test_the_cross_section_of_a_variation_is_its_integral() -> None:
    # Two numbers with errors of their own: 4 standard deviations are exceeded in 6e-5 of cases.
    process = assemble(card())
    result = integrate(process, evaluations=40_000, seed=3, method="vegas")
    variations = Variations(card(), process)
    found = varied_cross_section(variations, process, result.sampler, result.value, seed=2)
    scale_by(process, 2.0, 2.0)
    direct = integrate(process, evaluations=40_000, seed=4, method="vegas")
    up = found["weights"]["MUR=2_MUF=2_PDF=325100"]
    spread = np.hypot(up["error_pb"], np.hypot(direct.error, result.error))
    assert abs(up["cross_section_pb"] - direct.value) < 4 * spread
    # leading order: a quarter up and a fifth down
    assert 0.2 < found["scale"]["up_pb"] / result.value < 0.4
    assert 0.15 < found["scale"]["down_pb"] / result.value < 0.3
    sample = found["weights"]["MUR=1_MUF=2_PDF=325100"]
    assert sample["error_pb"] < 0.02 * abs(sample["cross_section_pb"] - result.value)


def test_weights_of_a_set_reach_the_file_with_their_meaning(tmp_path: Path) -> None:
    toy = toy_set(tmp_path)
    own = card(
        beams={"sqrt_s": 13000.0, "pdf": toy}, variations={"scales": "9-point", "pdf": ["all"]}
    )
    with RunFolder(tmp_path / "run", own) as folder:
        result = run_integration(folder, silent)
        record = run_generation(folder, silent)
    run, batches = read_les_houches(tmp_path / "run" / record["file"])
    (batch,) = batches
    assert len(run.weight_names) == 1 + 8 + MEMBERS
    assert '<weight id="MUR=1_MUF=1_PDF=99003" MUR="1" MUF="1" PDF="99003">' in run.header
    assert '<weightgroup name="toyset" combine="hessian">' in run.header
    central = batch.weights[:, run.weight_names.index("MUR=1_MUF=1_PDF=99000")]
    np.testing.assert_allclose(central, batch.weights[:, 0], rtol=1e-12)
    # and its report knows how they are combined
    assert validation_settings(folder).pdf_error == "hessian 90%"
    squares = {99001: 1.1**2, 99002: 0.8**2, 99003: 1.02**2, 99004: 0.97**2}
    for number, square in squares.items():
        column = batch.weights[:, run.weight_names.index(f"MUR=1_MUF=1_PDF={number}")]
        np.testing.assert_allclose(column / batch.weights[:, 0], square, rtol=1e-6)
    # and through a pack, elsewhere
    pack = open_pack(pack_run(tmp_path / "run", tmp_path / "run.pack"))
    shutil.rmtree(toy)
    elsewhere = packed_card(pack, tmp_path / "job", {})
    with RunFolder(tmp_path / "job", elsewhere) as folder:
        unpack_run(pack, folder)
        again = run_generation(folder, silent)
    (copy,) = read_les_houches(tmp_path / "job" / again["file"])[1]
    np.testing.assert_array_equal(copy.weights, batch.weights)
    # Hessian pairs of 90%: 21% up and 4.04%, 36% down and 5.91%
    pdf, value = result["variations"]["pdf"]["toyset"], result["cross_section_pb"]
    assert pdf["up_pb"] == pytest.approx(value * np.hypot(0.21, 0.0404) / 1.6448536, rel=1e-5)
    assert pdf["down_pb"] == pytest.approx(value * np.hypot(0.36, 0.0591) / 1.6448536, rel=1e-5)


def test_the_rules_of_sets() -> None:
    def of(kind: str, members: int, level: float = 68.268949213708589) -> PdfSet:
        return PdfSet("toy", 1, members, kind, level)

    assert of("replicas", 5).uncertainty([9, 1, 2, 3, 4]) == pytest.approx((1.2909944, 1.2909944))
    assert of("hessian", 5).uncertainty([1, 2, 1.5, 0.5, 3]) == pytest.approx((5**0.5, 0.5))
    assert of("symmhessian", 3).uncertainty([1, 4, 5]) == pytest.approx((5, 5))
    assert of("symmhessian", 3, 90).uncertainty([1, 4, 5])[0] == pytest.approx(5 / 1.644853627)
    assert of("symmhessian+as", 5).uncertainty([1, 4, 5, 25, 1]) == pytest.approx((13, 13))
    for kind, members, values in (
        ("unknown", 3, [1, 2, 3]),
        ("hessian", 4, [1, 2, 3, 4]),
        ("replicas", 9, [1, 2, 3]),
        ("replicas+mc", 5, [1, 2, 3, 4, 5]),
    ):
        with pytest.raises(PartonDensityError):
            of(kind, members).uncertainty(values)
    with pytest.raises(PartonDensityError, match=r"no \.info file"):
        read_pdf_set(PDF)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"scales": {"alpha_s": 0.118}}, CardError, "the coupling does not run"),
        ({"variations": {"pdf": ["all"]}}, PartonDensityError, r"no \.info file"),
        ({"variations": {"pdf": ["nosuchset"]}}, PartonDensityError, "nosuchset"),
        ({"variations": {"pdf": [PDF, PDF]}}, CardError, "stands there twice"),
        (
            {
                "process": {"definition": "a a > w+ w-"},
                "variations": {"pdf": ["NNPDF31_lo_as_0118"]},
            },
            CardError,
            "NNPDF31_lo_as_0118 has no a,",
        ),
        (
            {
                "process": {"definition": "e+ e- > mu+ mu-"},
                "beams": {"sqrt_s": 91.2},
                "scales": {"alpha_s": 0.118},
            },
            CardError,
            "no parton densities|nothing of this process depends",
        ),
        (
            {
                "process": {"definition": "u u~ > u u~ QED=2 QCD=2"},
                "cuts": [{"observable": "pt", "particles": ["jets"], "minimum": 50.0}],
            },
            CardError,
            "no single power of the strong coupling",
        ),
    ],
)
def test_what_would_do_nothing_or_cannot_be_known_is_refused(
    changes: dict[str, object], error: type[Exception], message: str
) -> None:
    own = card(**changes)
    process = assemble(own)
    with pytest.raises(error, match=message):
        Variations(own, process)
