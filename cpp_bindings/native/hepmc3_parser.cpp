// SPDX-License-Identifier: GPL-3.0-or-later
// Version 3 of the format, Asciiv3.

#include "hepmc_parser.h"

#include <algorithm>
#include <utility>

namespace mcsurrogate {

namespace {

// Backslash-bar is the end of a line within a text, and a doubled backslash is one.
std::string unescaped(std::string_view text) {
    std::string plain;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool escaped = text[i] == '\\' && i + 1 < text.size();
        i += escaped ? 1 : 0;
        plain.push_back(escaped && text[i] == '|' ? '\n' : text[i]);
    }
    return plain;
}

std::vector<std::string> split(const std::string& text, const char* separators,
                               bool keep_empty = false) {
    std::vector<std::string> parts;
    for (std::size_t at = 0; at <= text.size();) {
        const std::size_t end = std::min(text.find_first_of(separators, at), text.size());
        if (keep_empty || end > at)
            parts.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    return parts;
}

class Hepmc3Parser final : public HepmcParser {
  public:
    using HepmcParser::HepmcParser;

  protected:
    std::string_view listing() const override { return "HepMC::Asciiv3"; }

    bool begins_next(std::string_view text) const override {
        const char first = text.front();
        return first == 'E' || first == 'T' || (first == 'W' && weights_read_) ||
               (first == 'A' && body_) || text.starts_with("HepMC::");
    }

    // With names that are empty, or with blanks between names.
    std::vector<std::vector<std::string>> other_names() const override {
        return {split(name_text_, "\n", true), split(name_text_, " \t\n")};
    }

    void line(std::string_view text) override;
    std::string lacks() const override;
    void link() override;

  private:
    void event_line(TextWords words, std::string_view text);
    void vertex_line(TextWords words, std::string_view text);
    void incoming(std::int32_t particle, std::size_t row);
    void particle_line(TextWords words, std::string_view text);
    std::int64_t vertex_behind(std::int32_t mother);
    void attribute_line(TextWords words, std::string_view text);
    void check_escapes(std::string_view text) const;
    void run_line(char kind, TextWords words);
    void run_attribute(const std::string& text);
    void number_vertices();

    std::int64_t announced_vertices_ = 0;
    std::int64_t announced_particles_ = 0;
    bool body_ = false; // particles or vertices have come
    std::string name_text_;
    std::vector<std::pair<std::int32_t, std::size_t>> later_;   // particles, vertices they end in
    std::vector<std::pair<std::size_t, std::int32_t>> early_;   // particles before their vertices
    std::vector<std::pair<std::size_t, std::int32_t>> orphans_; // and before their mothers
};

void Hepmc3Parser::line(std::string_view text) {
    const TextWords words(text.substr(1));
    const char kind = text.front();
    if (!event_open_ && kind != 'E')
        return run_line(kind, words);
    switch (kind) {
    case 'E':
        return event_line(words, text);
    case 'U':
        return units(text.substr(1));
    case 'W':
        read_weights(words, text);
        return;
    case 'A':
        return attribute_line(words, text);
    case 'V':
        return vertex_line(words, text);
    case 'P':
        return particle_line(words, text);
    default:
        expected("a line of an event (U, W, A, V or P)", text);
    }
}

// HepMC3's own reader looks for what a backslash escapes behind the end of the line.
void Hepmc3Parser::check_escapes(std::string_view text) const {
    const std::size_t last = text.find_last_not_of('\\');
    const std::size_t backslashes = text.size() - (last + 1);
    if (backslashes % 2 != 0)
        fail("the line ends with a backslash that escapes nothing");
    if (text.find('\0') != std::string_view::npos)
        fail("the line has a zero byte in its text");
}

void Hepmc3Parser::run_line(char kind, TextWords words) {
    const std::string text(words.rest());
    check_escapes(text);
    if (kind == 'W') {
        // Blanks separate names for HepMC3, which nevertheless writes names that hold some.
        std::string names = unescaped(text);
        if (names != name_text_)
            name_weights(split(names, "\n"));
        name_text_ = std::move(names);
    } else if (kind == 'T') {
        const std::string tool = unescaped(text);
        const std::size_t first = std::min(tool.find('\n'), tool.size());
        const std::size_t second = std::min(tool.find('\n', first + 1), tool.size());
        auto part = [&tool](std::size_t begin, std::size_t end) {
            return begin < end ? tool.substr(begin, end - begin) : std::string();
        };
        std::vector<std::string> named{part(0, first), part(first + 1, second),
                                       part(second + 1, tool.size())};
        if (std::find(tools_.begin(), tools_.end(), named) == tools_.end())
            tools_.push_back(std::move(named));
    } else if (kind == 'U' || kind == 'V' || kind == 'P') {
        expected("E, which begins an event", std::string(1, kind) + " " + text);
    } else if (kind == 'A') {
        run_attribute(text);
    } else {
        skip_unknown(std::string(1, kind) + " " + text);
    }
}

// Those of files that were put one behind another come once.
void Hepmc3Parser::run_attribute(const std::string& text) {
    const std::size_t blank = text.find(' ');
    if (blank == std::string::npos || blank == 0)
        expected("A NAME VALUE", "A " + text);
    std::pair<std::string, std::string> own{text.substr(0, blank), text.substr(blank + 1)};
    if (std::find(run_attributes_.begin(), run_attributes_.end(), own) == run_attributes_.end())
        run_attributes_.push_back(std::move(own));
}

void Hepmc3Parser::event_line(TextWords words, std::string_view text) {
    std::int64_t number = 0;
    if (!words.integer(number) || !words.integer(announced_vertices_) ||
        !words.integer(announced_particles_))
        expected("E NUMBER VERTICES PARTICLES", text);
    open_event();
    body_ = false;
    later_.clear();
    early_.clear();
    orphans_.clear();
    columns_.event_number.push_back(number);
    if (words.symbol('@'))
        columns_.event_position.back() = four_numbers(words, text);
    if (!words.at_end())
        expected("E NUMBER VERTICES PARTICLES [@ X Y Z T]", text);
}

void Hepmc3Parser::vertex_line(TextWords words, std::string_view text) {
    body_ = true;
    std::int32_t id = 0;
    std::int32_t status = 0;
    if (!words.integer(id) || id >= 0 || !words.integer(status) || !words.symbol('['))
        expected("V NUMBER STATUS [PARTICLES]", text);
    const std::size_t row = vertices();
    add_vertex(id, status);
    if (!words.symbol(']')) {
        do {
            std::int32_t particle = 0;
            if (!words.listed(particle) || particle < 1)
                expected("V NUMBER STATUS [PARTICLES]", text);
            if (particle > announced_particles_)
                fail("vertex " + std::to_string(id) + " names particle " +
                     std::to_string(particle) + ", the event has " +
                     std::to_string(announced_particles_));
            if (particle <= static_cast<std::int64_t>(particles()))
                incoming(particle - 1, row);
            else
                later_.emplace_back(particle - 1, row);
        } while (words.symbol(','));
        if (!words.symbol(']'))
            expected("V NUMBER STATUS [PARTICLES]", text);
    }
    if (words.symbol('@'))
        place_vertex(four_numbers(words, text));
    if (!words.at_end())
        expected("V NUMBER STATUS [PARTICLES] [@ X Y Z T]", text);
}

void Hepmc3Parser::incoming(std::int32_t particle, std::size_t row) {
    std::int64_t& end = columns_.end[first_particle_ + static_cast<std::size_t>(particle)];
    if (end >= 0)
        fail("particle " + std::to_string(particle + 1) + " ends in two vertices");
    end = static_cast<std::int64_t>(first_vertex_ + row);
    if (first_in_[row] < 0)
        first_in_[row] = particle;
}

void Hepmc3Parser::particle_line(TextWords words, std::string_view text) {
    body_ = true;
    std::int64_t id = 0;
    std::int32_t mother = 0;
    const std::size_t own = particles();
    if (!words.integer(id) || !words.integer(mother))
        expected("P NUMBER MOTHER and the numbers of a particle", text);
    if (id != static_cast<std::int64_t>(own) + 1)
        fail("particle " + std::to_string(id) + " stands where particle " +
             std::to_string(own + 1) + " belongs");
    if (id > announced_particles_)
        fail("the event has more than the " + std::to_string(announced_particles_) +
             " particles that it announces");
    if (mother == id || mother > announced_particles_)
        fail("particle " + std::to_string(id) + " comes from particle " + std::to_string(mother) +
             ", which cannot be");
    particle(words, text);
    if (!words.at_end())
        expected("P NUMBER MOTHER and the numbers of a particle", text);
    if (mother > id)
        orphans_.emplace_back(own, mother);
    else if (mother > 0)
        columns_.production.back() = vertex_behind(mother);
    else if (const std::int64_t row = mother < 0 ? vertex_with(mother) : -1; row >= 0)
        columns_.production.back() = static_cast<std::int64_t>(first_vertex_) + row;
    else if (mother < 0)
        early_.emplace_back(own, mother);
    for (const auto& [child, awaited] : orphans_)
        if (awaited == id)
            columns_.production[first_particle_ + child] = vertex_behind(awaited);
}

// A mother that is a particle stands for the vertex in which it ends, which has no line of its own.
std::int64_t Hepmc3Parser::vertex_behind(std::int32_t mother) {
    const std::int64_t& end = columns_.end[first_particle_ + static_cast<std::size_t>(mother) - 1];
    if (end >= 0 && columns_.vertex_id[static_cast<std::size_t>(end)] < 0)
        fail("a particle names particle " + std::to_string(mother) +
             " as its mother, which ends in vertex " +
             std::to_string(columns_.vertex_id[static_cast<std::size_t>(end)]));
    if (end < 0) {
        const std::size_t row = vertices();
        add_vertex(0, 0);
        incoming(mother - 1, row);
    }
    return end;
}

void Hepmc3Parser::attribute_line(TextWords words, std::string_view text) {
    std::int32_t owner = 0;
    if (!words.integer(owner))
        expected("A OWNER NAME VALUE", text);
    const std::string_view name = words.word();
    const TextWords numbers = words;
    const std::string_view value = words.rest();
    // other readers part words at these, too, and find another name
    if (name.empty() || value.data() == name.data() + name.size() ||
        name.find_first_of("\t\r\v\f") != std::string_view::npos)
        expected("A OWNER NAME VALUE", text);
    check_escapes(value);
    attribute(owner, name, value);
    if (owner == 0 && name == "GenCrossSection")
        read_cross_section(numbers, text);
    else if (owner == 0 && name == "GenPdfInfo")
        read_pdf_info(numbers, text, true);
}

std::string Hepmc3Parser::lacks() const {
    auto compare = [](std::size_t found, std::int64_t announced, const char* what) {
        return "the event announces " + std::to_string(announced) + " " + what + " and has " +
               std::to_string(found);
    };
    if (static_cast<std::int64_t>(particles()) != announced_particles_)
        return compare(particles(), announced_particles_, "particles");
    if (static_cast<std::int64_t>(vertices()) != announced_vertices_)
        return compare(vertices(), announced_vertices_, "vertices");
    return {};
}

void Hepmc3Parser::link() {
    for (const auto& [particle, row] : later_)
        incoming(particle, row);
    for (const auto& [particle, id] : early_) {
        const std::int64_t row = vertex_with(id);
        if (row < 0)
            fail("particle " + std::to_string(particle + 1) + " comes from vertex " +
                 std::to_string(id) + ", which the event does not have");
        columns_.production[first_particle_ + particle] =
            static_cast<std::int64_t>(first_vertex_) + row;
    }
    number_vertices();
}

// Vertices without a line get the numbers that are free, as HepMC3 gives them.
void Hepmc3Parser::number_vertices() {
    std::int32_t next = -1;
    for (std::size_t row = first_vertex_; row < columns_.vertex_id.size(); ++row) {
        if (columns_.vertex_id[row] != 0)
            continue;
        while (vertex_with(next) >= 0)
            --next;
        columns_.vertex_id[row] = next--;
    }
}

} // namespace

std::unique_ptr<HepmcParser> hepmc3_parser(std::string file, bool keep_attributes) {
    return std::make_unique<Hepmc3Parser>(std::move(file), keep_attributes);
}

} // namespace mcsurrogate
