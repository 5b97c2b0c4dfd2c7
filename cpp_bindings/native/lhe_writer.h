// SPDX-License-Identifier: GPL-3.0-or-later
// Columns of hard events as the event blocks of a Les Houches file.

#pragma once

#include <string>

#include "hard_events.h"

namespace mcsurrogate {

// Numbers have all their digits. Names of weights are written as they are: escaped for XML.
std::string lhe_text(const HardEvents& batch);

} // namespace mcsurrogate
