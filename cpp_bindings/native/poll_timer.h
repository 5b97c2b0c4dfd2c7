// SPDX-License-Identifier: GPL-3.0-or-later
// Tells a loop when to look up: progress, signals.

#pragma once

#include <chrono>

namespace mcsurrogate {

class PollTimer {
  public:
    using Clock = std::chrono::steady_clock;

    PollTimer() : next_(Clock::now() + interval) {}
    bool due() {
        const Clock::time_point now = Clock::now();
        if (now < next_)
            return false;
        next_ = now + interval;
        return true;
    }

  private:
    static constexpr std::chrono::milliseconds interval{500};
    Clock::time_point next_;
};

} // namespace mcsurrogate
