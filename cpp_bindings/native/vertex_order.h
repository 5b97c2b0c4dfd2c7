// SPDX-License-Identifier: GPL-3.0-or-later
// The order in which HepMC3 puts a tree of particles and vertices.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace mcsurrogate {

// Particles of each vertex.
class VertexLists {
  public:
    VertexLists() = default;
    // Pairs of a vertex and a particle; each vertex keeps their order.
    VertexLists(std::size_t vertices,
                const std::vector<std::pair<std::int32_t, std::int32_t>>& members);

    std::size_t size() const { return offsets_.size() - 1; }
    std::span<const std::int32_t> operator[](std::size_t vertex) const {
        return {particles_.data() + offsets_[vertex], offsets_[vertex + 1] - offsets_[vertex]};
    }

  private:
    std::vector<std::size_t> offsets_{0};
    std::vector<std::int32_t> particles_;
};

// A graph by rows: for each vertex its particles, for each particle its vertices (-1 for none).
struct EventGraph {
    VertexLists into;
    VertexLists out;
    std::vector<std::int32_t> production;
    std::vector<std::int32_t> end;
};

struct TreeOrder {
    std::vector<std::int32_t> particles; // rows in order; those that no vertex reaches are missing
    std::vector<std::int32_t> vertices;
};

// GenEvent::add_tree of HepMC3: vertices after the vertices that their particles come from, and
// the particles vertex by vertex, incoming ones first. `roots`: particles, in the order in which
// trees begin.
TreeOrder tree_order(const EventGraph& graph, const std::vector<std::int32_t>& roots);

} // namespace mcsurrogate
