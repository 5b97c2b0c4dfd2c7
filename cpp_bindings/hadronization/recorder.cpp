// SPDX-License-Identifier: GPL-3.0-or-later
// The file is safetensors: tables of counts for the discrete draws, lists for the continuous.

#include "recorder.h"

#include <algorithm>

#include "safetensors.h"
#include "string_break_model.h"

namespace mcsurrogate {

namespace {

// Split a table of counts into a matrix of keys and a vector of counts.
template <std::size_t N>
void addTable(SafeTensorsWriter& writer, const std::string& name,
              const std::map<std::array<int, N>, std::int64_t>& table) {
    std::vector<std::int64_t> counts;
    std::vector<std::int32_t> keys;
    for (const auto& item : table) {
        counts.push_back(item.second);
        keys.insert(keys.end(), item.first.begin(), item.first.end());
    }
    writer.add(name + ".counts", counts, {counts.size()});
    writer.add(name + ".keys", keys, {counts.size(), N});
}

constexpr std::size_t numberOfCodes = 6;
constexpr std::size_t numberOfValues = 2;

// Position of a new flavour in pickOutcomes(), -1 where it is none of them.
int pickOutcome(int id, int nPop, int idPop, int idVtx) {
    const std::vector<NewFlavour>& outcomes = pickOutcomes();
    const auto found = std::find_if(outcomes.begin(), outcomes.end(), [&](const NewFlavour& made) {
        return made.id == id && made.nPop == nPop && made.idPop == idPop && made.idVtx == idVtx;
    });
    return found == outcomes.end() ? -1 : static_cast<int>(found - outcomes.begin());
}

} // namespace

void BreakTables::transverse(int id, double px, double py, bool) {
    if (++transverseSeen_[id] > maximum_)
        return;
    transverseId_.push_back(id);
    transverseValue_.push_back(static_cast<float>(px));
    transverseValue_.push_back(static_cast<float>(py));
}

void BreakTables::fraction(int idOld, int idNew, double mT2, double z, bool) {
    if (++fractionSeen_[{idOld, idNew}] > maximum_)
        return;
    fractionId_.push_back(idOld);
    fractionId_.push_back(idNew);
    fractionValue_.push_back(static_cast<float>(mT2));
    fractionValue_.push_back(static_cast<float>(z));
}

void BreakTables::write(const std::string& path) const {
    SafeTensorsWriter writer;
    writer.metadata("mcsurrogate.recording", "string_breaks");
    writer.metadata("mcsurrogate.format", "1");
    addTable(writer, "popcorn", popcorn_);
    addTable(writer, "pick", pick_);
    addTable(writer, "combine", combine_);
    writer.add("transverse.id", transverseId_, {transverseId_.size()});
    writer.add("transverse.value", transverseValue_, {transverseId_.size(), 2});
    writer.add("fraction.id", fractionId_, {fractionId_.size() / 2, 2});
    writer.add("fraction.value", fractionValue_, {fractionId_.size() / 2, 2});
    writer.write(path);
}

void BreakHistory::begin(double checksum, std::int32_t label) {
    if (!labels_.empty() && checksum == checksum_)
        forget();
    checksum_ = checksum;
    labels_.push_back(label);
    offsets_.push_back(static_cast<std::int64_t>(codes_.size() / numberOfCodes));
    valueOffsets_.push_back(static_cast<std::int64_t>(values_.size() / numberOfValues));
}

void BreakHistory::drop() {
    if (!labels_.empty())
        forget();
    checksum_ = 0.;
}

void BreakHistory::forget() {
    codes_.resize(static_cast<std::size_t>(offsets_.back()) * numberOfCodes);
    values_.resize(static_cast<std::size_t>(valueOffsets_.back()) * numberOfValues);
    labels_.pop_back();
    offsets_.pop_back();
    valueOffsets_.pop_back();
}

void BreakHistory::add(Draw draw, int first, int second, int third, int outcome, bool byPythia) {
    for (const int code :
         {static_cast<int>(draw), first, second, third, outcome, static_cast<int>(byPythia)})
        codes_.push_back(code);
}

void BreakHistory::popcorn(int diquark, int nPop, int idPop, bool byPythia) {
    const int heavy = diquark / 1000;
    const int light = (diquark / 100) % 10;
    add(Popcorn, diquark, 0, 0, 2 * nPop + (idPop == light && heavy != light ? 1 : 0), byPythia);
}

void BreakHistory::pick(int idOld, bool atEnd, int nPopOld, int idPopOld, int idNew, int nPopNew,
                        int idPopNew, int idVtxNew, bool byPythia) {
    add(Pick, idOld, atEnd, nPopOld > 0 ? idPopOld : 0,
        pickOutcome(idNew, nPopNew, idPopNew, idVtxNew), byPythia);
}

void BreakHistory::combine(int idLarge, int idSmall, int hadron, bool byPythia) {
    add(idLarge > 1000 ? Baryon : Meson, idLarge, idSmall, 0, hadron, byPythia);
}

void BreakHistory::transverse(int id, double px, double py, bool byPythia) {
    add(Transverse, id, 0, 0, 0, byPythia);
    values_.insert(values_.end(), {px, py});
}

void BreakHistory::fraction(int idOld, int idNew, double mT2, double z, bool byPythia) {
    add(Fraction, idOld, idNew, 0, 0, byPythia);
    values_.insert(values_.end(), {mT2, z});
}

void BreakHistory::write(const std::string& path) const {
    SafeTensorsWriter writer;
    writer.metadata("mcsurrogate.recording", "string_breaks_history");
    writer.metadata("mcsurrogate.format", "1");
    writer.add("labels", labels_, {labels_.size()});
    writer.add("offsets", offsets_, {offsets_.size()});
    writer.add("codes", codes_, {codes_.size() / numberOfCodes, numberOfCodes});
    writer.add("values", values_, {values_.size() / numberOfValues, numberOfValues});
    writer.write(path);
}

} // namespace mcsurrogate
