// SPDX-License-Identifier: GPL-3.0-or-later
// A model of hadronization of one's own, in a library of its own: strings whose hadrons take flat
// fractions of what is left, and an event weight that counts singlets.

#include <fstream>

#include "hadron_model.h"

namespace {

using namespace mcsurrogate;

class FlatZ : public Pythia8::StringZ {
  public:
    double zFrag(int, int, double) override { return rndmPtr->flat(); }
};

class FlatFractions : public HadronModel {
  public:
    void configure(Pythia8::Settings& settings, const Pythia8::ParticleData&) override {
        if (!settings.word("MCSurrogate:weights").empty())
            throw WeightsError("flat_fractions has no weights");
        weights.names = {"singlets"};
        weights.logarithms = {0.};
    }
    Selectors selectors() override {
        Selectors own;
        own.fraction = std::make_unique<FlatZ>();
        return own;
    }
    bool fragment(const Pythia8::ColSinglet&, Pythia8::Event&) override {
        ++singlets_;
        weights.logarithms[0] += 0.5;
        return false;
    }
    void startRecording(Pythia8::Settings&) override {}
    void writeRecording(const std::string& path) const override {
        std::ofstream(path) << singlets_ << "\n";
    }
    std::vector<ModelCount> report() const override {
        return {{"singlets", singlets_, singlets_}};
    }

  private:
    std::int64_t singlets_ = 0;
};

const HadronModelRegistration registration("flat_fractions", newModel<FlatFractions>);

} // namespace
