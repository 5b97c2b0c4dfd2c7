// SPDX-License-Identifier: GPL-3.0-or-later
// Columns to numpy arrays without copying, and numpy arrays to columns with their types checked.

#pragma once

#include <memory>
#include <string>

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include "event_loop.h"
#include "hard_events.h"
#include "hepmc_columns.h"
#include "hepmc_columns_text.h"
#include "lhe_parser.h"
#include "rehadronizer.h"

namespace mcsurrogate {

// Dictionaries of arrays; the columns are moved into the arrays.
pybind11::dict particle_arrays(ParticleColumns&& columns);
pybind11::dict record_arrays(RecordColumns&& columns);
pybind11::dict hard_event_arrays(HardEventColumns&& columns);
pybind11::dict hepmc_arrays(HepmcColumns&& columns);

// The arrays of a dictionary as a batch that keeps them alive. Throws a Python ValueError for an
// array that is missing, has another type or size or is not contiguous.
std::shared_ptr<const HardEvents> hard_events(const pybind11::dict& arrays);
// The dictionary must outlive the results.
HepmcView hepmc_view(const pybind11::dict& arrays);
PartonEvents parton_events(const pybind11::dict& arrays);

} // namespace mcsurrogate
