// SPDX-License-Identifier: GPL-3.0-or-later
// Events as the columns that a HepMC file with them is read into, without the file.

#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "hepmc_columns.h"
#include "hepmc_event.h"

namespace mcsurrogate {

// What HepmcParser makes of the text that HepmcText makes of the same events, number by number.
class HepmcCollector {
  public:
    void append(const HepmcEvent& event);
    HepmcColumns take() { return columns_.take(); }
    std::size_t events() const { return columns_.events(); }
    std::size_t particles() const { return columns_.particles.size(); }

  private:
    std::int64_t add_vertex(std::int32_t id, const FourNumbers& position);
    void enter(std::int32_t particle, std::int64_t vertex);
    void add_graph(const HepmcEvent& event);
    void number_vertices();
    void add_process(const HepmcRecord& record);

    HepmcColumns columns_;
    // Of the event.
    std::size_t first_particle_ = 0;
    std::size_t first_vertex_ = 0;
    std::vector<std::int32_t> first_in_; // of each vertex the first incoming particle, -1 for none
    std::vector<std::int64_t> rows_;     // of vertices of the graph among the columns
    std::vector<std::int32_t> mothers_;
    std::vector<std::pair<std::int32_t, std::int64_t>> later_; // particles, vertices they end in
};

} // namespace mcsurrogate
