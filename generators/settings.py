# SPDX-License-Identifier: GPL-3.0-or-later
"""Pythia settings as the lines of a ``.cmnd`` file."""

import re
from collections.abc import Iterable

from mcsurrogate.errors import PythiaError

__all__ = ["check_plugins", "checked_seed", "checked_settings", "setting_name"]

_LARGEST_SEED = 900_000_000
_PLUGINS = "init:plugins"
# Pythia goes on without a plugin that it cannot load.
_NOT_LOADED = re.compile(r"^(Error|Abort|Warning) in \S*plugins?(library)?:", re.IGNORECASE)
_SEED_KEYS = frozenset({"random:setseed", "random:seed"})


def setting_name(line: str) -> str:
    """Name of the setting that a line changes, in lower case, as Pythia compares names."""
    words = line.replace("=", " ").split()
    return words[0].lower().replace("::", ":") if words else ""


def checked_seed(seed: int) -> int:
    """Return the seed, if Pythia's random numbers are reproducible with it.

    Raises
    ------
    PythiaError
        If it is not an integer from 1 to 900,000,000. Pythia would take 0 as the time of day and
        negative numbers as its default seed.
    """
    if isinstance(seed, bool) or not isinstance(seed, int) or not 1 <= seed <= _LARGEST_SEED:
        raise PythiaError(
            f"seed {seed!r} is not an integer from 1 to {_LARGEST_SEED}, which Pythia needs"
        )
    return seed


def checked_settings(
    settings: str | Iterable[str], reserved: dict[str, str] | None = None
) -> list[str]:
    """Lines to hand to Pythia, one setting each.

    Parameters
    ----------
    settings
        Lines, or the text of a ``.cmnd`` file.
    reserved
        Names, in lower case, that are set elsewhere, each with what to do instead.

    Raises
    ------
    PythiaError
        If a line sets a reserved name, or discards the plugins of another one.
    """
    lines = settings.splitlines() if isinstance(settings, str) else list(settings)
    instead = dict.fromkeys(_SEED_KEYS, "give the seed as the argument `seed`") | (reserved or {})
    plugins = ""
    for line in lines:
        name = setting_name(line)
        if name == _PLUGINS:
            if plugins and "+=" not in line:
                raise PythiaError(
                    f"{line!r} discards the plugin of {plugins!r}; write Init:plugins += {{...}}"
                )
            plugins = line
        if name in instead:
            raise PythiaError(f"Pythia setting {line!r} is not allowed here: {instead[name]}")
    return lines


def check_plugins(messages: Iterable[str]) -> None:
    """Refuse a run whose plugins Pythia did not load.

    Parameters
    ----------
    messages
        What Pythia said while it was initialised.

    Raises
    ------
    PythiaError
        If a library or a class is missing, or of another release.
    """
    if faults := [message for message in messages if _NOT_LOADED.match(message)]:
        raise PythiaError(
            "Pythia did not load a plugin and would go on without it; check library and class in "
            f"Init:plugins. Pythia says: {'; '.join(faults)}"
        )
