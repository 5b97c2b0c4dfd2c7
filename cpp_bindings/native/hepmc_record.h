// SPDX-License-Identifier: GPL-3.0-or-later
// An event of Pythia as a HepMC file shows it: copied in Pythia's thread, made a graph elsewhere.

#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <Pythia8/Pythia.h>

#include "hepmc_columns.h"

namespace mcsurrogate {

struct HepmcRecord {
    // A particle of Pythia's record; row 0 is the system as a whole and no particle.
    struct Row {
        std::int32_t pid = 0;
        std::int32_t status = 0; // Pythia's
        std::int32_t hepmc_status = 0;
        std::int32_t mother1 = 0;
        std::int32_t mother2 = 0;
        std::int32_t colour = -1; // of its flow; -1 for no coloured particle
        std::int32_t anticolour = -1;
        double mass = 0.0;
        FourNumbers momentum{}; // px, py, pz, e
        FourNumbers position{}; // x, y, z, t
    };

    // What Pythia's Info knows of a whole event; events that are hadronized anew have none.
    struct Process {
        double cross_section_pb = 0.0;
        double error_pb = 0.0;
        std::vector<double> shares; // cross sections under each weight, in units of the nominal one
        long accepted = 0;
        long tried = 0;
        std::array<int, 2> partons{};
        std::array<double, 2> x{};
        std::array<double, 2> xf{};
        std::array<int, 2> pdf_sets{}; // LHAPDF ids, 0 for unknown
        double factorization_scale = 0.0;
        double scale = 0.0;
        double alpha_s = 0.0;
        double alpha_em = 0.0;
        int code = 0;
        int interactions = 0;
        std::string heavy_ion; // HepMC3's text of it, empty for none
    };

    long number = 0;
    std::vector<Row> rows;
    std::vector<double> weights;
    std::optional<Process> process;

    // The particles, with Pythia's warnings about quarks and gluons that became no hadrons.
    void copy(Pythia8::Pythia& pythia);
    // The rest of the event that next() has just made.
    void copy_process(Pythia8::Pythia& pythia, double error_pb, std::array<int, 2> pdf_sets);
};

} // namespace mcsurrogate
