// SPDX-License-Identifier: GPL-3.0-or-later
// The SHA-256 of some bytes (FIPS 180-4), by which a weights file is known.

#ifndef MCSURROGATE_SHA256_H
#define MCSURROGATE_SHA256_H

#include <string>

namespace mcsurrogate {

// In 64 hexadecimal digits.
std::string sha256(const char* bytes, std::size_t size);

} // namespace mcsurrogate

#endif // MCSURROGATE_SHA256_H
