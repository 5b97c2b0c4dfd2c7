// SPDX-License-Identifier: GPL-3.0-or-later
// A Pythia 8 program whose hard matrix elements are emulated, which is said in the card alone;
// all that the program does is to look at the weights.
//
//     main_matrix_element CARD.cmnd

#include <algorithm>
#include <iomanip>
#include <iostream>
#include <string>
#include <vector>

#include "Pythia8/Pythia.h"

int main(int argc, char* argv[]) {
    if (argc != 2) {
        std::cerr << "usage: " << argv[0] << " CARD.cmnd\n";
        return 2;
    }
    Pythia8::Pythia pythia;
    if (!pythia.readFile(argv[1]) || !pythia.init())
        return 1;

    // Transverse momentum of the harder photon, for each named weight.
    const std::vector<double> edges = {30., 40., 50., 65., 85., 120., 200.};
    std::vector<std::string> names;
    std::vector<std::vector<double>> bins;
    std::vector<double> sums;
    int events = 0;
    for (int i = 0; i < pythia.mode("Main:numberOfEvents"); ++i) {
        if (!pythia.next())
            continue;
        if (names.empty()) {
            names = pythia.info.weightNameVector();
            bins.assign(names.size(), std::vector<double>(edges.size() - 1, 0.));
            sums.assign(names.size(), 0.);
        }
        double pT = 0.;
        for (int j = 0; j < pythia.process.size(); ++j)
            if (pythia.process[j].isFinal() && pythia.process[j].id() == 22)
                pT = std::max(pT, pythia.process[j].pT());
        const std::vector<double> weights = pythia.info.weightValueVector();
        for (std::size_t w = 0; w < names.size(); ++w) {
            sums[w] += weights[w];
            for (std::size_t bin = 0; bin + 1 < edges.size(); ++bin)
                if (pT >= edges[bin] && pT < edges[bin + 1])
                    bins[w][bin] += weights[w];
        }
        ++events;
    }
    if (events == 0)
        return 1;

    // The user hook adds its counts of emulated points.
    pythia.stat();
    std::cout << "\nmean weight, and dsigma / dpT of the harder photon in nb / GeV\n"
              << std::defaultfloat << std::setprecision(6) << std::setw(16) << "pT in GeV";
    const double unit = 1e6 * pythia.info.sigmaGen() / sums[0];
    // Pythia calls the first one "Weight".
    for (std::size_t w = 0; w < names.size(); ++w)
        std::cout << std::setw(16) << (w == 0 ? "nominal" : names[w]);
    std::cout << '\n' << std::setw(16) << "mean weight";
    for (const double sum : sums)
        std::cout << std::setw(16) << sum / events;
    for (std::size_t bin = 0; bin + 1 < edges.size(); ++bin) {
        std::cout << '\n' << std::setw(8) << edges[bin] << std::setw(8) << edges[bin + 1];
        for (const std::vector<double>& own : bins)
            std::cout << std::setw(16) << unit * own[bin] / (edges[bin + 1] - edges[bin]);
    }
    std::cout << '\n';
    return 0;
}
