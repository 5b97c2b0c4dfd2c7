// SPDX-License-Identifier: GPL-3.0-or-later
// Keeps the parton level of the event that Pythia is about to hadronize.

#pragma once

#include <Pythia8/Pythia.h>

namespace mcsurrogate {

class PartonSnapshot : public Pythia8::UserHooks {
  public:
    bool canVetoPartonLevel() override { return true; }
    bool doVetoPartonLevel(const Pythia8::Event& event) override {
        partons_ = event;
        taken_ = true;
        return false;
    }

    void clear() { taken_ = false; }
    // The partons as they entered the hadron level, in the frame of the finished event.
    // Throws PythiaFailure if the event had no parton level.
    const Pythia8::Event& partons(const Pythia8::Event& finished);

  private:
    Pythia8::Event partons_;
    bool taken_ = false;
};

} // namespace mcsurrogate
