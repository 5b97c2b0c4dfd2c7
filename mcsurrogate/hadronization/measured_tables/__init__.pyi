# SPDX-License-Identifier: GPL-3.0-or-later
"""What the room offers; `__init__.py` imports each when it is first asked for."""

from .comparison import STABLE as STABLE
from .comparison import TableValues as TableValues
from .comparison import annihilation_settings as annihilation_settings
from .comparison import chi_squared as chi_squared
from .comparison import ratio_columns as ratio_columns
from .comparison import table_slices as table_slices
from .observables import RecordedEvents as RecordedEvents
from .observables import table_columns as table_columns
from .tables import Definition as Definition
from .tables import MeasuredTable as MeasuredTable
from .tables import defined_files as defined_files
from .tables import read_tables as read_tables
from .tables import shipped_tables as shipped_tables
