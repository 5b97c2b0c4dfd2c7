// SPDX-License-Identifier: GPL-3.0-or-later
#include "hepmc_collector.h"

#include <charconv>
#include <cmath>
#include <limits>

#include "hepmc_text.h"

namespace mcsurrogate {

namespace {

constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

// Cross sections and PDFs have nine digits in the file, and therefore here.
double nine_digits(double value) {
    char text[64];
    const auto end =
        std::to_chars(text, text + sizeof text, value, std::chars_format::scientific, cross_digits);
    double rounded = value;
    std::from_chars(text, end.ptr, rounded);
    return rounded;
}

} // namespace

void HepmcCollector::append(const HepmcEvent& event) {
    first_particle_ = columns_.particles.size();
    first_vertex_ = columns_.positions.size();
    first_in_.clear();
    later_.clear();
    add_graph(event);
    for (const auto& [particle, vertex] : later_)
        enter(particle, vertex);
    number_vertices();
    columns_.inherit_positions(first_vertex_, first_particle_, first_in_, FourNumbers{});
    add_process(event.record);
    columns_.event_number.push_back(event.record.number);
    columns_.event_position.push_back({});
    columns_.weights.insert(columns_.weights.end(), event.record.weights.begin(),
                            event.record.weights.end());
    columns_.offsets.push_back(static_cast<std::int64_t>(columns_.particles.size()));
    columns_.vertex_offsets.push_back(static_cast<std::int64_t>(columns_.positions.size()));
}

// Vertices as their lines come; one without a line comes with the first particle from it.
void HepmcCollector::add_graph(const HepmcEvent& event) {
    rows_.assign(event.graph.vertex_slots(), -1);
    std::int32_t particle = 0; // in the event, from 0
    for (const HepmcGraph::Entry& entry : event.graph.entries()) {
        if (entry.opens >= 0) {
            const std::int64_t vertex = add_vertex(entry.parent, event.graph.position(entry.opens));
            rows_[static_cast<std::size_t>(entry.opens)] = vertex;
            event.graph.mothers_of(entry.opens, mothers_);
            for (const std::int32_t mother : mothers_) {
                if (mother <= particle)
                    enter(mother - 1, vertex);
                else
                    later_.emplace_back(mother - 1, vertex);
            }
        }
        const HepmcRecord::Row& row = event.record.rows[static_cast<std::size_t>(entry.row)];
        columns_.particles.push_back({row.pid, row.hepmc_status, row.mass, row.momentum[0],
                                      row.momentum[1], row.momentum[2], row.momentum[3]});
        columns_.end.push_back(-1);
        std::int64_t from = -1;
        if (entry.parent < 0) {
            from = rows_[static_cast<std::size_t>(entry.vertex)];
        } else if (entry.parent > 0) {
            const auto mother = first_particle_ + static_cast<std::size_t>(entry.parent) - 1;
            if (columns_.end[mother] < 0)
                enter(entry.parent - 1, add_vertex(0, {}));
            from = columns_.end[mother];
        }
        columns_.production.push_back(from);
        ++particle;
    }
}

std::int64_t HepmcCollector::add_vertex(std::int32_t id, const FourNumbers& position) {
    columns_.vertex_id.push_back(id);
    columns_.vertex_status.push_back(0);
    columns_.positions.push_back(position);
    columns_.placed.push_back(is_zero(position) ? 0 : 1);
    first_in_.push_back(-1);
    return static_cast<std::int64_t>(columns_.positions.size()) - 1;
}

void HepmcCollector::enter(std::int32_t particle, std::int64_t vertex) {
    columns_.end[first_particle_ + static_cast<std::size_t>(particle)] = vertex;
    std::int32_t& first = first_in_[static_cast<std::size_t>(vertex) - first_vertex_];
    if (first < 0)
        first = particle;
}

// Vertices without a line get the numbers that are free.
void HepmcCollector::number_vertices() {
    std::vector<bool> taken(first_in_.size() + 1);
    for (std::size_t row = first_vertex_; row < columns_.vertex_id.size(); ++row)
        if (const auto id = static_cast<std::size_t>(-columns_.vertex_id[row]); id < taken.size())
            taken[id] = true;
    std::size_t next = 1;
    for (std::size_t row = first_vertex_; row < columns_.vertex_id.size(); ++row) {
        if (columns_.vertex_id[row] != 0)
            continue;
        while (next < taken.size() && taken[next])
            ++next;
        columns_.vertex_id[row] = -static_cast<std::int32_t>(next++);
    }
}

void HepmcCollector::add_process(const HepmcRecord& record) {
    if (!record.process) {
        columns_.cross_section.push_back({unknown, unknown, unknown, unknown});
        columns_.pdf_info.emplace_back().fill(unknown);
        return;
    }
    const HepmcRecord::Process& own = *record.process;
    columns_.cross_section.push_back({nine_digits(own.cross_section_pb), nine_digits(own.error_pb),
                                      static_cast<double>(own.accepted),
                                      static_cast<double>(own.tried)});
    columns_.pdf_info.push_back(
        {static_cast<double>(own.partons[0]), static_cast<double>(own.partons[1]),
         nine_digits(own.x[0]), nine_digits(own.x[1]), nine_digits(own.factorization_scale),
         nine_digits(own.xf[0]), nine_digits(own.xf[1]), static_cast<double>(own.pdf_sets[0]),
         static_cast<double>(own.pdf_sets[1])});
}

} // namespace mcsurrogate
