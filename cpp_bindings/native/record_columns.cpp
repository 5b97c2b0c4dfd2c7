// SPDX-License-Identifier: GPL-3.0-or-later
#include "record_columns.h"

#include "failures.h"

namespace mcsurrogate {

void RecordColumns::append(const Pythia8::Event& event) {
    if (event.hasHVcols())
        throw PythiaFailure("an event with Hidden Valley colours cannot be kept as arrays; leave "
                            "keep_parton_level and keep_hard_process off for such processes");
    for (int i = 0; i < event.size(); ++i) {
        const Pythia8::Particle& row = event[i];
        pdg_id.push_back(row.id());
        status.push_back(row.status());
        mothers.insert(mothers.end(), {row.mother1(), row.mother2()});
        daughters.insert(daughters.end(), {row.daughter1(), row.daughter2()});
        colour.insert(colour.end(), {row.col(), row.acol()});
        const std::array<double, 4> p{row.e(), row.px(), row.py(), row.pz()};
        const std::array<double, 4> x{row.xProd(), row.yProd(), row.zProd(), row.tProd()};
        for (std::size_t c = 0; c < 4; ++c) {
            momenta[c].push_back(p[c]);
            vertices[c].push_back(x[c]);
        }
        mass.push_back(row.m());
        scale.push_back(row.scale());
        polarization.push_back(row.pol());
        lifetime.push_back(row.tau());
    }
    offsets.push_back(static_cast<std::int64_t>(pdg_id.size()));
    for (int i = 0; i < event.sizeJunction(); ++i) {
        junctions.insert(junctions.end(), {event.kindJunction(i), event.remainsJunction(i)});
        for (int leg = 0; leg < 3; ++leg)
            junctions.insert(junctions.end(),
                             {event.colJunction(i, leg), event.endColJunction(i, leg),
                              event.statusJunction(i, leg)});
    }
    junction_offsets.push_back(static_cast<std::int64_t>(junctions.size() / junction_words));
}

void RecordView::restore(std::int64_t index, Pythia8::Event& event) const {
    for (std::int64_t i = offsets[index]; i < offsets[index + 1]; ++i) {
        Pythia8::Particle row(pdg_id[i], status[i], mothers[2 * i], mothers[2 * i + 1],
                              daughters[2 * i], daughters[2 * i + 1], colour[2 * i],
                              colour[2 * i + 1], momenta[1][i], momenta[2][i], momenta[3][i],
                              momenta[0][i], mass[i], scale[i], polarization[i]);
        const Pythia8::Vec4 vertex(vertices[0][i], vertices[1][i], vertices[2][i], vertices[3][i]);
        if (vertex.px() != 0.0 || vertex.py() != 0.0 || vertex.pz() != 0.0 || vertex.e() != 0.0)
            row.vProd(vertex);
        row.tau(lifetime[i]);
        event.append(row);
    }
    for (std::int64_t i = junction_offsets[index]; i < junction_offsets[index + 1]; ++i) {
        const std::int32_t* words = junctions + i * junction_words;
        Pythia8::Junction junction(words[0], words[2], words[5], words[8]);
        junction.remains(words[1] != 0);
        for (int leg = 0; leg < 3; ++leg) {
            junction.cols(leg, words[2 + 3 * leg], words[3 + 3 * leg]);
            junction.status(leg, words[4 + 3 * leg]);
        }
        event.appendJunction(junction);
    }
}

} // namespace mcsurrogate
