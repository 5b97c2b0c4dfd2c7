// SPDX-License-Identifier: GPL-3.0-or-later
// The Python module mcsurrogate._native. It is loaded by mcsurrogate.native, which
// makes Pythia's symbols global first.

#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "event_loop.h"
#include "failures.h"
#include "hepmc_output.h"
#include "hepmc_parser.h"
#include "lhe_parser.h"
#include "lhe_writer.h"
#include "memory_lhaup.h"
#include "numpy_columns.h"
#include "rehadronizer.h"

namespace py = pybind11;

namespace mcsurrogate {

namespace {

// Two Python threads in one Pythia would corrupt it: the second one is turned away.
class InUse {
  public:
    explicit InUse(bool& flag) : flag_(flag) {
        if (flag_)
            throw PythiaFailure("this Pythia run is already in use by another thread");
        flag_ = true;
    }
    ~InUse() { flag_ = false; }
    InUse(const InUse&) = delete;
    InUse& operator=(const InUse&) = delete;

  private:
    bool& flag_;
};

template <typename Run>
struct Guarded {
    std::unique_ptr<Run> run;
    bool in_use = false;
};

using Loop = Guarded<EventLoop>;
using Hadronizer = Guarded<Rehadronizer>;

// Signals first: a Ctrl-C that arrives in C++ is only seen here.
Poll python_poll(const py::object& progress) {
    return [progress](long events) {
        py::gil_scoped_acquire lock;
        if (PyErr_CheckSignals() != 0)
            throw py::error_already_set();
        if (!progress.is_none())
            progress(events);
    };
}

HardEventSource python_source(py::object next_batch) {
    return [next_batch = std::move(next_batch)]() -> std::shared_ptr<const HardEvents> {
        py::gil_scoped_acquire lock;
        const py::object batch = next_batch();
        if (batch.is_none())
            return nullptr;
        return hard_events(batch.cast<py::dict>());
    };
}

HardProcessInit hard_process_init(const py::dict& info) {
    HardProcessInit init;
    std::tie(init.beam_a, init.beam_b) = info["beams"].cast<std::pair<int, int>>();
    std::tie(init.energy_a, init.energy_b) = info["energies"].cast<std::pair<double, double>>();
    std::tie(init.pdf_a, init.pdf_b) = info["pdf_sets"].cast<std::pair<int, int>>();
    init.strategy = info["strategy"].cast<int>();
    using Row = std::tuple<int, double, double, double>;
    for (const auto& [id, cross_section, error, maximum] :
         info["processes"].cast<std::vector<Row>>())
        init.processes.push_back({id, cross_section, error, maximum});
    std::tie(init.pdf_group_a, init.pdf_group_b) = info["pdf_groups"].cast<std::pair<int, int>>();
    init.version = info["version"].cast<int>();
    init.header = info["header"].cast<std::string>();
    init.header_elements =
        info["header_elements"].cast<std::vector<std::pair<std::string, std::string>>>();
    using Text = std::tuple<std::string, std::string, std::string, std::string>;
    for (const auto& [id, attributes, description, group] :
         info["weights"].cast<std::vector<Text>>())
        init.weights.push_back({id, attributes, description, group});
    return init;
}

std::unique_ptr<PythiaSession> session(const std::vector<std::string>& settings, int seed,
                                       bool verbose) {
    auto made = std::make_unique<PythiaSession>(verbose);
    for (const std::string& line : settings)
        made->read(line);
    made->seed(seed);
    return made;
}

std::unique_ptr<Loop> make_loop(const std::vector<std::string>& settings, int seed, bool verbose,
                                const std::optional<py::dict>& run_info, py::object next_batch,
                                bool may_veto, bool keep_hard_process, bool keep_parton_level,
                                bool keep_record) {
    std::shared_ptr<MemoryLhaup> source;
    if (run_info)
        source = std::make_shared<MemoryLhaup>(hard_process_init(*run_info),
                                               python_source(std::move(next_batch)));
    auto loop = std::make_unique<Loop>();
    py::gil_scoped_release unlock;
    auto pythia = session(settings, seed, verbose);
    loop->run =
        std::make_unique<EventLoop>(std::move(pythia), std::move(source), may_veto,
                                    Keep{keep_hard_process, keep_parton_level, keep_record});
    return loop;
}

py::dict next_batch(Loop& loop, long events, HepmcOutput* output, const py::object& progress) {
    const InUse guard(loop.in_use);
    const Poll poll = python_poll(progress);
    EventBatch batch;
    {
        py::gil_scoped_release unlock;
        batch = loop.run->run(events, output, poll);
    }
    py::dict arrays = particle_arrays(std::move(batch.particles));
    arrays["weight_names"] = loop.run->weight_names();
    if (batch.hard_process)
        arrays["hard_process"] = record_arrays(std::move(*batch.hard_process));
    if (batch.parton_level)
        arrays["parton_level"] = record_arrays(std::move(*batch.parton_level));
    if (batch.record)
        arrays["record"] = record_arrays(std::move(*batch.record));
    return arrays;
}

py::dict next_columns(Loop& loop, long events, std::size_t particles, long first_number,
                      HepmcOutput* output, const py::object& progress) {
    const InUse guard(loop.in_use);
    const Poll poll = python_poll(progress);
    HepmcColumns columns;
    {
        py::gil_scoped_release unlock;
        columns = loop.run->run_columns(events, particles, first_number, output, poll);
    }
    return hepmc_arrays(std::move(columns));
}

py::dict rehadronize(Hadronizer& hadronizer, const py::dict& arrays, long times, long first_copy,
                     long limit, std::int64_t first_event, HepmcOutput* output,
                     const py::object& progress) {
    const InUse guard(hadronizer.in_use);
    const Poll poll = python_poll(progress);
    const PartonEvents events = parton_events(arrays);
    ParticleColumns columns;
    {
        py::gil_scoped_release unlock;
        columns = hadronizer.run->run(events, times, first_copy, limit, first_event, output, poll);
    }
    return particle_arrays(std::move(columns));
}

template <typename Run>
py::dict statistics(Run& run) {
    const RunCounts counts = run.session().counts();
    py::dict result;
    result["events"] = run.done();
    result["failed"] = run.failed();
    result["cross_section_pb"] = counts.cross_section_pb;
    result["cross_section_error_pb"] = counts.cross_section_error_pb;
    result["tried"] = counts.tried;
    result["selected"] = counts.selected;
    result["accepted"] = counts.accepted;
    result["init_seconds"] = run.session().init_seconds();
    result["event_seconds"] = run.seconds().events;
    result["array_seconds"] = run.seconds().arrays;
    result["messages"] = run.session().messages();
    return result;
}

// Its thread may need Python's lock to end, and its compressor needs it to go.
struct StopFirst {
    void operator()(HepmcOutput* output) const {
        {
            py::gil_scoped_release unlock;
            output->stop();
        }
        delete output;
    }
};
using OutputHolder = std::unique_ptr<HepmcOutput, StopFirst>;

std::vector<ToolName> tool_names(const std::vector<std::vector<std::string>>& tools) {
    std::vector<ToolName> names;
    for (const auto& tool : tools)
        names.push_back({tool.at(0), tool.at(1), tool.at(2)});
    return names;
}

OutputHolder make_output(std::unique_ptr<ByteSink> sink,
                         const std::vector<std::vector<std::string>>& tools, bool piece) {
    return OutputHolder(new HepmcOutput(std::move(sink), tool_names(tools), piece));
}

// A Python compressor object with compress(block) and flush(). Both are built-in methods: no Python
// code runs in which a Ctrl-C could be raised and a block of the file be lost.
OutputHolder compressed_output(const std::string& path, const py::object& compressor,
                               const std::vector<std::vector<std::string>>& tools, bool piece) {
    auto compress = [method = compressor.attr("compress").cast<py::object>()](
                        const char* text, std::size_t size) -> std::string {
        py::gil_scoped_acquire lock;
        return method(py::memoryview::from_memory(text, static_cast<py::ssize_t>(size)))
            .cast<std::string>();
    };
    auto flush = [method = compressor.attr("flush").cast<py::object>()]() -> std::string {
        py::gil_scoped_acquire lock;
        return method().cast<std::string>();
    };
    return make_output(compressor_sink(path, std::move(compress), std::move(flush)), tools, piece);
}

// Raises the named error of mcsurrogate.errors, with an OSError as its cause if errno is one; a
// text may quote a file that is no UTF-8.
void set_error(const char* name, const std::string& text, int number = 0) {
    const py::object type = py::module_::import("mcsurrogate.errors").attr(name);
    const auto message = py::reinterpret_steal<py::object>(PyUnicode_DecodeUTF8(
        text.data(), static_cast<py::ssize_t>(text.size()), "backslashreplace"));
    const py::object error = type(message);
    if (number != 0) {
        const auto system = py::reinterpret_borrow<py::object>(PyExc_OSError);
        PyException_SetCause(error.ptr(), system(number, std::strerror(number)).release().ptr());
    }
    PyErr_SetObject(type.ptr(), error.ptr());
}

void bind_les_houches(py::module_& module) {
    py::class_<LheParser>(module, "LheParser", "Event blocks of a Les Houches file, to columns.")
        .def(py::init<std::string, std::vector<std::string>, long>(), py::arg("file"),
             py::arg("declared"), py::arg("line"))
        .def(
            "parse",
            [](LheParser& self, const py::buffer& text, std::size_t limit, bool last) {
                const py::buffer_info bytes = text.request();
                const std::string_view view(static_cast<const char*>(bytes.ptr),
                                            static_cast<std::size_t>(bytes.size));
                py::gil_scoped_release unlock;
                return self.parse(view, limit, last);
            },
            py::arg("text"), py::arg("limit"), py::arg("last"))
        .def("take", [](LheParser& self) { return hard_event_arrays(self.take()); })
        .def_property_readonly("held", &LheParser::held)
        .def_property_readonly("weight_names", [](const LheParser& self) {
            py::list names;
            for (const std::string& name : self.weight_names())
                names.append(py::bytes(name));
            return names;
        });
    module.def(
        "lhe_text",
        [](const py::dict& arrays) { return py::bytes(lhe_text(*hard_events(arrays))); },
        py::arg("arrays"), "Event blocks of a Les Houches file.");
}

// A text as str, whatever its bytes.
py::str lenient(const std::string& text) {
    return py::reinterpret_steal<py::str>(PyUnicode_DecodeUTF8(
        text.data(), static_cast<py::ssize_t>(text.size()), "surrogateescape"));
}

void bind_hepmc_text(py::module_& module) {
    py::class_<HepmcParser>(module, "HepmcParser", "HepMC text, version 2 or 3, to columns.")
        .def(py::init([](std::string file, int version, bool attributes) {
                 return version == 2 ? hepmc2_parser(std::move(file), attributes)
                                     : hepmc3_parser(std::move(file), attributes);
             }),
             py::arg("file"), py::arg("version"), py::arg("attributes"))
        .def(
            "parse",
            [](HepmcParser& self, const py::buffer& text, std::size_t particles, std::size_t events,
               bool last) {
                const py::buffer_info bytes = text.request();
                const std::string_view view(static_cast<const char*>(bytes.ptr),
                                            static_cast<std::size_t>(bytes.size));
                py::gil_scoped_release unlock;
                return self.parse(view, particles, events, last);
            },
            py::arg("text"), py::arg("particles"), py::arg("events"), py::arg("last"))
        .def("take", [](HepmcParser& self) { return hepmc_arrays(self.take()); })
        .def_property_readonly("held", &HepmcParser::held)
        .def_property_readonly("full", &HepmcParser::full)
        .def_property_readonly("events", &HepmcParser::events)
        .def_property_readonly("cross_section",
                               [](const HepmcParser& self) -> py::object {
                                   if (!self.cross_section())
                                       return py::none();
                                   return py::cast(*self.cross_section());
                               })
        .def_property_readonly("unknown_lines", &HepmcParser::unknown_lines)
        .def_property_readonly("unknown_line",
                               [](const HepmcParser& self) { return lenient(self.unknown_line()); })
        .def_property_readonly("weight_names",
                               [](const HepmcParser& self) {
                                   py::list names;
                                   for (const std::string& name : self.weight_names())
                                       names.append(lenient(name));
                                   return names;
                               })
        .def_property_readonly("run_attributes",
                               [](const HepmcParser& self) {
                                   py::list attributes;
                                   for (const auto& [name, value] : self.run_attributes())
                                       attributes.append(
                                           py::make_tuple(lenient(name), lenient(value)));
                                   return attributes;
                               })
        .def_property_readonly("tools", [](const HepmcParser& self) {
            py::list tools;
            for (const auto& tool : self.tools())
                tools.append(py::make_tuple(lenient(tool[0]), lenient(tool[1]), lenient(tool[2])));
            return tools;
        });
    module.def(
        "hepmc_text",
        [](const py::dict& arrays) {
            const HepmcView view = hepmc_view(arrays);
            std::string text;
            {
                py::gil_scoped_release unlock;
                text = hepmc_columns_text(view);
            }
            return py::bytes(text);
        },
        py::arg("arrays"), "Events of HepMC columns as text of version 3.");
    module.def(
        "hepmc_head",
        [](const std::vector<std::string>& names,
           const std::vector<std::vector<std::string>>& tools,
           const std::vector<std::pair<std::string, std::string>>& attributes) {
            return py::bytes(hepmc_run_head(names, tools, attributes));
        },
        py::arg("weight_names"), py::arg("tools"), py::arg("attributes"));
    module.def("hepmc_foot", [] { return py::bytes(hepmc_foot()); });
}

template <typename Run>
void bind_bookkeeping(py::class_<Guarded<Run>>& bound) {
    bound.def("statistics", [](Guarded<Run>& self) { return statistics(*self.run); })
        .def_property_readonly("done", [](const Guarded<Run>& self) { return self.run->done(); });
}

} // namespace

} // namespace mcsurrogate

PYBIND11_MODULE(_native, module) {
    using namespace mcsurrogate;

    module.doc() = "Pythia 8 event loops and HepMC3 output in C++ (see mcsurrogate.generators).";
    PYBIND11_NUMPY_DTYPE(HepmcParticle, pid, status, mass, px, py, pz, e);
    module.attr("PYTHIA_VERSION_INTEGER") = PYTHIA_VERSION_INTEGER;

    py::register_exception_translator([](std::exception_ptr pointer) {
        try {
            if (pointer)
                std::rethrow_exception(pointer);
        } catch (const PythiaFailure& failure) {
            set_error("PythiaError", failure.what());
        } catch (const SystemFailure& failure) {
            set_error("EventFileError", failure.what(), failure.number());
        } catch (const FileFailure& failure) {
            set_error("EventFileError", failure.what());
        }
    });

    py::class_<HepmcOutput, OutputHolder>(module, "HepmcOutput", "Events written as HepMC3.")
        .def_static(
            "to_file",
            [](const std::string& path, const std::vector<std::vector<std::string>>& tools,
               bool piece) { return make_output(file_sink(path), tools, piece); },
            py::arg("path"), py::arg("tools"), py::arg("piece") = false)
        .def_static(
            "to_gzip",
            [](const std::string& path, int level,
               const std::vector<std::vector<std::string>>& tools,
               bool piece) { return make_output(gzip_sink(path, level), tools, piece); },
            py::arg("path"), py::arg("level"), py::arg("tools"), py::arg("piece") = false)
        .def_static("to_compressor", &compressed_output, py::arg("path"), py::arg("compressor"),
                    py::arg("tools"), py::arg("piece") = false)
        .def("close", &HepmcOutput::close, py::call_guard<py::gil_scoped_release>())
        .def_property_readonly("events", &HepmcOutput::events)
        .def_property_readonly("held",
                               [](const HepmcOutput& self) { return py::bytes(self.held()); })
        .def_property_readonly("weight_sums", &HepmcOutput::weight_sums)
        .def_property_readonly("conversion_seconds", &HepmcOutput::conversion_seconds)
        .def_property_readonly("writing_seconds", &HepmcOutput::writing_seconds);

    module.def(
        "hepmc_head",
        [](const std::vector<std::string>& names,
           const std::vector<std::vector<std::string>>& tools) {
            return py::bytes(hepmc_head(names, tool_names(tools)));
        },
        py::arg("weight_names"), py::arg("tools"), "What stands before the events of a file.");
    module.def("hepmc_foot", [] { return py::bytes(hepmc_foot()); });

    bind_les_houches(module);
    bind_hepmc_text(module);

    py::class_<Loop> loop(module, "EventLoop", "A Pythia run, event batch by event batch.");
    loop.def(py::init(&make_loop), py::arg("settings"), py::arg("seed"), py::kw_only(),
             py::arg("verbose") = false, py::arg("run_info") = py::none(),
             py::arg("next_batch") = py::none(), py::arg("may_veto") = false,
             py::arg("keep_hard_process") = false, py::arg("keep_parton_level") = false,
             py::arg("keep_record") = false)
        .def("next_batch", &next_batch, py::arg("events"), py::arg("output") = py::none(),
             py::arg("progress") = py::none())
        .def("next_columns", &next_columns, py::arg("events"), py::arg("particles"),
             py::arg("first_number"), py::arg("output") = py::none(),
             py::arg("progress") = py::none())
        .def(
            "run_bare", [](Loop& self, long events) { return self.run->run_bare(events); },
            py::arg("events"), py::call_guard<py::gil_scoped_release>())
        .def(
            "run_hepmc",
            [](Loop& self, long events, bool official) {
                TimedText timed;
                {
                    py::gil_scoped_release unlock;
                    timed = self.run->run_hepmc(events, official);
                }
                return py::make_tuple(py::bytes(timed.text), timed.conversion_seconds,
                                      timed.writing_seconds);
            },
            py::arg("events"), py::arg("official"))
        .def_property_readonly("cross_section_error_pb",
                               [](const Loop& self) { return self.run->cross_section_error_pb(); })
        .def_property_readonly("statistical_error_pb",
                               [](const Loop& self) { return self.run->statistical_error_pb(); })
        .def_property_readonly("rate_error_pb",
                               [](const Loop& self) { return self.run->rate_error_pb(); })
        .def_property_readonly(
            "weight_names",
            [](const Loop& self) { return names_in_file(self.run->weight_names()); })
        .def_property_readonly("left_out", [](const Loop& self) { return self.run->left_out(); })
        .def_property_readonly("exhausted", [](const Loop& self) { return self.run->exhausted(); });
    bind_bookkeeping(loop);

    py::class_<Hadronizer> hadronizer(module, "Rehadronizer",
                                      "Hadronization of saved parton-level events.");
    hadronizer
        .def(py::init([](const std::vector<std::string>& settings, int seed, bool verbose) {
                 auto made = std::make_unique<Hadronizer>();
                 py::gil_scoped_release unlock;
                 made->run = std::make_unique<Rehadronizer>(session(settings, seed, verbose));
                 return made;
             }),
             py::arg("settings"), py::arg("seed"), py::kw_only(), py::arg("verbose") = false)
        .def("run", &rehadronize, py::arg("arrays"), py::arg("times"), py::arg("first_copy"),
             py::arg("limit"), py::arg("first_event"), py::arg("output") = py::none(),
             py::arg("progress") = py::none());
    bind_bookkeeping(hadronizer);
}
