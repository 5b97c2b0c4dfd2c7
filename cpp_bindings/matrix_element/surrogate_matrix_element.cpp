// SPDX-License-Identifier: GPL-3.0-or-later
#include "surrogate_matrix_element.h"

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <map>

#include "Pythia8/PhaseSpace.h"
#include "Pythia8/Plugins.h"
#include "plugin_class.h"

namespace mcsurrogate {

using namespace Pythia8;

namespace {

const char* const location = "MCSurrogate";

// Relative to s_hat: more than rounding, less than any physical difference.
constexpr double tolerance = 1e-6;
// Number and share of trial points outside an emulator from which on they are worth a warning.
constexpr std::int64_t fewestOutside = 10;
constexpr double largestShareOutside = 0.01;

std::string listed(const std::vector<int>& ids) {
    std::string text;
    for (const int id : ids)
        text += (text.empty() ? "" : " ") + std::to_string(id);
    return text;
}

} // namespace

SurrogateMatrixElement::SurrogateMatrixElement(Pythia*, Settings* settings, Logger* logger) {
    settingsPtr = settings;
    loggerPtr = logger;
}

bool SurrogateMatrixElement::initAfterBeams() {
    try {
        configure();
    } catch (const std::exception& fault) {
        loggerPtr->abortMsg(location, printable(fault.what()));
        return false;
    }
    WeightsBase& weights = infoPtr->weightContainerPtr->weightsUserHooks;
    weights.bookWeight("surrogate_up");
    weights.bookWeight("surrogate_down");
    upIndex_ = weights.findIndexOfName("surrogate_up");
    downIndex_ = weights.findIndexOfName("surrogate_down");
    return true;
}

void SurrogateMatrixElement::configure() {
    Settings& settings = *settingsPtr;
    weighted_ = settings.flag("MCSurrogate:matrixElementAsWeight");
    alphaS_ = settings.parm("MCSurrogate:matrixElementAlphaS");
    largestSigma_ = settings.parm("MCSurrogate:matrixElementLargestSigma");
    bindings_.clear();
    lastBinding_ = nullptr;
    const std::vector<std::string> files = settings.wvec("MCSurrogate:matrixElements");
    if (files.empty())
        throw WeightsError("MCSurrogate:matrixElements names no emulator; give the path of a "
                           ".safetensors file that `mcsurrogate train emulator` wrote");
    if (settings.flag("SecondHard:generate"))
        throw WeightsError("SecondHard:generate = on makes two hard processes an event, which "
                           "emulated matrix elements do not know; switch it off");
    for (const std::string& file : files)
        bindings_.push_back(bind(Emulator::load(file)));
    for (std::size_t i = 0; i < bindings_.size(); ++i)
        for (std::size_t j = 0; j < i; ++j)
            if (bindings_[i].process == bindings_[j].process)
                throw WeightsError("MCSurrogate:matrixElements has two emulators of " +
                                   bindings_[i].emulator.process());
}

SurrogateMatrixElement::Binding SurrogateMatrixElement::bind(Emulator emulator) const {
    const std::string name = "the emulator " + emulator.path() + " of " + emulator.process();
    const std::vector<int>& ids = emulator.pdgIds();
    const HardProcess* fitting = nullptr;
    std::string known;
    for (const HardProcess& process : hardProcesses()) {
        if (std::equal(ids.begin(), ids.end(), process.pdgIds.begin(), process.pdgIds.end()))
            fitting = &process;
        known += (known.empty() ? "" : ", ") + std::string(process.flags.front());
    }
    if (!fitting)
        throw WeightsError(name + " has the legs " + listed(ids) +
                           ", which are those of no process that can be emulated: " + known);
    const auto isOn = [this](const char* key) { return settingsPtr->flag(key); };
    if (std::none_of(fitting->flags.begin(), fitting->flags.end(), isOn))
        throw WeightsError(name + " fits no hard process of this run; switch it on with " +
                           fitting->flags.front() + " = on, or take the emulator out");
    for (std::size_t leg = 2; leg < ids.size(); ++leg) {
        const double mass = emulator.masses()[leg];
        if (mass == 0.)
            continue;
        const double own = particleDataPtr->m0(ids[leg]);
        if (std::abs(own - mass) > tolerance * mass)
            throw WeightsError(name + " was trained with " + particleDataPtr->name(ids[leg]) +
                               " of " + std::to_string(mass) + " GeV, the run has " +
                               std::to_string(own) + " GeV; set " + std::to_string(ids[leg]) +
                               ":m0, or train one with this mass");
        if (settingsPtr->flag("PhaseSpace:useBreitWigners") &&
            particleDataPtr->mWidth(ids[leg]) >
                settingsPtr->parm("PhaseSpace:minWidthBreitWigners"))
            throw WeightsError(name + " has its particles on their mass shells; set "
                                      "PhaseSpace:useBreitWigners = off");
    }
    if (!emulator.hasPower() && alphaS_ != emulator.alphaS())
        throw WeightsError(name +
                           " has no single power of alpha_s; set "
                           "MCSurrogate:matrixElementAlphaS to the coupling of its training");
    if (fitting->alphaEmPower > 0 && !(emulator.alphaEm() > 0.))
        throw WeightsError(name + " does not tell the electromagnetic coupling of its training; "
                                  "load and save it with this release of mcsurrogate");
    Count count;
    count.process = emulator.process();
    return Binding{fitting, std::move(emulator), count};
}

SurrogateMatrixElement::Binding* SurrogateMatrixElement::find(int code) {
    for (Binding& binding : bindings_)
        if (binding.process->code == code)
            return &binding;
    return nullptr;
}

double SurrogateMatrixElement::multiplySigmaBy(const SigmaProcess* process, const PhaseSpace* point,
                                               bool inEvent) {
    lastBinding_ = find(process->code());
    lastRatio_ = 1.;
    lastSigma_ = 0.;
    lastOwn_ = true;
    if (lastBinding_)
        lastRatio_ = ratio(*lastBinding_, process, point, inEvent);
    return lastRatio_;
}

// Selection as Pythia's own cross section has it; the event's weight, 1 / selBias, is the ratio.
double SurrogateMatrixElement::biasSelectionBy(const SigmaProcess*, const PhaseSpace*, bool) {
    selBias = 1. / lastRatio_;
    return selBias;
}

double SurrogateMatrixElement::ratio(Binding& binding, const SigmaProcess* process,
                                     const PhaseSpace* point, bool inEvent) {
    Emulator& emulator = binding.emulator;
    const double shat = point->sHat(), that = point->tHat();
    const double root = std::sqrt(shat);
    const double s3 = pow2(emulator.masses()[2]), s4 = pow2(emulator.masses()[3]);
    const double energy = (shat + s3 - s4) / (2. * root);
    const double p = sqrtpos(energy * energy - s3);
    const double cosine = (that - s3 + root * energy) / (root * p);
    const bool physical = std::abs(shat + that + point->uHat() - s3 - s4) < tolerance * shat &&
                          std::abs(cosine) <= 1. + tolerance;
    const double own = const_cast<SigmaProcess*>(process)->sigmaHatWrap(emulator.pdgIds()[0],
                                                                        emulator.pdgIds()[1]);
    if (!(own > 0.))
        return 1.;
    const double z = std::clamp(cosine, -1., 1.) * p;
    const double x = sqrtpos(p * p - z * z);
    const double half = 0.5 * root;
    // clang-format off
    const double momenta[] = {half, 0., 0., half,  half, 0., 0., -half,
                              energy, x, 0., z,  root - energy, -x, 0., -z};
    // clang-format on
    const Prediction found = emulator.predict(momenta);
    if (!physical || !found.inside) {
        binding.count.outside += inEvent;
        warnOfOutside(binding);
        return 1.;
    }
    if (largestSigma_ > 0. && found.sigma > largestSigma_ * found.value) {
        binding.count.uncertain += inEvent;
        return 1.;
    }
    binding.count.emulated += inEvent;
    const double scaled = found.value * couplings(binding, *process);
    // d sigma / d t = |M|^2 / (16 pi s^2), massless incoming partons.
    const double unit = process->convert2mb() ? SigmaProcess::CONVERT2MB : 1.;
    lastSigma_ = found.sigma / found.value;
    lastOwn_ = false;
    return scaled / (16. * M_PI * shat * shat * own / unit);
}

// From the couplings of the training to those of the run: the amplitude is the emulator's, the
// couplings are Pythia's, unless the user has set one.
double SurrogateMatrixElement::couplings(const Binding& binding,
                                         const SigmaProcess& process) const {
    const Emulator& emulator = binding.emulator;
    const double strong = alphaS_ > 0. ? alphaS_ : process.alphaSRen();
    double factor = std::pow(strong / emulator.alphaS(), emulator.alphaSPower());
    if (binding.process->alphaEmPower > 0)
        factor *=
            std::pow(process.alphaEMRen() / emulator.alphaEm(), binding.process->alphaEmPower);
    return factor;
}

// Once in a run; pythia.stat() has the final numbers.
void SurrogateMatrixElement::warnOfOutside(Binding& binding) const {
    const Count& count = binding.count;
    const double all = static_cast<double>(count.outside + count.uncertain + count.emulated);
    if (binding.hasWarned || count.outside < fewestOutside ||
        static_cast<double>(count.outside) < largestShareOutside * all)
        return;
    binding.hasWarned = true;
    loggerPtr->warningMsg(location, "more than 1% of the trial points of " + count.process +
                                        " are outside the domain of their emulator and keep "
                                        "Pythia's own matrix element; pythia.stat() counts them");
}

bool SurrogateMatrixElement::doVetoProcessLevel(Event&) {
    WeightsBase& weights = infoPtr->weightContainerPtr->weightsUserHooks;
    weights.setValueByIndex(upIndex_, std::exp(lastSigma_));
    weights.setValueByIndex(downIndex_, std::exp(-lastSigma_));
    if (lastBinding_) {
        ++lastBinding_->count.events;
        lastBinding_->count.ownEvents += lastOwn_;
    }
    return false;
}

namespace {

void printCounts(std::ostream& stream, const std::vector<SurrogateMatrixElement::Count>& counts) {
    stream << "\n *-------  MCSurrogate Matrix Element Statistics  -------------------------*\n |\n"
           << " |  process                  emulated     outside   uncertain      events  by own\n";
    for (const SurrogateMatrixElement::Count& count : counts)
        stream << " |  " << std::left << std::setw(20) << count.process << std::right
               << std::setw(13) << count.emulated << std::setw(12) << count.outside << std::setw(12)
               << count.uncertain << std::setw(12) << count.events << std::setw(8)
               << count.ownEvents << "\n";
    stream << " |\n |  Trial points; those outside the domain or too uncertain keep Pythia's own\n"
           << " |  matrix element, as do the events in the last column.\n"
           << " |\n *-------  End MCSurrogate Matrix Element Statistics  ---------------------*\n";
}

} // namespace

void SurrogateMatrixElement::onStat() {
    std::vector<Count> counts;
    for (const Binding& binding : bindings_)
        counts.push_back(binding.count);
    printCounts(loggerPtr->infoStream(), counts);
}

void SurrogateMatrixElement::onStat(std::vector<PhysicsBase*> instances, Pythia*) {
    std::map<std::string, Count> sums;
    for (PhysicsBase* instance : instances)
        if (const auto* hook = dynamic_cast<const SurrogateMatrixElement*>(instance))
            for (const Binding& binding : hook->bindings_) {
                Count& sum = sums[binding.count.process];
                sum.process = binding.count.process;
                sum.emulated += binding.count.emulated;
                sum.outside += binding.count.outside;
                sum.uncertain += binding.count.uncertain;
                sum.events += binding.count.events;
                sum.ownEvents += binding.count.ownEvents;
            }
    std::vector<Count> counts;
    for (const auto& item : sums)
        counts.push_back(item.second);
    printCounts(loggerPtr->infoStream(), counts);
}

// Declares the settings; called by Pythia as soon as a card names the library.
void registerSettings(Settings* settings) {
    settings->addWVec("MCSurrogate:matrixElements", {});
    settings->addFlag("MCSurrogate:matrixElementAsWeight", false);
    settings->addParm("MCSurrogate:matrixElementAlphaS", 0., true, true, 0., 1.);
    settings->addParm("MCSurrogate:matrixElementLargestSigma", 0., true, false, 0., 0.);
    requireClass(*settings, "SurrogateMatrixElement");
    if (settings->isWord("MCSurrogate:model"))
        requireClass(*settings, "SurrogateHadronization");
}

// Pythia looks these functions up by name.
#pragma GCC visibility push(default)
PYTHIA8_PLUGIN_CLASS(UserHooks, SurrogateMatrixElement, true, true, true)
PYTHIA8_PLUGIN_SETTINGS(registerSettings)
PYTHIA8_PLUGIN_PARALLEL(true)
PYTHIA8_PLUGIN_VERSIONS(PYTHIA_VERSION_INTEGER)
#pragma GCC visibility pop

} // namespace mcsurrogate
