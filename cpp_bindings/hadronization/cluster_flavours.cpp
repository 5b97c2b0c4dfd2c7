// SPDX-License-Identifier: GPL-3.0-or-later
#include "cluster_flavours.h"

#include <algorithm>

namespace mcsurrogate {

int poppedClass(int end) {
    static const std::array<int, numberOfClusterEnds> table = {0, 1, 2, -1, -1, 3, 4,
                                                               4, 5, 6, 6,  7,  7, 8};
    return end < 0 || end >= numberOfClusterEnds ? -1 : table[end];
}

bool hadronHolds(int code, int end, int popped) {
    const int size = std::abs(code);
    const std::array<int, 3> digits = {(size / 1000) % 10, (size / 100) % 10, (size / 10) % 10};
    const int joined = poppedFlavours[popped];
    if (digits[0] == 0) {
        if (isDiquarkEnd(end) || joined > 10 || digits[1] == 0)
            return false;
        const int quark = end + 1;
        if (digits[1] == digits[2])
            // Light flavour-neutral states mix, so any light pair may become any of them.
            return quark == joined && (digits[1] == quark || (digits[1] <= 3 && quark <= 3));
        const bool heavyIsQuark = (digits[1] % 2 == 0) == (code > 0);
        return quark == (heavyIsQuark ? digits[1] : digits[2]) &&
               joined == (heavyIsQuark ? digits[2] : digits[1]);
    }
    if (code < 0)
        return false;
    std::array<int, 3> wanted;
    if (isDiquarkEnd(end)) {
        const int diquark = lightDiquarks[end - numberOfQuarks];
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
