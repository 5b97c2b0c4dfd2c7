// SPDX-License-Identifier: GPL-3.0-or-later
#include "spline.h"

#include <algorithm>
#include <cmath>

#include "network.h"

namespace mcsurrogate {

void UnitSpline::set(const float* outputs) {
    std::copy(outputs, outputs + 2 * bins_, raw_.begin());
    softmax(raw_.data(), bins_);
    softmax(raw_.data() + bins_, bins_);
    const float scale = 1.f - static_cast<float>(bins_) * minimumBin;
    double x = 0.;
    double y = 0.;
    for (std::size_t k = 0; k < bins_; ++k) {
        left_[k] = x;
        low_[k] = y;
        x += minimumBin + scale * raw_[k];
        y += minimumBin + scale * raw_[bins_ + k];
    }
    // Rounding in single precision is taken out, so that the interval ends at one exactly.
    for (std::size_t k = 1; k < bins_; ++k) {
        left_[k] /= x;
        low_[k] /= y;
    }
    left_[bins_] = 1.;
    low_[bins_] = 1.;
    for (std::size_t k = 0; k <= bins_; ++k) {
        const float value = outputs[2 * bins_ + k];
        slope_[k] = minimumSlope + 0.5f * (value + std::sqrt(value * value + 4.f));
    }
}

double UnitSpline::logDensityInBin(std::size_t bin, double xi) const {
    const double s = (low_[bin + 1] - low_[bin]) / (left_[bin + 1] - left_[bin]);
    const double rest = 1. - xi;
    const double numerator =
        s * s * (slope_[bin + 1] * xi * xi + 2. * s * xi * rest + slope_[bin] * rest * rest);
    const double denominator = s + (slope_[bin + 1] + slope_[bin] - 2. * s) * xi * rest;
    return std::log(numerator / (denominator * denominator));
}

double UnitSpline::inverse(double u, double* logDensity) const {
    std::size_t bin = 0;
    while (bin + 1 < bins_ && low_[bin + 1] <= u)
        ++bin;
    const double width = left_[bin + 1] - left_[bin];
    const double height = low_[bin + 1] - low_[bin];
    const double s = height / width;
    const double curvature = slope_[bin + 1] + slope_[bin] - 2. * s;
    const double rise = std::min(std::max(u - low_[bin], 0.), height);
    // Equation (8) of the paper, the root in the form without cancellation.
    const double a = height * (s - slope_[bin]) + rise * curvature;
    const double b = height * slope_[bin] - rise * curvature;
    const double c = -s * rise;
    const double xi = 2. * c / (-b - std::sqrt(std::max(b * b - 4. * a * c, 0.)));
    if (logDensity != nullptr)
        *logDensity = logDensityInBin(bin, xi);
    return left_[bin] + xi * width;
}

double UnitSpline::logDensity(double x) const {
    std::size_t bin = 0;
    while (bin + 1 < bins_ && left_[bin + 1] <= x)
        ++bin;
    const double xi = (x - left_[bin]) / (left_[bin + 1] - left_[bin]);
    return logDensityInBin(bin, std::min(std::max(xi, 0.), 1.));
}

} // namespace mcsurrogate
