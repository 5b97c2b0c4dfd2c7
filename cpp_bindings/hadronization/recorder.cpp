// The file is safetensors: tables of counts for the discrete draws, lists for the continuous.

#include "recorder.h"

#include <algorithm>

#include "safetensors.h"

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

} // namespace

void BreakRecorder::transverse(int id, double px, double py) {
    if (++transverseSeen_[id] > maximum_)
        return;
    transverseId_.push_back(id);
    transverseValue_.push_back(static_cast<float>(px));
    transverseValue_.push_back(static_cast<float>(py));
}

void BreakRecorder::fraction(int idOld, int idNew, double mT2, double z) {
    if (++fractionSeen_[{idOld, idNew}] > maximum_)
        return;
    fractionId_.push_back(idOld);
    fractionId_.push_back(idNew);
    fractionValue_.push_back(static_cast<float>(mT2));
    fractionValue_.push_back(static_cast<float>(z));
}

void BreakRecorder::write(const std::string& path) const {
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

} // namespace mcsurrogate
