// SPDX-License-Identifier: GPL-3.0-or-later
#include "network_source.h"

namespace mcsurrogate {

NetworkSource::NetworkSource(const SafeTensors& file, const std::vector<std::string>& onnxFiles,
                             const std::string& onnxRuntime)
    : file_(file) {
    if (!onnxFiles.empty())
        runtime_ = loadOnnxRuntime(onnxRuntime);
    for (const std::string& path : onnxFiles) {
        const std::size_t slash = path.rfind('/');
        std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
        const std::string suffix = ".onnx";
        if (name.size() <= suffix.size() ||
            name.compare(name.size() - suffix.size(), suffix.size(), suffix) != 0)
            throw WeightsError("MCSurrogate:onnx: " + path + " does not end in .onnx");
        name.resize(name.size() - suffix.size());
        if (!onnx_.emplace(name, path).second)
            throw WeightsError("MCSurrogate:onnx names two files for the network \"" + name + "\"");
    }
}

std::unique_ptr<Network> NetworkSource::load(const std::string& name, std::size_t inputs,
                                             std::size_t outputs) {
    const auto found = onnx_.find(name);
    if (found == onnx_.end())
        return std::make_unique<DenseNetwork>(DenseNetwork::load(file_, name, inputs, outputs));
    const std::string path = found->second;
    onnx_.erase(found);
    std::unique_ptr<Network> network = openOnnxNetwork(runtime_, path);
    if (network->inputs() != inputs || network->outputs() != outputs)
        throw WeightsError("ONNX model " + path + " has " + std::to_string(network->inputs()) +
                           " inputs and " + std::to_string(network->outputs()) +
                           " outputs, expected " + std::to_string(inputs) + " and " +
                           std::to_string(outputs));
    return network;
}

void NetworkSource::checkAllUsed() const {
    for (const auto& [name, path] : onnx_)
        throw WeightsError("MCSurrogate:onnx: " + path + " is no network of this model; there is " +
                           "no network \"" + name + "\"");
}

} // namespace mcsurrogate
