// SPDX-License-Identifier: GPL-3.0-or-later
#include "parton_snapshot.h"

#include "failures.h"

namespace mcsurrogate {

const Pythia8::Event& PartonSnapshot::partons(const Pythia8::Event& finished) {
    if (!taken_)
        throw PythiaFailure("the event has no parton level to keep; keep_parton_level works for "
                            "processes with PartonLevel:all = on, other than low-energy ones");
    // Pythia calls the hook before it boosts to the laboratory and spreads the vertex. Both leave
    // the rows where they are, and the hadron level only appends rows.
    for (int i = 0; i < partons_.size(); ++i) {
        if (i >= finished.size() || finished[i].id() != partons_[i].id())
            throw PythiaFailure("the hadron level has changed the rows of the parton level; "
                                "generate with HadronLevel:all = off to keep the partons");
        partons_[i].p(finished[i].p());
        if (finished[i].hasVertex())
            partons_[i].vProd(finished[i].vProd());
    }
    return partons_;
}

} // namespace mcsurrogate
