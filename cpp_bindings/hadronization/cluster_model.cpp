// SPDX-License-Identifier: GPL-3.0-or-later
#include "cluster_model.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "cluster_kernels.h"

namespace mcsurrogate {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr std::size_t endsAndMass = 2 * numberOfClusterEnds + 1;
constexpr std::size_t massInputs = 2 * numberOfClusterEnds + numberOfPopped + numberOfKinds + 2;
constexpr std::size_t angleInputs = 2 * numberOfClusterEnds + numberOfPopped + numberOfKinds + 5;
// Transverse momentum in GeV that separates the two regimes of the angle's coordinate.
constexpr double angleScale = 0.3;
constexpr double edge = 1e-6;

// Position drawn from weights whose sum is returned by their maker.
std::size_t drawWeighted(const std::vector<float>& weights, std::size_t size, double u) {
    double sum = 0.;
    for (std::size_t i = 0; i < size; ++i)
        sum += weights[i];
    double rest = u * sum;
    std::size_t last = 0;
    for (std::size_t i = 0; i < size; ++i) {
        if (weights[i] <= 0.f)
            continue;
        last = i;
        rest -= weights[i];
        if (rest < 0.)
            return i;
    }
    return last;
}

double logShare(const std::vector<float>& weights, std::size_t size, std::size_t chosen) {
    double sum = 0.;
    for (std::size_t i = 0; i < size; ++i)
        sum += weights[i];
    return weights[chosen] > 0.f ? std::log(weights[chosen] / sum) : -infinity;
}

} // namespace

ClusterModel::ClusterModel(NetworkSource source) : spline_(1), share_(1) {
    const SafeTensors& file = source.file();
    loadVertices(file);
    const std::size_t hadrons = vertices_.size();
    kind_ = source.load("kind", endsAndMass, numberOfKinds);
    hadron_ = source.load("hadron", endsAndMass, hadrons);
    peel_ = source.load("peel", endsAndMass + 1, hadrons);
    popped_ = source.load("pop", endsAndMass, numberOfPopped);
    const std::string& text = file.metadata("spline.bins");
    char* end = nullptr;
    const long bins = std::strtol(text.c_str(), &end, 10);
    if (text.empty() || *end != '\0' || bins < 1 || bins > 256)
        throw file.error("metadata \"spline.bins\" is \"" + text +
                         "\", expected a number from 1 to 256");
    const auto outputs = static_cast<std::size_t>(3 * bins + 1);
    mass_ = source.load("mass", massInputs, outputs);
    angle_ = source.load("angle", angleInputs, outputs);
    spline_ = UnitSpline(static_cast<std::size_t>(bins));
    exponent_ = file.floats("hadron.exponent", {1})[0];
    const std::vector<float> norm = file.floats("mass.norm", {2});
    centre_ = norm[0];
    scale_ = norm[1];
    if (!(scale_ > 0.f))
        throw file.error("tensor \"mass.norm\" has no positive scale");
    lowestCosine_ = file.floats("angle.lowest", {1})[0];
    if (!(lowestCosine_ >= -1. && lowestCosine_ < 1.))
        throw file.error("tensor \"angle.lowest\" must be from -1 to below 1");
    loadFormation(file);
    domain_ = ClusterDomain::read(file);
    source.checkAllUsed();
    checkOutputs(file);
}

void ClusterModel::loadVertices(const SafeTensors& file) {
    const std::vector<std::size_t> shape = file.shape("vertex.code");
    if (shape.size() != 2 || shape[1] != 3 || shape[0] == 0 || shape[0] > 10000)
        throw file.error("tensor \"vertex.code\" must have shape (V, 3)");
    const std::vector<std::int32_t> codes = file.integers("vertex.code");
    const std::vector<float> masses = file.floats("vertex.mass", {shape[0]});
    for (std::size_t v = 0; v < shape[0]; ++v) {
        const Vertex vertex{codes[3 * v], codes[3 * v + 1], codes[3 * v + 2], masses[v]};
        const bool known = vertex.end >= 0 && vertex.end < numberOfClusterEnds &&
                           vertex.popped >= 0 && vertex.popped < numberOfPopped &&
                           std::abs(vertex.code) > 100 && std::abs(vertex.code) < 10000000;
        if (!known || !(vertex.mass > 0.01 && vertex.mass < 100.))
            throw file.error("vertex " + std::to_string(v) + " is impossible: end " +
                             std::to_string(vertex.end) + ", popped " +
                             std::to_string(vertex.popped) + ", hadron " +
                             std::to_string(vertex.code) + ", mass " + std::to_string(vertex.mass));
        if (!hadronHolds(vertex.code, vertex.end, vertex.popped))
            throw file.error("vertex " + std::to_string(v) + ": hadron " +
                             std::to_string(vertex.code) + " does not hold end " +
                             std::to_string(vertex.end) + " and popped flavour " +
                             std::to_string(vertex.popped));
        ofEnd_[vertex.end][vertex.popped].push_back(static_cast<int>(v));
        vertices_.push_back(vertex);
    }
    std::size_t most = vertices_.size();
    for (int a = 0; a < numberOfClusterEnds; ++a)
        for (int b = 0; b < numberOfClusterEnds; ++b) {
            lightest_[a][b] = infinity;
            Pairs& pairs = pairs_[a][b];
            for (int x = 0; x < numberOfPopped; ++x) {
                // Two diquarks never become two mesons.
                if (isDiquarkEnd(a) && isDiquarkEnd(b) && isDiquarkEnd(endOfPopped(x)))
                    continue;
                for (const int v : ofEnd_[a][x])
                    for (const int w : ofEnd_[b][x]) {
                        const double sum = vertices_[v].mass + vertices_[w].mass;
                        const double difference = vertices_[v].mass - vertices_[w].mass;
                        pairs.first.push_back(v);
                        pairs.second.push_back(w);
                        pairs.sumSquared.push_back(static_cast<float>(sum * sum));
                        pairs.differenceSquared.push_back(
                            static_cast<float>(difference * difference));
                        lightest_[a][b] = std::min(lightest_[a][b], sum);
                    }
            }
            for (std::size_t i = 0; i < pairs.first.size(); ++i)
                if (i % pairBlock == 0)
                    pairs.lowest.push_back(pairs.sumSquared[i]);
                else
                    pairs.lowest.back() = std::min(pairs.lowest.back(), pairs.sumSquared[i]);
            most = std::max(most, pairs.first.size());
        }
    weight_.assign(most, 0.f);
    input_.assign(std::max(massInputs, angleInputs), 0.f);
    for (int a = 0; a < numberOfClusterEnds; ++a)
        for (int b = 0; b < numberOfClusterEnds; ++b) {
            std::array<double, numberOfKinds>& threshold = kindThreshold_[a][b];
            threshold = {lightest_[a][b], infinity, infinity, infinity};
            for (int x = 0; x < numberOfPopped; ++x) {
                const int end = endOfPopped(x);
                for (const int v : ofEnd_[a][x])
                    threshold[1] = std::min(threshold[1], vertices_[v].mass + lightest_[end][b]);
                for (const int v : ofEnd_[b][x])
                    threshold[2] = std::min(threshold[2], vertices_[v].mass + lightest_[end][a]);
                threshold[3] = std::min(threshold[3], lightest_[a][end] + lightest_[end][b]);
            }
        }
}

void ClusterModel::loadFormation(const SafeTensors& file) {
    const std::vector<float> flavour = file.floats("formation.flavour", {numberOfPopped});
    double sum = 0.;
    for (int x = 0; x < numberOfPopped; ++x)
        gluonCumulative_[x] = sum += std::exp(std::min(static_cast<double>(flavour[x]), 80.));
    for (int x = 0; x < numberOfPopped; ++x) {
        gluonCumulative_[x] /= sum;
        gluonLog_[x] = flavour[x] - std::log(sum);
    }
    const std::vector<std::size_t> shape = file.shape("formation.share");
    if (shape.size() != 1 || shape[0] < 4 || shape[0] % 3 != 1 || shape[0] > 400)
        throw file.error("tensor \"formation.share\" must hold 3 K + 1 numbers");
    share_ = UnitSpline((shape[0] - 1) / 3);
    share_.set(file.floats("formation.share").data());
    const std::vector<float> absorb = file.floats("formation.absorb", {2});
    absorbOffset_ = absorb[0];
    absorbSlope_ = absorb[1];
    const std::vector<float> single = file.floats("formation.single", {2});
    singleProbability_ = 1. / (1. + std::exp(-static_cast<double>(single[0])));
    singleWidth_ = single[1];
    if (!(singleWidth_ > 0.01 && singleWidth_ < 10.))
        throw file.error("tensor \"formation.single\": the width must be from 0.01 to 10 GeV");
    singleLogit_ = file.floats("formation.single_hadron", {vertices_.size()});
}

void ClusterModel::checkOutputs(const SafeTensors& file) {
    // Finite weights can still overflow inside a network.
    const auto check = [&](const char* name, const float* output, std::size_t size) {
        for (std::size_t i = 0; i < size; ++i)
            if (!(std::abs(output[i]) < 1e4f))
                throw file.error(std::string("network \"") + name + "\" overflows");
    };
    for (int a = 0; a < numberOfClusterEnds; ++a)
        for (int b = 0; b < numberOfClusterEnds; ++b)
            for (const double mass : {0.3, 2., 8., 90.}) {
                const ClusterState state{a, b, mass};
                check("kind", ends(*kind_, state), kind_->outputs());
                check("hadron", ends(*hadron_, state), hadron_->outputs());
                check("peel", ends(*peel_, state), peel_->outputs());
                check("pop", ends(*popped_, state), popped_->outputs());
            }
    for (const double mass : {0.5, 8., 90.}) {
        const ClusterState state{1, 0, mass};
        setMassSpline(state, {0, 0, 0.2, 0.2, 0.4});
        setAngleSpline(state, {StepKind::HH, 0, true, 0.2, 0.2, 0.1});
        const double median = spline_.inverse(0.5);
        if (!(median > 0. && median < 1.))
            throw file.error("network \"angle\" overflows");
    }
}

void ClusterModel::follow(const ClusterModel& other) {
    followed_.clear();
    for (const Vertex& v : other.vertices_) {
        const auto found = std::find_if(vertices_.begin(), vertices_.end(), [&v](const Vertex& w) {
            return v.end == w.end && v.popped == w.popped && v.code == w.code;
        });
        followed_.push_back(found == vertices_.end() ? -1
                                                     : static_cast<int>(found - vertices_.begin()));
    }
}

const float* ClusterModel::ends(Network& network, const ClusterState& state, float more) {
    std::fill(input_.begin(), input_.begin() + endsAndMass + 1, 0.f);
    input_[state.first] = 1.f;
    input_[numberOfClusterEnds + state.second] = 1.f;
    input_[2 * numberOfClusterEnds] = (static_cast<float>(std::log(state.mass)) - centre_) / scale_;
    input_[endsAndMass] = more;
    return network(input_.data());
}

std::size_t ClusterModel::kindWeights(const ClusterState& state) {
    const float* logits = ends(*kind_, state);
    float open[numberOfKinds];
    for (int k = 0; k < numberOfKinds; ++k)
        open[k] = state.mass > kindThreshold_[state.first][state.second][k] ? 1.f : 0.f;
    maskedExponentials(logits, open, numberOfKinds, weight_.data());
    return numberOfKinds;
}

StepKind ClusterModel::drawKind(const ClusterState& state, double u) {
    const std::array<double, numberOfKinds>& threshold = kindThreshold_[state.first][state.second];
    if (state.mass <= threshold[1] && state.mass <= threshold[2] && state.mass <= threshold[3])
        return StepKind::HH;
    return static_cast<StepKind>(drawWeighted(weight_, kindWeights(state), u));
}

double ClusterModel::logKind(const ClusterState& state, StepKind kind) {
    return logShare(weight_, kindWeights(state), static_cast<std::size_t>(kind));
}

std::size_t ClusterModel::pairWeights(const ClusterState& state) {
    const float* logits = ends(*hadron_, state);
    const Pairs& pairs = pairs_[state.first][state.second];
    // Any shift that keeps the exponentials in range does.
    float shift = -3e38f;
    for (const std::int32_t v : pairs.first)
        shift = std::max(shift, logits[v]);
    float other = -3e38f;
    for (const std::int32_t w : pairs.second)
        other = std::max(other, logits[w]);
    pairKernel(logits, pairs.first.data(), pairs.second.data(), pairs.sumSquared.data(),
               pairs.differenceSquared.data(), pairs.lowest.data(), pairs.first.size(),
               static_cast<float>(state.mass * state.mass), exponent_, shift + other,
               weight_.data());
    return pairs.first.size();
}

std::pair<int, int> ClusterModel::drawPair(const ClusterState& state, double u) {
    const std::size_t chosen = drawWeighted(weight_, pairWeights(state), u);
    const Pairs& pairs = pairs_[state.first][state.second];
    return {pairs.first[chosen], pairs.second[chosen]};
}

double ClusterModel::logPair(const ClusterState& state, std::pair<int, int> vertices) {
    const int first = own(vertices.first), second = own(vertices.second);
    const std::size_t size = pairWeights(state);
    const Pairs& pairs = pairs_[state.first][state.second];
    for (std::size_t i = 0; i < size; ++i)
        if (pairs.first[i] == first && pairs.second[i] == second)
            return logShare(weight_, size, i);
    return -infinity;
}

std::size_t ClusterModel::peelWeights(const ClusterState& state, int side) {
    const float* logits = ends(*peel_, state, static_cast<float>(side));
    const int own = side == 0 ? state.first : state.second;
    const int other = side == 0 ? state.second : state.first;
    std::fill(weight_.begin(), weight_.begin() + vertices_.size(), 0.f);
    float largest = -3e38f;
    for (int x = 0; x < numberOfPopped; ++x)
        for (const int v : ofEnd_[own][x])
            if (state.mass > vertices_[v].mass + lightest_[endOfPopped(x)][other])
                largest = std::max(largest, logits[v]);
    for (int x = 0; x < numberOfPopped; ++x)
        for (const int v : ofEnd_[own][x])
            if (state.mass > vertices_[v].mass + lightest_[endOfPopped(x)][other])
                weight_[v] = std::exp(logits[v] - largest);
    return vertices_.size();
}

int ClusterModel::drawPeel(const ClusterState& state, int side, double u) {
    return static_cast<int>(drawWeighted(weight_, peelWeights(state, side), u));
}

double ClusterModel::logPeel(const ClusterState& state, int side, int vertex) {
    const int chosen = own(vertex);
    return chosen < 0
               ? -infinity
               : logShare(weight_, peelWeights(state, side), static_cast<std::size_t>(chosen));
}

std::size_t ClusterModel::poppedWeights(const ClusterState& state) {
    const float* logits = ends(*popped_, state);
    float open[numberOfPopped];
    for (int x = 0; x < numberOfPopped; ++x) {
        const int end = endOfPopped(x);
        const double threshold = lightest_[state.first][end] + lightest_[state.second][end];
        open[x] = state.mass > threshold ? 1.f : 0.f;
    }
    maskedExponentials(logits, open, numberOfPopped, weight_.data());
    return numberOfPopped;
}

int ClusterModel::drawPopped(const ClusterState& state, double u) {
    return static_cast<int>(drawWeighted(weight_, poppedWeights(state), u));
}

double ClusterModel::logPopped(const ClusterState& state, int popped) {
    return logShare(weight_, poppedWeights(state), popped);
}

void ClusterModel::setMassSpline(const ClusterState& state, const MassState& bounds) {
    std::fill(input_.begin(), input_.end(), 0.f);
    std::size_t at = 0;
    input_[at + state.first] = 1.f;
    input_[(at += numberOfClusterEnds) + state.second] = 1.f;
    input_[(at += numberOfClusterEnds) + bounds.popped] = 1.f;
    input_[(at += numberOfPopped) + bounds.role] = 1.f;
    input_[at += numberOfKinds] = (static_cast<float>(std::log(state.mass)) - centre_) / scale_;
    if (bounds.role != 0)
        input_[at + 1] = static_cast<float>(std::log(bounds.other / state.mass));
    spline_.set((*mass_)(input_.data()));
}

double ClusterModel::drawMass(const ClusterState& state, const MassState& bounds, double u) {
    setMassSpline(state, bounds);
    const double t = std::min(std::max(spline_.inverse(u), edge), 1. - edge);
    return bounds.low * std::pow(bounds.high / bounds.low, t);
}

ClusterModel::MassState ClusterModel::ownBounds(const ClusterState& state,
                                                const MassState& bounds) const {
    MassState mine = bounds;
    const auto end = static_cast<std::size_t>(endOfPopped(bounds.popped));
    const bool holdsFirst = bounds.role == 0 || bounds.role == 3;
    mine.low = lightest_[end][holdsFirst ? state.first : state.second];
    if (bounds.role == 0)
        mine.high = state.mass - lightest_[end][state.second];
    return mine;
}

double ClusterModel::logMass(const ClusterState& state, const MassState& bounds, double mass) {
    const MassState mine = ownBounds(state, bounds);
    if (!(mass > mine.low && mass < mine.high))
        return -infinity;
    setMassSpline(state, mine);
    const double range = std::log(mine.high / mine.low);
    return spline_.logDensity(std::log(mass / mine.low) / range) - std::log(mass * range);
}

void ClusterModel::setAngleSpline(const ClusterState& state, const StepState& step) {
    std::fill(input_.begin(), input_.end(), 0.f);
    std::size_t at = 0;
    input_[at + state.first] = 1.f;
    input_[(at += numberOfClusterEnds) + state.second] = 1.f;
    input_[(at += numberOfClusterEnds) + step.popped] = 1.f;
    input_[(at += numberOfPopped) + static_cast<std::size_t>(step.kind)] = 1.f;
    input_[at += numberOfKinds] = step.primary ? 1.f : 0.f;
    input_[at + 1] = (static_cast<float>(std::log(state.mass)) - centre_) / scale_;
    input_[at + 2] = std::min(static_cast<float>(step.mass1 / state.mass), 1.f);
    input_[at + 3] = std::min(static_cast<float>(step.mass2 / state.mass), 1.f);
    input_[at + 4] = static_cast<float>(std::log(step.momentum + 0.01));
    spline_.set((*angle_)(input_.data()));
}

double ClusterModel::drawCosine(const ClusterState& state, const StepState& step, double u) {
    setAngleSpline(state, step);
    const double lowest = step.primary ? lowestCosine_ : -1.;
    const double scale = 2. * step.momentum * step.momentum / (angleScale * angleScale);
    const double t = spline_.inverse(u);
    if (scale < 1e-8)
        return 1. - t * (1. - lowest);
    const double deviation = std::expm1(t * std::log1p(scale * (1. - lowest))) / scale;
    return std::min(std::max(1. - deviation, -1.), 1.);
}

double ClusterModel::logCosine(const ClusterState& state, const StepState& step, double cosine) {
    const double lowest = step.primary ? lowestCosine_ : -1.;
    if (cosine < lowest - edge)
        return -infinity;
    setAngleSpline(state, step);
    const double scale = 2. * step.momentum * step.momentum / (angleScale * angleScale);
    if (scale < 1e-8)
        return spline_.logDensity((1. - cosine) / (1. - lowest)) - std::log(1. - lowest);
    const double range = std::log1p(scale * (1. - lowest));
    const double distance = scale * (1. - cosine);
    return spline_.logDensity(std::log1p(distance) / range) +
           std::log(scale / ((1. + distance) * range));
}

int ClusterModel::drawGluonFlavour(double u) const {
    int x = 0;
    while (x + 1 < numberOfPopped && gluonCumulative_[x] <= u)
        ++x;
    return x;
}

double ClusterModel::absorptionProbability(double kT) const {
    return 1. / (1. + std::exp(-(absorbOffset_ - absorbSlope_ * std::log(std::max(kT, 1e-9)))));
}

double ClusterModel::singleWeight(int vertex, double clusterMass) const {
    const double distance = (vertices_[vertex].mass - clusterMass) / singleWidth_;
    return std::exp(std::min(static_cast<double>(singleLogit_[vertex]), 80.) -
                    0.5 * std::min(distance * distance, 200.));
}

double ClusterModel::logSingle(int vertex, double clusterMass) const {
    const int chosen = own(vertex);
    if (chosen < 0)
        return -infinity;
    double total = 0.;
    for (const int v : ofEnd_[vertices_[chosen].end][vertices_[chosen].popped])
        total += singleWeight(v, clusterMass);
    return std::log(singleWeight(chosen, clusterMass) / total);
}

} // namespace mcsurrogate
