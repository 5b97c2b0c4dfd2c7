// SPDX-License-Identifier: GPL-3.0-or-later
#include "console_capture.h"

#include <iostream>
#include <mutex>
#include <sstream>
#include <streambuf>

namespace mcsurrogate {

namespace {

// Where the current thread's text goes; nullptr lets it through.
thread_local std::string* t_target = nullptr;

// Stands in front of a console buffer and diverts the text of threads that capture.
class DivertingBuffer : public std::streambuf {
  public:
    explicit DivertingBuffer(std::ostream& stream) : terminal_(stream.rdbuf()) {
        stream.rdbuf(this);
    }

  protected:
    int_type overflow(int_type character) override {
        if (traits_type::eq_int_type(character, traits_type::eof()))
            return traits_type::not_eof(character);
        if (t_target == nullptr)
            return terminal_->sputc(traits_type::to_char_type(character));
        t_target->push_back(traits_type::to_char_type(character));
        return character;
    }
    std::streamsize xsputn(const char* text, std::streamsize size) override {
        if (t_target == nullptr)
            return terminal_->sputn(text, size);
        t_target->append(text, static_cast<std::size_t>(size));
        return size;
    }
    int sync() override { return t_target == nullptr ? terminal_->pubsync() : 0; }

  private:
    std::streambuf* terminal_;
};

// Installed once and never taken out: swapping rdbuf() while another thread prints is a race.
void install_once() {
    static std::once_flag installed;
    std::call_once(installed, [] {
        static DivertingBuffer* out = new DivertingBuffer(std::cout);
        static DivertingBuffer* err = new DivertingBuffer(std::cerr);
        (void)out;
        (void)err;
    });
}

} // namespace

ConsoleCapture::ConsoleCapture() : outer_(t_target) {
    install_once();
    t_target = &collected_;
}

ConsoleCapture::~ConsoleCapture() {
    t_target = outer_;
}

std::string ConsoleCapture::text() const {
    std::istringstream words(collected_);
    std::string word;
    std::string joined;
    while (words >> word) {
        if (!joined.empty())
            joined.push_back(' ');
        joined += word;
    }
    return joined;
}

} // namespace mcsurrogate
