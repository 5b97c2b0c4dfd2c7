// Recursive-descent JSON parser (RFC 8259).

#include "json.h"

#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

namespace mcsurrogate {

namespace {

// Headers are shallow; a hostile file must not exhaust the stack.
constexpr int maximumDepth = 32;

class Parser {
  public:
    explicit Parser(const std::string& text) : text_(text) {}

    JsonValue parse() {
        JsonValue value = parseValue(0);
        skipSpace();
        if (position_ != text_.size())
            fail("text after the end");
        return value;
    }

  private:
    [[noreturn]] void fail(const std::string& what) const {
        throw std::runtime_error("JSON header: " + what + " at byte " + std::to_string(position_));
    }

    void skipSpace() {
        while (position_ < text_.size() && (text_[position_] == ' ' || text_[position_] == '\t' ||
                                            text_[position_] == '\n' || text_[position_] == '\r'))
            ++position_;
    }

    char peek() {
        skipSpace();
        if (position_ >= text_.size())
            fail("unexpected end");
        return text_[position_];
    }

    void expect(char wanted) {
        if (peek() != wanted)
            fail(std::string("expected '") + wanted + "'");
        ++position_;
    }

    bool accept(const std::string& word) {
        if (text_.compare(position_, word.size(), word) != 0)
            return false;
        position_ += word.size();
        return true;
    }

    JsonValue parseValue(int depth) {
        if (depth > maximumDepth)
            fail("nested too deeply");
        JsonValue value;
        const char first = peek();
        if (first == '{') {
            value.kind = JsonValue::Kind::Object;
            ++position_;
            if (peek() == '}') {
                ++position_;
                return value;
            }
            while (true) {
                if (peek() != '"')
                    fail("expected a key");
                const std::string key = parseString();
                expect(':');
                if (!value.object.emplace(key, parseValue(depth + 1)).second)
                    fail("key \"" + key + "\" appears twice");
                if (peek() == ',') {
                    ++position_;
                    continue;
                }
                expect('}');
                return value;
            }
        }
        if (first == '[') {
            value.kind = JsonValue::Kind::Array;
            ++position_;
            if (peek() == ']') {
                ++position_;
                return value;
            }
            while (true) {
                value.array.push_back(parseValue(depth + 1));
                if (peek() == ',') {
                    ++position_;
                    continue;
                }
                expect(']');
                return value;
            }
        }
        if (first == '"') {
            value.kind = JsonValue::Kind::String;
            value.string = parseString();
            return value;
        }
        if (accept("true")) {
            value.kind = JsonValue::Kind::Boolean;
            value.boolean = true;
            return value;
        }
        if (accept("false")) {
            value.kind = JsonValue::Kind::Boolean;
            return value;
        }
        if (accept("null"))
            return value;
        if (first == '-' || std::isdigit(static_cast<unsigned char>(first))) {
            const char* begin = text_.c_str() + position_;
            char* end = nullptr;
            value.kind = JsonValue::Kind::Number;
            value.number = std::strtod(begin, &end);
            if (end == begin)
                fail("malformed number");
            position_ += static_cast<std::size_t>(end - begin);
            return value;
        }
        fail("unexpected character");
    }

    std::string parseString() {
        expect('"');
        std::string result;
        while (true) {
            if (position_ >= text_.size())
                fail("unterminated string");
            const char now = text_[position_++];
            if (now == '"')
                return result;
            if (static_cast<unsigned char>(now) < 0x20)
                fail("control character in a string");
            if (now != '\\') {
                result += now;
                continue;
            }
            if (position_ >= text_.size())
                fail("unterminated string");
            const char escaped = text_[position_++];
            switch (escaped) {
            case '"':
            case '\\':
            case '/':
                result += escaped;
                break;
            case 'b':
                result += '\b';
                break;
            case 'f':
                result += '\f';
                break;
            case 'n':
                result += '\n';
                break;
            case 'r':
                result += '\r';
                break;
            case 't':
                result += '\t';
                break;
            case 'u':
                appendCodePoint(result);
                break;
            default:
                fail("unknown escape");
            }
        }
    }

    unsigned parseHex4() {
        unsigned value = 0;
        for (int i = 0; i < 4; ++i) {
            if (position_ >= text_.size() ||
                !std::isxdigit(static_cast<unsigned char>(text_[position_])))
                fail("malformed \\u escape");
            const char c = text_[position_++];
            value = 16 * value + static_cast<unsigned>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
        }
        return value;
    }

    void appendCodePoint(std::string& result) {
        unsigned code = parseHex4();
        if (code >= 0xD800 && code < 0xDC00) {
            if (!accept("\\u"))
                fail("unpaired surrogate");
            const unsigned low = parseHex4();
            if (low < 0xDC00 || low > 0xDFFF)
                fail("unpaired surrogate");
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        }
        if (code < 0x80) {
            result += static_cast<char>(code);
        } else if (code < 0x800) {
            result += static_cast<char>(0xC0 | (code >> 6));
            result += static_cast<char>(0x80 | (code & 0x3F));
        } else if (code < 0x10000) {
            result += static_cast<char>(0xE0 | (code >> 12));
            result += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
            result += static_cast<char>(0x80 | (code & 0x3F));
        } else {
            result += static_cast<char>(0xF0 | (code >> 18));
            result += static_cast<char>(0x80 | ((code >> 12) & 0x3F));
            result += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
            result += static_cast<char>(0x80 | (code & 0x3F));
        }
    }

    const std::string& text_;
    std::size_t position_ = 0;
};

} // namespace

const JsonValue* JsonValue::find(const std::string& key) const {
    const auto found = object.find(key);
    return found == object.end() ? nullptr : &found->second;
}

JsonValue parseJson(const std::string& text) {
    return Parser(text).parse();
}

std::string quoteJson(const std::string& text) {
    std::string result = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            result += '\\';
            result += c;
        } else if (static_cast<unsigned char>(c) < 0x20) {
            char buffer[8];
            std::snprintf(buffer, sizeof buffer, "\\u%04x", static_cast<unsigned>(c));
            result += buffer;
        } else {
            result += c;
        }
    }
    return result + "\"";
}

} // namespace mcsurrogate
