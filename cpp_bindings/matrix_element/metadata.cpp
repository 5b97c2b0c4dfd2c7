#include "metadata.h"

#include <cmath>

namespace mcsurrogate {

JsonValue metadataJson(const SafeTensors& file, const std::string& key) {
    try {
        return parseJson(file.metadata(key));
    } catch (const WeightsError&) {
        throw;
    } catch (const std::runtime_error& fault) {
        throw file.error("metadata \"" + key + "\" is damaged, " + fault.what());
    }
}

std::vector<double> metadataNumbers(const SafeTensors& file, const std::string& key) {
    const JsonValue list = metadataJson(file, key);
    std::vector<double> values;
    for (const JsonValue& entry : list.array) {
        if (entry.kind != JsonValue::Kind::Number || !std::isfinite(entry.number))
            throw file.error("metadata \"" + key + "\" holds something else than numbers");
        values.push_back(entry.number);
    }
    if (list.kind != JsonValue::Kind::Array)
        throw file.error("metadata \"" + key + "\" is no list");
    return values;
}

double metadataNumber(const SafeTensors& file, const std::string& key) {
    const JsonValue value = metadataJson(file, key);
    if (value.kind != JsonValue::Kind::Number || !std::isfinite(value.number))
        throw file.error("metadata \"" + key + "\" is no number");
    return value.number;
}

bool metadataFlag(const SafeTensors& file, const std::string& key) {
    const JsonValue value = metadataJson(file, key);
    if (value.kind != JsonValue::Kind::Boolean)
        throw file.error("metadata \"" + key + "\" is neither true nor false");
    return value.boolean;
}

} // namespace mcsurrogate
