// SPDX-License-Identifier: GPL-3.0-or-later
#include "cluster_decay.h"

#include <algorithm>
#include <cmath>

namespace mcsurrogate {

using Pythia8::Vec4;

namespace {

// Attempts to find hadrons that fit into their cluster, and masses of given hadrons that do.
constexpr int numberOfTries = 20;
constexpr int numberOfMassTries = 30;
// Distance in GeV to a threshold.
constexpr double margin = 1e-4;

double momentumOf(double mass, double m1, double m2) {
    const double square =
        (mass * mass - (m1 + m2) * (m1 + m2)) * (mass * mass - (m1 - m2) * (m1 - m2));
    return std::sqrt(std::max(square, 0.)) / (2. * mass);
}

Vec4 unit(const Vec4& p) {
    const double size = p.pAbs();
    return size > 0. ? Vec4(p.px() / size, p.py() / size, p.pz() / size, 1.) : Vec4(0., 0., 1., 1.);
}

Vec4 cross(const Vec4& a, const Vec4& b) {
    return Vec4(a.py() * b.pz() - a.pz() * b.py(), a.pz() * b.px() - a.px() * b.pz(),
                a.px() * b.py() - a.py() * b.px(), 0.);
}

} // namespace

bool ClusterDecay::covers(int plus, int minus) const {
    return std::isfinite(threshold(plus, minus));
}

double ClusterDecay::threshold(int plus, int minus) const {
    const CanonicalEnds ends = canonicalEnds(plus, minus);
    return ends.known ? draws_.model->lightest(ends.first, ends.second) : HUGE_VAL;
}

std::vector<int> ClusterDecay::singles(int plus, int minus) const {
    const CanonicalEnds ends = canonicalEnds(plus, minus);
    if (!ends.known)
        return {};
    const int popped = poppedClass(ends.second);
    if (popped < 0 || (isDiquarkEnd(ends.first) && isDiquarkEnd(ends.second)))
        return {};
    return draws_.model->vertices(ends.first, popped);
}

int ClusterDecay::singleCode(int vertex, int plus, int minus) const {
    const int code = draws_.model->vertex(vertex).code;
    return canonicalEnds(plus, minus).conjugated ? conjugateHadron(code) : code;
}

bool ClusterDecay::decay(const Cluster& cluster, std::vector<ClusterHadron>& hadrons) {
    Step step;
    step.ends = canonicalEnds(cluster.plus, cluster.minus);
    const double mass = cluster.p.mCalc();
    if (!step.ends.known || !(mass > draws_.model->lightest(step.ends.first, step.ends.second)))
        return false;
    if (cluster.primary)
        draws_.formed(cluster.p, cluster.reference, cluster.isOfPlus);
    step.state = {step.ends.first, step.ends.second, mass};
    step.cluster = &cluster;
    Vec4 reference = cluster.reference;
    reference.bstback(cluster.p, mass);
    step.axis = unit(reference);
    if (cluster.isOfPlus == step.ends.swapped)
        step.axis = Vec4(-step.axis.px(), -step.axis.py(), -step.axis.pz(), 1.);
    switch (draws_.kind(step.state)) {
    case StepKind::HH:
        return twoHadrons(step, hadrons);
    case StepKind::HC:
        return hadronAndCluster(step, 0, hadrons);
    case StepKind::CH:
        return hadronAndCluster(step, 1, hadrons);
    case StepKind::CC:
        return twoClusters(step, hadrons);
    }
    return false;
}

int ClusterDecay::hadronCode(const Step& step, int side, int vertex) const {
    const int code = draws_.model->vertex(vertex).code;
    const bool anti = step.ends.conjugated != (side == 1 && step.ends.secondIsAnti());
    return anti ? conjugateHadron(code) : code;
}

std::pair<Vec4, Vec4> ClusterDecay::momenta(const Step& step, const StepState& how) {
    const double cosine = draws_.cosine(step.state, how);
    const double sine = std::sqrt(std::max(1. - cosine * cosine, 0.));
    const double phi = draws_.azimuth(step.ends.swapped);
    const Vec4& axis = step.axis;
    const Vec4 helper = std::abs(axis.pz()) < 0.9 ? Vec4(0., 0., 1., 0.) : Vec4(1., 0., 0., 0.);
    const Vec4 x = unit(cross(axis, helper));
    const Vec4 y = cross(axis, x);
    Vec4 first =
        how.momentum * (cosine * axis + sine * std::cos(phi) * x + sine * std::sin(phi) * y);
    first.e(std::sqrt(how.mass1 * how.mass1 + how.momentum * how.momentum));
    first.bst(step.cluster->p, step.state.mass);
    return {first, step.cluster->p - first};
}

Cluster ClusterDecay::product(const Step& step, int side, int popped, const Vec4& p) const {
    Cluster cluster;
    const int sign = step.ends.conjugated ? -1 : 1;
    const int partner = sign * partnerCode(step.state.first, popped);
    // What was the first end is plus unless the ends were swapped.
    const int first = step.ends.swapped ? step.cluster->minus : step.cluster->plus;
    const int second = step.ends.swapped ? step.cluster->plus : step.cluster->minus;
    cluster.plus = side == 0 ? first : -partner;
    cluster.minus = side == 0 ? partner : second;
    cluster.p = p;
    cluster.isOfPlus = side == 0;
    cluster.primary = false;
    const double direction = side == 0 ? 1. : -1.;
    cluster.reference = Vec4(direction * step.axis.px(), direction * step.axis.py(),
                             direction * step.axis.pz(), 1.);
    cluster.reference.bst(step.cluster->p, step.state.mass);
    return cluster;
}

bool ClusterDecay::twoHadrons(const Step& step, std::vector<ClusterHadron>& hadrons) {
    const ClusterDraws::Mark start = draws_.mark();
    for (int i = 0; i < numberOfTries; ++i) {
        draws_.restore(start);
        const std::pair<int, int> pair = draws_.pair(step.state);
        const int code1 = hadronCode(step, 0, pair.first);
        const int code2 = hadronCode(step, 1, pair.second);
        double m1 = 0.;
        double m2 = 0.;
        for (int j = 0; j < numberOfMassTries; ++j) {
            m1 = selectMass(code1);
            m2 = selectMass(code2);
            if (m1 + m2 + margin <= step.state.mass)
                break;
        }
        if (m1 + m2 + margin > step.state.mass)
            continue;
        const StepState how{
            StepKind::HH, draws_.model->vertex(pair.first).popped, step.cluster->primary, m1,
            m2,           momentumOf(step.state.mass, m1, m2)};
        const std::pair<Vec4, Vec4> p = momenta(step, how);
        ClusterHadron first{code1, m1, p.first};
        ClusterHadron second{code2, m2, p.second};
        if (step.ends.swapped)
            std::swap(first, second);
        hadrons.push_back(first);
        hadrons.push_back(second);
        return true;
    }
    return false;
}

bool ClusterDecay::hadronAndCluster(const Step& step, int side,
                                    std::vector<ClusterHadron>& hadrons) {
    const int other = side == 0 ? step.state.second : step.state.first;
    const ClusterDraws::Mark start = draws_.mark();
    for (int i = 0; i < numberOfTries; ++i) {
        draws_.restore(start);
        const int vertex = draws_.peel(step.state, side);
        const int popped = draws_.model->vertex(vertex).popped;
        const int code = hadronCode(step, side, vertex);
        const double low = draws_.model->lightest(endOfPopped(popped), other);
        double m = 0.;
        double high = 0.;
        for (int j = 0; j < numberOfMassTries && high <= low * 1.0001; ++j) {
            m = selectMass(code);
            high = step.state.mass - m - margin;
        }
        if (high <= low * 1.0001)
            continue;
        const double rest = draws_.mass(step.state, {popped, side == 0 ? 2 : 3, m, low, high});
        const StepKind kind = side == 0 ? StepKind::HC : StepKind::CH;
        const double m1 = side == 0 ? m : rest;
        const double m2 = side == 0 ? rest : m;
        const StepState how{kind, popped, step.cluster->primary,
                            m1,   m2,     momentumOf(step.state.mass, m1, m2)};
        const std::pair<Vec4, Vec4> p = momenta(step, how);
        const ClusterHadron hadron{code, m, side == 0 ? p.first : p.second};
        const Cluster cluster = product(step, 1 - side, popped, side == 0 ? p.second : p.first);
        // The hadron comes first where its end is the plus end.
        const bool hadronFirst = (side == 0) != step.ends.swapped;
        if (hadronFirst)
            hadrons.push_back(hadron);
        if (!decay(cluster, hadrons))
            return false;
        if (!hadronFirst)
            hadrons.push_back(hadron);
        return true;
    }
    return false;
}

bool ClusterDecay::twoClusters(const Step& step, std::vector<ClusterHadron>& hadrons) {
    const int popped = draws_.popped(step.state);
    const int end = endOfPopped(popped);
    const double low1 = draws_.model->lightest(step.state.first, end);
    const double low2 = draws_.model->lightest(step.state.second, end);
    const double mass = step.state.mass;
    if (mass <= 1.0001 * (low1 + low2))
        return false;
    const double m1 = draws_.mass(step.state, {popped, 0, 0., low1, mass - low2});
    const double m2 = draws_.mass(step.state, {popped, 1, m1, low2, mass - m1});
    const StepState how{StepKind::CC, popped, step.cluster->primary,
                        m1,           m2,     momentumOf(mass, m1, m2)};
    const std::pair<Vec4, Vec4> p = momenta(step, how);
    const Cluster first = product(step, 0, popped, p.first);
    const Cluster second = product(step, 1, popped, p.second);
    return step.ends.swapped ? decay(second, hadrons) && decay(first, hadrons)
                             : decay(first, hadrons) && decay(second, hadrons);
}

} // namespace mcsurrogate
