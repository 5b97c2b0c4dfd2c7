// SPDX-License-Identifier: GPL-3.0-or-later
#include "metadata.h"

namespace mcsurrogate {

nlohmann::json metadataJson(const SafeTensors& file, const std::string& key) {
    try {
        return parseJson(file.metadata(key));
    } catch (const WeightsError&) {
        throw;
    } catch (const std::runtime_error& fault) {
        throw file.error("metadata \"" + key + "\" is damaged, " + fault.what());
    }
}

std::vector<double> metadataNumbers(const SafeTensors& file, const std::string& key) {
    const nlohmann::json list = metadataJson(file, key);
    if (!list.is_array())
        throw file.error("metadata \"" + key + "\" is no list");
    std::vector<double> values;
    for (const nlohmann::json& entry : list) {
        if (!entry.is_number())
            throw file.error("metadata \"" + key + "\" holds something else than numbers");
        values.push_back(entry);
    }
    return values;
}

double metadataNumber(const SafeTensors& file, const std::string& key) {
    const nlohmann::json value = metadataJson(file, key);
    if (!value.is_number())
        throw file.error("metadata \"" + key + "\" is no number");
    return value;
}

bool metadataFlag(const SafeTensors& file, const std::string& key) {
    const nlohmann::json value = metadataJson(file, key);
    if (!value.is_boolean())
        throw file.error("metadata \"" + key + "\" is neither true nor false");
    return value;
}

} // namespace mcsurrogate
