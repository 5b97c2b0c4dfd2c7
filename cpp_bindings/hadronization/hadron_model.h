// SPDX-License-Identifier: GPL-3.0-or-later
// The protocol of everything that hadronizes in the plugin, and the register of models by name.
//
// A model of one's own is one file with one HadronModelRegistration: among the sources of this
// library, or in a library of its own that is linked to this one (tests/hadronization/toy_model).

#ifndef MCSURROGATE_HADRON_MODEL_H
#define MCSURROGATE_HADRON_MODEL_H

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "Pythia8/Event.h"
#include "Pythia8/FragmentationFlavZpT.h"
#include "Pythia8/FragmentationSystems.h"
#include "Pythia8/PhysicsBase.h"
#include "safetensors.h"

namespace mcsurrogate {

// What LundFragmentation draws from, for the singlets that a model leaves to it.
struct Selectors {
    std::unique_ptr<Pythia8::StringFlav> flavour = std::make_unique<Pythia8::StringFlav>();
    std::unique_ptr<Pythia8::StringPT> transverse = std::make_unique<Pythia8::StringPT>();
    std::unique_ptr<Pythia8::StringZ> fraction = std::make_unique<Pythia8::StringZ>();
};

// Named weights of the event at hand, as logarithms; the plugin sets them to 0 at its beginning.
struct EventWeights {
    std::vector<std::string> names;
    std::vector<double> logarithms;
    // Of the whole run: draws that were weighed, and those without a density under a variation.
    std::int64_t draws = 0;
    std::vector<std::int64_t> outside;
};

// Pythia repeats the hadron level of an event that fails; then the partons are the same, and so is
// this number.
double checksumOf(const Pythia8::Event& event);
// A program that hadronizes saved partons may number them by the scale of the system.
std::int32_t labelOf(const Pythia8::Event& event);

// A line of the statistics; `byPythia` of them were left to Pythia's own code, if that can be.
struct ModelCount {
    std::string what;
    std::int64_t number;
    std::int64_t byPythia = -1;
};

// A model of hadronization. The pointers of PhysicsBase (rndmPtr, particleDataPtr, ...) are there
// from initialise() on.
class HadronModel : public Pythia8::PhysicsBase {
  public:
    EventWeights weights;

    // Read weights and settings; throws WeightsError.
    virtual void configure(Pythia8::Settings& settings, const Pythia8::ParticleData& particles) = 0;

    // Keep what is drawn from now on, and write it; both throw std::runtime_error.
    virtual void startRecording(Pythia8::Settings&) {
        throw WeightsError("MCSurrogate:record: this model cannot record its draws");
    }
    virtual void writeRecording(const std::string&) const {}

    // Name and digest of what was read, for the statistics.
    virtual std::string weightsRead() const { return "none"; }

    // Whether every setting of Pythia's string fragmentation acts in it.
    virtual bool isPythiasOwn() const { return false; }

    // Whether selectors() are its own, so that it draws for every string of Pythia's.
    virtual bool drawsForStrings() const { return false; }
    // Called once, after configure(); the plugin owns and initialises them.
    virtual Selectors selectors() { return {}; }
    virtual void initialise() {}

    virtual void beginEvent(const Pythia8::Event&) {}
    // The event that was begun last came to nothing: Pythia::next() returns false.
    virtual void dropEvent() {}
    // Hadronize one singlet; false leaves it to LundFragmentation.
    virtual bool fragment(const Pythia8::ColSinglet&, Pythia8::Event&) { return false; }

    // The same lines from each instance, whatever happened; threads are summed.
    virtual std::vector<ModelCount> report() const = 0;
};

// Makes a model known as a value of MCSurrogate:model, as long as it lives.
class __attribute__((visibility("default"))) HadronModelRegistration {
  public:
    using Make = std::unique_ptr<HadronModel> (*)();

    HadronModelRegistration(const char* name, Make make);
    ~HadronModelRegistration();
    HadronModelRegistration(const HadronModelRegistration&) = delete;
    HadronModelRegistration& operator=(const HadronModelRegistration&) = delete;

    const std::string name;
    const Make make;
};

// What a registration wants for a model that is made from nothing.
template <typename Model>
std::unique_ptr<HadronModel> newModel() {
    return std::make_unique<Model>();
}

// A new model of this name; throws WeightsError where there is none, or more than one.
std::unique_ptr<HadronModel> makeHadronModel(const std::string& name);

} // namespace mcsurrogate

#endif // MCSURROGATE_HADRON_MODEL_H
