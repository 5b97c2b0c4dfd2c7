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

HepmcOutput::HepmcOutput(std::unique_ptr<ByteSink> sink, std::vector<ToolName> tools)
    : sink_(std::move(sink)), tools_(std::move(tools)) {
    for (ToolName& tool : tools_)
        tool.description = without(tool.description, "\\|\n\r");
}

HepmcOutput::~HepmcOutput() {
    stop();
}

// The names are known with the first event.
void HepmcOutput::open(const std::vector<std::string>& weight_names) {
    std::vector<std::string> names;
    for (const std::string& name : weight_names) {
        names.push_back(without(name, " \t\n\r\\|"));
        if (std::find(names.begin(), names.end() - 1, names.back()) != names.end() - 1)
            throw FileFailure("HepMC3 needs different names of weights; '" + names.back() +
                              "' comes twice (blanks become _, and 'Weight' is the nominal one): "
                              "rename it in the hard events");
    }
    text_.add(hepmc_head(names, tools_));
    open_ = true;
    thread_ = std::thread([this] { work(); });
}

void HepmcOutput::write(Pythia8::Pythia& pythia, double cross_section_error_pb,
                        std::array<int, 2> pdf_sets) {
    Stopwatch watch;
    if (!open_)
        open(restored(pythia.info.weightNameVector()));
    Record record = blank();
    record->copy(pythia);
    record->copy_process(pythia, cross_section_error_pb, pdf_sets);
    record->process->shares = shares_with(record->weights);
    conversion_seconds_ += watch.lap();
    hand_over(std::move(record));
}

void HepmcOutput::write(Pythia8::Pythia& pythia, const double* weights,
                        const std::vector<std::string>& weight_names) {
    Stopwatch watch;
    if (!open_)
        open(weight_names);
    Record record = blank();
    record->copy(pythia);
    record->process.reset();
    record->weights.assign(weights, weights + weight_names.size());
    conversion_seconds_ += watch.lap();
    hand_over(std::move(record));
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

HepmcOutput::Record HepmcOutput::blank() {
    const std::lock_guard lock(mutex_);
    if (used_.empty())
        return std::make_unique<HepmcRecord>();
    Record record = std::move(used_.back());
    used_.pop_back();
    return record;
}

void HepmcOutput::hand_over(Record record) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return waiting_.size() < most_waiting || failed_; });
    rethrow_failure();
    record->number = events_++;
    waiting_.push_back(std::move(record));
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
        std::vector<Record> records;
        {
            std::unique_lock lock(mutex_);
            changed_.wait(lock, [this] { return !waiting_.empty() || last_; });
            if (waiting_.empty() || failed_)
                return;
            records.swap(waiting_);
            changed_.notify_all();
        }
        try {
            drain(std::move(records));
        } catch (...) {
            const std::lock_guard lock(mutex_);
            failure_ = std::current_exception();
            failed_ = true;
            changed_.notify_all();
            return;
        }
    }
}

void HepmcOutput::drain(std::vector<Record> records) {
    Stopwatch watch;
    for (const Record& record : records) {
        format_.append(text_, *record);
        if (text_.size() >= block) {
            sink_->write(text_.view().data(), text_.size());
            text_.clear();
        }
    }
    const std::lock_guard lock(mutex_);
    writing_seconds_ += watch.lap();
    for (Record& record : records)
        if (used_.size() < most_waiting)
            used_.push_back(std::move(record));
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
    text_.add(hepmc_foot());
    sink_->write(text_.view().data(), text_.size());
    sink_->finish();
    failed_ = false;
    const std::lock_guard lock(mutex_);
    writing_seconds_ += watch.lap();
}

} // namespace mcsurrogate
