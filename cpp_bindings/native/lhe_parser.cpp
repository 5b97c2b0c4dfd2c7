// SPDX-License-Identifier: GPL-3.0-or-later
#include "lhe_parser.h"

#include <algorithm>

#include "failures.h"
#include "fortran_numbers.h"
#include "tag_text.h"

namespace mcsurrogate {

namespace {

constexpr std::string_view closing_tag = "</LesHouchesEvents>";
constexpr std::string_view event_end = "</event>";

std::string_view view(const char* begin, const char* end) {
    return {begin, static_cast<std::size_t>(end - begin)};
}

std::string quoted(std::string_view text) {
    constexpr std::size_t longest = 80;
    text = trimmed(text.substr(0, text.find('\n')));
    return "'" + std::string(text.substr(0, longest)) + (text.size() > longest ? "...'" : "'");
}

// Whether a weight stands in a text, comments left out.
bool holds_weight(std::string_view text) {
    for (std::size_t at = text.find('<'); at != std::string_view::npos; at = text.find('<', 1)) {
        text.remove_prefix(at);
        if (opens(text, "<wgt"))
            return true;
        if (text.starts_with("<!--"))
            text.remove_prefix(std::min(text.find("-->"), text.size() - 1));
    }
    return false;
}

} // namespace

LheParser::LheParser(std::string file, std::vector<std::string> declared, long line)
    : file_(std::move(file)), line_(line), declared_(std::move(declared)) {
    for (const std::string& name : declared_)
        if (index_.emplace(name, names_.size()).second)
            names_.push_back(name);
    values_.resize(names_.size());
    given_.resize(names_.size());
}

void LheParser::fail(const char* where, const std::string& what) const {
    const long line = line_ + std::count(begin_, where, '\n');
    throw FileFailure(file_ + ", line " + std::to_string(line) + ": " + what + " (after " +
                      std::to_string(events_) + " whole events)");
}

std::size_t LheParser::parse(std::string_view text, std::size_t limit, bool last) {
    begin_ = at_ = text.data();
    end_ = begin_ + text.size();
    last_ = last;
    while (columns_.scale.size() < limit && between_events() == Step::done && event() == Step::done)
        ++events_;
    line_ += std::count(begin_, at_, '\n');
    return static_cast<std::size_t>(at_ - begin_);
}

// Goes to the next <event; anything else that is not blank or a comment is an error.
LheParser::Step LheParser::between_events() {
    while (true) {
        while (at_ != end_ && blank(*at_))
            ++at_;
        const std::string_view rest = view(at_, end_);
        if (rest.size() <= closing_tag.size() && !last_)
            return Step::more_text; // too short to tell what it is
        std::size_t skipped = std::string_view::npos;
        if (rest.empty()) {
            if (!closed_)
                fail(at_, "the file ends without </LesHouchesEvents>: it was cut off");
            return Step::more_text;
        } else if (rest.front() == '#') {
            skipped = rest.find('\n');
        } else if (rest.starts_with("<!--")) {
            const std::size_t end = rest.find("-->");
            skipped = end == std::string_view::npos ? end : end + 3;
        } else if (rest.starts_with("<LesHouchesEvents") || rest.starts_with("<?xml")) {
            fail(at_, "a second file begins here; two files that were put together have two init "
                      "blocks: give them one by one");
        } else if (closed_) {
            fail(at_, "text behind </LesHouchesEvents>: " + quoted(rest));
        } else if (rest.starts_with(closing_tag)) {
            closed_ = true;
            skipped = closing_tag.size();
        } else if (opens(rest, "<event")) {
            return Step::done;
        } else if (opens(rest, "<eventgroup")) {
            fail(at_, "groups of events (<eventgroup>) are not supported; write plain events");
        } else {
            fail(at_, "expected <event> or </LesHouchesEvents>, found " + quoted(rest));
        }
        if (skipped == std::string_view::npos) {
            if (!last_)
                return Step::more_text;
            skipped = rest.size();
        }
        at_ += skipped;
    }
}

LheParser::Step LheParser::event() {
    const std::string_view rest = view(at_, end_);
    const std::size_t close = rest.find(event_end);
    const std::string_view inside = rest.substr(0, close);
    for (std::size_t i = inside.find("<event", 1); i != std::string_view::npos;
         i = inside.find("<event", i + 1))
        if (opens(inside.substr(i), "<event"))
            fail(at_ + i, "an event begins before the one above has its </event>");
    if (close == std::string_view::npos) {
        if (last_)
            fail(at_, "the file ends within this event: it was cut off");
        return Step::more_text;
    }
    const std::size_t open = tag_end(inside);
    if (open == std::string_view::npos)
        fail(at_, "the tag <event has no '>'");
    constexpr std::size_t name = std::string_view("<event").size();
    const char* const body_end = at_ + close;
    columns_.attributes.emplace_back(trimmed(inside.substr(name, open - 1 - name)));
    columns_.annotated |= !columns_.attributes.back().empty();
    at_ += open;
    event_body(body_end);
    at_ = body_end + event_end.size();
    return Step::done;
}

const char* LheParser::line_end(const char* end) const {
    return std::find(at_, end, '\n');
}

void LheParser::skip_blank_lines(const char* end) {
    while (at_ != end && blank(*at_))
        ++at_;
}

void LheParser::event_body(const char* end) {
    int particles = 0;
    skip_blank_lines(end);
    event_line(end, particles);
    for (int i = 0; i < particles; ++i) {
        skip_blank_lines(end);
        if (at_ == end || *at_ == '<' || *at_ == '#')
            fail(at_, "the event announces " + std::to_string(particles) + " particles and holds " +
                          std::to_string(i));
        particle_line(end);
    }
    columns_.offsets.push_back(static_cast<std::int64_t>(columns_.pdg_id.size()));
    std::string kept;
    annotations(end, kept);
    columns_.annotated |= !kept.empty();
    columns_.annotations.push_back(std::move(kept));
    finish_weights(end);
}

void LheParser::event_line(const char* end, int& particles) {
    const char* const start = at_;
    FortranLine line(at_, line_end(end));
    std::int32_t process = 0;
    double weight = 0.0;
    double scale = 0.0;
    double alpha_qed = 0.0;
    double alpha_s = 0.0;
    if (!(line.read(particles) && line.read(process) && line.read(weight) && line.read(scale) &&
          line.read(alpha_qed) && line.read(alpha_s) && line.at_end()))
        fail(start, "expected NUP IDPRUP XWGTUP SCALUP AQEDUP AQCDUP, found " +
                        quoted(view(start, line.end())));
    if (particles < 1)
        fail(start, "the event announces " + std::to_string(particles) + " particles");
    at_ = line.position();
    columns_.process_id.push_back(process);
    columns_.weights.push_back(weight);
    columns_.scale.push_back(scale);
    columns_.alpha_qed.push_back(alpha_qed);
    columns_.alpha_s.push_back(alpha_s);
}

void LheParser::particle_line(const char* end) {
    const char* const start = at_;
    FortranLine line(at_, line_end(end));
    std::int32_t whole[6];
    double real[7];
    bool good = true;
    for (std::int32_t& value : whole)
        good = good && line.read(value);
    for (double& value : real)
        good = good && line.read(value);
    if (!good || !line.at_end())
        fail(start,
             "expected the 13 numbers of a particle, found " + quoted(view(start, line.end())));
    at_ = line.position();
    columns_.pdg_id.push_back(whole[0]);
    columns_.status.push_back(whole[1]);
    columns_.parents.insert(columns_.parents.end(), {whole[2], whole[3]});
    columns_.colour.insert(columns_.colour.end(), {whole[4], whole[5]});
    columns_.momenta.insert(columns_.momenta.end(), {real[3], real[0], real[1], real[2]});
    columns_.mass.push_back(real[4]);
    columns_.lifetime.push_back(real[5]);
    columns_.helicity.push_back(real[6]);
}

// Tags and comments behind the particles: weights into their columns, all else as it stands.
void LheParser::annotations(const char* end, std::string& kept) {
    for (skip_blank_lines(end); at_ != end; skip_blank_lines(end)) {
        const std::string_view rest = view(at_, end);
        std::size_t length = 0;
        if (rest.front() == '#') {
            length = std::min(rest.find('\n'), rest.size());
        } else if (rest.starts_with("<!--")) {
            length = rest.find("-->") + 3;
        } else if (rest.front() == '<') {
            const std::string_view name = rest.substr(1, rest.find_first_of(" \t\r\n/>", 1) - 1);
            const std::size_t open = tag_end(rest);
            length = open;
            if (open != std::string_view::npos && rest[open - 2] != '/') {
                const std::string close = "</" + std::string(name) + ">";
                const std::size_t content_end = rest.find(close, open);
                length = content_end == std::string_view::npos ? content_end
                                                               : content_end + close.size();
                if (length != std::string_view::npos &&
                    (name == "rwgt" || name == "weights" || name == "weight")) {
                    weight_element(name, rest.substr(0, open),
                                   rest.substr(open, content_end - open));
                    at_ += length;
                    continue;
                }
            }
        } else {
            fail(at_, "more than the announced particles, or text that is neither a tag nor a "
                      "comment: " +
                          quoted(rest));
        }
        if (length > rest.size())
            fail(at_, "this tag is not closed within the event: " + quoted(rest));
        if (holds_weight(rest.substr(0, length)))
            fail(at_, "a weight <wgt> outside of <rwgt>: " + quoted(rest));
        kept.append(trimmed(rest.substr(0, length))).push_back('\n');
        at_ += length;
    }
}

double LheParser::number(std::string_view text, const char* what) {
    FortranLine line(text.data(), text.data() + text.size());
    double value = 0.0;
    if (!line.read(value) || !trimmed(view(line.position(), line.end())).empty())
        fail(text.data(), std::string(what) + " is no number: " + quoted(text));
    return value;
}

void LheParser::weight_element(std::string_view name, std::string_view tag,
                               std::string_view content) {
    if (name == "weights")
        return weight_list(content);
    if (name == "weight") { // LHE 2.0
        const std::string_view id = attribute(tag, "name");
        return add_weight(id.empty() ? attribute(tag, "id") : id, number(content, "a <weight>"),
                          tag.data());
    }
    for (content = trimmed(content); !content.empty(); content = trimmed(content)) {
        if (content.starts_with("<!--") && content.find("-->") != std::string_view::npos) {
            content.remove_prefix(content.find("-->") + 3);
            continue;
        }
        const std::size_t open = tag_end(content);
        const std::size_t close = content.find("</wgt>");
        if (!opens(content, "<wgt") || close == std::string_view::npos || open > close)
            fail(content.data(), "expected <wgt id='NAME'> VALUE </wgt>, found " + quoted(content));
        add_weight(attribute(content.substr(0, open), "id"),
                   number(content.substr(open, close - open), "a <wgt>"), content.data());
        content.remove_prefix(close + std::string_view("</wgt>").size());
    }
}

// Numbers in the order of the header.
void LheParser::weight_list(std::string_view content) {
    const char* const where = content.data();
    std::size_t count = 0;
    for (content = trimmed(content); !content.empty(); content = trimmed(content), ++count) {
        const std::size_t size = std::min(content.find_first_of(" \t\r\n"), content.size());
        const double value = number(content.substr(0, size), "one of <weights>");
        if (declared_.empty())
            add_weight("weight_" + std::to_string(count + 1), value, where);
        else if (count < declared_.size())
            add_weight(declared_[count], value, where);
        content.remove_prefix(size);
    }
    if (!declared_.empty() && count != declared_.size())
        fail(where, "<weights> holds " + std::to_string(count) + " numbers, but the header names " +
                        std::to_string(declared_.size()) + " weights");
}

void LheParser::add_weight(std::string_view name, double value, const char* where) {
    if (name.empty())
        fail(where, "a weight without a name");
    std::size_t index = next_;
    if (index >= names_.size() || names_[index] != name) {
        const auto found = index_.find(std::string(name));
        if (found != index_.end()) {
            index = found->second;
        } else if (events_ == 0) {
            index = names_.size();
            index_.emplace(name, index);
            names_.emplace_back(name);
            values_.push_back(0.0);
            given_.push_back(false);
        } else {
            fail(where, "weight '" + std::string(name) + "' of event " +
                            std::to_string(events_ + 1) + " is not among those of event 1");
        }
    }
    if (given_[index] && values_[index] != value)
        fail(where, "event " + std::to_string(events_ + 1) + " has two values for weight '" +
                        std::string(name) + "'");
    values_[index] = value;
    given_[index] = true;
    next_ = index + 1;
}

void LheParser::finish_weights(const char* where) {
    const bool none = std::find(given_.begin(), given_.end(), true) == given_.end();
    if (events_ == 0 && none) { // the header names weights that the events do not have
        names_.clear();
        index_.clear();
        values_.clear();
        given_.clear();
    }
    const auto lacking = std::find(given_.begin(), given_.end(), false);
    if (lacking != given_.end())
        fail(where, "event " + std::to_string(events_ + 1) + " lacks the weight '" +
                        names_[static_cast<std::size_t>(lacking - given_.begin())] + "'");
    columns_.weights.insert(columns_.weights.end(), values_.begin(), values_.end());
    std::fill(given_.begin(), given_.end(), false);
    next_ = 0;
}

} // namespace mcsurrogate
