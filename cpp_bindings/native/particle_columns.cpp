// SPDX-License-Identifier: GPL-3.0-or-later
#include "particle_columns.h"

namespace mcsurrogate {

void ParticleColumns::reserve_like(std::size_t events, std::size_t particles,
                                   std::size_t weight_columns) {
    offsets.reserve(events + 1);
    pdg_id.reserve(particles);
    for (auto& column : momenta)
        column.reserve(particles);
    for (auto& column : vertices)
        column.reserve(particles);
    weights.reserve(events * weight_columns);
    scale.reserve(events);
    process_code.reserve(events);
}

void ParticleColumns::append_particles(const Pythia8::Event& event) {
    // Row 0 stands for the system as a whole; its status is never that of a final particle.
    for (int i = 1; i < event.size(); ++i) {
        const Pythia8::Particle& particle = event[i];
        if (!particle.isFinal())
            continue;
        pdg_id.push_back(particle.id());
        momenta[0].push_back(particle.e());
        momenta[1].push_back(particle.px());
        momenta[2].push_back(particle.py());
        momenta[3].push_back(particle.pz());
        vertices[0].push_back(particle.xProd());
        vertices[1].push_back(particle.yProd());
        vertices[2].push_back(particle.zProd());
        vertices[3].push_back(particle.tProd());
    }
    offsets.push_back(static_cast<std::int64_t>(pdg_id.size()));
}

} // namespace mcsurrogate
