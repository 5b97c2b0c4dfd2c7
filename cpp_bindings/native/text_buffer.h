// SPDX-License-Identifier: GPL-3.0-or-later
// Text that grows by words and numbers, each behind a blank.

#pragma once

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace mcsurrogate {

class TextBuffer {
  public:
    std::string_view view() const { return {text_.data(), size_}; }
    std::size_t size() const { return size_; }
    void clear() { size_ = 0; }

    void add(char character) {
        need(1);
        text_[size_++] = character;
    }

    void add(std::string_view words) {
        need(words.size());
        std::memcpy(text_.data() + size_, words.data(), words.size());
        size_ += words.size();
    }

    void whole(std::int64_t value) {
        add(' ');
        digits(value);
    }

    // Without the blank.
    void digits(std::int64_t value) { convert(value); }

    // As many digits as the number needs; this notation is the fastest to make.
    void number(double value) {
        if (value == 0.0 && !std::signbit(value)) {
            add(" 0");
        } else {
            add(' ');
            convert(value, std::chars_format::scientific);
        }
    }

    void number(double value, std::chars_format format, int precision) {
        add(' ');
        convert(value, format, precision);
    }

  private:
    static constexpr std::size_t longest_number = 64;

    void need(std::size_t more) {
        if (text_.size() - size_ < more)
            text_.resize(2 * text_.size() + more);
    }

    template <typename... Value>
    void convert(Value... value) {
        need(longest_number);
        char* const begin = text_.data() + size_;
        size_ += static_cast<std::size_t>(
            std::to_chars(begin, begin + longest_number, value...).ptr - begin);
    }

    std::vector<char> text_;
    std::size_t size_ = 0;
};

} // namespace mcsurrogate
