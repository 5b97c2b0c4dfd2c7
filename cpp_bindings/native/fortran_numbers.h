// SPDX-License-Identifier: GPL-3.0-or-later
// Numbers of a line of text as Fortran and C programs write them.

#pragma once

#include <charconv>
#include <cmath>
#include <cstdint>
#include <string>

namespace mcsurrogate {

class FortranLine {
  public:
    FortranLine(const char* begin, const char* end) : at_(begin), end_(end) {}

    // False for what is not such a number, out of range or not finite.
    bool read(std::int32_t& value) {
        skip_blanks();
        if (end_ - at_ > 1 && *at_ == '+' && at_[1] != '-')
            ++at_;
        const auto [stop, error] = std::from_chars(at_, end_, value);
        return error == std::errc() && advance(stop);
    }

    bool read(double& value) {
        skip_blanks();
        if (end_ - at_ > 1 && *at_ == '+' && at_[1] != '-')
            ++at_;
        const auto [stop, error] = std::from_chars(at_, end_, value);
        if (error == std::errc() && advance(stop))
            return std::isfinite(value);
        return error != std::errc::invalid_argument && read_fortran(stop, value);
    }

    bool at_end() {
        skip_blanks();
        return at_ == end_;
    }

    const char* position() const { return at_; }
    const char* end() const { return end_; }

  private:
    static bool blank(char character) {
        return character == ' ' || character == '\t' || character == '\r' || character == '\n';
    }

    void skip_blanks() {
        while (at_ != end_ && blank(*at_))
            ++at_;
    }

    bool advance(const char* stop) {
        if (stop != end_ && !blank(*stop))
            return false;
        at_ = stop;
        return true;
    }

    // 1.0D+00 in double precision, 1.0Q+00 in quadruple, 1.0-100 where the exponent has three
    // digits; and numbers too small for a double, which are zero.
    bool read_fortran(const char* mantissa_end, double& value) {
        const char* stop = at_;
        while (stop != end_ && !blank(*stop))
            ++stop;
        std::string text(at_, stop);
        const auto cut = static_cast<std::size_t>(mantissa_end - at_);
        if (cut < text.size()) {
            const char letter = text[cut];
            if (letter == 'D' || letter == 'd' || letter == 'Q' || letter == 'q')
                text[cut] = 'e';
            else if (letter == '+' || letter == '-')
                text.insert(cut, 1, 'e');
        }
        double read = 0.0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), read);
        if (error == std::errc::invalid_argument || end != text.data() + text.size())
            return false;
        const std::size_t exponent = text.find_first_of("eE");
        if (error == std::errc::result_out_of_range &&
            (exponent == std::string::npos || text[exponent + 1] != '-'))
            return false;
        value = error == std::errc() ? read : 0.0;
        at_ = stop;
        return std::isfinite(value);
    }

    const char* at_;
    const char* end_;
};

} // namespace mcsurrogate
