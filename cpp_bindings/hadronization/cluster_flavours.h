// SPDX-License-Identifier: GPL-3.0-or-later
// Flavours of clusters: their ends, what is popped between two products, and the canonical form.
//
// A cluster has a colour triplet end (quark or antidiquark) and an antitriplet end (antiquark or
// diquark). In its canonical form the class of the first end is not below that of the second and
// the first code is positive. The same numbering as mcsurrogate/hadronization/cluster_flavours.py.

#ifndef MCSURROGATE_CLUSTER_FLAVOURS_H
#define MCSURROGATE_CLUSTER_FLAVOURS_H

#include <array>
#include <cstdlib>
#include <utility>

#include "flavours.h"

namespace mcsurrogate {

// Classes of ends: d u s c b, nine light diquarks.
constexpr int numberOfClusterEnds = numberOfQuarks + numberOfLightDiquarks;
// What is popped between two products; a diquark stands for both of its spins.
constexpr std::array<int, 9> poppedFlavours = {1, 2, 3, 1103, 2101, 2203, 3101, 3201, 3303};
constexpr int numberOfPopped = static_cast<int>(poppedFlavours.size());

// Class of an end, or -1.
inline int clusterEnd(int id) {
    const int known = endClass(id);
    return known < numberOfClusterEnds ? known : -1;
}

// Class of an end as a popped flavour, or -1.
int poppedClass(int end);

// Class of a popped flavour as an end.
inline int endOfPopped(int popped) {
    return clusterEnd(poppedFlavours[popped]);
}

inline bool isDiquarkEnd(int end) {
    return end >= numberOfQuarks;
}

inline bool isTriplet(int id) {
    return (id > 0) == (std::abs(id) < 10);
}

// Antiparticle of a hadron; itself for flavour-diagonal mesons.
inline int conjugateHadron(int code) {
    const int digits = std::abs(code) / 10;
    const bool isDiagonal = (digits / 100) % 10 == 0 && (digits / 10) % 10 == digits % 10;
    return isDiagonal ? code : -code;
}

// Signed code that joins a positive end of this class in a product: a quark and a diquark make a
// baryon, two quarks or two diquarks what has no baryon number.
inline int partnerCode(int end, int popped) {
    const int code = poppedFlavours[popped];
    return isDiquarkEnd(end) == (code > 10) ? -code : code;
}

// Whether a hadron consists of a positive end of this class and the popped flavour that joins it. A
// diquark and an antidiquark that share a quark make a meson of the others (popcorn).
bool hadronHolds(int code, int end, int popped);

struct CanonicalEnds {
    int first;  // classes
    int second; // classes
    bool conjugated;
    bool swapped;
    bool known;

    // Whether the second end is an antiparticle in the canonical form.
    bool secondIsAnti() const { return !(isDiquarkEnd(first) && !isDiquarkEnd(second)); }
};

CanonicalEnds canonicalEnds(int plus, int minus);

} // namespace mcsurrogate

#endif // MCSURROGATE_CLUSTER_FLAVOURS_H
