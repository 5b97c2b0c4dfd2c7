// SPDX-License-Identifier: GPL-3.0-or-later
#include "strict_json.h"

#include <set>
#include <stdexcept>
#include <vector>

namespace mcsurrogate {

using nlohmann::json;

namespace {

// Headers are shallow; a hostile file must not exhaust the stack of whoever walks through it.
constexpr int maximumDepth = 32;

// Told of every part of a text as it is read.
class Strictness {
  public:
    bool operator()(int depth, json::parse_event_t event, const json& parsed) {
        if (depth > maximumDepth)
            throw std::runtime_error("JSON header: nested too deeply");
        if (event == json::parse_event_t::object_start)
            keys_.emplace_back();
        else if (event == json::parse_event_t::object_end)
            keys_.pop_back();
        else if (event == json::parse_event_t::key && !keys_.back().insert(parsed).second)
            throw std::runtime_error("JSON header: key " + parsed.dump() + " appears twice");
        return true;
    }

  private:
    std::vector<std::set<std::string>> keys_; // of each object that is open
};

} // namespace

json parseJson(const std::string& text) {
    if (text.find('\0') != std::string::npos)
        throw std::runtime_error("JSON header: zero byte at " + std::to_string(text.find('\0')));
    if (text.starts_with("\xEF\xBB\xBF"))
        throw std::runtime_error("JSON header: byte order mark at its beginning");
    try {
        Strictness strictness;
        return json::parse(text, std::ref(strictness));
    } catch (const json::exception& fault) {
        // Without the library's name for it in brackets.
        const std::string what = fault.what();
        const std::size_t name = what.find("] ");
        throw std::runtime_error("JSON header: " +
                                 (name == std::string::npos ? what : what.substr(name + 2)));
    }
}

} // namespace mcsurrogate
