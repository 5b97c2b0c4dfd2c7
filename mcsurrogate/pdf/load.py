# SPDX-License-Identifier: GPL-3.0-or-later
"""`load_pdf`: from the name of a set to its densities."""

from pathlib import Path
from typing import Literal, overload
from weakref import WeakValueDictionary

from mcsurrogate.errors import PartonDensityError
from mcsurrogate.pdf.alpha_s import StrongCoupling, coupling_from_info, standard_coupling
from mcsurrogate.pdf.grid_density import GridDensity
from mcsurrogate.pdf.grid_file import GLUON, GridFile, read_grid
from mcsurrogate.pdf.info_file import SetInfo, read_info
from mcsurrogate.pdf.locate import PdfFiles, find_pdf
from mcsurrogate.pdf.pointwise_density import PointwiseDensity, lhapdf_density, neopdf_density

__all__ = ["load_pdf"]

Provider = Literal["native", "lhapdf", "neopdf"]
_PROTON = 2212
_RUNNING = ("AlphaS_", "M", "Threshold", "NumFlavors", "FlavorScheme", "OrderQCD")
"""How the keys begin that decide on the coupling."""
_COUPLINGS: WeakValueDictionary[tuple[object, ...], StrongCoupling] = WeakValueDictionary()


@overload
def load_pdf(
    name_or_path: str | Path,
    member: int = 0,
    *,
    provider: Literal["native"] = "native",
    alpha_s: StrongCoupling | None = None,
) -> GridDensity: ...


@overload
def load_pdf(
    name_or_path: str | Path,
    member: int = 0,
    *,
    provider: Literal["lhapdf", "neopdf"],
    alpha_s: StrongCoupling | None = None,
) -> PointwiseDensity: ...


def load_pdf(
    name_or_path: str | Path,
    member: int = 0,
    *,
    provider: Provider = "native",
    alpha_s: StrongCoupling | None = None,
) -> GridDensity | PointwiseDensity:
    """Load one member of a PDF set.

    Parameters
    ----------
    name_or_path
        Name of a set, or path of a ``.dat`` file or of a set's folder.  A name is searched in
        ``LHAPDF_DATA_PATH``, in the paths of the ``lhapdf`` module where it is installed, and
        among the grids that pythia8mc ships.
    member
        Member of the set.
    provider
        ``"native"`` reads the grid into torch: vectorised and differentiable.  ``"lhapdf"`` and
        ``"neopdf"`` ask the module of that name for every point.
    alpha_s
        The strong coupling to use.  Without it: the one that the member's header and the set's
        ``.info`` file describe (table, differential equation or analytic); for a set without
        ``.info`` file, such as those of pythia8mc, the one its name tells (`standard_coupling`);
        where the name tells none, ``alpha_s`` of the result raises.

    Raises
    ------
    PartonDensityError
        The set is not found, damaged, of another particle or for another interpolation.

    Notes
    -----
    Keys in the header of a member override those of the set (arXiv:1412.7420, section 3.3);
    ``Interpolator`` is obeyed for ``logcubic`` and ``log``, ``Extrapolator`` for
    ``continuation``, ``nearest`` and ``error``, and ``Particle`` has to be the proton.  ``Flavors``
    has to name the columns of the grid, in any order; 0 is the gluon there and in the grid.
    """
    if provider not in ("native", "lhapdf", "neopdf"):
        raise PartonDensityError(
            f"unknown provider {provider!r}; choose 'native', 'lhapdf' or 'neopdf'"
        )
    if provider == "lhapdf":
        if alpha_s is not None:
            raise PartonDensityError("provider='lhapdf' brings its own alpha_s, pass none")
        return lhapdf_density(str(name_or_path), member)
    files = find_pdf(name_or_path, member)
    native = _native(files, alpha_s)
    return native if provider == "native" else neopdf_density(native, files)


def _native(files: PdfFiles, alpha_s: StrongCoupling | None) -> GridDensity:
    grid = read_grid(files.grid)
    info = grid.metadata
    if files.info is not None:
        info = read_info(files.info).overridden_by(info)
    if info.number("Particle", _PROTON) != _PROTON:
        raise PartonDensityError(
            f"{info.source_of('Particle')}: the densities are those of the particle "
            f"{info.text('Particle')}, and only those of the proton ({_PROTON}) can be used"
        )
    if "Flavors" in info:
        _check_flavours(grid, info)
    force_positive = int(info.number("ForcePositive", 0))
    return GridDensity(
        grid,
        files.name,
        alpha_s or _coupling(files, info),
        force_positive,
        linear=info.choice("Interpolator", ("logcubic", "log")) == "log",
        extrapolator=info.choice("Extrapolator", ("continuation", "nearest", "error")),
    )


def _check_flavours(grid: GridFile, info: SetInfo) -> None:
    """Refuse a set whose list of partons is not that of its columns.

    LHAPDF refuses another number of them, takes columns that the list lacks for zero, and fails at
    those of the list that are no column.
    """
    told = [int(pdg) or GLUON for pdg in info.integers("Flavors")]
    if sorted(told) == sorted(grid.pdg_ids):
        return
    lacking = [pdg for pdg in told if pdg not in grid.pdg_ids]
    further = [pdg for pdg in grid.pdg_ids if pdg not in told]
    twice = sorted({pdg for pdg in told if told.count(pdg) > 1})
    what = ((lacking, "are no columns"), (further, "are columns that it lacks"), (twice, "twice"))
    reasons = [f"{', '.join(map(str, ids))} {words}" for ids, words in what if ids]
    raise info.error(
        "Flavors", f"is not the list of the columns of {grid.path}: {'; '.join(reasons)}"
    )


def _coupling(files: PdfFiles, info: SetInfo) -> StrongCoupling | None:
    if files.info is not None or "AlphaS_Type" in info:
        # members of a set share theirs, so that what uses many of them can evaluate it once
        told = (
            str(files.grid.parent),
            *((k, info.text(k)) for k in info if k.startswith(_RUNNING)),
        )
        if (known := _COUPLINGS.get(told)) is None:
            known = _COUPLINGS[told] = coupling_from_info(info)
        return known
    try:
        return standard_coupling(files.name)
    except PartonDensityError:
        return None  # GridDensity.alpha_s says so when it is asked
