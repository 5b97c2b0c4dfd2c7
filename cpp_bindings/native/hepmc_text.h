// SPDX-License-Identifier: GPL-3.0-or-later
// Events of Pythia as HepMC3 text (Asciiv3, arXiv:1912.08005).

#pragma once

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "hepmc_graph.h"
#include "hepmc_record.h"
#include "text_buffer.h"

namespace mcsurrogate {

// The program that made the events, for the run information of a file.
struct ToolName {
    std::string name;
    std::string version;
    std::string description;
};

// HepMC3 gives values of cross sections and PDFs so many digits behind the point.
constexpr int cross_digits = 8;

// What stands before and behind the events.
std::string hepmc_head(const std::vector<std::string>& weight_names,
                       const std::vector<ToolName>& tools);
std::string hepmc_foot();

// Makes the text that HepMC3's writer does, but for numbers with as many digits as they need: read
// back, they are the same numbers.
class HepmcText {
  public:
    void append(TextBuffer& text, const HepmcRecord& record, const HepmcGraph& graph);

  private:
    static void append_attributes(TextBuffer& text, const HepmcRecord& record,
                                  const HepmcGraph& graph);
    static void append_flow(TextBuffer& text, const char* name, const HepmcRecord& record,
                            const HepmcGraph& graph, std::int32_t HepmcRecord::Row::* line);
    void append_mass(TextBuffer& text, double mass);
    void append_vertex(TextBuffer& text, const HepmcGraph& graph, const HepmcGraph::Entry& entry);
    void append_particles(TextBuffer& text, const HepmcRecord& record, const HepmcGraph& graph);

    // Kept from event to event for the memory.
    std::vector<std::int32_t> mothers_;
    std::array<std::pair<std::uint64_t, TextBuffer>, 1024> masses_; // and their texts
};

} // namespace mcsurrogate
