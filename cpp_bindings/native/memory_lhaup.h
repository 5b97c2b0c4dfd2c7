// Hard-process events from arrays in memory, handed to Pythia through its Les Houches interface.

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <Pythia8/Pythia.h>

namespace mcsurrogate {

// A batch of events as columns (mcsurrogate.events.EventBatch). The owner of the arrays derives
// from it; every pointer stays valid as long as the object lives.
struct HardEvents {
    virtual ~HardEvents() = default;

    std::int64_t events = 0;
    const std::int64_t* offsets = nullptr;    // (events + 1)
    const std::int32_t* pdg_id = nullptr;     // (particles)
    const std::int32_t* status = nullptr;     // (particles)
    const std::int32_t* parents = nullptr;    // (particles, 2)
    const std::int32_t* colour = nullptr;     // (particles, 2)
    const double* momenta = nullptr;          // (particles, 4): E, px, py, pz
    const double* mass = nullptr;             // (particles)
    const double* helicity = nullptr;         // (particles), or nullptr: unknown
    const double* weights = nullptr;          // (events, weight_columns); column 0 is XWGTUP
    const double* scale = nullptr;            // (events)
    const double* alpha_s = nullptr;          // (events)
    const double* alpha_qed = nullptr;        // (events)
    const std::int32_t* process_id = nullptr; // (events)
    std::int64_t weight_columns = 1;
    std::vector<std::string> extra_weight_names; // of columns 1, 2, ...
};

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
    int strategy = 3;
    std::vector<Process> processes;
};

// Gives the next batch, or nullptr when there is none.
using HardEventSource = std::function<std::shared_ptr<const HardEvents>()>;

class MemoryLhaup : public Pythia8::LHAup {
  public:
    MemoryLhaup(HardProcessInit init, HardEventSource source);

    bool setInit() override;
    bool setEvent(int process = 0) override;

    // An exception of the source cannot travel through Pythia; it waits here until next() is back.
    void rethrow_failure();

  private:
    bool advance();
    void set_weights(double nominal);

    HardProcessInit init_;
    HardEventSource source_;
    std::shared_ptr<const HardEvents> batch_;
    std::int64_t event_ = -1;
    std::exception_ptr failure_;

    // What Info points at during an event read from an LHE file of version 3.
    std::map<std::string, std::string> attributes_;
    std::map<std::string, double> named_weights_;
    std::vector<double> compressed_weights_;
    Pythia8::LHAscales scales_;
    Pythia8::LHAweights weight_block_;
    Pythia8::LHArwgt rwgt_;
};

} // namespace mcsurrogate
