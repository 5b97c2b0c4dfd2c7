# SPDX-License-Identifier: GPL-3.0-or-later
"""Measured tables of e+ e- annihilation, and the same quantities of generated events."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
