// SPDX-License-Identifier: GPL-3.0-or-later
// Keeps what Pythia prints on std::cout and std::cerr off the terminal and keeps it readable.

#pragma once

#include <string>

namespace mcsurrogate {

// While it lives, text that the constructing thread sends to std::cout or std::cerr is collected.
// Other threads go on printing as before: Pythia names the setting it rejects only on std::cout,
// and two runs in two threads must not read each other's messages.
class ConsoleCapture {
  public:
    ConsoleCapture();
    ~ConsoleCapture();
    ConsoleCapture(const ConsoleCapture&) = delete;
    ConsoleCapture& operator=(const ConsoleCapture&) = delete;

    // The text so far, with runs of white space reduced to one blank.
    std::string text() const;

  private:
    std::string collected_;
    std::string* outer_;
};

} // namespace mcsurrogate
