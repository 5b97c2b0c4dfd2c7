// SPDX-License-Identifier: GPL-3.0-or-later
#include "cluster_domain.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "cluster_flavours.h"

namespace mcsurrogate {

namespace {

// Light quarks, charm, bottom, diquarks, gluons.
constexpr std::size_t numberOfEndKinds = 5;
constexpr std::size_t numberOfPairs = numberOfEndKinds * numberOfEndKinds;
// Octaves of the mass in GeV, from 1/2 on.
constexpr int lowestOctave = -1;
constexpr int numberOfOctaves = 14;
// Fewest gluons of each class.
constexpr std::array<int, 6> gluonClasses = {0, 1, 2, 3, 5, 9};
// Singlets of a kind that make it a known one.
constexpr std::int32_t fewest = 30;

std::size_t endKind(int id) {
    const int code = std::abs(id);
    if (code == 21)
        return 4;
    if (isDiquarkCode(code))
        return 3;
    return code == 5 ? 2 : code == 4 ? 1 : 0;
}

std::size_t singletKind(int end, int otherEnd, double mass, int gluons) {
    std::size_t a = endKind(end), b = endKind(otherEnd);
    if (a < b)
        std::swap(a, b);
    const int octave = std::clamp(std::ilogb(mass) - lowestOctave, 0, numberOfOctaves - 1);
    const auto above = std::upper_bound(gluonClasses.begin(), gluonClasses.end(), gluons);
    const auto many = static_cast<std::size_t>(above - gluonClasses.begin()) - 1;
    return ((a * numberOfEndKinds + b) * numberOfOctaves + static_cast<std::size_t>(octave)) *
               gluonClasses.size() +
           many;
}

} // namespace

ClusterDomain ClusterDomain::read(const SafeTensors& file) {
    ClusterDomain domain;
    if (file.has("domain.share"))
        domain.share_ = file.floats("domain.share", {1})[0];
    if (file.has("domain.singlets"))
        domain.singlets_ =
            file.integers("domain.singlets", {numberOfPairs, numberOfOctaves, gluonClasses.size()});
    if (file.has("domain.clusters"))
        domain.clusters_ =
            file.floats("domain.clusters", {numberOfClusterEnds, numberOfClusterEnds, 2});
    return domain;
}

bool ClusterDomain::coversSinglet(int end, int otherEnd, double mass, int gluons) const {
    return !knowsEvents() ||
           (mass > 0. && singlets_[singletKind(end, otherEnd, mass, gluons)] >= fewest);
}

bool ClusterDomain::coversCluster(int end, int otherEnd, double mass) const {
    if (!knowsClusters())
        return true;
    const auto first = static_cast<std::size_t>(std::max(end, otherEnd));
    const auto second = static_cast<std::size_t>(std::min(end, otherEnd));
    const float* range = &clusters_[2 * (first * numberOfClusterEnds + second)];
    return mass >= range[0] && mass <= range[1];
}

} // namespace mcsurrogate
