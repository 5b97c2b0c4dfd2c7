# SPDX-License-Identifier: GPL-3.0-or-later
"""The numbers of a trained emulator and how they turn features into log |M|^2."""

from dataclasses import dataclass

import torch
from torch import Tensor

from mcsurrogate.emulation.calibration import SigmaCalibration
from mcsurrogate.emulation.domain import Domain
from mcsurrogate.emulation.features import PointFeatures
from mcsurrogate.emulation.network import FoldedNetwork
from mcsurrogate.errors import EmulationError

__all__ = ["EmulatorParts", "LogPrediction"]


@dataclass(frozen=True, slots=True)
class LogPrediction:
    """Predictions for a batch, before calibration.

    Attributes
    ----------
    mean
        ``(N,)`` float32: log of |M|^2 over the skeleton.
    log_sigma
        ``(N,)`` float32: log of its uncertainty, epistemic part included.
    epistemic
        ``(N,)`` float32: epistemic variance.
    """

    mean: Tensor
    log_sigma: Tensor
    epistemic: Tensor


@dataclass(frozen=True, slots=True)
class EmulatorParts:
    """What training produces.

    Attributes
    ----------
    networks
        The members of the ensemble.
    root
        ``(k, w + 1)`` root of the last-layer posterior of a single network, None for an
        ensemble.
    calibration
        Calibration of the uncertainty.
    domain
        Where the emulator may be believed.
    """

    networks: tuple[FoldedNetwork, ...]
    root: Tensor | None
    calibration: SigmaCalibration
    domain: Domain

    def member_means(self, features: PointFeatures) -> Tensor:
        """Mean of every member, ``(M, N)``."""
        return torch.stack([net.outputs(net.hidden(features.inputs))[0] for net in self.networks])

    def __call__(self, features: PointFeatures) -> LogPrediction:
        """Predict log |M|^2 over the skeleton."""
        if self.root is not None:
            return self._single(self.networks[0], self.root, features)
        means, variances = [], []
        for network in self.networks:
            mean, log_sigma = network.outputs(network.hidden(features.inputs))
            means.append(mean)
            variances.append(torch.exp(2.0 * log_sigma))
        stacked = torch.stack(means)
        epistemic = stacked.var(dim=0)
        variance = torch.stack(variances).mean(dim=0) + epistemic
        return LogPrediction(stacked.mean(dim=0), 0.5 * variance.log(), epistemic)

    @staticmethod
    def _single(network: FoldedNetwork, root: Tensor, features: PointFeatures) -> LogPrediction:
        hidden = network.hidden(features.inputs)
        # one product for mean, log sigma and the posterior's directions
        heads = torch.cat((network.weights[-1], root[:, :-1]))
        offsets = torch.cat((network.biases[-1], root[:, -1])).unsqueeze(1)
        out = torch.addmm(offsets, heads, hidden)
        mean, log_sigma = out[0], out[1]
        epistemic = out[2:].square_().sum(dim=0)
        variance = torch.exp(2.0 * log_sigma) + epistemic
        return LogPrediction(mean, 0.5 * variance.log(), epistemic)

    def tensors(self) -> dict[str, Tensor]:
        """Name every tensor for the file; a single network is called ``network``."""
        named: dict[str, Tensor] = {
            "calibration.log_sigma": self.calibration.log_sigma,
            "calibration.log_factor": self.calibration.log_factor,
            "domain.lower": self.domain.lower,
            "domain.upper": self.domain.upper,
            "domain.epistemic": torch.tensor([self.domain.epistemic], dtype=torch.float64),
        }
        for number, network in enumerate(self.networks):
            named |= network.tensors(_prefix(number, len(self.networks)))
        if self.root is not None:
            named["laplace.root"] = self.root
        return named

    @classmethod
    def from_tensors(
        cls, named: dict[str, Tensor], members: int, layers: int, inputs: int
    ) -> "EmulatorParts":
        """Rebuild the parts from the tensors of a file.

        Raises
        ------
        EmulationError
            If a tensor is missing or has the wrong shape.
        """
        try:
            networks = tuple(
                FoldedNetwork(
                    tuple(named[f"{_prefix(m, members)}.{k}.weight"] for k in range(layers)),
                    tuple(named[f"{_prefix(m, members)}.{k}.bias"] for k in range(layers)),
                )
                for m in range(members)
            )
            root = named["laplace.root"] if members == 1 else None
            calibration = SigmaCalibration(
                named["calibration.log_sigma"], named["calibration.log_factor"]
            )
            domain = Domain(
                named["domain.lower"], named["domain.upper"], float(named["domain.epistemic"][0])
            )
        except (KeyError, IndexError) as error:
            raise EmulationError(f"the weights lack the tensor {error}") from error
        for network in networks:
            network.check(inputs)
        if root is not None and root.shape[-1] != networks[0].weights[-1].shape[1] + 1:
            raise EmulationError("laplace.root does not fit the last hidden layer")
        if domain.lower.shape != (inputs,) or domain.upper.shape != (inputs,):
            raise EmulationError(f"the domain is not that of {inputs} inputs")
        return cls(networks, root, calibration, domain)


def _prefix(member: int, members: int) -> str:
    return "network" if members == 1 else f"network{member}"
