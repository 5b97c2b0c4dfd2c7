# SPDX-License-Identifier: GPL-3.0-or-later
"""What the room offers; `__init__.py` imports each when it is first asked for."""

from .chain import PythiaChain as PythiaChain
from .hadronization import attach_hadronization as attach_hadronization
from .hadronization import hadronization_settings as hadronization_settings
from .hadronization import onnx_runtime as onnx_runtime
from .hadronization import plugin_library as plugin_library
from .matrix_element import attach_matrix_element as attach_matrix_element
from .matrix_element import matrix_element_settings as matrix_element_settings
from .pieces import Piece as Piece
from .pieces import PieceMaker as PieceMaker
from .pieces import PieceRecord as PieceRecord
from .pieces import Totals as Totals
from .rehadronize import Rehadronizer as Rehadronizer
from .settings import checked_seed as checked_seed
from .settings import checked_settings as checked_settings
from .settings import setting_name as setting_name
from .statistics import RunSeconds as RunSeconds
from .statistics import RunStatistics as RunStatistics
from .stream import EventStream as EventStream
from .weights_file import read_model_card as read_model_card
from .weights_file import read_weights_header as read_weights_header
from .weights_file import shipped_weights as shipped_weights
from .weights_file import weights_path as weights_path
from .weights_file import write_model_card as write_model_card
from .weights_file import write_weights as write_weights
