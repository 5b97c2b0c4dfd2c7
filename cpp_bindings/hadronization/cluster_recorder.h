// SPDX-License-Identifier: GPL-3.0-or-later
// Records every draw of cluster formation and decay: data for fits to whole events.

#ifndef MCSURROGATE_CLUSTER_RECORDER_H
#define MCSURROGATE_CLUSTER_RECORDER_H

#include <cstdint>
#include <string>
#include <vector>

namespace mcsurrogate {

class ClusterRecorder {
  public:
    // The last three are what kinematics needs beside the draws: see ClusterDraws.
    enum Draw {
        Kind,
        Pair,
        Peel,
        Popped,
        Mass,
        Cosine,
        Flavour,
        Share,
        Absorb,
        Single,
        Hadron,
        Azimuth,
        Momentum,
        Reference
    };

    // Numbers of a draw whose meaning depends on it; see docs/hadronization.md.
    struct Row {
        Draw draw;
        int first = 0;
        int second = 0;
        int choice = 0;
        int choice2 = 0;
        int detail = 0;
        int primary = 0;
        double mass = 0.;
        double value = 0.;
        double low = 0.;
        double high = 0.;
    };

    // Begin an event with a number that tells which it is; the draws of an event that is begun
    // again are forgotten.
    void begin(double checksum, std::int32_t label);
    // The event at hand came to nothing.
    void drop();
    void add(const Row& row);
    // Mark a place, and forget what came after it.
    std::size_t mark() const { return values_.size() / numberOfValues; }
    void forget(std::size_t mark);
    std::int64_t events() const { return event_ + 1; }

    // Throws std::runtime_error where the file cannot be written.
    void write(const std::string& path) const;

  private:
    static constexpr std::size_t numberOfCodes = 8;
    static constexpr std::size_t numberOfValues = 4;

    std::int64_t event_ = -1;
    double checksum_ = 0.;
    std::size_t start_ = 0;
    std::vector<std::int32_t> labels_;
    std::vector<std::int32_t> codes_;
    std::vector<float> values_;
};

} // namespace mcsurrogate

#endif // MCSURROGATE_CLUSTER_RECORDER_H
