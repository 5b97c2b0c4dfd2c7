// SPDX-License-Identifier: GPL-3.0-or-later
// Networks of users as ONNX files, evaluated by ONNX Runtime, which is loaded when a card asks
// for it.

#ifndef MCSURROGATE_ONNX_RUNTIME_H
#define MCSURROGATE_ONNX_RUNTIME_H

#include <memory>
#include <string>

#include "network.h"

namespace mcsurrogate {

// The loaded library with its environment.
class OnnxRuntime;

// Load the library of this path, or, where it is empty, libonnxruntime.so as the dynamic linker
// finds it; the same one again is not loaded twice. Throws WeightsError.
std::shared_ptr<OnnxRuntime> loadOnnxRuntime(const std::string& library);

// A network with one input (1, inputs) and one output (1, outputs) of floats. It holds its own
// buffers: one object for each thread. Throws WeightsError.
std::unique_ptr<Network> openOnnxNetwork(std::shared_ptr<OnnxRuntime> runtime,
                                         const std::string& path);

} // namespace mcsurrogate

#endif // MCSURROGATE_ONNX_RUNTIME_H
