// SPDX-License-Identifier: GPL-3.0-or-later
#include "vertex_order.h"

#include <deque>

namespace mcsurrogate {

namespace {

class Tree {
  public:
    explicit Tree(const EventGraph& graph)
        : graph_(graph), added_(graph.into.size()), waiting_(graph.into.size()),
          taken_(graph.end.size()) {}

    TreeOrder from(const std::vector<std::int32_t>& roots) {
        for (const std::int32_t root : roots) {
            const std::int32_t before = graph_.production[index(root)];
            const std::int32_t vertex = graph_.end[index(root)];
            if (vertex >= 0 && (before < 0 || graph_.into[index(before)].empty()))
                wait(vertex, false);
        }
        while (!queue_.empty()) {
            const std::int32_t vertex = queue_.front();
            if (mothers_first(vertex))
                continue;
            if (!added_[index(vertex)]) {
                add(vertex);
                for (const std::int32_t particle : graph_.out[index(vertex)])
                    wait_for(graph_.end[index(particle)], false);
            }
            // Mothers were put before it only if there was none left.
            queue_.pop_front();
            --waiting_[index(vertex)];
        }
        return std::move(order_);
    }

  private:
    static std::size_t index(std::int32_t row) { return static_cast<std::size_t>(row); }

    void wait(std::int32_t vertex, bool first) {
        ++waiting_[index(vertex)];
        if (first)
            queue_.push_front(vertex);
        else
            queue_.push_back(vertex);
    }

    bool wait_for(std::int32_t vertex, bool first) {
        if (vertex < 0 || added_[index(vertex)] || waiting_[index(vertex)] > 0)
            return false;
        wait(vertex, first);
        return true;
    }

    bool mothers_first(std::int32_t vertex) {
        bool some = false;
        for (const std::int32_t particle : graph_.into[index(vertex)])
            some |= wait_for(graph_.production[index(particle)], true);
        return some;
    }

    void add(std::int32_t vertex) {
        added_[index(vertex)] = true;
        order_.vertices.push_back(vertex);
        for (const auto particles : {graph_.into[index(vertex)], graph_.out[index(vertex)]})
            for (const std::int32_t particle : particles)
                if (!taken_[index(particle)]) {
                    taken_[index(particle)] = true;
                    order_.particles.push_back(particle);
                }
    }

    const EventGraph& graph_;
    std::vector<bool> added_;
    std::vector<std::int32_t> waiting_; // how often a vertex is in the queue
    std::vector<bool> taken_;
    std::deque<std::int32_t> queue_;
    TreeOrder order_;
};

} // namespace

VertexLists::VertexLists(std::size_t vertices,
                         const std::vector<std::pair<std::int32_t, std::int32_t>>& members)
    : offsets_(vertices + 1), particles_(members.size()) {
    for (const auto& [vertex, particle] : members)
        ++offsets_[static_cast<std::size_t>(vertex) + 1];
    for (std::size_t i = 0; i < vertices; ++i)
        offsets_[i + 1] += offsets_[i];
    std::vector<std::size_t> next(offsets_.begin(), offsets_.end() - 1);
    for (const auto& [vertex, particle] : members)
        particles_[next[static_cast<std::size_t>(vertex)]++] = particle;
}

TreeOrder tree_order(const EventGraph& graph, const std::vector<std::int32_t>& roots) {
    return Tree(graph).from(roots);
}

} // namespace mcsurrogate
