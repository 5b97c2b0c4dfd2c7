# SPDX-License-Identifier: GPL-3.0-or-later
"""What the room offers; `__init__.py` imports each when it is first asked for."""

from .chains import require_chain as require_chain
from .chains import require_chains as require_chains
from .chains import run_chains as run_chains
from .chains import run_reference as run_reference
from .chains import run_shower as run_shower
from .emulator_training import EMULATOR as EMULATOR
from .emulator_training import TrainedEmulator as TrainedEmulator
from .emulator_training import train_emulator as train_emulator
from .hard_events import events_card as events_card
from .merging import merge_events as merge_events
from .packing import open_pack as open_pack
from .packing import pack_run as pack_run
from .packing import packed_card as packed_card
from .packing import unpack_run as unpack_run
from .report import reading_progress as reading_progress
from .report import run_validation as run_validation
from .report import summarize as summarize
from .samples import run_generation as run_generation
from .samples import run_integration as run_integration
