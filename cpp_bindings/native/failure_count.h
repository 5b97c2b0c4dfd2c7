// SPDX-License-Identifier: GPL-3.0-or-later
// Events that Pythia gave up on, and when there are too many of them.

#pragma once

#include <string>

#include "pythia_session.h"

namespace mcsurrogate {

class FailureCount {
  public:
    // One more event failed after `done` good ones. Throws PythiaFailure with Pythia's messages
    // when more than ten events and one in a hundred have failed.
    void add(const PythiaSession& session, long done);
    long failed() const { return failed_; }

  private:
    long failed_ = 0;
};

} // namespace mcsurrogate
