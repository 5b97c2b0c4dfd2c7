// SPDX-License-Identifier: GPL-3.0-or-later
// Pythia's flavour, transverse-momentum and z selectors with the draws made by networks.
//
// They are handed to LundFragmentation, so kinks, junctions, closed loops, remnants and all
// conservation laws stay Pythia's own.

#ifndef MCSURROGATE_STRING_BREAKS_H
#define MCSURROGATE_STRING_BREAKS_H

#include <cstdint>
#include <memory>
#include <utility>

#include "Pythia8/FragmentationFlavZpT.h"
#include "recorder.h"
#include "string_break_model.h"
#include "varied_networks.h"

namespace mcsurrogate {

// What the three selectors share: the networks, the recorder and the counts. Without networks every
// call goes to Pythia's own code.
struct StringBreaks : VariedNetworks<StringBreakModel> {
    using VariedNetworks::VariedNetworks;

    std::unique_ptr<BreakRecorder> recorder;
    // Further draws that are recorded, and thrown away, for each one that is used.
    int repeats = 0;

    // Draws, and how many of them went to Pythia's own code because the networks do not cover them.
    struct Count {
        std::int64_t calls = 0;
        std::int64_t fallbacks = 0;
    };
    Count picks, hadrons, transverse, fractions;
};

class SurrogateFlav : public Pythia8::StringFlav {
  public:
    explicit SurrogateFlav(StringBreaks& breaks) : breaks_(breaks) {}

    Pythia8::FlavContainer pick(Pythia8::FlavContainer& flavOld, double pT, double kappaModifier,
                                bool allowPop) override;
    int combine(Pythia8::FlavContainer& flav1, Pythia8::FlavContainer& flav2) override;

  private:
    Pythia8::FlavContainer draw(Pythia8::FlavContainer& flavOld, double pT, double kappaModifier,
                                bool allowPop);
    int drawHadron(Pythia8::FlavContainer& flav1, Pythia8::FlavContainer& flav2);
    int drawMeson(int idMax, int idMin, int idMaxSigned);
    int drawBaryon(int idMax, int idMin);
    void record(const Pythia8::FlavContainer& before, const Pythia8::FlavContainer& after,
                const Pythia8::FlavContainer& flavNew, bool allowPop, bool byPythia);

    StringBreaks& breaks_;
};

class SurrogatePT : public Pythia8::StringPT {
  public:
    explicit SurrogatePT(StringBreaks& breaks) : breaks_(breaks) {}

    std::pair<double, double> pxy(int idIn, double kappaModifier) override;

  private:
    std::pair<double, double> draw(int idIn, double kappaModifier);

    StringBreaks& breaks_;
};

class SurrogateZ : public Pythia8::StringZ {
  public:
    explicit SurrogateZ(StringBreaks& breaks) : breaks_(breaks) {}

    double zFrag(int idOld, int idNew, double mT2) override;

  private:
    double draw(int idOld, int idNew, double mT2);

    StringBreaks& breaks_;
};

} // namespace mcsurrogate

#endif // MCSURROGATE_STRING_BREAKS_H
