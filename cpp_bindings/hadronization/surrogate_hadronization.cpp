// SPDX-License-Identifier: GPL-3.0-or-later
#include "surrogate_hadronization.h"

#include <cmath>
#include <iomanip>

#include "Pythia8/Plugins.h"
#include "Pythia8/Pythia.h"
#include "plugin_class.h"

namespace mcsurrogate {

using namespace Pythia8;

namespace {

const char* const location = "MCSurrogate";

} // namespace

SurrogateHadronization::SurrogateHadronization(Pythia* pythia, Settings* settings, Logger* logger)
    : pythia_(pythia), pythias_(pythiasModels(*pythia)) {
    settingsPtr = settings;
    loggerPtr = logger;
    try {
        configure(*settings, pythia->particleData);
    } catch (const std::exception& fault) {
        failed_ = true;
        logger->abortMsg(location, printable(fault.what()));
        // Pythia ignores what the init() of a fragmentation model returns, but not a setting that
        // cannot be read: this makes Pythia::init() return false.
        settings->readString("MCSurrogate:failed = on", false);
    }
}

SurrogateHadronization::~SurrogateHadronization() {
    writeRecording();
}

void SurrogateHadronization::configure(Settings& settings, const ParticleData& particles) {
    name_ = settings.word("MCSurrogate:model");
    model_ = makeHadronModel(name_);
    refuseUnsupported(settings);
    model_->configure(settings, particles);
    const std::string record = settings.word("MCSurrogate:record");
    if (!record.empty() && record != "none") {
        recordPath_ = record;
        const int index = settings.mode("Parallelism:index");
        if (index >= 0)
            recordPath_ += "." + std::to_string(index);
        model_->startRecording(settings);
    }
    selectors_ = model_->selectors();
}

void SurrogateHadronization::refuseUnsupported(Settings& settings) const {
    if (model_->isPythiasOwn())
        return;
    if (settings.mode("Fragmentation:model") != 0)
        throw WeightsError(
            "Fragmentation:model must be 0: the surrogate stands for the Lund model");
    for (const char* key : {"StringFragmentation:doStrangeJunctions", "VariationFrag:flav",
                            "VariationFrag:z", "VariationFrag:pT"})
        if (settings.flag(key))
            throw WeightsError(
                std::string(key) +
                " = on changes the string model from break to break, which the networks "
                "do not know; switch it off or use MCSurrogate:model = lund");
    if (settings.flag("Ropewalk:RopeHadronization") && settings.flag("Ropewalk:doFlavour"))
        throw WeightsError("Ropewalk:doFlavour = on changes the string model from break to break, "
                           "which the networks do not know; switch it off or use "
                           "MCSurrogate:model = lund");
    if (!settings.wvec("VariationFrag:list").empty())
        throw WeightsError(
            "VariationFrag:list reweights Lund parameters; use MCSurrogate:variations instead");
}

void SurrogateHadronization::warnOfUnusedSettings() {
    if (model_->isPythiasOwn())
        return;
    std::string changed;
    const auto collect = [&changed](const auto& settings) {
        for (const auto& item : settings)
            // Pythia's default tune itself switches one of them on.
            if (item.second.valNow != item.second.valDefault &&
                item.second.name != "StringZ:useOldAExtra")
                changed += " " + item.second.name;
    };
    std::vector<const char*> groups = {"StringZ:", "StringFlav:", "StringPT:"};
    // Those of mini-strings have the same end of their name.
    if (!model_->drawsForStrings())
        groups.insert(groups.end(), {"StringFragmentation:", "HadronLevel:mStringMin"});
    for (const char* group : groups) {
        collect(settingsPtr->getFlagMap(group));
        collect(settingsPtr->getModeMap(group));
        collect(settingsPtr->getParmMap(group));
        collect(settingsPtr->getFVecMap(group));
        collect(settingsPtr->getMVecMap(group));
        collect(settingsPtr->getPVecMap(group));
        collect(settingsPtr->getWordMap(group));
        collect(settingsPtr->getWVecMap(group));
    }
    if (!changed.empty())
        loggerPtr->warningMsg(location,
                              "the networks replace these changed settings, which act in fallbacks "
                              "to the Lund model only:" +
                                  changed);
}

bool SurrogateHadronization::init(StringFlav* flavour, StringPT* transverse, StringZ* fraction,
                                  FragModPtr fragMod) {
    if (failed_)
        return false;
    for (PhysicsBase* part : std::initializer_list<PhysicsBase*>{
             model_.get(), selectors_.flavour.get(), selectors_.transverse.get(),
             selectors_.fraction.get()})
        registerSubObject(*part);
    for (const FragmentationModelPtr& other : pythias_.special) {
        registerSubObject(*other);
        other->init(flavour, transverse, fraction, fragMod);
    }
    selectors_.flavour->init();
    selectors_.transverse->init();
    if (!selectors_.fraction->init())
        return false;
    if (!model_->isPythiasOwn() && userHooksPtr && userHooksPtr->canChangeFragPar()) {
        loggerPtr->abortMsg(
            location, "a UserHooks object wants to change fragmentation parameters, which the "
                      "networks do not use; all events will fail");
        failed_ = true;
        return false;
    }
    warnOfUnusedSettings();
    weightIndices_.clear();
    streams_.clear();
    // A model that tells nothing of its draws has none outside.
    model_->weights.outside.resize(model_->weights.names.size());
    for (const std::string& name : model_->weights.names) {
        WeightsBase& weights = infoPtr->weightContainerPtr->weightsUserHooks;
        weights.bookWeight(name);
        weightIndices_.push_back(weights.findIndexOfName(name));
        streams_.push_back({name});
    }
    closePacking_ = flag("ClosePacking:doClosePacking");
    model_->initialise();
    return pythias_.strings->init(selectors_.flavour.get(), selectors_.transverse.get(),
                                  selectors_.fraction.get(), fragMod);
}

void SurrogateHadronization::onBeginEvent() {
    if (failed_)
        return;
    closeEvent();
    inNext_ = true;
    std::fill(model_->weights.logarithms.begin(), model_->weights.logarithms.end(), 0.);
}

bool SurrogateHadronization::beginEvent(ColConfig& colConfig, Event& event, bool isDiff,
                                        bool systemRecoil) {
    // A new one, unless hadrons are there already: their decays made more partons, or the event
    // began with strings of a low-energy collision.
    bool isNew = true;
    for (int i = 1; isNew && i < event.size(); ++i)
        isNew = event[i].statusAbs() / 10 != 8 && event[i].statusAbs() / 10 != 15;
    for (const FragmentationModelPtr& other : pythias_.special)
        if (!other->fragment(-1, colConfig, event, isDiff, systemRecoil))
            return false;
    if (isNew) {
        // Inside Pythia::next() it is another attempt at the same event, with other partons.
        if (!inNext_)
            closeEvent();
        else if (isOpen_)
            model_->dropEvent();
        std::fill(model_->weights.logarithms.begin(), model_->weights.logarithms.end(), 0.);
        isOpen_ = true;
        model_->beginEvent(event);
    }
    return true;
}

// Take the weights of an event into the coverage, and warn of bad coverage: at 100 events, 200, 400
// and so on.
void SurrogateHadronization::closeEvent() {
    if (!isOpen_)
        return;
    isOpen_ = false;
    for (std::size_t i = 0; i < streams_.size(); ++i) {
        WeightStream& stream = streams_[i];
        stream.add(std::exp(model_->weights.logarithms[i]));
        stream.draws = model_->weights.draws;
        stream.outside = model_->weights.outside[i];
        const std::int64_t hundreds = stream.events / 100;
        if (stream.events % 100 != 0 || (hundreds & (hundreds - 1)) != 0)
            continue;
        const std::string fault = stream.fault();
        if (!fault.empty())
            loggerPtr->warningMsg(location,
                                  "the events do not cover the variation " + stream.name +
                                      ", whose weights mean little",
                                  fault);
    }
}

void SurrogateHadronization::setEventWeights() {
    for (std::size_t i = 0; i < weightIndices_.size(); ++i)
        infoPtr->weightContainerPtr->weightsUserHooks.setValueByIndex(
            weightIndices_[i], std::exp(model_->weights.logarithms[i]));
}

namespace {

// Hadrons of the strings of low-energy collisions, not of resonances, elastic scattering or
// excitation.
bool isOfLowEnergyString(int status) {
    switch (status) {
    case 151: // nondiffractive
    case 153: // diffractive
    case 154:
    case 155:
    case 157: // annihilation
        return true;
    default:
        return false;
    }
}

// Whether strings lie beside each other, so that close packing changes them.
bool isPacked(const ColConfig& colConfig) {
    std::size_t pieces = 0;
    for (const auto& ofSinglet : colConfig.rapPairs)
        pieces += ofSinglet.size();
    return pieces > 1;
}

} // namespace

void SurrogateHadronization::onEndEvent(Status status) {
    if (failed_)
        return;
    inNext_ = false;
    // An event that failed is none.
    if (isOpen_ && status != COMPLETE) {
        isOpen_ = false;
        model_->dropEvent();
    }
    // Draws of low-energy strings, which no call tells of.
    setEventWeights();
    closeEvent();
    if (model_->drawsForStrings())
        return;
    for (int i = 0; i < pythia_->event.size(); ++i)
        lowEnergyHadrons_ += isOfLowEnergyString(pythia_->event[i].statusAbs());
}

bool SurrogateHadronization::fragment(int iSub, ColConfig& colConfig, Event& event, bool isDiff,
                                      bool systemRecoil) {
    if (failed_)
        return false;
    if (iSub == -1)
        return beginEvent(colConfig, event, isDiff, systemRecoil);
    const bool packed = closePacking_ && !model_->drawsForStrings() && isPacked(colConfig);
    closePacked_ += packed;
    const bool succeeded = (!packed && model_->fragment(colConfig[iSub], event)) ||
                           pythias_.strings->fragment(iSub, colConfig, event, isDiff, systemRecoil);
    setEventWeights();
    return succeeded;
}

std::vector<ModelCount> SurrogateHadronization::report() const {
    std::vector<ModelCount> counts = model_->report();
    if (!model_->drawsForStrings()) {
        counts.push_back(
            {"singlets beside other strings (close packing)", closePacked_, closePacked_});
        counts.push_back({"hadrons of low-energy strings", lowEnergyHadrons_, lowEnergyHadrons_});
    }
    return counts;
}

void SurrogateHadronization::printCounts(const std::vector<ModelCount>& counts,
                                         const std::vector<WeightStream>& streams) {
    std::ostream& stream = loggerPtr->infoStream();
    stream << "\n *-------  MCSurrogate Hadronization Statistics  ----------------------*\n"
           << " |\n |  model: " << name_ << "\n"
           << " |  weights: " << printable(model_ ? model_->weightsRead() : "") << "\n |\n"
           << " |  " << std::left << std::setw(52) << "" << std::right << std::setw(12) << "total"
           << "   by Pythia's own code\n";
    for (const ModelCount& count : counts) {
        stream << " |  " << std::left << std::setw(52) << count.what << std::right << std::setw(12)
               << count.number;
        if (count.byPythia >= 0)
            stream << std::setw(23) << count.byPythia;
        stream << "\n";
    }
    if (!streams.empty())
        stream << " |\n |  " << std::left << std::setw(36) << "variation" << std::right
               << std::setw(10) << "events" << std::setw(12) << "effective" << std::setw(11)
               << "largest" << std::setw(11) << "mean" << std::setw(10) << "outside\n";
    stream << std::defaultfloat << std::setprecision(4);
    for (const WeightStream& weights : streams) {
        const double events = std::max<double>(1., static_cast<double>(weights.events));
        stream << " |  " << std::left << std::setw(36) << weights.name << std::right
               << std::setw(10) << weights.events << std::setw(12) << weights.effectiveEvents()
               << std::setw(11) << weights.largest << std::setw(11) << weights.sum / events
               << std::setw(9) << weights.outside << "\n";
        if (const std::string fault = weights.fault(); !fault.empty())
            stream << " |    no coverage: " << fault << "\n";
    }
    stream << " |\n *-------  End MCSurrogate Hadronization Statistics  ------------------*\n";
}

void SurrogateHadronization::onStat() {
    if (failed_)
        return;
    closeEvent();
    printCounts(report(), streams_);
}

void SurrogateHadronization::onStat(std::vector<PhysicsBase*> instances, Pythia*) {
    std::vector<ModelCount> sum;
    std::vector<WeightStream> streams;
    for (PhysicsBase* instance : instances) {
        const auto* surrogate = dynamic_cast<const SurrogateHadronization*>(instance);
        if (surrogate == nullptr || surrogate->failed_)
            continue;
        const std::vector<ModelCount> counts = surrogate->report();
        if (sum.empty()) {
            sum = counts;
            streams = surrogate->streams_;
            continue;
        }
        for (std::size_t i = 0; i < streams.size(); ++i)
            streams[i] += surrogate->streams_[i];
        for (std::size_t i = 0; i < counts.size(); ++i) {
            sum[i].number += counts[i].number;
            if (counts[i].byPythia >= 0)
                sum[i].byPythia += counts[i].byPythia;
        }
    }
    printCounts(sum, streams);
}

void SurrogateHadronization::writeRecording() {
    if (failed_ || recordPath_.empty())
        return;
    try {
        model_->writeRecording(recordPath_);
    } catch (const std::exception& fault) {
        // The logger may be gone by now, and a destructor must not throw.
        std::cerr << " MCSurrogate: recording lost: " << fault.what() << std::endl;
    }
}

// Declares the settings; called by Pythia as soon as a card names the library.
void registerSettings(Settings* settings) {
    settings->addWord("MCSurrogate:model", "string_breaks");
    settings->addWord("MCSurrogate:weights", "");
    settings->addWVec("MCSurrogate:variations", {});
    settings->addWVec("MCSurrogate:onnx", {});
    settings->addWord("MCSurrogate:onnxRuntime", "");
    settings->addFlag("MCSurrogate:beyondTraining", false);
    settings->addWord("MCSurrogate:record", "none");
    settings->addFlag("MCSurrogate:recordEvents", false);
    settings->addMode("MCSurrogate:recordMax", 1000000, true, false, 1, 0);
    settings->addMode("MCSurrogate:recordRepeats", 0, true, true, 0, 1000);
    requireClass(*settings, "SurrogateHadronization");
    if (settings->isWVec("MCSurrogate:matrixElements"))
        requireClass(*settings, "SurrogateMatrixElement");
}

// Pythia looks these functions up by name.
#pragma GCC visibility push(default)
PYTHIA8_PLUGIN_CLASS(FragmentationModel, SurrogateHadronization, true, true, true)
PYTHIA8_PLUGIN_SETTINGS(registerSettings)
PYTHIA8_PLUGIN_PARALLEL(true)
PYTHIA8_PLUGIN_VERSIONS(PYTHIA_VERSION_INTEGER)
#pragma GCC visibility pop

} // namespace mcsurrogate
