// Events of a run as HepMC3, through Pythia's official converter and HepMC3's official writer.

#pragma once

#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include <HepMC3/GenRunInfo.h>
#include <HepMC3/WriterAscii.h>
#include <Pythia8/Pythia.h>

#include "byte_sink.h"

namespace HepMC3 {
class Pythia8ToHepMC3;
class GenEvent;
} // namespace HepMC3

namespace mcsurrogate {

// The program that made the events, for the run information of the file.
struct ToolName {
    std::string name;
    std::string version;
    std::string description;
};

// Blanks in names of weights become underscores, because HepMC3 cannot read them back.
class HepmcOutput {
  public:
    HepmcOutput(std::unique_ptr<ByteSink> sink, const std::vector<ToolName>& tools);
    // Leaves a file without footer; only close() makes it whole.
    ~HepmcOutput();
    HepmcOutput(const HepmcOutput&) = delete;
    HepmcOutput& operator=(const HepmcOutput&) = delete;

    // The event that next() has just made, with its weights, PDFs and cross section.
    void write(Pythia8::Pythia& pythia, double cross_section_error_pb);
    // An event hadronized on its own: the weights are those of the parton-level event.
    void write(Pythia8::Pythia& pythia, const double* weights,
               const std::vector<std::string>& weight_names);
    // Footer, compression trailer, disk. Throws what went wrong with the file.
    void close();

    long events() const { return events_; }
    double conversion_seconds() const { return conversion_seconds_; }
    double writing_seconds() const { return writing_seconds_; }

  private:
    HepMC3::GenEvent new_event(const std::vector<std::string>& weight_names);
    void write_out(const HepMC3::GenEvent& event);

    std::unique_ptr<ByteSink> sink_;
    SinkBuffer buffer_;
    std::ostream stream_;
    std::shared_ptr<HepMC3::GenRunInfo> run_;
    std::unique_ptr<HepMC3::Pythia8ToHepMC3> converter_;
    std::unique_ptr<HepMC3::WriterAscii> writer_;
    long events_ = 0;
    double conversion_seconds_ = 0.0;
    double writing_seconds_ = 0.0;
};

// Converts without writing, for benchmarks: CPU seconds of the conversion alone.
double time_conversion(Pythia8::Pythia& pythia);

} // namespace mcsurrogate
