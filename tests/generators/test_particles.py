"""Arrays and awkward arrays share their memory."""

import awkward as ak
import numpy as np
import vector

from mcsurrogate.events import ParticleBatch


def buffers(array: ak.Array) -> dict[str, np.ndarray]:
    particles = array.layout.content("particles")
    fields = {name: particles.content.content(name).data for name in particles.content.fields}
    event = {name: array.layout.content(name).data for name in ("weights", "scale", "process_code")}
    return fields | event | {"offsets": particles.offsets.data}


def test_awkward_takes_the_columns_without_copying(z_batch: ParticleBatch):
    array = z_batch.to_awkward()
    found = buffers(array)
    for i, name in enumerate(("E", "px", "py", "pz")):
        assert np.shares_memory(found[name], z_batch.momenta[:, i])
        assert found[name].flags.c_contiguous
    for i, name in enumerate(("vertex_x", "vertex_y", "vertex_z", "vertex_t")):
        assert np.shares_memory(found[name], z_batch.vertices[:, i])
    for name in ("pdg_id", "weights", "scale", "process_code", "offsets"):
        assert np.shares_memory(found[name], getattr(z_batch, name)), name
    assert len(found) == 13


def test_awkward_records_are_the_particles(z_batch: ParticleBatch):
    array = z_batch.to_awkward()
    assert len(array) == len(z_batch)
    assert ak.num(array.particles).tolist() == np.diff(z_batch.offsets).tolist()
    np.testing.assert_array_equal(ak.flatten(array.particles.E), z_batch.momenta[:, 0])
    np.testing.assert_array_equal(ak.flatten(array.particles.pdg_id), z_batch.pdg_id)
    assert array.weights.to_list() == z_batch.weights.tolist()


def test_vector_understands_the_records(z_batch: ParticleBatch):
    vector.register_awkward()
    particles = z_batch.to_awkward().particles
    pt = np.hypot(z_batch.momenta[:, 1], z_batch.momenta[:, 2])
    np.testing.assert_allclose(ak.flatten(particles.pt), pt)


def test_arrays_outlive_the_chain(z_batch: ParticleBatch):
    # The fixture's chain is long gone; the columns own their memory.
    total = np.add.reduceat(z_batch.momenta, z_batch.offsets[:-1])
    np.testing.assert_allclose(total, np.tile([91.2, 0, 0, 0], (len(z_batch), 1)), atol=91.2e-6)
