// SPDX-License-Identifier: GPL-3.0-or-later
#include "cluster_draws.h"

#include <cmath>

namespace mcsurrogate {

using Row = ClusterRecorder::Row;

void ClusterDraws::restore(const Mark& mark) {
    weights.logarithms = mark.logWeights;
    if (recorder)
        recorder->forget(mark.record);
}

StepKind ClusterDraws::kind(const ClusterState& state) {
    const StepKind drawn = model->drawKind(state, random->flat());
    weigh([&](ClusterModel& m) { return m.logKind(state, drawn); });
    if (recorder) {
        Row row{ClusterRecorder::Kind, state.first, state.second, static_cast<int>(drawn)};
        row.mass = state.mass;
        recorder->add(row);
    }
    return drawn;
}

std::pair<int, int> ClusterDraws::pair(const ClusterState& state) {
    const std::pair<int, int> drawn = model->drawPair(state, random->flat());
    weigh([&](ClusterModel& m) { return m.logPair(state, drawn); });
    if (recorder) {
        Row row{ClusterRecorder::Pair, state.first, state.second, drawn.first, drawn.second};
        row.mass = state.mass;
        recorder->add(row);
    }
    return drawn;
}

int ClusterDraws::peel(const ClusterState& state, int side) {
    const int drawn = model->drawPeel(state, side, random->flat());
    weigh([&](ClusterModel& m) { return m.logPeel(state, side, drawn); });
    if (recorder) {
        Row row{ClusterRecorder::Peel, state.first, state.second, drawn, side};
        row.mass = state.mass;
        recorder->add(row);
    }
    return drawn;
}

int ClusterDraws::popped(const ClusterState& state) {
    const int drawn = model->drawPopped(state, random->flat());
    weigh([&](ClusterModel& m) { return m.logPopped(state, drawn); });
    if (recorder) {
        Row row{ClusterRecorder::Popped, state.first, state.second, drawn};
        row.mass = state.mass;
        recorder->add(row);
    }
    return drawn;
}

double ClusterDraws::mass(const ClusterState& state, const ClusterModel::MassState& bounds) {
    const double drawn = model->drawMass(state, bounds, random->flat());
    weigh([&](ClusterModel& m) { return m.logMass(state, bounds, drawn); });
    if (recorder) {
        Row row{ClusterRecorder::Mass, state.first, state.second, bounds.popped, bounds.role};
        row.mass = state.mass;
        row.value = std::log(drawn / bounds.low) / std::log(bounds.high / bounds.low);
        row.low = bounds.other;
        recorder->add(row);
    }
    return drawn;
}

double ClusterDraws::cosine(const ClusterState& state, const StepState& step) {
    const double drawn = model->drawCosine(state, step, random->flat());
    weigh([&](ClusterModel& m) { return m.logCosine(state, step, drawn); });
    if (recorder) {
        Row row{ClusterRecorder::Cosine, state.first, state.second, step.popped};
        row.detail = static_cast<int>(step.kind);
        row.primary = step.primary ? 1 : 0;
        row.mass = state.mass;
        row.value = drawn;
        row.low = step.mass1;
        row.high = step.mass2;
        recorder->add(row);
    }
    return drawn;
}

double ClusterDraws::azimuth(bool swapped) {
    const double drawn = 2. * M_PI * random->flat();
    if (recorder) {
        Row row{ClusterRecorder::Azimuth, 0, 0, swapped ? 1 : 0};
        row.value = drawn;
        recorder->add(row);
    }
    return drawn;
}

void ClusterDraws::formed(const Pythia8::Vec4& p, const Pythia8::Vec4& reference, bool isOfPlus) {
    if (!recorder)
        return;
    Row row{ClusterRecorder::Momentum};
    row.mass = p.mCalc();
    row.value = p.px();
    row.low = p.py();
    row.high = p.pz();
    recorder->add(row);
    row = {ClusterRecorder::Reference, 0, 0, isOfPlus ? 1 : 0};
    row.mass = reference.e();
    row.value = reference.px();
    row.low = reference.py();
    row.high = reference.pz();
    recorder->add(row);
}

int ClusterDraws::gluonFlavour() {
    const int drawn = model->drawGluonFlavour(random->flat());
    weigh([&](ClusterModel& m) { return m.logGluonFlavour(drawn); });
    if (recorder)
        recorder->add({ClusterRecorder::Flavour, 0, 0, drawn});
    return drawn;
}

double ClusterDraws::gluonShare() {
    const double drawn = model->drawGluonShare(random->flat());
    weigh([&](ClusterModel& m) { return m.logGluonShare(drawn); });
    if (recorder) {
        Row row{ClusterRecorder::Share};
        row.value = drawn;
        recorder->add(row);
    }
    return drawn;
}

bool ClusterDraws::absorb(double kT) {
    const bool drawn = random->flat() < model->absorptionProbability(kT);
    weigh([&](ClusterModel& m) {
        const double p = m.absorptionProbability(kT);
        return std::log(drawn ? p : 1. - p);
    });
    if (recorder) {
        Row row{ClusterRecorder::Absorb, 0, 0, drawn ? 1 : 0};
        row.value = kT;
        recorder->add(row);
    }
    return drawn;
}

bool ClusterDraws::single() {
    const bool drawn = random->flat() < model->singleProbability();
    weigh([&](ClusterModel& m) {
        return std::log(drawn ? m.singleProbability() : 1. - m.singleProbability());
    });
    if (recorder)
        recorder->add({ClusterRecorder::Single, 0, 0, drawn ? 1 : 0});
    return drawn;
}

int ClusterDraws::singleHadron(const std::vector<int>& vertices, double clusterMass) {
    double sum = 0.;
    for (const int v : vertices)
        sum += model->singleWeight(v, clusterMass);
    double rest = random->flat() * sum;
    int drawn = vertices.back();
    for (const int v : vertices) {
        rest -= model->singleWeight(v, clusterMass);
        if (rest < 0.) {
            drawn = v;
            break;
        }
    }
    weigh([&](ClusterModel& m) { return m.logSingle(drawn, clusterMass); });
    if (recorder) {
        Row row{ClusterRecorder::Hadron, 0, 0, drawn};
        row.mass = clusterMass;
        recorder->add(row);
    }
    return drawn;
}

} // namespace mcsurrogate
