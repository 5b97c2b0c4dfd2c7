// The plugin class: hadronization by trained networks in any Pythia 8 run.

#ifndef MCSURROGATE_SURROGATE_HADRONIZATION_H
#define MCSURROGATE_SURROGATE_HADRONIZATION_H

#include <memory>
#include <string>
#include <vector>

#include "Pythia8/FragmentationModel.h"
#include "hadron_model.h"

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
    void onStat() override;
    void onStat(std::vector<Pythia8::PhysicsBase*> instances, Pythia8::Pythia* helper) override;

  private:
    void configure(Pythia8::Settings& settings, const Pythia8::ParticleData& particles);
    void refuseUnsupported(Pythia8::Settings& settings) const;
    void warnOfUnusedSettings();
    void writeRecording();

    void printCounts(const std::vector<ModelCount>& counts);

    std::unique_ptr<HadronModel> model_;
    std::string name_;
    std::string recordPath_;
    std::vector<int> weightIndices_;
    bool failed_ = false;

    // For what the model leaves; the selectors may be the model's own.
    Selectors selectors_;
    Pythia8::LundFragmentation lund_;
};

} // namespace mcsurrogate

#endif // MCSURROGATE_SURROGATE_HADRONIZATION_H
