#include "hepmc_text.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include <HepMC3/Version.h>

namespace mcsurrogate {

namespace {

constexpr const char* listing = "HepMC::Asciiv3-";

// HepMC3 gives values of cross sections and PDFs nine digits, other attributes fifteen.
void append_nine(TextBuffer& text, double value) {
    text.number(value, std::chars_format::scientific, 8);
}

void append_fifteen(TextBuffer& text, std::string_view name, double value) {
    text.add("A 0 ");
    text.add(name);
    text.number(value, std::chars_format::general, 15);
    text.add('\n');
}

std::string escaped(const std::string& text) {
    std::string safe;
    for (const char character : text)
        safe.append(character == '\\'   ? "\\\\"
                    : character == '\n' ? "\\|"
                                        : std::string(1, character));
    return safe;
}

bool is_zero(const FourNumbers& position) {
    return std::all_of(position.begin(), position.end(), [](double x) { return x == 0.0; });
}

// Particle::motherList of Pythia, sorted and without row 0.
void list_mothers(const HepmcRecord::Row& row, std::vector<std::int32_t>& mothers) {
    mothers.clear();
    const int status = std::abs(row.status);
    if (status == 11 || status == 12) // the system and the beams
        return;
    const auto [low, high] = std::minmax(row.mother1, row.mother2);
    const bool range = (status > 80 && status < 90) || (status > 100 && status < 107);
    if (row.mother2 == 0 || row.mother2 == row.mother1) {
        if (row.mother1 != 0)
            mothers.push_back(row.mother1);
    } else if (range) {
        for (std::int32_t i = row.mother1; i <= row.mother2; ++i)
            if (i != 0)
                mothers.push_back(i);
    } else {
        if (low != 0)
            mothers.push_back(low);
        mothers.push_back(high);
    }
}

} // namespace

std::string hepmc_head(const std::vector<std::string>& weight_names,
                       const std::vector<ToolName>& tools) {
    std::string text =
        "HepMC::Version " + HepMC3::version() + "\n" + listing + "START_EVENT_LISTING\n";
    std::string names;
    for (const std::string& name : weight_names)
        names.append(names.empty() ? "" : "\n").append(name);
    if (!names.empty())
        text.append("W ").append(escaped(names)).push_back('\n');
    for (const ToolName& tool : tools)
        text.append("T ")
            .append(escaped(tool.name + "\n" + tool.version + "\n" + tool.description))
            .push_back('\n');
    return text;
}

std::string hepmc_foot() {
    return std::string(listing) + "END_EVENT_LISTING\n\n";
}

void HepmcText::append(TextBuffer& text, const HepmcRecord& record) {
    build(record);
    order(record.rows.size());
    const auto particles = static_cast<std::int64_t>(order_.particles.size());
    text.add('E');
    for (const std::int64_t value : {std::int64_t{record.number},
                                     static_cast<std::int64_t>(order_.vertices.size()), particles})
        text.whole(value);
    text.add("\nU GEV MM\n");
    if (!record.weights.empty()) {
        text.add('W');
        for (const double weight : record.weights)
            text.number(weight);
        text.add('\n');
    }
    append_attributes(text, record);
    append_particles(text, record);
}

// As Pythia8ToHepMC3 does: one vertex behind each set of mothers, at the first position known.
void HepmcText::build(const HepmcRecord& record) {
    const std::size_t rows = record.rows.size();
    vertex_count_ = 0;
    production_.assign(rows, -1);
    end_.assign(rows, -1);
    roots_.clear();
    for (std::size_t i = 1; i < rows; ++i) {
        const HepmcRecord::Row& row = record.rows[i];
        list_mothers(row, mothers_);
        if (mothers_.empty()) {
            roots_.push_back(static_cast<std::int32_t>(i));
            continue;
        }
        const std::int32_t vertex = vertex_of(mothers_);
        Vertex& own = vertices_[static_cast<std::size_t>(vertex)];
        if (is_zero(own.position))
            own.position = row.position;
        own.out.push_back(static_cast<std::int32_t>(i));
        production_[i] = vertex;
    }
}

std::int32_t HepmcText::vertex_of(const std::vector<std::int32_t>& mothers) {
    const std::int32_t known = end_[static_cast<std::size_t>(mothers.front())];
    if (known >= 0)
        return known;
    const auto vertex = static_cast<std::int32_t>(vertex_count_++);
    if (vertices_.size() < vertex_count_)
        vertices_.emplace_back();
    Vertex& made = vertices_[static_cast<std::size_t>(vertex)];
    made.into.clear();
    made.out.clear();
    made.position = {};
    for (const std::int32_t mother : mothers) {
        std::int32_t& end = end_[static_cast<std::size_t>(mother)];
        if (end >= 0) // a particle ends where it was last said to
            std::erase(vertices_[static_cast<std::size_t>(end)].into, mother);
        end = vertex;
        made.into.push_back(mother);
    }
    return vertex;
}

void HepmcText::order(std::size_t rows) {
    std::vector<std::pair<std::int32_t, std::int32_t>> into;
    std::vector<std::pair<std::int32_t, std::int32_t>> out;
    for (std::size_t vertex = 0; vertex < vertex_count_; ++vertex) {
        for (const std::int32_t particle : vertices_[vertex].into)
            into.emplace_back(vertex, particle);
        for (const std::int32_t particle : vertices_[vertex].out)
            out.emplace_back(vertex, particle);
    }
    EventGraph graph{VertexLists(vertex_count_, into), VertexLists(vertex_count_, out), production_,
                     end_};
    order_ = tree_order(graph, roots_);
    number_.assign(rows, 0);
    for (std::size_t i = 0; i < order_.particles.size(); ++i)
        number_[static_cast<std::size_t>(order_.particles[i])] = static_cast<std::int32_t>(i) + 1;
    vertex_id_.assign(vertex_count_, 0);
    for (std::size_t i = 0; i < order_.vertices.size(); ++i)
        vertex_id_[static_cast<std::size_t>(order_.vertices[i])] =
            -static_cast<std::int32_t>(i) - 1;
    // What no beam leads to has no place in the graph, but is there.
    for (std::size_t i = 1; i < rows; ++i)
        if (number_[i] == 0) {
            order_.particles.push_back(static_cast<std::int32_t>(i));
            number_[i] = static_cast<std::int32_t>(order_.particles.size());
        }
}

// What HepMC3 calls cycles: a vertex that is reached from a beam in more than one way.
bool HepmcText::circular() const {
    std::vector<bool> reached;
    std::vector<std::int32_t> waiting;
    for (const std::int32_t root : roots_) {
        if (end_[static_cast<std::size_t>(root)] < 0)
            continue;
        reached.assign(vertex_count_, false);
        waiting.assign(1, end_[static_cast<std::size_t>(root)]);
        while (!waiting.empty()) {
            const std::int32_t vertex = waiting.back();
            waiting.pop_back();
            for (const std::int32_t particle : vertices_[static_cast<std::size_t>(vertex)].out) {
                const std::int32_t next = end_[static_cast<std::size_t>(particle)];
                if (next < 0)
                    continue;
                if (reached[static_cast<std::size_t>(next)])
                    return true;
                reached[static_cast<std::size_t>(next)] = true;
                waiting.push_back(next);
            }
        }
    }
    return false;
}

// In the order of their names, as HepMC3 keeps them.
void HepmcText::append_attributes(TextBuffer& text, const HepmcRecord& record) const {
    const auto& process = record.process;
    if (process) {
        text.add("A 0 GenCrossSection");
        for (std::size_t i = 0; i < std::max<std::size_t>(record.weights.size(), 1); ++i) {
            const double share = i < process->shares.size() ? process->shares[i] : 1.0;
            append_nine(text, share * process->cross_section_pb);
            append_nine(text, std::abs(share) * process->error_pb);
            if (i == 0) {
                text.whole(process->accepted);
                text.whole(process->tried);
            }
        }
        if (!process->heavy_ion.empty()) {
            text.add("\nA 0 GenHeavyIon ");
            text.add(process->heavy_ion);
        }
        text.add("\nA 0 GenPdfInfo");
        text.whole(process->partons[0]);
        text.whole(process->partons[1]);
        for (const double value : {process->x[0], process->x[1], process->factorization_scale,
                                   process->xf[0], process->xf[1]})
            append_nine(text, value);
        text.whole(process->pdf_sets[0]);
        text.whole(process->pdf_sets[1]);
        text.add('\n');
        append_fifteen(text, "alphaQCD", process->alpha_s);
        append_fifteen(text, "alphaQED", process->alpha_em);
    }
    if (circular())
        text.add("A 0 cycles 1\n");
    if (process)
        append_fifteen(text, "event_scale", process->scale);
    append_flow(text, " flow1", record, &HepmcRecord::Row::colour);
    append_flow(text, " flow2", record, &HepmcRecord::Row::anticolour);
    if (process) {
        text.add("A 0 mpi");
        text.whole(process->interactions);
        text.add("\nA 0 signal_process_id");
        text.whole(process->code);
        text.add('\n');
    }
}

void HepmcText::append_flow(TextBuffer& text, const char* name, const HepmcRecord& record,
                            std::int32_t HepmcRecord::Row::* line) const {
    for (std::size_t i = 0; i < order_.particles.size(); ++i) {
        const HepmcRecord::Row& row = record.rows[static_cast<std::size_t>(order_.particles[i])];
        if (row.*line < 0)
            continue;
        text.add('A');
        text.whole(static_cast<std::int64_t>(i) + 1);
        text.add(name);
        text.whole(row.*line);
        text.add('\n');
    }
}

// Most particles have one of a few masses.
void HepmcText::append_mass(TextBuffer& text, double mass) {
    const auto bits = std::bit_cast<std::uint64_t>(mass);
    auto& [known, written] = masses_[(bits ^ (bits >> 32U) * 0x9E3779B1U) % masses_.size()];
    if (known != bits || written.size() == 0) {
        known = bits;
        written.clear();
        written.number(mass);
    }
    text.add(written.view());
}

void HepmcText::append_particles(TextBuffer& text, const HepmcRecord& record) {
    std::vector<bool> written(vertex_count_);
    for (std::size_t i = 0; i < order_.particles.size(); ++i) {
        const auto own = static_cast<std::size_t>(order_.particles[i]);
        const HepmcRecord::Row& row = record.rows[own];
        std::int64_t parent = 0;
        const std::int32_t vertex = production_[own];
        if (vertex >= 0 && vertex_id_[static_cast<std::size_t>(vertex)] != 0) {
            Vertex& from = vertices_[static_cast<std::size_t>(vertex)];
            // One that joins a single particle to others without being anywhere has no line, unless
            // that particle comes later: HepMC3 reads such a mother only in the line of a vertex.
            const auto row_of_vertex = static_cast<std::size_t>(vertex);
            const bool nowhere = is_zero(from.position);
            const bool one = from.into.size() == 1 && nowhere && !written[row_of_vertex];
            const std::int32_t mother = one ? number_[static_cast<std::size_t>(from.into[0])] : 0;
            if (one && mother < number_[own])
                parent = mother;
            else if (!from.into.empty() || !nowhere)
                parent = vertex_id_[row_of_vertex];
            if (parent < 0 && !written[static_cast<std::size_t>(vertex)]) {
                written[static_cast<std::size_t>(vertex)] = true;
                text.add('V');
                text.whole(parent);
                text.add(" 0 [");
                for (std::int32_t& mother : from.into)
                    mother = number_[static_cast<std::size_t>(mother)];
                std::sort(from.into.begin(), from.into.end());
                for (std::size_t k = 0; k < from.into.size(); ++k) {
                    if (k > 0)
                        text.add(',');
                    text.digits(from.into[k]);
                }
                text.add(']');
                if (!is_zero(from.position)) {
                    text.add(" @");
                    for (const double value : from.position)
                        text.number(value);
                }
                text.add('\n');
            }
        }
        text.add('P');
        text.whole(static_cast<std::int64_t>(i) + 1);
        text.whole(parent);
        text.whole(row.pid);
        for (const double value : row.momentum)
            text.number(value);
        append_mass(text, row.mass);
        text.whole(row.hepmc_status);
        text.add('\n');
    }
}

} // namespace mcsurrogate
