// The emulator for programs in other languages: a C interface, used from Python through ctypes.

#include <algorithm>
#include <cstring>
#include <exception>

#include "emulator.h"

using mcsurrogate::Emulator;

#pragma GCC visibility push(default)
extern "C" {

// Opens an emulator. Returns a handle, or null and a message of at most `size` bytes.
void* mcsurrogate_emulator_open(const char* path, char* message, std::size_t size) {
    try {
        return new Emulator(Emulator::load(path));
    } catch (const std::exception& fault) {
        if (size > 0) {
            const std::size_t length = std::min(size - 1, std::strlen(fault.what()));
            std::memcpy(message, fault.what(), length);
            message[length] = '\0';
        }
        return nullptr;
    }
}

int mcsurrogate_emulator_legs(const void* handle) {
    return static_cast<int>(static_cast<const Emulator*>(handle)->legs());
}

// Evaluates `count` points of momenta [E, px, py, pz] in GeV, legs in the order of the process;
// `inside` gets 1 where the point is in the domain.
void mcsurrogate_emulator_evaluate(void* handle, const double* momenta, std::size_t count,
                                   double* value, double* sigma, unsigned char* inside) {
    auto* emulator = static_cast<Emulator*>(handle);
    for (std::size_t i = 0; i < count; ++i) {
        const mcsurrogate::Prediction found = emulator->predict(momenta + 4 * emulator->legs() * i);
        value[i] = found.value;
        sigma[i] = found.sigma;
        inside[i] = found.inside ? 1 : 0;
    }
}

void mcsurrogate_emulator_close(void* handle) {
    delete static_cast<Emulator*>(handle);
}
}
#pragma GCC visibility pop
