// SPDX-License-Identifier: GPL-3.0-or-later
// Hard-process events from arrays in memory, handed to Pythia through its Les Houches interface.

#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <Pythia8/Pythia.h>

#include "hard_events.h"

namespace mcsurrogate {

// The init block (hep-ph/0109068): beams, weighting strategy and processes.
struct HardProcessInit {
    struct Process {
        int id = 0;
        double cross_section_pb = 0.0;
        double error_pb = 0.0;
        double max_weight = 0.0;
    };
    int beam_a = 2212;
    int beam_b = 2212;
    double energy_a = 0.0; // GeV
    double energy_b = 0.0; // GeV
    int pdf_a = 0;         // LHAPDF id, 0 for unknown, -1 for none
    int pdf_b = 0;
    int pdf_group_a = 0;
    int pdf_group_b = 0;
    int strategy = 3;
    std::vector<Process> processes;

    struct Weight {
        std::string id;
        std::string attributes; // text of its tag
        std::string description;
        std::string group;
    };
    int version = 3;
    std::string header; // text of the header block
    std::vector<std::pair<std::string, std::string>> header_elements;
    std::vector<Weight> weights;
};

// Pythia gives weights named 1001 to 1009 other names, whatever they stand for. Under a name that
// it does not know a weight passes, and `restored` gives it back its own.
std::vector<std::string> restored(std::vector<std::string> names);

// Gives the next batch, or nullptr when there is none.
using HardEventSource = std::function<std::shared_ptr<const HardEvents>()>;

// Hands on what Pythia's reader of LHE files does, and counts the events that Pythia takes.
class MemoryLhaup : public Pythia8::LHAup {
  public:
    MemoryLhaup(HardProcessInit init, HardEventSource source);

    bool setInit() override;
    bool setEvent(int process = 0) override;

    // An exception of the source cannot travel through Pythia; it waits here until next() is back.
    void rethrow_failure();

    long given() const { return given_; }
    // LHAPDF ids of both beams, 0 for unknown or none.
    std::array<int, 2> pdf_sets() const {
        return {std::max(init_.pdf_a, 0), std::max(init_.pdf_b, 0)};
    }
    // Whether Pythia selects events from them by their weights, which leaves some out.
    bool unweights() const { return std::abs(init_.strategy) <= 2; }

  private:
    bool advance();
    void set_weight_names();
    void read_scales();
    double largest_production_scale();
    bool read_comments();
    bool read_comment(const std::string& line);
    void add_particles();
    void set_weights(double nominal);

    HardProcessInit init_;
    HardEventSource source_;
    std::shared_ptr<const HardEvents> batch_;
    std::int64_t event_ = -1;
    long given_ = 0;
    bool production_scales_ = false; // Beams:setProductionScalesFromLHEF
    std::exception_ptr failure_;

    // Of the event.
    std::vector<double> particle_scales_;
    std::string comments_;

    // What Info points at, of the init block and of the event.
    Pythia8::LHAinitrwgt initrwgt_;
    std::vector<Pythia8::LHAgenerator> generators_;
    std::map<std::string, Pythia8::LHAweightgroup> weight_groups_;
    std::map<std::string, Pythia8::LHAweight> init_weights_;
    std::map<std::string, std::string> attributes_;
    std::map<std::string, double> named_weights_;
    std::vector<double> compressed_weights_;
    Pythia8::LHAscales scales_;
    Pythia8::LHAweights weight_block_;
    Pythia8::LHArwgt rwgt_;
};

} // namespace mcsurrogate
