// SPDX-License-Identifier: GPL-3.0-or-later
#include "hepmc_columns.h"

#include <utility>

namespace mcsurrogate {

HepmcColumns HepmcColumns::take() {
    HepmcColumns taken;
    std::swap(taken, *this);
    const auto room = taken.particles.size() + taken.particles.size() / 8;
    particles.reserve(room);
    production.reserve(room);
    end.reserve(room);
    return taken;
}

void HepmcColumns::inherit_positions(std::size_t first_vertex, std::size_t first_particle,
                                     const std::vector<std::int32_t>& first_in,
                                     const FourNumbers& origin) {
    std::vector<std::uint8_t> known(placed.begin() + static_cast<std::ptrdiff_t>(first_vertex),
                                    placed.end());
    FourNumbers* const position = positions.data() + first_vertex;
    std::vector<std::size_t> chain;
    for (std::size_t row = 0; row < known.size(); ++row) {
        FourNumbers found = origin;
        chain.clear();
        for (std::size_t at = row; true;) {
            if (known[at] != 0) {
                found = position[at];
                break;
            }
            known[at] = 1; // a circle of vertices ends at the origin
            position[at] = origin;
            chain.push_back(at);
            if (first_in[at] < 0)
                break;
            const std::int64_t before =
                production[first_particle + static_cast<std::size_t>(first_in[at])];
            if (before < 0)
                break;
            at = static_cast<std::size_t>(before) - first_vertex;
        }
        for (const std::size_t at : chain)
            position[at] = found;
    }
}

} // namespace mcsurrogate
