// SPDX-License-Identifier: GPL-3.0-or-later
#include "failure_count.h"

#include "failures.h"

namespace mcsurrogate {

void FailureCount::add(const PythiaSession& session, long done) {
    constexpr double allowed_at_start = 10.0; // Pythia's own Main:timesAllowErrors
    constexpr double allowed_fraction = 0.01;
    ++failed_;
    const long tried = done + failed_;
    if (static_cast<double>(failed_) <= allowed_at_start + allowed_fraction * tried)
        return;
    std::string messages;
    for (const auto& [message, times] : session.messages())
        messages += "; " + std::to_string(times) + " times: " + message;
    throw PythiaFailure(std::to_string(failed_) + " of " + std::to_string(tried) +
                        " events failed; check the settings and the events that were handed in" +
                        messages);
}

} // namespace mcsurrogate
