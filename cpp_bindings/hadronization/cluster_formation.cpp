// SPDX-License-Identifier: GPL-3.0-or-later
#include "cluster_formation.h"

#include <algorithm>
#include <cmath>

namespace mcsurrogate {

using Pythia8::Vec4;

namespace {

// Relative distance to the lightest pair of hadrons below which a cluster counts as too light.
constexpr double margin = 1e-3;

// Transverse momentum of a gluon with respect to its neighbours, GeV. It grows without bound
// where they become parallel and the gluon is not: then two strings lie side by side.
double transverseMomentum(const Vec4& before, const Vec4& gluon, const Vec4& after) {
    const double product = std::max((before * gluon) * (gluon * after), 0.);
    const double whole = before * after;
    if (product == 0.)
        return 0.;
    return whole > 0. ? std::sqrt(2. * product / whole) : HUGE_VAL;
}

double mass(const Cluster& cluster) {
    return cluster.p.mCalc();
}

} // namespace

bool ClusterFormation::form(std::vector<ChainParton> chain, bool isClosed,
                            std::vector<Cluster>& clusters, std::vector<ClusterHadron>& hadrons) {
    if (isClosed)
        open(chain);
    absorbSoft(chain);
    return split(chain, clusters) && removeLight(clusters, hadrons);
}

// A loop is opened at its hardest gluon, whose halves become the ends.
void ClusterFormation::open(std::vector<ChainParton>& chain) {
    const std::size_t size = chain.size();
    std::size_t hardest = 0;
    double largest = -1.;
    for (std::size_t i = 0; i < size; ++i) {
        const double kT =
            transverseMomentum(chain[(i + size - 1) % size].p, chain[i].p, chain[(i + 1) % size].p);
        if (kT > largest) {
            largest = kT;
            hardest = i;
        }
    }
    std::rotate(chain.begin(), chain.begin() + static_cast<std::ptrdiff_t>(hardest), chain.end());
    const ChainParton gluon = chain.front();
    const int flavour = poppedFlavours[draws_.gluonFlavour()];
    // The end of the chain must be an antitriplet where its beginning is a triplet.
    const int triplet = flavour < 10 ? flavour : -flavour;
    const double share = draws_.gluonShare();
    chain.front() = {triplet, share * gluon.p};
    chain.push_back({-triplet, (1. - share) * gluon.p});
}

void ClusterFormation::absorbSoft(std::vector<ChainParton>& chain) {
    // From the softest gluon on, because absorption changes the neighbours; each is asked once.
    std::vector<bool> stays(chain.size(), false);
    for (;;) {
        std::size_t softest = 0;
        double smallest = HUGE_VAL;
        for (std::size_t i = 1; i + 1 < chain.size(); ++i) {
            if (stays[i])
                continue;
            const double kT = transverseMomentum(chain[i - 1].p, chain[i].p, chain[i + 1].p);
            if (kT < smallest) {
                smallest = kT;
                softest = i;
            }
        }
        if (softest == 0)
            return;
        if (!draws_.absorb(smallest)) {
            stays[softest] = true;
            continue;
        }
        ChainParton& before = chain[softest - 1];
        ChainParton& after = chain[softest + 1];
        const Vec4 gluon = chain[softest].p;
        // The nearer neighbour takes the larger part.
        const double toBefore = gluon * before.p;
        const double toAfter = gluon * after.p;
        const double sum = toBefore + toAfter;
        const double part = sum > 0. ? std::min(std::max(toAfter / sum, 0.), 1.) : 0.5;
        before.p += part * gluon;
        after.p += (1. - part) * gluon;
        chain.erase(chain.begin() + static_cast<std::ptrdiff_t>(softest));
        stays.erase(stays.begin() + static_cast<std::ptrdiff_t>(softest));
    }
}

bool ClusterFormation::split(const std::vector<ChainParton>& chain,
                             std::vector<Cluster>& clusters) {
    ChainParton left = chain.front();
    const bool startsWithTriplet = isTriplet(left.id);
    for (std::size_t i = 1; i < chain.size(); ++i) {
        ChainParton right = chain[i];
        ChainParton next = right;
        if (i + 1 < chain.size()) {
            const int flavour = poppedFlavours[draws_.gluonFlavour()];
            const int triplet = flavour < 10 ? flavour : -flavour;
            const double share = draws_.gluonShare();
            right = {startsWithTriplet ? -triplet : triplet, share * chain[i].p};
            next = {-right.id, (1. - share) * chain[i].p};
        }
        clusters.push_back({left.id, right.id, left.p + right.p, left.p, true, true});
        left = next;
    }
    return true;
}

Cluster ClusterFormation::merged(const Cluster& left, const Cluster& right) {
    Cluster cluster = left;
    cluster.minus = right.minus;
    cluster.p = left.p + right.p;
    if (!left.isOfPlus) {
        cluster.reference = right.reference;
        cluster.isOfPlus = right.isOfPlus;
    }
    return cluster;
}

bool ClusterFormation::removeLight(std::vector<Cluster>& clusters,
                                   std::vector<ClusterHadron>& hadrons) {
    for (;;) {
        std::size_t light = clusters.size();
        for (std::size_t i = 0; i < clusters.size(); ++i)
            if (!(mass(clusters[i]) >
                  (1. + margin) * decay_.threshold(clusters[i].plus, clusters[i].minus))) {
                light = i;
                break;
            }
        if (light == clusters.size())
            return !clusters.empty();
        if (clusters.size() == 1)
            return false;
        const std::size_t joint = bestJoint(clusters, light);
        if ((joint == clusters.size() || draws_.single()) && makeSingle(clusters, light, hadrons))
            continue;
        if (joint == clusters.size())
            return false;
        clusters[joint] = merged(clusters[joint], clusters[joint + 1]);
        clusters.erase(clusters.begin() + static_cast<std::ptrdiff_t>(joint) + 1);
    }
}

// The cluster `joint` can join the next one where the ends between them are opposite, which they
// need not be after a cluster between them became a hadron. The lighter joint is taken.
std::size_t ClusterFormation::bestJoint(const std::vector<Cluster>& clusters, std::size_t light) {
    std::size_t best = clusters.size();
    double smallest = HUGE_VAL;
    for (std::size_t left = light == 0 ? 0 : light - 1; left <= light && left + 1 < clusters.size();
         ++left) {
        if (clusters[left].minus != -clusters[left + 1].plus)
            continue;
        const double square = (clusters[left].p + clusters[left + 1].p).m2Calc();
        if (square < smallest) {
            smallest = square;
            best = left;
        }
    }
    return best;
}

// The cluster becomes one hadron; the heavier neighbour takes the recoil and keeps its mass.
bool ClusterFormation::makeSingle(std::vector<Cluster>& clusters, std::size_t light,
                                  std::vector<ClusterHadron>& hadrons) {
    const Cluster& cluster = clusters[light];
    const std::vector<int> vertices = decay_.singles(cluster.plus, cluster.minus);
    if (vertices.empty())
        return false;
    std::size_t other = light + 1;
    if (light + 1 == clusters.size() ||
        (light > 0 && mass(clusters[light - 1]) > mass(clusters[light + 1])))
        other = light - 1;
    const ClusterDraws::Mark start = draws_.mark();
    const int vertex = draws_.singleHadron(vertices, mass(cluster));
    const int code = decay_.singleCode(vertex, cluster.plus, cluster.minus);
    const double m = decay_.selectMass(code);
    const Vec4 sum = cluster.p + clusters[other].p;
    const double whole = sum.mCalc();
    const double rest = mass(clusters[other]);
    if (!(whole > m + rest) || !(rest > 0.)) {
        draws_.restore(start);
        return false;
    }
    const double p = std::sqrt(std::max((whole * whole - (m + rest) * (m + rest)) *
                                            (whole * whole - (m - rest) * (m - rest)),
                                        0.)) /
                     (2. * whole);
    Vec4 direction = cluster.p;
    direction.bstback(sum, whole);
    const double size = direction.pAbs();
    if (!(size > 0.)) {
        draws_.restore(start);
        return false;
    }
    Vec4 hadron = (p / size) * direction;
    hadron.e(std::sqrt(m * m + p * p));
    hadron.bst(sum, whole);
    hadrons.push_back({code, m, hadron});
    clusters[other].p = sum - hadron;
    clusters.erase(clusters.begin() + static_cast<std::ptrdiff_t>(light));
    return true;
}

} // namespace mcsurrogate
