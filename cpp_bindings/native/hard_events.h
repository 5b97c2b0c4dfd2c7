// SPDX-License-Identifier: GPL-3.0-or-later
// A batch of hard events as pointers into columns of the caller (mcsurrogate.events.EventBatch).

#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace mcsurrogate {

// The owner of the arrays derives from it; every pointer stays valid as long as the object lives.
struct HardEvents {
    virtual ~HardEvents() = default;

    std::int64_t events = 0;
    const std::int64_t* offsets = nullptr;    // (events + 1)
    const std::int32_t* pdg_id = nullptr;     // (particles)
    const std::int32_t* status = nullptr;     // (particles)
    const std::int32_t* parents = nullptr;    // (particles, 2)
    const std::int32_t* colour = nullptr;     // (particles, 2)
    const double* momenta = nullptr;          // (particles, 4): E, px, py, pz
    const double* mass = nullptr;             // (particles)
    const double* lifetime = nullptr;         // (particles): c tau in mm, or nullptr: zero
    const double* helicity = nullptr;         // (particles), or nullptr: unknown
    const double* weights = nullptr;          // (events, weight_columns); column 0 is XWGTUP
    const double* scale = nullptr;            // (events)
    const double* alpha_s = nullptr;          // (events)
    const double* alpha_qed = nullptr;        // (events)
    const std::int32_t* process_id = nullptr; // (events)
    std::int64_t weight_columns = 1;
    std::vector<std::string> extra_weight_names; // of columns 1, 2, ...
    std::vector<std::string> attributes;         // (events) text within the <event> tag, or empty
    std::vector<std::string> annotations;        // (events) tags and comments, or empty
};

} // namespace mcsurrogate
