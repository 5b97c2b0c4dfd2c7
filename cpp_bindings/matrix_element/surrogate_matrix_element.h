// SPDX-License-Identifier: GPL-3.0-or-later
// The plugin class: Pythia's own hard processes with emulated squared matrix elements.

#ifndef MCSURROGATE_SURROGATE_MATRIX_ELEMENT_H
#define MCSURROGATE_SURROGATE_MATRIX_ELEMENT_H

#include <cstdint>
#include <string>
#include <vector>

#include "Pythia8/UserHooks.h"
#include "emulator.h"
#include "hard_processes.h"

namespace mcsurrogate {

// Loaded by `Init:plugins += {library::SurrogateMatrixElement}`. Multiplies the cross section of
// a hard process by emulated over own |M|^2, in the selection or as the event's weight.
// Configured by the settings MCSurrogate:matrixElement*, see docs/plugin_settings.md.
class SurrogateMatrixElement : public Pythia8::UserHooks {
  public:
    SurrogateMatrixElement(Pythia8::Pythia* pythia, Pythia8::Settings* settings,
                           Pythia8::Logger* logger);

    bool initAfterBeams() override;
    bool canModifySigma() override { return true; }
    double multiplySigmaBy(const Pythia8::SigmaProcess* process, const Pythia8::PhaseSpace* point,
                           bool inEvent) override;
    bool canBiasSelection() override { return weighted_; }
    double biasSelectionBy(const Pythia8::SigmaProcess* process, const Pythia8::PhaseSpace* point,
                           bool inEvent) override;
    bool canVetoProcessLevel() override { return true; }
    bool doVetoProcessLevel(Pythia8::Event& event) override;
    void onStat() override;
    void onStat(std::vector<Pythia8::PhysicsBase*> instances, Pythia8::Pythia* helper) override;

    // What happened, for the statistics.
    struct Count {
        std::string process;
        std::int64_t emulated = 0;
        std::int64_t outside = 0; // of the domain
        std::int64_t uncertain = 0;
        std::int64_t events = 0;
        std::int64_t ownEvents = 0; // events whose |M|^2 is Pythia's own
    };

  private:
    struct Binding {
        const HardProcess* process;
        Emulator emulator;
        Count count;
        bool hasWarned = false;
    };

    void configure();
    Binding bind(Emulator emulator) const;
    Binding* find(int code);
    double couplings(const Binding& binding, const Pythia8::SigmaProcess& process) const;
    void warnOfOutside(Binding& binding) const;
    double ratio(Binding& binding, const Pythia8::SigmaProcess* process,
                 const Pythia8::PhaseSpace* point, bool inEvent);

    std::vector<Binding> bindings_;
    bool weighted_ = false;
    double alphaS_ = 0.;
    double largestSigma_ = 0.;
    int upIndex_ = -1;
    int downIndex_ = -1;

    // Of the trial in hand, which becomes the event if Pythia accepts it.
    double lastRatio_ = 1.;
    double lastSigma_ = 0.; // relative
    Binding* lastBinding_ = nullptr;
    bool lastOwn_ = true;
};

} // namespace mcsurrogate

#endif // MCSURROGATE_SURROGATE_MATRIX_ELEMENT_H
