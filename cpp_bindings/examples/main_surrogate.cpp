// SPDX-License-Identifier: GPL-3.0-or-later
// A Pythia 8 program like any other: that networks hadronize is said in the card alone.
//
//     main_surrogate CARD.cmnd

#include <iostream>

#include "Pythia8/Pythia.h"

int main(int argc, char* argv[]) {
    if (argc != 2) {
        std::cerr << "usage: " << argv[0] << " CARD.cmnd\n";
        return 2;
    }
    Pythia8::Pythia pythia;
    if (!pythia.readFile(argv[1]) || !pythia.init())
        return 1;

    Pythia8::Hist multiplicity("charged particles", 60, -0.5, 59.5);
    double sum = 0.;
    int events = 0;
    for (int i = 0; i < pythia.mode("Main:numberOfEvents"); ++i) {
        if (!pythia.next())
            continue;
        int charged = 0;
        for (int j = 0; j < pythia.event.size(); ++j)
            charged += pythia.event[j].isFinal() && pythia.event[j].isCharged();
        multiplicity.fill(charged);
        sum += charged;
        ++events;
    }

    // The plugin adds its counts of draws, and of those left to Pythia's own code.
    pythia.stat();
    std::cout << multiplicity << "\nmean number of charged particles: " << sum / events << " in "
              << events << " events\n";
    return events > 0 ? 0 : 1;
}
