// SPDX-License-Identifier: GPL-3.0-or-later
#include "hepmc_columns_text.h"

#include <algorithm>
#include <span>

#include "failures.h"
#include "hepmc_text.h"

namespace mcsurrogate {

namespace {

constexpr std::size_t axes = 4;

bool is_zero(const double* position) {
    return std::all_of(position, position + axes, [](double x) { return x == 0.0; });
}

// One event of the view.
class EventText {
  public:
    EventText(TextBuffer& text, const HepmcView& view, std::size_t event)
        : text_(text), view_(view), event_(event), first_(view.offsets[event]),
          particles_(view.offsets[event + 1] - first_), first_vertex_(view.vertex_offsets[event]),
          vertices_(view.vertex_offsets[event + 1] - first_vertex_),
          into_(static_cast<std::size_t>(vertices_)),
          parents_(static_cast<std::size_t>(vertices_)) {
        for (std::int64_t i = 0; i < particles_; ++i) {
            if (const std::int64_t vertex = within(view_.end[first_ + i]); vertex >= 0)
                into_[static_cast<std::size_t>(vertex)].push_back(i + 1);
        }
    }

    void append() {
        head();
        attributes();
        for (std::int64_t i = 0; i < particles_; ++i)
            particle(i);
        lines_up_to(vertices_ - 1);
        for (std::int64_t vertex = 0; vertex < vertices_; ++vertex)
            if (parents_[static_cast<std::size_t>(vertex)] == 0)
                line(vertex); // nothing comes out of it
    }

  private:
    // Within the event; -1 for none.
    std::int64_t within(std::int64_t vertex) const {
        if (vertex >= 0 && (vertex < first_vertex_ || vertex >= first_vertex_ + vertices_))
            throw FileFailure("a particle of event " + std::to_string(view_.event_number[event_]) +
                              " has a vertex of another event");
        return vertex < 0 ? -1 : vertex - first_vertex_;
    }

    void head() {
        text_.add('E');
        text_.whole(view_.event_number[event_]);
        text_.whole(vertices_);
        text_.whole(particles_);
        position(view_.event_position + axes * event_);
        text_.add("\nU GEV MM\n");
        if (view_.weight_columns == 0)
            return;
        text_.add('W');
        const double* weights = view_.weights + view_.weight_columns * event_;
        for (std::size_t i = 0; i < view_.weight_columns; ++i)
            text_.number(weights[i]);
        text_.add('\n');
    }

    void position(const double* place) {
        if (is_zero(place))
            return;
        text_.add(" @");
        for (const double value : std::span(place, axes))
            text_.number(value);
    }

    void attributes() {
        const std::string& lines = view_.attributes[event_];
        for (std::size_t at = 0; at < lines.size();) {
            const std::size_t end = std::min(lines.find('\n', at), lines.size());
            text_.add("A ");
            text_.add(std::string_view(lines).substr(at, end - at));
            text_.add('\n');
            at = end + 1;
        }
    }

    void line(std::int64_t vertex) {
        const auto at = static_cast<std::size_t>(first_vertex_ + vertex);
        auto& into = into_[static_cast<std::size_t>(vertex)];
        parents_[static_cast<std::size_t>(vertex)] = view_.vertex_id[at];
        text_.add('V');
        text_.whole(view_.vertex_id[at]);
        text_.whole(view_.vertex_status[at]);
        text_.add(" [");
        for (std::size_t i = 0; i < into.size(); ++i) {
            if (i > 0)
                text_.add(',');
            text_.digits(into[i]);
        }
        text_.add(']');
        if (view_.placed[at] != 0)
            position(view_.positions + axes * at);
        text_.add('\n');
    }

    // Lines of vertices stand in their order, before the particles that come from them.
    void lines_up_to(std::int64_t vertex) {
        for (; next_ <= vertex; ++next_)
            if (view_.listed[first_vertex_ + next_] != 0)
                line(next_);
    }

    // How a particle names the vertex that it comes from. One without a line is that in which a
    // particle ends that came before.
    std::int64_t parent(std::int64_t vertex, std::int64_t id) {
        std::int64_t& known = parents_[static_cast<std::size_t>(vertex)];
        if (known != 0)
            return known;
        lines_up_to(vertex);
        const std::int64_t at = first_vertex_ + vertex;
        const auto& into = into_[static_cast<std::size_t>(vertex)];
        const bool plain = view_.placed[at] == 0 && view_.vertex_status[at] == 0;
        if (known == 0 && plain && into.size() == 1 && into[0] < id)
            known = into[0];
        else if (known == 0)
            line(vertex);
        return known;
    }

    void particle(std::int64_t row) {
        const HepmcParticle& own = view_.particles[first_ + row];
        const std::int64_t vertex = within(view_.production[first_ + row]);
        const std::int64_t from = vertex < 0 ? 0 : parent(vertex, row + 1);
        text_.add('P');
        text_.whole(row + 1);
        text_.whole(from);
        text_.whole(own.pid);
        for (const double value : {own.px, own.py, own.pz, own.e, own.mass})
            text_.number(value);
        text_.whole(own.status);
        text_.add('\n');
    }

    TextBuffer& text_;
    const HepmcView& view_;
    std::size_t event_;
    std::int64_t first_;
    std::int64_t particles_;
    std::int64_t first_vertex_;
    std::int64_t vertices_;
    std::vector<std::vector<std::int64_t>> into_; // of each vertex its particles, from 1
    std::vector<std::int64_t> parents_;           // how particles name each vertex, 0 for not yet
    std::int64_t next_ = 0; // the first vertex whose line has not had its turn
};

} // namespace

std::string hepmc_run_head(const std::vector<std::string>& weight_names,
                           const std::vector<std::vector<std::string>>& tools,
                           const std::vector<std::pair<std::string, std::string>>& attributes) {
    std::vector<ToolName> named;
    for (const auto& tool : tools)
        named.push_back({tool.at(0), tool.at(1), tool.at(2)});
    std::string text = hepmc_head(weight_names, named);
    for (const auto& [name, value] : attributes)
        text.append("A ").append(name).append(" ").append(value).push_back('\n');
    return text;
}

std::string hepmc_columns_text(const HepmcView& events) {
    TextBuffer text;
    for (std::size_t event = 0; event < events.events; ++event)
        EventText(text, events, event).append();
    return std::string(text.view());
}

} // namespace mcsurrogate
