// SPDX-License-Identifier: GPL-3.0-or-later
#include "hepmc_output.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "failures.h"
#include "memory_lhaup.h"
#include "stopwatch.h"

namespace mcsurrogate {

namespace {

constexpr std::size_t most_waiting = 64; // some ten megabytes of events of a hadron collider
constexpr std::size_t block = 1 << 20;

// HepMC3 splits its lines of names at blanks and at backslash-bar.
std::string without(std::string text, const char* characters) {
    for (char& character : text)
        if (std::strchr(characters, character) != nullptr)
            character = '_';
    return text;
}

} // namespace

std::vector<std::string> names_in_file(const std::vector<std::string>& weight_names) {
    std::vector<std::string> names;
    for (const std::string& name : weight_names) {
        names.push_back(without(name, " \t\n\r\\|"));
        if (std::find(names.begin(), names.end() - 1, names.back()) != names.end() - 1)
            throw FileFailure("HepMC3 needs different names of weights; '" + names.back() +
                              "' comes twice (blanks become _, and 'Weight' is the nominal one): "
                              "rename it in the hard events");
    }
    return names;
}

HepmcOutput::HepmcOutput(std::unique_ptr<ByteSink> sink, std::vector<ToolName> tools, bool piece)
    : sink_(std::move(sink)), tools_(std::move(tools)), piece_(piece) {
    for (ToolName& tool : tools_)
        tool.description = without(tool.description, "\\|\n\r");
}

HepmcOutput::~HepmcOutput() {
    stop();
}

// The names are known with the first event.
void HepmcOutput::open(const std::vector<std::string>& weight_names) {
    const std::vector<std::string> names = names_in_file(weight_names);
    if (!piece_)
        text_.add(hepmc_head(names, tools_));
    open_ = true;
    thread_ = std::thread([this] { work(); });
}

void HepmcOutput::write(Pythia8::Pythia& pythia, double cross_section_error_pb,
                        std::array<int, 2> pdf_sets) {
    Stopwatch watch;
    if (!open_)
        open(restored(pythia.info.weightNameVector()));
    Event event = blank();
    event->record.copy(pythia);
    event->record.copy_process(pythia, cross_section_error_pb, pdf_sets);
    event->record.process->shares = shares_with(event->record.weights);
    conversion_seconds_ += watch.lap();
    hand_over(std::move(event));
}

void HepmcOutput::write(Event event, const std::vector<std::string>& weight_names) {
    if (!open_)
        open(weight_names);
    event->record.process->shares = shares_with(event->record.weights);
    hand_over(std::move(event));
}

void HepmcOutput::write(Pythia8::Pythia& pythia, const double* weights,
                        const std::vector<std::string>& weight_names) {
    Stopwatch watch;
    if (!open_)
        open(weight_names);
    Event event = blank();
    event->record.copy(pythia);
    event->record.process.reset();
    event->record.weights.assign(weights, weights + weight_names.size());
    conversion_seconds_ += watch.lap();
    hand_over(std::move(event));
}

// Cross sections under all weights so far: those of other scales and densities are others.
std::vector<double> HepmcOutput::shares_with(const std::vector<double>& weights) {
    sums_.resize(weights.size());
    std::vector<double> shares(weights.size(), 1.0);
    for (std::size_t i = 0; i < weights.size(); ++i)
        sums_[i] += weights[i];
    for (std::size_t i = 1; i < weights.size() && sums_[0] != 0.0; ++i)
        shares[i] = sums_[i] / sums_[0];
    return shares;
}

HepmcOutput::Event HepmcOutput::blank() {
    const std::lock_guard lock(mutex_);
    if (used_.empty())
        return std::make_unique<HepmcEvent>();
    Event event = std::move(used_.back());
    used_.pop_back();
    event->linked = false;
    return event;
}

void HepmcOutput::hand_over(Event event) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return waiting_.size() < most_waiting || failed_; });
    rethrow_failure();
    const long number = events_++;
    if (!piece_) // the numbers of a piece are those of the whole
        event->record.number = number;
    waiting_.push_back(std::move(event));
    changed_.notify_all();
}

// With the mutex held, or without the thread. A Python exception can be thrown only once.
void HepmcOutput::rethrow_failure() {
    if (failure_)
        std::rethrow_exception(std::exchange(failure_, nullptr));
    if (failed_)
        throw FileFailure("the file could not be written to its end");
}

void HepmcOutput::work() {
    while (true) {
        std::vector<Event> events;
        {
            std::unique_lock lock(mutex_);
            changed_.wait(lock, [this] { return !waiting_.empty() || last_; });
            if (waiting_.empty() || failed_)
                return;
            events.swap(waiting_);
            changed_.notify_all();
        }
        try {
            drain(std::move(events));
        } catch (...) {
            const std::lock_guard lock(mutex_);
            failure_ = std::current_exception();
            failed_ = true;
            changed_.notify_all();
            return;
        }
    }
}

void HepmcOutput::drain(std::vector<Event> events) {
    Stopwatch watch;
    for (const Event& event : events) {
        event->link();
        last_begin_ = text_.size();
        format_.append(text_, event->record, event->graph);
        if (text_.size() >= block)
            flush();
    }
    const std::lock_guard lock(mutex_);
    writing_seconds_ += watch.lap();
    for (Event& event : events)
        if (used_.size() < most_waiting)
            used_.push_back(std::move(event));
}

// To the sink; the last event of a piece stays.
void HepmcOutput::flush() {
    const std::size_t size = piece_ ? last_begin_ : text_.size();
    sink_->write(text_.view().data(), size);
    const std::string rest(text_.view().substr(size));
    text_.clear();
    text_.add(rest);
    last_begin_ = 0;
}

double HepmcOutput::writing_seconds() const {
    const std::lock_guard lock(mutex_);
    return writing_seconds_;
}

void HepmcOutput::stop() {
    {
        const std::lock_guard lock(mutex_);
        last_ = true;
        changed_.notify_all();
    }
    if (thread_.joinable())
        thread_.join();
}

void HepmcOutput::close() {
    if (!open_)
        open({"Weight"}); // a file without events is a valid file, too
    stop();
    Stopwatch watch;
    rethrow_failure();
    failed_ = true; // unless all of the following goes well
    if (!piece_)
        text_.add(hepmc_foot());
    flush();
    held_ = text_.view();
    sink_->finish();
    failed_ = false;
    const std::lock_guard lock(mutex_);
    writing_seconds_ += watch.lap();
}

} // namespace mcsurrogate
