// SPDX-License-Identifier: GPL-3.0-or-later
// Columns of HepMC events as the text that they were read from (Asciiv3).

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "hepmc_columns.h"
#include "text_buffer.h"

namespace mcsurrogate {

// HepmcColumns with attributes, wherever they are; GeV and mm.
struct HepmcView {
    std::size_t events = 0;
    std::size_t weight_columns = 0;
    const std::int64_t* offsets = nullptr;
    const std::int64_t* vertex_offsets = nullptr;
    const HepmcParticle* particles = nullptr;
    const std::int64_t* production = nullptr;
    const std::int64_t* end = nullptr;
    const std::int32_t* vertex_id = nullptr;
    const std::int32_t* vertex_status = nullptr;
    const double* positions = nullptr; // (vertices, 4)
    const std::uint8_t* placed = nullptr;
    const std::uint8_t* listed = nullptr;
    const std::int64_t* event_number = nullptr;
    const double* event_position = nullptr; // (events, 4)
    const double* weights = nullptr;        // (events, weight_columns)
    std::vector<std::string> attributes;    // (events)
};

// What stands before the events; values of attributes as they are written.
std::string hepmc_run_head(const std::vector<std::string>& weight_names,
                           const std::vector<std::vector<std::string>>& tools,
                           const std::vector<std::pair<std::string, std::string>>& attributes);

// Numbers have as many digits as they need. Throws FileFailure for vertices that are in no event.
std::string hepmc_columns_text(const HepmcView& events);

} // namespace mcsurrogate
