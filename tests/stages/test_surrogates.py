# SPDX-License-Identifier: GPL-3.0-or-later
"""What the card's chains hand to Pythia, and what the report says about them."""

import json
from pathlib import Path

import numpy as np
import pyhepmc
import pytest
from safetensors.numpy import load_file, save_file

from mcsurrogate.cards import RunCard, load_card
from mcsurrogate.errors import CardError, RunFolderError
from mcsurrogate.generators.weights_file import (
    read_model_card,
    read_weights_header,
    weights_path,
)
from mcsurrogate.progress import silent
from mcsurrogate.run_folder import RunFolder
from mcsurrogate.stages import require_chain, require_chains, run_chains, run_shower
from mcsurrogate.stages.pythia_settings import (
    beam_settings,
    hard_process_settings,
    standard_settings,
    surrogate_settings,
)
from mcsurrogate.stages.surrogates import (
    hadronization_record,
    plugin_settings,
    surrogate_parts,
)

PDF = "NNPDF23_lo_as_0130_qed"


def card(**sections: object) -> RunCard:
    content: dict[str, object] = {
        "seed": 1,
        "process": {"pythia": ["WeakSingleBoson:ffbar2gmZ = on"]},
        "beams": {"particles": ["e-", "e+"], "sqrt_s": 91.2},
        "chain": {"surrogate": {"hadronization": "string_breaks"}, "standard": {}},
    }
    return RunCard.model_validate({**content, **sections})


@pytest.mark.parametrize("name", ["zpole", "dijets", "ttbar"])
def test_chains_of_the_shipped_cards_differ_in_their_surrogates_alone(name: str) -> None:
    shipped = load_card(Path(f"cards/{name}.toml"), RunCard)
    require_chains(shipped)
    lines = plugin_settings(shipped)
    assert any("SurrogateHadronization" in line for line in lines)
    parts = {name: (a, b) for name, a, b in surrogate_parts(shipped, "madnis")}
    surrogate, standard = parts["hadronization"]
    assert "surrogate: string_breaks_monash" in surrogate
    assert "Lund" in standard
    if shipped.process.definition is None:
        assert surrogate_settings(shipped) == standard_settings(shipped)
        assert parts["hard process"] == ("Pythia", "Pythia")
    else:
        assert "MadNIS" in parts["phase space"][0]


@pytest.mark.parametrize(
    ("process", "beams", "codes"),
    [
        ({"pythia": ["x = on"]}, {"sqrt_s": 91.2, "particles": ["e-", "e+"]}, (11, -11)),
        ({"pythia": ["x = on"]}, {"sqrt_s": 13e3}, (2212, 2212)),
        ({"pythia": ["x = on"]}, {"sqrt_s": 1960.0, "particles": ["p", "p~"]}, (2212, -2212)),
        ({"definition": "e+ e- > u u~"}, {"sqrt_s": 91.2}, (-11, 11)),
        ({"definition": "mu- mu+ > u u~"}, {"sqrt_s": 91.2}, (13, -13)),
        ({"definition": "g g > t t~"}, {"sqrt_s": 13e3, "pdf": PDF}, (2212, 2212)),
    ],
)
def test_beams(process: object, beams: object, codes: tuple[int, int]) -> None:
    lines = beam_settings(card(process=process, beams=beams))
    assert lines[:2] == [f"Beams:idA = {codes[0]}", f"Beams:idB = {codes[1]}"]
    assert ("PDF:lepton = off" in lines) == (abs(codes[0]) < 20)


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"chain": {"surrogate": {"hadronization": "nonsense"}, "standard": {}}},
         "no weights 'nonsense'"),
        ({"chain": {"surrogate": {"hadronization": "string_breaks",
                                  "settings": ["Init:plugins = {a.so::B}"]}, "standard": {}}},
         r"Init:plugins \+="),
        ({"chain": {"surrogate": {"hadronization": "lund", "variations": ["string_breaks"]},
                    "standard": {}}}, "density ratios"),
        ({"process": {"definition": "g g > t t~"}, "beams": {"sqrt_s": 1000.0}},
         "partonic beams 'g g'"),
        ({"process": {"definition": "e+ e- > u u~"},
          "beams": {"sqrt_s": 91.2, "particles": ["p", "p"]}}, "cannot come from a beam of"),
        ({"beams": {"sqrt_s": 91.2, "particles": ["e-", "e+"], "pdf": PDF}}, "lepton beams"),
    ],
)  # fmt: skip
def test_a_surrogate_chain_that_cannot_be_is_refused(sections: dict, message: str) -> None:
    with pytest.raises(CardError, match=message):
        require_chain(card(**sections))


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"chain": {"surrogate": {"hadronization": "string_breaks"}}}, r"no \[chain.standard\]"),
        ({"chain": {"standard": {}}}, "both chains are the same"),
        ({"process": {"definition": "p p > t t~"}, "beams": {"sqrt_s": 13e3, "pdf": PDF},
          "scales": {"alpha_s": 0.118}}, "switch the process on"),
        ({"cuts": [{"observable": "pt", "particles": ["jets"], "minimum": 20.0}]},
         "PhaseSpace:pTHatMin"),
    ],
)  # fmt: skip
def test_chains_that_cannot_be_compared_are_refused(sections: dict, message: str) -> None:
    with pytest.raises(CardError, match=message):
        require_chains(card(**sections))


def test_both_chains_run_where_pythia_makes_the_hard_process(tmp_path: Path) -> None:
    small = card(generation={"events": 60})
    with RunFolder(tmp_path / "run", small) as folder:
        surrogate, standard = run_chains(folder, silent, silent)
    for chain in (surrogate, standard):
        assert chain["events"] == 60
        assert chain["failed_events"] == 0
        assert (tmp_path / "run" / chain["file"]).exists()
    assert surrogate["hadronization"]["weights"] == "string_breaks_monash"
    stated = read_model_card("string_breaks")["training_seconds"]
    assert surrogate["hadronization"]["training_seconds"] == stated > 0
    assert "hadronization" not in standard

    # Another process under the same name is noticed, though nothing was integrated.
    other = card(process={"pythia": ["WeakSingleBoson:ffbar2gmZ = on", "23:onIfAny = 5"]})
    with RunFolder(tmp_path / "run", other, resume=True) as folder:
        with pytest.raises(RunFolderError, match=r"process\.pythia"):
            run_chains(folder, silent, silent)


def test_a_resumed_run_notices_other_weights_of_the_same_name(tmp_path: Path) -> None:
    weights = tmp_path / "mine.safetensors"
    weights.write_bytes(weights_path("string_breaks").read_bytes())
    chain = {"surrogate": {"hadronization": str(weights)}, "hepmc": "plain"}
    small = card(chain=chain, generation={"events": 20})
    with RunFolder(tmp_path / "run", small) as folder:
        first = run_shower(folder, silent)
    with RunFolder(tmp_path / "run", small, resume=True) as folder:
        assert run_shower(folder, silent)["hadronization"] == first["hadronization"]
    tensors = load_file(weights)
    tensors["pick.1.bias"] = tensors["pick.1.bias"] + np.float32(0.01)
    save_file(tensors, weights, metadata=read_weights_header(weights))
    with RunFolder(tmp_path / "run", small, resume=True) as folder:
        with pytest.raises(
            RunFolderError,
            match=r"weights .*mine.safetensors is not the file",
        ):
            run_shower(folder, silent)


def test_variations_reach_the_hepmc_file(tmp_path: Path) -> None:
    source = weights_path("string_breaks")
    other = tmp_path / "other.safetensors"
    tensors = load_file(source)
    tensors["pick.1.bias"] = tensors["pick.1.bias"] + np.eye(33, dtype=np.float32)[2] * 0.05
    metadata = {**read_weights_header(source), "mcsurrogate.name": "more_strange"}
    save_file(tensors, other, metadata=metadata)
    chain = {
        "surrogate": {"hadronization": "string_breaks", "variations": [str(other)]},
        "hepmc": "plain",
    }
    with RunFolder(tmp_path / "run", card(chain=chain, generation={"events": 40})) as folder:
        record = run_shower(folder, silent)
    with pyhepmc.open(tmp_path / "run" / record["file"]) as stream:
        events = [(event.weight_names, list(event.weights)) for event in stream]
    names, weights = events[0][0], np.array([values for _, values in events])
    varied = weights[:, names.index("MCSurrogate.more_strange")]
    assert weights.shape[0] == 40
    assert 0.001 < varied.std() < 0.5
    np.testing.assert_allclose(varied.mean(), 1.0, atol=0.2)


def test_the_training_of_variations_counts_and_that_of_an_ensemble_once(tmp_path: Path) -> None:
    def weights(name: str, **about: object) -> str:
        path = tmp_path / f"{name}.safetensors"
        path.write_bytes(weights_path("string_breaks").read_bytes())
        path.with_suffix(".json").write_text(json.dumps(about), encoding="utf-8")
        return str(path)

    mine, *members = (
        weights(f"mine_{i}", ensemble_member=i, seed=1, training_seconds=900.0) for i in range(3)
    )
    variations = [*members, weights("other", training_seconds=50.5), weights("silent")]
    section = {"hadronization": mine, "variations": variations}
    record = hadronization_record(card(chain={"surrogate": section}))
    assert record["training_seconds"] == 950.5
    assert record["training_not_stated"] == ["silent"]


def test_pythias_own_process_gets_no_settings_of_ours() -> None:
    assert hard_process_settings(card()) == []
