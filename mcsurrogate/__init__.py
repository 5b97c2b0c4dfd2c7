# SPDX-License-Identifier: GPL-3.0-or-later
"""Neural surrogates as drop-in parts of a Pythia 8 chain, each certified against the original.

`import mcsurrogate` alone imports nothing that computes: every name comes with its room when it is
first asked for.
"""

from typing import Any

import lazy_loader

_find, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
__all__ += ["__version__"]


def __getattr__(name: str) -> Any:  # noqa: ANN401
    if name == "__version__":
        from importlib.metadata import version  # of no use to most, and slow to import

        return version(__name__)
    return _find(name)
