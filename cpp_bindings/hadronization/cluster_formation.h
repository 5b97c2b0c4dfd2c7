// SPDX-License-Identifier: GPL-3.0-or-later
// Formation of clusters from one colour singlet: absorption of soft gluons, non-perturbative
// splitting of the others into quark and antiquark, treatment of clusters that are too light.

#ifndef MCSURROGATE_CLUSTER_FORMATION_H
#define MCSURROGATE_CLUSTER_FORMATION_H

#include <vector>

#include "cluster_decay.h"

namespace mcsurrogate {

// A parton of a singlet in the order of the colour flow.
struct ChainParton {
    int id;
    Pythia8::Vec4 p;
};

class ClusterFormation {
  public:
    ClusterFormation(ClusterDraws& draws, ClusterDecay& decay) : draws_(draws), decay_(decay) {}

    // Clusters, and hadrons that whole clusters became; false where the singlet is too light.
    // An open chain has quarks or diquarks at both ends, a closed one is a loop of gluons.
    bool form(std::vector<ChainParton> chain, bool isClosed, std::vector<Cluster>& clusters,
              std::vector<ClusterHadron>& hadrons);

  private:
    void open(std::vector<ChainParton>& chain);
    void absorbSoft(std::vector<ChainParton>& chain);
    bool split(const std::vector<ChainParton>& chain, std::vector<Cluster>& clusters);
    bool removeLight(std::vector<Cluster>& clusters, std::vector<ClusterHadron>& hadrons);
    bool makeSingle(std::vector<Cluster>& clusters, std::size_t light,
                    std::vector<ClusterHadron>& hadrons);
    static std::size_t bestJoint(const std::vector<Cluster>& clusters, std::size_t light);
    static Cluster merged(const Cluster& left, const Cluster& right);

    ClusterDraws& draws_;
    ClusterDecay& decay_;
};

} // namespace mcsurrogate

#endif // MCSURROGATE_CLUSTER_FORMATION_H
