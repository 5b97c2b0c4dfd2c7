# SPDX-License-Identifier: GPL-3.0-or-later
"""Where PDF sets are found: a path, LHAPDF's folders, or the grids that Pythia ships."""

import importlib.metadata
import importlib.util
import os
from dataclasses import dataclass
from pathlib import Path

from mcsurrogate.errors import PartonDensityError

__all__ = ["PdfFiles", "available_pdfs", "find_pdf", "search_folders"]


@dataclass(frozen=True, slots=True)
class PdfFiles:
    """Files of one member of a set.

    Attributes
    ----------
    name
        Name of the set.
    grid
        The ``.dat`` file of the member.
    info
        The set's ``.info`` file, None where there is none (Pythia ships none).
    """

    name: str
    grid: Path
    info: Path | None


def search_folders() -> list[Path]:
    """Folders that hold PDF sets, in the order in which they are searched.

    ``LHAPDF_DATA_PATH`` (or ``LHAPATH``) of the environment, the paths of the ``lhapdf``
    module where it is installed, the ``share/Pythia8/pdfdata`` folder of the pythia8mc
    distribution.
    """
    folders: list[Path] = []
    variable = os.environ.get("LHAPDF_DATA_PATH") or os.environ.get("LHAPATH") or ""
    folders += [Path(part) for part in variable.split(os.pathsep) if part]
    if importlib.util.find_spec("lhapdf") is not None:
        import lhapdf

        folders += [Path(part) for part in lhapdf.paths()]
    pythia = _pythia_folder()
    if pythia is not None:
        folders.append(pythia)
    unique = dict.fromkeys(folder for folder in folders if folder.is_dir())
    return list(unique)


def _pythia_folder() -> Path | None:
    """``pdfdata`` of the installed pythia8mc, found without importing it."""
    try:
        files = importlib.metadata.files("pythia8mc") or []
    except importlib.metadata.PackageNotFoundError:
        return None
    for file in files:
        if file.parent.name == "pdfdata" and file.name.endswith("_0000.dat"):
            return Path(os.path.normpath(str(file.locate()))).parent
    return None


def find_pdf(name_or_path: str | Path, member: int = 0) -> PdfFiles:
    """Find the files of one member of a set.

    Parameters
    ----------
    name_or_path
        Name of a set, path of a ``.dat`` file or of a set's folder.
    member
        Member of the set; for the path of a ``.dat`` file it must be 0.

    Raises
    ------
    PartonDensityError
        Nothing fits; the message lists where was searched.
    """
    if member < 0:
        raise PartonDensityError(f"member {member} of {name_or_path} does not exist, begin at 0")
    path = Path(name_or_path)
    if path.is_file():
        if member != 0:
            raise PartonDensityError(f"{path} is one member, member={member} cannot be chosen")
        return _files(path, path.stem.removesuffix("_0000"))
    if path.is_dir():
        found = _member(path, path.resolve().name, member)
        if found is None:
            raise PartonDensityError(f"{path} holds no file {path.resolve().name}_{member:04d}.dat")
        return found
    name = str(name_or_path)
    folders = search_folders()
    for folder in folders:
        for candidate in (folder / name, folder):
            found = _member(candidate, name, member)
            if found is not None:
                return found
    names = ", ".join(available_pdfs()) or "none"
    searched = ", ".join(map(str, folders)) or "no folder"
    raise PartonDensityError(
        f"no PDF set {name!r} with a member {member} (searched {searched}; sets found: {names}); "
        "set LHAPDF_DATA_PATH to the folder of your sets or give the path of a .dat file"
    )


def _member(folder: Path, name: str, member: int) -> PdfFiles | None:
    path = folder / f"{name}_{member:04d}.dat"
    return _files(path, name) if path.is_file() else None


def _files(path: Path, name: str) -> PdfFiles:
    base = path.stem.rpartition("_")[0] or path.stem
    for stem in (base, path.stem):
        info = path.parent / f"{stem}.info"
        if info.is_file():
            return PdfFiles(name, path, info)
    return PdfFiles(name, path, None)


def available_pdfs() -> dict[str, Path]:
    """Names of the sets that can be loaded and the file of their member 0."""
    found: dict[str, Path] = {}
    for folder in search_folders():
        for path in sorted([*folder.glob("*_0000.dat"), *folder.glob("*/*_0000.dat")]):
            name = path.stem.removesuffix("_0000")
            if path.parent == folder or path.parent.name == name:
                found.setdefault(name, path)
    return found
