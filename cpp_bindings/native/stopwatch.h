// Wall-clock time of a step of the run.

#pragma once

#include <chrono>

namespace mcsurrogate {

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

} // namespace mcsurrogate
