// The plugin class: hadronization by trained networks in any Pythia 8 run.

#ifndef MCSURROGATE_SURROGATE_HADRONIZATION_H
#define MCSURROGATE_SURROGATE_HADRONIZATION_H

#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "Pythia8/FragmentationModel.h"
#include "cluster_hadronizer.h"
#include "string_breaks.h"

namespace mcsurrogate {

// Loaded by `Init:plugins = {library::SurrogateHadronization}`; configured by the settings
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
    void configureClusters(Pythia8::Settings& settings, const Pythia8::ParticleData& particles);
    void refuseUnsupported(Pythia8::Settings& settings) const;
    void warnOfUnusedSettings();
    void writeRecording();

    std::string model_;
    std::string recordPath_;
    std::vector<std::string> variationNames_;
    std::vector<int> variationIndices_;
    bool failed_ = false;

    std::unique_ptr<ClusterHadronizer> clusters_;
    StringBreaks breaks_;
    SurrogateFlav flav_{breaks_};
    SurrogatePT pT_{breaks_};
    SurrogateZ z_{breaks_};
    Pythia8::LundFragmentation lund_;
};

} // namespace mcsurrogate

#endif // MCSURROGATE_SURROGATE_HADRONIZATION_H
