// SPDX-License-Identifier: GPL-3.0-or-later
#include "hepmc_parser.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "failures.h"

namespace mcsurrogate {

namespace {

constexpr std::string_view header = "HepMC::";
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
constexpr std::string_view version = "HepMC::Version";
constexpr std::string_view start = "-START_EVENT_LISTING";
constexpr std::string_view stop = "-END_EVENT_LISTING";
constexpr std::int32_t largest_table = 1 << 20;
constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

std::string quoted(std::string_view text) {
    constexpr std::size_t longest = 80;
    return "'" + std::string(text.substr(0, longest)) + (text.size() > longest ? "...'" : "'");
}

bool is_zero(const FourNumbers& position) {
    return std::all_of(position.begin(), position.end(), [](double x) { return x == 0.0; });
}

} // namespace

HepmcParser::HepmcParser(std::string file, bool keep_attributes)
    : keep_attributes_(keep_attributes), file_(std::move(file)) {}

void HepmcParser::fail(const std::string& what) const {
    throw FileFailure(file_ + ", line " + std::to_string(line_) + ": " + what + " (event number " +
                      std::to_string(events_ + 1) + " of the file; " + std::to_string(events_) +
                      " complete events were read before it)");
}

void HepmcParser::expected(const char* what, std::string_view found) const {
    fail("expected " + std::string(what) + ", found " + quoted(found));
}

std::size_t HepmcParser::parse(std::string_view text, std::size_t particles, std::size_t events,
                               bool last) {
    const char* at = text.data();
    const char* const end = at + text.size();
    full_ = false;
    while (at != end) {
        const auto* line_end =
            static_cast<const char*>(std::memchr(at, '\n', static_cast<std::size_t>(end - at)));
        if (line_end == nullptr && !last)
            break;
        std::string_view line(at, static_cast<std::size_t>((line_end ? line_end : end) - at));
        ++line_;
        if (!listing_ && line.starts_with(byte_order_mark))
            line.remove_prefix(byte_order_mark.size());
        if (event_open_ && !line.empty() && begins_next(line)) {
            close_event();
            if (columns_.particles.size() >= particles || held() >= events) {
                full_ = true;
                --line_;
                break;
            }
        }
        at = line_end ? line_end + 1 : end;
        if (line.ends_with('\r'))
            line.remove_suffix(1);
        if (line_end == nullptr && !line.starts_with(header) && !line.empty())
            fail("the file is truncated: its last line has no end");
        if (line.find('\0') != std::string_view::npos)
            fail("a zero byte, which is no text: " + quoted(line.substr(0, line.find('\0'))));
        if (!line.empty())
            file_line(line);
    }
    if (last && at == end)
        end_of_file();
    return static_cast<std::size_t>(at - text.data());
}

void HepmcParser::file_line(std::string_view text) {
    if (!text.starts_with(header)) {
        if (!listing_ && events_seen_)
            fail("text behind the end of the events: " + quoted(text));
        if (listing_ && (text.size() < 2 || text[1] != ' '))
            expected("a letter and a blank at the beginning of the line", text);
        if (listing_)
            line(text);
        else if (text.find_first_not_of(" \t") != std::string_view::npos)
            fail("text before the events: " + quoted(text));
    } else if (text.starts_with(version)) {
        return;
    } else if (text.starts_with(listing()) && text.substr(listing().size()).starts_with(start)) {
        if (listing_)
            fail("a second file begins before the events of the first one end");
        listing_ = events_seen_ = true;
    } else if (text.starts_with(listing()) && text.substr(listing().size()).starts_with(stop)) {
        if (!listing_)
            fail("the events end twice");
        listing_ = false;
    } else {
        fail("the file is damaged, or another format begins here: " + quoted(text));
    }
}

void HepmcParser::end_of_file() {
    if (event_open_ && lacks().empty())
        close_event();
    if (listing_ || !events_seen_)
        fail("the file is truncated or damaged: no " + std::string(listing()) + std::string(stop) +
             " line at its end");
}

void HepmcParser::open_event() {
    event_open_ = true;
    weights_read_ = units_read_ = false;
    momentum_unit_ = length_unit_ = 1.0;
    first_particle_ = columns_.particles.size();
    first_vertex_ = columns_.vertex_id.size();
    first_in_.clear();
    attributes_.clear();
    rows_.clear();
    far_rows_.clear();
    columns_.event_position.push_back({});
    columns_.cross_section.push_back({unknown, unknown, unknown, unknown});
    columns_.pdf_info.emplace_back().fill(unknown);
}

void HepmcParser::units(std::string_view text) {
    TextWords words(text);
    const std::string_view momentum = words.word();
    const std::string_view length = words.word();
    if ((momentum != "GEV" && momentum != "MEV") || (length != "MM" && length != "CM") ||
        !words.at_end())
        expected("units GEV or MEV, and MM or CM", text);
    if (units_read_ || particles() != 0)
        fail("the units of an event stand once, before its particles");
    units_read_ = true;
    momentum_unit_ = momentum == "GEV" ? 1.0 : 1e-3;
    length_unit_ = length == "MM" ? 1.0 : 10.0;
}

void HepmcParser::particle(TextWords& words, std::string_view text) {
    HepmcParticle& own = columns_.particles.emplace_back();
    if (!words.integer(own.pid) || !words.number(own.px) || !words.number(own.py) ||
        !words.number(own.pz) || !words.number(own.e) || !words.number(own.mass) ||
        !words.integer(own.status))
        expected("the numbers of a particle", text);
    for (const double value : {own.px, own.py, own.pz, own.e})
        if (!std::isfinite(value))
            fail("particle " + std::to_string(particles()) + ": a momentum is not finite");
    columns_.production.push_back(-1);
    columns_.end.push_back(-1);
}

FourNumbers HepmcParser::four_numbers(TextWords& words, std::string_view text) const {
    FourNumbers position;
    for (double& value : position)
        if (!words.at_blank() || !words.finite(value))
            expected("x, y, z and t", text);
    return position;
}

void HepmcParser::place_vertex(const FourNumbers& position) {
    columns_.positions.back() = position;
    columns_.placed.back() = is_zero(position) ? 0 : 1;
}

void HepmcParser::add_vertex(std::int32_t id, std::int32_t status) {
    const auto row = static_cast<std::int32_t>(vertices());
    columns_.vertex_id.push_back(id);
    columns_.vertex_status.push_back(status);
    columns_.positions.push_back({});
    columns_.placed.push_back(0);
    columns_.listed.push_back(id == 0 ? 0 : 1);
    first_in_.push_back(-1);
    if (id == 0)
        return; // its number is not known yet
    if (vertex_with(id) >= 0)
        fail("two vertices have the number " + std::to_string(id));
    if (id < 0 && id >= -largest_table) {
        if (rows_.size() <= static_cast<std::size_t>(-id))
            rows_.resize(static_cast<std::size_t>(-id) + 64, -1);
        rows_[static_cast<std::size_t>(-id)] = row;
    } else {
        far_rows_.emplace(id, row);
    }
}

std::int64_t HepmcParser::vertex_with(std::int32_t id) const {
    if (id < 0 && id >= -largest_table) {
        const auto place = static_cast<std::size_t>(-id);
        return place < rows_.size() ? rows_[place] : -1;
    }
    const auto found = far_rows_.find(id);
    return found == far_rows_.end() ? -1 : found->second;
}

void HepmcParser::attribute(std::int32_t owner, std::string_view name, std::string_view text) {
    if (keep_attributes_)
        attributes_.push_back({owner, std::string(name), std::string(text)});
}

// Value and error; accepted and attempted events may be left out, and those of further weights.
void HepmcParser::read_cross_section(TextWords words, std::string_view text) {
    FourNumbers& own = columns_.cross_section.back();
    own = {unknown, unknown, -1.0, -1.0};
    bool good = words.number(own[0]) && words.number(own[1]);
    for (std::size_t i = 2; good && i < own.size() && !words.at_end(); ++i) {
        std::int64_t count = 0;
        good = words.integer(count);
        own[i] = static_cast<double>(count);
    }
    double further = 0.0;
    while (good && !words.at_end())
        good = words.number(further);
    if (!good)
        expected("a cross section, its error and numbers of events", text);
    cross_section_ = own;
}

void HepmcParser::read_pdf_info(TextWords words, std::string_view text, bool needs_sets) {
    auto& own = columns_.pdf_info.back();
    bool good = true;
    for (std::size_t i = 0; i < own.size(); ++i) {
        if (i >= 7 && !needs_sets && words.at_end()) {
            own[i] = 0.0;
            continue;
        }
        std::int32_t whole = 0;
        if (i < 2 || i >= 7) {
            good = good && words.integer(whole);
            own[i] = whole;
        } else {
            good = good && words.number(own[i]);
        }
    }
    if (!good || !words.at_end())
        expected("the nine numbers of PDF information", text);
}

void HepmcParser::name_weights(std::vector<std::string> names) {
    if (named_ && names == given_names_)
        return;
    if (named_)
        fail("other names of weights than those of the events before");
    if (events_ > 0)
        fail("weights that had no names in the events before");
    named_ = true;
    names_ = given_names_ = std::move(names);
}

// As many as there are weights, each another. One that is empty is the number of its place, from 0,
// as HepMC3's reader of version 2 has it.
void HepmcParser::check_names() {
    names_checked_ = true;
    if (names_.empty())
        return;
    if (names_.size() != weight_count_)
        for (auto& names : other_names())
            if (names.size() == weight_count_) {
                names_ = std::move(names);
                break;
            }
    if (names_.size() != weight_count_)
        fail("the event has " + std::to_string(weight_count_) + " weights and " +
             std::to_string(names_.size()) + " names of weights");
    for (std::size_t i = 0; i < names_.size(); ++i)
        if (names_[i].empty())
            names_[i] = std::to_string(i);
    std::vector<std::string> sorted = names_;
    std::sort(sorted.begin(), sorted.end());
    if (const auto twice = std::adjacent_find(sorted.begin(), sorted.end()); twice != sorted.end())
        fail("two weights have the name " + quoted(*twice) + ", which must tell them apart");
}

void HepmcParser::skip_unknown(std::string_view text) {
    if (unknown_lines_++ == 0)
        unknown_line_ = "line " + std::to_string(line_) + ": " + quoted(text);
}

std::size_t HepmcParser::read_weights(TextWords words, std::string_view text) {
    std::size_t found = 0;
    for (; !words.at_end(); ++found) {
        double weight = 0.0;
        if (!words.number(weight))
            expected("numbers as weights", text);
        if (!std::isfinite(weight))
            fail("a weight is not finite");
        columns_.weights.push_back(weight);
    }
    if (events_ == 0)
        weight_count_ = found;
    if (found != weight_count_)
        fail("the event has " + std::to_string(found) + " weights, the events before it " +
             std::to_string(weight_count_));
    weights_read_ = true;
    return found;
}

void HepmcParser::close_event() {
    if (const std::string reason = lacks(); !reason.empty())
        fail(reason);
    if (events_ == 0 && !weights_read_)
        weight_count_ = 0;
    if (!weights_read_ && weight_count_ != 0)
        fail("the event has 0 weights, the events before it " + std::to_string(weight_count_));
    if (!names_checked_)
        check_names();
    link();
    columns_.inherit_positions(first_vertex_, first_particle_, first_in_,
                               columns_.event_position.back());
    convert_units();
    columns_.offsets.push_back(static_cast<std::int64_t>(columns_.particles.size()));
    columns_.vertex_offsets.push_back(static_cast<std::int64_t>(columns_.vertex_id.size()));
    if (keep_attributes_) {
        std::string& lines = columns_.attributes.emplace_back();
        for (const Attribute& own : attributes_)
            lines.append(std::to_string(own.owner))
                .append(" ")
                .append(own.name)
                .append(" ")
                .append(own.text)
                .append("\n");
    }
    event_open_ = false;
    ++events_;
}

void HepmcParser::convert_units() {
    if (momentum_unit_ != 1.0)
        for (std::size_t i = first_particle_; i < columns_.particles.size(); ++i) {
            HepmcParticle& particle = columns_.particles[i];
            for (double* value :
                 {&particle.mass, &particle.px, &particle.py, &particle.pz, &particle.e})
                *value *= momentum_unit_;
        }
    if (length_unit_ != 1.0) {
        for (double& value : columns_.event_position.back())
            value *= length_unit_;
        for (std::size_t i = first_vertex_; i < columns_.positions.size(); ++i)
            for (double& value : columns_.positions[i])
                value *= length_unit_;
    }
}

} // namespace mcsurrogate
