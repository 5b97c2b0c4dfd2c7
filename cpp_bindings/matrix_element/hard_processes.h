// SPDX-License-Identifier: GPL-3.0-or-later
// Pythia's hard processes that an emulator can take over: one initial state, definite particles.

#ifndef MCSURROGATE_HARD_PROCESSES_H
#define MCSURROGATE_HARD_PROCESSES_H

#include <array>
#include <vector>

namespace mcsurrogate {

// A 2 -> 2 process of Pythia with the settings that switch it on.
struct HardProcess {
    int code;
    std::array<int, 4> pdgIds;
    std::vector<const char*> flags;
    int alphaEmPower; // of the electromagnetic coupling in |M|^2
};

inline const std::vector<HardProcess>& hardProcesses() {
    static const std::vector<HardProcess> table = {
        {111, {21, 21, 21, 21}, {"HardQCD:gg2gg", "HardQCD:all"}, 0},
        {123, {21, 21, 5, -5}, {"HardQCD:gg2bbbar", "HardQCD:all", "HardQCD:hardbbbar"}, 0},
        {205, {21, 21, 22, 22}, {"PromptPhoton:gg2gammagamma", "PromptPhoton:all"}, 2},
        {601, {21, 21, 6, -6}, {"Top:gg2ttbar", "Top:all"}, 0},
    };
    return table;
}

} // namespace mcsurrogate

#endif // MCSURROGATE_HARD_PROCESSES_H
