# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks as ONNX files: the same events as the built-in ones, and clear words where they fail."""

import numpy as np
import pytest

from mcsurrogate.errors import HadronizationError, PythiaError
from mcsurrogate.generators import PythiaChain
from mcsurrogate.generators.hadronization import hadronization_settings
from mcsurrogate.hadronization.onnx_export import export_onnx

# Those of the tables in docs/plugin_settings.md.
NETWORKS = {
    "string_breaks": {"popcorn", "pick", "meson", "baryon", "transverse", "fraction"},
    "clusters": {"kind", "hadron", "peel", "pop", "mass", "angle"},
}

onnx = pytest.importorskip("onnx")
runtime = pytest.importorskip("onnxruntime")


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    return export_onnx("string_breaks", tmp_path_factory.mktemp("onnx"))


def refusal(settings):
    with pytest.raises(PythiaError) as caught:
        PythiaChain(settings, seed=1)
    return str(caught.value)


def network(path, *, inputs=29, outputs=49, extra=(), name="fraction"):
    """A network whose outputs are all zero: z is uniform."""
    helper = onnx.helper
    weight = np.zeros((outputs, inputs), np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("Gemm", ["x", "w"], ["y"], transB=1),
            *(helper.make_node("Identity", ["x"], [e]) for e in extra),
        ],
        name,
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1, inputs])],
        [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1, outputs]),
         *(helper.make_tensor_value_info(e, onnx.TensorProto.FLOAT, [1, inputs]) for e in extra)],
        [onnx.numpy_helper.from_array(weight, "w")],
    )  # fmt: skip
    opset = [helper.make_opsetid("", 17)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), path)
    return path


@pytest.mark.parametrize("model", ["string_breaks", "clusters_monash"])
def test_every_exported_network_gives_the_same_events(model, zpole, tmp_path):
    exported = export_onnx(model, tmp_path)
    assert {path.stem for path in exported} == NETWORKS[model.removesuffix("_monash")]
    settings = [*zpole, "HadronLevel:Decay = off"]
    built_in, through_onnx = (
        next(iter(PythiaChain([*lines, *settings], seed=3).generate(150, batch_size=150)))
        for lines in (
            hadronization_settings(model),
            hadronization_settings(model, onnx=exported),
        )
    )
    # Sums are made in another order, so a draw close to an edge may fall to its other side; from
    # there on the random numbers of the event differ.
    same = [
        (a.stop - a.start) == (b.stop - b.start)
        and np.array_equal(built_in.pdg_id[a], through_onnx.pdg_id[b])
        and np.allclose(built_in.momenta[a], through_onnx.momenta[b], rtol=2e-3, atol=2e-3)
        for a, b in (
            (slice(*built_in.offsets[i : i + 2]), slice(*through_onnx.offsets[i : i + 2]))
            for i in range(150)
        )
    ]
    first_difference = same.index(False) if False in same else len(same)
    assert first_difference >= 20
    assert np.diff(built_in.offsets).mean() == pytest.approx(
        np.diff(through_onnx.offsets).mean(), rel=0.1
    )


def test_a_network_of_ones_own_is_used(zpole, tmp_path):
    # z uniform instead of peaked: other multiplicities.
    path = network(tmp_path / "fraction.onnx")
    settings = [*zpole, "HadronLevel:Decay = off"]
    means = [
        np.diff(
            next(iter(PythiaChain([*lines, *settings], seed=4).generate(400, batch_size=400)))
            .offsets
        ).mean()
        for lines in (
            hadronization_settings("string_breaks"),
            hadronization_settings("string_breaks", onnx=[path]),
        )
    ]  # fmt: skip
    assert abs(means[1] - means[0]) > 1.0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"inputs": 28}, "has 28 inputs and 49 outputs, expected 29 and 49"),
        ({"outputs": 50}, "has 29 inputs and 50 outputs"),
        ({"extra": ("z",)}, "has 2 outputs, expected one"),
    ],
)
def test_a_network_of_another_shape_is_refused(zpole, tmp_path, arguments, words):
    path = network(tmp_path / "fraction.onnx", **arguments)
    message = refusal([*hadronization_settings("string_breaks", onnx=[path]), *zpole])
    assert words in message
    assert "fraction.onnx" in message


def test_files_that_are_no_networks_are_refused(zpole, tmp_path):
    damaged = tmp_path / "fraction.onnx"
    damaged.write_bytes(b"no protobuf")
    assert "fraction.onnx" in refusal(
        [*hadronization_settings("string_breaks", onnx=[damaged]), *zpole]
    )
    other = network(tmp_path / "pickle.onnx")
    assert 'no network "pickle"' in refusal(
        [*hadronization_settings("string_breaks", onnx=[other]), *zpole]
    )
    with pytest.raises(HadronizationError, match="no ONNX file"):
        hadronization_settings("string_breaks", onnx=[tmp_path / "missing.onnx"])
    lines = hadronization_settings("string_breaks", onnx=[other])
    assert "the model lund has none" in refusal([*lines, "MCSurrogate:model = lund", *zpole])
    with pytest.raises(HadronizationError, match="neither"):
        hadronization_settings("lund", onnx=[other])


def test_a_missing_library_is_named_with_its_remedy(zpole, tmp_path, exported, monkeypatch):
    lines = hadronization_settings("string_breaks", onnx=exported)[:-1]
    missing = tmp_path / "libonnxruntime.so"
    message = refusal([*lines, f"MCSurrogate:onnxRuntime = {missing}", *zpole])
    assert "ONNX Runtime cannot be loaded" in message
    assert "pip install onnxruntime" in message
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(HadronizationError, match=r"mcsurrogate\[onnx\]"):
        hadronization_settings("string_breaks", onnx=exported)


def test_a_library_that_is_another_one_is_refused(zpole, exported):
    lines = hadronization_settings("string_breaks", onnx=exported)[:-1]
    message = refusal([*lines, "MCSurrogate:onnxRuntime = libm.so.6", *zpole])
    assert "is no ONNX Runtime" in message


def test_only_known_networks_are_exported(tmp_path):
    with pytest.raises(HadronizationError, match="no networks"):
        export_onnx("string_breaks", tmp_path, ("spline",))
    with pytest.raises(HadronizationError, match="no networks"):
        export_onnx("clusters_monash", tmp_path, ("fraction",))


def test_networks_of_the_other_model_are_refused(exported, zpole):
    lines = hadronization_settings(
        "clusters_monash", onnx=[path for path in exported if path.stem == "fraction"]
    )
    assert 'no network "fraction"' in refusal([*lines, *zpole])
