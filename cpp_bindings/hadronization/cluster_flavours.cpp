// SPDX-License-Identifier: GPL-3.0-or-later
#include "cluster_flavours.h"

#include <algorithm>

namespace mcsurrogate {

int poppedClass(int end) {
    static const std::array<int, numberOfClusterEnds> table = {0, 1, 2, -1, -1, 3, 4,
                                                               4, 5, 6, 6,  7,  7, 8};
    return end < 0 || end >= numberOfClusterEnds ? -1 : table[end];
}

namespace {

// Whether a meson holds a quark and the antiquark of another.
bool mesonHolds(int code, int quark, int joined) {
    const int heavy = (std::abs(code) / 100) % 10, light = (std::abs(code) / 10) % 10;
    if (heavy == light)
        // Light flavour-neutral states mix, so any light pair may become any of them.
        return quark == joined && (heavy == quark || (heavy <= 3 && quark <= 3));
    const bool heavyIsQuark = (heavy % 2 == 0) == (code > 0);
    return quark == (heavyIsQuark ? heavy : light) && joined == (heavyIsQuark ? light : heavy);
}

} // namespace

bool hadronHolds(int code, int end, int popped) {
    const int size = std::abs(code);
    const std::array<int, 3> digits = {(size / 1000) % 10, (size / 100) % 10, (size / 10) % 10};
    const int joined = poppedFlavours[popped];
    const int diquark = isDiquarkEnd(end) ? lightDiquarks[end - numberOfQuarks] : 0;
    if (digits[0] == 0) {
        if (digits[1] == 0 || (diquark > 0) != (joined > 10))
            return false;
        if (diquark == 0)
            return mesonHolds(code, end + 1, joined);
        for (const int given : {diquark / 1000, (diquark / 100) % 10})
            for (const int other : {joined / 1000, (joined / 100) % 10})
                if (diquark / 1000 + (diquark / 100) % 10 - given ==
                        joined / 1000 + (joined / 100) % 10 - other &&
                    mesonHolds(code, given, other))
                    return true;
        return false;
    }
    if (code < 0 || (diquark > 0) == (joined > 10))
        return false;
    std::array<int, 3> wanted;
    if (diquark > 0) {
        wanted = {diquark / 1000, (diquark / 100) % 10, joined};
    } else {
        wanted = {end + 1, joined / 1000, (joined / 100) % 10};
    }
    std::array<int, 3> found = digits;
    std::sort(wanted.begin(), wanted.end());
    std::sort(found.begin(), found.end());
    return wanted == found;
}

CanonicalEnds canonicalEnds(int plus, int minus) {
    CanonicalEnds ends{clusterEnd(plus), clusterEnd(minus), false, false, false};
    ends.known = ends.first >= 0 && ends.second >= 0 && isTriplet(plus) != isTriplet(minus);
    if (!ends.known)
        return ends;
    ends.swapped = ends.first < ends.second;
    if (ends.swapped)
        std::swap(ends.first, ends.second);
    ends.conjugated = (ends.swapped ? minus : plus) < 0;
    return ends;
}

} // namespace mcsurrogate
