// SPDX-License-Identifier: GPL-3.0-or-later
// Decay of clusters into hadrons, step by step, with exact momentum and flavour.

#ifndef MCSURROGATE_CLUSTER_DECAY_H
#define MCSURROGATE_CLUSTER_DECAY_H

#include <vector>

#include "Pythia8/Basics.h"
#include "Pythia8/ParticleData.h"
#include "cluster_draws.h"

namespace mcsurrogate {

struct Cluster {
    int plus; // codes of the ends
    int minus;
    Pythia8::Vec4 p;
    // Where one of the ends goes: a light-like momentum or that of the end.
    Pythia8::Vec4 reference;
    bool isOfPlus; // the reference is of the plus end
    bool primary = true;
};

struct ClusterHadron {
    int id;
    double mass;
    Pythia8::Vec4 p;
};

class ClusterDecay {
  public:
    explicit ClusterDecay(ClusterDraws& draws) : draws_(draws) {}
    void particleData(Pythia8::ParticleData* data) { particleData_ = data; }

    // Whether the model knows the ends.
    bool covers(int plus, int minus) const;
    // Lowest mass of two hadrons, infinite for unknown ends.
    double threshold(int plus, int minus) const;
    // Vertices that make one hadron of a whole cluster.
    std::vector<int> singles(int plus, int minus) const;
    int singleCode(int vertex, int plus, int minus) const;

    // Append the hadrons of a cluster in order from its plus end; false where none fit.
    bool decay(const Cluster& cluster, std::vector<ClusterHadron>& hadrons);

    // A hadron mass by Pythia's mass distribution.
    double selectMass(int code) { return particleData_->mSel(code); }

  private:
    struct Step {
        CanonicalEnds ends;
        ClusterState state;
        Pythia8::Vec4 axis; // unit vector along the first end in the rest frame
        const Cluster* cluster;
    };

    bool twoHadrons(const Step& step, std::vector<ClusterHadron>& hadrons);
    bool hadronAndCluster(const Step& step, int side, std::vector<ClusterHadron>& hadrons);
    bool twoClusters(const Step& step, std::vector<ClusterHadron>& hadrons);

    // Momenta of both products in the laboratory.
    std::pair<Pythia8::Vec4, Pythia8::Vec4> momenta(const Step& step, const StepState& how);
    int hadronCode(const Step& step, int side, int vertex) const;
    Cluster product(const Step& step, int side, int popped, const Pythia8::Vec4& p) const;

    ClusterDraws& draws_;
    Pythia8::ParticleData* particleData_ = nullptr;
};

} // namespace mcsurrogate

#endif // MCSURROGATE_CLUSTER_DECAY_H
