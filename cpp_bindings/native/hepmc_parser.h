// SPDX-License-Identifier: GPL-3.0-or-later
// HepMC text (arXiv:1912.08005; Comput. Phys. Commun. 134 (2001) 41) to columns, line by line.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "hepmc_columns.h"
#include "text_words.h"

namespace mcsurrogate {

// Everything is either understood or an error (FileFailure) with file, line and event; no object is
// made for a particle, and memory is that of the events that were not taken.
class HepmcParser {
  public:
    // keep_attributes: whether attributes are kept as text.
    HepmcParser(std::string file, bool keep_attributes);
    virtual ~HepmcParser() = default;
    HepmcParser(const HepmcParser&) = delete;
    HepmcParser& operator=(const HepmcParser&) = delete;

    // Reads whole lines, until so many events, or complete events of so many particles, are held,
    // or the text ends; `last`: no text follows. Returns how much of it was read.
    std::size_t parse(std::string_view text, std::size_t particles, std::size_t events, bool last);
    // Moves the complete events out.
    HepmcColumns take() { return columns_.take(); }

    std::size_t held() const { return columns_.events(); }
    // Whether enough was held before the text ended.
    bool full() const { return full_; }
    long events() const { return events_; }
    // Whether the listing of events was closed.
    bool closed() const { return !listing_ && events_seen_; }
    const std::vector<std::string>& weight_names() const { return names_; }
    const std::vector<std::vector<std::string>>& tools() const { return tools_; }
    // Of the run: names and values as they are written.
    const std::vector<std::pair<std::string, std::string>>& run_attributes() const {
        return run_attributes_;
    }
    const std::optional<FourNumbers>& cross_section() const { return cross_section_; }
    // Lines of unknown kind outside of events, which are skipped: how many, and the first one.
    long unknown_lines() const { return unknown_lines_; }
    const std::string& unknown_line() const { return unknown_line_; }

  protected:
    virtual std::string_view listing() const = 0;
    // Whether a line belongs to what follows the open event.
    virtual bool begins_next(std::string_view text) const = 0;
    virtual void line(std::string_view text) = 0;
    // Why the open event is not whole; empty if it is.
    virtual std::string lacks() const = 0;
    virtual void link() = 0;
    // Other readings of the names, of which one may fit the number of weights.
    virtual std::vector<std::vector<std::string>> other_names() const { return {}; }

    [[noreturn]] void fail(const std::string& what) const;
    [[noreturn]] void expected(const char* what, std::string_view found) const;
    void open_event();
    void units(std::string_view text);
    void particle(TextWords& words, std::string_view text);
    std::size_t particles() const { return columns_.particles.size() - first_particle_; }
    std::size_t vertices() const { return columns_.vertex_id.size() - first_vertex_; }
    void add_vertex(std::int32_t id, std::int32_t status);
    void place_vertex(const FourNumbers& position); // the last one
    FourNumbers four_numbers(TextWords& words, std::string_view text) const;
    std::int64_t vertex_with(std::int32_t id) const; // within the event; -1 if there is none
    void attribute(std::int32_t owner, std::string_view name, std::string_view text);
    void read_cross_section(TextWords words, std::string_view text);
    void read_pdf_info(TextWords words, std::string_view text, bool needs_sets);
    void name_weights(std::vector<std::string> names);
    void skip_unknown(std::string_view text);
    std::size_t read_weights(TextWords words, std::string_view text); // to the end of the line

    HepmcColumns columns_;
    std::vector<std::string> names_;
    std::vector<std::vector<std::string>> tools_;
    std::vector<std::pair<std::string, std::string>> run_attributes_;
    struct Attribute {
        std::int32_t owner = 0;
        std::string name;
        std::string text;
    };
    std::vector<Attribute> attributes_;  // of the open event
    std::vector<std::int32_t> first_in_; // of each vertex of the event the first incoming particle
    std::size_t first_particle_ = 0;
    std::size_t first_vertex_ = 0;
    bool event_open_ = false;
    bool weights_read_ = false;
    bool keep_attributes_;

  private:
    void file_line(std::string_view text);
    void close_event();
    void check_names();
    void convert_units();
    void end_of_file();

    std::string file_;
    long line_ = 0;
    long events_ = 0;
    bool events_seen_ = false;
    bool listing_ = false;
    bool full_ = false;
    bool named_ = false;
    bool names_checked_ = false;
    std::vector<std::string> given_names_; // as they are written
    std::size_t weight_count_ = 0;
    double momentum_unit_ = 1.0; // in GeV
    double length_unit_ = 1.0;   // in mm
    bool units_read_ = false;
    std::vector<std::int32_t> rows_; // of vertices by their numbers, where these are small
    std::unordered_map<std::int32_t, std::int32_t> far_rows_;
    std::optional<FourNumbers> cross_section_; // the last one
    long unknown_lines_ = 0;
    std::string unknown_line_;
};

std::unique_ptr<HepmcParser> hepmc3_parser(std::string file, bool keep_attributes);
std::unique_ptr<HepmcParser> hepmc2_parser(std::string file, bool keep_attributes);

} // namespace mcsurrogate
