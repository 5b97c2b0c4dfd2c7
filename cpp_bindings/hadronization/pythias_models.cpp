// SPDX-License-Identifier: GPL-3.0-or-later
#include "pythias_models.h"

#include "Pythia8/HiddenValleyFragmentation.h"
#include "Pythia8/Pythia.h"
#include "Pythia8/RHadrons.h"

namespace mcsurrogate {

using namespace Pythia8;

namespace {

// Pythia shows its models to nobody, but an explicit instantiation may name a private member
// ([temp.spec]); each friend function hands its pointer out.
template <typename Member, typename Member::Type pointer>
struct Reach {
    friend typename Member::Type reach(Member) { return pointer; }
};

struct Models {
    using Type = std::vector<FragmentationModelPtr> Pythia::*;
    friend Type reach(Models);
};
struct Strings {
    using Type = LundFragmentationPtr Pythia::*;
    friend Type reach(Strings);
};
template struct Reach<Models, &Pythia::fragPtrs>;
template struct Reach<Strings, &Pythia::fragPtr>;

} // namespace

PythiasModels pythiasModels(Pythia& pythia) {
    PythiasModels models{{}, pythia.*reach(Strings())};
    for (const FragmentationModelPtr& model : pythia.*reach(Models()))
        if (dynamic_cast<HiddenValleyFragmentation*>(model.get()) != nullptr ||
            dynamic_cast<RHadrons*>(model.get()) != nullptr)
            models.special.push_back(model);
    return models;
}

} // namespace mcsurrogate
