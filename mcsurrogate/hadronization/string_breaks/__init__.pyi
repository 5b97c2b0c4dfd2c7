# SPDX-License-Identifier: GPL-3.0-or-later
"""What the room offers; `__init__.py` imports each when it is first asked for."""

from .history import BreakHistory as BreakHistory
from .networks import StringBreakNetworks as StringBreakNetworks
from .recorder import record_string_breaks as record_string_breaks
from .recording import BreakRecording as BreakRecording
from .reweighting import EventWeights as EventWeights
from .reweighting import reweight as reweight
