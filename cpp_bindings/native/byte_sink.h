// SPDX-License-Identifier: GPL-3.0-or-later
// Where the text of a HepMC3 file goes: to disk as it is, as gzip, or through a compressor.

#pragma once

#include <functional>
#include <memory>
#include <string>

namespace mcsurrogate {

class ByteSink {
  public:
    virtual ~ByteSink() = default;
    // Both throw on failure.
    virtual void write(const char* bytes, std::size_t size) = 0;
    // Everything handed over reaches its destination; nothing is written afterwards.
    virtual void finish() = 0;
};

// A file, synchronised to disk by finish(). Throws SystemFailure.
std::unique_ptr<ByteSink> file_sink(const std::string& path);
// The same, compressed as gzip without name and time stamp: same events, same bytes.
std::unique_ptr<ByteSink> gzip_sink(const std::string& path, int level);
// The same through a compression that is found elsewhere: `compress` turns a block of text into
// bytes of the file, and `flush` gives the last ones.
using Compress = std::function<std::string(const char*, std::size_t)>;
using Flush = std::function<std::string()>;
std::unique_ptr<ByteSink> compressor_sink(const std::string& path, Compress compress, Flush flush);

} // namespace mcsurrogate
