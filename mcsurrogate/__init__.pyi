# SPDX-License-Identifier: GPL-3.0-or-later
"""What the package offers; `__init__.py` imports each when it is first asked for."""

from .emulation import Emulator as Emulator
from .events import read_les_houches as read_les_houches
from .generators import PythiaChain as PythiaChain
from .generators import attach_hadronization as attach_hadronization
from .generators import attach_matrix_element as attach_matrix_element
from .hadronization import decay_clusters as decay_clusters
from .integration import integrate as integrate
from .matrix_elements import matrix_element as matrix_element
from .pdf import load_pdf as load_pdf
from .validation import validate as validate

__version__: str
