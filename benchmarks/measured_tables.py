# SPDX-License-Identifier: GPL-3.0-or-later
"""Chi squared of measured tables of e+ e- annihilation for models and tunes of Pythia.

    python benchmarks/measured_tables.py [--data FOLDER] [--events 20000] [--out FOLDER]
        [--models monash string_breaks_lep ...] [--markdown]

Models are names of weights, paths of weights files, and ``monash`` or another tune of Pythia's own
strings (``tune_ee_3``: Tune:ee = 3). Files that come with the package are fitted ones;
with --data all others with a definition are compared too, which no fit has seen. Correlations
between values were not published: chi squared compares models and tests none.
"""

import argparse
import hashlib
from pathlib import Path

import numpy as np
from event_chunks import make_chunks

from mcsurrogate.generators import hadronization_settings
from mcsurrogate.hadronization.measured_tables import (
    MeasuredTable,
    TableValues,
    annihilation_settings,
    chi_squared,
    defined_files,
    read_tables,
    shipped_tables,
)

SEED = 700_001
#: Retunes that Pythia has as settings.
TUNES = {f"tune_ee_{i}": [f"Tune:ee = {i}"] for i in range(1, 8)} | {"monash": []}
MODELS = ("monash", "tune_ee_1", "tune_ee_3", "tune_ee_4", "clusters_lep", "string_breaks_lep")


def all_tables(data: Path | None) -> list[MeasuredTable]:
    """Tables of the package, then those of a folder."""
    shipped = shipped_tables()
    tables = [table for file in shipped for table in read_tables(file)]
    if data is not None:
        for file in defined_files():
            if file not in shipped:
                tables += read_tables(data / f"{file}.csv")
    return tables


def model_lines(model: str) -> list[str]:
    """Pythia settings of a model or tune."""
    return TUNES[model] if model in TUNES else hadronization_settings(model)


def values(
    model: str, tables: list[MeasuredTable], energy: float, events: int, out: Path | None
) -> TableValues:
    """Generate the values of tables at one energy, or take them from files of a run before."""
    lines = [*model_lines(model), *annihilation_settings(energy)]
    if out is None:
        return TableValues.generate(tables, lines, events=events, seed=SEED)
    wanted = "".join(f"{t.file} {t.name} {t.definition}" for t in tables) + str(events)
    digest = hashlib.sha256(wanted.encode()).hexdigest()[:8]
    path = out / f"{Path(model).stem}_{energy:g}_{digest}.npz"

    def write(_: int, target: Path) -> None:
        found = TableValues.generate(tables, lines, events=events, seed=SEED)
        with target.open("wb") as stream:
            np.savez(stream, values=found.values, errors=found.errors)

    make_chunks([path], write)
    with np.load(path) as file:
        return TableValues(file["values"], file["errors"])


def main() -> None:
    """Print one line a table, and sums."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--floor", type=float, default=0.02)
    parser.add_argument("--models", nargs="+", default=list(MODELS))
    parser.add_argument("--out", type=Path)
    parser.add_argument("--markdown", action="store_true")
    arguments = parser.parse_args()
    if arguments.out is not None:
        arguments.out.mkdir(parents=True, exist_ok=True)
    tables = all_tables(arguments.data)
    energies = sorted({table.definition.energy for table in tables})
    result = np.zeros((len(arguments.models), len(tables)))
    for i, model in enumerate(arguments.models):
        for energy in energies:
            index = [j for j, t in enumerate(tables) if t.definition.energy == energy]
            chosen = [tables[j] for j in index]
            found = values(model, chosen, energy, arguments.events, arguments.out)
            result[i, index] = chi_squared(chosen, found, floor=arguments.floor)
    print_table(tables, arguments.models, result, markdown=arguments.markdown)


def print_table(
    tables: list[MeasuredTable], models: list[str], result: np.ndarray, *, markdown: bool
) -> None:
    """Print a line for each table, and the sums of those of the package and of the others."""
    names = [Path(model).stem for model in models]
    bar = " | " if markdown else "  "
    width = [max(len(name), 7) for name in names]

    def line(what: str, size: str, numbers: list[str]) -> None:
        cells = [f"{n:>{w}}" for n, w in zip(numbers, width, strict=True)]
        row = bar.join([f"{what:60s}", f"{size:>5s}", *cells])
        print(f"| {row} |" if markdown else row)

    line("table", "bins", names)
    if markdown:
        print("|" + "---|" * (2 + len(names)))
    shipped = shipped_tables()
    groups = [("fitted", [t.file in shipped and t.definition.energy == 91.2 for t in tables]),
              ("not fitted, at the Z", [t.file not in shipped and t.definition.energy == 91.2
                                        for t in tables]),
              ("other energies", [t.definition.energy != 91.2 for t in tables])]  # fmt: skip
    for group, members in groups:
        chosen = np.flatnonzero(members)
        if not len(chosen):
            continue
        for j in chosen:
            t = tables[j]
            where = "" if t.definition.energy == 91.2 else f", {t.definition.energy:g} GeV"
            text = f"{t.file.rsplit('_', 1)[0]} {t.definition.quantity} of {t.definition.particles}"
            text += (f" in {t.definition.events}" if t.definition.events else "") + where
            line(text, str(len(t)), [f"{x:.1f}" for x in result[:, j]])
        total = result[:, chosen].sum(axis=1)
        line(f"**{group}**", str(sum(len(tables[j]) for j in chosen)), [f"{x:.0f}" for x in total])


if __name__ == "__main__":
    main()
