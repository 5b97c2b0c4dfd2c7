# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks of hadronization: string breaks, clusters, their training and fits to data."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
