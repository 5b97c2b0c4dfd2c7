// SPDX-License-Identifier: GPL-3.0-or-later
// Numbering of string-end flavours: the discrete inputs and outputs of the string-break networks.
//
// Everything is counted for a positive code; charge conjugation is put back by the caller.

#ifndef MCSURROGATE_FLAVOURS_H
#define MCSURROGATE_FLAVOURS_H

#include <array>
#include <cstdlib>

namespace mcsurrogate {

constexpr int numberOfQuarks = 5;
constexpr int numberOfLightQuarks = 3;
constexpr std::array<int, 9> lightDiquarks = {1103, 2101, 2103, 2203, 3101, 3103, 3201, 3203, 3303};
constexpr int numberOfLightDiquarks = static_cast<int>(lightDiquarks.size());

// Classes of string ends: d u s c b, nine light diquarks, charmed and bottom diquarks.
constexpr int numberOfEndClasses = numberOfQuarks + numberOfLightDiquarks + 2;
// Classes of flavours that a break can make: d u s, nine light diquarks.
constexpr int numberOfBreakClasses = numberOfLightQuarks + numberOfLightDiquarks;

inline bool isDiquarkCode(int id) {
    const int code = std::abs(id);
    return code > 1000 && code < 10000 && (code / 10) % 10 == 0;
}

// Position in `lightDiquarks`, or -1.
inline int lightDiquarkIndex(int id) {
    switch (std::abs(id)) {
    case 1103:
        return 0;
    case 2101:
        return 1;
    case 2103:
        return 2;
    case 2203:
        return 3;
    case 3101:
        return 4;
    case 3103:
        return 5;
    case 3201:
        return 6;
    case 3203:
        return 7;
    case 3303:
        return 8;
    default:
        return -1;
    }
}

// Class of a string end, or -1 for codes that the networks do not know.
inline int endClass(int id) {
    const int code = std::abs(id);
    if (code >= 1 && code <= numberOfQuarks)
        return code - 1;
    const int light = lightDiquarkIndex(code);
    if (light >= 0)
        return numberOfQuarks + light;
    if (!isDiquarkCode(code))
        return -1;
    if (code / 1000 == 4)
        return numberOfQuarks + numberOfLightDiquarks;
    if (code / 1000 == 5)
        return numberOfQuarks + numberOfLightDiquarks + 1;
    return -1;
}

// Class of a flavour made by a break, or -1.
inline int breakClass(int id) {
    const int code = std::abs(id);
    if (code >= 1 && code <= numberOfLightQuarks)
        return code - 1;
    const int light = lightDiquarkIndex(code);
    return light >= 0 ? numberOfLightQuarks + light : -1;
}

} // namespace mcsurrogate

#endif // MCSURROGATE_FLAVOURS_H
