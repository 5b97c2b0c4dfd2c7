// SPDX-License-Identifier: GPL-3.0-or-later
#include "hepmc_official.h"

#include <sstream>

#include <HepMC3/GenEvent.h>
#include <HepMC3/GenRunInfo.h>
#include <HepMC3/WriterAscii.h>
#include <Pythia8Plugins/HepMC3.h>

#include "stopwatch.h"

namespace mcsurrogate {

struct OfficialHepmc::Parts {
    std::ostringstream stream;
    std::shared_ptr<HepMC3::GenRunInfo> run = std::make_shared<HepMC3::GenRunInfo>();
    std::unique_ptr<HepMC3::WriterAscii> writer;
    HepMC3::Pythia8ToHepMC3 converter;
    TimedText timed;
};

OfficialHepmc::OfficialHepmc() : parts_(std::make_unique<Parts>()) {}
OfficialHepmc::~OfficialHepmc() = default;

void OfficialHepmc::append(Pythia8::Pythia& pythia, double cross_section_error_pb) {
    constexpr double pb_per_mb = 1e9;
    Parts& own = *parts_;
    if (!own.writer) {
        own.run->set_weight_names(pythia.info.weightNameVector());
        own.writer = std::make_unique<HepMC3::WriterAscii>(own.stream, own.run);
    }
    const double start = thread_cpu_seconds();
    HepMC3::GenEvent event(own.run, HepMC3::Units::GEV, HepMC3::Units::MM);
    own.converter.fill_next_event(pythia, event);
    event.cross_section()->set_cross_section(pythia.info.sigmaGen() * pb_per_mb,
                                             cross_section_error_pb, pythia.info.nAccepted(),
                                             pythia.info.nTried());
    const double converted = thread_cpu_seconds();
    own.writer->write_event(event);
    own.timed.conversion_seconds += converted - start;
    own.timed.writing_seconds += thread_cpu_seconds() - converted;
}

TimedText OfficialHepmc::finish() {
    parts_->writer->close();
    parts_->timed.text = parts_->stream.str();
    return std::move(parts_->timed);
}

} // namespace mcsurrogate
