#include "surrogate_hadronization.h"

#include <dlfcn.h>

#include <cmath>
#include <iomanip>

#include "Pythia8/Plugins.h"

namespace mcsurrogate {

using namespace Pythia8;

namespace {

const char* const location = "MCSurrogate";

// Weights by the name of a shipped file, which lies beside the library, or by path.
std::string weightsPath(const std::string& nameOrPath) {
    const std::string suffix = ".safetensors";
    const bool isPath =
        nameOrPath.find('/') != std::string::npos ||
        (nameOrPath.size() > suffix.size() &&
         nameOrPath.compare(nameOrPath.size() - suffix.size(), suffix.size(), suffix) == 0);
    if (isPath)
        return nameOrPath;
    Dl_info library;
    std::string folder = ".";
    if (dladdr(reinterpret_cast<void*>(&weightsPath), &library) != 0 && library.dli_fname) {
        const std::string file = library.dli_fname;
        const std::size_t slash = file.rfind('/');
        if (slash != std::string::npos)
            folder = file.substr(0, slash);
    }
    return folder + "/../hadronization/weights/" + nameOrPath + suffix;
}

std::string shippedName(const std::string& model, const std::string& weights) {
    if (weights.empty() || weights == model)
        return model + "_monash";
    return weights;
}

// Names in a damaged file can hold any bytes.
std::string printable(std::string text) {
    for (char& character : text)
        if (character < ' ' || character > '~')
            character = '?';
    return text;
}

SafeTensors readWeights(const std::string& nameOrPath, const std::string& model) {
    SafeTensors file = SafeTensors::read(weightsPath(nameOrPath));
    if (file.metadata("mcsurrogate.format") != "1")
        throw file.error(
            "has format " + file.metadata("mcsurrogate.format") +
            ", this plugin reads format 1; use the plugin of the release that wrote it");
    if (file.metadata("mcsurrogate.model") != model)
        throw file.error("holds a model of kind \"" + file.metadata("mcsurrogate.model") +
                         "\" but MCSurrogate:model is \"" + model + "\"");
    return file;
}

} // namespace

SurrogateHadronization::SurrogateHadronization(Pythia* pythia, Settings* settings, Logger* logger) {
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
    model_ = settings.word("MCSurrogate:model");
    if (model_ != "lund" && model_ != "string_breaks" && model_ != "clusters")
        throw WeightsError("MCSurrogate:model is \"" + model_ +
                           "\"; it can be string_breaks, clusters or lund");
    refuseUnsupported(settings);
    if (model_ == "lund" && !settings.wvec("MCSurrogate:onnx").empty())
        throw WeightsError("MCSurrogate:onnx replaces networks, and the model lund has none");
    if (model_ == "clusters") {
        configureClusters(settings, particles);
        return;
    }

    const std::vector<std::string> variations = settings.wvec("MCSurrogate:variations");
    const std::string record = settings.word("MCSurrogate:record");
    if (!record.empty() && record != "none") {
        recordPath_ = record;
        const int index = settings.mode("Parallelism:index");
        if (index >= 0)
            recordPath_ += "." + std::to_string(index);
        breaks_.recorder = std::make_unique<BreakRecorder>(settings.mode("MCSurrogate:recordMax"));
        breaks_.repeats = settings.mode("MCSurrogate:recordRepeats");
        if (breaks_.repeats > 0 && !variations.empty())
            throw WeightsError("MCSurrogate:recordRepeats cannot be combined with variations");
    }

    if (model_ == "lund") {
        if (!variations.empty())
            throw WeightsError("MCSurrogate:variations need a model with densities, not lund");
        return;
    }
    const SafeTensors file =
        readWeights(shippedName(model_, settings.word("MCSurrogate:weights")), model_);
    breaks_.model = std::make_unique<StringBreakModel>(NetworkSource(
        file, settings.wvec("MCSurrogate:onnx"), settings.word("MCSurrogate:onnxRuntime")));
    for (const std::string& variation : variations) {
        const SafeTensors other = readWeights(variation, model_);
        breaks_.variations.push_back(std::make_unique<StringBreakModel>(NetworkSource(other)));
        if (!breaks_.variations.back()->coversTheSame(*breaks_.model))
            throw other.error("covers other hadrons or masses than " + file.path() +
                              "; variations must be trained with the same coverage");
        variationNames_.push_back("MCSurrogate." + other.metadata("mcsurrogate.name"));
    }
    breaks_.logWeights.assign(variations.size(), 0.);
}

void SurrogateHadronization::configureClusters(Settings& settings, const ParticleData& particles) {
    clusters_ = std::make_unique<ClusterHadronizer>();
    ClusterDraws& draws = clusters_->draws;
    const SafeTensors file =
        readWeights(shippedName(model_, settings.word("MCSurrogate:weights")), model_);
    draws.model = std::make_unique<ClusterModel>(NetworkSource(
        file, settings.wvec("MCSurrogate:onnx"), settings.word("MCSurrogate:onnxRuntime")));
    for (int i = 0; i < draws.model->numberOfVertices(); ++i)
        if (!particles.isParticle(draws.model->vertex(i).code))
            throw file.error("makes hadron " + std::to_string(draws.model->vertex(i).code) +
                             ", which Pythia does not know");
    const std::string record = settings.word("MCSurrogate:record");
    if (!record.empty() && record != "none") {
        recordPath_ = record;
        const int index = settings.mode("Parallelism:index");
        if (index >= 0)
            recordPath_ += "." + std::to_string(index);
        draws.recorder = std::make_unique<ClusterRecorder>();
    }
    for (const std::string& variation : settings.wvec("MCSurrogate:variations")) {
        const SafeTensors other = readWeights(variation, model_);
        draws.variations.push_back(std::make_unique<ClusterModel>(NetworkSource(other)));
        if (!draws.variations.back()->coversTheSame(*draws.model))
            throw other.error("covers other hadrons than " + file.path() +
                              "; variations must be trained with the same coverage");
        variationNames_.push_back("MCSurrogate." + other.metadata("mcsurrogate.name"));
    }
    draws.logWeights.assign(variationNames_.size(), 0.);
}

void SurrogateHadronization::refuseUnsupported(Settings& settings) const {
    // The plugin takes the place of all fragmentation models, these two among them.
    for (const char* key : {"RHadrons:allow", "HiddenValley:fragment"})
        if (settings.flag(key))
            throw WeightsError(std::string(key) + " = on cannot be combined with this plugin");
    if (model_ == "lund")
        return;
    if (settings.mode("Fragmentation:model") != 0)
        throw WeightsError(
            "Fragmentation:model must be 0: the surrogate stands for the Lund model");
    for (const char* key : {"ClosePacking:doClosePacking", "StringFragmentation:doStrangeJunctions",
                            "VariationFrag:flav", "VariationFrag:z", "VariationFrag:pT"})
        if (settings.flag(key))
            throw WeightsError(
                std::string(key) +
                " = on changes the string model from break to break, which the networks "
                "do not know; switch it off or use MCSurrogate:model = lund");
    if (settings.flag("Ropewalk:RopeHadronization") && settings.flag("Ropewalk:doFlavour"))
        throw WeightsError("Ropewalk:doFlavour = on changes the string model from break to break, "
                           "which the networks "
                           "do not know; switch it off or use MCSurrogate:model = lund");
    if (!settings.wvec("VariationFrag:list").empty())
        throw WeightsError(
            "VariationFrag:list reweights Lund parameters; use MCSurrogate:variations instead");
}

void SurrogateHadronization::warnOfUnusedSettings() {
    if (model_ == "lund")
        return;
    std::string changed;
    for (const char* group : {"StringZ:", "StringFlav:", "StringPT:"})
        for (const auto& item : settingsPtr->getParmMap(group)) {
            const Parm& parm = item.second;
            if (parm.valNow != parm.valDefault)
                changed += " " + parm.name;
        }
    if (!changed.empty())
        loggerPtr->warningMsg(
            location, "the networks replace these changed parameters, which act in fallbacks "
                      "to the Lund model only:" +
                          changed);
}

bool SurrogateHadronization::init(StringFlav*, StringPT*, StringZ*, FragModPtr fragMod) {
    if (failed_)
        return false;
    registerSubObject(flav_);
    registerSubObject(pT_);
    registerSubObject(z_);
    registerSubObject(lund_);
    flav_.StringFlav::init();
    pT_.StringPT::init();
    if (!z_.StringZ::init())
        return false;
    if (model_ != "lund" && userHooksPtr && userHooksPtr->canChangeFragPar()) {
        loggerPtr->abortMsg(
            location, "a UserHooks object wants to change fragmentation parameters, which the "
                      "networks do not use; all events will fail");
        failed_ = true;
        return false;
    }
    warnOfUnusedSettings();
    variationIndices_.clear();
    for (const std::string& name : variationNames_) {
        WeightsBase& weights = infoPtr->weightContainerPtr->weightsUserHooks;
        weights.bookWeight(name);
        variationIndices_.push_back(weights.findIndexOfName(name));
    }
    if (clusters_)
        clusters_->init(rndmPtr, particleDataPtr);
    return lund_.init(&flav_, &pT_, &z_, fragMod);
}

bool SurrogateHadronization::fragment(int iSub, ColConfig& colConfig, Event& event, bool isDiff,
                                      bool systemRecoil) {
    if (failed_)
        return false;
    if (iSub == -1) {
        // A new event, unless hadrons are there already whose decays made more partons.
        bool isNew = true;
        for (int i = 1; isNew && i < event.size(); ++i)
            isNew = event[i].statusAbs() / 10 != 8;
        if (isNew) {
            std::fill(breaks_.logWeights.begin(), breaks_.logWeights.end(), 0.);
            if (clusters_)
                clusters_->beginEvent(event);
        }
        return lund_.fragment(iSub, colConfig, event, isDiff, systemRecoil);
    }
    const bool succeeded = (clusters_ && clusters_->fragment(colConfig[iSub], event)) ||
                           lund_.fragment(iSub, colConfig, event, isDiff, systemRecoil);
    const std::vector<double>& logWeights =
        clusters_ ? clusters_->draws.logWeights : breaks_.logWeights;
    for (std::size_t i = 0; i < variationIndices_.size(); ++i)
        infoPtr->weightContainerPtr->weightsUserHooks.setValueByIndex(variationIndices_[i],
                                                                      std::exp(logWeights[i]));
    return succeeded;
}

namespace {

void printCounts(std::ostream& stream, const std::string& model,
                 const std::vector<const StringBreaks*>& instances) {
    stream << "\n *-------  MCSurrogate Hadronization Statistics  ----------------------*\n"
           << " |\n |  model: " << model << "\n |\n"
           << " |  draws                      total      by Pythia's own code\n";
    const auto line = [&](const char* name, StringBreaks::Count StringBreaks::* member) {
        std::int64_t calls = 0;
        std::int64_t fallbacks = 0;
        for (const StringBreaks* breaks : instances) {
            calls += (breaks->*member).calls;
            fallbacks += breaks->model ? (breaks->*member).fallbacks : (breaks->*member).calls;
        }
        stream << " |  " << std::left << std::setw(20) << name << std::right << std::setw(12)
               << calls << std::setw(16) << fallbacks << "\n";
    };
    line("flavours", &StringBreaks::picks);
    line("hadrons", &StringBreaks::hadrons);
    line("transverse momenta", &StringBreaks::transverse);
    line("fractions z", &StringBreaks::fractions);
    stream << " |\n *-------  End MCSurrogate Hadronization Statistics  ------------------*\n";
}

} // namespace

void SurrogateHadronization::onStat() {
    if (clusters_) {
        ClusterHadronizer::printCounts(loggerPtr->infoStream(), {clusters_.get()});
        return;
    }
    printCounts(loggerPtr->infoStream(), model_, {&breaks_});
}

void SurrogateHadronization::onStat(std::vector<PhysicsBase*> instances, Pythia*) {
    if (clusters_) {
        std::vector<const ClusterHadronizer*> clusters;
        for (PhysicsBase* instance : instances)
            if (const auto* surrogate = dynamic_cast<const SurrogateHadronization*>(instance))
                clusters.push_back(surrogate->clusters_.get());
        ClusterHadronizer::printCounts(loggerPtr->infoStream(), clusters);
        return;
    }
    std::vector<const StringBreaks*> all;
    for (PhysicsBase* instance : instances)
        if (const auto* surrogate = dynamic_cast<const SurrogateHadronization*>(instance))
            all.push_back(&surrogate->breaks_);
    printCounts(loggerPtr->infoStream(), model_, all);
}

void SurrogateHadronization::writeRecording() {
    if (failed_)
        return;
    try {
        if (breaks_.recorder)
            breaks_.recorder->write(recordPath_);
        if (clusters_ && clusters_->draws.recorder)
            clusters_->draws.recorder->write(recordPath_);
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
    settings->addWord("MCSurrogate:record", "none");
    settings->addMode("MCSurrogate:recordMax", 1000000, true, false, 1, 0);
    settings->addMode("MCSurrogate:recordRepeats", 0, true, true, 0, 1000);
}

// Pythia looks these functions up by name.
#pragma GCC visibility push(default)
PYTHIA8_PLUGIN_CLASS(FragmentationModel, SurrogateHadronization, true, true, true)
PYTHIA8_PLUGIN_SETTINGS(registerSettings)
PYTHIA8_PLUGIN_PARALLEL(true)
PYTHIA8_PLUGIN_VERSIONS(PYTHIA_VERSION_INTEGER)
#pragma GCC visibility pop

} // namespace mcsurrogate
