# SPDX-License-Identifier: GPL-3.0-or-later
"""The model card: what an emulator was made for, from what, and how well it does."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "DataRecord",
    "FigureRecord",
    "InputRange",
    "LearningPoint",
    "ModelCard",
]

Finite = Annotated[float, Field(allow_inf_nan=False)]


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DataRecord(_Record):
    """The points an emulator was made from."""

    source: str = Field(description="Where the points came from.")
    training: int = Field(ge=1, description="Points trained on.")
    calibration: int = Field(ge=1, description="Points that the uncertainty is calibrated on.")
    test: int = Field(ge=1, description="Points behind the figures of this card.")
    sqrt_shat_min: Finite = Field(gt=0, description="Smallest partonic energy in GeV.")
    sqrt_shat_max: Finite = Field(gt=0, description="Largest partonic energy in GeV.")
    amplitude_seconds: Finite = Field(
        default=0.0,
        ge=0,
        description="Processor seconds that points and amplitudes took; 0 if unknown.",
    )


class InputRange(_Record):
    """Validity range of one input of the network."""

    name: str
    lower: Finite
    upper: Finite


class LearningPoint(_Record):
    """Relative errors on held-out points after an epoch."""

    epoch: int
    loss: Finite
    median: Finite
    quantile99: Finite
    largest: Finite


class FigureRecord(_Record):
    """Errors and pulls on test points; see CalibrationFigures."""

    points: int
    median: Finite
    quantile90: Finite
    quantile99: Finite
    largest: Finite
    rms: Finite
    pull_mean: Finite
    pull_width: Finite
    coverage68: Finite
    coverage95: Finite
    median_sigma: Finite


class ModelCard(_Record):
    """Everything about an emulator that is not a weight."""

    kind: Literal["mcsurrogate matrix-element emulator"] = "mcsurrogate matrix-element emulator"
    format: Literal[2] = 2
    process: str = Field(description="Partonic process in MadGraph's syntax, legs in this order.")
    pdg_ids: tuple[int, ...] = Field(description="PDG ids of the legs, incoming first.")
    parameters: dict[str, Finite] = Field(description="Fields of StandardModel; masses in GeV.")
    alpha_s: Finite = Field(gt=0, description="Strong coupling of the training points.")
    alpha_s_power: int | None = Field(
        description="Power of alpha_s in |M|^2; none where it is not unique."
    )
    quantity: Literal["spin- and colour-averaged |M|^2, identical-particle factor included"] = (
        "spin- and colour-averaged |M|^2, identical-particle factor included"
    )
    unit: str = Field(description="Unit of |M|^2.")
    skeleton: Literal["antenna", "none"] = Field(description="What the network multiplies.")
    hidden: tuple[int, ...] = Field(description="Widths of the hidden layers.")
    members: int = Field(ge=1, description="Networks in the ensemble.")
    seed: int
    training: dict[str, Finite | int | tuple[int, ...]] = Field(description="Training settings.")
    data: DataRecord
    test: FigureRecord = Field(description="Figures on test points, unseen by all fits.")
    validity: tuple[InputRange, ...] = Field(description="Ranges of the inputs.")
    epistemic_limit: Finite = Field(description="Largest epistemic variance of log |M|^2.")
    learning_curve: tuple[LearningPoint, ...]
    seconds: Finite = Field(
        ge=0, description="Processor seconds of training, resumed parts excluded."
    )
    versions: dict[str, str]
    weights_sha256: str = Field(description="SHA-256 of the safetensors file.")
