// SPDX-License-Identifier: GPL-3.0-or-later
// Time of the decay of one cluster into two hadrons: the networks alone, and all draws with their
// masks, weights and splines. The argument is a weights file.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <random>
#include <vector>

#include "cluster_model.h"
#include "thread_seconds.h"

int main(int argc, char* argv[]) {
    if (argc != 2)
        return 2;
    using namespace mcsurrogate;
    const SafeTensors file = SafeTensors::read(argv[1]);
    ClusterModel model{NetworkSource(file)};
    const auto size = [&](const char* name) { return file.shape(name); };
    const auto load = [&](const std::string& name) {
        const std::size_t inputs = size((name + ".0.weight").c_str())[1];
        const std::size_t outputs = size((name + ".2.bias").c_str())[0];
        return DenseNetwork::load(file, name, inputs, outputs);
    };
    DenseNetwork kind = load("kind");
    DenseNetwork hadron = load("hadron");
    DenseNetwork angle = load("angle");

    // Clusters of light quarks, where most decays are into two hadrons.
    constexpr int count = 20000;
    std::mt19937 random(1);
    std::uniform_real_distribution<double> uniform(1e-6, 1. - 1e-6);
    std::vector<ClusterState> clusters;
    std::vector<double> u(4 * count);
    for (double& value : u)
        value = uniform(random);
    for (int i = 0; i < count; ++i) {
        const int first = static_cast<int>(random() % 3);
        const int second = static_cast<int>(random() % 3);
        clusters.push_back(
            {std::max(first, second), std::min(first, second), 1.3 + 1.5 * uniform(random)});
    }
    std::vector<float> input(64, 0.f);

    double draws = 1e9;
    double alone = 1e9;
    double check = 0.;
    for (int round = 0; round < 15; ++round) {
        double start = seconds();
        for (int i = 0; i < count; ++i) {
            const ClusterState& cluster = clusters[i];
            check += static_cast<int>(model.drawKind(cluster, u[4 * i]));
            const auto pair = model.drawPair(cluster, u[4 * i + 1]);
            const double m1 = model.vertex(pair.first).mass;
            const double m2 = model.vertex(pair.second).mass;
            const double m = cluster.mass;
            const double square = (m * m - (m1 + m2) * (m1 + m2)) * (m * m - (m1 - m2) * (m1 - m2));
            const StepState step{StepKind::HH, model.vertex(pair.first).popped,           true, m1,
                                 m2,           std::sqrt(std::max(square, 0.)) / (2. * m)};
            check += model.drawCosine(cluster, step, u[4 * i + 2]);
        }
        draws = std::min(draws, (seconds() - start) / count);
        start = seconds();
        for (int i = 0; i < count; ++i) {
            input[clusters[i].first] = 1.f;
            input[2 * numberOfClusterEnds] = static_cast<float>(u[4 * i]);
            check += kind(input.data())[0] + hadron(input.data())[0] + angle(input.data())[0];
            input[clusters[i].first] = 0.f;
        }
        alone = std::min(alone, (seconds() - start) / count);
    }
    std::printf("  three networks %.3f us a cluster, all draws of a decay %.3f us "
                "(best of 15 rounds of %d; mean %.3f)\n",
                1e6 * alone, 1e6 * draws, count, check / (15 * count));
    return 0;
}
