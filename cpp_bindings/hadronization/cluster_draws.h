// SPDX-License-Identifier: GPL-3.0-or-later
// Draws of a cluster model with everything that goes with them: the random number, the density
// ratios of variations, the recording.

#ifndef MCSURROGATE_CLUSTER_DRAWS_H
#define MCSURROGATE_CLUSTER_DRAWS_H

#include <memory>
#include <utility>
#include <vector>

#include "Pythia8/Basics.h"
#include "cluster_model.h"
#include "cluster_recorder.h"
#include "varied_networks.h"

namespace mcsurrogate {

class ClusterDraws : public VariedNetworks<ClusterModel> {
  public:
    using VariedNetworks::VariedNetworks;

    std::unique_ptr<ClusterRecorder> recorder;
    Pythia8::Rndm* random = nullptr;

    StepKind kind(const ClusterState& state);
    std::pair<int, int> pair(const ClusterState& state);
    int peel(const ClusterState& state, int side);
    int popped(const ClusterState& state);
    double mass(const ClusterState& state, const ClusterModel::MassState& bounds);
    double cosine(const ClusterState& state, const StepState& step);
    // Uniform around the axis of a cluster whose canonical ends are swapped or not.
    double azimuth(bool swapped);
    // Note where a cluster that was formed begins, from which on draws determine all momenta.
    void formed(const Pythia8::Vec4& p, const Pythia8::Vec4& reference, bool isOfPlus);

    int gluonFlavour();
    double gluonShare();
    // Whether a gluon with this transverse momentum in GeV is absorbed.
    bool absorb(double kT);
    // Whether a light cluster becomes one hadron rather than joining its neighbour.
    bool single();
    // One of the vertices as the only hadron of a cluster of this mass.
    int singleHadron(const std::vector<int>& vertices, double clusterMass);

    // What a failed attempt must undo.
    struct Mark {
        std::size_t record;
        std::vector<double> logWeights;
    };
    Mark mark() const { return {recorder ? recorder->mark() : 0, weights.logarithms}; }
    void restore(const Mark& mark);
};

} // namespace mcsurrogate

#endif // MCSURROGATE_CLUSTER_DRAWS_H
