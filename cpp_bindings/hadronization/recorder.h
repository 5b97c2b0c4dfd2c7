// SPDX-License-Identifier: GPL-3.0-or-later
// Records what a string model draws at each break: training and closure data, and histories.
//
// Every proposal is kept, whether the fragmentation goes on to use it or not, because the
// networks stand for the proposals and Pythia keeps its own accept-reject logic.

#ifndef MCSURROGATE_RECORDER_H
#define MCSURROGATE_RECORDER_H

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace mcsurrogate {

class BreakRecorder {
  public:
    virtual ~BreakRecorder() = default;

    // An event begins; the draws of one that is begun again are forgotten (see EventLabel).
    virtual void begin(double /*checksum*/, std::int32_t /*label*/) {}
    // The event at hand came to nothing.
    virtual void drop() {}

    // In what follows `byPythia` tells that the networks do not cover the draw.

    // Popcorn assignment inside a diquark at a string end: its code, popcorn mesons, popcorn quark.
    virtual void popcorn(int diquark, int nPop, int idPop, bool byPythia) = 0;

    // New flavour for an old one; signs relative to the old flavour.
    virtual void pick(int idOld, bool atEnd, int nPopOld, int idPopOld, int idNew, int nPopNew,
                      int idPopNew, int idVtxNew, bool byPythia) = 0;

    // Hadron (0 for a rejected attempt) of two flavours, larger and smaller code.
    virtual void combine(int idLarge, int idSmall, int hadron, bool byPythia) = 0;

    // Transverse momentum components in GeV of a break into `id`.
    virtual void transverse(int id, double px, double py, bool byPythia) = 0;

    // Light-cone fraction of a hadron with squared transverse mass `mT2` in GeV^2.
    virtual void fraction(int idOld, int idNew, double mT2, double z, bool byPythia) = 0;

    // Throws std::runtime_error where the file cannot be written.
    virtual void write(const std::string& path) const = 0;
};

// Tables of counts for the discrete draws, lists for the continuous: of all events together.
class BreakTables : public BreakRecorder {
  public:
    // At most `maximum` values of z are kept for each pair of flavours and as many pT for each
    // flavour: what is learned is conditional on them, so the cap does not bias it.
    explicit BreakTables(std::int64_t maximum) : maximum_(maximum) {}

    void popcorn(int diquark, int nPop, int idPop, bool) override {
        ++popcorn_[{diquark, nPop, idPop}];
    }
    void pick(int idOld, bool atEnd, int nPopOld, int idPopOld, int idNew, int nPopNew,
              int idPopNew, int idVtxNew, bool) override {
        ++pick_[{idOld, atEnd, nPopOld, idPopOld, idNew, nPopNew, idPopNew, idVtxNew}];
    }
    void combine(int idLarge, int idSmall, int hadron, bool) override {
        ++combine_[{idLarge, idSmall, hadron}];
    }
    void transverse(int id, double px, double py, bool) override;
    void fraction(int idOld, int idNew, double mT2, double z, bool) override;
    void write(const std::string& path) const override;

  private:
    std::int64_t maximum_;
    std::map<std::array<int, 3>, std::int64_t> popcorn_;
    std::map<std::array<int, 8>, std::int64_t> pick_;
    std::map<std::array<int, 3>, std::int64_t> combine_;
    std::map<int, std::int64_t> transverseSeen_;
    std::map<std::array<int, 2>, std::int64_t> fractionSeen_;
    std::vector<std::int32_t> transverseId_;
    std::vector<float> transverseValue_;
    std::vector<std::int32_t> fractionId_;
    std::vector<float> fractionValue_;
};

// Every draw of every event, in order.
class BreakHistory : public BreakRecorder {
  public:
    enum Draw { Popcorn, Pick, Meson, Baryon, Transverse, Fraction };

    void begin(double checksum, std::int32_t label) override;
    void drop() override;
    void popcorn(int diquark, int nPop, int idPop, bool byPythia) override;
    void pick(int idOld, bool atEnd, int nPopOld, int idPopOld, int idNew, int nPopNew,
              int idPopNew, int idVtxNew, bool byPythia) override;
    void combine(int idLarge, int idSmall, int hadron, bool byPythia) override;
    void transverse(int id, double px, double py, bool byPythia) override;
    void fraction(int idOld, int idNew, double mT2, double z, bool byPythia) override;
    void write(const std::string& path) const override;

  private:
    void add(Draw draw, int first, int second, int third, int outcome, bool byPythia);
    void forget();

    double checksum_ = 0.;
    std::vector<std::int32_t> labels_;
    std::vector<std::int64_t> offsets_; // of the first row of each event
    std::vector<std::int64_t> valueOffsets_;
    std::vector<std::int32_t> codes_; // (rows, 6)
    std::vector<double> values_;      // (continuous rows, 2)
};

} // namespace mcsurrogate

#endif // MCSURROGATE_RECORDER_H
