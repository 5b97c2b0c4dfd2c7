// SPDX-License-Identifier: GPL-3.0-or-later
// Whole Pythia event records (hard process, parton level) as columns, both ways.

#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include <Pythia8/Pythia.h>

namespace mcsurrogate {

// Every row of every record, row 0 (the system) included, so that mothers and daughters keep
// Pythia's own numbering within the event; and the junctions, which no row stands for.
struct RecordColumns {
    std::vector<std::int64_t> offsets{0};          // (events + 1)
    std::vector<std::int32_t> pdg_id;              // (rows)
    std::vector<std::int32_t> status;              // (rows), Pythia's codes
    std::vector<std::int32_t> mothers;             // (rows, 2)
    std::vector<std::int32_t> daughters;           // (rows, 2)
    std::vector<std::int32_t> colour;              // (rows, 2)
    std::array<std::vector<double>, 4> momenta;    // E, px, py, pz in GeV
    std::array<std::vector<double>, 4> vertices;   // x, y, z, t in mm and mm/c
    std::vector<double> mass;                      // (rows) in GeV
    std::vector<double> scale;                     // (rows) in GeV
    std::vector<double> polarization;              // (rows), 9 where unknown
    std::vector<double> lifetime;                  // (rows) proper lifetime in mm/c
    std::vector<std::int64_t> junction_offsets{0}; // (events + 1)
    std::vector<std::int32_t> junctions;           // (junctions, 11): see junction_words

    // Throws PythiaFailure for what the columns cannot hold (Hidden Valley colours).
    void append(const Pythia8::Event& event);
};

// kind, remains, and for each of the three legs: colour, end colour, status.
constexpr int junction_words = 11;

// The same columns as pointers into arrays of the caller.
struct RecordView {
    std::int64_t events = 0;
    const std::int64_t* offsets = nullptr;
    const std::int32_t* pdg_id = nullptr;
    const std::int32_t* status = nullptr;
    const std::int32_t* mothers = nullptr;
    const std::int32_t* daughters = nullptr;
    const std::int32_t* colour = nullptr;
    std::array<const double*, 4> momenta{};
    std::array<const double*, 4> vertices{};
    const double* mass = nullptr;
    const double* scale = nullptr;
    const double* polarization = nullptr;
    const double* lifetime = nullptr;
    const std::int64_t* junction_offsets = nullptr;
    const std::int32_t* junctions = nullptr;

    // Puts event `index` into an emptied record that knows its particle data.
    void restore(std::int64_t index, Pythia8::Event& event) const;
};

} // namespace mcsurrogate
