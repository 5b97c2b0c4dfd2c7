# SPDX-License-Identifier: GPL-3.0-or-later
"""Headers of the Pythia release inside an installed pythia8mc wheel, which ships none.

The source package of exactly the same version has them. It is downloaded once; only its include
directory is kept, in the user's cache, with a digest that is checked whenever it is used.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path, PurePosixPath

from library_symbols import LibraryError

__all__ = ["header_release", "headers_of"]

# sha256 of the source packages that this project was tested with.
_SOURCE_SHA256 = {
    "8.317.2": "e601ed013d22d4ef689c1d94fcdc0ff10f4455a00f0935f682d85b66ef8ffa58",
}
_INCLUDE = ("plugins", "python", "include")
_FOLDERS = ("Pythia8", "Pythia8Plugins")


def header_release(include: Path) -> int:
    """PYTHIA_VERSION_INTEGER of a folder of headers.

    Raises
    ------
    LibraryError
        If there is no Pythia header in it.
    """
    try:
        text = (include / "Pythia8" / "Pythia.h").read_text(encoding="utf-8")
    except OSError as error:
        raise LibraryError(
            f"{include} holds no Pythia8/Pythia.h; name the folder of Pythia's headers"
        ) from error
    found = re.search(r"^#define PYTHIA_VERSION_INTEGER (\d+)$", text, re.MULTILINE)
    if found is None:
        raise LibraryError(
            f"{include}/Pythia8/Pythia.h has no PYTHIA_VERSION_INTEGER; use Pythia 8.313 or later"
        )
    return int(found[1])


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME", "")
    folder = Path(base) if base.startswith("/") else Path.home() / ".cache"
    return folder / "mcsurrogate"


def _digest(include: Path) -> str:
    """Digest over names and contents of all headers."""
    total = hashlib.sha256()
    for path in sorted(include.rglob("*")):
        if path.is_file():
            total.update(f"{path.relative_to(include)}\0{path.stat().st_size}\0".encode())
            total.update(path.read_bytes())
    return total.hexdigest()


def _is_whole(folder: Path) -> bool:
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        return bool(manifest["include_sha256"] == _digest(folder / "include"))
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _download(version: str, folder: Path) -> Path:
    """Get the source package through pip, with the index that the user has configured."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    command += ["--no-deps", "--no-binary", "pythia8mc", "--dest", str(folder)]
    result = subprocess.run(  # noqa: S603 - pip of the running Python
        [*command, f"pythia8mc=={version}"], check=False, capture_output=True, text=True
    )
    found = sorted(folder.glob("pythia8mc-*.tar.gz"))
    if result.returncode == 0 and found:
        return found[0]
    lines = (result.stderr.strip() or result.stdout.strip() or "no output").splitlines()
    reason = next((line for line in lines if "ERROR" in line), lines[-1]).strip()
    raise LibraryError(
        f"the headers of Pythia are missing and the source package pythia8mc=={version} cannot be "
        f"downloaded ({reason}); check the network or pip's index settings, or set PYTHIA8_CONFIG "
        "to the pythia8-config of your own Pythia"
    )


def _check_source(source: Path, version: str) -> str:
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    expected = _SOURCE_SHA256.get(version)
    if expected not in {None, digest}:
        raise LibraryError(
            f"the source package of pythia8mc {version} has sha256 {digest} instead of {expected}; "
            "it is damaged or not the published one: check pip's index settings"
        )
    return digest


def _unpack_headers(source: Path, include: Path) -> None:
    """Extract the header files only, whatever else the archive may hold."""
    with tarfile.open(source, "r:gz") as archive:
        for member in archive:
            parts = PurePosixPath(member.name).parts
            inside = parts[5:]
            if parts[2:5] != _INCLUDE or not member.isfile() or inside[:1] == ():
                continue
            stream = archive.extractfile(member)
            if inside[0] not in _FOLDERS or ".." in inside or stream is None:
                continue
            target = include.joinpath(*inside)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(stream.read())


def _build_folder(version: str, release: int, work: Path) -> Path:
    source = _download(version, work)
    digest = _check_source(source, version)
    folder = work / "headers"
    _unpack_headers(source, folder / "include")
    found = header_release(folder / "include")
    if found != release:
        raise LibraryError(
            f"the source package of pythia8mc {version} has headers of Pythia {found} but the "
            f"installed library is {release}; reinstall pythia8mc"
        )
    manifest = {"source_sha256": digest, "include_sha256": _digest(folder / "include")}
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return folder


def _unwritable(cache: Path, error: OSError) -> str:
    return (
        f"cannot write the cache {cache} ({error.strerror}); set XDG_CACHE_HOME to another folder"
    )


def headers_of(version: str, release: int) -> Path:
    """Folder with the headers that belong to an installed pythia8mc.

    Parameters
    ----------
    version
        Of the installed package, like 8.317.2.
    release
        PYTHIA_VERSION_INTEGER of the library in it.

    Raises
    ------
    LibraryError
        If they cannot be downloaded, or are damaged, or belong to another release.
    """
    cache = _cache()
    final = cache / f"pythia8mc-{version}"
    if _is_whole(final) and header_release(final / "include") == release:
        return final / "include"
    try:
        cache.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix="download-", dir=cache))
    except OSError as error:
        raise LibraryError(_unwritable(cache, error)) from error
    try:
        folder = _build_folder(version, release, work)
        if final.exists() and not _is_whole(final):
            final.rename(work / "damaged")
        try:
            folder.rename(final)
        except OSError:
            # Another build was faster; what it has put there is as good if it is whole.
            if not _is_whole(final):
                raise
    except OSError as error:
        raise LibraryError(_unwritable(cache, error)) from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return final / "include"
