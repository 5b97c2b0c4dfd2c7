// SPDX-License-Identifier: GPL-3.0-or-later
// Words of a line of text as numbers; a number must be the whole word, and one blank parts words:
// HepMC3's reader takes a second one for an empty word and shifts what follows.

#pragma once

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <string_view>
#include <system_error>

namespace mcsurrogate {

class TextWords {
  public:
    explicit TextWords(std::string_view line) : at_(line.data()), end_(line.data() + line.size()) {}

    template <typename Integer>
    bool integer(Integer& value) {
        return read(value) && at_word_end();
    }

    // One of a list, behind which a comma or a bracket may stand.
    template <typename Integer>
    bool listed(Integer& value) {
        return read(value) && (at_word_end() || *at_ == ',' || *at_ == ']');
    }

    // Also inf and nan. What is too small for a double is zero, what is too large infinite.
    bool number(double& value) {
        begin_number();
        const auto [stop, error] = std::from_chars(at_, end_, value);
        if (error == std::errc::result_out_of_range)
            value = limit(std::string_view(at_, static_cast<std::size_t>(stop - at_)));
        at_ = stop;
        return error != std::errc::invalid_argument && at_word_end();
    }

    // Such a number, and no further one.
    bool finite(double& value) { return number(value) && std::isfinite(value); }

    bool at_blank() const { return at_ != end_ && *at_ == ' '; }

    bool symbol(char wanted) {
        skip_blank();
        if (at_ == end_ || *at_ != wanted)
            return false;
        ++at_;
        return true;
    }

    // Up to the next blank; empty at the end of the line.
    std::string_view word() {
        skip_blank();
        const char* const begin = at_;
        at_ = std::find(at_, end_, ' ');
        return {begin, static_cast<std::size_t>(at_ - begin)};
    }

    // Whether only blanks follow.
    bool at_end() const {
        return std::all_of(at_, end_, [](char c) { return c == ' '; });
    }

    // What follows the blank.
    std::string_view rest() {
        skip_blank();
        return {at_, static_cast<std::size_t>(end_ - at_)};
    }

  private:
    void skip_blank() { at_ += at_ != end_ && *at_ == ' ' ? 1 : 0; }
    bool at_word_end() const { return at_ == end_ || *at_ == ' '; }

    void begin_number() {
        skip_blank();
        if (end_ - at_ > 1 && *at_ == '+' && at_[1] != '-')
            ++at_;
    }

    template <typename Integer>
    bool read(Integer& value) {
        begin_number();
        const auto [stop, error] = std::from_chars(at_, end_, value);
        at_ = stop;
        return error == std::errc();
    }

    static double limit(std::string_view text) {
        const std::size_t exponent = text.find_first_of("eE");
        const bool small = exponent != std::string_view::npos && text[exponent + 1] == '-';
        const double size = small ? 0.0 : std::numeric_limits<double>::infinity();
        return text.front() == '-' ? -size : size;
    }

    const char* at_;
    const char* end_;
};

} // namespace mcsurrogate
