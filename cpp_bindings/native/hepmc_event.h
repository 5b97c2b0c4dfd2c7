// SPDX-License-Identifier: GPL-3.0-or-later
// An event on its way to a file, to columns or to both.

#pragma once

#include "hepmc_graph.h"
#include "hepmc_record.h"

namespace mcsurrogate {

struct HepmcEvent {
    HepmcRecord record;
    HepmcGraph graph;
    bool linked = false; // whether the graph is that of the record

    void link() {
        if (!linked)
            graph.build(record);
        linked = true;
    }
};

} // namespace mcsurrogate
