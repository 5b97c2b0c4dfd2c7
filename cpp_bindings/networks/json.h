// A reader for the small JSON headers of safetensors files.
//
// It covers the whole of RFC 8259 except that numbers are kept as doubles, which is exact for
// the offsets of every file below 2^53 bytes.

#ifndef MCSURROGATE_JSON_H
#define MCSURROGATE_JSON_H

#include <map>
#include <string>
#include <vector>

namespace mcsurrogate {

// One JSON value; only the member that belongs to `kind` is filled.
struct JsonValue {
    enum class Kind { Null, Boolean, Number, String, Array, Object };

    Kind kind = Kind::Null;
    bool boolean = false;
    double number = 0.;
    std::string string;
    std::vector<JsonValue> array;
    std::map<std::string, JsonValue> object;

    // Member of an object, or nullptr where this is no object or has no such member.
    const JsonValue* find(const std::string& key) const;
};

// Parse a whole text; throws std::runtime_error with the position of the first fault.
JsonValue parseJson(const std::string& text);

// Quote and escape a string for JSON.
std::string quoteJson(const std::string& text);

} // namespace mcsurrogate

#endif // MCSURROGATE_JSON_H
