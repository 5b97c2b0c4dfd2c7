# SPDX-License-Identifier: GPL-3.0-or-later
"""What one half of an event knows of the other."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.analysis import Events
from mcsurrogate.events import Particles
from mcsurrogate.validation.histograms import Values
from mcsurrogate.validation.observables.angles import along_thrust
from mcsurrogate.validation.observables.conjugation import (
    BOTTOM,
    CHARM,
    last_copies_with_sign,
)
from mcsurrogate.validation.observables.registry import Observable, Section, linear, register

__all__ = ["BACKWARD", "HEMISPHERE"]

FloatArray = NDArray[np.float64]

_hemisphere = Section("correlation", feature=False, specific=True)
_POWER = 0.5
"""Of the momentum along the axis in the charge of a jet (R. D. Field and R. P. Feynman, 1978)."""
_LEADING = (211, 321, 2212)
_PAIRED: tuple[tuple[str, tuple[int, ...]], ...] = (
    ("$K$", (321,)),
    ("$p$", (2212,)),
    ("$p, n$", (2112, 2212)),
    ("$K^0_S$", (310,)),
    (r"$\Lambda$", (3122,)),
    (r"$\ell$", (-11, -13)),
    ("c", CHARM),
    ("b", BOTTOM),
)
_PAIR_KINDS = (
    "opposite signs, same side",
    "opposite signs, opposite sides",
    "equal signs, same side",
    "equal signs, opposite sides",
)
_LEADING_NAMES = (r"$\pi$", "$K$", "$p$")


def _halves(values: FloatArray, particles: Particles, side: FloatArray) -> list[FloatArray]:
    """Return the sums over the particles of both halves, ``(N,)`` each."""
    return [particles.sum_over(np.where(chosen, values, 0.0)) for chosen in (side > 0, side <= 0)]


def _jet_charges(events: Events) -> FloatArray:
    """Product of the momentum-weighted charges of both hemispheres."""
    charged = events.charged
    along = along_thrust(charged, events)
    weight = np.abs(along) ** _POWER
    charges = _halves(weight * charged.species.three_charge / 3.0, charged, along)
    weights = _halves(weight, charged, along)
    with np.errstate(divide="ignore", invalid="ignore"):
        product: FloatArray = charges[0] / weights[0] * (charges[1] / weights[1])
    return product


def _strangeness(events: Events) -> FloatArray:
    """Product of the numbers of K- minus K+ of both hemispheres."""
    kaons = events.final.where(np.abs(events.final.pid) == 321)
    one, other = _halves(-np.sign(kaons.pid).astype(float), kaons, along_thrust(kaons, events))
    product: FloatArray = one * other
    return np.where(kaons.counts > 0, product, np.nan)


def _pairs(side: Callable[[Particles, Events], FloatArray]) -> Callable[[Events], Values]:
    """Numbers of pairs of one species with equal or opposite signs, on equal or opposite sides.

    With n particles, S the sum of their signs, H that of their sides and B that of the products,
    the pairs with opposite signs on one side are ((n^2 - S^2) + (H^2 - B^2)) / 8, and so on.
    """

    def compute(events: Events) -> Values:
        slots, weights, n = [], [], len(events)
        for i, (_, pids) in enumerate(_PAIRED):
            own, sign = last_copies_with_sign(events, pids)
            where = np.where(side(own, events) > 0.0, 1.0, -1.0)
            number = np.bincount(own.event, minlength=n).astype(np.float64)
            signs, sides, both = (
                np.bincount(own.event, weights=x, minlength=n) for x in (sign, where, sign * where)
            )
            for j, (a, b, c) in enumerate(((-1, 1, -1), (-1, -1, 1), (1, 1, 1), (1, -1, -1))):
                # each pair is counted twice, each particle once as a pair with itself
                count = number**2 + a * signs**2 + b * sides**2 + c * both**2
                weights.append((count - number * (1 + a + b + c)) / 8.0)
                slots.append(np.full(n, len(_PAIR_KINDS) * i + j + 0.5))
        event = np.tile(np.arange(n), len(slots))
        entries = np.concatenate(weights)
        filled = entries > 0.0
        return Values(np.concatenate(slots)[filled], event[filled], entries[filled])

    return compute


def _energies(events: Events) -> FloatArray:
    """Difference of the visible energies."""
    visible = events.visible
    one, other = _halves(visible.energy, visible, along_thrust(visible, events))
    return np.abs(one - other) / events.energy_scale


def _leaders(events: Events) -> Values:
    """Species of the fastest charged hadrons of both hemispheres, and whether charges agree."""
    final = events.final
    hadrons = final.where(np.isin(np.abs(final.pid), _LEADING))
    along = along_thrust(hadrons, events)
    ordered = np.lexsort((-np.abs(along), along > 0, hadrons.event))
    half = 2 * hadrons.event[ordered] + (along[ordered] > 0)
    found, first = np.unique(half, return_index=True)
    leader = np.full(2 * len(events), -1)
    leader[found] = ordered[first]
    one, other = leader[0::2], leader[1::2]
    both = np.flatnonzero((one >= 0) & (other >= 0))
    a, b = hadrons.pid[one[both]], hadrons.pid[other[both]]
    species = [np.searchsorted(_LEADING, np.abs(pid)) for pid in (a, b)]
    low, high = np.minimum(*species), np.maximum(*species)
    slot = low * len(_LEADING) - low * (low - 1) // 2 + high - low
    return Values(2 * slot + (np.sign(a) == np.sign(b)) + 0.5, both)


def _bottoms(events: Events) -> FloatArray:
    """Cosine of the angle between two weakly decaying b hadrons."""
    hadrons = events.weak_bottom
    product = np.zeros(len(events))
    for component in (hadrons.px, hadrons.py, hadrons.pz):
        with np.errstate(invalid="ignore"):  # at rest there is no angle
            unit = component / hadrons.p
        product += hadrons.take(unit, 0) * hadrons.take(unit, 1)
    return np.where(hadrons.counts == 2, product, np.nan)


def _bottom_energies(events: Events) -> FloatArray:
    hadrons = events.weak_bottom
    x = 2.0 * hadrons.energy / events.energy_scale[hadrons.event]
    centred = hadrons.take(x, 0) - 0.7, hadrons.take(x, 1) - 0.7
    return np.where(hadrons.counts == 2, centred[0] * centred[1], np.nan)


def _forward(number: Callable[[Particles], FloatArray]) -> Callable[[Events], FloatArray]:
    """Product of a quantity of both directions, charged particles with |eta| < 2.5."""

    def compute(events: Events) -> FloatArray:
        charged = events.charged.where(np.abs(events.charged.eta) < 2.5)
        one, other = _halves(number(charged), charged, charged.pz)
        product: FloatArray = np.sign(one * other) * np.sqrt(np.abs(one * other))
        return product

    return compute


def _asymmetry(events: Events) -> FloatArray:
    """Difference of the numbers of charged particles of both directions over their sum."""
    charged = events.charged.where(np.abs(events.charged.eta) < 2.5)
    one, other = _halves(np.ones(len(charged)), charged, charged.pz)
    with np.errstate(divide="ignore", invalid="ignore"):
        share: FloatArray = (one - other) / (one + other)
    return share


def _charge(particles: Particles) -> FloatArray:
    charge: FloatArray = particles.species.three_charge / 3.0
    return charge


_PAIRS = tuple(
    f"{a} {b}, {sign}"
    for i, a in enumerate(_LEADING_NAMES)
    for b in _LEADING_NAMES[i:]
    for sign in ("opposite charges", "equal charges")
)
_HALVES = "hemispheres of the thrust axis"


def _pair_observable(
    name: str, title: str, side: Callable[[Particles, Events], FloatArray], words: str
) -> Observable:
    bins = len(_PAIRED) * len(_PAIR_KINDS)
    return _hemisphere(
        name,
        title,
        "pairs",
        linear(0, bins, bins),
        _pairs(side),
        "mean number of pairs of last copies of one species and its antiparticle by their signs "
        f"and sides, {words}",
        categories=tuple(f"{label} {kind}" for label, _ in _PAIRED for kind in _PAIR_KINDS),
        density=False,
    )


HEMISPHERE = (
    _hemisphere(
        "hemisphere_jet_charges",
        "Product of the charges of both hemispheres",
        "$Q_1 Q_2$",
        linear(-0.5, 0.5, 20),
        _jet_charges,
        f"Q = sum of q |p_L|^{_POWER} over sum of |p_L|^{_POWER}, charged particles, {_HALVES}",
    ),
    _hemisphere(
        "hemisphere_strangeness",
        "Product of the strangeness of both hemispheres",
        "$S_1 S_2$",
        linear(-4.5, 4.5, 9),
        _strangeness,
        f"S = number of K- minus that of K+, final state, {_HALVES}; events with charged kaons",
        log_y=True,
    ),
    _pair_observable(
        "hemisphere_pairs",
        "Pairs of one species within and across hemispheres",
        along_thrust,
        _HALVES,
    ),
    _hemisphere(
        "hemisphere_energies",
        "Difference of the energies of both hemispheres",
        r"$|E_1 - E_2| / \sqrt{s}$",
        linear(0.0, 0.5, 20),
        _energies,
        f"visible particles, {_HALVES}",
        log_y=True,
    ),
    _hemisphere(
        "hemisphere_leaders",
        "Fastest hadrons of both hemispheres",
        "species",
        linear(0, len(_PAIRS), len(_PAIRS)),
        _leaders,
        f"charged pion, kaon or proton with the largest momentum along the axis, {_HALVES}",
        categories=_PAIRS,
        density=False,
    ),
    _hemisphere(
        "bottom_angle",
        "Angle between the hadrons with b quarks",
        r"$\cos\theta(b, \bar b)$",
        linear(-1.0, 1.0, 20),
        _bottoms,
        "events with two weakly decaying hadrons with b quarks",
        log_y=True,
    ),
    _hemisphere(
        "bottom_energies",
        "Correlation of the energies of the hadrons with b quarks",
        "$(x_1 - 0.7)(x_2 - 0.7)$",
        linear(-0.15, 0.35, 20),
        _bottom_energies,
        "x = 2E/sqrt(s); events with two weakly decaying hadrons with b quarks",
    ),
)
_DIRECTIONS = "charged particles with |eta| < 2.5 and pz > 0, and those with pz < 0"
BACKWARD = (
    _pair_observable(
        "forward_backward_pairs",
        "Pairs of one species forward and backward",
        lambda particles, _: particles.pz,
        "of the directions along the beam",
    ),
    _hemisphere(
        "forward_backward_number",
        "Charged particles forward and backward",
        r"$\sqrt{N_F N_B}$",
        linear(0.0, 150.0, 30),
        _forward(lambda particles: np.ones(len(particles))),
        _DIRECTIONS,
    ),
    _hemisphere(
        "forward_backward_charge",
        "Charge forward and backward",
        r"$\pm\sqrt{|Q_F Q_B|}$",
        linear(-7.75, 7.75, 31),
        _forward(_charge),
        f"root of the product with its sign, {_DIRECTIONS}",
        log_y=True,
    ),
    _hemisphere(
        "forward_backward_asymmetry",
        "Asymmetry of charged particles forward and backward",
        "$(N_F - N_B) / (N_F + N_B)$",
        linear(-1.0, 1.0, 20),
        _asymmetry,
        _DIRECTIONS,
        log_y=True,
    ),
)

register(*HEMISPHERE, *BACKWARD)
