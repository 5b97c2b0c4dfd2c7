# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of Pythia, and files, that tests of several rooms share."""

import gzip
import shutil
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
import tomli_w

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def zpole() -> list[str]:
    """Hadronic Z decays at the peak, without radiation off the beams."""
    return [
        "Beams:idA = 11",
        "Beams:idB = -11",
        "Beams:eCM = 91.2",
        "PDF:lepton = off",
        "WeakSingleBoson:ffbar2gmZ = on",
        "23:onMode = off",
        "23:onIfAny = 1 2 3 4 5",
    ]


@pytest.fixture(scope="session")
def dijets() -> list[str]:
    """Hard jets at 13 TeV."""
    return ["Beams:eCM = 13000", "HardQCD:all = on", "PhaseSpace:pTHatMin = 100"]


@pytest.fixture(scope="session")
def gluons_to_tops() -> Callable[..., str]:
    """Return what writes the card of g g > t t~ at 1 TeV, with these keys of [integration]."""

    def card(**integration: str | float) -> str:
        return tomli_w.dumps(
            {
                "seed": 4,
                "process": {"definition": "g g > t t~"},
                "beams": {"sqrt_s": "1 TeV"},
                "scales": {"alpha_s": 0.118},
                "integration": {"method": "vegas", "max_evaluations": 10_000} | integration,
            }
        )

    return card


@pytest.fixture(scope="session")
def readers_files(tmp_path_factory, zpole) -> Path:
    """Files that the pages suppose: hard events, events of generators, weights and a card."""
    from mcsurrogate.events import convert_events
    from mcsurrogate.generators import PythiaChain

    folder = tmp_path_factory.mktemp("reader")
    hard = (ROOT / "tests" / "data" / "cases" / "lhe" / "good_eight_events.lhe").read_bytes()
    (folder / "events.lhe.gz").write_bytes(gzip.compress(hard))
    for seed, name in enumerate(("events", "candidate", "reference"), start=1):
        PythiaChain(zpole, seed=seed).generate(60, hepmc=folder / f"{name}.hepmc.zst").run()
    for part in ("candidate_7", "reference_0"):  # of many jobs
        sample = folder / f"{part.partition('_')[0]}.hepmc.zst"
        (folder / f"{part}.hepmc.zst").symlink_to(sample)
    convert_events(folder / "events.hepmc.zst", folder / "events.hepmc")
    convert_events(folder / "events.hepmc.zst", folder / "events.parquet")
    weights = ROOT / "mcsurrogate" / "hadronization" / "weights"
    for suffix in ("safetensors", "json"):
        shutil.copy(weights / f"string_breaks_monash.{suffix}", folder / f"mine_member_1.{suffix}")
    card = tomllib.loads((weights / "string_breaks_monash.toml").read_text(encoding="utf-8"))
    for recording, events in zip(card["recordings"], (200, 20), strict=True):
        recording |= {"events": events, "repeats": 2}
    card["training"] |= {"steps": 20}
    (folder / "my_strings.toml").write_text(tomli_w.dumps(card), encoding="utf-8")
    return folder
