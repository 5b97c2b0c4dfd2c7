// SPDX-License-Identifier: GPL-3.0-or-later
#include "pythia_session.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <sstream>

#include "console_capture.h"
#include "failures.h"
#include "stopwatch.h"

namespace mcsurrogate {

namespace {

constexpr double pb_per_mb = 1e9;

// Runs a step of Pythia and hands back what it printed; prints as usual when verbose.
template <typename Step>
std::pair<bool, std::string> listen(bool verbose, Step&& step) {
    if (verbose)
        return {step(), {}};
    ConsoleCapture capture;
    const bool passed = step();
    return {passed, capture.text()};
}

} // namespace

PythiaSession::PythiaSession(bool verbose) : verbose_(verbose) {
    const Stopwatch watch;
    auto [passed, printed] = listen(verbose_, [this] {
        pythia_ = std::make_unique<Pythia8::Pythia>("../share/Pythia8/xmldoc", verbose_);
        return pythia_->settings.getIsInit() && pythia_->particleData.getIsInit();
    });
    if (!passed)
        throw PythiaFailure("Pythia cannot read its own data files (xmldoc); reinstall it, or set "
                            "PYTHIA8DATA to its xmldoc folder. Pythia says: " +
                            complaints(printed));
    if (!verbose_)
        pythia_->readString("Print:quiet = on");
    // Named weights of the hard process keep the names they came with.
    pythia_->settings.word("Weights:prefix", "");
    init_seconds_ = watch.seconds();
}

void PythiaSession::read(const std::string& line) {
    reject_unclear_switch(line);
    auto [passed, printed] = listen(verbose_, [&] { return pythia_->readString(line); });
    if (!passed)
        throw PythiaFailure("Pythia refuses the setting '" + line +
                            "'. Pythia says: " + complaints(printed));
}

void PythiaSession::reject_unclear_switch(const std::string& line) const {
    // Pythia reads every word that it does not know as "off", a typing error included.
    std::string text = line;
    std::replace(text.begin(), text.end(), '=', ' ');
    std::istringstream words(text);
    std::string key;
    std::string value;
    if (!(words >> key >> value) || !pythia_->settings.isFlag(key))
        return;
    std::transform(value.begin(), value.end(), value.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    static const std::array<std::string, 10> known{"on", "off", "true", "false", "yes",
                                                   "no", "1",   "0",    "ok",    "default"};
    if (value != "?" && std::find(known.begin(), known.end(), value) == known.end())
        throw PythiaFailure("Pythia setting '" + line + "': '" + value +
                            "' is neither on nor off; write 'on' or 'off'");
}

void PythiaSession::seed(int value) {
    pythia_->settings.flag("Random:setSeed", true);
    pythia_->settings.mode("Random:seed", value);
}

void PythiaSession::init() {
    const Stopwatch watch;
    // Print:quiet also hides the details of errors; with the console diverted Pythia may speak.
    Pythia8::Settings& settings = pythia_->settings;
    const bool divert = !verbose_ && settings.flag("Print:quiet");
    if (divert) {
        settings.flag("Print:quiet", false);
        for (const char* table : {"Init:showProcesses", "Init:showMultipartonInteractions",
                                  "Init:showChangedSettings", "Init:showChangedParticleData"})
            settings.flag(table, false);
        settings.flag("Print:errors", true);
        settings.flag("Print:init", false);
        settings.mode("Next:numberCount", 0);
        for (const char* listing : {"Next:numberShowLHA", "Next:numberShowInfo",
                                    "Next:numberShowProcess", "Next:numberShowEvent"})
            settings.mode(listing, 0);
    }
    auto [passed, printed] = listen(!divert, [this] { return pythia_->init(); });
    if (!passed)
        throw PythiaFailure("Pythia cannot be initialised with these settings. Pythia says: " +
                            complaints(printed));
    if (divert) {
        settings.flag("Print:quiet", true);
        pythia_->logger.init(settings);
    }
    init_seconds_ += watch.seconds();
}

std::string PythiaSession::complaints(const std::string& printed) const {
    if (!printed.empty())
        return printed;
    std::string text;
    for (const auto& [message, times] : messages())
        text += (text.empty() ? "" : "; ") + message;
    return text.empty() ? "nothing" : text;
}

RunCounts PythiaSession::counts() const {
    const Pythia8::Info& info = pythia_->info;
    RunCounts counts;
    counts.cross_section_pb = info.sigmaGen() * pb_per_mb;
    counts.cross_section_error_pb = info.sigmaErr() * pb_per_mb;
    counts.tried = info.nTried();
    counts.selected = info.nSelected();
    counts.accepted = info.nAccepted();
    return counts;
}

std::map<std::string, int> PythiaSession::messages() const {
    std::map<std::string, int> found;
    const Pythia8::Logger& logger = pythia_->logger;
    for (auto entry = logger.begin(); entry != logger.end(); ++entry)
        found.emplace(entry->first, entry->second);
    return found;
}

} // namespace mcsurrogate
