"""Event weights of other models: exact in the mean, and they give what a run with them gives."""

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from mcsurrogate.errors import PythiaError
from mcsurrogate.generators import PythiaChain
from mcsurrogate.generators.hadronization import hadronization_settings
from mcsurrogate.generators.weights_file import weights_path

EVENTS = 4000
KAONS = (311, 313, 321, 323)


def rewrite(path, *, name, shift=0.0, drop_range=False):
    """Shipped weights with the logit of strange quarks moved, under another name."""
    source = weights_path("string_breaks_monash")
    tensors = load_file(source)
    with safe_open(source, framework="np") as file:
        metadata = dict(file.metadata())
    tensors["pick.1.bias"] = tensors["pick.1.bias"] + np.eye(33, dtype=np.float32)[2] * shift
    if drop_range:
        tensors["fraction.range"] = tensors["fraction.range"] * np.float32(0.5)
    save_file(tensors, path, metadata={**metadata, "mcsurrogate.name": name})
    return path


def run(settings, seed):
    (batch,) = PythiaChain([*settings, "HadronLevel:Decay = off"], seed=seed).generate(
        EVENTS, batch_size=EVENTS
    )
    event = np.repeat(np.arange(EVENTS), np.diff(batch.offsets))
    kaons = np.bincount(event[np.isin(np.abs(batch.pdg_id), KAONS)], minlength=EVENTS)
    return batch, kaons


def test_weights_give_the_varied_model(zpole, tmp_path):
    more = rewrite(tmp_path / "more.safetensors", name="more_strange", shift=0.05)
    same = rewrite(tmp_path / "same.safetensors", name="same")
    lines = [
        *hadronization_settings("string_breaks"),
        f"MCSurrogate:variations = {{{more},{same}}}",
        *zpole,
    ]
    batch, kaons = run(lines, seed=3)
    assert "MCSurrogate.more_strange" in batch.weight_names
    weight = batch.weights[:, batch.weight_names.index("MCSurrogate.more_strange")]
    np.testing.assert_allclose(
        batch.weights[:, batch.weight_names.index("MCSurrogate.same")], 1.0, atol=1e-6
    )
    # False alarms of 1e-4 each: 3.9 standard deviations.
    assert weight.std() > 0.01
    assert abs(weight.mean() - 1.0) < 3.9 * weight.std() / np.sqrt(EVENTS)

    _, direct = run([*hadronization_settings(more), *zpole], seed=4)
    reweighted = (weight * kaons).mean()
    error = np.hypot((weight * kaons).std(), direct.std()) / np.sqrt(EVENTS)
    assert abs(reweighted - direct.mean()) < 3.9 * error
    # The variation itself is visible with the weights: the same events, so a small error.
    shift = (weight - 1.0) * (kaons - kaons.mean())
    assert shift.mean() > 5.0 * shift.std() / np.sqrt(EVENTS)


def test_variations_do_not_change_the_events(zpole, tmp_path):
    same = rewrite(tmp_path / "same.safetensors", name="same")
    lines = hadronization_settings("string_breaks")
    plain, _ = run([*lines, *zpole], seed=5)
    varied, _ = run([*lines, f"MCSurrogate:variations = {{{same}}}", *zpole], seed=5)
    np.testing.assert_array_equal(plain.momenta, varied.momenta)


def test_other_coverage_is_refused(zpole, tmp_path):
    other = rewrite(tmp_path / "other.safetensors", name="other", drop_range=True)
    lines = hadronization_settings("string_breaks")
    with pytest.raises(PythiaError, match="same coverage"):
        PythiaChain([*lines, f"MCSurrogate:variations = {{{other}}}", *zpole], seed=1)
