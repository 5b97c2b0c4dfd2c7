"""Stage ``integrate``: the cross section and the sampler that found it."""

from concurrent.futures import Executor
from typing import Any

from mcsurrogate.hard_process import (
    Variations,
    assemble,
    definition_shares,
    varied_cross_section,
)
from mcsurrogate.integration import (
    FlowSettings,
    IntegrationSettings,
    integrate,
    save_plots,
    save_sampler,
)
from mcsurrogate.integration import Progress as IntegrationProgress
from mcsurrogate.progress import Progress
from mcsurrogate.run_folder import RunFolder
from mcsurrogate.run_record import RESULT_FILE, read_result
from mcsurrogate.stages.inputs import flow_files, pdf_files, varied_pdf_files

__all__ = ["SAMPLER", "run_integration"]

SAMPLER = "sampler.safetensors"
_CHECKPOINT = "integration.checkpoint"
_PLOTS = "plots/integration"
_PLOT_POINTS = 10_000


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
            settings=IntegrationSettings(flow=FlowSettings(card.flow.family, card.flow.options)),
            events=folder.card.generation.events,
            executor=executor,
            progress=report,
            checkpoint=folder.path / _CHECKPOINT,
            resume=folder.resume,
        )
        save_sampler(result.sampler, folder.path / SAMPLER)
        content = {
            "process": folder.card.process.name,
            "cross_section_pb": result.value,
            "error_pb": result.error,
            "relative_std_dev": result.relative_std_dev,
            "unweighting_efficiency": result.unweighting_efficiency,
            "unweighting_efficiency_error": result.unweighting_efficiency_error,
            "overweight_fraction": result.overweight_fraction,
            "effective_fraction": result.effective_fraction,
            "integrand_evaluations": result.evaluations,
            "seconds": result.seconds,
            "method": result.method,
            "method_decision": result.decision,
            "channels": len(result.channels),
            "seed": folder.card.seed,
            "precision_reached": result.error / abs(result.value) <= card.precision,
            "warnings": list(result.warnings),
        }
        names = folder.card.process.definitions
        if len(names) > 1:
            content["definitions"] = definition_shares(
                process,
                result.sampler,
                names,
                (result.value, result.error),
                folder.seed("definitions"),
            )
        variations = Variations(folder.card, process)
        if variations.list:
            seed = folder.seed("variations")
            content["variations"] = varied_cross_section(
                variations, process, result.sampler, result.value, seed
            )
        if plots:
            save_plots(result, folder.path / _PLOTS, points=_PLOT_POINTS)
        folder.write_json(RESULT_FILE, content)
        (folder.path / _CHECKPOINT).unlink()
        record["result"] = RESULT_FILE
    return content
