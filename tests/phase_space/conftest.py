# SPDX-License-Identifier: GPL-3.0-or-later
import importlib.util
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared():
    """The module of test channels, loaded by path: tests are no package."""
    path = Path(__file__).with_name("channels_for_tests.py")
    spec = importlib.util.spec_from_file_location("channels_for_tests", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
