// SPDX-License-Identifier: GPL-3.0-or-later
// Pythia's own fragmentation models, whose place a plugin takes.

#ifndef MCSURROGATE_PYTHIAS_MODELS_H
#define MCSURROGATE_PYTHIAS_MODELS_H

#include <vector>

#include "Pythia8/FragmentationModel.h"

namespace Pythia8 {
class Pythia;
}

namespace mcsurrogate {

struct PythiasModels {
    // Those of Hidden Valleys and R-hadrons, which handle partons of their own before any singlet.
    std::vector<Pythia8::FragmentationModelPtr> special;
    // The string model. Pythia's low-energy collisions and rescattering use its parts.
    Pythia8::LundFragmentationPtr strings;
};

// To be called in the constructor of a plugin: afterwards Pythia has discarded them.
PythiasModels pythiasModels(Pythia8::Pythia& pythia);

} // namespace mcsurrogate

#endif // MCSURROGATE_PYTHIAS_MODELS_H
