# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the C++ libraries that come as wheels: HepMC3, zlib, JSON; prints JSON for CMake."""

import argparse
import importlib.metadata
import json
import sys
from pathlib import Path

from library_symbols import LibraryError, string_abi

_WRITER = (
    "_ZN6HepMC311WriterAsciiC1ERK"  # HepMC3::WriterAscii::WriterAscii(std::string const&, ...)
)


def _installed(package: str, ending: str) -> Path:
    """Path of a file that an installed package brings."""
    try:
        files = importlib.metadata.files(package) or []
    except importlib.metadata.PackageNotFoundError as error:
        raise LibraryError(
            f"{package} is not installed for {sys.executable}: `pip install {package}`"
        ) from error
    for file in files:
        if str(file).endswith(ending):
            return Path(file.locate()).resolve()
    raise LibraryError(
        f"the package {package} has no file {ending}; `pip install --force-reinstall {package}`"
    )


def _hepmc3(root: str | None) -> tuple[Path, Path]:
    """Library and include folder."""
    if root is None:
        header = _installed("hepmc3", "include/HepMC3/GenEvent.h")
        return _installed("hepmc3", "libHepMC3-static.a"), header.parent.parent
    for name in ("libHepMC3-static.a", "libHepMC3.so"):
        found = sorted(Path(root).glob(f"lib*/**/{name}"))
        if found and (Path(root) / "include" / "HepMC3" / "GenEvent.h").is_file():
            return found[0], Path(root) / "include"
    raise LibraryError(
        f"HEPMC3_ROOT={root} holds no HepMC3; give the prefix that it was installed to"
    )


def _libraries(root: str | None, abi: int) -> dict[str, str]:
    hepmc3, include = _hepmc3(root)
    found = string_abi(hepmc3, _WRITER)
    if found != abi:
        raise LibraryError(
            f"{hepmc3} has _GLIBCXX_USE_CXX11_ABI={found} and Pythia has {abi}; set HEPMC3_ROOT to "
            "the prefix of a HepMC3 that was built like your Pythia"
        )
    # At run time pythia8mc brings libz.so.1 of the system; the wheel is for header and linking.
    zlib = _installed("cmeel-zlib", "libz.so.1")
    return {
        "hepmc3_library": str(hepmc3),
        "hepmc3_include": str(include),
        "zlib_library": str(zlib),
        "zlib_include": str(_installed("cmeel-zlib", "include/zlib.h").parent),
        "json_include": str(_installed("nlohmann-json", "nlohmann/json.hpp").parents[1]),
    }


def main() -> int:
    """Print what was found, or one line that says what is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hepmc3-root", help="prefix of the HepMC3 to use instead of the wheel's")
    parser.add_argument("--cxx11-abi", type=int, required=True, help="std::string ABI of Pythia")
    arguments = parser.parse_args()
    try:
        found = _libraries(arguments.hepmc3_root, arguments.cxx11_abi)
    except (LibraryError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
