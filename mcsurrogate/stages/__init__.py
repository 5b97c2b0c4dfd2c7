# SPDX-License-Identifier: GPL-3.0-or-later
"""The stages of a run, each from a run folder to what it adds to the folder."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
