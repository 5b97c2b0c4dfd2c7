// SPDX-License-Identifier: GPL-3.0-or-later
// Pythia's string fragmentation, with its own draws or with those of networks.

#include "hadron_model.h"
#include "string_breaks.h"

namespace mcsurrogate {

using namespace Pythia8;

namespace {

void refuseBeyondTraining(Settings& settings) {
    if (settings.flag("MCSurrogate:beyondTraining"))
        throw WeightsError("MCSurrogate:beyondTraining = on is for the model clusters");
}

// Pythia's own draws, for comparisons and to be recorded.
class LundHadronizer : public HadronModel {
  public:
    void configure(Settings& settings, const ParticleData&) override {
        for (const char* key : {"MCSurrogate:onnx", "MCSurrogate:variations"})
            if (!settings.wvec(key).empty())
                throw WeightsError(std::string(key) +
                                   " is for models of networks, and the model lund has none");
        if (!settings.word("MCSurrogate:weights").empty())
            throw WeightsError("MCSurrogate:weights are of networks, and the model lund has none");
        refuseBeyondTraining(settings);
    }

    void startRecording(Settings& settings) override {
        breaks_.repeats = settings.mode("MCSurrogate:recordRepeats");
        if (settings.flag("MCSurrogate:recordEvents"))
            breaks_.recorder = std::make_unique<BreakHistory>();
        else
            breaks_.recorder =
                std::make_unique<BreakTables>(settings.mode("MCSurrogate:recordMax"));
        if (breaks_.repeats > 0 &&
            (!breaks_.variations.empty() || settings.flag("MCSurrogate:recordEvents")))
            throw WeightsError("MCSurrogate:recordRepeats cannot be combined with variations, nor "
                               "with MCSurrogate:recordEvents = on");
    }
    void beginEvent(const Event& event) override {
        if (breaks_.recorder)
            breaks_.recorder->begin(checksumOf(event), labelOf(event));
    }
    void dropEvent() override {
        if (breaks_.recorder)
            breaks_.recorder->drop();
    }
    void writeRecording(const std::string& path) const override { breaks_.recorder->write(path); }

    bool isPythiasOwn() const override { return true; }
    bool drawsForStrings() const override { return true; }

    Selectors selectors() override {
        return {std::make_unique<SurrogateFlav>(breaks_), std::make_unique<SurrogatePT>(breaks_),
                std::make_unique<SurrogateZ>(breaks_)};
    }

    std::vector<ModelCount> report() const override {
        const auto line = [&](const char* name, const StringBreaks::Count& count) {
            return ModelCount{name, count.calls, breaks_.model ? count.fallbacks : count.calls};
        };
        return {line("flavours", breaks_.picks), line("hadrons", breaks_.hadrons),
                line("transverse momenta", breaks_.transverse),
                line("fractions z", breaks_.fractions)};
    }

  protected:
    StringBreaks breaks_{weights};
};

class StringBreakHadronizer : public LundHadronizer {
  public:
    void configure(Settings& settings, const ParticleData&) override {
        breaks_.read(settings, "string_breaks", "string_breaks_monash");
        refuseBeyondTraining(settings);
    }
    std::string weightsRead() const override { return breaks_.about; }
    bool isPythiasOwn() const override { return false; }
};

const HadronModelRegistration lund("lund", newModel<LundHadronizer>);
const HadronModelRegistration breaks("string_breaks", newModel<StringBreakHadronizer>);

} // namespace

} // namespace mcsurrogate
