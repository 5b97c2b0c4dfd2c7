# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the Pythia that the native code is compiled for; prints a JSON object for CMake.

Without arguments: the pythia8mc wheel of the running Python, with the headers of its source
package. With ``--config PATH``: the Pythia that this pythia8-config belongs to.
"""

import argparse
import importlib.metadata
import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path

from library_symbols import LibraryError, string_abi, symbol_double
from pythia_headers import header_release, headers_of

_DLOPEN_PLUGIN = "_ZN7Pythia813dlopen_pluginE"  # Pythia8::dlopen_plugin(std::string, ...)
_VERSION_CODE = "_ZN7Pythia86Pythia17VERSIONNUMBERCODEE"
_OLDEST = 8313


def _describe(origin: str, include: Path, library: Path, release: int) -> dict[str, str | int]:
    found = header_release(include)
    if found != release:
        raise LibraryError(
            f"headers in {include} are of Pythia {found}, but {library} is Pythia {release}"
        )
    if release < _OLDEST:
        raise LibraryError(f"{library} is Pythia {release}; plugins need Pythia {_OLDEST} or later")
    return {
        "origin": origin,
        "include": str(include),
        "library": str(library),
        "release": release,
        "cxx11_abi": string_abi(library, _DLOPEN_PLUGIN),
    }


def _library_release(library: Path) -> int:
    return round(1000 * symbol_double(library, _VERSION_CODE))


def _from_wheel() -> dict[str, str | int]:
    spec = importlib.util.find_spec("pythia8mc")
    if spec is None or spec.origin is None:
        raise LibraryError(
            f"pythia8mc is not installed for {sys.executable}; `pip install pythia8mc`, or set "
            "PYTHIA8_CONFIG to the pythia8-config of your own Pythia"
        )
    library = Path(spec.origin)
    release = _library_release(library)
    version = importlib.metadata.version("pythia8mc")
    return _describe("wheel", headers_of(version, release), library, release)


def _asked(config: str, option: str) -> Path:
    result = subprocess.run(  # noqa: S603 - the user names the program
        [config, option], check=False, capture_output=True, text=True
    )
    answer = result.stdout.strip()
    if result.returncode != 0 or not answer:
        raise LibraryError(
            f"`{config} {option}` gives no answer: {result.stderr.strip() or 'empty output'}"
        )
    return Path(answer)


def _from_config(name: str) -> dict[str, str | int]:
    config = shutil.which(name)
    if config is None:
        raise LibraryError(
            f"PYTHIA8_CONFIG={name} is no program; give the path of the pythia8-config script"
        )
    library = _asked(config, "--libdir") / "libpythia8.so"
    if not library.is_file():
        raise LibraryError(
            f"{config} names a Pythia without {library}; build Pythia with its shared library"
        )
    include = _asked(config, "--includedir")
    return _describe("config", include, library, _library_release(library))


def main() -> int:
    """Print what was found, or one line that says what is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", help="pythia8-config of the Pythia to use")
    arguments = parser.parse_args()
    try:
        found = _from_config(arguments.config) if arguments.config else _from_wheel()
    except (LibraryError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
