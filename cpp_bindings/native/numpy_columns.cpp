// SPDX-License-Identifier: GPL-3.0-or-later
#include "numpy_columns.h"

#include <algorithm>
#include <utility>

#include <pybind11/stl.h>

namespace py = pybind11;

namespace mcsurrogate {

namespace {

// The vector lives on in the array that is returned.
template <typename T>
py::array moved(std::vector<T>&& column, std::vector<py::ssize_t> shape) {
    auto owner = std::make_unique<std::vector<T>>(std::move(column));
    const T* data = owner->data();
    py::capsule capsule(owner.release(),
                        [](void* vector) { delete static_cast<std::vector<T>*>(vector); });
    return py::array_t<T>(std::move(shape), data, std::move(capsule));
}

template <typename T>
py::array moved(std::vector<T>&& column) {
    const auto size = static_cast<py::ssize_t>(column.size());
    return moved(std::move(column), {size});
}

template <std::size_t N>
py::array rows(std::vector<std::array<double, N>>&& column) {
    using Column = std::vector<std::array<double, N>>;
    auto owner = std::make_unique<Column>(std::move(column));
    const auto size = static_cast<py::ssize_t>(owner->size());
    const double* data = size == 0 ? nullptr : owner->front().data();
    py::capsule capsule(owner.release(), [](void* vector) { delete static_cast<Column*>(vector); });
    return py::array_t<double>({size, static_cast<py::ssize_t>(N)}, data, std::move(capsule));
}

// Four columns as one (4, n) block: each component stays contiguous.
py::array stacked(const std::array<std::vector<double>, 4>& columns) {
    const auto size = static_cast<py::ssize_t>(columns[0].size());
    py::array_t<double> block({py::ssize_t{4}, size});
    double* out = block.mutable_data();
    for (const std::vector<double>& column : columns)
        out = std::copy(column.begin(), column.end(), out);
    return block;
}

template <typename T>
py::array pairs(std::vector<T>&& column) {
    const auto rows = static_cast<py::ssize_t>(column.size() / 2);
    return moved(std::move(column), {rows, 2});
}

// Texts are bytes: files may hold what is no UTF-8.
py::tuple texts(const std::vector<std::string>& column) {
    py::tuple made(column.size());
    for (std::size_t i = 0; i < column.size(); ++i)
        made[i] = py::bytes(column[i]);
    return made;
}

// Size is the number of elements; negative: any.
template <typename T>
const T* checked(const py::dict& arrays, const char* name, std::int64_t size) {
    if (!arrays.contains(name))
        throw py::value_error(std::string("array '") + name + "' is missing");
    const py::object object = arrays[name];
    if (!py::isinstance<py::array_t<T, py::array::c_style>>(object))
        throw py::value_error(std::string("array '") + name + "' must be C-contiguous, of type " +
                              std::string(py::str(py::dtype::of<T>())));
    const auto array = py::reinterpret_borrow<py::array>(object);
    if (size >= 0 && array.size() != size)
        throw py::value_error(std::string("array '") + name + "' must have " +
                              std::to_string(size) + " elements, it has " +
                              std::to_string(array.size()));
    return static_cast<const T*>(array.data());
}

std::int64_t size_of(const py::dict& arrays, const char* name) {
    return arrays.contains(name) ? static_cast<std::int64_t>(py::len(arrays[name])) : 0;
}

// What a file has beside the columns that analyses look at, for writing it again.
py::dict details(HepmcColumns&& columns) {
    py::dict arrays;
    arrays["vertex_offsets"] = moved(std::move(columns.vertex_offsets));
    arrays["vertex_id"] = moved(std::move(columns.vertex_id));
    arrays["vertex_status"] = moved(std::move(columns.vertex_status));
    arrays["placed"] = moved(std::move(columns.placed));
    arrays["listed"] = moved(std::move(columns.listed));
    arrays["event_position"] = rows(std::move(columns.event_position));
    arrays["attributes"] = texts(columns.attributes);
    return arrays;
}

// Offsets that are not increasing or overrun would read foreign memory.
void check_offsets(const std::int64_t* offsets, std::int64_t events, std::int64_t entries,
                   const char* name) {
    if (offsets[0] != 0 || offsets[events] != entries || !std::is_sorted(offsets, offsets + events))
        throw py::value_error(std::string("array '") + name +
                              "' must rise from 0 to the number of entries");
}

// Arrays of one batch, released under Python's lock wherever the batch is dropped.
struct NumpyHardEvents : HardEvents {
    explicit NumpyHardEvents(py::dict arrays) : arrays(std::move(arrays)) {}
    ~NumpyHardEvents() override {
        py::gil_scoped_acquire lock;
        arrays.release().dec_ref();
    }
    NumpyHardEvents(const NumpyHardEvents&) = delete;
    NumpyHardEvents& operator=(const NumpyHardEvents&) = delete;

    py::dict arrays;
};

} // namespace

py::dict particle_arrays(ParticleColumns&& columns) {
    const auto events = static_cast<py::ssize_t>(columns.events());
    const auto weights = static_cast<py::ssize_t>(columns.weights.size());
    py::dict arrays;
    arrays["offsets"] = moved(std::move(columns.offsets));
    arrays["pdg_id"] = moved(std::move(columns.pdg_id));
    arrays["momenta"] = stacked(columns.momenta);
    arrays["vertices"] = stacked(columns.vertices);
    arrays["weights"] =
        moved(std::move(columns.weights), {events, events == 0 ? 0 : weights / events});
    arrays["scale"] = moved(std::move(columns.scale));
    arrays["process_code"] = moved(std::move(columns.process_code));
    arrays["source_event"] = moved(std::move(columns.source_event));
    return arrays;
}

py::dict record_arrays(RecordColumns&& columns) {
    const auto junctions = static_cast<py::ssize_t>(columns.junctions.size() / junction_words);
    py::dict arrays;
    arrays["offsets"] = moved(std::move(columns.offsets));
    arrays["pdg_id"] = moved(std::move(columns.pdg_id));
    arrays["status"] = moved(std::move(columns.status));
    arrays["mothers"] = pairs(std::move(columns.mothers));
    arrays["daughters"] = pairs(std::move(columns.daughters));
    arrays["colour"] = pairs(std::move(columns.colour));
    arrays["momenta"] = stacked(columns.momenta);
    arrays["vertices"] = stacked(columns.vertices);
    arrays["mass"] = moved(std::move(columns.mass));
    arrays["scale"] = moved(std::move(columns.scale));
    arrays["polarization"] = moved(std::move(columns.polarization));
    arrays["lifetime"] = moved(std::move(columns.lifetime));
    arrays["junction_offsets"] = moved(std::move(columns.junction_offsets));
    arrays["junctions"] = moved(std::move(columns.junctions), {junctions, junction_words});
    return arrays;
}

py::dict hard_event_arrays(HardEventColumns&& columns) {
    const auto events = static_cast<py::ssize_t>(columns.events());
    const auto particles = static_cast<py::ssize_t>(columns.mass.size());
    const auto weights = static_cast<py::ssize_t>(columns.weights.size());
    py::dict arrays;
    arrays["offsets"] = moved(std::move(columns.offsets));
    arrays["pdg_id"] = moved(std::move(columns.pdg_id));
    arrays["status"] = moved(std::move(columns.status));
    arrays["parents"] = pairs(std::move(columns.parents));
    arrays["colour"] = pairs(std::move(columns.colour));
    arrays["momenta"] = moved(std::move(columns.momenta), {particles, 4});
    arrays["mass"] = moved(std::move(columns.mass));
    arrays["lifetime"] = moved(std::move(columns.lifetime));
    arrays["helicity"] = moved(std::move(columns.helicity));
    arrays["weights"] =
        moved(std::move(columns.weights), {events, events == 0 ? 0 : weights / events});
    arrays["scale"] = moved(std::move(columns.scale));
    arrays["alpha_s"] = moved(std::move(columns.alpha_s));
    arrays["alpha_qed"] = moved(std::move(columns.alpha_qed));
    arrays["process_id"] = moved(std::move(columns.process_id));
    if (columns.annotated) {
        arrays["attributes"] = texts(columns.attributes);
        arrays["annotations"] = texts(columns.annotations);
    }
    return arrays;
}

py::dict hepmc_arrays(HepmcColumns&& columns) {
    const auto events = static_cast<py::ssize_t>(columns.events());
    const py::ssize_t weights =
        events == 0 ? 0 : static_cast<py::ssize_t>(columns.weights.size()) / events;
    py::dict arrays;
    arrays["offsets"] = moved(std::move(columns.offsets));
    arrays["particles"] = moved(std::move(columns.particles));
    arrays["production_vertex"] = moved(std::move(columns.production));
    arrays["end_vertex"] = moved(std::move(columns.end));
    arrays["vertex_positions"] = rows(std::move(columns.positions));
    arrays["event_numbers"] = moved(std::move(columns.event_number));
    arrays["weights"] = moved(std::move(columns.weights), {events, weights});
    arrays["cross_section"] = rows(std::move(columns.cross_section));
    arrays["pdf_info"] = rows(std::move(columns.pdf_info));
    if (!columns.attributes.empty())
        arrays["details"] = details(std::move(columns));
    return arrays;
}

HepmcView hepmc_view(const py::dict& arrays) {
    HepmcView view;
    const std::int64_t events = size_of(arrays, "event_numbers");
    const std::int64_t particles = size_of(arrays, "particles");
    const std::int64_t vertices = size_of(arrays, "vertex_id");
    view.events = static_cast<std::size_t>(events);
    view.offsets = checked<std::int64_t>(arrays, "offsets", events + 1);
    check_offsets(view.offsets, events, particles, "offsets");
    view.vertex_offsets = checked<std::int64_t>(arrays, "vertex_offsets", events + 1);
    check_offsets(view.vertex_offsets, events, vertices, "vertex_offsets");
    view.particles = checked<HepmcParticle>(arrays, "particles", particles);
    view.production = checked<std::int64_t>(arrays, "production_vertex", particles);
    view.end = checked<std::int64_t>(arrays, "end_vertex", particles);
    view.vertex_id = checked<std::int32_t>(arrays, "vertex_id", vertices);
    view.vertex_status = checked<std::int32_t>(arrays, "vertex_status", vertices);
    view.positions = checked<double>(arrays, "vertex_positions", 4 * vertices);
    view.placed = checked<std::uint8_t>(arrays, "placed", vertices);
    view.listed = checked<std::uint8_t>(arrays, "listed", vertices);
    view.event_number = checked<std::int64_t>(arrays, "event_numbers", events);
    view.event_position = checked<double>(arrays, "event_position", 4 * events);
    view.weights = checked<double>(arrays, "weights", -1);
    const auto columns =
        static_cast<std::size_t>(py::reinterpret_borrow<py::array>(arrays["weights"]).size());
    view.weight_columns = view.events == 0 ? 0 : columns / view.events;
    view.attributes = arrays["attributes"].cast<std::vector<std::string>>();
    if (view.attributes.size() != view.events || columns != view.weight_columns * view.events)
        throw py::value_error("'attributes' and 'weights' must have a row an event");
    return view;
}

std::shared_ptr<const HardEvents> hard_events(const py::dict& arrays) {
    auto batch = std::make_shared<NumpyHardEvents>(arrays);
    const std::int64_t events = size_of(arrays, "scale");
    const std::int64_t particles = size_of(arrays, "pdg_id");
    batch->events = events;
    batch->offsets = checked<std::int64_t>(arrays, "offsets", events + 1);
    check_offsets(batch->offsets, events, particles, "offsets");
    batch->pdg_id = checked<std::int32_t>(arrays, "pdg_id", particles);
    batch->status = checked<std::int32_t>(arrays, "status", particles);
    batch->parents = checked<std::int32_t>(arrays, "parents", 2 * particles);
    batch->colour = checked<std::int32_t>(arrays, "colour", 2 * particles);
    batch->momenta = checked<double>(arrays, "momenta", 4 * particles);
    batch->mass = checked<double>(arrays, "mass", particles);
    if (arrays.contains("lifetime"))
        batch->lifetime = checked<double>(arrays, "lifetime", particles);
    if (arrays.contains("helicity"))
        batch->helicity = checked<double>(arrays, "helicity", particles);
    batch->extra_weight_names = arrays["extra_weight_names"].cast<std::vector<std::string>>();
    batch->weight_columns = static_cast<std::int64_t>(batch->extra_weight_names.size()) + 1;
    batch->weights = checked<double>(arrays, "weights", events * batch->weight_columns);
    batch->scale = checked<double>(arrays, "scale", events);
    batch->alpha_s = checked<double>(arrays, "alpha_s", events);
    batch->alpha_qed = checked<double>(arrays, "alpha_qed", events);
    batch->process_id = checked<std::int32_t>(arrays, "process_id", events);
    const auto texts = [&](const char* name) {
        auto column = arrays.contains(name) ? arrays[name].cast<std::vector<std::string>>()
                                            : std::vector<std::string>();
        if (!column.empty() && static_cast<std::int64_t>(column.size()) != events)
            throw py::value_error(std::string("'") + name + "' must have one text an event");
        return column;
    };
    batch->attributes = texts("attributes");
    batch->annotations = texts("annotations");
    return batch;
}

PartonEvents parton_events(const py::dict& arrays) {
    PartonEvents batch;
    RecordView& records = batch.records;
    const std::int64_t events = size_of(arrays, "event_scale");
    const std::int64_t rows = size_of(arrays, "pdg_id");
    const std::int64_t junctions = size_of(arrays, "junctions");
    records.events = events;
    records.offsets = checked<std::int64_t>(arrays, "offsets", events + 1);
    check_offsets(records.offsets, events, rows, "offsets");
    records.pdg_id = checked<std::int32_t>(arrays, "pdg_id", rows);
    records.status = checked<std::int32_t>(arrays, "status", rows);
    records.mothers = checked<std::int32_t>(arrays, "mothers", 2 * rows);
    records.daughters = checked<std::int32_t>(arrays, "daughters", 2 * rows);
    records.colour = checked<std::int32_t>(arrays, "colour", 2 * rows);
    const double* momenta = checked<double>(arrays, "momenta", 4 * rows);
    const double* vertices = checked<double>(arrays, "vertices", 4 * rows);
    for (std::size_t c = 0; c < 4; ++c) {
        records.momenta[c] = momenta + static_cast<std::int64_t>(c) * rows;
        records.vertices[c] = vertices + static_cast<std::int64_t>(c) * rows;
    }
    records.mass = checked<double>(arrays, "mass", rows);
    records.scale = checked<double>(arrays, "scale", rows);
    records.polarization = checked<double>(arrays, "polarization", rows);
    records.lifetime = checked<double>(arrays, "lifetime", rows);
    records.junction_offsets = checked<std::int64_t>(arrays, "junction_offsets", events + 1);
    check_offsets(records.junction_offsets, events, junctions, "junction_offsets");
    records.junctions = checked<std::int32_t>(arrays, "junctions", junction_words * junctions);
    batch.weight_names = arrays["weight_names"].cast<std::vector<std::string>>();
    batch.weights = checked<double>(arrays, "weights",
                                    events * static_cast<std::int64_t>(batch.weight_names.size()));
    batch.scale = checked<double>(arrays, "event_scale", events);
    batch.process_code = checked<std::int32_t>(arrays, "process_code", events);
    return batch;
}

} // namespace mcsurrogate
