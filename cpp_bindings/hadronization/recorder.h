// Records what a string model draws at each break: training and closure data.
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
    // At most `maximum` values of z are kept for each pair of flavours and as many pT for each
    // flavour: what is learned is conditional on them, so the cap does not bias it.
    explicit BreakRecorder(std::int64_t maximum) : maximum_(maximum) {}

    // Popcorn assignment inside a diquark at a string end: its code, popcorn mesons, popcorn quark.
    void popcorn(int diquark, int nPop, int idPop) { ++popcorn_[{diquark, nPop, idPop}]; }

    // New flavour for an old one; signs relative to the old flavour.
    void pick(int idOld, bool atEnd, int nPopOld, int idPopOld, int idNew, int nPopNew,
              int idPopNew, int idVtxNew) {
        ++pick_[{idOld, atEnd, nPopOld, idPopOld, idNew, nPopNew, idPopNew, idVtxNew}];
    }

    // Hadron (0 for a rejected attempt) of two flavours, larger and smaller code.
    void combine(int idLarge, int idSmall, int hadron) { ++combine_[{idLarge, idSmall, hadron}]; }

    // Transverse momentum components in GeV of a break into `id`.
    void transverse(int id, double px, double py);

    // Light-cone fraction of a hadron with squared transverse mass `mT2` in GeV^2.
    void fraction(int idOld, int idNew, double mT2, double z);

    // Throws std::runtime_error where the file cannot be written.
    void write(const std::string& path) const;

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

} // namespace mcsurrogate

#endif // MCSURROGATE_RECORDER_H
