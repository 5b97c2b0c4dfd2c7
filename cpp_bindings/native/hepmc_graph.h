// SPDX-License-Identifier: GPL-3.0-or-later
// The graph of an event of Pythia as HepMC shows it: vertices, and the order of all lines.

#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "hepmc_record.h"
#include "vertex_order.h"

namespace mcsurrogate {

// The graph that Pythia's converter makes, in the order in which HepMC3 writes it.
class HepmcGraph {
  public:
    struct Vertex {
        std::vector<std::int32_t> into; // rows of the record
        std::vector<std::int32_t> out;
        FourNumbers position{};
    };

    // A particle in the order of the file, where it has the number of its place, from 1.
    struct Entry {
        std::int32_t row = 0;    // of the record
        std::int32_t parent = 0; // number of a vertex (< 0) or of the only mother (> 0), 0 for none
        std::int32_t vertex = -1; // that it comes from, where the file tells its number
        std::int32_t opens = -1;  // the same, if the line of that vertex comes before it
    };

    void build(const HepmcRecord& record);

    const std::vector<Entry>& entries() const { return entries_; }
    // Vertices that HepMC counts, those without a line included.
    std::size_t vertices() const { return order_.vertices.size(); }
    // Vertices have numbers below this one here.
    std::size_t vertex_slots() const { return vertex_count_; }
    const FourNumbers& position(std::int32_t vertex) const { return at(vertex).position; }
    // Numbers in the file of the particles that end in a vertex, ascending.
    void mothers_of(std::int32_t vertex, std::vector<std::int32_t>& numbers) const;
    // What HepMC3 calls cycles: a vertex that is reached from a beam in more than one way.
    bool circular() const;

  private:
    const Vertex& at(std::int32_t vertex) const {
        return vertices_[static_cast<std::size_t>(vertex)];
    }
    std::int32_t vertex_of(const std::vector<std::int32_t>& mothers);
    void connect(const HepmcRecord& record);
    void order(std::size_t rows);
    void list_entries();

    // Kept from event to event for the memory.
    std::vector<Vertex> vertices_;
    std::size_t vertex_count_ = 0;
    std::vector<std::int32_t> production_; // of rows; -1 for none
    std::vector<std::int32_t> end_;
    std::vector<std::int32_t> roots_;
    std::vector<std::int32_t> mothers_;
    TreeOrder order_;
    std::vector<std::int32_t> number_;    // of rows in the file, from 1; 0 for none
    std::vector<std::int32_t> vertex_id_; // of vertices in the file, from -1 downwards
    std::vector<Entry> entries_;
};

bool is_zero(const FourNumbers& position);

} // namespace mcsurrogate
