# SPDX-License-Identifier: GPL-3.0-or-later
from pathlib import Path

import numpy as np
import pytest

ORACLE = Path(__file__).parents[1] / "data" / "oracle"


@pytest.fixture(scope="session")
def oracle():
    """Read a table of squared matrix elements by name."""

    def read(name):
        with np.load(ORACLE / f"{name}.npz") as table:
            return {key: table[key] for key in table.files}

    return read
