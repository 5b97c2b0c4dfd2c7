// SPDX-License-Identifier: GPL-3.0-or-later
#include "hepmc_graph.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace mcsurrogate {

namespace {

// Particle::motherList of Pythia, sorted and without row 0.
void list_mothers(const HepmcRecord::Row& row, std::vector<std::int32_t>& mothers) {
    mothers.clear();
    const int status = std::abs(row.status);
    if (status == 11 || status == 12) // the system and the beams
        return;
    const auto [low, high] = std::minmax(row.mother1, row.mother2);
    const bool range = (status > 80 && status < 90) || (status > 100 && status < 107);
    if (row.mother2 == 0 || row.mother2 == row.mother1) {
        if (row.mother1 != 0)
            mothers.push_back(row.mother1);
    } else if (range) {
        for (std::int32_t i = row.mother1; i <= row.mother2; ++i)
            if (i != 0)
                mothers.push_back(i);
    } else {
        if (low != 0)
            mothers.push_back(low);
        mothers.push_back(high);
    }
}

} // namespace

bool is_zero(const FourNumbers& position) {
    return std::all_of(position.begin(), position.end(), [](double x) { return x == 0.0; });
}

void HepmcGraph::build(const HepmcRecord& record) {
    connect(record);
    order(record.rows.size());
    list_entries();
}

// As Pythia8ToHepMC3 does: one vertex behind each set of mothers, at the first position known.
void HepmcGraph::connect(const HepmcRecord& record) {
    const std::size_t rows = record.rows.size();
    vertex_count_ = 0;
    production_.assign(rows, -1);
    end_.assign(rows, -1);
    roots_.clear();
    for (std::size_t i = 1; i < rows; ++i) {
        const HepmcRecord::Row& row = record.rows[i];
        list_mothers(row, mothers_);
        if (mothers_.empty()) {
            roots_.push_back(static_cast<std::int32_t>(i));
            continue;
        }
        const std::int32_t vertex = vertex_of(mothers_);
        Vertex& own = vertices_[static_cast<std::size_t>(vertex)];
        if (is_zero(own.position))
            own.position = row.position;
        own.out.push_back(static_cast<std::int32_t>(i));
        production_[i] = vertex;
    }
}

std::int32_t HepmcGraph::vertex_of(const std::vector<std::int32_t>& mothers) {
    const std::int32_t known = end_[static_cast<std::size_t>(mothers.front())];
    if (known >= 0)
        return known;
    const auto vertex = static_cast<std::int32_t>(vertex_count_++);
    if (vertices_.size() < vertex_count_)
        vertices_.emplace_back();
    Vertex& made = vertices_[static_cast<std::size_t>(vertex)];
    made.into.clear();
    made.out.clear();
    made.position = {};
    for (const std::int32_t mother : mothers) {
        std::int32_t& end = end_[static_cast<std::size_t>(mother)];
        if (end >= 0) // a particle ends where it was last said to
            std::erase(vertices_[static_cast<std::size_t>(end)].into, mother);
        end = vertex;
        made.into.push_back(mother);
    }
    return vertex;
}

void HepmcGraph::order(std::size_t rows) {
    std::vector<std::pair<std::int32_t, std::int32_t>> into;
    std::vector<std::pair<std::int32_t, std::int32_t>> out;
    for (std::size_t vertex = 0; vertex < vertex_count_; ++vertex) {
        for (const std::int32_t particle : vertices_[vertex].into)
            into.emplace_back(vertex, particle);
        for (const std::int32_t particle : vertices_[vertex].out)
            out.emplace_back(vertex, particle);
    }
    EventGraph graph{VertexLists(vertex_count_, into), VertexLists(vertex_count_, out), production_,
                     end_};
    order_ = tree_order(graph, roots_);
    number_.assign(rows, 0);
    for (std::size_t i = 0; i < order_.particles.size(); ++i)
        number_[static_cast<std::size_t>(order_.particles[i])] = static_cast<std::int32_t>(i) + 1;
    vertex_id_.assign(vertex_count_, 0);
    for (std::size_t i = 0; i < order_.vertices.size(); ++i)
        vertex_id_[static_cast<std::size_t>(order_.vertices[i])] =
            -static_cast<std::int32_t>(i) - 1;
    // What no beam leads to has no place in the graph, but is there.
    for (std::size_t i = 1; i < rows; ++i)
        if (number_[i] == 0) {
            order_.particles.push_back(static_cast<std::int32_t>(i));
            number_[i] = static_cast<std::int32_t>(order_.particles.size());
        }
}

bool HepmcGraph::circular() const {
    std::vector<bool> reached;
    std::vector<std::int32_t> waiting;
    for (const std::int32_t root : roots_) {
        if (end_[static_cast<std::size_t>(root)] < 0)
            continue;
        reached.assign(vertex_count_, false);
        waiting.assign(1, end_[static_cast<std::size_t>(root)]);
        while (!waiting.empty()) {
            const std::int32_t vertex = waiting.back();
            waiting.pop_back();
            for (const std::int32_t particle : vertices_[static_cast<std::size_t>(vertex)].out) {
                const std::int32_t next = end_[static_cast<std::size_t>(particle)];
                if (next < 0)
                    continue;
                if (reached[static_cast<std::size_t>(next)])
                    return true;
                reached[static_cast<std::size_t>(next)] = true;
                waiting.push_back(next);
            }
        }
    }
    return false;
}

void HepmcGraph::list_entries() {
    entries_.clear();
    std::vector<bool> written(vertex_count_);
    for (std::size_t i = 0; i < order_.particles.size(); ++i) {
        Entry& entry = entries_.emplace_back();
        entry.row = order_.particles[i];
        const std::int32_t vertex = production_[static_cast<std::size_t>(entry.row)];
        if (vertex < 0 || vertex_id_[static_cast<std::size_t>(vertex)] == 0)
            continue;
        const auto place = static_cast<std::size_t>(vertex);
        const Vertex& from = vertices_[place];
        // One that joins a single particle to others without being anywhere has no line, unless
        // that particle comes later: HepMC3 reads such a mother only in the line of a vertex.
        const bool nowhere = is_zero(from.position);
        const bool one = from.into.size() == 1 && nowhere && !written[place];
        const std::int32_t mother = one ? number_[static_cast<std::size_t>(from.into[0])] : 0;
        if (one && mother < static_cast<std::int32_t>(i) + 1)
            entry.parent = mother;
        else if (!from.into.empty() || !nowhere)
            entry.parent = vertex_id_[place];
        if (entry.parent >= 0)
            continue;
        entry.vertex = vertex;
        if (!written[place])
            entry.opens = vertex;
        written[place] = true;
    }
}

void HepmcGraph::mothers_of(std::int32_t vertex, std::vector<std::int32_t>& numbers) const {
    numbers.clear();
    for (const std::int32_t mother : at(vertex).into)
        numbers.push_back(number_[static_cast<std::size_t>(mother)]);
    std::sort(numbers.begin(), numbers.end());
}

} // namespace mcsurrogate
