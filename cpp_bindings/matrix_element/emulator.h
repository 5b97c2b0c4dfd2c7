// SPDX-License-Identifier: GPL-3.0-or-later
// A trained emulator of a squared matrix element, evaluated without torch.

#ifndef MCSURROGATE_EMULATOR_H
#define MCSURROGATE_EMULATOR_H

#include <string>
#include <vector>

#include "batch_network.h"
#include "features.h"
#include "network.h"
#include "safetensors.h"

namespace mcsurrogate {

// |M|^2 in GeV^(8 - 2n) with its uncertainty, and whether the point is inside the domain.
struct Prediction {
    double value = 0.;
    double sigma = 0.;
    bool inside = false;
};

// The counterpart of mcsurrogate.emulation.Emulator: the same inputs, antenna skeleton, networks,
// calibration and domain.
class Emulator {
  public:
    // Reads what Emulator.save() wrote, from its file or from its bytes in memory; throws
    // WeightsError.
    static Emulator load(const std::string& path);
    static Emulator parse(const std::string& name, const char* bytes, std::size_t size);

    const std::string& path() const { return path_; }
    const std::string& process() const { return process_; }
    const std::vector<int>& pdgIds() const { return pdgIds_; }
    const std::vector<double>& masses() const { return recipe_.masses(); }
    std::size_t legs() const { return pdgIds_.size(); }
    double alphaS() const { return alphaS_; }
    bool hasPower() const { return hasPower_; }
    int alphaSPower() const { return alphaSPower_; }
    // Electromagnetic coupling of the training; 0 where the file does not tell it.
    double alphaEm() const { return alphaEm_; }

    // Momenta [E, px, py, pz] in GeV, the legs in the order of the process, incoming first, at the
    // coupling of the training. Nothing is checked but the domain; NaN is outside.
    // Uses the object's own work space: one object for each thread.
    Prediction predict(const double* momenta);

    // The same for `count` points in blocks, from any number of threads. With a tolerance above
    // zero returns the index of the first point whose momenta do not balance or are off shell by
    // more than that fraction of the energy or of its square, and `count` if there is none.
    std::size_t predict(const double* momenta, std::size_t count, double tolerance, double* value,
                        double* sigma, unsigned char* inside) const;

  private:
    struct Block;

    explicit Emulator(FeatureRecipe recipe);

    static Emulator of(const SafeTensors& file);
    void readNetworks(const SafeTensors& file);
    void evaluate(Block& block, std::size_t tiles) const;
    double calibrated(double logSigma) const;
    bool insideDomain(const float* inputs, double epistemic) const;

    std::string path_;
    std::string process_;
    std::vector<int> pdgIds_;
    double alphaS_ = 0.;
    bool hasPower_ = false;
    int alphaSPower_ = 0;
    double alphaEm_ = 0.;

    FeatureRecipe recipe_;
    FeatureRecipe::Work<1> work_;
    std::vector<DenseNetwork> networks_;
    std::vector<BatchNetwork> batch_;
    std::vector<float> root_; // (rank, width + 1) of a single network's posterior
    std::size_t rank_ = 0;
    std::size_t width_ = 0;
    std::vector<float> knots_;
    std::vector<float> factors_;
    std::vector<float> lower_;
    std::vector<float> upper_;
    double epistemicLimit_ = 0.;
};

} // namespace mcsurrogate

#endif // MCSURROGATE_EMULATOR_H
