# SPDX-License-Identifier: GPL-3.0-or-later
"""What the commands print about results."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.table import Table

from mcsurrogate.cli.console import console, warn

__all__ = [
    "print_chains",
    "print_costs",
    "print_cross_section",
    "print_emulator",
    "print_events",
    "print_verdict",
    "warn_of_chain",
]

_STEPS = {
    "initialisation": "start",
    "events": "Pythia",
    "arrays": "columns",
    "hepmc_conversion": "copying",
    "hepmc_writing": "HepMC3",
}

_SHOWN = 4
"""Parts of a cross section on the screen; all are in ``result.json``."""


def print_cross_section(result: Mapping[str, Any]) -> None:
    """Print a cross section with its error, how it was found, and every warning."""
    table = Table(show_header=False, box=None, pad_edge=False)
    value, error = result["cross_section_pb"], result["error_pb"]
    table.add_row("cross section", f"[bold]{value:.6g} +- {error:.2g} pb[/]  ({error / value:.3%})")
    for one in result.get("definitions") or ():
        text = f"{one['cross_section_pb']:.6g} +- {one['error_pb']:.2g} pb"
        table.add_row(f"  {one['process']}", text)
    for kind in ("subprocesses", "channel_cross_sections"):
        for text, part in _parts(result.get(kind) or ()):
            table.add_row(f"  {text}", part)
    for source, up, down in _uncertainties(result.get("variations") or {}):
        table.add_row(
            f"  {source}", f"+{up:.3g} -{down:.3g} pb  (+{up / value:.1%} -{down / value:.1%})"
        )
    if bias := result.get("bias"):
        table.add_row(
            "bias",
            f"{bias['function']}: weights worth {bias['effective_fraction']:.2%} of as many equal "
            "ones; what follows is of the biased integral",
        )
    table.add_row("method", str(result["method"]))
    table.add_row("relative standard deviation", f"{result['relative_std_dev']:.3f}")
    efficiency = result["unweighting_efficiency"]
    if efficiency is not None:
        table.add_row(
            "unweighting efficiency",
            f"{efficiency:.3f} (at {result['overweight_fraction']:.2%} overweight)",
        )
    table.add_row("integrand evaluations", f"{result['integrand_evaluations']:,}")
    table.add_row("time", f"{result['seconds']:.1f} s, training included")
    console.print(table)
    for warning in result["warnings"]:
        warn(warning)


def _parts(parts: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Yield the largest parts, and how many more there are; nothing for a single one."""
    if len(parts) < 2:
        return
    ordered = sorted(parts, key=lambda one: -abs(one["cross_section_pb"]))
    for one in ordered[:_SHOWN]:
        yield one["name"], f"{one['cross_section_pb']:.6g} +- {one['error_pb']:.2g} pb"
    if rest := ordered[_SHOWN:]:
        yield f"{len(rest)} more", f"{sum(one['cross_section_pb'] for one in rest):.6g} pb"


def _uncertainties(variations: Mapping[str, Any]) -> Iterator[tuple[str, float, float]]:
    if scale := variations.get("scale"):
        yield "scales", scale["up_pb"], scale["down_pb"]
    for name, found in (variations.get("pdf") or {}).items():
        yield name, found["up_pb"], found["down_pb"]


def print_events(generation: Mapping[str, Any]) -> None:
    """Print what the unweighting did."""
    console.print(
        f"{generation['events']:,} events, unweighting efficiency "
        f"{generation['efficiency']:.3f} +- {generation['efficiency_error']:.3f}, "
        f"{generation['overweight_events']} overweight events hold "
        f"{generation['overweight_fraction']:.3%} of the weight"
    )
    if generation.get("emulation"):
        _print_emulation(generation["emulation"])


def _print_emulation(emulation: Mapping[str, Any]) -> None:
    """Print how emulators took part in the generation."""
    exact = emulation["outside_domain_points"] + emulation["uncertain_points"]
    console.print(
        f"{emulation['mode']}: {emulation['emulated_points']:,} points emulated, {exact:,} given "
        "to the exact amplitude beforehand"
    )
    if "gain" not in emulation:
        console.print(f"event weights: {', '.join(emulation['weight_names'])}")
        return
    console.print(
        f"first stage {emulation['first_efficiency']:.3g}, "
        f"{emulation['first_overweight_points']} points above its maximum (largest "
        f"{emulation['first_largest_over_maximum']:.3g}); second stage "
        f"{emulation['second_efficiency']:.3g}; {emulation['kish_effective_events']:,.0f} "
        f"effective events; cross section {emulation['cross_section_pb']:.5g} +- "
        f"{emulation['cross_section_error_pb']:.2g} pb"
    )
    console.print(emulation["description"])


def print_emulator(metrics: Mapping[str, Any]) -> None:
    """Print errors, calibration and costs of a trained emulator."""
    test = metrics["test"]
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_row(
        "relative error",
        f"[bold]{test['median']:.2g} median, {test['quantile99']:.2g} at 99%, "
        f"{test['largest']:.2g} largest[/] of {test['points']:,} unseen points",
    )
    table.add_row(
        "pulls",
        f"width {test['pull_width']:.3f}, {test['coverage68']:.1%} within 1 sigma, "
        f"{test['coverage95']:.1%} within 1.96",
    )
    table.add_row(
        "cost",
        f"{metrics['microseconds_per_point']:.2f} us a point; training "
        f"{metrics['training_seconds']:.1f} s on {metrics['training_points']:,} points, which took "
        f"{metrics['amplitude_seconds']:.1f} s",
    )
    if "scaling" in metrics:
        scaling = metrics["scaling"]
        errors_by_points = ", ".join(
            f"{entry['median']:.2g} from {entry['points']:,}" for entry in scaling["series"]
        )
        table.add_row(
            "scaling", f"median {errors_by_points}: error ~ points^{scaling['exponent']:.2f}"
        )
    console.print(table)


def warn_of_chain(chain: Mapping[str, Any]) -> None:
    """Tell what the surrogates of a chain warned of."""
    for warning in chain.get("warnings", ()):
        warn(warning)


def print_chains(surrogate: Mapping[str, Any], standard: Mapping[str, Any]) -> None:
    """Print what both chains made, their cross sections and their speed."""
    for name, chain in (("surrogate chain", surrogate), ("standard chain", standard)):
        steps = chain["seconds_by_step"]
        file = "no HepMC3" if chain["file"] is None else f"to HepMC3 ({chain['file']})"
        console.print(
            f"{name}: {chain['events']:,} events, {chain['cross_section_pb']:.5g} +- "
            f"{chain['cross_section_error_pb']:.2g} pb, "
            f"{chain['events'] / steps['events']:,.0f} events a second in Pythia "
            f"({1000 * steps['events'] / chain['events']:.3g} ms an event), "
            f"{1000 * (steps['hepmc_conversion'] + steps['hepmc_writing']) / chain['events']:.2g} "
            f"ms {file}"
        )
        warn_of_chain(chain)


def print_verdict(report: Mapping[str, Any]) -> None:
    """Print the verdict of a report, its smallest p-value and what decided."""
    colour = {
        "indistinguishable": "green",
        "within tolerance": "yellow",
        "differs": "red",
        "undecided": "yellow",
    }
    verdict = report["verdict"]
    console.print(
        f"verdict: [bold {colour[verdict]}]{verdict}[/] "
        f"({report['observables']} observables, smallest p = {report['smallest_p']:.2g})"
    )
    for reason in report.get("reasons", ()):
        console.print(f"  {reason}", markup=False, highlight=False)


def print_costs(stages: Mapping[str, Mapping[str, Any] | None]) -> None:
    """Print what finished stages cost: CPU of them and of their workers, and seconds by step."""
    lines = []
    for name, record in stages.items():
        work = (record or {}).get("work")
        if record is None or work is None:
            continue
        text = f"{name} {work['cpu_seconds']:.1f} s CPU in {record['seconds']:.1f} s"
        steps = record.get("seconds_by_step") or {}
        parts = [f"{_STEPS[key]} {value:.1f} s" for key, value in steps.items() if key in _STEPS]
        if work["chunks"]:
            parts.append(f"{work['chunks']:,} chunks, {work['repeated_chunks']:,} repeated")
        lines.append(text + (f" ({', '.join(parts)})" if parts else ""))
    if lines:
        console.print("costs: " + "; ".join(lines), highlight=False)
