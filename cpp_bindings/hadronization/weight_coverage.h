// SPDX-License-Identifier: GPL-3.0-or-later
// How well the events of a run cover what a variation's weights would make of them.

#ifndef MCSURROGATE_WEIGHT_COVERAGE_H
#define MCSURROGATE_WEIGHT_COVERAGE_H

#include <cstdint>
#include <string>

namespace mcsurrogate {

// Weights of one variation, event by event.
struct WeightStream {
    std::string name;
    std::int64_t events = 0;
    double sum = 0.;
    double squares = 0.;
    double largest = 0.;
    // Draws that the variation cannot make, or that have no density under one of both models.
    std::int64_t draws = 0;
    std::int64_t outside = 0;

    void add(double weight);
    WeightStream& operator+=(const WeightStream& other);

    // Events that as many unweighted ones are worth, (sum w)^2 / sum w^2.
    double effectiveEvents() const;
    // What is wrong with the coverage, empty where nothing is: fewer effective events than a third,
    // more than 1% of the draws outside, or a mean weight that is not 1. Asked for from 100 events
    // on.
    std::string fault() const;
};

} // namespace mcsurrogate

#endif // MCSURROGATE_WEIGHT_COVERAGE_H
