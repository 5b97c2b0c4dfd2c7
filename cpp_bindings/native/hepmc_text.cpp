// SPDX-License-Identifier: GPL-3.0-or-later
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

// Other attributes than cross sections and PDFs have fifteen digits.
void append_nine(TextBuffer& text, double value) {
    text.number(value, std::chars_format::scientific, cross_digits);
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

void HepmcText::append(TextBuffer& text, const HepmcRecord& record, const HepmcGraph& graph) {
    text.add('E');
    for (const std::int64_t value :
         {std::int64_t{record.number}, static_cast<std::int64_t>(graph.vertices()),
          static_cast<std::int64_t>(graph.entries().size())})
        text.whole(value);
    text.add("\nU GEV MM\n");
    if (!record.weights.empty()) {
        text.add('W');
        for (const double weight : record.weights)
            text.number(weight);
        text.add('\n');
    }
    append_attributes(text, record, graph);
    append_particles(text, record, graph);
}

// In the order of their names, as HepMC3 keeps them.
void HepmcText::append_attributes(TextBuffer& text, const HepmcRecord& record,
                                  const HepmcGraph& graph) {
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
    if (graph.circular())
        text.add("A 0 cycles 1\n");
    if (process)
        append_fifteen(text, "event_scale", process->scale);
    append_flow(text, " flow1", record, graph, &HepmcRecord::Row::colour);
    append_flow(text, " flow2", record, graph, &HepmcRecord::Row::anticolour);
    if (process) {
        text.add("A 0 mpi");
        text.whole(process->interactions);
        text.add("\nA 0 signal_process_id");
        text.whole(process->code);
        text.add('\n');
    }
}

void HepmcText::append_flow(TextBuffer& text, const char* name, const HepmcRecord& record,
                            const HepmcGraph& graph, std::int32_t HepmcRecord::Row::* line) {
    std::int64_t number = 0;
    for (const HepmcGraph::Entry& entry : graph.entries()) {
        ++number;
        const HepmcRecord::Row& row = record.rows[static_cast<std::size_t>(entry.row)];
        if (row.*line < 0)
            continue;
        text.add('A');
        text.whole(number);
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

void HepmcText::append_vertex(TextBuffer& text, const HepmcGraph& graph,
                              const HepmcGraph::Entry& entry) {
    text.add('V');
    text.whole(entry.parent);
    text.add(" 0 [");
    graph.mothers_of(entry.opens, mothers_);
    for (std::size_t k = 0; k < mothers_.size(); ++k) {
        if (k > 0)
            text.add(',');
        text.digits(mothers_[k]);
    }
    text.add(']');
    if (const FourNumbers& position = graph.position(entry.opens); !is_zero(position)) {
        text.add(" @");
        for (const double value : position)
            text.number(value);
    }
    text.add('\n');
}

void HepmcText::append_particles(TextBuffer& text, const HepmcRecord& record,
                                 const HepmcGraph& graph) {
    std::int64_t number = 0;
    for (const HepmcGraph::Entry& entry : graph.entries()) {
        if (entry.opens >= 0)
            append_vertex(text, graph, entry);
        const HepmcRecord::Row& row = record.rows[static_cast<std::size_t>(entry.row)];
        text.add('P');
        text.whole(++number);
        text.whole(entry.parent);
        text.whole(row.pid);
        for (const double value : row.momentum)
            text.number(value);
        append_mass(text, row.mass);
        text.whole(row.hepmc_status);
        text.add('\n');
    }
}

} // namespace mcsurrogate
