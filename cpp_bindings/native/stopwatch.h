// SPDX-License-Identifier: GPL-3.0-or-later
// Time that a step of the run takes.

#pragma once

#include <chrono>
#include <ctime>

namespace mcsurrogate {

// Wall-clock time.
class Stopwatch {
  public:
    using Clock = std::chrono::steady_clock;

    Stopwatch() : start_(Clock::now()) {}
    double seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }
    // Seconds since the start or the last lap.
    double lap() {
        const Clock::time_point now = Clock::now();
        const double seconds = std::chrono::duration<double>(now - start_).count();
        start_ = now;
        return seconds;
    }

  private:
    Clock::time_point start_;
};

// CPU time of the calling thread, for benchmarks on busy machines.
inline double thread_cpu_seconds() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

} // namespace mcsurrogate
