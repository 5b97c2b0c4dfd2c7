// SPDX-License-Identifier: GPL-3.0-or-later
#include "string_break_model.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <numeric>

#include "varied_networks.h"

namespace mcsurrogate {

namespace {

// Masses between the ends of the covered range at which the network of z is tried when it is read.
constexpr int testsOfFraction = 8;
// Outputs that no trained network reaches.
constexpr float largestOutput = 1e4f;
// Pythia draws again until a hadron is accepted. Its own rejections stay below 0.55.
constexpr double largestRejection = 0.99;

// Diquark code of two quarks, spin 0 or 1.
int diquarkCode(int first, int second, int spin) {
    return 1000 * std::max(first, second) + 100 * std::min(first, second) + 2 * spin + 1;
}

bool mesonHasContent(int code, int large, int small) {
    const int hundreds = (code / 100) % 10;
    const int tens = (code / 10) % 10;
    if (code > 0 && (code / 1000) % 10 != 0)
        return false;
    // Light flavour-neutral states mix, so any light pair may become any of them.
    if (large == small && large <= numberOfLightQuarks)
        return hundreds == tens && hundreds >= 1 && hundreds <= numberOfLightQuarks;
    return hundreds == large && tens == small;
}

bool baryonHasContent(int code, int diquark, int quark) {
    std::array<int, 3> wanted = {diquark / 1000, (diquark / 100) % 10, quark};
    std::array<int, 3> found = {(code / 1000) % 10, (code / 100) % 10, (code / 10) % 10};
    std::sort(wanted.begin(), wanted.end());
    std::sort(found.begin(), found.end());
    return wanted == found;
}

int positiveMetadata(const SafeTensors& file, const std::string& key, int largest) {
    const std::string& text = file.metadata(key);
    char* end = nullptr;
    const long value = std::strtol(text.c_str(), &end, 10);
    if (text.empty() || *end != '\0' || value < 1 || value > largest)
        throw file.error("metadata \"" + key + "\" is \"" + text +
                         "\", expected a number from 1 to " + std::to_string(largest));
    return static_cast<int>(value);
}

// Finite weights can still overflow inside a network.
const float* checkFinite(const SafeTensors& file, const std::string& network, const float* output,
                         std::size_t size) {
    for (std::size_t i = 0; i < size; ++i)
        if (!(std::abs(output[i]) < largestOutput))
            throw file.error("network \"" + network + "\" overflows");
    return output;
}

double logOfCode(const Categorical* hadrons, const std::vector<std::int32_t>& vocabulary,
                 int code) {
    const auto found = std::find(vocabulary.begin(), vocabulary.end(), code);
    return hadrons == nullptr || found == vocabulary.end()
               ? -std::numeric_limits<double>::infinity()
               : hadrons->logProbability(static_cast<int>(found - vocabulary.begin()));
}

// A distribution of hadrons with few enough rejected attempts, which have the code 0.
Categorical hadronsOf(const SafeTensors& file, const std::string& network, Network& logits,
                      const float* input, const std::vector<std::int32_t>& vocabulary,
                      const std::vector<bool>& allowed) {
    Categorical hadrons(checkFinite(file, network, logits(input), vocabulary.size()), allowed);
    for (std::size_t i = 0; i < vocabulary.size(); ++i)
        if (vocabulary[i] == 0 &&
            hadrons.logProbability(static_cast<int>(i)) > std::log(largestRejection))
            throw file.error("network \"" + network + "\" rejects nearly all of its hadrons; " +
                             "it is damaged, or its training diverged");
    return hadrons;
}

} // namespace

Categorical::Categorical(const float* logits, const std::vector<bool>& allowed)
    : logProbability_(allowed.size(), -std::numeric_limits<double>::infinity()) {
    double largest = -std::numeric_limits<double>::infinity();
    for (std::size_t i = 0; i < allowed.size(); ++i)
        if (allowed[i])
            largest = std::max(largest, static_cast<double>(logits[i]));
    double sum = 0.;
    for (std::size_t i = 0; i < allowed.size(); ++i) {
        if (!allowed[i])
            continue;
        outcome_.push_back(static_cast<int>(i));
        sum += std::exp(logits[i] - largest);
    }
    for (const int i : outcome_)
        logProbability_[i] = logits[i] - largest - std::log(sum);
    std::stable_sort(outcome_.begin(), outcome_.end(),
                     [this](int a, int b) { return logProbability_[a] > logProbability_[b]; });
    double total = 0.;
    for (const int i : outcome_)
        cumulative_.push_back(total += std::exp(logProbability_[i]));
}

const std::vector<NewFlavour>& pickOutcomes() {
    static const std::vector<NewFlavour> outcomes = [] {
        std::vector<NewFlavour> list;
        for (int quark = 1; quark <= numberOfLightQuarks; ++quark)
            list.push_back({quark, 0, 0, 0});
        for (int nPop = 0; nPop < 2; ++nPop)
            for (int pop = 1; pop <= numberOfLightQuarks; ++pop)
                for (int vertex = 1; vertex <= numberOfLightQuarks; ++vertex)
                    for (int spin = (pop == vertex) ? 1 : 0; spin < 2; ++spin)
                        list.push_back({diquarkCode(pop, vertex, spin), nPop, pop, vertex});
        return list;
    }();
    return outcomes;
}

StringBreakModel::StringBreakModel(NetworkSource source)
    : fractionInput_(fractionInputs, 0.f), spline_(1) {
    loadPopcorn(source);
    loadPick(source);
    loadHadrons(source);
    loadTransverse(source);
    loadFraction(source);
    source.checkAllUsed();
}

void StringBreakModel::loadPopcorn(NetworkSource& source) {
    const SafeTensors& file = source.file();
    const std::unique_ptr<Network> network = source.load("popcorn", numberOfLightDiquarks, 4);
    for (int i = 0; i < numberOfLightDiquarks; ++i) {
        std::vector<float> input(numberOfLightDiquarks, 0.f);
        input[i] = 1.f;
        const bool equal = lightDiquarks[i] / 1000 == (lightDiquarks[i] / 100) % 10;
        popcorn_[i] = Categorical(checkFinite(file, "popcorn", (*network)(input.data()), 4),
                                  {true, !equal, true, !equal});
    }
}

std::size_t StringBreakModel::pickIndex(int oldClass, bool atEnd, int nPop, int idPop) {
    return (static_cast<std::size_t>(oldClass) * 2 + (atEnd ? 1 : 0)) * 4 +
           static_cast<std::size_t>(nPop > 0 ? idPop : 0);
}

void StringBreakModel::loadPick(NetworkSource& source) {
    const SafeTensors& file = source.file();
    const std::vector<NewFlavour>& outcomes = pickOutcomes();
    constexpr int classes = numberOfQuarks + numberOfLightDiquarks + 1;
    const std::unique_ptr<Network> network = source.load("pick", pickInputs, outcomes.size());
    pick_.resize(classes * 2 * 4);
    for (int old = 0; old < classes; ++old)
        for (int atEnd = 0; atEnd < 2; ++atEnd)
            for (int pop = 0; pop <= 3; ++pop) {
                const bool isQuark = old < numberOfQuarks;
                if (isQuark && pop > 0)
                    continue;
                std::vector<float> input(pickInputs, 0.f);
                input[old] = 1.f;
                input[classes] = static_cast<float>(atEnd);
                if (pop > 0) {
                    input[classes + pop] = 1.f;
                    input[classes + 4] = 1.f;
                }
                std::vector<bool> allowed;
                for (const NewFlavour& outcome : outcomes) {
                    if (isQuark)
                        allowed.push_back(true);
                    else if (pop == 0)
                        allowed.push_back(outcome.idPop == 0);
                    else
                        allowed.push_back(outcome.idPop == pop && outcome.nPop == 0);
                }
                pick_[pickIndex(old, atEnd == 1, pop > 0 ? 1 : 0, pop)] = Categorical(
                    checkFinite(file, "pick", (*network)(input.data()), outcomes.size()), allowed);
            }
}

void StringBreakModel::loadHadrons(NetworkSource& source) {
    const SafeTensors& file = source.file();
    mesonVocabulary_ = file.integers("meson.vocabulary");
    baryonVocabulary_ = file.integers("baryon.vocabulary");
    for (const std::vector<std::int32_t>* vocabulary : {&mesonVocabulary_, &baryonVocabulary_})
        for (const std::int32_t code : *vocabulary)
            if (code < 0 || code > 9999999)
                throw file.error("has hadron code " + std::to_string(code) + " in a vocabulary");
    const std::unique_ptr<Network> mesons =
        source.load("meson", mesonInputs, mesonVocabulary_.size());
    for (int large = 1; large <= numberOfQuarks; ++large)
        for (int small = 1; small <= large; ++small) {
            std::vector<float> input(mesonInputs, 0.f);
            input[large - 1] = 1.f;
            input[numberOfQuarks + small - 1] = 1.f;
            std::vector<bool> allowed;
            bool hasHadron = false;
            for (const std::int32_t code : mesonVocabulary_) {
                allowed.push_back(code == 0 || mesonHasContent(code, large, small));
                hasHadron = hasHadron || (code != 0 && allowed.back());
            }
            if (hasHadron)
                meson_[large - 1][small - 1] =
                    hadronsOf(file, "meson", *mesons, input.data(), mesonVocabulary_, allowed);
        }
    const std::unique_ptr<Network> baryons =
        source.load("baryon", baryonInputs, baryonVocabulary_.size());
    for (int diquark = 0; diquark < numberOfLightDiquarks; ++diquark)
        for (int quark = 1; quark <= numberOfQuarks; ++quark) {
            std::vector<float> input(baryonInputs, 0.f);
            input[quark - 1] = 1.f;
            input[numberOfQuarks + diquark] = 1.f;
            std::vector<bool> allowed;
            bool hasHadron = false;
            for (const std::int32_t code : baryonVocabulary_) {
                allowed.push_back(code == 0 ||
                                  baryonHasContent(code, lightDiquarks[diquark], quark));
                hasHadron = hasHadron || (code != 0 && allowed.back());
            }
            if (hasHadron)
                baryon_[diquark][quark - 1] =
                    hadronsOf(file, "baryon", *baryons, input.data(), baryonVocabulary_, allowed);
        }
}

void StringBreakModel::loadTransverse(NetworkSource& source) {
    const SafeTensors& file = source.file();
    const int components = positiveMetadata(file, "transverse.components", 64);
    const std::unique_ptr<Network> network =
        source.load("transverse", transverseClasses, 2 * components);
    for (std::size_t i = 0; i < transverseClasses; ++i) {
        std::vector<float> input(transverseClasses, 0.f);
        input[i] = 1.f;
        const float* output =
            checkFinite(file, "transverse", (*network)(input.data()), 2 * components);
        const Categorical share(output, std::vector<bool>(components, true));
        Mixture mixture;
        double total = 0.;
        for (int k = 0; k < components; ++k) {
            mixture.cumulative.push_back(total += std::exp(share.logProbability(k)));
            mixture.width.push_back(std::exp(static_cast<double>(output[components + k])));
            if (!(mixture.width.back() > 1e-6 && mixture.width.back() < 1e3))
                throw file.error("network \"transverse\" gives a width of " +
                                 std::to_string(mixture.width.back()) + " GeV");
        }
        transverse_.push_back(mixture);
    }
}

void StringBreakModel::loadFraction(NetworkSource& source) {
    const SafeTensors& file = source.file();
    const int bins = positiveMetadata(file, "fraction.bins", 256);
    fraction_ = source.load("fraction", fractionInputs, 3 * bins + 1);
    denseFraction_ = dynamic_cast<DenseNetwork*>(fraction_.get());
    spline_ = UnitSpline(static_cast<std::size_t>(bins));
    fractionRange_ =
        file.floats("fraction.range", {static_cast<std::size_t>(numberOfEndClasses),
                                       static_cast<std::size_t>(numberOfBreakClasses), 2});
    const std::vector<float> norm = file.floats("fraction.norm", {2});
    fractionCentre_ = norm[0];
    fractionScale_ = norm[1];
    if (!(fractionScale_ > 0.f))
        throw file.error("tensor \"fraction.norm\" has no positive scale");
    for (std::size_t old = 0; old < numberOfEndClasses; ++old)
        for (std::size_t now = 0; now < numberOfBreakClasses; ++now) {
            if (denseFraction_ != nullptr)
                fractionSum_.push_back(denseFraction_->firstSum({old, numberOfEndClasses + now}));
            const float* range = &fractionRange_[2 * (old * numberOfBreakClasses + now)];
            for (int step = 0; step <= testsOfFraction; ++step)
                checkFinite(
                    file, "fraction",
                    fraction(old, now, range[0] + (range[1] - range[0]) * step / testsOfFraction),
                    fraction_->outputs());
        }
}

const Categorical* StringBreakModel::popcorn(int diquark) const {
    const int index = lightDiquarkIndex(diquark);
    return index < 0 ? nullptr : &popcorn_[index];
}

const Categorical* StringBreakModel::pick(int idOld, bool atEnd, int nPop, int idPop) const {
    int old = endClass(idOld);
    if (old < 0 || (nPop > 0 && (idPop < 1 || idPop > numberOfLightQuarks || old < numberOfQuarks)))
        return nullptr;
    old = std::min(old, numberOfQuarks + numberOfLightDiquarks);
    return &pick_[pickIndex(old, atEnd, nPop, idPop)];
}

const Categorical* StringBreakModel::meson(int idLarge, int idSmall) const {
    if (idSmall < 1 || idLarge > numberOfQuarks)
        return nullptr;
    const Categorical& distribution = meson_[idLarge - 1][idSmall - 1];
    return distribution.empty() ? nullptr : &distribution;
}

const Categorical* StringBreakModel::baryon(int diquark, int quark) const {
    const int index = lightDiquarkIndex(diquark);
    if (index < 0 || quark < 1 || quark > numberOfQuarks)
        return nullptr;
    const Categorical& distribution = baryon_[index][quark - 1];
    return distribution.empty() ? nullptr : &distribution;
}

double StringBreakModel::logMeson(int idLarge, int idSmall, int code) const {
    return logOfCode(meson(idLarge, idSmall), mesonVocabulary_, code);
}

double StringBreakModel::logBaryon(int diquark, int quark, int code) const {
    return logOfCode(baryon(diquark, quark), baryonVocabulary_, code);
}

double StringBreakModel::Mixture::logDensity(double pT2) const {
    double density = 0.;
    for (std::size_t k = 0; k < width.size(); ++k) {
        const double share = cumulative[k] - (k > 0 ? cumulative[k - 1] : 0.);
        const double variance = width[k] * width[k];
        density += share * std::exp(-0.5 * pT2 / variance) / (2. * M_PI * variance);
    }
    return std::log(std::max(density, std::numeric_limits<double>::min()));
}

const StringBreakModel::Mixture& StringBreakModel::transverse(int id) const {
    const int known = breakClass(id);
    return transverse_[known < 0 ? numberOfBreakClasses : known];
}

bool StringBreakModel::coversFraction(int idOld, int idNew, double mT2) const {
    const int old = endClass(idOld);
    const int now = breakClass(idNew);
    if (old < 0 || now < 0 || !(mT2 > 0.))
        return false;
    const double logarithm = std::log(mT2);
    const float* range = &fractionRange_[2 * (old * numberOfBreakClasses + now)];
    return logarithm >= range[0] && logarithm <= range[1];
}

const float* StringBreakModel::fraction(std::size_t oldClass, std::size_t newClass,
                                        float logarithm) {
    const float value = (logarithm - fractionCentre_) / fractionScale_;
    if (denseFraction_ != nullptr)
        return denseFraction_->fromFirstSum(
            fractionSum_[oldClass * numberOfBreakClasses + newClass], fractionInputs - 1, value);
    std::fill(fractionInput_.begin(), fractionInput_.end(), 0.f);
    fractionInput_[oldClass] = 1.f;
    fractionInput_[numberOfEndClasses + newClass] = 1.f;
    fractionInput_.back() = value;
    return (*fraction_)(fractionInput_.data());
}

void StringBreakModel::setFraction(int idOld, int idNew, double mT2) {
    spline_.set(fraction(static_cast<std::size_t>(endClass(idOld)),
                         static_cast<std::size_t>(breakClass(idNew)),
                         static_cast<float>(std::log(mT2))));
}

double StringBreakModel::drawFraction(int idOld, int idNew, double mT2, double u,
                                      double* logDensity) {
    setFraction(idOld, idNew, mT2);
    // The ends of the interval are no physical momentum fractions.
    constexpr double margin = 1e-10;
    return std::min(std::max(spline_.inverse(u, logDensity), margin), 1. - margin);
}

double StringBreakModel::fractionLogDensity(int idOld, int idNew, double mT2, double z) {
    if (!coversFraction(idOld, idNew, mT2))
        return noDensity;
    setFraction(idOld, idNew, mT2);
    return spline_.logDensity(z);
}

} // namespace mcsurrogate
