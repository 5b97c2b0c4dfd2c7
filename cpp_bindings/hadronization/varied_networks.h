// SPDX-License-Identifier: GPL-3.0-or-later
// Networks that a model draws from, and others whose density ratios to them weigh the events.

#ifndef MCSURROGATE_VARIED_NETWORKS_H
#define MCSURROGATE_VARIED_NETWORKS_H

#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "Pythia8/Settings.h"
#include "hadron_model.h"
#include "network_source.h"

namespace mcsurrogate {

// A weights file of this kind of model: a shipped one by its name, any other by its path.
SafeTensors readWeights(const std::string& nameOrPath, const std::string& kind);

// What a density is called that cannot be told, as where a model leaves a draw to Pythia: the draw
// leaves the weight as it is, and is counted.
constexpr double noDensity = std::numeric_limits<double>::quiet_NaN();

// `Networks` is made from a NetworkSource. Where it names draws by numbers of its own, it has to
// follow() the networks that they are drawn from.
template <typename Networks>
class VariedNetworks {
  public:
    explicit VariedNetworks(EventWeights& weights) : weights(weights) {}

    std::unique_ptr<Networks> model;
    std::vector<std::unique_ptr<Networks>> variations;
    EventWeights& weights;
    std::string about; // name and digest of the weights

    // Read what the settings name, `shipped` where they name nothing; returns the file of `model`.
    SafeTensors read(Pythia8::Settings& settings, const std::string& kind,
                     const std::string& shipped) {
        const std::string chosen = settings.word("MCSurrogate:weights");
        SafeTensors file = readWeights(chosen.empty() || chosen == kind ? shipped : chosen, kind);
        model = std::make_unique<Networks>(NetworkSource(file, settings.wvec("MCSurrogate:onnx"),
                                                         settings.word("MCSurrogate:onnxRuntime")));
        about = file.metadata("mcsurrogate.name") + ", SHA-256 " + file.digest();
        // Last, because what is wrong inside says more.
        file.checkCard();
        for (const std::string& variation : settings.wvec("MCSurrogate:variations")) {
            const SafeTensors other = readWeights(variation, kind);
            variations.push_back(std::make_unique<Networks>(NetworkSource(other)));
            other.checkCard();
            if constexpr (requires { model->follow(*model); })
                variations.back()->follow(*model);
            weights.names.push_back("MCSurrogate." + other.metadata("mcsurrogate.name"));
        }
        weights.logarithms.assign(weights.names.size(), 0.);
        weights.outside.assign(weights.names.size(), 0);
        return file;
    }

    // Weigh a draw: `log` gives the logarithm of its density under any of the networks, `nominal`
    // is that under those it was drawn from. A draw that a variation never makes has minus
    // infinity.
    template <typename Log>
    void weigh(double nominal, Log log) {
        ++weights.draws;
        for (std::size_t i = 0; i < variations.size(); ++i) {
            const double ratio = log(*variations[i]) - nominal;
            weights.outside[i] += !std::isfinite(ratio);
            if (!std::isnan(ratio))
                weights.logarithms[i] += ratio;
        }
    }
    template <typename Log>
    void weigh(Log log) {
        if (!variations.empty())
            weigh(log(*model), log);
    }
};

} // namespace mcsurrogate

#endif // MCSURROGATE_VARIED_NETWORKS_H
