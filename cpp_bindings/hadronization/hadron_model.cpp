// SPDX-License-Identifier: GPL-3.0-or-later
#include "hadron_model.h"

#include <algorithm>
#include <cmath>

namespace mcsurrogate {

namespace {

// A function's own, because registrations of other files may be made before this file's constants.
std::vector<const HadronModelRegistration*>& registered() {
    static std::vector<const HadronModelRegistration*> models;
    return models;
}

} // namespace

double checksumOf(const Pythia8::Event& event) {
    double checksum = event.size();
    for (int i = 0; i < event.size(); ++i)
        // Energies alone are those of the beams in elastic scattering, and momenta add up to 0.
        checksum += (1. + i) * (std::abs(event[i].e()) + event[i].px());
    return checksum;
}

std::int32_t labelOf(const Pythia8::Event& event) {
    return static_cast<std::int32_t>(event[0].scale());
}

HadronModelRegistration::HadronModelRegistration(const char* name, Make make)
    : name(name), make(make) {
    registered().push_back(this);
}

HadronModelRegistration::~HadronModelRegistration() {
    std::erase(registered(), this);
}

std::unique_ptr<HadronModel> makeHadronModel(const std::string& name) {
    const HadronModelRegistration* found = nullptr;
    std::vector<std::string> known;
    for (const HadronModelRegistration* model : registered()) {
        known.push_back(model->name);
        if (model->name != name)
            continue;
        if (found != nullptr)
            throw WeightsError("MCSurrogate:model is \"" + name +
                               "\", and two libraries have a model of this name; load one of them");
        found = model;
    }
    if (found != nullptr)
        return found->make();
    std::sort(known.begin(), known.end());
    std::string list;
    std::string remedy;
    for (const std::string& other : known) {
        list += (list.empty() ? "" : ", ") + other;
        if (name.starts_with(other + "_"))
            remedy = "; for weights of this name write MCSurrogate:model = " + other +
                     " and MCSurrogate:weights = " + name;
    }
    throw WeightsError("MCSurrogate:model is \"" + name + "\"; it can be " + list + remedy);
}

} // namespace mcsurrogate
