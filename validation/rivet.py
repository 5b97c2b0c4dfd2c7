# SPDX-License-Identifier: GPL-3.0-or-later
"""Rivet as an external tool: its analyses on both samples, where it is installed.

Rivet: arXiv:1912.05451.  It reads the HepMC files itself and brings its own reference data; this
module only runs ``rivet`` and, where it is there, ``rivet-mkhtml``.
"""

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mcsurrogate.errors import ValidationError

__all__ = ["RivetRun", "find_rivet", "run_rivet"]

_LAST_LINES = 12


@dataclass(frozen=True, kw_only=True)
class RivetRun:
    """What Rivet made.

    Attributes
    ----------
    version
        Rivet's version.
    analyses
        Names of the analyses.
    candidate, reference
        YODA files.
    page
        Index page of ``rivet-mkhtml``, None where that is not installed.
    """

    version: str
    analyses: tuple[str, ...]
    candidate: Path
    reference: Path
    page: Path | None


def find_rivet() -> str:
    """Path of the ``rivet`` command.

    Raises
    ------
    ValidationError
        It is not on PATH.
    """
    found = shutil.which("rivet")
    if found is None:
        raise ValidationError(
            "Rivet was asked for, but there is no command `rivet` on PATH; install Rivet 3 or 4 "
            "(https://rivet.hepforge.org), source its rivetenv.sh, or leave --rivet out"
        )
    return found


def _run(arguments: list[str], what: str) -> str:
    """Output of a command, an error with its last lines where it fails."""
    try:
        # the user's own Rivet with names from the user's command line, no shell
        done = subprocess.run(  # noqa: S603
            arguments, capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise ValidationError(f"{what}: cannot be started ({error})") from error
    if done.returncode:
        tail = "\n".join((done.stderr or done.stdout).splitlines()[-_LAST_LINES:])
        raise ValidationError(f"{what} failed with exit code {done.returncode}:\n{tail}")
    return done.stdout


def run_rivet(
    candidate: Path,
    reference: Path,
    analyses: Sequence[str],
    out: Path,
    *,
    labels: tuple[str, str] = ("candidate", "reference"),
    max_events: int | None = None,
) -> RivetRun:
    """Run analyses on both samples.

    Parameters
    ----------
    candidate, reference
        HepMC files that Rivet can read: plain or gzip, zstd from Rivet 4 on.
    analyses
        Names of Rivet analyses, e.g. ``OPAL_2004_S6132243``.
    out
        Folder; gets ``candidate.yoda``, ``reference.yoda`` and the pages in ``plots``.
    labels
        Names of the samples in the plots.
    max_events
        Analyse at most this many events of each file.

    Raises
    ------
    ValidationError
        Rivet is missing or fails.
    """
    rivet = find_rivet()
    version = _run([rivet, "--version"], "rivet --version").strip()
    out.mkdir(parents=True, exist_ok=True)
    files = []
    for name, path in (("candidate", candidate), ("reference", reference)):
        target = out / f"{name}.yoda"
        arguments = [rivet, *(x for a in analyses for x in ("-a", a)), "-o", str(target)]
        if max_events is not None:
            arguments += ["-n", str(max_events)]
        _run([*arguments, str(path)], f"rivet on {path}")
        if not target.is_file():
            raise ValidationError(f"rivet on {path} wrote no {target.name}")
        files.append(target)
    page = _pages(files, labels, out)
    return RivetRun(
        version=version, analyses=tuple(analyses), candidate=files[0], reference=files[1], page=page
    )


def _pages(files: list[Path], labels: tuple[str, str], out: Path) -> Path | None:
    """Plot both samples with Rivet's reference data."""
    command = shutil.which("rivet-mkhtml")
    if command is None:
        return None
    titled = [f"{file}:Title={label}" for file, label in zip(files, labels, strict=True)]
    _run([command, "-o", str(out / "plots"), *titled], "rivet-mkhtml")
    page = out / "plots" / "index.html"
    return page if page.is_file() else None
