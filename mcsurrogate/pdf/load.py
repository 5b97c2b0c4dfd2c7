"""`load_pdf`: from the name of a set to its densities."""

from pathlib import Path
from typing import Literal, overload

from mcsurrogate.errors import PartonDensityError
from mcsurrogate.pdf.alpha_s import StrongCoupling, coupling_from_info, standard_coupling
from mcsurrogate.pdf.grid_density import GridDensity
from mcsurrogate.pdf.grid_file import read_grid
from mcsurrogate.pdf.info_file import read_info
from mcsurrogate.pdf.lhapdf_density import LhapdfDensity
from mcsurrogate.pdf.locate import find_pdf

__all__ = ["load_pdf"]


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
    provider: Literal["lhapdf"],
    alpha_s: StrongCoupling | None = None,
) -> LhapdfDensity: ...


def load_pdf(
    name_or_path: str | Path,
    member: int = 0,
    *,
    provider: Literal["native", "lhapdf"] = "native",
    alpha_s: StrongCoupling | None = None,
) -> GridDensity | LhapdfDensity:
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
        ``"native"`` reads the grid into torch: vectorised and differentiable.  ``"lhapdf"``
        asks the ``lhapdf`` module for every point.
    alpha_s
        The strong coupling to use.  Without it: the one that the set's ``.info`` file
        describes (table, differential equation or analytic); for a set without ``.info``
        file, such as those of pythia8mc, the one its name tells (`standard_coupling`); where
        the name tells none, ``alpha_s`` of the result raises.

    Raises
    ------
    PartonDensityError
        The set is not found or damaged.
    """
    if provider == "lhapdf":
        if alpha_s is not None:
            raise PartonDensityError("provider='lhapdf' brings its own alpha_s, pass none")
        return LhapdfDensity(str(name_or_path), member)
    if provider != "native":
        raise PartonDensityError(f"unknown provider {provider!r}; choose 'native' or 'lhapdf'")
    files = find_pdf(name_or_path, member)
    grid = read_grid(files.grid)
    force_positive = int(grid.metadata.get("ForcePositive", 0))
    coupling = alpha_s
    if files.info is not None:
        info = read_info(files.info)
        force_positive = int(info.number("ForcePositive", force_positive))
        coupling = coupling or coupling_from_info(info)
    elif coupling is None:
        try:
            coupling = standard_coupling(files.name)
        except PartonDensityError:
            coupling = None  # GridDensity.alpha_s says so when it is asked
    return GridDensity(grid, files.name, coupling, force_positive)
