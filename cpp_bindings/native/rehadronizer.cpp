// SPDX-License-Identifier: GPL-3.0-or-later
#include "rehadronizer.h"

#include <algorithm>

#include "stopwatch.h"

namespace mcsurrogate {

Rehadronizer::Rehadronizer(std::unique_ptr<PythiaSession> session) : session_(std::move(session)) {
    session_->pythia().settings.flag("ProcessLevel:all", false);
    session_->init();
}

bool Rehadronizer::hadronize(const RecordView& records, std::int64_t index) {
    Pythia8::Pythia& pythia = session_->pythia();
    pythia.process.clear();
    pythia.event.clear();
    records.restore(index, pythia.event);
    // The record brings its junctions; looking for them again would spoil those of remnants.
    return pythia.forceHadronLevel(false);
}

ParticleColumns Rehadronizer::run(const PartonEvents& events, long times, long first_copy,
                                  long limit, std::int64_t first_event, HepmcOutput* output,
                                  const Poll& poll) {
    ParticleColumns columns;
    const long last =
        std::min(first_copy + limit, static_cast<long>(events.records.events) * times);
    for (long copy = first_copy; copy < last; ++copy) {
        const std::int64_t index = copy / times;
        Stopwatch watch;
        const bool passed = hadronize(events.records, index);
        seconds_.events += watch.lap();
        if (!passed) {
            failures_.add(*session_, done_);
            continue;
        }
        const double* weights =
            events.weights + index * static_cast<long>(events.weight_names.size());
        columns.append_particles(session_->pythia().event);
        columns.scale.push_back(events.scale[index]);
        columns.process_code.push_back(events.process_code[index]);
        columns.weights.insert(columns.weights.end(), weights,
                               weights + events.weight_names.size());
        columns.source_event.push_back(first_event + index);
        seconds_.arrays += watch.lap();
        if (output != nullptr)
            output->write(session_->pythia(), weights, events.weight_names);
        ++done_;
        if (timer_.due())
            poll(done_);
    }
    return columns;
}

} // namespace mcsurrogate
