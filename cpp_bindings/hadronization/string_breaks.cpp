// SPDX-License-Identifier: GPL-3.0-or-later
#include "string_breaks.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace mcsurrogate {

using Pythia8::FlavContainer;

FlavContainer SurrogateFlav::pick(FlavContainer& flavOld, double pT, double kappaModifier,
                                  bool allowPop) {
    ++breaks_.picks.calls;
    if (!breaks_.recorder)
        return draw(flavOld, pT, kappaModifier, allowPop);
    const FlavContainer before = flavOld;
    const std::int64_t fallbacks = breaks_.picks.fallbacks;
    const FlavContainer flavNew = draw(flavOld, pT, kappaModifier, allowPop);
    const bool byPythia = breaks_.picks.fallbacks > fallbacks;
    record(before, flavOld, flavNew, allowPop, byPythia);
    for (int i = 0; i < breaks_.repeats; ++i) {
        FlavContainer again = before;
        const FlavContainer other = draw(again, pT, kappaModifier, allowPop);
        record(before, again, other, allowPop, byPythia);
    }
    return flavNew;
}

FlavContainer SurrogateFlav::draw(FlavContainer& flavOld, double pT, double kappaModifier,
                                  bool allowPop) {
    if (!breaks_.model)
        return StringFlav::pick(flavOld, pT, kappaModifier, allowPop);
    const int code = std::abs(flavOld.id);
    const bool atEnd = flavOld.rank == 0;
    const bool assignsPopcorn = atEnd && code > 1000 && allowPop;
    const Categorical* popcorn = assignsPopcorn ? breaks_.model->popcorn(code) : nullptr;
    const Categorical* picks =
        (assignsPopcorn && popcorn == nullptr)
            ? nullptr
            : breaks_.model->pick(code, atEnd, assignsPopcorn ? 0 : flavOld.nPop, flavOld.idPop);
    if (picks == nullptr) {
        ++breaks_.picks.fallbacks;
        return StringFlav::pick(flavOld, pT, kappaModifier, allowPop);
    }

    if (assignsPopcorn) {
        const int outcome = popcorn->draw(rndmPtr->flat());
        const int heavy = code / 1000;
        const int light = (code / 100) % 10;
        flavOld.nPop = outcome / 2;
        flavOld.idPop = outcome % 2 == 1 ? light : heavy;
        flavOld.idVtx = heavy + light - flavOld.idPop;
        picks = breaks_.model->pick(code, atEnd, flavOld.nPop, flavOld.idPop);
        breaks_.weigh(
            [&](StringBreakModel& m) { return m.popcorn(code)->logProbability(outcome); });
    }

    const int outcome = picks->draw(rndmPtr->flat());
    breaks_.weigh([&](StringBreakModel& m) {
        return m.pick(code, atEnd, flavOld.nPop, flavOld.idPop)->logProbability(outcome);
    });

    // Colour: a quark end continues with an antiquark or a diquark, a diquark end with a quark or
    // an antidiquark.
    const NewFlavour& made = pickOutcomes()[outcome];
    const bool sameKind = (made.idPop == 0) == (code < 10);
    const int sign = (flavOld.id > 0) == sameKind ? -1 : 1;
    return FlavContainer(sign * made.id, flavOld.rank + 1, made.nPop, made.idPop, made.idVtx);
}

void SurrogateFlav::record(const FlavContainer& before, const FlavContainer& after,
                           const FlavContainer& flavNew, bool allowPop, bool byPythia) {
    const int code = std::abs(before.id);
    const bool atEnd = before.rank == 0;
    if (atEnd && code > 1000 && allowPop)
        breaks_.recorder->popcorn(code, after.nPop, after.idPop, byPythia);
    breaks_.recorder->pick(code, atEnd, after.nPop, after.nPop > 0 ? after.idPop : 0,
                           std::abs(flavNew.id), flavNew.nPop, flavNew.idPop, flavNew.idVtx,
                           byPythia);
}

int SurrogateFlav::drawMeson(int idMax, int idMin, int idMaxSigned) {
    const Categorical* mesons = breaks_.model->meson(idMax, idMin);
    if (mesons == nullptr)
        return -1;
    const int code = breaks_.model->mesonCode(mesons->draw(rndmPtr->flat()));
    breaks_.weigh([&](StringBreakModel& m) { return m.logMeson(idMax, idMin, code); });
    if (code == 0 || idMax == idMin)
        return code;
    // Particle or antiparticle by the charge of the heavier flavour.
    return ((idMax % 2 == 0) == (idMaxSigned > 0)) ? code : -code;
}

int SurrogateFlav::drawBaryon(int idMax, int idMin) {
    const Categorical* baryons = breaks_.model->baryon(idMax, idMin);
    if (baryons == nullptr)
        return -1;
    const int code = breaks_.model->baryonCode(baryons->draw(rndmPtr->flat()));
    breaks_.weigh([&](StringBreakModel& m) { return m.logBaryon(idMax, idMin, code); });
    return code;
}

int SurrogateFlav::combine(FlavContainer& flav1, FlavContainer& flav2) {
    ++breaks_.hadrons.calls;
    if (!breaks_.recorder)
        return drawHadron(flav1, flav2);
    const std::int64_t fallbacks = breaks_.hadrons.fallbacks;
    const int hadron = drawHadron(flav1, flav2);
    const bool byPythia = breaks_.hadrons.fallbacks > fallbacks;
    const bool isPopcornMeson = std::min(std::abs(flav1.id), std::abs(flav2.id)) > 1000;
    const int content1 = isPopcornMeson ? flav1.idVtx : std::abs(flav1.id);
    const int content2 = isPopcornMeson ? flav2.idVtx : std::abs(flav2.id);
    const int idMax = std::max(content1, content2);
    const int idMin = std::min(content1, content2);
    if (idMin == 0)
        return hadron;
    breaks_.recorder->combine(idMax, idMin, std::abs(hadron), byPythia);
    for (int i = 0; i < breaks_.repeats; ++i)
        breaks_.recorder->combine(idMax, idMin, std::abs(drawHadron(flav1, flav2)), byPythia);
    return hadron;
}

int SurrogateFlav::drawHadron(FlavContainer& flav1, FlavContainer& flav2) {
    if (!breaks_.model)
        return StringFlav::combine(flav1, flav2);
    const int id1 = std::abs(flav1.id);
    const int id2 = std::abs(flav2.id);
    // A popcorn meson is made of the vertex quarks of two diquarks.
    const bool isPopcornMeson = std::min(id1, id2) > 1000;
    int drawn = -1;
    if (isPopcornMeson || std::max(id1, id2) < 9) {
        const int content1 = isPopcornMeson ? flav1.idVtx : id1;
        const int content2 = isPopcornMeson ? flav2.idVtx : id2;
        if (std::min(content1, content2) == 0)
            return 0;
        drawn = content1 >= content2 ? drawMeson(content1, content2, flav1.id)
                                     : drawMeson(content2, content1, flav2.id);
    } else {
        drawn = drawBaryon(std::max(id1, id2), std::min(id1, id2));
        if (drawn > 0 && flav1.id < 0)
            drawn = -drawn;
    }
    if (drawn != -1)
        return drawn;
    ++breaks_.hadrons.fallbacks;
    return StringFlav::combine(flav1, flav2);
}

std::pair<double, double> SurrogatePT::pxy(int idIn, double kappaModifier) {
    ++breaks_.transverse.calls;
    const std::int64_t fallbacks = breaks_.transverse.fallbacks;
    const std::pair<double, double> momentum = draw(idIn, kappaModifier);
    if (breaks_.recorder) {
        const bool byPythia = breaks_.transverse.fallbacks > fallbacks;
        breaks_.recorder->transverse(std::abs(idIn), momentum.first, momentum.second, byPythia);
        for (int i = 0; i < breaks_.repeats; ++i) {
            const std::pair<double, double> other = draw(idIn, kappaModifier);
            breaks_.recorder->transverse(std::abs(idIn), other.first, other.second, byPythia);
        }
    }
    return momentum;
}

std::pair<double, double> SurrogatePT::draw(int idIn, double kappaModifier) {
    if (!breaks_.model)
        return StringPT::pxy(idIn, kappaModifier);
    if (closePacking && (kappaModifier > 0. || exponentMPI > 0.)) {
        ++breaks_.transverse.fallbacks;
        // Beside other strings Pythia has drawn the flavours of this break by itself.
        if (kappaModifier > 0.)
            for (StringBreaks::Count* count : {&breaks_.picks, &breaks_.hadrons}) {
                ++count->calls;
                ++count->fallbacks;
            }
        return StringPT::pxy(idIn, kappaModifier);
    }
    const StringBreakModel::Mixture& mixture = breaks_.model->transverse(idIn);
    const double share = rndmPtr->flat();
    std::size_t k = 0;
    while (k + 1 < mixture.cumulative.size() && mixture.cumulative[k] <= share)
        ++k;
    const std::pair<double, double> normal = rndmPtr->gauss2();
    const double px = mixture.width[k] * normal.first;
    const double py = mixture.width[k] * normal.second;
    breaks_.weigh(
        [&](StringBreakModel& m) { return m.transverse(idIn).logDensity(px * px + py * py); });
    return {px, py};
}

double SurrogateZ::zFrag(int idOld, int idNew, double mT2) {
    ++breaks_.fractions.calls;
    const std::int64_t fallbacks = breaks_.fractions.fallbacks;
    const double z = draw(idOld, idNew, mT2);
    if (breaks_.recorder) {
        const bool byPythia = breaks_.fractions.fallbacks > fallbacks;
        breaks_.recorder->fraction(std::abs(idOld), std::abs(idNew), mT2, z, byPythia);
        for (int i = 0; i < breaks_.repeats; ++i)
            breaks_.recorder->fraction(std::abs(idOld), std::abs(idNew), mT2,
                                       draw(idOld, idNew, mT2), byPythia);
    }
    return z;
}

double SurrogateZ::draw(int idOld, int idNew, double mT2) {
    if (!breaks_.model)
        return StringZ::zFrag(idOld, idNew, mT2);
    if (!breaks_.model->coversFraction(idOld, idNew, mT2)) {
        ++breaks_.fractions.fallbacks;
        // Pythia's density of z is not known, but where all models leave the draw to it the ratio
        // is 1.
        breaks_.weigh(0., [&](StringBreakModel& m) {
            return m.coversFraction(idOld, idNew, mT2) ? noDensity : 0.;
        });
        return StringZ::zFrag(idOld, idNew, mT2);
    }
    double logDensity = 0.;
    const double z = breaks_.model->drawFraction(
        idOld, idNew, mT2, rndmPtr->flat(), breaks_.variations.empty() ? nullptr : &logDensity);
    // A network of a user can fail between the masses that it was tried at.
    if (!(z > 0.)) {
        ++breaks_.fractions.fallbacks;
        return StringZ::zFrag(idOld, idNew, mT2);
    }
    breaks_.weigh(logDensity,
                  [&](StringBreakModel& m) { return m.fractionLogDensity(idOld, idNew, mT2, z); });
    return z;
}

} // namespace mcsurrogate
