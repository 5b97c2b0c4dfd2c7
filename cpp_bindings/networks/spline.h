// SPDX-License-Identifier: GPL-3.0-or-later
// A monotone rational-quadratic spline of the unit interval onto itself, used as a cumulative
// distribution (Durkan et al., arXiv:1906.04032, eqs. 4 to 8).

#ifndef MCSURROGATE_SPLINE_H
#define MCSURROGATE_SPLINE_H

#include <cstddef>
#include <vector>

namespace mcsurrogate {

// Bins and knots come from 3 K + 1 network outputs: K logits of widths, K logits of heights and
// K + 1 raw derivatives. Each width and height is at least `minimumBin`; a derivative is
// minimumSlope + (x + sqrt(x^2 + 4)) / 2, positive and smooth without a logarithm.
class UnitSpline {
  public:
    static constexpr float minimumBin = 1e-5f;
    static constexpr float minimumSlope = 1e-4f;

    explicit UnitSpline(std::size_t bins)
        : bins_(bins), raw_(2 * bins), left_(bins + 1), low_(bins + 1), slope_(bins + 1) {}

    // Set the knots from the network's outputs.
    void set(const float* outputs);

    // Point where the cumulative distribution is `u`; log of the density there on request.
    double inverse(double u, double* logDensity = nullptr) const;

    // Log of the density at `x`.
    double logDensity(double x) const;

  private:
    double logDensityInBin(std::size_t bin, double xi) const;

    std::size_t bins_;
    std::vector<float> raw_;
    std::vector<double> left_;  // knots in x
    std::vector<double> low_;   // knots in the cumulative distribution
    std::vector<double> slope_; // density at the knots
};

} // namespace mcsurrogate

#endif // MCSURROGATE_SPLINE_H
