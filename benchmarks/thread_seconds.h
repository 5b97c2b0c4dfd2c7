// SPDX-License-Identifier: GPL-3.0-or-later
// Clock of the benchmarks.
#pragma once

#include <ctime>

/// Processor seconds of this thread.
inline double seconds() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}
