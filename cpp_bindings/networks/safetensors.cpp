// SPDX-License-Identifier: GPL-3.0-or-later
// Implementation of the safetensors format, version of safetensors 0.4 and later.

#include "safetensors.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "sha256.h"
#include "strict_json.h"

namespace mcsurrogate {

using nlohmann::json;

namespace {

// The limit of the reference implementation.
constexpr std::uint64_t maximumHeader = 100000000;
// The shipped weights stay below 71.
constexpr float largestWeight = 1e3f;

std::string describe(const std::vector<std::size_t>& shape) {
    std::string text = "(";
    for (std::size_t i = 0; i < shape.size(); ++i)
        text += (i > 0 ? ", " : "") + std::to_string(shape[i]);
    return text + ")";
}

// Number of elements; an impossible shape gives a number that no file can hold.
std::size_t elements(const std::vector<std::size_t>& shape) {
    constexpr std::size_t limit = std::size_t(1) << 40;
    std::size_t product = 1;
    for (const std::size_t length : shape) {
        if (length != 0 && product > limit / length)
            return limit;
        product *= length;
    }
    return product;
}

// A list of whole numbers that are not negative.
std::map<std::string, std::string> texts(const SafeTensors& file, const json& pairs) {
    if (!pairs.is_object())
        throw file.error("damaged: its metadata are no object");
    std::map<std::string, std::string> found;
    for (const auto& [key, value] : pairs.items()) {
        if (!value.is_string())
            throw file.error("damaged: metadata \"" + key + "\" is no text");
        found[key] = value;
    }
    return found;
}

bool isListOfSizes(const json& value) {
    return value.is_array() && std::all_of(value.begin(), value.end(), [](const json& number) {
               return number.is_number_unsigned();
           });
}

} // namespace

std::string printable(std::string text) {
    for (char& character : text)
        if (character < ' ' || character > '~')
            character = '?';
    return text;
}

WeightsError SafeTensors::error(const std::string& what) const {
    return WeightsError("weights file " + path_ + ": " + what);
}

SafeTensors SafeTensors::read(const std::string& path) {
    SafeTensors file;
    file.path_ = path;
    if (std::filesystem::is_directory(path))
        throw file.error("is a folder; name the file in it");
    std::ifstream stream(path, std::ios::binary | std::ios::ate);
    if (!stream)
        throw file.error(
            "cannot be opened; check the path, which Pythia's settings cut at a space, and "
            "the permissions");
    std::vector<char> content(static_cast<std::size_t>(stream.tellg()));
    stream.seekg(0);
    if (!stream.read(content.data(), static_cast<std::streamsize>(content.size())))
        throw file.error("cannot be read to its end");
    file = parse(path, content.data(), content.size());
    file.digest_ = sha256(content.data(), content.size());
    return file;
}

void SafeTensors::checkCard() const {
    const std::filesystem::path card = std::filesystem::path(path_).replace_extension(".json");
    std::ifstream stream(card, std::ios::binary);
    if (!stream)
        return;
    const std::string text{std::istreambuf_iterator<char>(stream), {}};
    json about;
    try {
        about = parseJson(text);
    } catch (const std::runtime_error& fault) {
        throw error("its model card " + card.string() + " is damaged, " + fault.what());
    }
    const auto stated = about.find("weights_sha256");
    if (stated != about.end() && *stated != digest_)
        throw error("its digest is " + digest_ + ", but its model card " + card.string() +
                    " states " + stated->dump() +
                    ": one of them was damaged or changed; install or train it again");
}

void SafeTensors::checkMagnitudes() const {
    for (const auto& [name, tensor] : tensors_) {
        if (tensor.type != "F32")
            continue;
        for (const float value : floats(name))
            if (std::abs(value) > largestWeight) {
                std::ostringstream text;
                text << "tensor \"" << name << "\" overflows: it holds " << value
                     << ", and what a training gives stays below " << largestWeight
                     << "; it is damaged, or its training diverged";
                throw error(text.str());
            }
    }
}

SafeTensors SafeTensors::parse(const std::string& name, const char* bytes, std::size_t total) {
    SafeTensors file;
    file.path_ = name;
    if (total < 8)
        throw file.error("is truncated: no header length");
    std::uint64_t length = 0;
    for (int i = 7; i >= 0; --i)
        length = (length << 8) | static_cast<unsigned char>(bytes[i]);
    if (length > maximumHeader || length > total - 8)
        throw file.error("is no safetensors file or is truncated: the header would have " +
                         std::to_string(length) + " bytes, the file has " + std::to_string(total));
    const std::string text(bytes + 8, length);
    const std::uint64_t size = total - 8 - length;
    file.data_.assign(bytes + 8 + length, bytes + total);

    json header;
    try {
        header = parseJson(text);
    } catch (const std::runtime_error& fault) {
        throw file.error(std::string("damaged, ") + fault.what());
    }
    if (!header.is_object())
        throw file.error("damaged: header is no object");
    for (const auto& [name, item] : header.items()) {
        if (name == "__metadata__") {
            file.metadata_ = texts(file, item);
            continue;
        }
        if (!item.is_object() || !item.contains("dtype") || !item["dtype"].is_string() ||
            !item.contains("shape") || !item.contains("data_offsets"))
            throw file.error("damaged: tensor \"" + name + "\" is not described completely");
        if (!isListOfSizes(item["shape"]))
            throw file.error("damaged: shape of \"" + name + "\"");
        if (!isListOfSizes(item["data_offsets"]) || item["data_offsets"].size() != 2)
            throw file.error("damaged: offsets of \"" + name + "\"");
        const Entry entry{item["dtype"], item["shape"], item["data_offsets"][0],
                          item["data_offsets"][1]};
        if (entry.begin > entry.end || entry.end > size)
            throw file.error("is truncated: tensor \"" + name + "\" ends at byte " +
                             std::to_string(entry.end) + " of " + std::to_string(size));
        file.tensors_[name] = entry;
    }
    return file;
}

const std::string& SafeTensors::metadata(const std::string& key) const {
    const auto found = metadata_.find(key);
    if (found == metadata_.end())
        throw error("has no metadata \"" + key + "\"; it was not written by mcsurrogate");
    return found->second;
}

std::vector<std::size_t> SafeTensors::shape(const std::string& name) const {
    const auto found = tensors_.find(name);
    if (found == tensors_.end())
        throw error("has no tensor \"" + name + "\"");
    return found->second.shape;
}

const SafeTensors::Entry& SafeTensors::entry(const std::string& name,
                                             const std::string& type) const {
    const auto found = tensors_.find(name);
    if (found == tensors_.end())
        throw error("has no tensor \"" + name + "\"");
    const Entry& tensor = found->second;
    if (tensor.type != type)
        throw error("tensor \"" + name + "\" is of type " + tensor.type + ", expected " + type);
    if (elements(tensor.shape) * 4 != tensor.end - tensor.begin)
        throw error("tensor \"" + name + "\" has " + std::to_string(tensor.end - tensor.begin) +
                    " bytes, which is not its shape " + describe(tensor.shape));
    return tensor;
}

void SafeTensors::checkShape(const std::string& name,
                             const std::vector<std::size_t>& wanted) const {
    const std::vector<std::size_t> found = shape(name);
    if (found != wanted)
        throw error("tensor \"" + name + "\" has shape " + describe(found) + ", expected " +
                    describe(wanted));
}

std::vector<float> SafeTensors::floats(const std::string& name) const {
    const Entry& tensor = entry(name, "F32");
    std::vector<float> values(elements(tensor.shape));
    if (!values.empty())
        std::memcpy(values.data(), data_.data() + tensor.begin, tensor.end - tensor.begin);
    for (const float value : values)
        if (!std::isfinite(value))
            throw error("tensor \"" + name + "\" holds NaN or infinity");
    return values;
}

std::vector<float> SafeTensors::floats(const std::string& name,
                                       const std::vector<std::size_t>& shape) const {
    checkShape(name, shape);
    return floats(name);
}

std::vector<std::int32_t> SafeTensors::integers(const std::string& name) const {
    const Entry& tensor = entry(name, "I32");
    std::vector<std::int32_t> values(elements(tensor.shape));
    if (!values.empty())
        std::memcpy(values.data(), data_.data() + tensor.begin, tensor.end - tensor.begin);
    return values;
}

std::vector<std::int32_t> SafeTensors::integers(const std::string& name,
                                                const std::vector<std::size_t>& shape) const {
    checkShape(name, shape);
    return integers(name);
}

template <typename T>
void SafeTensorsWriter::addBytes(const std::string& name, const char* type,
                                 const std::vector<T>& values,
                                 const std::vector<std::size_t>& shape) {
    if (elements(shape) != values.size())
        throw std::runtime_error("tensor \"" + name + "\" does not fill its shape " +
                                 describe(shape));
    Entry entry{name, type, shape, std::vector<char>(values.size() * sizeof(T))};
    if (!values.empty())
        std::memcpy(entry.bytes.data(), values.data(), entry.bytes.size());
    entries_.push_back(std::move(entry));
}

void SafeTensorsWriter::add(const std::string& name, const std::vector<std::int64_t>& values,
                            const std::vector<std::size_t>& shape) {
    addBytes(name, "I64", values, shape);
}

void SafeTensorsWriter::add(const std::string& name, const std::vector<std::int32_t>& values,
                            const std::vector<std::size_t>& shape) {
    addBytes(name, "I32", values, shape);
}

void SafeTensorsWriter::add(const std::string& name, const std::vector<float>& values,
                            const std::vector<std::size_t>& shape) {
    addBytes(name, "F32", values, shape);
}

void SafeTensorsWriter::add(const std::string& name, const std::vector<double>& values,
                            const std::vector<std::size_t>& shape) {
    addBytes(name, "F64", values, shape);
}

void SafeTensorsWriter::write(const std::string& path) const {
    nlohmann::ordered_json description;
    description["__metadata__"] = metadata_;
    std::size_t offset = 0;
    for (const Entry& entry : entries_) {
        const std::size_t end = offset + entry.bytes.size();
        description[entry.name] = {
            {"dtype", entry.type}, {"shape", entry.shape}, {"data_offsets", {offset, end}}};
        offset = end;
    }
    std::string header = description.dump();
    // The reference implementation aligns the data to eight bytes.
    while (header.size() % 8 != 0)
        header += ' ';
    std::ofstream stream(path, std::ios::binary | std::ios::trunc);
    std::uint64_t length = header.size();
    for (int i = 0; i < 8; ++i, length >>= 8)
        stream.put(static_cast<char>(length & 0xFF));
    stream.write(header.data(), static_cast<std::streamsize>(header.size()));
    for (const Entry& entry : entries_)
        stream.write(entry.bytes.data(), static_cast<std::streamsize>(entry.bytes.size()));
    stream.close();
    if (!stream)
        throw std::runtime_error("cannot write " + path);
}

} // namespace mcsurrogate
