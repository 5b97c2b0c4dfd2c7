// Events of Pythia as HepMC3 text (Asciiv3, arXiv:1912.08005).

#pragma once

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "hepmc_record.h"
#include "text_buffer.h"
#include "vertex_order.h"

namespace mcsurrogate {

// The program that made the events, for the run information of a file.
struct ToolName {
    std::string name;
    std::string version;
    std::string description;
};

// What stands before and behind the events.
std::string hepmc_head(const std::vector<std::string>& weight_names,
                       const std::vector<ToolName>& tools);
std::string hepmc_foot();

// Makes the graph that Pythia's converter makes and the text that HepMC3's writer does, but for
// numbers with as many digits as they need: read back, they are the same numbers.
class HepmcText {
  public:
    void append(TextBuffer& text, const HepmcRecord& record);

  private:
    struct Vertex {
        std::vector<std::int32_t> into;
        std::vector<std::int32_t> out;
        FourNumbers position{};
    };

    void build(const HepmcRecord& record);
    std::int32_t vertex_of(const std::vector<std::int32_t>& mothers);
    void order(std::size_t rows);
    bool circular() const;
    void append_attributes(TextBuffer& text, const HepmcRecord& record) const;
    void append_flow(TextBuffer& text, const char* name, const HepmcRecord& record,
                     std::int32_t HepmcRecord::Row::* line) const;
    void append_mass(TextBuffer& text, double mass);
    void append_particles(TextBuffer& text, const HepmcRecord& record);

    // Kept from event to event for the memory.
    std::vector<Vertex> vertices_;
    std::size_t vertex_count_ = 0;
    std::vector<std::int32_t> production_; // of rows; -1 for none
    std::vector<std::int32_t> end_;
    std::vector<std::int32_t> roots_;
    std::vector<std::int32_t> mothers_;
    TreeOrder order_;
    std::array<std::pair<std::uint64_t, TextBuffer>, 1024> masses_; // and their texts
    std::vector<std::int32_t> number_;    // of rows in the file, from 1; 0 for none
    std::vector<std::int32_t> vertex_id_; // of vertices in the file, from -1 downwards
};

} // namespace mcsurrogate
