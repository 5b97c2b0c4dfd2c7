# SPDX-License-Identifier: GPL-3.0-or-later
"""Bands from the event weights of a surrogate's uncertainty."""

from dataclasses import replace

import numpy as np
import pytest

from mcsurrogate.errors import ValidationError
from mcsurrogate.validation.histograms import EventSums, Values
from mcsurrogate.validation.observables import get
from mcsurrogate.validation.report.plots import observable_figure
from mcsurrogate.validation.weight_bands import Band, WeightBands
from mcsurrogate.validation.weight_families import theory_families

EDGES = np.array([0.0, 1.0, 2.0])
NAMES = ("Weight", "surrogate_up", "surrogate_down", "other", "surrogate_member_1",
         "surrogate_member_2")  # fmt: skip


def test_bands_of_up_and_down_and_members():
    bands = WeightBands(NAMES, {"x": EDGES})
    weights = np.array([[1.0, 1.1, 0.9, 7.0, 1.2, 0.8], [1.0, 1.2, 0.8, 7.0, 1.0, 1.0]])
    values = Values(np.array([0.5, 2.0]))
    bands.fill({"x": values}, weights, weights[:, 0])
    bands.fill({"x": Values(np.array([np.nan, 3.0]))}, weights, weights[:, 0])
    wide, narrow = bands.of("x")
    # Underflow, two bins, overflow; four events in all.
    np.testing.assert_allclose(wide[0], np.array([0.0, 0.9, 0.8, 0.8]) / 4)
    np.testing.assert_allclose(wide[1], np.array([0.0, 1.1, 1.2, 1.2]) / 4)
    spread = np.array([0.0, np.std([1.2, 0.8], ddof=1), 0.0, 0.0])
    np.testing.assert_allclose(narrow[1] - narrow[0], 2 * spread / 4, atol=1e-15)


def test_ensembles_of_different_parts_have_bands_of_their_own():
    names = ("Weight", "MCSurrogate.mine_member_1", "surrogate_member_1", "MCSurrogate.tune",
             "MCSurrogate.mine_member_2", "surrogate_member_2")  # fmt: skip
    bands = WeightBands(names, {"x": EDGES})
    bands.fill(
        {"x": Values(np.array([0.5]))}, np.array([[1.0, 0.7, 0.9, 9.0, 1.3, 1.1]]), np.ones(1)
    )
    widths = [band.high[1] - band.low[1] for band in bands.of("x")]
    np.testing.assert_allclose(
        widths, [2 * np.std([0.9, 1.1], ddof=1), 2 * np.std([0.7, 1.3], ddof=1)]
    )


def test_several_entries_an_event_and_weights_of_entries():
    bands = WeightBands(NAMES[:3], {"x": EDGES})
    weights = np.array([[2.0, 2.2, 1.8]])
    values = Values(np.array([0.5, 0.6, 1.5]), np.array([0, 0, 0]), np.array([1.0, 1.0, 3.0]))
    bands.fill({"x": values}, weights, weights[:, 0])
    (band,) = bands.of("x")
    np.testing.assert_allclose(band[1][1:3], [2.2, 3.3])


def test_files_without_such_weights_have_no_band():
    bands = WeightBands(("Weight", "seed=2"), {"x": EDGES})
    bands.fill({"x": Values(np.array([0.5]))}, np.ones((1, 2)), np.ones(1))
    assert bands.of("x", np.ones(4)) == []


def test_variations_of_hadronization_give_their_envelope():
    """Two variations around the nominal contents; members of an ensemble are no variations."""
    names = ("nominal", "MCSurrogate.more", "MCSurrogate.less", "MCSurrogate.e_member_1")
    bands = WeightBands(names, {"x": EDGES})
    weights = np.array([[1.0, 1.2, 0.9, 5.0]] * 4)
    inside = 0.5 * (EDGES[0] + EDGES[1])
    bands.fill({"x": Values(np.full(4, inside))}, weights, weights[:, 0])
    nominal = np.zeros(len(EDGES) + 1)
    nominal[1] = 1.0
    ((low, high, _),) = bands.of("x", nominal)
    assert low[1] == 0.9
    assert high[1] == 1.2
    # without nominal contents there is nothing to put the variations around
    assert bands.of("x") == []


SPELLINGS = (
    ("Weight", "MUR0.5_MUF1_PDF303600", "MUR1_MUF1_PDF303601", "MUR2_MUF2_PDF303600"),
    ("nominal", "muR=0.5 muF=1.0", "isr:muRfac=2.0", "muR=1 muF=2"),
    ("Weight", "MUR=0.5__MUF=0.5__LHAPDF=93300", "fsrRedHi", "MUR=2__MUF=1__LHAPDF=93300"),
)


def test_scales_and_showers_by_their_names():
    for names in SPELLINGS:
        families = {f.name: f.columns for f in theory_families(names)}
        assert families["scale"] == (1, 3)
        assert families.get("shower", (2,)) == (2,)
        assert "pdf" not in families


def band(names, weights, **other):
    bands = WeightBands(names, {"x": EDGES}, **other)
    bands.fill({"x": Values(np.full(len(weights), 0.5))}, weights, weights[:, 0])
    nominal = np.zeros(len(EDGES) + 1)
    nominal[1] = 1.0
    return {b.name: (b.low[1], b.high[1]) for b in bands.of("x", nominal)}


def test_rules_of_scales_and_densities():
    """Envelope; spread of replicas; pairs of eigenvectors (hep-ph/0101032), 90% to 68% for CT."""
    names = ["Weight", "MUR0.5_MUF0.5_PDF14000", "MUR2_MUF2_PDF14000"]
    names += [f"MUR1_MUF1_PDF{14000 + i}" for i in range(5)]
    weights = np.array([[1.0, 1.3, 0.9, 1.0, 1.1, 0.8, 1.2, 1.3]])
    found = band(names, weights)
    assert found["scale"] == pytest.approx((0.9, 1.3))
    up, down = np.hypot(0.1, 0.3) / 1.6448536, 0.2 / 1.6448536
    assert found["pdf"] == pytest.approx((1.0 - down, 1.0 + up))
    size = np.sqrt(0.1**2 + 0.2**2 + 0.2**2 + 0.3**2)
    found = band(names, weights, pdf_rule="symmetric hessian")
    assert found["pdf"] == pytest.approx((1.0 - size, 1.0 + size))
    spread = np.std([1.1, 0.8, 1.2, 1.3], ddof=1)
    found = band([n.replace("140", "3036") for n in names], weights)
    assert found["pdf"][1] == pytest.approx(1.0 + spread, rel=1e-12)


def test_densities_of_unknown_rule_are_refused():
    names = [f"PDF={77700 + i}" for i in range(4)]
    with pytest.raises(ValidationError, match="give --pdf-error"):
        theory_families(names)
    assert theory_families(names, "replicas")[0].columns == (1, 2, 3)
    with pytest.raises(ValidationError, match="in pairs"):
        theory_families(names, "hessian")


def test_a_family_is_named_in_the_figure():
    sums = EventSums(EDGES)
    sums.fill(Values(np.full(9, 0.5)), np.ones(9), 0)
    own = get("thrust")
    observable = replace(own, edges=tuple(EDGES), log_y=False)
    bands = [Band(0.9 * sums.mean, 1.2 * sums.mean, "scale")]
    figure = observable_figure(observable, sums, sums, np.zeros(4), ("a", "b"), bands, bands)
    texts = [t.get_text() for t in figure.axes[0].get_legend().get_texts()]
    assert texts.count("scale uncertainty") == 2


def coverages(ratios):
    """Coverage of one variation, whose weights are these times the nominal ones."""
    bands = WeightBands(("Weight", "surrogate_up", "MCSurrogate.tune"), {"x": EDGES})
    nominal = np.linspace(0.5, 2.0, len(ratios))
    for part in np.array_split(np.arange(len(ratios)), 3):
        weights = np.stack([np.ones_like(part), 3.0 + part, ratios[part]], axis=1)
        x = Values(np.full(len(part), 0.5))
        bands.fill({"x": x}, nominal[part, None] * weights, nominal[part])
    return bands.coverage()


def test_coverage_of_a_variation():
    ratios = np.random.default_rng(1).lognormal(0.0, 0.5, 300)
    (found,) = coverages(ratios)
    assert found.name == "MCSurrogate.tune"
    assert found.events == 300
    np.testing.assert_allclose(found.effective_events, ratios.sum() ** 2 / (ratios**2).sum())
    np.testing.assert_allclose(found.largest, ratios.max())


def test_planted_variations_without_coverage_are_found_and_good_ones_are_not():
    random = np.random.default_rng(2)
    planted = good = 0
    for k in range(100):
        # exp(sigma^2) events are worth one; or a part of what the variation makes is missing.
        width, mean = (random.uniform(1.3, 3.0), 1.0) if k % 2 else (0.2, random.uniform(0.5, 0.9))
        draw = random.lognormal(-0.5 * width**2, width, 1000)
        planted += bool(coverages(mean * draw)[0].fault)
        width = random.uniform(0.0, 0.8)
        good += bool(coverages(random.lognormal(-0.5 * width**2, width, 1000))[0].fault)
    assert planted == 100
    assert good == 0
    assert coverages(np.full(99, 5.0))[0].fault == ""  # too few events to tell
    assert "instead of 1" in coverages(np.full(100, 5.0))[0].fault


def test_sets_of_ninety_per_cent_say_so():
    names = ["Weight", *(f"MUR=1_MUF=1_PDF={99000 + member}" for member in range(5))]
    with pytest.raises(ValidationError, match="hessian 90%"):
        theory_families(names)
    for rule in ("hessian", "symmetric hessian"):
        (plain,), (wide,) = theory_families(names, rule), theory_families(names, f"{rule} 90%")
        assert wide.rule == plain.rule == rule
        # from 90% to 68% of a normal distribution: 1 / 1.645
        assert wide.factor == pytest.approx(0.6079568, rel=1e-6)
        assert plain.factor == 1
