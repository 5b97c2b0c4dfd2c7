// SPDX-License-Identifier: GPL-3.0-or-later
#include "lhe_writer.h"

#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdio>

namespace mcsurrogate {

namespace {

constexpr double unknown_helicity = 9.0;

void append_integer(std::string& text, std::int64_t value, int width = 0) {
    char digits[24];
    text.append(digits,
                static_cast<std::size_t>(std::snprintf(digits, sizeof digits, "%*lld ", width,
                                                       static_cast<long long>(value))));
}

// 17 digits hold every double.
void append(std::string& text, double value) {
    char digits[32];
    const auto end =
        std::to_chars(digits, digits + sizeof digits, value, std::chars_format::scientific, 16);
    text.append(digits, end.ptr).push_back(' ');
}

// For numbers that are round as a rule: "9.0", else as many digits as they need.
void append_short(std::string& text, double value) {
    char digits[40];
    const auto end = std::to_chars(digits, digits + sizeof digits, value);
    text.append(digits, end.ptr);
    if (value == std::floor(value) && std::fabs(value) < 1000.0)
        text.append(".0");
}

void append_particle(std::string& text, const HardEvents& batch, std::int64_t i) {
    append_integer(text, batch.pdg_id[i], 4);
    append_integer(text, batch.status[i], 2);
    append_integer(text, batch.parents[2 * i], 2);
    append_integer(text, batch.parents[2 * i + 1], 2);
    append_integer(text, batch.colour[2 * i], 3);
    append_integer(text, batch.colour[2 * i + 1], 3);
    const double* p = batch.momenta + 4 * i;
    for (const double value : {p[1], p[2], p[3], p[0], batch.mass[i]})
        append(text, value);
    if (batch.lifetime == nullptr || batch.lifetime[i] == 0.0)
        text.append("0. ");
    else
        append(text, batch.lifetime[i]);
    append_short(text, batch.helicity == nullptr ? unknown_helicity : batch.helicity[i]);
    text.push_back('\n');
}

void append_event(std::string& text, const HardEvents& batch, std::int64_t event) {
    const auto row = static_cast<std::size_t>(event);
    text.append("<event");
    if (!batch.attributes.empty() && !batch.attributes[row].empty())
        text.append(" ").append(batch.attributes[row]);
    text.append(">\n");
    append_integer(text, batch.offsets[event + 1] - batch.offsets[event], 2);
    append_integer(text, batch.process_id[event]);
    const double* weights = batch.weights + event * batch.weight_columns;
    for (const double value :
         {weights[0], batch.scale[event], batch.alpha_qed[event], batch.alpha_s[event]})
        append(text, value);
    text.back() = '\n';
    for (std::int64_t i = batch.offsets[event]; i < batch.offsets[event + 1]; ++i)
        append_particle(text, batch, i);
    if (!batch.annotations.empty())
        text.append(batch.annotations[row]);
    if (!batch.extra_weight_names.empty()) {
        text.append("<rwgt>\n");
        for (const std::string& name : batch.extra_weight_names) {
            text.append("<wgt id=\"").append(name).append("\"> ");
            append(text, *++weights);
            text.append("</wgt>\n");
        }
        text.append("</rwgt>\n");
    }
    text.append("</event>\n");
}

} // namespace

std::string lhe_text(const HardEvents& batch) {
    std::string text;
    for (std::int64_t event = 0; event < batch.events; ++event)
        append_event(text, batch, event);
    return text;
}

} // namespace mcsurrogate
