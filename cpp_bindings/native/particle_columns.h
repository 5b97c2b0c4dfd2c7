// SPDX-License-Identifier: GPL-3.0-or-later
// Final-state particles and event quantities of many events as columns.

#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include <Pythia8/Pythia.h>

namespace mcsurrogate {

// Columns grow event by event and are moved out as a whole when a batch is full.
struct ParticleColumns {
    std::vector<std::int64_t> offsets{0};        // (events + 1)
    std::vector<std::int32_t> pdg_id;            // (particles)
    std::array<std::vector<double>, 4> momenta;  // E, px, py, pz in GeV
    std::array<std::vector<double>, 4> vertices; // x, y, z, t in mm and mm/c
    std::vector<double> weights;                 // (events, weight names)
    std::vector<double> scale;                   // (events) in GeV
    std::vector<std::int32_t> process_code;      // (events)
    std::vector<std::int64_t> source_event;      // (events), only when re-hadronizing

    std::size_t events() const { return offsets.size() - 1; }
    // Room for a batch like the previous one, so that no column is copied while it grows.
    void reserve_like(std::size_t events, std::size_t particles, std::size_t weight_columns);
    // Final-state particles of the record; weights, scale and code are added by the caller.
    void append_particles(const Pythia8::Event& event);
};

} // namespace mcsurrogate
