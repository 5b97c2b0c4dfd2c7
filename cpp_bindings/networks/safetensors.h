// SPDX-License-Identifier: GPL-3.0-or-later
// Reading and writing of safetensors files: an 8-byte little-endian header length, a JSON
// header {name: {dtype, shape, data_offsets}, "__metadata__": {string: string}}, raw tensors.

#ifndef MCSURROGATE_SAFETENSORS_H
#define MCSURROGATE_SAFETENSORS_H

#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace mcsurrogate {

// A weights file that cannot be used; the message says which file, what is wrong, what to do.
class WeightsError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

// A message without unprintable bytes, which the names in a damaged file can hold.
std::string printable(std::string text);

// A read file. Every accessor checks the name, the type, the shape and that floats are finite,
// so what it returns can be used without another thought; faults throw WeightsError.
class SafeTensors {
  public:
    static SafeTensors read(const std::string& path);

    // The same for the bytes of a file in memory; `name` is for messages.
    static SafeTensors parse(const std::string& name, const char* bytes, std::size_t size);

    // Throws where a model card lies beside the file, NAME.json beside NAME.safetensors, and
    // states another digest.
    void checkCard() const;
    // Throws where a tensor holds what no training gives, finite though it is.
    void checkMagnitudes() const;

    const std::string& path() const { return path_; }
    // SHA-256 of a file that was read, in hexadecimal digits.
    const std::string& digest() const { return digest_; }
    bool has(const std::string& name) const { return tensors_.count(name) > 0; }
    std::vector<std::size_t> shape(const std::string& name) const;

    // Metadata value; throws where the key is missing.
    const std::string& metadata(const std::string& key) const;
    bool hasMetadata(const std::string& key) const { return metadata_.count(key) > 0; }

    // Tensors of any shape, or of the given one.
    std::vector<float> floats(const std::string& name) const;
    std::vector<float> floats(const std::string& name, const std::vector<std::size_t>& shape) const;
    std::vector<std::int32_t> integers(const std::string& name) const;
    std::vector<std::int32_t> integers(const std::string& name,
                                       const std::vector<std::size_t>& shape) const;

    // An error about this file.
    WeightsError error(const std::string& what) const;

  private:
    struct Entry {
        std::string type;
        std::vector<std::size_t> shape;
        std::size_t begin;
        std::size_t end;
    };

    const Entry& entry(const std::string& name, const std::string& type) const;
    void checkShape(const std::string& name, const std::vector<std::size_t>& wanted) const;

    std::string path_;
    std::string digest_;
    std::map<std::string, std::string> metadata_;
    std::map<std::string, Entry> tensors_;
    std::vector<char> data_;
};

// Collects tensors and writes them in one go.
class SafeTensorsWriter {
  public:
    void metadata(const std::string& key, const std::string& value) { metadata_[key] = value; }
    void add(const std::string& name, const std::vector<std::int64_t>& values,
             const std::vector<std::size_t>& shape);
    void add(const std::string& name, const std::vector<std::int32_t>& values,
             const std::vector<std::size_t>& shape);
    void add(const std::string& name, const std::vector<float>& values,
             const std::vector<std::size_t>& shape);
    void add(const std::string& name, const std::vector<double>& values,
             const std::vector<std::size_t>& shape);

    // Throws std::runtime_error where the file cannot be written.
    void write(const std::string& path) const;

  private:
    struct Entry {
        std::string name;
        std::string type;
        std::vector<std::size_t> shape;
        std::vector<char> bytes;
    };

    template <typename T>
    void addBytes(const std::string& name, const char* type, const std::vector<T>& values,
                  const std::vector<std::size_t>& shape);

    std::map<std::string, std::string> metadata_;
    std::vector<Entry> entries_;
};

} // namespace mcsurrogate

#endif // MCSURROGATE_SAFETENSORS_H
