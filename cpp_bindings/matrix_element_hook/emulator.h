// A trained emulator of a squared matrix element, evaluated without torch.

#ifndef MCSURROGATE_EMULATOR_H
#define MCSURROGATE_EMULATOR_H

#include <array>
#include <cstdint>
#include <string>
#include <vector>

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
// calibration and domain. Holds its own work space: one object for each thread.
class Emulator {
  public:
    // Reads what Emulator.save() wrote; throws WeightsError.
    static Emulator load(const std::string& path);

    const std::string& path() const { return path_; }
    const std::string& process() const { return process_; }
    const std::vector<int>& pdgIds() const { return pdgIds_; }
    const std::vector<double>& masses() const { return masses_; }
    std::size_t legs() const { return pdgIds_.size(); }
    double alphaS() const { return alphaS_; }
    bool hasPower() const { return hasPower_; }
    int alphaSPower() const { return alphaSPower_; }

    // Momenta [E, px, py, pz] in GeV, the legs in the order of the process, incoming first, at the
    // coupling of the training. Nothing is checked but the domain; NaN is outside.
    Prediction predict(const double* momenta);

  private:
    struct Features {
        double logShat;
        double logSkeleton;
    };

    void readLayout(const SafeTensors& file);
    void readNetworks(const SafeTensors& file);
    void sortLegs();
    Features makeInputs();
    double calibrated(double logSigma) const;
    bool insideDomain(double epistemic) const;
    double dot(std::size_t first, std::size_t second) const;

    std::string path_;
    std::string process_;
    std::vector<int> pdgIds_;
    std::vector<double> masses_;
    double alphaS_ = 0.;
    bool hasPower_ = false;
    int alphaSPower_ = 0;

    std::size_t pairs_ = 0;
    bool identicalBeams_ = false;
    bool scaleFree_ = false;
    std::vector<std::int32_t> exchanges_;
    std::vector<float> flowPowers_;
    std::size_t flows_ = 0;
    std::vector<float> tripleSigns_;
    std::vector<double> tripleOffsets_;

    std::vector<DenseNetwork> networks_;
    std::vector<float> root_; // (rank, width + 1) of a single network's posterior
    std::size_t rank_ = 0;
    std::size_t width_ = 0;
    std::vector<float> knots_;
    std::vector<float> factors_;
    std::vector<float> lower_;
    std::vector<float> upper_;
    double epistemicLimit_ = 0.;

    std::vector<std::array<double, 4>> p_;
    std::vector<double> ratios_;
    std::vector<float> inputs_;
};

} // namespace mcsurrogate

#endif // MCSURROGATE_EMULATOR_H
