#include "hepmc_output.h"

#include <algorithm>
#include <cstring>

#include <HepMC3/GenEvent.h>
#include <Pythia8Plugins/HepMC3.h>

#include "failures.h"
#include "memory_lhaup.h"
#include "stopwatch.h"

namespace mcsurrogate {

namespace {

// HepMC3 splits its lines of names at blanks and at backslash-bar.
std::string without(std::string text, const char* characters) {
    for (char& character : text)
        if (std::strchr(characters, character) != nullptr)
            character = '_';
    return text;
}

} // namespace

HepmcOutput::HepmcOutput(std::unique_ptr<ByteSink> sink, const std::vector<ToolName>& tools)
    : sink_(std::move(sink)), buffer_(*sink_), stream_(&buffer_),
      run_(std::make_shared<HepMC3::GenRunInfo>()),
      converter_(std::make_unique<HepMC3::Pythia8ToHepMC3>()) {
    for (const ToolName& tool : tools)
        run_->tools().push_back({tool.name, tool.version, without(tool.description, "\\|\n\r")});
}

HepmcOutput::~HepmcOutput() = default;

HepMC3::GenEvent HepmcOutput::new_event(const std::vector<std::string>& weight_names) {
    if (!writer_) {
        // The run information opens the file, and the names are known with the first event.
        std::vector<std::string> names;
        for (const std::string& name : weight_names) {
            names.push_back(without(name, " \t\n\r\\|"));
            if (std::find(names.begin(), names.end() - 1, names.back()) != names.end() - 1)
                throw FileFailure("HepMC3 needs different names of weights; '" + names.back() +
                                  "' comes twice (blanks become _, and 'Weight' is the nominal "
                                  "one): rename it in the hard events");
        }
        run_->set_weight_names(names);
        writer_ = std::make_unique<HepMC3::WriterAscii>(stream_, run_);
    }
    return HepMC3::GenEvent(run_, HepMC3::Units::GEV, HepMC3::Units::MM);
}

void HepmcOutput::write(Pythia8::Pythia& pythia, double cross_section_error_pb) {
    Stopwatch watch;
    HepMC3::GenEvent event = new_event(events_ == 0 ? restored(pythia.info.weightNameVector())
                                                    : std::vector<std::string>{});
    converter_->fill_next_event(pythia, event);
    constexpr double pb_per_mb = 1e9;
    event.cross_section()->set_cross_section(pythia.info.sigmaGen() * pb_per_mb,
                                             cross_section_error_pb, pythia.info.nAccepted(),
                                             pythia.info.nTried());
    conversion_seconds_ += watch.lap();
    write_out(event);
    writing_seconds_ += watch.lap();
}

void HepmcOutput::write(Pythia8::Pythia& pythia, const double* weights,
                        const std::vector<std::string>& weight_names) {
    Stopwatch watch;
    HepMC3::GenEvent event = new_event(weight_names);
    converter_->fill_next_event(pythia.event, event, -1, nullptr, &pythia.settings);
    event.weights().assign(weights, weights + weight_names.size());
    conversion_seconds_ += watch.lap();
    write_out(event);
    writing_seconds_ += watch.lap();
}

void HepmcOutput::write_out(const HepMC3::GenEvent& event) {
    writer_->write_event(event);
    buffer_.check();
    ++events_;
}

void HepmcOutput::close() {
    Stopwatch watch;
    if (!writer_)
        new_event({"Weight"}); // a file without events is a valid file, too
    writer_->close();
    stream_.flush();
    buffer_.check();
    sink_->finish();
    writing_seconds_ += watch.lap();
}

double time_conversion(Pythia8::Pythia& pythia) {
    static thread_local HepMC3::Pythia8ToHepMC3 converter;
    const double start = thread_cpu_seconds();
    HepMC3::GenEvent event(HepMC3::Units::GEV, HepMC3::Units::MM);
    converter.fill_next_event(pythia, event);
    return thread_cpu_seconds() - start;
}

} // namespace mcsurrogate
