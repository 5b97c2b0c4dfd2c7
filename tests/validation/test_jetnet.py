# SPDX-License-Identifier: GPL-3.0-or-later
"""Frechet and kernel physics distance against those of the package jetnet."""

import numpy as np
import pytest

from mcsurrogate.errors import ValidationError
from mcsurrogate.validation.statistics.jetnet import jetnet_fpd, jetnet_kpd

# fpd and kpd of jetnet 0.2.5 (jetnet/evaluation/gen_metrics.py) on the arrays below
FPD = (0.002724171387371479, 0.0006274336871510327)
KPD = (0.001182227031851113, 0.0004964396518795405)
FEW = "ignore:.*published values take:RuntimeWarning"


def arrays():
    random = np.random.default_rng(7)
    x, y = random.normal(size=(3000, 4)), random.normal(size=(2500, 4)) * 1.1 + 0.05
    x[:, 3], y[:, 3] = np.exp(x[:, 0]), np.exp(y[:, 0])
    return x, y


@pytest.mark.filterwarnings(FEW)
def test_both_distances_are_those_of_jetnet():
    settings = {"min_samples": 500, "max_samples": 2000, "num_batches": 5, "num_points": 6}
    # the fit of a line with bounds stops at its own tolerance
    assert jetnet_fpd(*arrays(), **settings) == pytest.approx(FPD, rel=1e-6)
    assert jetnet_kpd(*arrays(), batch_size=800) == pytest.approx(KPD, rel=1e-12)


def test_few_events_are_told_and_other_shapes_refused():
    x, y = arrays()
    with pytest.warns(RuntimeWarning, match="2500 events: published values take 50,000"):
        jetnet_kpd(x, y, batch_size=100, num_batches=2)
    with pytest.raises(ValidationError, match=r"shapes \(3000, 4\) and \(2500, 3\)"):
        jetnet_kpd(x, y[:, :3])
