#include "string_breaks.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace mcsurrogate {

using Pythia8::FlavContainer;

FlavContainer SurrogateFlav::pick(FlavContainer& flavOld, double pT, double kappaModifier,
                                  bool allowPop) {
  ++breaks_.picks.calls;
  if (!breaks_.recorder) return draw(flavOld, pT, kappaModifier, allowPop);
  const FlavContainer before = flavOld;
  const FlavContainer flavNew = draw(flavOld, pT, kappaModifier, allowPop);
  record(before, flavOld, flavNew, allowPop);
  return flavNew;
}

FlavContainer SurrogateFlav::draw(FlavContainer& flavOld, double pT, double kappaModifier,
                                  bool allowPop) {
  if (!breaks_.model) return StringFlav::pick(flavOld, pT, kappaModifier, allowPop);
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
    for (std::size_t i = 0; i < breaks_.variations.size(); ++i)
      breaks_.logWeights[i] += breaks_.variations[i]->popcorn(code)->logProbability(outcome) -
                               popcorn->logProbability(outcome);
  }

  const int outcome = picks->draw(rndmPtr->flat());
  for (std::size_t i = 0; i < breaks_.variations.size(); ++i)
    breaks_.logWeights[i] += breaks_.variations[i]
                                 ->pick(code, atEnd, flavOld.nPop, flavOld.idPop)
                                 ->logProbability(outcome) -
                             picks->logProbability(outcome);

  // Colour: a quark end continues with an antiquark or a diquark, a diquark end with a quark or
  // an antidiquark.
  const NewFlavour& made = pickOutcomes()[outcome];
  const bool sameKind = (made.idPop == 0) == (code < 10);
  const int sign = (flavOld.id > 0) == sameKind ? -1 : 1;
  return FlavContainer(sign * made.id, flavOld.rank + 1, made.nPop, made.idPop, made.idVtx);
}

void SurrogateFlav::record(const FlavContainer& before, const FlavContainer& after,
                           const FlavContainer& flavNew, bool allowPop) {
  const int code = std::abs(before.id);
  const bool atEnd = before.rank == 0;
  if (atEnd && code > 1000 && allowPop) breaks_.recorder->popcorn(code, after.nPop, after.idPop);
  breaks_.recorder->pick(code, atEnd, after.nPop, after.nPop > 0 ? after.idPop : 0,
                         std::abs(flavNew.id), flavNew.nPop, flavNew.idPop, flavNew.idVtx);
}

int SurrogateFlav::drawMeson(int idMax, int idMin, int idMaxSigned) {
  const Categorical* mesons = breaks_.model->meson(idMax, idMin);
  if (mesons == nullptr) return -1;
  const int outcome = mesons->draw(rndmPtr->flat());
  const int code = breaks_.model->mesonCode(outcome);
  for (std::size_t i = 0; i < breaks_.variations.size(); ++i) {
    const StringBreakModel& other = *breaks_.variations[i];
    breaks_.logWeights[i] +=
        other.meson(idMax, idMin)->logProbability(other.mesonOutcome(code)) -
        mesons->logProbability(outcome);
  }
  if (code == 0 || idMax == idMin) return code;
  // Particle or antiparticle by the charge of the heavier flavour.
  return ((idMax % 2 == 0) == (idMaxSigned > 0)) ? code : -code;
}

int SurrogateFlav::combine(FlavContainer& flav1, FlavContainer& flav2) {
  ++breaks_.hadrons.calls;
  const int id1 = std::abs(flav1.id);
  const int id2 = std::abs(flav2.id);
  const bool isPopcornMeson = std::min(id1, id2) > 1000;
  const bool isMeson = isPopcornMeson || std::max(id1, id2) < 9;
  const int content1 = isPopcornMeson ? flav1.idVtx : id1;
  const int content2 = isPopcornMeson ? flav2.idVtx : id2;
  const int idMax = std::max(content1, content2);
  const int idMin = std::min(content1, content2);
  if (isPopcornMeson && idMin == 0) return 0;

  int hadron = 0;
  if (!breaks_.model) {
    hadron = StringFlav::combine(flav1, flav2);
  } else if (isMeson) {
    const int drawn = drawMeson(idMax, idMin, idMax == content1 ? flav1.id : flav2.id);
    hadron = drawn;
    if (drawn == -1) {
      ++breaks_.hadrons.fallbacks;
      hadron = StringFlav::combine(flav1, flav2);
    }
  } else {
    const Categorical* baryons = breaks_.model->baryon(idMax, idMin);
    if (baryons == nullptr) {
      ++breaks_.hadrons.fallbacks;
      hadron = StringFlav::combine(flav1, flav2);
    } else {
      const int outcome = baryons->draw(rndmPtr->flat());
      const int code = breaks_.model->baryonCode(outcome);
      for (std::size_t i = 0; i < breaks_.variations.size(); ++i) {
        const StringBreakModel& other = *breaks_.variations[i];
        breaks_.logWeights[i] +=
            other.baryon(idMax, idMin)->logProbability(other.baryonOutcome(code)) -
            baryons->logProbability(outcome);
      }
      hadron = flav1.id > 0 ? code : -code;
    }
  }
  if (breaks_.recorder) breaks_.recorder->combine(idMax, idMin, std::abs(hadron));
  return hadron;
}

std::pair<double, double> SurrogatePT::pxy(int idIn, double kappaModifier) {
  ++breaks_.transverse.calls;
  std::pair<double, double> momentum;
  if (!breaks_.model) {
    momentum = StringPT::pxy(idIn, kappaModifier);
  } else {
    const StringBreakModel::Mixture& mixture = breaks_.model->transverse(idIn);
    const double share = rndmPtr->flat();
    std::size_t k = 0;
    while (k + 1 < mixture.cumulative.size() && mixture.cumulative[k] <= share) ++k;
    const std::pair<double, double> normal = rndmPtr->gauss2();
    momentum = {mixture.width[k] * normal.first, mixture.width[k] * normal.second};
    if (!breaks_.variations.empty()) {
      const double pT2 = momentum.first * momentum.first + momentum.second * momentum.second;
      for (std::size_t i = 0; i < breaks_.variations.size(); ++i)
        breaks_.logWeights[i] +=
            breaks_.variations[i]->transverse(idIn).logDensity(pT2) - mixture.logDensity(pT2);
    }
  }
  if (breaks_.recorder)
    breaks_.recorder->transverse(std::abs(idIn), momentum.first, momentum.second);
  return momentum;
}

double SurrogateZ::zFrag(int idOld, int idNew, double mT2) {
  ++breaks_.fractions.calls;
  double z = 0.;
  if (!breaks_.model) {
    z = StringZ::zFrag(idOld, idNew, mT2);
  } else if (!breaks_.model->coversFraction(idOld, idNew, mT2)) {
    ++breaks_.fractions.fallbacks;
    z = StringZ::zFrag(idOld, idNew, mT2);
  } else if (breaks_.variations.empty()) {
    z = breaks_.model->drawFraction(idOld, idNew, mT2, rndmPtr->flat());
  } else {
    double logDensity = 0.;
    z = breaks_.model->drawFraction(idOld, idNew, mT2, rndmPtr->flat(), &logDensity);
    for (std::size_t i = 0; i < breaks_.variations.size(); ++i)
      breaks_.logWeights[i] +=
          breaks_.variations[i]->fractionLogDensity(idOld, idNew, mT2, z) - logDensity;
  }
  if (breaks_.recorder) breaks_.recorder->fraction(std::abs(idOld), std::abs(idNew), mT2, z);
  return z;
}

}  // namespace mcsurrogate
