// SPDX-License-Identifier: GPL-3.0-or-later
// The learned distributions of one string break, read from a weights file.
//
// Discrete draws depend on discrete inputs only, so the networks for them are evaluated once
// for every input when the file is read; the network for z runs at each draw.

#ifndef MCSURROGATE_STRING_BREAK_MODEL_H
#define MCSURROGATE_STRING_BREAK_MODEL_H

#include <array>
#include <cstddef>
#include <memory>
#include <vector>

#include "flavours.h"
#include "network.h"
#include "network_source.h"
#include "spline.h"

namespace mcsurrogate {

// A distribution over a few outcomes, most likely first.
class Categorical {
  public:
    Categorical() = default;

    // From a softmax over `logits` of the outcomes for which `allowed` is true.
    Categorical(const float* logits, const std::vector<bool>& allowed);

    bool empty() const { return outcome_.empty(); }

    // Outcome for a uniform random number in (0, 1).
    int draw(double u) const {
        std::size_t i = 0;
        while (i + 1 < cumulative_.size() && cumulative_[i] <= u)
            ++i;
        return outcome_[i];
    }

    // Log of the probability, minus infinity for outcomes that are not allowed.
    double logProbability(int outcome) const { return logProbability_[outcome]; }

  private:
    std::vector<int> outcome_;
    std::vector<double> cumulative_;
    std::vector<double> logProbability_;
};

// What a break turns an old flavour into; signs relative to the old flavour.
struct NewFlavour {
    int id;
    int nPop;
    int idPop;
    int idVtx;
};

// Outcomes of `pick`: d u s, then diquarks of (popcorn quark, vertex quark, spin) without and
// with a popcorn meson.
const std::vector<NewFlavour>& pickOutcomes();

class StringBreakModel {
  public:
    static constexpr std::size_t pickInputs =
        numberOfQuarks + numberOfLightDiquarks + 1 + 1 + 3 + 1;
    static constexpr std::size_t mesonInputs = 2 * numberOfQuarks;
    static constexpr std::size_t baryonInputs = numberOfQuarks + numberOfLightDiquarks;
    static constexpr std::size_t transverseClasses = numberOfBreakClasses + 1;
    static constexpr std::size_t fractionInputs = numberOfEndClasses + numberOfBreakClasses + 1;

    explicit StringBreakModel(NetworkSource source);

    // The distributions, nullptr where the networks do not cover the input.
    // Popcorn inside a diquark at a string end: outcome 2 * nPop + (popcorn quark is the lighter).
    const Categorical* popcorn(int diquark) const;
    // New flavour: position in pickOutcomes().
    const Categorical* pick(int idOld, bool atEnd, int nPop, int idPop) const;
    // Meson of a quark and an antiquark, baryon of a quark and a diquark: see hadron().
    const Categorical* meson(int idLarge, int idSmall) const;
    const Categorical* baryon(int diquark, int quark) const;
    // Code of a hadron outcome without sign, 0 for a rejected attempt.
    int mesonCode(int outcome) const { return mesonVocabulary_[outcome]; }
    int baryonCode(int outcome) const { return baryonVocabulary_[outcome]; }
    // Logarithms of the probabilities of a hadron code; minus infinity for one that is never made.
    double logMeson(int idLarge, int idSmall, int code) const;
    double logBaryon(int diquark, int quark, int code) const;

    // Transverse momentum: a mixture of two-dimensional Gaussians.
    struct Mixture {
        std::vector<double> cumulative;
        std::vector<double> width; // of each component of the momentum, GeV
        double logDensity(double pT2) const;
    };
    const Mixture& transverse(int id) const;

    // Light-cone fraction: whether the network covers the input, then draws and densities.
    bool coversFraction(int idOld, int idNew, double mT2) const;
    double drawFraction(int idOld, int idNew, double mT2, double u, double* logDensity = nullptr);
    double fractionLogDensity(int idOld, int idNew, double mT2, double z);

  private:
    void loadPopcorn(NetworkSource& source);
    void loadPick(NetworkSource& source);
    void loadHadrons(NetworkSource& source);
    void loadTransverse(NetworkSource& source);
    void loadFraction(NetworkSource& source);
    void setFraction(int idOld, int idNew, double mT2);
    // Outputs of the network of z for a pair of classes and log(mT^2 / GeV^2).
    const float* fraction(std::size_t oldClass, std::size_t newClass, float logarithm);

    static std::size_t pickIndex(int oldClass, bool atEnd, int nPop, int idPop);

    std::array<Categorical, numberOfLightDiquarks> popcorn_;
    std::vector<Categorical> pick_;
    std::array<std::array<Categorical, numberOfQuarks>, numberOfQuarks> meson_;
    std::array<std::array<Categorical, numberOfQuarks>, numberOfLightDiquarks> baryon_;
    std::vector<std::int32_t> mesonVocabulary_;
    std::vector<std::int32_t> baryonVocabulary_;
    std::vector<Mixture> transverse_;

    std::unique_ptr<Network> fraction_;
    DenseNetwork* denseFraction_ = nullptr; // the same one, where it is built in
    std::vector<float> fractionInput_;
    UnitSpline spline_;
    // Of the first layer for each pair of classes: the flavours then cost nothing.
    std::vector<std::vector<Lane>> fractionSum_;
    std::vector<float> fractionRange_; // (old, new, 2): covered log(mT^2 / GeV^2)
    float fractionCentre_ = 0.f;
    float fractionScale_ = 1.f;
};

} // namespace mcsurrogate

#endif // MCSURROGATE_STRING_BREAK_MODEL_H
