// SPDX-License-Identifier: GPL-3.0-or-later
// Time of one draw of z and of the network alone, on the weights file given as argument.

#include <cmath>
#include <cstdio>
#include <random>
#include <vector>

#include "string_break_model.h"
#include "thread_seconds.h"

int main(int argc, char* argv[]) {
    if (argc != 2)
        return 2;
    using namespace mcsurrogate;
    const SafeTensors file = SafeTensors::read(argv[1]);
    StringBreakModel model{NetworkSource(file)};
    DenseNetwork network = DenseNetwork::load(
        file, "fraction", StringBreakModel::fractionInputs,
        3 * static_cast<std::size_t>(std::stoi(file.metadata("fraction.bins"))) + 1);

    // Conditions as they come: light flavours, mT^2 around 0.5 GeV^2.
    constexpr int count = 20000;
    std::mt19937 random(1);
    std::uniform_real_distribution<double> uniform(1e-6, 1. - 1e-6);
    std::vector<int> before(count), after(count);
    std::vector<double> mass(count), u(count);
    for (int i = 0; i < count; ++i) {
        before[i] = 1 + static_cast<int>(random() % 3);
        after[i] = 1 + static_cast<int>(random() % 3);
        mass[i] = std::exp(uniform(random) * 2. - 1.);
        u[i] = uniform(random);
    }
    const std::vector<Lane> sum = network.firstSum({0, numberOfEndClasses + 1});

    double draw = 1e9;
    double alone = 1e9;
    double check = 0.;
    for (int round = 0; round < 15; ++round) {
        double start = seconds();
        for (int i = 0; i < count; ++i)
            check += model.drawFraction(before[i], after[i], mass[i], u[i]);
        draw = std::min(draw, (seconds() - start) / count);
        start = seconds();
        for (int i = 0; i < count; ++i)
            check += network.fromFirstSum(sum, StringBreakModel::fractionInputs - 1,
                                          static_cast<float>(u[i]))[0];
        alone = std::min(alone, (seconds() - start) / count);
    }
    std::printf("  network of z %.3f us a call, whole draw of z %.3f us (best of 15 rounds of %d; "
                "mean %.3f)\n",
                1e6 * alone, 1e6 * draw, count, check / (15. * count));
    return 0;
}
