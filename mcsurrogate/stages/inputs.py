# SPDX-License-Identifier: GPL-3.0-or-later
"""Files from outside that the stages of a card read, by their part in the run."""

from collections.abc import Iterable
from pathlib import Path

from mcsurrogate.cards import RunCard, own_functions
from mcsurrogate.generators import weights_path
from mcsurrogate.hard_process import varied_sets
from mcsurrogate.pdf import find_pdf

__all__ = [
    "emulator_files",
    "flow_files",
    "function_files",
    "hadronization_files",
    "observables_files",
    "pdf_files",
    "settings_files",
    "varied_pdf_files",
]

Files = dict[str, Path | None]


def pdf_files(card: RunCard) -> Files:
    """List grid and ``.info`` file of the member that the card names.

    Raises
    ------
    PartonDensityError
        If there is no such set.
    """
    if card.beams.pdf is None:
        return {}
    found = find_pdf(card.beams.pdf, card.beams.pdf_member)
    return {"PDF grid": found.grid, "PDF info": found.info}


def varied_pdf_files(card: RunCard) -> Files:
    """List the grids of the densities that the card varies.

    Raises
    ------
    PartonDensityError
        If there is no such set.
    """
    files: Files = {}
    for name, members in varied_sets(card):
        for member in range(members):
            grid = find_pdf(name, member).grid
            files[f"varied PDF grid {grid.stem}"] = grid
    return files


def flow_files(card: RunCard) -> Files:
    """List the file of a family of flows of the user's own."""
    path, _, _ = card.integration.flow.family.rpartition(":")
    return {"integration.flow.family": Path(path)} if path.endswith(".py") else {}


def function_files(card: RunCard) -> Files:
    """List the Python files with functions of events of the user's own."""
    return {f"{one.section}.{one.key}": Path(one.path) for one in own_functions(card)}


def settings_files(settings: Iterable[str]) -> Files:
    """List the files that Pythia settings name: decay tables, plugins, SLHA files."""
    pairs = (line.partition("=")[::2] for line in settings)
    named = {key.strip(" +"): Path(value.strip().partition("::")[0]) for key, value in pairs}
    return {f"setting {key}": path for key, path in named.items() if path.is_file()}


def emulator_files(card: RunCard) -> Files:
    """List weights and model cards of the card's emulators."""
    names = () if card.emulators is None else card.emulators.weights
    paths = [path for name in names for path in (Path(name), Path(name).with_suffix(".json"))]
    return {f"emulator {path}": path for path in paths}


def hadronization_files(card: RunCard) -> Files:
    """List weights of the model that hadronizes, and of its variations.

    Raises
    ------
    HadronizationError
        If there are no such weights.
    """
    section = card.chain.surrogate
    if section.hadronization in (None, "lund"):
        return {}
    names = (section.hadronization, *section.variations)
    return {f"hadronization weights {name}": weights_path(name) for name in names if name}


def observables_files(card: RunCard) -> Files:
    """List the file of the user's own observables."""
    name = card.validation.observables_file
    return {} if name is None else {"validation.observables_file": Path(name)}
