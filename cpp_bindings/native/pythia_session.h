// SPDX-License-Identifier: GPL-3.0-or-later
// One Pythia object: settings in, initialisation, messages and cross sections out.

#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <Pythia8/Pythia.h>

namespace mcsurrogate {

// Cross section and counters of a run, Pythia's sum over processes.
struct RunCounts {
    double cross_section_pb = 0.0;
    double cross_section_error_pb = 0.0;
    long tried = 0;
    long selected = 0;
    long accepted = 0;
};

class PythiaSession {
  public:
    // verbose lets Pythia print its banner, tables and messages as it does by itself.
    explicit PythiaSession(bool verbose);

    // One line as in a .cmnd file. Throws PythiaFailure with Pythia's words about what is wrong.
    void read(const std::string& line);
    // Random:setSeed and Random:seed: the only source of randomness of the run.
    void seed(int value);
    // Throws PythiaFailure with all that Pythia said during the initialisation.
    void init();

    Pythia8::Pythia& pythia() { return *pythia_; }
    RunCounts counts() const;
    // Warnings and errors so far with how often each occurred.
    std::map<std::string, int> messages() const;
    // The same as a sentence for errors.
    std::string words() const { return "Pythia says: " + complaints({}); }
    double init_seconds() const { return init_seconds_; }

  private:
    std::string complaints(const std::string& printed) const;
    void reject_unclear_switch(const std::string& line) const;

    bool verbose_;
    std::unique_ptr<Pythia8::Pythia> pythia_;
    double init_seconds_ = 0.0;
};

} // namespace mcsurrogate
