// SPDX-License-Identifier: GPL-3.0-or-later
// The plugin class: hadronization by trained networks in any Pythia 8 run.

#ifndef MCSURROGATE_SURROGATE_HADRONIZATION_H
#define MCSURROGATE_SURROGATE_HADRONIZATION_H

#include <memory>
#include <string>
#include <vector>

#include "Pythia8/FragmentationModel.h"
#include "hadron_model.h"
#include "pythias_models.h"
#include "weight_coverage.h"

namespace mcsurrogate {

// Loaded by `Init:plugins += {library::SurrogateHadronization}`; configured by the settings
// MCSurrogate:*, which registerSettings() declares and docs/plugin_settings.md explains.
class SurrogateHadronization : public Pythia8::FragmentationModel {
  public:
    SurrogateHadronization(Pythia8::Pythia* pythia, Pythia8::Settings* settings,
                           Pythia8::Logger* logger);
    ~SurrogateHadronization() override;

    bool init(Pythia8::StringFlav* flavSel, Pythia8::StringPT* pTSel, Pythia8::StringZ* zSel,
              Pythia8::FragModPtr fragMod) override;
    bool fragment(int iSub, Pythia8::ColConfig& colConfig, Pythia8::Event& event, bool isDiff,
                  bool systemRecoil) override;
    void onBeginEvent() override;
    void onEndEvent(Status status) override;
    void onStat() override;
    void onStat(std::vector<Pythia8::PhysicsBase*> instances, Pythia8::Pythia* helper) override;

  private:
    void configure(Pythia8::Settings& settings, const Pythia8::ParticleData& particles);
    void refuseUnsupported(Pythia8::Settings& settings) const;
    void warnOfUnusedSettings();
    bool beginEvent(Pythia8::ColConfig& colConfig, Pythia8::Event& event, bool isDiff,
                    bool systemRecoil);
    void setEventWeights();
    void closeEvent();
    void writeRecording();
    std::vector<ModelCount> report() const;

    void printCounts(const std::vector<ModelCount>& counts,
                     const std::vector<WeightStream>& streams);

    Pythia8::Pythia* pythia_;
    PythiasModels pythias_;
    std::unique_ptr<HadronModel> model_;
    std::string name_;
    std::string recordPath_;
    std::vector<int> weightIndices_;
    std::vector<WeightStream> streams_;
    bool isOpen_ = false; // an event whose weights are not in the streams yet
    bool inNext_ = false; // between begin and end of Pythia::next()
    bool failed_ = false;
    bool closePacking_ = false;
    std::int64_t closePacked_ = 0;      // singlets beside other strings
    std::int64_t lowEnergyHadrons_ = 0; // of strings that the model never saw

    // What Pythia's strings draw from; they may be the model's own.
    Selectors selectors_;
};

} // namespace mcsurrogate

#endif // MCSURROGATE_SURROGATE_HADRONIZATION_H
