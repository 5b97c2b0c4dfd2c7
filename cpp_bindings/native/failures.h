// SPDX-License-Identifier: GPL-3.0-or-later
// Failures of the native module; bindings.cpp turns each into its named Python error.

#pragma once

#include <stdexcept>
#include <string>

namespace mcsurrogate {

// Pythia refused its settings or cannot go on: mcsurrogate.errors.PythiaError.
class PythiaFailure : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

// A file cannot be written or read: mcsurrogate.errors.EventFileError.
class FileFailure : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

// The system refused it (a full disk, no permission): EventFileError with an OSError as its cause.
class SystemFailure : public FileFailure {
  public:
    SystemFailure(const std::string& what, int number) : FileFailure(what), number_(number) {}
    int number() const { return number_; } // errno

  private:
    int number_;
};

} // namespace mcsurrogate
