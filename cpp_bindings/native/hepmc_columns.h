// SPDX-License-Identifier: GPL-3.0-or-later
// Generated events with their graphs as columns: what a HepMC file holds.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace mcsurrogate {

using FourNumbers = std::array<double, 4>;

// A row of EventChunk.particles.
struct HepmcParticle {
    std::int32_t pid = 0;
    std::int32_t status = 0;
    double mass = 0.0; // as generated
    double px = 0.0, py = 0.0, pz = 0.0, e = 0.0;
};

// Columns of mcsurrogate.events.EventChunk, in GeV and mm. Vertices are numbered through all
// events.
struct HepmcColumns {
    std::vector<std::int64_t> offsets{0};        // (events + 1) of particles
    std::vector<std::int64_t> vertex_offsets{0}; // (events + 1)
    std::vector<HepmcParticle> particles;        // (particles)
    std::vector<std::int64_t> production;        // (particles) vertex, -1 for none
    std::vector<std::int64_t> end;               // (particles) vertex, -1 for none
    std::vector<std::int32_t> vertex_id;         // (vertices), negative, within its event
    std::vector<std::int32_t> vertex_status;     // (vertices)
    std::vector<FourNumbers> positions;          // (vertices): x, y, z, t
    std::vector<std::uint8_t> placed;            // (vertices): whether the position is its own
    std::vector<std::uint8_t> listed;            // (vertices): whether it has a line of its own
    std::vector<std::int64_t> event_number;      // (events)
    std::vector<FourNumbers> event_position;     // (events)
    std::vector<double> weights;                 // (events, weights)
    std::vector<FourNumbers> cross_section;      // (events): pb, its error, accepted, attempted
    std::vector<std::array<double, 9>> pdf_info; // (events): ids, x, scale, x f(x), PDF ids

    // Only where they are asked for: of each event the lines OWNER NAME VALUE of its attributes, as
    // Asciiv3 has them; an owner is a particle, a vertex or 0, the event.
    std::vector<std::string> attributes;

    std::size_t events() const { return offsets.size() - 1; }

    // Hands the columns on, and leaves empty ones with room for as many particles.
    HepmcColumns take();

    // The last event's vertices without a position are where their first incoming particle comes
    // from, as for HepMC3: showers happen where the collision was. `first_in` has that particle of
    // each vertex, within the event, -1 for none; without one a vertex is at `origin`.
    void inherit_positions(std::size_t first_vertex, std::size_t first_particle,
                           const std::vector<std::int32_t>& first_in, const FourNumbers& origin);
};

} // namespace mcsurrogate
