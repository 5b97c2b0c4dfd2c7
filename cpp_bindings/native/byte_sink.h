// Where the text of a HepMC3 file goes: a plain file, a gzip file, or a stream of the caller.

#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <streambuf>
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

// A file, synchronised to disk by finish(). Throws FileFailure.
std::unique_ptr<ByteSink> file_sink(const std::string& path);
// The same, compressed as gzip without name and time stamp: same events, same bytes.
std::unique_ptr<ByteSink> gzip_sink(const std::string& path, int level);
// Blocks of text for a function, for compressions that only Python has.
std::unique_ptr<ByteSink> function_sink(std::function<void(const char*, std::size_t)> function);

// Stream buffer over a sink. std::ostream swallows exceptions of its buffer, so the first one is
// kept for check(); what comes after it is dropped.
class SinkBuffer : public std::streambuf {
  public:
    explicit SinkBuffer(ByteSink& sink) : sink_(sink) {}
    // Throws what the sink threw, and FileFailure ever after.
    void check();

  protected:
    int_type overflow(int_type character) override;
    std::streamsize xsputn(const char* text, std::streamsize size) override;

  private:
    ByteSink& sink_;
    std::exception_ptr failure_;
    bool failed_ = false;
};

} // namespace mcsurrogate
