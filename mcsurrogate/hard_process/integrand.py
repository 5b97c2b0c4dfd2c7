# SPDX-License-Identifier: GPL-3.0-or-later
r"""The hard-process cross section as an integrand on the unit hypercube.

.. math::
   \sigma = \sum_{ab} \int dx_1 dx_2\, f_a(x_1, \mu_F) f_b(x_2, \mu_F)
            \frac{1}{2 \hat s} \int d\Phi_n\, \overline{|M_{ab}|^2}

(R. K. Ellis, W. J. Stirling, B. R. Webber, *QCD and Collider Physics*, eqs. 7.2 and 7.6).
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from mcsurrogate.errors import ProcessError
from mcsurrogate.flows import discrete_value
from mcsurrogate.hard_process.beams import Beams
from mcsurrogate.hard_process.channels import Channels
from mcsurrogate.hard_process.mass_windows import MassWindow, within
from mcsurrogate.integration import IntegrandValue
from mcsurrogate.matrix_elements import (
    CountedMatrixElement,
    EventMatrixElement,
    EventWeights,
    MatrixElement,
    SampledMatrixElement,
    Subprocess,
    partonic_frame,
)
from mcsurrogate.phase_space import Cuts, EventFunction, Scale

__all__ = ["PB_GEV2", "Amplitude", "Contributions", "HardProcess"]

PB_GEV2 = 0.3893793721718594e9
"""(hbar c)^2 in GeV^2 pb (CODATA 2018)."""

_KINEMATICS, _AMPLITUDE, _OPERATION = 6e-6, 3e-6, 6e-9
"""Seconds of a point: mapping, cuts and densities; a call of an amplitude; a multiply-add."""


@dataclass(frozen=True, slots=True)
class Amplitude:
    """One amplitude at one assignment of the legs, and the subprocesses that share it.

    Attributes
    ----------
    matrix_element
        Of the representative process.
    permutation
        Its leg i is leg ``permutation[i]`` of the members.
    members
        Subprocesses whose luminosities multiply this amplitude.
    windows
        Cuts on the masses of its resonances.
    partonic
        Whether it is evaluated in the partonic centre of mass, and not where the events are.
    process_id
        Number of the definition that it belongs to, counted from one.
    """

    matrix_element: MatrixElement
    permutation: tuple[int, ...]
    members: tuple[Subprocess, ...]
    windows: tuple[MassWindow, ...] = ()
    partonic: bool = False
    process_id: int = 1

    @property
    def flavours(self) -> list[tuple[int, int]]:
        """PDG ids of the incoming partons of each member."""
        return [(member.pdg_ids[0], member.pdg_ids[1]) for member in self.members]


@dataclass(frozen=True, slots=True)
class Contributions:
    """A batch of phase-space points and what each amplitude contributes there.

    Attributes
    ----------
    momenta
        ``(N, n, 4)`` [E, px, py, pz] in GeV, laboratory frame.
    x1, x2
        ``(N,)`` momentum fractions.
    accepted
        ``(N,)`` bool: inside the cuts; amplitudes are evaluated at these P points only.
    alpha_s
        ``(P,)`` strong coupling.
    scale
        ``(P,)`` factorisation scale in GeV.
    weights
        ``(P, A)`` differential cross section d sigma / du in pb of each of the A amplitudes.
    luminosities
        A tensors ``(P, members)``: products of parton densities, whose sums are in
        ``weights``.
    configuration
        ``(P,)`` the helicity configuration of each point, where they are sampled.
    bias
        ``(P,)`` how much more often the points are drawn, None where there is no bias.
    identities
        For each of the A amplitudes the weights of colour flows and helicities ``(P, ...)``, where
        they were asked for and come with the squared amplitude.
    """

    momenta: Tensor
    x1: Tensor
    x2: Tensor
    accepted: Tensor
    alpha_s: Tensor
    scale: Tensor
    weights: Tensor
    luminosities: list[Tensor]
    configuration: Tensor | None = None
    identities: tuple[EventWeights | None, ...] = ()
    bias: Tensor | None = None

    @property
    def drawn_weights(self) -> Tensor:
        """``(P,)`` what points are drawn by: weights of all amplitudes, with the bias."""
        total = self.weights.sum(dim=1)
        return total if self.bias is None else total * self.bias

    def take(self, points: Tensor) -> "Contributions":
        """Return those of some accepted points, by their numbers among all N."""
        rows = (self.accepted.cumsum(0) - 1)[points]
        return Contributions(
            self.momenta[points],
            self.x1[points],
            self.x2[points],
            self.accepted[points],
            self.alpha_s[rows],
            self.scale[rows],
            self.weights[rows],
            [luminosity[rows] for luminosity in self.luminosities],
            None if self.configuration is None else self.configuration[rows],
            tuple(
                None if known is None else EventWeights(*(part[rows] for part in known))
                for known in self.identities
            ),
            None if self.bias is None else self.bias[rows],
        )


class HardProcess:
    """Differential cross section of a process, in the channels of its phase space.

    Fulfils :class:`mcsurrogate.integration.Integrand`; weights are in pb.

    Parameters
    ----------
    amplitudes
        All amplitudes, at every assignment of the legs.
    channels
        From the unit hypercube to phase-space points.
    cuts
        Which points count.
    beams
        The beam particles and the densities of their partons.
    alpha_s
        Strong coupling: a number, or a function of the renormalisation scale in GeV.
    renormalization_scale, factorization_scale, shower_scale
        Scales from momenta; showers start at the factorisation scale if they have none.
    bias
        Positive function of momenta that the integrand has as a factor, and `contributions` do not.
    groups_of_channels
        For each channel the number of its network; one network a channel if None.
    sample_subprocesses, sample_helicities
        Whether a point evaluates only one of the amplitudes, and of the helicity configurations:
        each is a discrete dimension of the hypercube after those of the phase space, and where it
        is not, the sum is taken.
    recipe
        Function and arguments that build this process anew in another Python process.

    Raises
    ------
    ProcessError
        Helicities are to be sampled, and an amplitude does not know its own.
    """

    def __init__(
        self,
        amplitudes: Iterable[Amplitude],
        channels: Channels,
        cuts: Cuts,
        beams: Beams,
        alpha_s: float | Callable[[Tensor | float], Tensor],
        renormalization_scale: Scale,
        factorization_scale: Scale,
        shower_scale: Scale | None = None,
        bias: EventFunction | None = None,
        groups_of_channels: tuple[int, ...] | None = None,
        sample_subprocesses: bool = False,
        sample_helicities: bool = False,
        recipe: tuple[Callable[..., "HardProcess"], tuple[object, ...]] | None = None,
    ) -> None:
        self._recipe = recipe
        self._needed: Tensor | None = None
        self.phase_space = channels
        self.cuts = cuts
        self.beams = beams
        self.alpha_s = alpha_s
        self.renormalization_scale = renormalization_scale
        self.factorization_scale = factorization_scale
        self.shower_scale = shower_scale or factorization_scale
        self.bias = bias
        self.channels = channels.channels
        self.names: tuple[str, ...] = channels.names
        self.groups = groups_of_channels
        self.amplitudes = tuple(amplitudes)
        self._amplitude_axis = self._helicity_axis = 0
        sizes: list[int] = []
        if sample_subprocesses and len(self.amplitudes) > 1:
            self._amplitude_axis = channels.dim
            sizes.append(len(self.amplitudes))
        if sample_helicities:
            self._helicity_axis = channels.dim + len(sizes)
            sizes.append(max(len(_sampled(a).configurations) for a in self.amplitudes))
        self.dim = channels.dim + len(sizes)
        self.periodic = (*channels.periodic, *(False for _ in sizes))
        self.discrete = (*(0 for _ in range(channels.dim)), *sizes)
        self.reflections = getattr(channels, "reflections", ())
        self.constant = getattr(channels, "constant", ())
        self.overlapping = getattr(channels, "overlapping", False)

    @property
    def cost(self) -> float | None:
        """Seconds of an evaluation in order of magnitude (a power of 4), without a clock.

        What is decided by it is the same on every machine, however busy.  None where an amplitude
        does not know its operations: it is measured then.
        """
        elements = [amplitude.matrix_element for amplitude in self.amplitudes]
        counts = [e.operations for e in elements if isinstance(e, CountedMatrixElement)]
        if len(counts) < len(elements):
            return None
        seconds = sum(_AMPLITUDE + _OPERATION * count for count in counts)
        drawn = math.prod(size for size in self.discrete if size)
        return float(4.0 ** round(math.log(_KINEMATICS + seconds / drawn, 4.0)))

    def with_amplitudes(self, amplitudes: Iterable[Amplitude]) -> "HardProcess":
        """Return the same process with other amplitudes; this one stays as it is.

        ``copy.copy`` would give the process of the recipe, which others may share.
        """
        changed = object.__new__(type(self))
        changed.__dict__.update(self.__dict__)
        changed.amplitudes = tuple(amplitudes)
        changed._recipe = None
        return changed

    def of_channels(self, needed: Tensor) -> "HardProcess":
        """Return the same process, of which some channels ``(K,)`` (bool) alone are asked for.

        Where channel weights are densities of mappings, those of the others are not computed.
        """
        changed = object.__new__(type(self))
        changed.__dict__.update(self.__dict__)
        changed._needed = needed
        return changed

    def __reduce__(self) -> tuple[Callable[..., "HardProcess"], tuple[object, ...]]:
        """Travel to other processes as the recipe: small, and built once in each."""
        if self._recipe is None:
            raise ProcessError("a hard process that no card made cannot be sent to other processes")
        if self._needed is None:
            return self._recipe
        return _of_channels, (self._recipe, self._needed)

    def __call__(self, u: Tensor, channel: Tensor) -> IntegrandValue:
        """Return d sigma / du in pb, biased, at ``u`` ``(N, dim)`` in the channels ``(N,)``."""
        found = self.contributions(u, channel)
        weight = torch.zeros(len(u), dtype=found.weights.dtype, device=u.device)
        weight[found.accepted] = found.drawn_weights
        if self.channels == 1:
            return IntegrandValue(weight)
        prior = self._prior(found)
        return IntegrandValue(weight, prior, _features(found.momenta, found.x1, found.x2))

    def bias_at(self, u: Tensor, channel: Tensor | int = 0) -> Tensor | None:
        """Return the bias ``(N,)`` at points inside the cuts; None where there is none."""
        if self.bias is None:
            return None
        return self.bias(self.phase_space.forward(u[:, : self.phase_space.dim], channel).momenta)

    def _prior(self, found: Contributions) -> Tensor:
        """Analytic channel weights ``(N, K)``; where they are dear, of accepted points only."""
        if not self.overlapping:
            return self.phase_space.prior(found.momenta, found.x1, found.x2, self._needed)
        kept = found.accepted
        even = 1.0 / self.channels
        prior = torch.full((len(kept), self.channels), even, dtype=found.momenta.dtype)
        if bool(kept.any()):
            momenta, x1, x2 = found.momenta[kept], found.x1[kept], found.x2[kept]
            prior[kept] = self.phase_space.prior(momenta, x1, x2, self._needed)
        return prior

    def contributions(
        self,
        u: Tensor,
        channel: Tensor | int = 0,
        *,
        squared_amplitudes: bool = True,
        identities: bool = False,
    ) -> Contributions:
        """Evaluate amplitudes and luminosities at ``u`` ``(N, dim)``; all that are not sampled.

        Without ``squared_amplitudes`` every amplitude counts as one: for what needs the
        kinematics and luminosities alone.  With ``identities`` amplitudes that can do so, and are
        summed over everything, also give the weights of colour flows and helicities.
        """
        point = self.phase_space.forward(u[:, : self.phase_space.dim], channel)
        accepted = self.cuts(point.momenta) & (point.jacobian > 0)
        accepted, inside = self._inside(point.momenta, accepted)
        momenta = point.momenta[accepted]
        x1, x2 = point.x1[accepted], point.x2[accepted]
        total = momenta[:, 0] + momenta[:, 1]
        s_hat = total[:, 0] ** 2 - total[:, 1:].square().sum(dim=1)
        # dx1 dx2 is in the jacobian; 1/(x1 x2) turns the products of x f into those of f.
        common = PB_GEV2 * point.jacobian[accepted] / (2 * s_hat * x1 * x2)
        alpha_s = self._coupling(momenta)
        scale = torch.as_tensor(self.factorization_scale(momenta), dtype=x1.dtype)
        scale = scale.expand(len(momenta))
        chosen = self._drawn(u[accepted], self._amplitude_axis)
        configuration = self._drawn(u[accepted], self._helicity_axis)
        with_identities = identities and chosen is None and configuration is None
        weights, luminosities, known = [], [], []
        for index, amplitude in enumerate(self.amplitudes):
            picked = None if chosen is None else torch.nonzero(chosen == index)[:, 0]
            rows = slice(None) if picked is None else picked
            squared = common.new_ones(())
            element = amplitude.matrix_element
            found = None
            if with_identities and isinstance(element, EventMatrixElement):
                # helicities are those in the laboratory
                found = element.event_weights(momenta[:, list(amplitude.permutation)], alpha_s)
                squared = found.squared
            if squared_amplitudes and (found is None or amplitude.partonic):
                squared = self._squared(
                    amplitude,
                    momenta[rows],
                    alpha_s[rows],
                    None if configuration is None else configuration[rows],
                )
            luminosity = self.beams.luminosity(amplitude.flavours, x1[rows], x2[rows], scale[rows])
            weight = common[rows] * squared * luminosity.sum(dim=1)
            if inside is not None:
                weight = weight * inside[index][rows]
            if picked is not None:
                # one of so many equal bins of its dimension
                weight = torch.zeros_like(common).index_put(
                    (picked,), len(self.amplitudes) * weight
                )
                empty = common.new_zeros(len(common), luminosity.shape[1])
                luminosity = empty.index_put((picked,), luminosity)
            luminosities.append(luminosity)
            weights.append(weight)
            known.append(found)
        return Contributions(
            point.momenta,
            point.x1,
            point.x2,
            accepted,
            alpha_s,
            scale,
            torch.stack(weights, dim=1),
            luminosities,
            configuration,
            tuple(known),
            None if self.bias is None else self.bias(momenta.detach()),
        )

    def _inside(self, momenta: Tensor, accepted: Tensor) -> tuple[Tensor, list[Tensor] | None]:
        """Points inside the mass windows of some amplitude, and which of these are in each."""
        kinds = {amplitude.windows for amplitude in self.amplitudes}
        if kinds == {()}:
            return accepted, None
        masks = {windows: within(windows, momenta) for windows in kinds}
        for_some = torch.stack(list(masks.values())).any(dim=0) & accepted
        return for_some, [masks[amplitude.windows][for_some] for amplitude in self.amplitudes]

    def _drawn(self, u: Tensor, axis: int) -> Tensor | None:
        return discrete_value(u[:, axis], self.discrete[axis]) if axis else None

    def _squared(
        self, amplitude: Amplitude, momenta: Tensor, alpha_s: Tensor, configuration: Tensor | None
    ) -> Tensor:
        """Squared amplitude ``(P,)``, or its number of bins times one helicity configuration."""
        if amplitude.partonic:
            momenta = partonic_frame(momenta)
        momenta = momenta[:, list(amplitude.permutation)]
        if configuration is None:
            return amplitude.matrix_element(momenta, alpha_s)
        element = _sampled(amplitude)
        # an amplitude with fewer configurations than another has empty bins
        rows = torch.nonzero(configuration < len(element.configurations))[:, 0]
        value = element.of_configuration(momenta[rows], alpha_s[rows], configuration[rows])
        bins = self.discrete[self._helicity_axis]
        return torch.zeros_like(alpha_s).index_put((rows,), bins * value)

    def _coupling(self, momenta: Tensor) -> Tensor:
        if callable(self.alpha_s):
            value = self.alpha_s(self.renormalization_scale(momenta))
        else:
            value = torch.tensor(self.alpha_s, dtype=momenta.dtype)
        return value.to(momenta).expand(len(momenta))


def _of_channels(
    recipe: tuple[Callable[..., HardProcess], tuple[object, ...]], needed: Tensor
) -> HardProcess:
    build, arguments = recipe
    return build(*arguments).of_channels(needed)


def _sampled(amplitude: Amplitude) -> SampledMatrixElement:
    element = amplitude.matrix_element
    if not isinstance(element, SampledMatrixElement):
        raise ProcessError(
            f"{element.process.name}: this amplitude is known summed over helicities only; set "
            "integration.helicities = 'sum'"
        )
    return element


def _features(momenta: Tensor, x1: Tensor, x2: Tensor) -> Tensor:
    """Describe points by logarithms of x1 and x2, and pT, rapidity and phi of each leg."""
    outgoing = momenta[:, 2:].detach()
    energy, px, py, pz = outgoing.unbind(dim=2)
    pt2 = px.square() + py.square()
    tiny = torch.finfo(pt2.dtype).tiny
    pt = pt2.clamp(min=tiny).sqrt()
    rapidity = 0.5 * ((energy + pz).clamp(min=tiny) / (energy - pz).clamp(min=tiny)).log()
    parts = [x1.log()[:, None], x2.log()[:, None], pt.log(), rapidity.clamp(-20, 20)]
    return torch.cat([*parts, px / pt, py / pt], dim=1).float()
