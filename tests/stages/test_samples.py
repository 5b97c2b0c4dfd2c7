# SPDX-License-Identifier: GPL-3.0-or-later
"""Cards with several samples: definitions of different particles, and merging."""

from pathlib import Path

import numpy as np
import pytest

from mcsurrogate.cards import RunCard
from mcsurrogate.errors import CardError, MCSurrogateError, PackError
from mcsurrogate.events import read_les_houches
from mcsurrogate.hard_process import assemble, read_samples
from mcsurrogate.integration import integrate
from mcsurrogate.progress import silent
from mcsurrogate.run_folder import RunFolder
from mcsurrogate.stages import pack_run, run_generation, run_integration, run_shower
from mcsurrogate.stages.generation import EVENTS
from mcsurrogate.stages.pythia_settings import merging_settings, surrogate_settings

MUONS, TOPS = "e+ e- > mu+ mu-", "e+ e- > t t~"
PDF = "NNPDF31_nnlo_as_0118_luxqed"


def card(**changes: object) -> RunCard:
    content: dict[str, object] = {
        "seed": 3,
        "process": {"definition": [TOPS, MUONS]},
        "beams": {"sqrt_s": 500.0},
        "scales": {"alpha_s": 0.118},
        "integration": {"method": "vegas", "max_evaluations": 10_000, "precision": 0.01},
        "generation": {"events": 1500},
    }
    return RunCard.model_validate({**content, **changes})


def merged(text: str = "p p > e+ e-", **changes: object) -> RunCard:
    mass = {"observable": "mass", "particles": ["leptons"], "minimum": 60.0}
    content: dict[str, object] = {
        "process": {"definition": text},
        "beams": {"sqrt_s": 13000.0, "pdf": PDF},
        "scales": {},
        "cuts": [mass] if "e+ e-" in text else [],
        "merging": {"jets": 2, "scale": 20.0},
    }
    return card(**{**content, **changes})


class Killed(Exception):  # noqa: N818 - it is none of ours
    """What ends a process from outside."""


def test_definitions_of_different_particles_in_one_run(tmp_path: Path) -> None:
    with RunFolder(tmp_path / "run", card()) as folder:
        result = run_integration(folder, silent)
        record = run_generation(folder, silent)
    run, (batch,) = read_les_houches(tmp_path / "run" / EVENTS)
    alone = [
        integrate(assemble(card(process={"definition": text})), evaluations=10_000, seed=7,
                  method="vegas")
        for text in (TOPS, MUONS)
    ]  # fmt: skip
    assert [one["process"] for one in result["definitions"]] == [TOPS, MUONS]
    for one, other, process in zip(result["definitions"], alone, run.processes, strict=True):
        spread = np.hypot(one["error_pb"], other.error)
        assert abs(one["cross_section_pb"] - other.value) < 4 * spread  # false alarm 6e-5
        assert process.cross_section_pb == one["cross_section_pb"]
    sigma = sum(one["cross_section_pb"] for one in result["definitions"])
    assert result["cross_section_pb"] == pytest.approx(sigma, rel=1e-12)
    assert [one["definition"] for one in result["subprocesses"]] == [1, 2]
    # every event weighs as much as any other, and the mean is the cross section
    weight = batch.weights[:, 0]
    assert len(weight) == record["events"] == 1500
    assert np.quantile(weight, 0.9) == pytest.approx(weight.min(), rel=2e-3)
    assert weight.mean() == pytest.approx(sigma, rel=5e-3)
    tops = np.array([6 in batch.pdg_id[batch.offsets[i] : batch.offsets[i + 1]] for i in range(50)])
    assert tops.any()
    np.testing.assert_array_equal(batch.process_id[:50], np.where(tops, 1, 2))
    with pytest.raises(PackError, match="several samples"):
        pack_run(tmp_path / "run", tmp_path / "pack")


def test_a_killed_run_of_several_samples_is_resumed_bit_for_bit(tmp_path: Path) -> None:
    def until(place: str) -> None:
        def stop(_done: float, _total: float | None, message: str) -> None:
            if message.startswith(place):
                raise Killed

        with RunFolder(tmp_path / "killed", card(), resume=True) as folder:
            run_integration(folder, stop if place == "2: frozen" else silent, keep=True)
            run_generation(folder, stop)

    for place in ("2: frozen", "2: "):
        with pytest.raises(Killed):
            until(place)
    for name, resume in (("killed", True), ("whole", False)):
        with RunFolder(tmp_path / name, card(), resume=resume) as folder:
            run_integration(folder, silent, keep=True)
            run_generation(folder, silent)
    parts = [read_les_houches(tmp_path / name / EVENTS) for name in ("killed", "whole")]
    assert parts[0][0] == parts[1][0]
    for one, other in zip(parts[0][1], parts[1][1], strict=True):
        np.testing.assert_array_equal(one.momenta, other.momenta)
        np.testing.assert_array_equal(one.weights, other.weights)


def test_samples_of_each_number_of_jets() -> None:
    found = read_samples(merged())
    assert [sample.name for sample in found] == ["0_jets", "1_jets", "2_jets"]
    texts = [sample.values["process"]["definition"] for sample in found]
    assert texts == ["p p > e+ e-", "p p > e+ e- j", "p p > e+ e- j j"]
    limits = [(cut["observable"], cut["minimum"]) for cut in found[2].values["cuts"]]
    assert limits == [("mass", 60.0), ("pt", 20.0), ("kt", 8.0)]
    assert "Merging:Process = pp>e+e-" in merging_settings(merged())
    assert "Merging:TMS = 20.0" in surrogate_settings(merged())
    assert "Merging:Process = pp>tt~" in merging_settings(merged("p p > t t~"))
    named = merging_settings(merged("p p > l+ vl"))
    assert "Merging:Process = pp>LEPTONS,NEUTRINOS" in named
    assert merging_settings(card()) == []


def test_merging_knows_the_factorisation_scale_of_the_matrix_elements() -> None:
    fixed = {"renormalization": 91.0, "factorization": 80.0}
    assert not any("muFac" in line for line in merging_settings(merged(scales=fixed)))
    apart = merged(scales=fixed | {"shower": "sqrt_shat"})
    assert "Merging:muFacInME = 80.0" in merging_settings(apart)
    dynamic = {"factorization": "sum_mt", "shower": "sqrt_shat"}
    with pytest.raises(CardError, match="takes the start of showers for the factorisation scale"):
        merging_settings(merged(scales=dynamic))


def test_other_measures_and_methods_of_merging() -> None:
    lund = merged(merging={"jets": 1, "scale": 20.0, "measure": "lund_pt"})
    limits = {cut["observable"]: cut["minimum"] for cut in read_samples(lund)[1].values["cuts"]}
    assert limits == {"mass": 20.0, "lund_pt": 20.0, "pt": pytest.approx(14.142136)}
    assert "Merging:doPTLundMerging = on" in merging_settings(lund)
    mlm = merged(merging={"jets": 1, "scale": 30.0, "method": "mlm"})
    limits = {cut["observable"]: cut["minimum"] for cut in read_samples(mlm)[1].values["cuts"]}
    assert limits == {"mass": 60.0, "pt": 20.0, "kt": 20.0}
    lines = merging_settings(mlm)
    assert {"JetMatching:merge = on", "JetMatching:qCut = 30.0"} <= set(lines)
    assert not any(line.startswith("Merging:") for line in lines)
    for keys in ({"method": "mlm", "measure": "lund_pt"}, {"method": "mlm", "process": "pp>e+e-"},
                 {"measure": "lund_pt", "radius": 0.4}):  # fmt: skip
        with pytest.raises(ValueError, match="is of "):
            merged(merging={"jets": 1, "scale": 20.0, **keys})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"process": {"definition": ["p p > e+ e-", "p p > mu+ mu-"]}}, "one process definition"),
        ({"jets": {"count": 1}}, "only cut on jets"),
        (
            {"cuts": [{"observable": "eta", "particles": ["jets"], "maximum": 5.0}]},
            "only cut on jets",
        ),
        (
            {"cuts": [{"observable": "pt", "particles": [21], "minimum": 5.0}]},
            "only cut on jets",
        ),
        ({"preset_cuts": "madgraph"}, "only cut on jets"),
        ({"generation": {"first_event": 10}}, "a generation.seed of its own"),
        ({"process": {"definition": "e+ e- > u u~"}, "beams": {"sqrt_s": 91.2}}, "two hadron"),
    ],
)
def test_merging_that_cannot_be_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(CardError, match=message):
        read_samples(merged(**changes))


def test_a_process_that_pythia_has_no_word_for_is_asked_for() -> None:
    text = "p p > t t~, t > w+ b, t~ > w- b~"
    with pytest.raises(CardError, match=r"merging\.process: say what"):
        merging_settings(merged(text))
    own = merged(text, merging={"jets": 1, "scale": 20.0, "process": "pp>(t>bW)(t~>b~W)"})
    assert "Merging:Process = pp>(t>bW)(t~>b~W)" in merging_settings(own)


def test_too_few_events_for_the_samples(tmp_path: Path) -> None:
    with RunFolder(tmp_path / "run", card(generation={"events": 1})) as folder:
        run_integration(folder, silent)
        with pytest.raises(MCSurrogateError, match="every sample needs one event"):
            run_generation(folder, silent)


@pytest.mark.slow
def test_merged_z_bosons_keep_their_cross_section(tmp_path: Path) -> None:
    content = {
        "integration": {"method": "vegas", "max_evaluations": 60_000, "precision": 0.01},
        "generation": {"events": 3000},
        "chain": {"settings": ["PartonLevel:MPI = off", "HadronLevel:all = off"]},
    }
    found = {}
    for scale in (15.0, 30.0):
        own = merged(merging={"jets": 1, "scale": scale}, **content)
        with RunFolder(tmp_path / f"{scale}", own) as folder:
            result = run_integration(folder, silent)
            run_generation(folder, silent)
            found[scale] = run_shower(folder, silent)
        bare = result["samples"][0]["cross_section_pb"]
        assert result["samples"][1]["cross_section_pb"] > 0.1 * bare
        # CKKW-L keeps the inclusive cross section up to what its Sudakov factors lack
        assert found[scale]["cross_section_pb"] == pytest.approx(bare, rel=0.1)
