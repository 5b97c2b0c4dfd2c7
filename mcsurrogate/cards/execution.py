# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a run is computed: the section of a card that decides no number of it."""

from typing import Literal, Self

from pydantic import Field, JsonValue, model_validator

from mcsurrogate.cards.sections import Section, Text

__all__ = ["ClusterSection", "ExecutionSection"]


class ClusterSection(Section):
    """A batch system that starts Dask workers as jobs (dask-jobqueue)."""

    system: Literal["slurm", "htcondor"] = Field(description="The batch system.")
    jobs: int = Field(default=1, ge=1, description="Batch jobs, each with one Dask worker.")
    cores: int = Field(
        default=1, ge=1, description="Processes of one thread in each job, and its cores."
    )
    memory: Text = Field(default="4 GB", description="Memory of a job.")
    disk: Text = Field(default="4 GB", description="Disk of a job (htcondor).")
    walltime: Text = Field(default="04:00:00", description="Longest time of a job (slurm).")
    queue: Text | None = Field(default=None, description="Partition of the batch system (slurm).")
    account: Text | None = Field(default=None, description="Account that is charged (slurm).")
    options: dict[Text, JsonValue] = Field(
        default={},
        description=(
            "What else SLURMCluster or HTCondorCluster of dask-jobqueue takes by name, e.g. "
            "job_extra_directives."
        ),
    )


class ExecutionSection(Section):
    """Where a run is computed; no result depends on it."""

    executor: Literal["local", "dask", "mpi"] = Field(
        default="local",
        description=(
            "local: processes of this machine; dask: a Dask cluster (extra 'dask'); mpi: the ranks "
            "of an MPI job (extra 'mpi'); see docs/executors.md."
        ),
    )
    workers: int = Field(
        default=1,
        ge=1,
        description="Processes of `local`, and of a Dask cluster of this machine's own.",
    )
    scheduler: Text | None = Field(
        default=None,
        description="Address of a Dask scheduler, e.g. tcp://head:8786, or its file (.json).",
    )
    tries: int = Field(
        default=3,
        ge=1,
        description="Workers that may die with a chunk before it is set aside, by name.",
    )
    cluster: ClusterSection | None = Field(
        default=None, description="A batch system that starts the Dask workers."
    )

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if self.executor != "dask" and (self.scheduler or self.cluster):
            raise ValueError("`scheduler` and `cluster` belong to executor = 'dask'")
        if self.scheduler and self.cluster:
            raise ValueError("give the `scheduler` of a cluster that runs, or a `cluster` to start")
        return self
