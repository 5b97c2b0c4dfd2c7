# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks of hadronization models as ONNX files, to change them elsewhere and use them again."""

from importlib.util import find_spec
from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

from mcsurrogate.atomic import atomic_path
from mcsurrogate.errors import HadronizationError
from mcsurrogate.generators import read_weights_header, weights_path

__all__ = ["export_onnx"]

_OPSET = 17
# Tensor that every network begins with.
_FIRST = ".0.weight"
# The oldest format of files that knows this opset, for old runtimes.
_IR_VERSION = 8


def export_onnx(
    model: str | PathLike[str], folder: Path, networks: tuple[str, ...] | None = None
) -> list[Path]:
    """Write networks of a model as ``NETWORK.onnx``, one input and one output each.

    Parameters
    ----------
    model
        Shipped weights, or the path of a weights file.
    folder
        Made where it is missing.
    networks
        Which ones; all if None.

    Returns
    -------
    list of Path
        The files. Inputs are float32 ``(batch, inputs)``, outputs ``(batch, outputs)``, as
        ``docs/plugin_settings.md`` describes them.

    Raises
    ------
    HadronizationError
        If there are no such weights, they have no such network, or the package onnx is missing.
    """
    if find_spec("onnx") is None:
        raise HadronizationError("ONNX export needs the package onnx: install mcsurrogate[onnx]")
    path = weights_path(model)
    read_weights_header(path)
    tensors = load_file(path)
    known = [name.removesuffix(_FIRST) for name in tensors if name.endswith(_FIRST)]
    unknown = sorted(set(networks or ()) - set(known))
    if unknown:
        raise HadronizationError(
            f"there are no networks {unknown} in {path}; known are {', '.join(known)}"
        )
    folder.mkdir(parents=True, exist_ok=True)
    return [
        _write(name, _layers(tensors, name), folder / f"{name}.onnx") for name in networks or known
    ]


Layer = tuple[NDArray[np.float32], NDArray[np.float32]]


def _layers(tensors: dict[str, NDArray[np.float32]], name: str) -> list[Layer]:
    layers: list[Layer] = []
    while f"{name}.{len(layers)}.weight" in tensors:
        prefix = f"{name}.{len(layers)}"
        layers.append((tensors[f"{prefix}.weight"], tensors[f"{prefix}.bias"]))
    return layers


def _write(name: str, layers: list[Layer], path: Path) -> Path:
    """Write dense layers with SiLU, x sigmoid(x), between them."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    nodes, initializers = [], []
    now = "inputs"
    for i, (weight, bias) in enumerate(layers):
        last = i == len(layers) - 1
        initializers += [
            numpy_helper.from_array(weight, f"weight_{i}"),
            numpy_helper.from_array(bias, f"bias_{i}"),
        ]
        sums = "outputs" if last else f"sums_{i}"
        inputs = [now, f"weight_{i}", f"bias_{i}"]
        nodes.append(helper.make_node("Gemm", inputs, [sums], transB=1))
        if not last:
            now = f"hidden_{i}"
            nodes += [
                helper.make_node("Sigmoid", [sums], [f"gate_{i}"]),
                helper.make_node("Mul", [sums, f"gate_{i}"], [now]),
            ]
    ends = [
        helper.make_tensor_value_info(end, TensorProto.FLOAT, ["batch", size])
        for end, size in (("inputs", layers[0][0].shape[1]), ("outputs", layers[-1][0].shape[0]))
    ]
    graph = helper.make_graph(nodes, name, ends[:1], ends[1:], initializers)
    proto = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR_VERSION
    )
    onnx.checker.check_model(proto)
    with atomic_path(path) as part:
        part.write_bytes(proto.SerializeToString())
    return path
