# SPDX-License-Identifier: GPL-3.0-or-later
"""Hard events of other generators: the file that a card names, or a card for a file."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mcsurrogate.cards import RunCard, check_card
from mcsurrogate.errors import CardError
from mcsurrogate.events import RunInfo, hard_event_parts, read_hard_events, require_hard_events
from mcsurrogate.hard_process import BEAM_PARTICLES

__all__ = ["events_card", "events_file", "events_files", "source_record"]


def events_file(card: RunCard) -> Path | None:
    """Path of the file of hard events that a card names; None if it names none."""
    return None if card.process.events is None else Path(card.process.events)


def events_files(card: RunCard) -> dict[str, Path]:
    """All files of the hard events that a card names, what lies beside them included.

    Raises
    ------
    EventFileError
        If the file of events is missing or cannot be read.
    """
    path = events_file(card)
    if path is None:
        return {}
    return {f"process.{part}": file for part, file in hard_event_parts(path).items()}


def events_card(
    path: Path,
    *,
    seed: int,
    events: int | None,
    hadronization: str,
    settings: Sequence[str],
    preset: str | None,
) -> RunCard:
    """Card of a run that showers a file of hard events.

    Parameters
    ----------
    path
        The file.
    seed
        Decides every random number.
    events
        Number of events; None for all.
    hadronization
        Model that hadronizes, ``lund`` for Pythia's own.
    settings
        Pythia settings of the chain.
    preset
        Observables of a report that compares with Pythia's hadronization; None for no report.

    Raises
    ------
    CardError
        If the beams of the file are none that a card can name, or an option has a value that a
        card cannot have.
    EventFileError
        If the file is damaged or holds no event.
    """
    run, _ = read_hard_events(path)
    held = require_hard_events(path.resolve())
    content: dict[str, Any] = {
        "seed": seed,
        "process": {"events": str(path.resolve())},
        "beams": {"particles": _beam_names(run, path), "sqrt_s": _energy(run)},
        "generation": {"events": events or held},
        "chain": {"settings": list(settings), "surrogate": {"hadronization": hadronization}},
    }
    if preset is not None:
        content["chain"]["standard"] = {}
        content["validation"] = {"preset": preset}
    return check_card(content, RunCard, str(path))


def _energy(run: RunInfo) -> float:
    return 2.0 * math.sqrt(run.energies_gev[0] * run.energies_gev[1])


def _beam_names(run: RunInfo, path: Path) -> tuple[str, str]:
    names = {pdg: name for name, pdg in BEAM_PARTICLES.items()}
    if unknown := [beam for beam in run.beams if beam not in names]:
        raise CardError(
            f"{path}: beam particle {unknown[0]} is none of {', '.join(BEAM_PARTICLES)}"
        )
    return names[run.beams[0]], names[run.beams[1]]


def source_record(card: RunCard) -> dict[str, Any]:
    """Record the file of hard events for the run folder, checked against the card.

    Raises
    ------
    CardError
        If the card's beams or energy are not those of the file.
    """
    path = events_file(card)
    if path is None:
        return {}
    run, _ = read_hard_events(path)
    beams = card.beams.particles
    if beams is not None and beams != _beam_names(run, path):
        raise CardError(f"beams.particles: {path} has beams {_beam_names(run, path)}")
    if not math.isclose(card.beams.sqrt_s, _energy(run), rel_tol=1e-6):
        raise CardError(f"beams.sqrt_s: {path} has beams with {_energy(run):g} GeV together")
    return {"source": {"file": str(path)}}
