// SPDX-License-Identifier: GPL-3.0-or-later
// The loop over Pythia::next(): events to columns and to HepMC3.

#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "failure_count.h"
#include "hepmc_collector.h"
#include "hepmc_official.h"
#include "hepmc_output.h"
#include "memory_lhaup.h"
#include "particle_columns.h"
#include "parton_snapshot.h"
#include "poll_timer.h"
#include "pythia_session.h"
#include "record_columns.h"

namespace mcsurrogate {

// What is kept of each event besides its final-state particles.
struct Keep {
    bool hard_process = false;
    bool parton_level = false;
    bool record = false;
};

struct EventBatch {
    ParticleColumns particles;
    std::optional<RecordColumns> hard_process;
    std::optional<RecordColumns> parton_level;
    std::optional<RecordColumns> record;
};

struct LoopSeconds {
    double events = 0.0; // Pythia::next()
    double arrays = 0.0; // into columns
};

// Called about twice a second with the number of finished events; stops the loop by throwing.
using Poll = std::function<void(long)>;

class EventLoop {
  public:
    // `source` is where the session reads its hard events from, if not from Pythia's processes;
    // `may_veto`: whether something (merging, a user's hook) may leave some of them out.
    EventLoop(std::unique_ptr<PythiaSession> session, std::shared_ptr<MemoryLhaup> source,
              bool may_veto, Keep keep);

    // Up to `events` more events; fewer only when the source is exhausted. Events already in
    // `output` stay there when poll or Pythia stops the loop by an exception.
    EventBatch run(long events, HepmcOutput* output, const Poll& poll);
    // The same as the columns that a HepMC file is read into; ends when so many particles are
    // there. Events are numbered from `first_number` on.
    HepmcColumns run_columns(long events, std::size_t particles, long first_number,
                             HepmcOutput* output, const Poll& poll);
    // Bare next(), nothing else: the yardstick of benchmarks.
    void run_bare(long events);
    // next() and HepMC3 text in this thread, ours or the official one: the yardstick of tests and
    // benchmarks.
    TimedText run_hepmc(long events, bool official);

    PythiaSession& session() { return *session_; }
    bool exhausted() const { return exhausted_; }
    long done() const { return done_; }
    // Hard events that were unweighted away or vetoed.
    long left_out() const { return left_out_; }
    // Pythia knows the spread of the weights; the cross section of hard events from outside has an
    // error of its own, and from the first event on.
    double cross_section_error_pb() const;
    // The part of it that does not depend on the number of events, and the one that does.
    double rate_error_pb() const;
    double statistical_error_pb() const;
    // LHAPDF ids of the PDFs of the beams, 0 where they are not known.
    std::array<int, 2> pdf_sets() const;
    long failed() const { return failures_.failed(); }
    const LoopSeconds& seconds() const { return seconds_; }
    const std::vector<std::string>& weight_names() const { return weight_names_; }

  private:
    bool next_event();
    // Whether the init block tells the cross section (weighting strategies 3 and -3).
    bool told_rate() const;
    void count_given(long used);
    void keep_event(EventBatch& batch);
    void check_weights(std::size_t weights);
    void append_weights(ParticleColumns& columns);

    std::unique_ptr<PythiaSession> session_;
    std::shared_ptr<MemoryLhaup> source_;
    bool may_veto_;
    long given_ = 0;
    long left_out_ = 0;
    Keep keep_;
    std::shared_ptr<PartonSnapshot> snapshot_;
    FailureCount failures_;
    PollTimer timer_;
    std::vector<std::string> weight_names_;
    std::size_t previous_particles_ = 0;
    long done_ = 0;
    bool exhausted_ = false;
    LoopSeconds seconds_;
};

} // namespace mcsurrogate
