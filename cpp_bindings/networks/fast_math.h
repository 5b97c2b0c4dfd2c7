// SPDX-License-Identifier: GPL-3.0-or-later
// Exponential and logarithm that compilers turn into vector instructions.

#ifndef MCSURROGATE_FAST_MATH_H
#define MCSURROGATE_FAST_MATH_H

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace mcsurrogate {

#define MCSURROGATE_INLINE __attribute__((always_inline)) inline

// exp(x) to 2e-7 relative, clamped to the range of normal floats.
// 2^f on [-1/2, 1/2] by the Taylor series of degree 6, the integer part through the exponent.
MCSURROGATE_INLINE float fastExp(float x) {
    const float scaled = std::min(std::max(x, -87.f), 88.f) * 1.44269504f;
    const float whole = __builtin_floorf(scaled + 0.5f);
    const float f = scaled - whole;
    float power = 1.54035304e-4f;
    power = power * f + 1.33335581e-3f;
    power = power * f + 9.61812911e-3f;
    power = power * f + 5.55041087e-2f;
    power = power * f + 2.40226507e-1f;
    power = power * f + 6.93147181e-1f;
    power = power * f + 1.f;
    std::int32_t bits;
    std::memcpy(&bits, &power, sizeof bits);
    bits += static_cast<std::int32_t>(whole) * (1 << 23);
    std::memcpy(&power, &bits, sizeof power);
    return power;
}

// Natural logarithm of a positive normal float, to 1e-6 absolute: the exponent through the bits,
// the mantissa in [2/3, 4/3] by the series of the inverse hyperbolic tangent.
MCSURROGATE_INLINE float fastLog(float x) {
    std::int32_t bits;
    std::memcpy(&bits, &x, sizeof bits);
    const std::int32_t shift = (bits - 0x3f2aaaab) & static_cast<std::int32_t>(0xff800000);
    bits -= shift;
    float mantissa;
    std::memcpy(&mantissa, &bits, sizeof mantissa);
    const float r = (mantissa - 1.f) / (mantissa + 1.f);
    const float square = r * r;
    float sum = 0.111111111f;
    sum = sum * square + 0.142857143f;
    sum = sum * square + 0.2f;
    sum = sum * square + 0.333333333f;
    sum = sum * square + 1.f;
    return 2.f * r * sum + static_cast<float>(shift) * (0.693147181f / 8388608.f);
}

} // namespace mcsurrogate

#endif // MCSURROGATE_FAST_MATH_H
