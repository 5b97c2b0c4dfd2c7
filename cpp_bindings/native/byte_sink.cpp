// SPDX-License-Identifier: GPL-3.0-or-later
#include "byte_sink.h"

#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

#include "failures.h"

namespace mcsurrogate {

namespace {

class FileSink : public ByteSink {
  public:
    explicit FileSink(std::string path)
        : path_(std::move(path)),
          descriptor_(::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)) {
        if (descriptor_ < 0)
            fail();
    }
    ~FileSink() override {
        if (descriptor_ >= 0)
            ::close(descriptor_);
    }
    FileSink(const FileSink&) = delete;
    FileSink& operator=(const FileSink&) = delete;

    void write(const char* bytes, std::size_t size) override {
        while (size > 0) {
            const ssize_t written = ::write(descriptor_, bytes, size);
            if (written < 0 && errno == EINTR)
                continue;
            if (written < 0)
                fail();
            bytes += written;
            size -= static_cast<std::size_t>(written);
        }
    }

    void finish() override {
        // A pipe cannot be synchronised and does not need to be.
        if (::fsync(descriptor_) != 0 && errno != EINVAL && errno != EROFS)
            fail();
        if (::close(std::exchange(descriptor_, -1)) != 0)
            fail();
    }

  private:
    [[noreturn]] void fail() const {
        const int number = errno;
        throw SystemFailure("cannot write " + path_ + ": " + std::strerror(number), number);
    }

    std::string path_;
    int descriptor_;
};

class GzipSink : public ByteSink {
  public:
    GzipSink(const std::string& path, int level) : file_(path), compressed_(1 << 16) {
        constexpr int gzip_format = 15 + 16; // largest window, gzip instead of zlib header
        constexpr int memory_level = 8;
        if (deflateInit2(&state_, level, Z_DEFLATED, gzip_format, memory_level,
                         Z_DEFAULT_STRATEGY) != Z_OK)
            throw FileFailure("zlib cannot start to compress " + path);
    }
    ~GzipSink() override { deflateEnd(&state_); }
    GzipSink(const GzipSink&) = delete;
    GzipSink& operator=(const GzipSink&) = delete;

    void write(const char* bytes, std::size_t size) override {
        // zlib does not write to its input, yet asks for a mutable pointer.
        state_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes));
        state_.avail_in = static_cast<uInt>(size);
        deflate_all(Z_NO_FLUSH);
    }

    void finish() override {
        state_.next_in = nullptr;
        state_.avail_in = 0;
        deflate_all(Z_FINISH);
        file_.finish();
    }

  private:
    void deflate_all(int flush) {
        do {
            state_.next_out = reinterpret_cast<Bytef*>(compressed_.data());
            state_.avail_out = static_cast<uInt>(compressed_.size());
            if (deflate(&state_, flush) == Z_STREAM_ERROR)
                throw FileFailure("zlib has lost its state");
            file_.write(compressed_.data(), compressed_.size() - state_.avail_out);
        } while (state_.avail_out == 0);
    }

    FileSink file_;
    std::vector<char> compressed_;
    z_stream state_{};
};

class CompressorSink : public ByteSink {
  public:
    CompressorSink(const std::string& path, Compress compress, Flush flush)
        : file_(path), compress_(std::move(compress)), flush_(std::move(flush)) {}

    void write(const char* bytes, std::size_t size) override {
        pending_.append(bytes, size);
        if (pending_.size() >= block)
            compress_pending();
    }
    void finish() override {
        compress_pending();
        const std::string last = flush_();
        file_.write(last.data(), last.size());
        file_.finish();
    }

  private:
    // Large enough that taking Python's lock for each block costs nothing.
    static constexpr std::size_t block = 1 << 20;

    void compress_pending() {
        const std::string compressed = compress_(pending_.data(), pending_.size());
        pending_.clear();
        file_.write(compressed.data(), compressed.size());
    }

    FileSink file_;
    Compress compress_;
    Flush flush_;
    std::string pending_;
};

} // namespace

std::unique_ptr<ByteSink> file_sink(const std::string& path) {
    return std::make_unique<FileSink>(path);
}

std::unique_ptr<ByteSink> gzip_sink(const std::string& path, int level) {
    return std::make_unique<GzipSink>(path, level);
}

std::unique_ptr<ByteSink> compressor_sink(const std::string& path, Compress compress, Flush flush) {
    return std::make_unique<CompressorSink>(path, std::move(compress), std::move(flush));
}

} // namespace mcsurrogate
