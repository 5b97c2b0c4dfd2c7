# SPDX-License-Identifier: GPL-3.0-or-later
"""Checkpoints: what comes back, and what is refused."""

import os
import resource
import stat

import numpy as np
import pytest
import torch

from mcsurrogate.checkpoint import Checkpoint, tensor_digest
from mcsurrogate.errors import CheckpointError

IDENTITY = {"seed": 3, "settings": {"sizes": (4, 4)}, "data": "abc"}


def state():
    generator = torch.Generator().manual_seed(1)
    matrix = torch.randn(4, 3, 5, generator=generator, dtype=torch.float64)
    return {
        "rows": matrix,
        "columns": matrix.permute(2, 0, 1),
        "repeated": torch.ones(1).expand(7),
        "scalar": torch.tensor(2, dtype=torch.int64),
        "random": generator.get_state(),
        "array": np.arange(6.0).reshape(2, 3).T,
        "empty": torch.empty(0, 2),
        "arrays": [np.arange(4.0).reshape(2, 2), np.array(7, dtype=np.int32), np.zeros((0, 3))],
        "more arrays": (np.array([True, False]), np.arange(3.0), np.arange(2, dtype=np.int32)),
        "optimizer": {"state": {0: {"step": torch.tensor(1.0)}, 7: {}}, "betas": (0.9, 0.99)},
        "curve": [{"loss": 0.1 + 0.2, "name": "tensor"}, None, float("nan"), True],
    }


def equal(a, b):
    if isinstance(a, torch.Tensor):
        dense = 0 not in a.stride()
        return a.dtype == b.dtype and torch.equal(a, b) and (a.stride() == b.stride() or not dense)
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and np.array_equal(a, b) and a.strides == b.strides
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(equal(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)):
        return type(a) is type(b) and all(equal(x, y) for x, y in zip(a, b, strict=True))
    return a == b or (a != a and b != b)


def test_a_state_comes_back_bit_for_bit_with_its_order_in_memory(tmp_path):
    Checkpoint(tmp_path / "file", IDENTITY).save(state())
    found = Checkpoint(tmp_path / "file", IDENTITY).load()
    assert equal(state(), found)
    found["rows"][0] = 0.0
    assert not equal(state(), found)


def test_no_file_is_no_state(tmp_path):
    assert Checkpoint(tmp_path / "file", IDENTITY).load() is None
    nothing = Checkpoint(None, IDENTITY)
    nothing.save(state())
    assert nothing.load() is None
    assert not nothing.due


def test_writing_is_due_after_a_while(tmp_path):
    assert Checkpoint(tmp_path / "file", IDENTITY).due
    assert not Checkpoint(tmp_path / "file", IDENTITY, every=1e6).due


def test_other_work_is_refused_by_what_differs(tmp_path):
    Checkpoint(tmp_path / "file", IDENTITY).save(state())
    other = {**IDENTITY, "data": "abd", "loss": "moments"}
    with pytest.raises(CheckpointError, match=r"other work \(different: data, loss\)"):
        Checkpoint(tmp_path / "file", other).load()


def test_damage_is_refused_wherever_it_is(tmp_path):
    path = tmp_path / "file"
    Checkpoint(path, IDENTITY).save(state())
    whole = path.read_bytes()
    places = np.random.default_rng(2).integers(len(whole), size=60).tolist()
    for place in [0, 9, len(whole) - 1, *places]:
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(CheckpointError, match=r"damaged|other work"):
            Checkpoint(path, IDENTITY).load()
    for content in (whole[:-5], b"", b"no checkpoint"):
        path.write_bytes(content)
        with pytest.raises(CheckpointError, match="damaged"):
            Checkpoint(path, IDENTITY).load()


def test_digests_tell_content_type_and_shape_apart():
    one = torch.arange(6.0)
    others = [one + 1e-6, one.double(), one.reshape(2, 3), one.flip(0)]
    assert len({tensor_digest([t]) for t in [one, *others]}) == 5
    assert tensor_digest([one.reshape(2, 3).T.contiguous().T]) == tensor_digest([others[2]])


def test_a_checkpoint_obeys_the_umask_and_a_full_disk_is_told_by_the_system(tmp_path):
    before = os.umask(0o022)
    try:
        path = tmp_path / "state.safetensors"
        Checkpoint(path, IDENTITY).save(state())
        assert stat.S_IMODE(path.stat().st_mode) == 0o644
    finally:
        os.umask(before)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            Checkpoint(path, IDENTITY).save(state())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert Checkpoint(path, IDENTITY).load() is not None
