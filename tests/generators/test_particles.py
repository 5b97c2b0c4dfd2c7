# SPDX-License-Identifier: GPL-3.0-or-later
"""Columns of particles: arrays of their own."""

import numpy as np

from mcsurrogate.events import ParticleBatch


def test_arrays_outlive_the_chain(z_batch: ParticleBatch):
    # The fixture's chain is long gone; the columns own their memory.
    total = np.add.reduceat(z_batch.momenta, z_batch.offsets[:-1])
    np.testing.assert_allclose(total, np.tile([91.2, 0, 0, 0], (len(z_batch), 1)), atol=91.2e-6)
