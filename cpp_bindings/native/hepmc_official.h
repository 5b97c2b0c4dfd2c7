// SPDX-License-Identifier: GPL-3.0-or-later
// Pythia's own converter and HepMC3's own writer: what our output is compared with.

#pragma once

#include <memory>
#include <string>

#include <Pythia8/Pythia.h>

namespace mcsurrogate {

// The text of events, and the CPU seconds of making and writing it.
struct TimedText {
    std::string text;
    double conversion_seconds = 0.0;
    double writing_seconds = 0.0;
};

class OfficialHepmc {
  public:
    OfficialHepmc();
    ~OfficialHepmc();

    // The event that next() has just made.
    void append(Pythia8::Pythia& pythia, double cross_section_error_pb);
    TimedText finish();

  private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

} // namespace mcsurrogate
