// SPDX-License-Identifier: GPL-3.0-or-later
#include "cluster_recorder.h"

#include "safetensors.h"

namespace mcsurrogate {

void ClusterRecorder::begin(double checksum, std::int32_t label) {
    if (event_ >= 0 && checksum == checksum_) {
        forget(start_);
    } else {
        ++event_;
        labels_.push_back(label);
    }
    checksum_ = checksum;
    start_ = mark();
}

void ClusterRecorder::drop() {
    if (event_ < 0)
        return;
    forget(start_);
    labels_.pop_back();
    --event_;
    checksum_ = 0.;
}

void ClusterRecorder::add(const Row& row) {
    for (const int code : {static_cast<int>(event_), static_cast<int>(row.draw), row.first,
                           row.second, row.choice, row.choice2, row.detail, row.primary})
        codes_.push_back(code);
    for (const double value : {row.mass, row.value, row.low, row.high})
        values_.push_back(static_cast<float>(value));
}

void ClusterRecorder::forget(std::size_t mark) {
    codes_.resize(mark * numberOfCodes);
    values_.resize(mark * numberOfValues);
}

void ClusterRecorder::write(const std::string& path) const {
    SafeTensorsWriter file;
    file.metadata("mcsurrogate.recording", "clusters");
    file.metadata("mcsurrogate.format", "1");
    file.metadata("events", std::to_string(events()));
    file.add("labels", labels_, {labels_.size()});
    file.add("codes", codes_, {codes_.size() / numberOfCodes, numberOfCodes});
    file.add("values", values_, {values_.size() / numberOfValues, numberOfValues});
    file.write(path);
}

} // namespace mcsurrogate
