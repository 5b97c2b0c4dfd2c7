// SPDX-License-Identifier: GPL-3.0-or-later
// The event blocks of Les Houches files (hep-ph/0609017, arXiv:1405.1067), text to columns.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace mcsurrogate {

// Columns of mcsurrogate.events.EventBatch.
struct HardEventColumns {
    std::vector<std::int64_t> offsets{0}; // (events + 1)
    std::vector<std::int32_t> pdg_id;     // (particles)
    std::vector<std::int32_t> status;     // (particles)
    std::vector<std::int32_t> parents;    // (particles, 2)
    std::vector<std::int32_t> colour;     // (particles, 2)
    std::vector<double> momenta;          // (particles, 4): E, px, py, pz
    std::vector<double> mass;             // (particles)
    std::vector<double> lifetime;         // (particles): c tau in mm
    std::vector<double> helicity;         // (particles)
    std::vector<double> weights;          // (events, 1 + named weights)
    std::vector<double> scale;            // (events)
    std::vector<double> alpha_qed;        // (events)
    std::vector<double> alpha_s;          // (events)
    std::vector<std::int32_t> process_id; // (events)
    std::vector<std::string> attributes;  // (events): text within the <event> tag
    std::vector<std::string> annotations; // (events): tags and comments behind the particles
    bool annotated = false;               // whether any of these texts is not empty

    std::int64_t events() const { return static_cast<std::int64_t>(scale.size()); }
};

// Takes everything at its word: what it does not understand, or what contradicts itself, is a
// FileFailure with file, line and event, and no event is left out.
class LheParser {
  public:
    // `declared`: names of weights in the order of the header; `line`: number of the first line.
    LheParser(std::string file, std::vector<std::string> declared, long line);

    // Reads events into the columns until they hold `limit`. Returns how much of the text was used:
    // hand in the rest again with what follows it. `last`: nothing follows.
    std::size_t parse(std::string_view text, std::size_t limit, bool last);
    HardEventColumns take() { return std::exchange(columns_, {}); }

    // Of the first event; every other one has the same weights, in any order.
    const std::vector<std::string>& weight_names() const { return names_; }
    std::int64_t held() const { return columns_.events(); } // not taken yet

  private:
    enum class Step { done, more_text };

    Step between_events();
    Step event();
    void event_body(const char* end);
    void event_line(const char* end, int& particles);
    void particle_line(const char* end);
    void annotations(const char* end, std::string& kept);
    void weight_element(std::string_view name, std::string_view tag, std::string_view content);
    void weight_list(std::string_view content);
    void add_weight(std::string_view name, double value, const char* where);
    void finish_weights(const char* where);
    double number(std::string_view text, const char* what);
    const char* line_end(const char* end) const;
    void skip_blank_lines(const char* end);
    [[noreturn]] void fail(const char* where, const std::string& what) const;

    std::string file_;
    long line_; // of begin_
    const char* begin_ = nullptr;
    const char* at_ = nullptr;
    const char* end_ = nullptr;
    bool last_ = false;
    bool closed_ = false;
    long events_ = 0;
    HardEventColumns columns_;

    std::vector<std::string> declared_;
    std::vector<std::string> names_;
    std::unordered_map<std::string, std::size_t> index_;
    std::vector<double> values_; // of the event being read, in the order of names_
    std::vector<bool> given_;    // which of them it has
    std::size_t next_ = 0;       // where the next weight is if events have one order
};

} // namespace mcsurrogate
