// SPDX-License-Identifier: GPL-3.0-or-later
// Where the networks of a model come from: its weights file, or ONNX files that replace some.

#ifndef MCSURROGATE_NETWORK_SOURCE_H
#define MCSURROGATE_NETWORK_SOURCE_H

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "network.h"
#include "onnx_runtime.h"
#include "safetensors.h"

namespace mcsurrogate {

class NetworkSource {
  public:
    // `onnxFiles` are paths of NAME.onnx, each in place of the network NAME of the weights file;
    // `onnxRuntime` is the library that evaluates them. Throws WeightsError.
    explicit NetworkSource(const SafeTensors& file, const std::vector<std::string>& onnxFiles = {},
                           const std::string& onnxRuntime = "");

    const SafeTensors& file() const { return file_; }

    // The network of this name, with so many inputs and outputs.
    std::unique_ptr<Network> load(const std::string& name, std::size_t inputs, std::size_t outputs);

    // Throws WeightsError if an ONNX file was not asked for: its name is no network's.
    void checkAllUsed() const;

  private:
    const SafeTensors& file_;
    std::shared_ptr<OnnxRuntime> runtime_;
    std::map<std::string, std::string> onnx_; // path of each network that was not loaded yet
};

} // namespace mcsurrogate

#endif // MCSURROGATE_NETWORK_SOURCE_H
