# SPDX-License-Identifier: GPL-3.0-or-later
"""Stage ``integrate``: the cross section and the sampler that found it."""

from concurrent.futures import Executor
from typing import Any

from mcsurrogate.errors import IntegrationError
from mcsurrogate.hard_process import (
    HardProcess,
    Variations,
    assemble,
    cross_section_shares,
    model_warnings,
    unbiased_cross_section,
    varied_cross_section,
)
from mcsurrogate.integration import (
    FlowSettings,
    IntegrationResult,
    IntegrationSettings,
    integrate,
    save_plots,
    save_sampler,
)
from mcsurrogate.integration import Progress as IntegrationProgress
from mcsurrogate.progress import Progress
from mcsurrogate.run_folder import RunFolder
from mcsurrogate.run_record import RESULT_FILE, read_result
from mcsurrogate.stages.inputs import flow_files, function_files, pdf_files, varied_pdf_files

__all__ = ["SAMPLER", "run_integration"]

SAMPLER = "sampler.safetensors"
_CHECKPOINT = "integration.checkpoint"
_PLOTS = "plots/integration"
_PLOT_POINTS = 10_000
_FEW_EFFECTIVE = 0.01
_SHARE_POINTS, _LEAST_SHARE_POINTS = 20_000, 2000


def run_integration(
    folder: RunFolder,
    progress: Progress,
    *,
    keep: bool = False,
    executor: Executor | None = None,
    plots: bool = False,
) -> dict[str, Any]:
    """Compute the cross section of the folder's card.

    Parameters
    ----------
    folder
        The run folder; gets ``result.json`` and ``sampler.safetensors``.
    progress
        Is told evaluations, their largest number and the estimate so far.
    keep
        Take a finished result as it is.
    executor
        Where the cross section is evaluated; here if None.  The result does not depend on it.
    plots
        Whether figures of the integration are drawn into ``plots/integration``.

    Returns
    -------
    dict
        The content of ``result.json``.
    """
    with folder.stage(
        "integrate",
        keep=keep,
        reads={
            **pdf_files(folder.card),
            **varied_pdf_files(folder.card),
            **flow_files(folder.card),
            **function_files(folder.card),
        },
        makes=[RESULT_FILE, SAMPLER],
        checkpoint=_CHECKPOINT,
    ) as record:
        if record is None:
            return read_result(folder.path)
        card = folder.card.integration
        process = assemble(folder.card)

        def report(state: IntegrationProgress) -> None:
            progress(
                state.evaluations,
                state.planned,
                f"{state.phase}: {state.value:.6g} +- {state.error:.2g} pb",
            )

        result = integrate(
            process,
            evaluations=card.max_evaluations,
            precision=card.precision,
            method=card.method,
            seed=folder.seed("integrate"),
            overweight=card.overweight_fraction,
            effective_fraction=card.effective_fraction,
            settings=IntegrationSettings(
                flow=FlowSettings(card.flow.family, card.flow.options), device=card.device
            ),
            events=folder.card.generation.events,
            executor=executor,
            progress=report,
            checkpoint=folder.path / _CHECKPOINT,
            resume=folder.resume,
        )
        _require_events(folder.card.process.name, result)
        save_sampler(result.sampler, folder.path / SAMPLER)
        value, error, bias = _without_bias(folder, process, result, executor)
        content = {
            "process": folder.card.process.name,
            "cross_section_pb": value,
            "error_pb": error,
            "relative_std_dev": result.relative_std_dev,
            "unweighting_efficiency": result.unweighting_efficiency,
            "unweighting_efficiency_error": result.unweighting_efficiency_error,
            "overweight_fraction": result.overweight_fraction,
            "effective_fraction": result.effective_fraction,
            "integrand_evaluations": result.evaluations,
            "seconds": result.seconds,
            "width_scheme": folder.card.model.width_scheme,
            "method": result.method,
            "method_decision": result.decision,
            "channels": len(result.channels),
            "seed": folder.card.seed,
            "precision_reached": error <= card.precision * abs(value),
            "warnings": list(result.warnings),
            **bias,
            **_shares(folder, process, result, (value, error)),
        }
        content["warnings"] = [*model_warnings(folder.card.model), *content["warnings"]]
        variations = Variations(folder.card, process)
        if variations.list:
            seed = folder.seed("variations")
            content["variations"] = varied_cross_section(
                variations, process, result.sampler, value, seed
            )
        if plots:
            save_plots(result, folder.path / _PLOTS, points=_PLOT_POINTS)
        folder.write_json(RESULT_FILE, content)
        (folder.path / _CHECKPOINT).unlink()
        record["result"] = RESULT_FILE
    return content


def _require_events(name: str, result: IntegrationResult) -> None:
    """Refuse a cross section of which no point has seen anything."""
    if result.value == 0 and result.error == 0:
        raise IntegrationError(
            f"{name}: the squared amplitude or the cuts left nothing of {result.evaluations} "
            "points: the cross section is zero, or lies in a region too small for so many; look "
            "at [[cuts]], or give [integration] max_evaluations more"
        )


def _without_bias(
    folder: RunFolder, process: HardProcess, result: IntegrationResult, executor: Executor | None
) -> tuple[float, float, dict[str, Any]]:
    """Cross section with its error in pb, and what ``result.json`` says of the bias."""
    if process.bias is None:
        return result.value, result.error, {}
    card = folder.card.integration
    found = unbiased_cross_section(
        process,
        result.sampler,
        (result.value, result.error),
        seed=folder.seed("bias"),
        precision=card.precision,
        evaluations=card.max_evaluations,
        executor=executor,
    )
    content = {
        "function": folder.card.generation.bias,
        "integral": result.value,
        "error": result.error,
        "effective_fraction": found.effective_fraction,
        "least": found.least_bias,
        "evaluations": found.evaluations,
    }
    warnings = list(result.warnings)
    if found.effective_fraction < _FEW_EFFECTIVE:
        warnings.append(
            f"generation.bias = {folder.card.generation.bias!r}: the weights of events differ so "
            f"much that N of them are worth {found.effective_fraction:.1g} N; a bias that is next "
            "to nothing somewhere needs a floor, as in 'max(pt(j1), 50)^4'"
        )
    return found.value, found.error, {"bias": content, "warnings": warnings}


def _shares(
    folder: RunFolder,
    process: HardProcess,
    result: IntegrationResult,
    cross_section: tuple[float, float],
) -> dict[str, Any]:
    """Cross sections of definitions, where there are several, of subprocesses and channels."""
    names = folder.card.process.definitions
    points = min(_SHARE_POINTS, max(_LEAST_SHARE_POINTS, result.evaluations // 20))
    seed = folder.seed("definitions")
    found = cross_section_shares(process, result.sampler, names, cross_section, seed, points)
    definitions = {"definitions": found["definitions"]} if len(names) > 1 else {}
    channels: list[dict[str, Any]] = found["channels"]
    if process.bias is None:  # the integration itself knows these better than a sample
        channels = [
            {"name": one.name, "cross_section_pb": one.value, "error_pb": one.error}
            for one in result.channels
        ]
    return {
        **definitions,
        "subprocesses": found["subprocesses"],
        "channel_cross_sections": channels,
    }
