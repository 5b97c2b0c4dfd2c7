// SPDX-License-Identifier: GPL-3.0-or-later
// Hadronization of saved parton-level events, on their own and as often as wanted.

#pragma once

#include <memory>
#include <string>
#include <vector>

#include "event_loop.h"

namespace mcsurrogate {

// Event quantities that go with a RecordView and are passed on to every hadronized copy.
struct PartonEvents {
    RecordView records;
    const double* weights = nullptr; // (events, weight names)
    const double* scale = nullptr;   // (events)
    const std::int32_t* process_code = nullptr;
    std::vector<std::string> weight_names;
};

class Rehadronizer {
  public:
    explicit Rehadronizer(std::unique_ptr<PythiaSession> session);

    // Hadronizes copy `first_copy`, `first_copy + 1`, ... of the events, where copy number
    // c * is copy c % times of event c / times, and stops after `limit` copies or the last one.
    ParticleColumns run(const PartonEvents& events, long times, long first_copy, long limit,
                        std::int64_t first_event, HepmcOutput* output, const Poll& poll);

    PythiaSession& session() { return *session_; }
    long done() const { return done_; }
    long failed() const { return failures_.failed(); }
    const LoopSeconds& seconds() const { return seconds_; }

  private:
    bool hadronize(const RecordView& records, std::int64_t index);

    std::unique_ptr<PythiaSession> session_;
    FailureCount failures_;
    PollTimer timer_;
    long done_ = 0;
    LoopSeconds seconds_;
};

} // namespace mcsurrogate
