// SPDX-License-Identifier: GPL-3.0-or-later
// The learned distributions of cluster formation and decay, read from a weights file.
//
// A decay is a chain of binary steps: a cluster becomes two products, each a hadron or a cluster.
// Ends are given as classes of the canonical cluster, masses in GeV. Each draw has a function
// that gives the logarithm of its probability or density, for event weights; minus infinity for
// what is never drawn.

#ifndef MCSURROGATE_CLUSTER_MODEL_H
#define MCSURROGATE_CLUSTER_MODEL_H

#include <array>
#include <memory>
#include <vector>

#include "cluster_domain.h"
#include "cluster_flavours.h"
#include "network_source.h"
#include "safetensors.h"
#include "spline.h"

namespace mcsurrogate {

// What the two products of a step are: hadron (H) or cluster (C).
enum class StepKind { HH = 0, HC = 1, CH = 2, CC = 3 };
constexpr int numberOfKinds = 4;

// An end and a popped flavour become a hadron; signs for a positive end.
struct Vertex {
    int end;
    int popped;
    int code;
    double mass; // reference mass in GeV, which decides what is allowed
};

// The ends of a canonical cluster and its mass.
struct ClusterState {
    int first;
    int second;
    double mass;
};

// Everything that decides the angle of the first product.
struct StepState {
    StepKind kind;
    int popped;
    bool primary; // no cluster decayed into this one
    double mass1;
    double mass2;
    double momentum; // of the products in the rest frame
};

class ClusterModel {
  public:
    explicit ClusterModel(NetworkSource source);

    // From now on vertices in the logarithms are those of the other model: this one tells how
    // likely its draws are here.
    void follow(const ClusterModel& other);

    // What the training has seen.
    const ClusterDomain& domain() const { return domain_; }

    int numberOfVertices() const { return static_cast<int>(vertices_.size()); }
    const Vertex& vertex(int index) const { return vertices_[index]; }
    // Lightest pair of hadrons of a cluster, infinite where the model does not cover it.
    double lightest(int end, int otherEnd) const { return lightest_[end][otherEnd]; }
    // Positions of the vertices of an end and a popped flavour.
    const std::vector<int>& vertices(int end, int popped) const { return ofEnd_[end][popped]; }

    StepKind drawKind(const ClusterState& state, double u);
    double logKind(const ClusterState& state, StepKind kind);

    // Vertices of both hadrons.
    std::pair<int, int> drawPair(const ClusterState& state, double u);
    double logPair(const ClusterState& state, std::pair<int, int> vertices);

    // Vertex of the hadron beside a cluster; it holds the first end for side 0.
    int drawPeel(const ClusterState& state, int side, double u);
    double logPeel(const ClusterState& state, int side, int vertex);

    int drawPopped(const ClusterState& state, double u);
    double logPopped(const ClusterState& state, int popped);

    // Mass of a product cluster between its bounds. `role`: 0 first of two clusters, 1 second of
    // two, 2 beside a first hadron, 3 beside a second one; `other` is the mass of the other
    // product where it is known.
    struct MassState {
        int popped;
        int role;
        double other;
        double low;
        double high;
    };
    double drawMass(const ClusterState& state, const MassState& bounds, double u);
    // The density in mass, between this model's own bounds.
    double logMass(const ClusterState& state, const MassState& bounds, double mass);

    // Cosine of the angle between first product and axis.
    double drawCosine(const ClusterState& state, const StepState& step, double u);
    double logCosine(const ClusterState& state, const StepState& step, double cosine);

    // Formation. Flavour and momentum share of a gluon that splits; the probabilities that a
    // gluon of transverse momentum kT is absorbed, and that a cluster too light for two hadrons
    // becomes one hadron instead of joining its neighbour.
    int drawGluonFlavour(double u) const;
    double logGluonFlavour(int popped) const { return gluonLog_[popped]; }
    double drawGluonShare(double u) { return share_.inverse(u); }
    double logGluonShare(double share) { return share_.logDensity(share); }
    double absorptionProbability(double kT) const;
    double singleProbability() const { return singleProbability_; }
    // Weight of a hadron for a cluster that becomes just one, and the logarithm of its share among
    // all that have the same flavours.
    double singleWeight(int vertex, double clusterMass) const;
    double logSingle(int vertex, double clusterMass) const;

  private:
    // Position here of a vertex of the model that is followed, -1 for none.
    int own(int vertex) const {
        return followed_.empty() ? vertex : followed_[static_cast<std::size_t>(vertex)];
    }
    MassState ownBounds(const ClusterState& state, const MassState& bounds) const;
    void loadVertices(const SafeTensors& file);
    void loadFormation(const SafeTensors& file);
    void checkOutputs(const SafeTensors& file);

    const float* ends(Network& network, const ClusterState& state, float more = 0.f);
    std::size_t kindWeights(const ClusterState& state);
    std::size_t pairWeights(const ClusterState& state);
    std::size_t peelWeights(const ClusterState& state, int side);
    std::size_t poppedWeights(const ClusterState& state);
    void setMassSpline(const ClusterState& state, const MassState& bounds);
    void setAngleSpline(const ClusterState& state, const StepState& step);

    // Pairs of vertices of two ends, as the kernels want them.
    struct Pairs {
        std::vector<std::int32_t> first;
        std::vector<std::int32_t> second;
        std::vector<float> sumSquared;
        std::vector<float> differenceSquared;
        std::vector<float> lowest; // sumSquared of each block of pairs
    };

    ClusterDomain domain_;
    std::vector<int> followed_;
    std::vector<Vertex> vertices_;
    std::array<std::array<std::vector<int>, numberOfPopped>, numberOfClusterEnds> ofEnd_;
    std::array<std::array<Pairs, numberOfClusterEnds>, numberOfClusterEnds> pairs_;
    std::array<std::array<double, numberOfClusterEnds>, numberOfClusterEnds> lightest_;
    std::array<std::array<std::array<double, numberOfKinds>, numberOfClusterEnds>,
               numberOfClusterEnds>
        kindThreshold_;

    std::unique_ptr<Network> kind_, hadron_, peel_, popped_, mass_, angle_;
    UnitSpline spline_;
    UnitSpline share_;
    float exponent_ = 0.f;
    float centre_ = 0.f;
    float scale_ = 1.f;
    double lowestCosine_ = -1.;
    std::array<double, numberOfPopped> gluonCumulative_;
    std::array<double, numberOfPopped> gluonLog_;
    double absorbOffset_ = 0.;
    double absorbSlope_ = 0.;
    double singleProbability_ = 0.;
    double singleWidth_ = 0.;
    std::vector<float> singleLogit_;
    std::vector<float> input_;
    std::vector<float> weight_;
};

} // namespace mcsurrogate

#endif // MCSURROGATE_CLUSTER_MODEL_H
