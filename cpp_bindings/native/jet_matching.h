// SPDX-License-Identifier: GPL-3.0-or-later
// MLM matching of the jets of matrix elements with those of the shower, as Pythia's plugin does it.

#pragma once

#include <memory>

#include <Pythia8/Pythia.h>

namespace mcsurrogate {

// The plugin that the settings "JetMatching:..." are for; null where they switch nothing on.
std::shared_ptr<Pythia8::UserHooks> jet_matching(Pythia8::Settings& settings);

} // namespace mcsurrogate
