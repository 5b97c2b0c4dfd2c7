// SPDX-License-Identifier: GPL-3.0-or-later
// JSON as nlohmann-json reads it, without what it lets pass: keys that appear twice, text behind a
// zero byte, a byte order mark, depths that no header has.

#ifndef MCSURROGATE_STRICT_JSON_H
#define MCSURROGATE_STRICT_JSON_H

#include <nlohmann/json.hpp>
#include <string>

namespace mcsurrogate {

// Parse a whole text; throws std::runtime_error that tells the first fault and where it is.
nlohmann::json parseJson(const std::string& text);

} // namespace mcsurrogate

#endif // MCSURROGATE_STRICT_JSON_H
