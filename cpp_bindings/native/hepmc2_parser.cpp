// SPDX-License-Identifier: GPL-3.0-or-later
// Version 2 of the format, IO_GenEvent.

#include "hepmc_parser.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "vertex_order.h"

namespace mcsurrogate {

namespace {

void append_missing(std::vector<std::int32_t>& order, std::size_t rows) {
    std::vector<bool> there(rows);
    for (const std::int32_t row : order)
        there[static_cast<std::size_t>(row)] = true;
    for (std::size_t row = 0; row < there.size(); ++row)
        if (!there[row])
            order.push_back(static_cast<std::int32_t>(row));
}

// New places of old rows, -1 for those that are gone.
std::vector<std::int32_t> inverse(const std::vector<std::int32_t>& order, std::size_t rows) {
    std::vector<std::int32_t> places(rows, -1);
    for (std::size_t i = 0; i < order.size(); ++i)
        places[static_cast<std::size_t>(order[i])] = static_cast<std::int32_t>(i);
    return places;
}

constexpr std::size_t cross_section_words = 4;
constexpr std::size_t pdf_info_words = 9;

// Words of a line, and others in place of those that version 2 may leave out.
std::string completed(TextWords words, std::size_t wanted, const char* absent) {
    std::string text;
    for (std::size_t i = 0; i < wanted || !words.at_end(); ++i)
        text.append(i > 0 ? " " : "").append(words.at_end() ? absent : words.word());
    return text;
}

// Behind these numbers stand those that HepMC3 knows besides, as it writes them where it was not
// told.
std::string heavy_ion(TextWords words) {
    return "v0 " + std::string(words.rest()) + " 0 -1 -1 -1 -1 -1 0 0";
}

template <typename Column>
void permute(Column& column, std::size_t first, const std::vector<std::int32_t>& order) {
    const Column old(column.begin() + static_cast<std::ptrdiff_t>(first), column.end());
    column.resize(first + order.size());
    for (std::size_t i = 0; i < order.size(); ++i)
        column[first + i] = old[static_cast<std::size_t>(order[i])];
}

class Hepmc2Parser final : public HepmcParser {
  public:
    using HepmcParser::HepmcParser;

  protected:
    std::string_view listing() const override { return "HepMC::IO_GenEvent"; }
    bool begins_next(std::string_view text) const override {
        return text.front() == 'E' || text.starts_with("HepMC::");
    }
    void line(std::string_view text) override;
    std::string lacks() const override;
    void link() override;

  private:
    void event_line(TextWords words, std::string_view text);
    void names_line(TextWords words, std::string_view text);
    void vertex_line(TextWords words, std::string_view text);
    void particle_line(TextWords words, std::string_view text);
    void flow(TextWords& words, std::string_view text);
    void check_vertex() const;
    void find_vertices();
    std::vector<bool> drop_half_vertices(EventGraph& graph);
    void arrange(const EventGraph& graph, const TreeOrder& order);

    std::int64_t announced_vertices_ = 0;
    std::int64_t announced_out_ = 0; // of the last vertex
    std::int64_t found_ = 0;         // particles behind it
    std::int32_t signal_vertex_ = 0;
    std::vector<std::int32_t> barcodes_;                         // in which particles end, or 0
    std::vector<std::pair<std::int32_t, std::int32_t>> orphans_; // vertices, incoming particles
};

void Hepmc2Parser::line(std::string_view text) {
    const TextWords words(text.substr(1));
    const char kind = text.front();
    if (!event_open_ && kind != 'E')
        expected("E, which begins an event", text);
    switch (kind) {
    case 'E':
        return event_line(words, text);
    case 'N':
        return names_line(words, text);
    case 'U':
        return units(text.substr(1));
    case 'C':
        read_cross_section(words, text);
        return attribute(0, "GenCrossSection", completed(words, cross_section_words, "-1"));
    case 'F':
        read_pdf_info(words, text, false);
        return attribute(0, "GenPdfInfo", completed(words, pdf_info_words, "0"));
    case 'H':
        return attribute(0, "GenHeavyIon", heavy_ion(words));
    case 'V':
        return vertex_line(words, text);
    case 'P':
        return particle_line(words, text);
    default:
        expected("a line of an event (N, U, C, H, F, V or P)", text);
    }
}

void Hepmc2Parser::event_line(TextWords words, std::string_view text) {
    constexpr const char* what = "E and the numbers of an event";
    std::int64_t number = 0;
    if (!words.integer(number))
        expected(what, text);
    open_event();
    columns_.event_number.push_back(number);
    barcodes_.clear();
    orphans_.clear();
    announced_out_ = found_ = 0;
    for (const char* name : {"mpi", "event_scale", "alphaQCD", "alphaQED", "signal_process_id"}) {
        TextWords copy = words;
        double value = 0.0;
        if (!words.number(value))
            expected(what, text);
        attribute(0, name, copy.word());
    }
    std::int64_t states = 0;
    std::int64_t weights = 0;
    std::int32_t beam = 0;
    if (!words.integer(signal_vertex_) || !words.integer(announced_vertices_) ||
        !words.integer(beam) || !words.integer(beam) || !words.integer(states) || states < 0)
        expected(what, text);
    std::string random_states;
    for (std::int64_t i = 0; i < states; ++i) {
        const std::string_view state = words.word();
        if (state.empty())
            expected(what, text);
        random_states.append(i > 0 ? " " : "").append(state);
    }
    if (states > 0)
        attribute(0, "random_states", random_states);
    if (!words.integer(weights) || weights < 0)
        expected(what, text);
    if (read_weights(words, text) != static_cast<std::size_t>(weights))
        fail("the event announces " + std::to_string(weights) + " weights and has others");
}

void Hepmc2Parser::names_line(TextWords words, std::string_view text) {
    std::int64_t count = 0;
    if (!words.integer(count))
        expected("N NUMBER \"NAME\" ...", text);
    std::vector<std::string> names;
    std::string_view rest = words.rest();
    const auto quotes = std::count(rest.begin(), rest.end(), '"');
    if (quotes != 2 * count)
        fail(std::to_string(count) + " weight names are announced, " + std::to_string(quotes / 2) +
             (quotes % 2 != 0 ? ".5" : "") +
             " are quoted; a name must not hold a quote or the end of a line");
    for (std::int64_t i = 0; i < count; ++i) {
        rest.remove_prefix(rest.find('"') + 1);
        const std::size_t end = rest.find('"');
        names.emplace_back(rest.substr(0, end));
        rest.remove_prefix(end + 1);
    }
    name_weights(std::move(names));
}

void Hepmc2Parser::check_vertex() const {
    // Pythia 8 is known to announce fewer particles than there are (so HepMC3's reader says).
    if (found_ < announced_out_)
        fail("the vertex above announces " + std::to_string(announced_out_) +
             " outgoing particles and has " + std::to_string(found_) + " particles");
}

void Hepmc2Parser::vertex_line(TextWords words, std::string_view text) {
    constexpr const char* what = "V and the numbers of a vertex";
    check_vertex();
    std::int32_t barcode = 0;
    std::int32_t status = 0;
    std::int64_t orphans = 0;
    std::int64_t weights = 0;
    if (!words.integer(barcode) || barcode == 0 || !words.integer(status))
        expected(what, text);
    add_vertex(barcode, status);
    place_vertex(four_numbers(words, text));
    if (!words.integer(orphans) || orphans < 0 || !words.integer(announced_out_) ||
        announced_out_ < 0 || !words.integer(weights) || weights < 0)
        expected(what, text);
    std::string values;
    for (std::int64_t i = 0; i < weights; ++i) {
        TextWords copy = words;
        double weight = 0.0;
        if (!words.number(weight))
            expected(what, text);
        values.append(i > 0 ? " " : "").append(copy.word());
    }
    if (!words.at_end())
        expected(what, text);
    if (weights > 0)
        attribute(-static_cast<std::int32_t>(vertices()), "weights", values);
    found_ = 0;
}

void Hepmc2Parser::particle_line(TextWords words, std::string_view text) {
    constexpr const char* what = "P and the numbers of a particle";
    std::int32_t barcode = 0;
    if (vertices() == 0)
        fail("a particle before the first vertex");
    if (!words.integer(barcode))
        expected(what, text);
    particle(words, text);
    const auto owner = static_cast<std::int32_t>(particles());
    for (const char* name : {"theta", "phi"}) {
        TextWords copy = words;
        double angle = 0.0;
        if (!words.number(angle))
            expected(what, text);
        if (angle != 0.0)
            attribute(owner, name, copy.word());
    }
    if (!words.integer(barcode))
        expected(what, text);
    flow(words, text);
    const auto vertex = static_cast<std::int32_t>(vertices()) - 1;
    if (barcode != 0 && barcode == columns_.vertex_id.back()) {
        orphans_.emplace_back(vertex, owner - 1);
        barcode = 0;
        columns_.end.back() = vertex;
    } else {
        columns_.production.back() = vertex;
    }
    barcodes_.push_back(barcode);
    ++found_;
}

void Hepmc2Parser::flow(TextWords& words, std::string_view text) {
    constexpr const char* what = "pairs of numbers as the flow of a particle";
    std::int64_t count = 0;
    if (!words.integer(count) || count < 0)
        expected(what, text);
    std::vector<std::pair<std::int32_t, std::int32_t>> found;
    for (std::int64_t i = 0; i < count; ++i) {
        std::pair<std::int32_t, std::int32_t> one;
        if (!words.integer(one.first) || !words.integer(one.second))
            expected(what, text);
        found.push_back(one);
    }
    if (!words.at_end())
        expected(what, text);
    if (found.empty() || !keep_attributes_)
        return;
    std::sort(found.begin(), found.end());
    std::string values;
    for (const auto& [index, line] : found)
        values.append(values.empty() ? "" : " ").append(std::to_string(line));
    attribute(static_cast<std::int32_t>(particles()), "flows", values);
}

std::string Hepmc2Parser::lacks() const {
    if (found_ < announced_out_)
        return "the vertex above announces " + std::to_string(announced_out_) +
               " outgoing particles and has " + std::to_string(found_) + " particles";
    if (static_cast<std::int64_t>(vertices()) != announced_vertices_)
        return "the event announces " + std::to_string(announced_vertices_) + " vertices and has " +
               std::to_string(vertices());
    return {};
}

void Hepmc2Parser::find_vertices() {
    for (std::size_t i = 0; i < barcodes_.size(); ++i) {
        if (barcodes_[i] == 0)
            continue;
        const std::int64_t row = vertex_with(barcodes_[i]);
        if (row < 0)
            fail("particle number " + std::to_string(i + 1) + " ends in vertex " +
                 std::to_string(barcodes_[i]) + ", which the event does not have");
        columns_.end[first_particle_ + i] = row;
    }
}

// Particles and vertices in the order that HepMC3 gives them.
void Hepmc2Parser::link() {
    find_vertices();
    const auto first = static_cast<std::ptrdiff_t>(first_particle_);
    EventGraph graph;
    graph.production.assign(columns_.production.begin() + first, columns_.production.end());
    graph.end.assign(columns_.end.begin() + first, columns_.end.end());
    const std::vector<bool> dropped = drop_half_vertices(graph);
    std::vector<std::int32_t> all(particles());
    std::iota(all.begin(), all.end(), 0);
    TreeOrder order = tree_order(graph, all);
    const auto kept = std::count(dropped.begin(), dropped.end(), false);
    if (order.vertices.size() != static_cast<std::size_t>(kept))
        fail("the vertices of the event above go round in a circle");
    if (kept > 0 && order.particles.size() != particles())
        fail("a vertex of the event above has outgoing particles only, other vertices do not");
    // Without any incoming particle (a particle gun) HepMC3's reader would lose them all.
    append_missing(order.particles, particles());
    arrange(graph, order);
}

// Vertices into which or out of which nothing goes are none, but for one that only lacks its beams
// because they stand among its outgoing particles.
std::vector<bool> Hepmc2Parser::drop_half_vertices(EventGraph& graph) {
    std::vector<std::pair<std::int32_t, std::int32_t>> into = orphans_;
    std::vector<std::pair<std::int32_t, std::int32_t>> out;
    for (std::size_t i = 0; i < barcodes_.size(); ++i) {
        const auto particle = static_cast<std::int32_t>(i);
        if (barcodes_[i] != 0)
            into.emplace_back(graph.end[i], particle);
        if (graph.production[i] >= 0)
            out.emplace_back(graph.production[i], particle);
    }
    const VertexLists all_into(vertices(), into);
    const VertexLists all_out(vertices(), out);
    std::vector<bool> dropped(vertices());
    for (std::size_t row = 0; row < vertices(); ++row) {
        const auto vertex = static_cast<std::int32_t>(row);
        if (all_into[row].empty()) {
            dropped[row] = true;
            for (const std::int32_t particle : all_out[row]) {
                const auto i = static_cast<std::size_t>(particle);
                if (columns_.particles[first_particle_ + i].status != 4 || graph.end[i] >= 0)
                    continue;
                graph.end[i] = vertex;
                graph.production[i] = -1;
                into.emplace_back(vertex, particle);
                dropped[row] = false;
            }
        } else if (all_out[row].empty()) {
            dropped[row] = true;
        }
        if (dropped[row]) {
            for (const std::int32_t particle : all_out[row])
                graph.production[static_cast<std::size_t>(particle)] = -1;
            for (const std::int32_t particle : all_into[row])
                graph.end[static_cast<std::size_t>(particle)] = -1;
        }
    }
    std::erase_if(into, [&graph](const auto& one) {
        return graph.end[static_cast<std::size_t>(one.second)] != one.first;
    });
    std::erase_if(out, [&graph](const auto& one) {
        return graph.production[static_cast<std::size_t>(one.second)] != one.first;
    });
    graph.into = VertexLists(vertices(), into);
    graph.out = VertexLists(vertices(), out);
    return dropped;
}

void Hepmc2Parser::arrange(const EventGraph& graph, const TreeOrder& order) {
    permute(columns_.particles, first_particle_, order.particles);
    const auto signal = static_cast<std::int32_t>(vertex_with(signal_vertex_));
    const std::vector<std::int32_t> particle = inverse(order.particles, particles());
    const std::vector<std::int32_t> vertex = inverse(order.vertices, vertices());
    permute(columns_.vertex_status, first_vertex_, order.vertices);
    permute(columns_.positions, first_vertex_, order.vertices);
    permute(columns_.placed, first_vertex_, order.vertices);
    columns_.vertex_id.resize(first_vertex_ + order.vertices.size());
    columns_.listed.resize(columns_.vertex_id.size());
    first_in_.assign(order.vertices.size(), -1);
    for (std::size_t row = 0; row < order.vertices.size(); ++row) {
        columns_.vertex_id[first_vertex_ + row] = -static_cast<std::int32_t>(row) - 1;
        const auto into = graph.into[static_cast<std::size_t>(order.vertices[row])];
        // a particle stands for the vertex that it ends in alone and that is nowhere
        columns_.listed[first_vertex_ + row] = into.size() != 1 ||
                                               columns_.placed[first_vertex_ + row] != 0 ||
                                               columns_.vertex_status[first_vertex_ + row] != 0;
        if (!into.empty())
            first_in_[row] = particle[static_cast<std::size_t>(into.front())];
    }
    auto global = [&](std::int32_t row) -> std::int64_t {
        return row < 0 ? -1
                       : static_cast<std::int64_t>(first_vertex_) +
                             vertex[static_cast<std::size_t>(row)];
    };
    for (std::size_t i = 0; i < order.particles.size(); ++i) {
        const auto old = static_cast<std::size_t>(order.particles[i]);
        columns_.production[first_particle_ + i] = global(graph.production[old]);
        columns_.end[first_particle_ + i] = global(graph.end[old]);
    }
    for (Attribute& own : attributes_) {
        if (own.owner > 0)
            own.owner = particle[static_cast<std::size_t>(own.owner) - 1] + 1;
        else if (own.owner < 0) // 0 where the vertex is gone
            own.name = (own.owner = -vertex[static_cast<std::size_t>(-own.owner) - 1] - 1) == 0
                           ? std::string()
                           : own.name;
    }
    std::erase_if(attributes_, [](const Attribute& own) { return own.name.empty(); });
    const bool known = signal >= 0 && vertex[static_cast<std::size_t>(signal)] >= 0;
    attribute(0, "signal_process_vertex",
              std::to_string(known ? -vertex[static_cast<std::size_t>(signal)] - 1 : 0));
}

} // namespace

std::unique_ptr<HepmcParser> hepmc2_parser(std::string file, bool keep_attributes) {
    return std::make_unique<Hepmc2Parser>(std::move(file), keep_attributes);
}

} // namespace mcsurrogate
