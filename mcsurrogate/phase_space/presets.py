# SPDX-License-Identifier: GPL-3.0-or-later
"""Sets of cuts by name."""

from collections.abc import Sequence

from mcsurrogate.phase_space.cuts import Cut

__all__ = ["CUT_PRESETS"]


def _madgraph(passed_over: frozenset[int], jets: Sequence[int | str]) -> list[Cut]:
    """Return the cuts of MadGraph5_aMC@NLO's run card at leading order, as it comes.

    ``ptj`` 20, ``pta`` and ``ptl`` 10, ``etaj`` 5, ``etaa`` and ``etal`` 2.5, ``drjj``, ``drll``,
    ``draa``, ``draj``, ``drjl`` and ``dral`` 0.4 (J. Alwall et al., arXiv:1405.0301, appendix B.3;
    ``RunCardLO`` of its ``banner.py``).  Nothing is asked of b quarks, beyond ``maxjetflavor``.
    """
    groups: dict[str, tuple[int | str, ...]] = {
        "j": tuple(jets),
        "a": ("photons",),
        "l": ("leptons",),
    }
    cuts = [
        Cut("pt", groups[name], minimum=least, passed_over=passed_over)
        for name, least in (("j", 20.0), ("a", 10.0), ("l", 10.0))
    ]
    cuts += [
        Cut("eta", groups[name], maximum=most, passed_over=passed_over)
        for name, most in (("j", 5.0), ("a", 2.5), ("l", 2.5))
    ]
    cuts += [
        Cut(
            "delta_r",
            groups[one],
            None if one == other else groups[other],
            minimum=0.4,
            passed_over=passed_over,
        )
        for one, other in ("jj", "ll", "aa", "aj", "jl", "al")
    ]
    return cuts


CUT_PRESETS = {"madgraph": _madgraph}
"""Functions that return the cuts, of the legs that decays made (MadGraph's ``cut_decays`` is off),
and of the particles that count as jets."""
