// SPDX-License-Identifier: GPL-3.0-or-later
#include "weight_coverage.h"

#include <algorithm>
#include <cmath>
#include <sstream>

namespace mcsurrogate {

namespace {

constexpr std::int64_t fewestEvents = 100;
constexpr double smallestEffectiveShare = 1. / 3.;
constexpr double largestOutsideShare = 0.01;
// Of the mean weight: a relative slack, and standard deviations.
constexpr double slack = 0.01;
constexpr double standardDeviations = 4.;

} // namespace

void WeightStream::add(double weight) {
    ++events;
    sum += weight;
    squares += weight * weight;
    largest = std::max(largest, weight);
}

WeightStream& WeightStream::operator+=(const WeightStream& other) {
    events += other.events;
    sum += other.sum;
    squares += other.squares;
    largest = std::max(largest, other.largest);
    draws += other.draws;
    outside += other.outside;
    return *this;
}

double WeightStream::effectiveEvents() const {
    return squares > 0. ? sum * sum / squares : 0.;
}

std::string WeightStream::fault() const {
    if (events < fewestEvents)
        return "";
    const auto count = static_cast<double>(events);
    const double mean = sum / count;
    const double error = std::sqrt(std::max(squares / count - mean * mean, 0.) / count);
    std::ostringstream text;
    if (!(effectiveEvents() >= smallestEffectiveShare * count))
        text << events << " events count for " << effectiveEvents() << " (largest weight "
             << largest << ")";
    else if (static_cast<double>(outside) > largestOutsideShare * static_cast<double>(draws))
        text << outside << " of " << draws << " draws are outside its support";
    else if (!(std::abs(mean - 1.) <= slack + standardDeviations * error))
        text << "the mean weight is " << mean << " +- " << error << " instead of 1";
    return text.str();
}

} // namespace mcsurrogate
