# SPDX-License-Identifier: GPL-3.0-or-later
"""The networks of a string break, laid out as the C++ evaluator reads them."""

import itertools
import os
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import load_file
from torch import Tensor, nn

from mcsurrogate.errors import HadronizationError
from mcsurrogate.generators import read_weights_header, weights_path
from mcsurrogate.hadronization.spline import unit_spline_log_density
from mcsurrogate.hadronization.string_breaks.flavours import (
    BREAK_CLASSES,
    END_CLASSES,
    LIGHT_DIQUARKS,
    PICK_OUTCOMES,
    QUARKS,
)

__all__ = ["DenseNetwork", "FractionNetwork", "StringBreakNetworks"]


class DenseNetwork(nn.Module):
    """Dense layers with SiLU between them.

    Parameters
    ----------
    sizes
        Numbers of inputs, of hidden units of each layer, and of outputs.
    """

    def __init__(self, sizes: tuple[int, ...]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Linear(before, after) for before, after in itertools.pairwise(sizes)
        )
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)

    def forward(self, x: Tensor) -> Tensor:
        """``(N, inputs)`` to ``(N, outputs)``."""
        result: Tensor = self.layers[-1](self.hidden(x))
        return result

    def hidden(self, x: Tensor) -> Tensor:
        """``(N, inputs)`` to ``(N, hidden)``, the activations of the last hidden layer."""
        for layer in self.layers[:-1]:
            x = nn.functional.silu(layer(x))
        return x

    @property
    def last(self) -> nn.Linear:
        """The layer that makes the outputs."""
        layer = self.layers[-1]
        assert isinstance(layer, nn.Linear)
        return layer

    def tensors(self, prefix: str) -> dict[str, NDArray[np.float32]]:
        """Weights and biases by the names that the C++ evaluator expects."""
        result: dict[str, NDArray[np.float32]] = {}
        for i, layer in enumerate(self.layers):
            for kind in ("weight", "bias"):
                values = getattr(layer, kind).detach().to(torch.float32)
                result[f"{prefix}.{i}.{kind}"] = np.ascontiguousarray(values.numpy())
        return result


class FractionNetwork(nn.Module):
    """Density of the light-cone fraction z given both flavours and the transverse mass.

    Parameters
    ----------
    bins
        Bins of the spline that is the cumulative distribution.
    hidden
        Units of each of the two hidden layers.
    centre, scale
        Normalisation of ``log(mT^2 / GeV^2)``.
    """

    def __init__(self, bins: int, hidden: int, centre: float, scale: float) -> None:
        super().__init__()
        self.bins = bins
        self.centre = centre
        self.scale = scale
        self.old = nn.Embedding(END_CLASSES, hidden)
        self.new = nn.Embedding(len(BREAK_CLASSES), hidden)
        self.mass = nn.Parameter(torch.randn(hidden))
        self.bias = nn.Parameter(2.0 * torch.randn(hidden))
        self.rest = DenseNetwork((hidden, hidden, 3 * bins + 1))
        # Flavours start as small corrections to one common function of the mass.
        nn.init.normal_(self.old.weight, 0.0, 0.1)
        nn.init.normal_(self.new.weight, 0.0, 0.1)

    def forward(self, old: Tensor, new: Tensor, log_mass: Tensor) -> Tensor:
        """Spline parameters ``(3 bins + 1, N)`` for classes and ``log(mT^2 / GeV^2)``."""
        outputs: Tensor = self.rest.last(self.hidden(old, new, log_mass))
        return outputs.T.contiguous()

    def hidden(self, old: Tensor, new: Tensor, log_mass: Tensor) -> Tensor:
        """``(N, hidden)`` activations of the last hidden layer."""
        x = (log_mass - self.centre) / self.scale
        first = self.old(old) + self.new(new) + self.bias + x[:, None] * self.mass
        return self.rest.hidden(nn.functional.silu(first))

    def log_density(self, old: Tensor, new: Tensor, log_mass: Tensor, z: Tensor) -> Tensor:
        """``(N,)`` logarithms of the density of z."""
        return unit_spline_log_density(self(old, new, log_mass), z)

    def tensors(self, prefix: str) -> dict[str, NDArray[np.float32]]:
        """Give the same network as dense layers on one-hot inputs (old, new, normalised mass)."""
        first = torch.cat([self.old.weight.T, self.new.weight.T, self.mass[:, None]], dim=1)
        result = {
            f"{prefix}.0.weight": np.ascontiguousarray(first.detach().to(torch.float32).numpy()),
            f"{prefix}.0.bias": self.bias.detach().to(torch.float32).numpy().copy(),
            f"{prefix}.norm": np.array([self.centre, self.scale], dtype=np.float32),
        }
        for name, values in self.rest.tensors("rest").items():
            _, layer, kind = name.split(".")
            result[f"{prefix}.{int(layer) + 1}.{kind}"] = values
        return result


class StringBreakNetworks(nn.Module):
    """All networks of the model ``string_breaks``.

    Parameters
    ----------
    mesons, baryons
        Vocabularies: hadron codes without sign, 0 for a rejected attempt.
    fraction
        The network of z.
    components
        Gaussians of the transverse-momentum mixture.
    hidden
        Units of the hidden layer of the networks with discrete inputs.
    """

    def __init__(
        self,
        mesons: tuple[int, ...],
        baryons: tuple[int, ...],
        fraction: FractionNetwork,
        *,
        components: int = 3,
        hidden: int = 32,
    ) -> None:
        super().__init__()
        self.mesons = mesons
        self.baryons = baryons
        self.components = components
        self.popcorn = DenseNetwork((len(LIGHT_DIQUARKS), hidden, 4))
        inputs = len(QUARKS) + len(LIGHT_DIQUARKS) + 1 + 1 + 3 + 1
        self.pick = DenseNetwork((inputs, hidden, len(PICK_OUTCOMES)))
        self.meson = DenseNetwork((2 * len(QUARKS), hidden, len(mesons)))
        self.baryon = DenseNetwork((len(QUARKS) + len(LIGHT_DIQUARKS), hidden, len(baryons)))
        self.transverse = DenseNetwork((len(BREAK_CLASSES) + 1, hidden, 2 * components))
        self.fraction = fraction
        #: Covered ``log(mT^2 / GeV^2)`` of each pair of classes: lower and upper end.
        self.range = np.zeros((END_CLASSES, len(BREAK_CLASSES), 2), dtype=np.float32)

    def tensors(self) -> dict[str, NDArray[np.float32] | NDArray[np.int32]]:
        """Everything that a weights file holds."""
        result: dict[str, NDArray[np.float32] | NDArray[np.int32]] = {
            "meson.vocabulary": np.array(self.mesons, dtype=np.int32),
            "baryon.vocabulary": np.array(self.baryons, dtype=np.int32),
            "fraction.range": self.range,
        }
        for name in ("popcorn", "pick", "meson", "baryon", "transverse", "fraction"):
            result.update(getattr(self, name).tensors(name))
        return result

    @classmethod
    def load(cls, model: str | os.PathLike[str]) -> Self:
        """Networks of a weights file: shipped ones by their name, others by their path.

        Raises
        ------
        HadronizationError
            If there is no such file, or it holds another model.
        """
        path = weights_path(model)
        if (kind := read_weights_header(path)["mcsurrogate.model"]) != "string_breaks":
            raise HadronizationError(f"{path} holds a model of the kind {kind}, not string_breaks")
        tensors = {name: torch.from_numpy(value) for name, value in load_file(path).items()}
        hidden, outputs = len(tensors["fraction.0.bias"]), len(tensors["fraction.2.bias"])
        fraction = FractionNetwork((outputs - 1) // 3, hidden, *tensors["fraction.norm"].tolist())
        old, new, mass = torch.tensor_split(
            tensors["fraction.0.weight"], (END_CLASSES, END_CLASSES + len(BREAK_CLASSES)), dim=1
        )
        rest = {
            f"rest.layers.{i}.{what}": tensors[f"fraction.{i + 1}.{what}"]
            for i in range(2)
            for what in ("weight", "bias")
        }
        fraction.load_state_dict(
            {
                "old.weight": old.T, "new.weight": new.T, "mass": mass[:, 0],
                "bias": tensors["fraction.0.bias"], **rest,
            }
        )  # fmt: skip
        networks = cls(
            tuple(tensors["meson.vocabulary"].tolist()),
            tuple(tensors["baryon.vocabulary"].tolist()),
            fraction,
            components=len(tensors["transverse.1.bias"]) // 2,
            hidden=len(tensors["transverse.0.bias"]),
        )
        for name in ("popcorn", "pick", "meson", "baryon", "transverse"):
            layers = getattr(networks, name).layers
            layers.load_state_dict(
                {
                    key.removeprefix(f"{name}."): value
                    for key, value in tensors.items()
                    if key.startswith(f"{name}.") and key.endswith(("weight", "bias"))
                }
            )
        networks.range = tensors["fraction.range"].numpy()
        return networks

    def fitted_layers(self) -> dict[str, nn.Linear]:
        """Last layers that a fit to events changes, by the name of their network."""
        names = ("popcorn", "pick", "meson", "baryon", "transverse")
        layers: dict[str, nn.Linear] = {name: getattr(self, name).last for name in names}
        return {**layers, "fraction": self.fraction.rest.last}

    def fitted_tensors(self) -> dict[str, Tensor]:
        """Other parameters that a fit changes: none."""
        return {}

    def metadata(self) -> dict[str, str]:
        """Numbers that the C++ evaluator needs beside the tensors."""
        return {
            "transverse.components": str(self.components),
            "fraction.bins": str(self.fraction.bins),
        }
