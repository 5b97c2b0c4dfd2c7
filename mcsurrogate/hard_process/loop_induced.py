# SPDX-License-Identifier: GPL-3.0-or-later
"""Loop-induced processes in a hard process: groups and phase-space channels without tree diagrams.

Gluons turn into colourless particles through a quark loop, ``g g > a a (g)``.  Seen from outside
the loop is a vertex of gluons with a colourless system X; the poles are those of gluons
radiated before it.
"""

from mcsurrogate.matrix_elements import (
    Process,
    ProcessDefinition,
    StandardModel,
    Subprocess,
    SubprocessGroup,
    closed_form,
    coupling_powers,
)

__all__ = ["is_loop_induced", "loop_groups", "loop_lines"]

Lines = tuple[tuple[tuple[int, ...], float, float], ...]


def is_loop_induced(process: Process) -> bool:
    """Whether a process has no tree diagram at all."""
    return not process.is_restricted and not coupling_powers(process)


def loop_groups(
    definition: ProcessDefinition, model: StandardModel
) -> tuple[SubprocessGroup, ...] | None:
    """Return one group for each loop-induced subprocess of a definition.

    Parameters
    ----------
    definition
        The process.
    model
        Its parameters.

    Returns
    -------
    tuple or None
        None if a subprocess has tree diagrams, or none of them a closed form.
    """
    processes = tuple(definition.partonic_processes())
    if any(not is_loop_induced(process) for process in processes):
        return None
    known = [process for process in processes if closed_form(process, model) is not None]
    return (
        tuple(
            SubprocessGroup(process, (Subprocess(process.pdg_ids, tuple(range(process.n_legs))),))
            for process in known
        )
        or None
    )


def loop_lines(process: Process) -> tuple[Lines, ...]:
    """Return sets of propagators, as :func:`mcsurrogate.matrix_elements.diagrams.topologies` does.

    The colourless system is one line; a gluon is radiated from either beam before the loop.

    Parameters
    ----------
    process
        Loop-induced, with at most one outgoing gluon.
    """
    outgoing = range(2, process.n_legs)
    colourless = tuple(leg for leg in outgoing if process.particles[leg].colour == 1)
    gluons = tuple(leg for leg in outgoing if leg not in colourless)
    system = (colourless, 0.0, 0.0)
    if not gluons:
        return ((system,),)
    before = ((0, *gluons), 0.0, 0.0)
    after = ((0, *colourless), 0.0, 0.0)
    return ((system, before), (system, after))
