// SPDX-License-Identifier: GPL-3.0-or-later
// From momenta to an emulator's inputs and antenna skeleton, for one point or a block of points.

#ifndef MCSURROGATE_FEATURES_H
#define MCSURROGATE_FEATURES_H

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "batch_network.h"
#include "safetensors.h"

namespace mcsurrogate {

// The counterpart of mcsurrogate.emulation.FeatureMap.
class FeatureRecipe {
  public:
    // Momenta and what is made of them, one number for each of W points in a row.
    template <std::size_t W>
    struct Work {
        struct alignas(W > 1 ? 64 : 8) Row {
            double value[W];
        };
        struct alignas(W > 1 ? 64 : 4) Input {
            float value[W];
        };
        explicit Work(const FeatureRecipe& recipe);

        std::vector<Row> momenta; // (legs, 4)
        std::vector<Row> ratios;  // (pairs): 2 p_i.p_j / s_hat
        std::vector<Row> inverse; // (pairs)
        std::vector<Row> scratch; // (legs)
        std::vector<Input> inputs;
        Row scale; // antenna skeleton over s_hat^(n - 4), in GeV^(8 - 2n)
        Row shat;  // GeV^2
    };

    // Reads the layout that Emulator.save() wrote; throws WeightsError.
    static FeatureRecipe load(const SafeTensors& file);

    std::size_t legs() const { return masses_.size(); }
    std::size_t inputs() const { return pairs_ - 1 + tripleOffsets_.size() + (scaleFree_ ? 0 : 1); }
    const std::vector<double>& masses() const { return masses_; }

    // Momenta of W points, rows (legs, 4) in the order of the process, to inputs and scale.
    // Brings the momenta into canonical order. NaN stays NaN in `shat`.
    void operator()(Work<1>& work) const;
    void operator()(Work<blockPoints>& work) const;

    // For each point the largest violation of momentum balance and of the mass shells, as a
    // fraction of the energy and of its square; NaN where a momentum is not finite.
    void violation(const Work<blockPoints>& work, double* largest) const;

  private:
    friend struct FeatureKernel;

    // A factor of a colour flow: which invariant, and whether it is in the denominator.
    struct Factor {
        std::size_t pair;
        bool inverse;
    };

    std::vector<double> masses_;
    std::size_t pairs_ = 0;
    bool identicalBeams_ = false;
    bool scaleFree_ = false;
    std::vector<std::int32_t> exchanges_;
    std::size_t beamReference_ = 2;
    std::vector<std::int32_t> conjugatePair_; // empty or two legs
    std::vector<std::vector<Factor>> flows_;
    std::vector<double> tripleSigns_; // (triples, pairs)
    std::vector<double> tripleOffsets_;
};

} // namespace mcsurrogate

#endif // MCSURROGATE_FEATURES_H
