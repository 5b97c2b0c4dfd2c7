# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the pictures of the gallery and of the first page, from nothing: `docs/site/gallery.py`.

Each is a row or two of figures that a command of the package has drawn; the page says which.  Ten
minutes of one processor.  ``--only NAME`` makes one of them.
"""

import argparse
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from PIL import Image

from mcsurrogate.cards import EmulatorCard, RunCard, load_card
from mcsurrogate.integration import integrate
from mcsurrogate.integration.plots import save_plots
from mcsurrogate.progress import silent
from mcsurrogate.run_folder import RunFolder
from mcsurrogate.stages import (
    run_generation,
    run_integration,
    run_reference,
    run_shower,
    train_emulator,
)
from mcsurrogate.validation import validate

ROOT = Path(__file__).parents[2]
LARGEST = 300_000  # bytes of a picture
WIDTH = 1500  # pixels


def mosaic(target: Path, files: Sequence[Path], columns: int = 3) -> None:
    """Put figures into rows of one picture of 256 colours, those of a row equally high."""
    rows = []
    for first in range(0, len(files), columns):
        figures = [Image.open(file).convert("RGB") for file in files[first : first + columns]]
        height = round(WIDTH / sum(each.width / each.height for each in figures))
        row, left = Image.new("RGB", (WIDTH, height), "white"), 0
        for each in figures:
            width = each.width * height // each.height
            row.paste(each.resize((width, height), Image.Resampling.LANCZOS), (left, 0))
            left += width
        rows.append(row)
    whole, top = Image.new("RGB", (WIDTH, sum(row.height for row in rows)), "white"), 0
    for row in rows:
        whole.paste(row, (0, top))
        top += row.height
    whole.quantize(256).save(target, optimize=True)
    if target.stat().st_size > LARGEST:
        raise SystemExit(f"{target}: {target.stat().st_size} bytes, more than {LARGEST}")
    print(f"{target.relative_to(ROOT)}: {target.stat().st_size / 1000:.0f} kB")


def chains(folder: Path, card: RunCard) -> tuple[Path, Path]:
    """Run both chains of a card and return their HepMC3 files."""
    with RunFolder(folder, card) as opened:
        if card.process.definition is not None:
            run_integration(opened, silent)
            run_generation(opened, silent)
        files = [stage(opened, silent)["file"] for stage in (run_shower, run_reference)]
    return folder / files[0], folder / files[1]


def compared(target: Path, folder: Path, card: RunCard, names: Sequence[str]) -> None:
    """Draw observables of both chains of a card."""
    labels = (str(card.chain.surrogate.hadronization), "Lund strings")
    surrogate, standard = chains(folder / "run", card)
    validate(surrogate, standard, folder / "report", observables=names, labels=labels, plots=True)
    mosaic(target, [next(folder.glob(f"report/**/{name}.png")) for name in names])


def z_decays(hadronization: str) -> RunCard:
    """Return the card of hadronic Z decays with a model in the place of Lund strings."""
    card = load_card(ROOT / "cards" / "zpole.toml", RunCard).model_dump(exclude_unset=True)
    card["generation"]["events"] = 5000
    card["chain"]["surrogate"]["hadronization"] = hadronization
    return RunCard.model_validate(card)


def clusters(target: Path, folder: Path) -> None:
    """Draw clusters with neural decays, fitted to Lund events."""
    compared(
        target, folder, z_decays("clusters_monash"), ["charged_number", "thrust", "charged_xi"]
    )


def strings(target: Path, folder: Path) -> None:
    """Draw neural string breaks."""
    compared(target, folder, z_decays("string_breaks"), ["charged_number", "thrust", "charged_xi"])


def report(target: Path, folder: Path) -> None:
    """Draw top pairs through the whole chain, with the band of the scales."""
    card = load_card(ROOT / "cards" / "ttbar.toml", RunCard).model_dump(exclude_unset=True)
    card["generation"]["events"] = 1000
    card["scales"]["alpha_s"] = "pdf"
    card["variations"] = {"scales": "7-point"}
    names = ["top_pt", "ttbar_mass", "jet1_pt", "jet_multiplicity", "ht", "charged_multiplicity"]
    compared(target, folder, RunCard.model_validate(card), names)


def sampler(target: Path, folder: Path) -> None:
    """Draw a flow trained on a ring, which no product of one-dimensional grids follows."""

    def ring(u: torch.Tensor) -> torch.Tensor:
        radius = ((u - 0.5) ** 2).sum(1).sqrt()
        return torch.exp(-0.5 * ((radius - 0.3) / 0.02) ** 2)

    result = integrate(ring, dim=2, evaluations=60_000, seed=1, method="madnis")
    save_plots(result, folder)
    mosaic(target, [folder / f"{name}.png" for name in ("weights", "corner")])


def emulator(target: Path, folder: Path) -> None:
    """Draw training, pulls and coverage of an emulator of g g > t t~ g."""
    with RunFolder(folder / "points", load_card(ROOT / "cards" / "gg_ttxg.toml", RunCard)) as run:
        run_integration(run, silent)
    card = load_card(ROOT / "cards" / "emulator_gg_ttxg.toml", EmulatorCard).model_dump()
    card["points"]["path"] = str(folder / "points")
    train_emulator(card, folder / "emulator")
    names = ("learning_curve", "pulls", "coverage")
    mosaic(target, [next(folder.glob(f"emulator/**/{name}.png")) for name in names])


PICTURES: dict[str, Callable[[Path, Path], None]] = {
    "report": report,
    "gallery/clusters": clusters,
    "gallery/strings": strings,
    "gallery/sampler": sampler,
    "gallery/emulator": emulator,
}


def main() -> None:
    """Make the pictures that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", choices=sorted(PICTURES), help="one picture; else all")
    only = parser.parse_args().only
    (ROOT / "docs" / "gallery").mkdir(exist_ok=True)
    for name, draw in PICTURES.items():
        if only in (None, name):
            with tempfile.TemporaryDirectory() as folder:
                draw(ROOT / "docs" / f"{name}.png", Path(folder))


if __name__ == "__main__":
    main()
