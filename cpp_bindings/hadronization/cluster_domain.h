// SPDX-License-Identifier: GPL-3.0-or-later
// What the training of a cluster model has seen: kinds of singlets in whole events, and clusters.

#ifndef MCSURROGATE_CLUSTER_DOMAIN_H
#define MCSURROGATE_CLUSTER_DOMAIN_H

#include <cstdint>
#include <vector>

#include "safetensors.h"

namespace mcsurrogate {

// The same numbering as mcsurrogate/hadronization/clusters/domain.py.
class ClusterDomain {
  public:
    // From the tensors `domain.singlets` (with `domain.share`) and `domain.clusters`, each of which
    // may be missing.
    static ClusterDomain read(const SafeTensors& file);

    // Whether the model was fitted to whole events.
    bool knowsEvents() const { return !singlets_.empty(); }
    bool knowsClusters() const { return !clusters_.empty(); }

    // Share of unknown singlets among the events of the fit.
    double shareAtHome() const { return share_; }

    // Whether the fit to whole events has seen singlets of this kind and describes them. The ends
    // are codes of quarks or diquarks; a closed loop has 21 at both. The mass is in GeV.
    bool coversSinglet(int end, int otherEnd, double mass, int gluons) const;
    // Whether the decays that were trained on have clusters of these ends (classes, in any order)
    // and of this mass in GeV.
    bool coversCluster(int end, int otherEnd, double mass) const;

  private:
    std::vector<std::int32_t> singlets_; // number seen: (pair of kinds of ends, mass, gluons)
    double share_ = 0.;
    std::vector<float> clusters_; // (end, end, 2): lightest and heaviest mass in GeV
};

} // namespace mcsurrogate

#endif // MCSURROGATE_CLUSTER_DOMAIN_H
