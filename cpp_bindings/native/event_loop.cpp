// SPDX-License-Identifier: GPL-3.0-or-later
#include "event_loop.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "failures.h"
#include "jet_matching.h"
#include "stopwatch.h"

namespace mcsurrogate {

namespace {

constexpr int external_process_code = 9999; // SigmaLHAProcess::code()

// LHAPDF numbers (lhapdf.hepforge.org) of sets that Pythia brings, by its setting PDF:pSet.
constexpr std::array<std::pair<const char*, int>, 5> shipped_sets{{
    {"13", 247000}, // NNPDF23_lo_as_0130_qed
    {"14", 246800}, // NNPDF23_lo_as_0119_qed
    {"17", 315200}, // NNPDF31_lo_as_0130
    {"18", 315000}, // NNPDF31_lo_as_0118
    {"20", 325100}, // NNPDF31_nnlo_as_0118_luxqed
}};

// Of Pythia's own hard processes; 0 where nothing tells them.
std::array<int, 2> own_pdf_sets(Pythia8::Pythia& pythia) {
    constexpr int proton = 2212;
    const auto word = [&pythia](const char* key, const std::string& otherwise) {
        const std::string own = pythia.settings.word(key);
        return own == "void" ? otherwise : own;
    };
    const bool hard = pythia.settings.flag("PDF:useHard");
    const std::string usual = pythia.settings.word("PDF:pSet");
    const std::string first = hard ? word("PDF:pHardSet", usual) : usual;
    const std::string second = word(hard ? "PDF:pHardSetB" : "PDF:pSetB", first);
    const auto number = [](const std::string& wanted, int beam) {
        for (const auto& [name, known] : shipped_sets)
            if (std::abs(beam) == proton && wanted == name)
                return known;
        return 0;
    };
    return {number(first, pythia.info.idA()), number(second, pythia.info.idB())};
}

} // namespace

EventLoop::EventLoop(std::unique_ptr<PythiaSession> session, std::shared_ptr<MemoryLhaup> source,
                     bool may_veto, Keep keep)
    : session_(std::move(session)), source_(std::move(source)), may_veto_(may_veto), keep_(keep) {
    Pythia8::Pythia& pythia = session_->pythia();
    if (source_) {
        pythia.settings.mode("Beams:frameType", 5);
        pythia.setLHAupPtr(source_);
    }
    if (const auto matching = jet_matching(pythia.settings))
        pythia.addUserHooksPtr(matching);
    if (keep_.parton_level) {
        snapshot_ = std::make_shared<PartonSnapshot>();
        pythia.addUserHooksPtr(snapshot_);
    }
    session_->init();
    if (source_)
        source_->rethrow_failure();
}

bool EventLoop::next_event() {
    Pythia8::Pythia& pythia = session_->pythia();
    while (!exhausted_) {
        if (snapshot_)
            snapshot_->clear();
        const bool made = pythia.next();
        if (source_) {
            source_->rethrow_failure();
            count_given(pythia.info.atEndOfFile() && !made ? 0 : 1);
        }
        if (made)
            return true;
        if (pythia.info.atEndOfFile()) {
            exhausted_ = true;
            return false;
        }
        failures_.add(*session_, done_);
    }
    return false;
}

// Of the hard events that Pythia took since the last call, so many became an event or a failure.
void EventLoop::count_given(long used) {
    const long left_out = source_->given() - given_ - used;
    if (left_out > 0 && !source_->unweights() && !may_veto_)
        throw PythiaFailure("Pythia left out hard event " + std::to_string(given_ + 1) +
                            " without making or failing it. " + session_->words());
    given_ = source_->given();
    left_out_ += left_out;
}

double EventLoop::cross_section_error_pb() const {
    const double of_rate = rate_error_pb();
    if (of_rate > 0.0 && session_->counts().accepted <= 1)
        return of_rate; // Pythia gives the whole cross section as the error of one event
    return std::hypot(statistical_error_pb(), of_rate);
}

bool EventLoop::told_rate() const {
    return source_ && std::abs(source_->strategy()) == 3;
}

double EventLoop::statistical_error_pb() const {
    const RunCounts counts = session_->counts();
    if (!told_rate())
        return counts.cross_section_error_pb;
    // Pythia multiplies the cross section of the init block by the mean weight, 1, -1 or 0 (left
    // out), and gives the error of the init block alone.
    const double rate = source_->xSecSum();
    if (counts.tried == 0 || rate == 0.0)
        return 0.0;
    const double tried = static_cast<double>(counts.tried);
    const double mean = counts.cross_section_pb / rate;
    const double variance = static_cast<double>(counts.accepted) / tried - mean * mean;
    return std::abs(rate) * std::sqrt(std::max(variance, 0.0) / tried);
}

double EventLoop::rate_error_pb() const {
    if (told_rate() && session_->counts().accepted > 1)
        return session_->counts().cross_section_error_pb;
    return source_ ? source_->xErrSum() : 0.0;
}

std::array<int, 2> EventLoop::pdf_sets() const {
    return source_ ? source_->pdf_sets() : own_pdf_sets(session_->pythia());
}

EventBatch EventLoop::run(long events, HepmcOutput* output, const Poll& poll) {
    EventBatch batch;
    if (keep_.hard_process)
        batch.hard_process.emplace();
    if (keep_.parton_level)
        batch.parton_level.emplace();
    if (keep_.record)
        batch.record.emplace();
    batch.particles.reserve_like(static_cast<std::size_t>(events), previous_particles_,
                                 weight_names_.size());
    for (long i = 0; i < events; ++i) {
        Stopwatch watch;
        if (!next_event())
            break;
        seconds_.events += watch.lap();
        keep_event(batch);
        seconds_.arrays += watch.lap();
        if (output != nullptr)
            output->write(session_->pythia(), cross_section_error_pb(), pdf_sets());
        ++done_;
        if (timer_.due())
            poll(done_);
    }
    previous_particles_ = batch.particles.pdg_id.size() * 9 / 8;
    return batch;
}

HepmcColumns EventLoop::run_columns(long events, std::size_t particles, long first_number,
                                    HepmcOutput* output, const Poll& poll) {
    HepmcCollector collector;
    for (long i = 0; i < events && collector.particles() < particles; ++i) {
        Stopwatch watch;
        if (!next_event())
            break;
        seconds_.events += watch.lap();
        auto event = output != nullptr ? output->blank() : std::make_unique<HepmcEvent>();
        event->record.copy(session_->pythia());
        event->record.copy_process(session_->pythia(), cross_section_error_pb(), pdf_sets());
        event->record.number = first_number + done_;
        check_weights(event->record.weights.size());
        event->link();
        collector.append(*event);
        seconds_.arrays += watch.lap();
        if (output != nullptr)
            output->write(std::move(event), weight_names_);
        ++done_;
        if (timer_.due())
            poll(done_);
    }
    return collector.take();
}

void EventLoop::keep_event(EventBatch& batch) {
    const Pythia8::Pythia& pythia = session_->pythia();
    batch.particles.append_particles(pythia.event);
    batch.particles.scale.push_back(pythia.event.scale());
    // Pythia counts all hard events from outside as one process with the sample's own code below.
    const bool external = pythia.info.code() == external_process_code;
    batch.particles.process_code.push_back(external ? pythia.info.codeSub() : pythia.info.code());
    append_weights(batch.particles);
    if (batch.hard_process)
        batch.hard_process->append(pythia.process);
    if (batch.parton_level)
        batch.parton_level->append(snapshot_->partons(pythia.event));
    if (batch.record)
        batch.record->append(pythia.event);
}

void EventLoop::append_weights(ParticleColumns& columns) {
    const Pythia8::Info& info = session_->pythia().info;
    const std::vector<double> weights = info.weightContainerPtr->weightValueVector();
    check_weights(weights.size());
    columns.weights.insert(columns.weights.end(), weights.begin(), weights.end());
}

void EventLoop::check_weights(std::size_t weights) {
    if (done_ == 0)
        weight_names_ = restored(session_->pythia().info.weightNameVector());
    if (weights != weight_names_.size())
        throw PythiaFailure("event " + std::to_string(done_ + 1) + " has " +
                            std::to_string(weights) + " weights, the first one had " +
                            std::to_string(weight_names_.size()) +
                            "; every hard event of a run needs the same named weights");
}

void EventLoop::run_bare(long events) {
    Pythia8::Pythia& pythia = session_->pythia();
    for (long i = 0; i < events; ++i)
        pythia.next();
}

TimedText EventLoop::run_hepmc(long events, bool official) {
    if (official) {
        OfficialHepmc output;
        for (long i = 0; i < events && next_event(); ++i)
            output.append(session_->pythia(), cross_section_error_pb());
        return output.finish();
    }
    TimedText timed;
    HepmcEvent event;
    HepmcText format;
    TextBuffer text;
    for (long i = 0; i < events && next_event(); ++i) {
        if (i == 0)
            text.add(hepmc_head(session_->pythia().info.weightNameVector(), {}));
        const double start = thread_cpu_seconds();
        event.linked = false;
        event.record.number = i;
        event.record.copy(session_->pythia());
        event.record.copy_process(session_->pythia(), cross_section_error_pb(), pdf_sets());
        const double copied = thread_cpu_seconds();
        event.link();
        format.append(text, event.record, event.graph);
        timed.conversion_seconds += copied - start;
        timed.writing_seconds += thread_cpu_seconds() - copied;
    }
    text.add(hepmc_foot());
    timed.text = text.view();
    return timed;
}

} // namespace mcsurrogate
