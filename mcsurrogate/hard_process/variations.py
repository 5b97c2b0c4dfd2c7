# SPDX-License-Identifier: GPL-3.0-or-later
r"""Other scales and parton densities as weights: ratios of integrands, without a new amplitude.

For an event of the subprocess a b with the power p of the strong coupling

.. math::
   \frac{w'}{w} = \left(\frac{\alpha_s'(\mu_R')}{\alpha_s(\mu_R)}\right)^p
                  \frac{f_a'(x_1, \mu_F') f_b'(x_2, \mu_F')}{f_a(x_1, \mu_F) f_b(x_2, \mu_F)} .
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mcsurrogate.cards import RunCard
from mcsurrogate.errors import CardError
from mcsurrogate.hard_process.beams import Beams, require_partons
from mcsurrogate.hard_process.integrand import Contributions, HardProcess
from mcsurrogate.hard_process.shares import member_parts
from mcsurrogate.integration import Sampler
from mcsurrogate.matrix_elements import strong_power
from mcsurrogate.pdf import MemberStack, PartonDensity, PdfSet, lhapdf_id, load_pdf, read_pdf_set

__all__ = ["Variation", "Variations", "combined_variations", "varied_cross_section"]

_POINTS = 50_000
_BLOCK = 10_000
_PAIR = 1 << 20
"""Above twice all PDG ids of partons and leptons."""


@dataclass(frozen=True, slots=True)
class Variation:
    """One weight.

    Attributes
    ----------
    renormalization, factorization
        Factors on the scales.
    pdf
        Densities, those of the process if None.
    number
        LHAPDF number of the densities, None where their set tells none.
    group
        ``scales``, or the name of the set of densities.
    """

    renormalization: float = 1.0
    factorization: float = 1.0
    pdf: PartonDensity | None = None
    number: int | None = None
    group: str = "scales"

    @property
    def name(self) -> str:
        """Name of the weight, such as ``MUR=0.5_MUF=1_PDF=303600``."""
        density = "" if self.pdf is None else f"_PDF={self.group}"
        density = density if self.number is None else f"_PDF={self.number}"
        return f"MUR={self.renormalization:g}_MUF={self.factorization:g}{density}"

    @property
    def declaration(self) -> str:
        """Declare the weight in the header of a Les Houches file (arXiv:1405.1067)."""
        density = "" if self.number is None else f' PDF="{self.number}"'
        return (
            f'<weight id="{self.name}" MUR="{self.renormalization:g}" '
            f'MUF="{self.factorization:g}"{density}>{self.name}</weight>'
        )


class Variations:
    """The variations of a card, as factors on the weights of its events.

    Parameters
    ----------
    card
        The card.
    process
        Its hard process.

    Attributes
    ----------
    list
        The variations in the order of the factors.
    sets
        The sets of densities of which all members, several, are varied.

    Raises
    ------
    CardError
        If a variation would change nothing or stands there twice, or |M|^2 has no single power of
        the strong coupling.
    PartonDensityError
        If a set is missing, or has no ``.info`` file.
    """

    def __init__(self, card: RunCard, process: HardProcess) -> None:
        self._card, self._process = card, process
        self.sets: list[PdfSet] = []
        self._stacks: list[tuple[slice, MemberStack]] = []
        scales = self._scales(card)
        self.list = [*scales, *self._densities(card, len(scales))]
        self._require_sense()
        self._powers = torch.tensor([0] * len(process.amplitudes))
        if self.list:
            self._powers = torch.tensor([_power(a.matrix_element) for a in process.amplitudes])
        if card.variations.scales:
            _require_scales(card, bool(self._powers.any()), self._process.beams.pdf is not None)

    def _require_sense(self) -> None:
        """Refuse a weight that stands there twice, and densities without a parton."""
        twice = [name for name, count in Counter(self.names).items() if count > 1]
        if twice:
            raise CardError(
                f"variations.pdf: the weight {twice[0]} stands there twice; leave out the name of "
                "a set of which all members are varied, or that is named before"
            )
        pairs = [pair for item in self._process.amplitudes for pair in item.flavours]
        for pdf in (one.pdf for one in self.list if one.pdf is not None):
            require_partons(pdf, pairs, self._process.beams)

    def __reduce__(self) -> tuple[type["Variations"], tuple[object, ...]]:
        """Travel to other processes as the card: densities are read there."""
        return type(self), (self._card, self._process)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the weights."""
        return tuple(variation.name for variation in self.list)

    @property
    def declarations(self) -> str:
        """The block ``<initrwgt>`` of a Les Houches file; empty without variations."""
        lines = []
        for group in dict.fromkeys(variation.group for variation in self.list):
            kind = next((s.error_type for s in self.sets if s.name == group), "envelope")
            lines.append(f'<weightgroup name="{group}" combine="{kind}">')
            lines += [v.declaration for v in self.list if v.group == group]
            lines.append("</weightgroup>")
        return "\n".join(("<initrwgt>", *lines, "</initrwgt>")) if lines else ""

    def factors(
        self,
        found: Contributions,
        chosen: Tensor,
        incoming: Tensor,
        densities: Tensor | None = None,
    ) -> Tensor:
        """Return the factors ``(P, V)`` on the weights of accepted points.

        Parameters
        ----------
        found
            The points.
        chosen
            ``(P,)`` the amplitude of each event.
        incoming
            ``(P, 2)`` PDG ids of its incoming partons.
        densities
            ``(P, 2)`` their x f(x), where they are known.
        """
        # pairs as numbers: to find unique rows takes twenty times as long
        codes = _PAIR * incoming[:, 0] + incoming[:, 1] + _PAIR // 2
        codes, which = torch.unique(codes, return_inverse=True)
        power, column = self._powers[chosen], which[:, None]
        known = [(code // _PAIR, code % _PAIR - _PAIR // 2) for code in codes.tolist()]
        if densities is None:
            nominal = self._luminosity(found, known).gather(1, column)[:, 0]
        else:
            nominal = densities.prod(dim=1)
        result = nominal.new_empty(len(nominal), len(self.list))
        alone = set(range(len(self.list)))
        for columns, stack in self._stacks:
            result[:, columns] = self._of_members(stack, found, incoming, power)
            alone -= set(range(columns.start, columns.stop))
        others = sorted(alone)
        varied = self._varied(found, known, [self.list[i] for i in others])
        for i, (coupling, luminosity) in zip(others, varied, strict=True):
            result[:, i] = coupling**power * luminosity.gather(1, column)[:, 0]
        return result.div_(nominal[:, None])

    def _of_members(
        self, stack: MemberStack, found: Contributions, incoming: Tensor, power: Tensor
    ) -> Tensor:
        """Luminosities of all members of a set with their couplings' ratios, ``(P, M)``."""
        rows, beams = found.accepted, self._process.beams
        x1, x2 = found.x1[rows], found.x2[rows]
        result = beams.luminosity_of_members(stack, incoming, x1, x2, found.scale)
        scale, ratios = self._scale(found), dict[int, Tensor]()
        for member in stack.members:
            own = id(member.coupling)
            if own not in ratios:
                ratios[own] = self._coupling(found, member, scale) ** power
        if len(ratios) == 1:
            return result.mul_(ratios[own][:, None])
        return result * torch.stack([ratios[id(m.coupling)] for m in stack.members], dim=1)

    def _scale(self, found: Contributions) -> Tensor:
        """Renormalisation scale ``(P,)``."""
        momenta = found.momenta[found.accepted]
        scale = torch.as_tensor(self._process.renormalization_scale(momenta))
        return scale.to(found.x1.dtype).expand(len(momenta))

    def _luminosity(
        self,
        found: Contributions,
        pairs: Sequence[tuple[int, int]],
        pdf: PartonDensity | None = None,
        factor: float = 1.0,
    ) -> Tensor:
        """Luminosities ``(P, pairs)`` of densities, those of the process if None."""
        beams, rows = self._process.beams, found.accepted
        beams = beams if pdf is None else Beams(beams.particles, pdf)
        x1, x2 = found.x1[rows], found.x2[rows]
        return beams.luminosity(pairs, x1, x2, factor * found.scale).double()

    def _coupling(self, found: Contributions, pdf: PartonDensity | None, scale: Tensor) -> Tensor:
        """Strong coupling ``(P,)`` over that of the process."""
        running = self._process.alpha_s if pdf is None else pdf.alpha_s
        if not (bool(self._powers.any()) and callable(running) and callable(self._process.alpha_s)):
            return torch.ones_like(found.alpha_s, dtype=torch.float64)
        return running(scale).double() / found.alpha_s

    def _varied(
        self,
        found: Contributions,
        pairs: Sequence[tuple[int, int]],
        variations: Iterable[Variation],
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield the ratio of couplings ``(P,)`` and luminosities ``(P, pairs)`` of each weight."""
        scale = self._scale(found)
        couplings, luminosities = dict[float, Tensor](), dict[float, Tensor]()
        for variation in variations:
            pdf, first, second = variation.pdf, variation.renormalization, variation.factorization
            if pdf is not None:
                yield (
                    self._coupling(found, pdf, first * scale),
                    self._luminosity(found, pairs, pdf, second),
                )
                continue
            # several weights of the process's own densities have one of the two scales in common
            if first not in couplings:
                couplings[first] = self._coupling(found, None, first * scale)
            if second not in luminosities:
                luminosities[second] = self._luminosity(found, pairs, None, second)
            yield couplings[first], luminosities[second]

    def _scales(self, card: RunCard) -> list[Variation]:
        asked, factor = card.variations.scales, card.variations.scale_factor
        if asked is None:
            return []
        number = None
        if self._process.beams.pdf is not None and card.beams.pdf is not None:
            number = lhapdf_id(card.beams.pdf, card.beams.pdf_member) or None
        steps = (1 / factor, 1.0, factor)
        return [
            Variation(r, f, number=number)
            for r in steps
            for f in (steps if self._process.beams.pdf is not None else (1.0,))
            if (r, f) != (1.0, 1.0) and (asked == "9-point" or 1.0 in (r, f) or r == f)
        ]

    def _densities(self, card: RunCard, before: int) -> list[Variation]:
        if card.variations.pdf and card.beams.pdf is None:
            raise CardError("variations.pdf: the beams have no parton densities; leave it out")
        found = []
        for name, members in varied_sets(card):
            if members == 1:
                pdf = load_pdf(name)
                number = lhapdf_id(name) or None
                found.append(Variation(pdf=pdf, number=number, group=Path(name).name))
                continue
            own = read_pdf_set(name)
            densities = [load_pdf(name, member) for member in range(members)]
            if MemberStack.together(densities):
                first = before + len(found)
                self._stacks.append((slice(first, first + members), MemberStack(densities)))
            self.sets.append(own)
            found += [
                Variation(pdf=pdf, number=own.index + member, group=own.name)
                for member, pdf in enumerate(densities)
            ]
        return found


def varied_sets(card: RunCard) -> Iterator[tuple[str, int]]:
    """Yield name or path of each set that a card varies, and the number of its members to take.

    Raises
    ------
    PartonDensityError
        If all members of a set are asked for that has no ``.info`` file.
    """
    for asked in card.variations.pdf:
        every = asked == "all" or asked.endswith("/all")
        name = str(card.beams.pdf) if asked == "all" else asked.removesuffix("/all")
        yield name, read_pdf_set(name).members if every else 1


def _require_scales(card: RunCard, strong: bool, densities: bool) -> None:
    if strong and card.scales.alpha_s != "pdf":
        raise CardError(
            f"variations.scales: with scales.alpha_s = {card.scales.alpha_s:g} the coupling does "
            "not run, and no weight would know the renormalisation scale; set alpha_s = 'pdf'"
        )
    if not strong and not densities:
        raise CardError(
            "variations.scales: nothing of this process depends on a scale (neither parton "
            "densities nor a strong coupling); leave it out"
        )


def _power(element: Any) -> int:  # noqa: ANN401 - a squared matrix element of any kind
    own = getattr(element, "strong_power", None)
    power = own if isinstance(own, int) else strong_power(element.process)
    if power is None:
        raise CardError(
            f"variations: |M|^2 of {element.process.name} has no single power of the strong "
            "coupling; fix it in the process definition, e.g. with QCD=0 or QED^2==4"
        )
    return power


def varied_cross_section(
    variations: Variations, process: HardProcess, sampler: Sampler, value: float, seed: int
) -> dict[str, Any]:
    r"""Cross section under each variation, and the uncertainties that they make.

    Each point has the factors of an event of one of its subprocesses.  With them the ratio to the
    cross section is :math:`R = \sum w f / \sum w` over a sample of its own, and its variance
    :math:`\sum w^2 (f - R)^2 / (\sum w)^2`: what both have in common cancels.

    Parameters
    ----------
    variations
        Of the card.
    process
        The hard process.
    sampler
        The finished integration's.
    value
        Cross section in pb.
    seed
        Of the sample.

    Returns
    -------
    dict
        ``weights``: for each name cross section and the error of its ratio, in pb; ``scale`` and
        ``pdf``: how far up and down in pb, for the envelope and for each set of densities.
    """
    generator = torch.Generator().manual_seed(seed)
    members = [(i, pair) for i, a in enumerate(process.amplitudes) for pair in a.flavours]
    chosen = torch.tensor([index for index, _ in members])
    incoming = torch.tensor([pair for _, pair in members])
    weights, varied = [], []
    with torch.no_grad():
        for _ in range(_POINTS // _BLOCK):
            points = sampler.sample(_BLOCK, generator)
            found = process.contributions(points.u, points.channel)
            weight = points.weight[found.accepted].double()
            if found.bias is not None:
                weight = weight / found.bias
            # a point stands for one of its subprocesses, as an event does
            parts = member_parts(found)
            sizes = parts.abs()
            sizes[weight == 0.0] = 1.0
            member = torch.multinomial(sizes, 1, generator=generator)
            weight = weight[:, None] * parts.gather(1, member).sign() * sizes.sum(1, keepdim=True)
            factors = variations.factors(found, chosen[member[:, 0]], incoming[member[:, 0]])
            weights.append(weight)
            varied.append(torch.where(weight == 0.0, 0.0, weight * factors))
    w, wf = torch.cat(weights), torch.cat(varied)
    total = w.sum()
    ratio = wf.sum(dim=0) / total
    error = (wf - w * ratio).square().sum(dim=0).sqrt() / total.abs()
    values = [value * r for r in ratio.tolist()]
    if not all(map(math.isfinite, values)):
        raise CardError("variations: a varied cross section is not finite")
    by_name = {
        one.name: {"cross_section_pb": v, "error_pb": abs(value) * e, "group": one.group}
        for one, v, e in zip(variations.list, values, error.tolist(), strict=True)
    }
    return {"weights": by_name, **_uncertainties(by_name, variations.sets, value)}


def combined_variations(
    card: RunCard, parts: Sequence[Mapping[str, Any]], value: float
) -> dict[str, Any]:
    """Add what :func:`varied_cross_section` found for several processes.

    Parameters
    ----------
    card
        With the variations of all of them.
    parts
        Of each process.
    value
        Sum of their cross sections in pb.
    """
    weights = {
        name: {
            "cross_section_pb": math.fsum(p["weights"][name]["cross_section_pb"] for p in parts),
            "error_pb": math.hypot(*(p["weights"][name]["error_pb"] for p in parts)),
            "group": first["group"],
        }
        for name, first in parts[0]["weights"].items()
    }
    sets = [read_pdf_set(name) for name, members in varied_sets(card) if members > 1]
    return {"weights": weights, **_uncertainties(weights, sets, value)}


def _uncertainties(
    weights: Mapping[str, Mapping[str, Any]], sets: Iterable[PdfSet], value: float
) -> dict[str, Any]:
    """How far up and down the cross section goes, in pb."""
    by_group: dict[str, list[float]] = {}
    for found in weights.values():
        by_group.setdefault(found["group"], []).append(found["cross_section_pb"])
    content: dict[str, Any] = {"pdf": {}}
    if scales := by_group.get("scales"):
        content["scale"] = {
            "up_pb": max(0.0, max(scales) - value),
            "down_pb": max(0.0, value - min(scales)),
        }
    for own in sets:
        up, down = own.uncertainty(by_group[own.name])
        content["pdf"][own.name] = {"up_pb": up, "down_pb": down, "error_type": own.error_type}
    return content
