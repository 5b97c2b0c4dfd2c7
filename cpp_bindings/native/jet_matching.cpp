// SPDX-License-Identifier: GPL-3.0-or-later
#include "jet_matching.h"

#include <Pythia8Plugins/JetMatching.h>

namespace mcsurrogate {

std::shared_ptr<Pythia8::UserHooks> jet_matching(Pythia8::Settings& settings) {
    constexpr int madgraph = 1;
    if (!settings.flag("JetMatching:merge"))
        return nullptr;
    if (settings.mode("JetMatching:scheme") == madgraph)
        return std::make_shared<Pythia8::JetMatchingMadgraph>();
    return std::make_shared<Pythia8::JetMatchingAlpgen>();
}

} // namespace mcsurrogate
