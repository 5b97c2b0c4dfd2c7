# SPDX-License-Identifier: GPL-3.0-or-later
"""Neural draws of a string break: networks, recorded draws, maximum likelihood."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
