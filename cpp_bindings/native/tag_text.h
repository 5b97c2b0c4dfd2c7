// SPDX-License-Identifier: GPL-3.0-or-later
// Tags in text that need not be XML: what Les Houches files have in headers and event blocks.

#pragma once

#include <map>
#include <string>
#include <string_view>

namespace mcsurrogate {

inline bool blank(char character) {
    return character == ' ' || character == '\n' || character == '\t' || character == '\r';
}

inline std::string_view trimmed(std::string_view text) {
    while (!text.empty() && blank(text.front()))
        text.remove_prefix(1);
    while (!text.empty() && blank(text.back()))
        text.remove_suffix(1);
    return text;
}

// Whether the text begins with this tag, not with a longer name.
inline bool opens(std::string_view text, std::string_view tag) {
    return text.starts_with(tag) && text.size() > tag.size() &&
           (blank(text[tag.size()]) || text[tag.size()] == '>');
}

// Where the tag that begins the text ends: behind its '>', which may not stand between quotes.
inline std::size_t tag_end(std::string_view text) {
    char quote = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (quote != 0)
            quote = text[i] == quote ? 0 : quote;
        else if (text[i] == '"' || text[i] == '\'')
            quote = text[i];
        else if (text[i] == '>')
            return i + 1;
    }
    return std::string_view::npos;
}

// NAME = "VALUE" or 'VALUE', as often as it follows; what is no attribute ends them.
inline std::map<std::string, std::string> attributes(std::string_view text) {
    std::map<std::string, std::string> found;
    for (text = trimmed(text); !text.empty(); text = trimmed(text)) {
        const std::size_t equals = text.find('=');
        if (equals == std::string_view::npos)
            break;
        const std::string_view value = trimmed(text.substr(equals + 1));
        if (value.empty() || (value.front() != '"' && value.front() != '\''))
            break;
        const std::size_t close = value.find(value.front(), 1);
        if (close == std::string_view::npos)
            break;
        found.emplace(trimmed(text.substr(0, equals)), value.substr(1, close - 1));
        text = value.substr(close + 1);
    }
    return found;
}

// One attribute of the tag that begins the text, without blanks around it; empty if it has none.
inline std::string attribute(std::string_view tag, const std::string& name) {
    const std::size_t begin = tag.find_first_of(" \t\r\n");
    const std::size_t end = tag_end(tag);
    if (begin >= end || end == std::string_view::npos)
        return {};
    const std::map<std::string, std::string> all = attributes(tag.substr(begin, end - 1 - begin));
    const auto found = all.find(name);
    return found == all.end() ? std::string() : std::string(trimmed(found->second));
}

} // namespace mcsurrogate
