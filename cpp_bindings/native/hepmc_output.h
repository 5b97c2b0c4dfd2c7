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
#include "hepmc_record.h"
#include "hepmc_text.h"

namespace mcsurrogate {

// Blanks in names of weights become underscores, because HepMC3 cannot read them back.
class HepmcOutput {
  public:
    HepmcOutput(std::unique_ptr<ByteSink> sink, std::vector<ToolName> tools);
    // Leaves a file without footer; only close() makes it whole.
    ~HepmcOutput();
    HepmcOutput(const HepmcOutput&) = delete;
    HepmcOutput& operator=(const HepmcOutput&) = delete;

    // The event that next() has just made, with its weights, PDFs and cross section. Throws what
    // went wrong with the file, for the events before too.
    void write(Pythia8::Pythia& pythia, double cross_section_error_pb, std::array<int, 2> pdf_sets);
    // An event hadronized on its own: the weights are those of the parton-level event.
    void write(Pythia8::Pythia& pythia, const double* weights,
               const std::vector<std::string>& weight_names);
    // Footer, compression trailer, disk. Throws what went wrong with the file.
    void close();
    // Ends the thread; events that it has not written are lost.
    void stop();

    long events() const { return events_; }
    // In Pythia's thread, and beside it.
    double conversion_seconds() const { return conversion_seconds_; }
    double writing_seconds() const;

  private:
    using Record = std::unique_ptr<HepmcRecord>;

    void open(const std::vector<std::string>& weight_names);
    std::vector<double> shares_with(const std::vector<double>& weights);
    Record blank();
    void hand_over(Record record);
    void work();
    void drain(std::vector<Record> records);
    void rethrow_failure();

    std::unique_ptr<ByteSink> sink_;
    std::vector<ToolName> tools_;
    bool open_ = false;
    long events_ = 0;
    std::vector<double> sums_; // of each weight, over the events so far
    double conversion_seconds_ = 0.0;

    // Of the thread alone.
    HepmcText format_;
    TextBuffer text_;

    // Shared; the thread starts with the first event.
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<Record> waiting_;
    std::vector<Record> used_;
    std::exception_ptr failure_;
    bool failed_ = false;
    bool last_ = false;
    double writing_seconds_ = 0.0;
    std::thread thread_;
};

} // namespace mcsurrogate
