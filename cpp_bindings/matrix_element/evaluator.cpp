// SPDX-License-Identifier: GPL-3.0-or-later
// The emulator for programs in other languages: a C interface, used from Python through ctypes.

#include <algorithm>
#include <cstring>
#include <exception>

#include "emulator.h"

using mcsurrogate::Emulator;

namespace {

template <typename Read>
void* opened(const Read& read, char* message, std::size_t size) {
    try {
        return new Emulator(read());
    } catch (const std::exception& fault) {
        if (size > 0) {
            const std::size_t length = std::min(size - 1, std::strlen(fault.what()));
            std::memcpy(message, fault.what(), length);
            message[length] = '\0';
        }
        return nullptr;
    }
}

} // namespace

#pragma GCC visibility push(default)
extern "C" {

// Opens an emulator's file. Returns a handle, or null and a message of at most `size` bytes.
void* mcsurrogate_emulator_open(const char* path, char* message, std::size_t size) {
    return opened([path] { return Emulator::load(path); }, message, size);
}

// The same for the bytes of a file; `name` is for messages.
void* mcsurrogate_emulator_parse(const char* name, const char* bytes, std::size_t length,
                                 char* message, std::size_t size) {
    return opened([=] { return Emulator::parse(name, bytes, length); }, message, size);
}

int mcsurrogate_emulator_legs(const void* handle) {
    return static_cast<int>(static_cast<const Emulator*>(handle)->legs());
}

// Evaluates `count` points of momenta [E, px, py, pz] in GeV, legs in the order of the process;
// `inside` gets 1 where the point is in the domain. Several threads may share a handle.
// With a tolerance above zero returns the index of the first point whose momenta do not balance or
// are off shell, and `count` if there is none.
std::size_t mcsurrogate_emulator_evaluate(const void* handle, const double* momenta,
                                          std::size_t count, double tolerance, double* value,
                                          double* sigma, unsigned char* inside) {
    return static_cast<const Emulator*>(handle)->predict(momenta, count, tolerance, value, sigma,
                                                         inside);
}

void mcsurrogate_emulator_close(void* handle) {
    delete static_cast<Emulator*>(handle);
}
}
#pragma GCC visibility pop
