// SPDX-License-Identifier: GPL-3.0-or-later
// Numbers and flags in the metadata of a weights file; faults throw WeightsError.

#ifndef MCSURROGATE_METADATA_H
#define MCSURROGATE_METADATA_H

#include <string>
#include <vector>

#include "safetensors.h"
#include "strict_json.h"

namespace mcsurrogate {

nlohmann::json metadataJson(const SafeTensors& file, const std::string& key);
std::vector<double> metadataNumbers(const SafeTensors& file, const std::string& key);
double metadataNumber(const SafeTensors& file, const std::string& key);
bool metadataFlag(const SafeTensors& file, const std::string& key);

} // namespace mcsurrogate

#endif // MCSURROGATE_METADATA_H
