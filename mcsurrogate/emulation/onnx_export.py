# SPDX-License-Identifier: GPL-3.0-or-later
"""Export to ONNX, for evaluators other than torch."""

import warnings
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor, nn

from mcsurrogate.atomic import atomic_path
from mcsurrogate.emulation.emulator import Emulator
from mcsurrogate.errors import EmulationError

__all__ = ["export_onnx"]

_OPSET = 18


class _Graph(nn.Module):
    """Networks, posterior and calibration of one emulator, points along the first axis."""

    def __init__(self, emulator: Emulator) -> None:
        super().__init__()
        parts = emulator.parts
        self.hidden = nn.ModuleList()
        self.heads = nn.ModuleList()
        for network in parts.networks:
            layers: list[nn.Module] = []
            for weight, bias in zip(network.weights, network.biases, strict=True):
                linear = nn.Linear(weight.shape[1], weight.shape[0])
                linear.weight = nn.Parameter(weight.clone(), requires_grad=False)
                linear.bias = nn.Parameter(bias.clone(), requires_grad=False)
                layers += [linear, nn.SiLU()]
            self.hidden.append(nn.Sequential(*layers[:-2]))
            self.heads.append(layers[-2])
        if parts.root is not None:
            self.register_buffer("root", parts.root[:, :-1].T.contiguous())
            self.register_buffer("offset", parts.root[:, -1].clone())
        self.register_buffer("knots", parts.calibration.log_sigma)
        self.register_buffer("factors", parts.calibration.log_factor)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return ``(N, 2)``: mean and log sigma of log(|M|^2 / skeleton)."""
        states = [hidden(inputs) for hidden in self.hidden]
        out = torch.stack([head(s) for head, s in zip(self.heads, states, strict=True)])
        mean = out[:, :, 0].mean(dim=0)
        if len(states) == 1:
            along = states[0] @ self.get_buffer("root") + self.get_buffer("offset")
            epistemic = along.square().sum(dim=1)
        else:
            epistemic = (out[:, :, 0] - mean).square().sum(dim=0) / (len(states) - 1)
        log_sigma = 0.5 * (torch.exp(2.0 * out[:, :, 1]).mean(dim=0) + epistemic).log()
        return torch.stack((mean, log_sigma + self._factor(log_sigma)), dim=1)

    def _factor(self, log_sigma: Tensor) -> Tensor:
        """Piecewise linear interpolation written as a sum of ramps."""
        knots, factors = self.get_buffer("knots"), self.get_buffer("factors")
        if len(knots) == 1:
            return factors.expand_as(log_sigma)
        slopes = (factors[1:] - factors[:-1]) / (knots[1:] - knots[:-1])
        rise = (log_sigma.unsqueeze(1) - knots[:-1]).clamp(min=0.0)
        rise = torch.minimum(rise, knots[1:] - knots[:-1])
        return factors[0] + (rise * slopes).sum(dim=1)


def export_onnx(emulator: Emulator, path: Path) -> None:
    """Write the network as ONNX: inputs ``(N, F)`` float32 to mean and log sigma ``(N, 2)``.

    The inputs are those of the model card's ``validity``, in this order; log |M|^2 is the mean
    plus the logarithm of the antenna skeleton minus (n - 4) log s_hat, and sigma is that of the
    logarithm, calibrated.

    Raises
    ------
    EmulationError
        If the optional packages are missing.
    """
    missing = [name for name in ("onnx", "onnxscript") if find_spec(name) is None]
    if missing:
        raise EmulationError(
            f"ONNX export needs the package(s) {', '.join(missing)}: install mcsurrogate[onnx]"
        )
    graph = _Graph(emulator).eval()
    example = emulator.parts.domain.lower.unsqueeze(0).repeat(2, 1)
    with atomic_path(path) as part, warnings.catch_warnings():
        # torch's exporter warns about torch's own deprecations
        warnings.simplefilter("ignore", FutureWarning)
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            graph,
            (example,),
            str(part),
            input_names=["inputs"],
            output_names=["mean_and_log_sigma"],
            dynamic_shapes={"inputs": {0: torch.export.Dim("points")}},
            opset_version=_OPSET,
            external_data=False,
            dynamo=True,
            verbose=False,
        )
