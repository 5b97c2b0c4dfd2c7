# SPDX-License-Identifier: GPL-3.0-or-later
"""What the room offers; `__init__.py` imports each when it is first asked for."""

from .cards import ClusterCard as ClusterCard
from .networks import ClusterNetworks as ClusterNetworks
from .single_clusters import decay_clusters as decay_clusters
