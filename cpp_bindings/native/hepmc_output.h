// SPDX-License-Identifier: GPL-3.0-or-later
// Events of a run as HepMC3: copied in Pythia's thread, made text, compressed and written by
// another.

#pragma once

#include <array>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <Pythia8/Pythia.h>

#include "byte_sink.h"
#include "hepmc_event.h"
#include "hepmc_text.h"

namespace mcsurrogate {

// Names of weights as they stand in a file: blanks become underscores, because HepMC3 cannot read
// them back. Throws FileFailure where two are the same.
std::vector<std::string> names_in_file(const std::vector<std::string>& weight_names);

class HepmcOutput {
  public:
    using Event = std::unique_ptr<HepmcEvent>;

    // `piece`: the file is a piece of a longer one, without head and foot, and its last event is
    // held back.
    HepmcOutput(std::unique_ptr<ByteSink> sink, std::vector<ToolName> tools, bool piece = false);
    // Leaves a file without footer; only close() makes it whole.
    ~HepmcOutput();
    HepmcOutput(const HepmcOutput&) = delete;
    HepmcOutput& operator=(const HepmcOutput&) = delete;

    // The event that next() has just made, with its weights, PDFs and cross section. Throws what
    // went wrong with the file, for the events before too.
    void write(Pythia8::Pythia& pythia, double cross_section_error_pb, std::array<int, 2> pdf_sets);
    // The same, in columns too: copied into an event of `blank()`.
    void write(Event event, const std::vector<std::string>& weight_names);
    // An event whose memory is used again.
    Event blank();
    // An event hadronized on its own: the weights are those of the parton-level event.
    void write(Pythia8::Pythia& pythia, const double* weights,
               const std::vector<std::string>& weight_names);
    // Footer, compression trailer, disk. Throws what went wrong with the file.
    void close();
    // Ends the thread; events that it has not written are lost.
    void stop();

    long events() const { return events_; }
    // Text of the last event of a piece that was closed.
    const std::string& held() const { return held_; }
    // Sum of each weight over the events.
    const std::vector<double>& weight_sums() const { return sums_; }
    // In Pythia's thread, and beside it.
    double conversion_seconds() const { return conversion_seconds_; }
    double writing_seconds() const;

  private:
    void open(const std::vector<std::string>& weight_names);
    std::vector<double> shares_with(const std::vector<double>& weights);
    void hand_over(Event event);
    void work();
    void drain(std::vector<Event> events);
    void flush();
    void rethrow_failure();

    std::unique_ptr<ByteSink> sink_;
    std::vector<ToolName> tools_;
    bool piece_;
    bool open_ = false;
    long events_ = 0;
    std::vector<double> sums_; // of each weight, over the events so far
    double conversion_seconds_ = 0.0;

    // Of the thread alone.
    HepmcText format_;
    TextBuffer text_;
    std::size_t last_begin_ = 0; // of the last event in the text
    std::string held_;

    // Shared; the thread starts with the first event.
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<Event> waiting_;
    std::vector<Event> used_;
    std::exception_ptr failure_;
    bool failed_ = false;
    bool last_ = false;
    double writing_seconds_ = 0.0;
    std::thread thread_;
};

} // namespace mcsurrogate
