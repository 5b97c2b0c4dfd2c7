// SPDX-License-Identifier: GPL-3.0-or-later
// A dense network evaluated for one point at a time, in single precision.

#ifndef MCSURROGATE_NETWORK_H
#define MCSURROGATE_NETWORK_H

#include <string>
#include <vector>

#include "safetensors.h"

// One clone for each instruction set, chosen when the library is loaded. Results may differ in
// the last bits between machines, so equal seeds give equal events on equal machines only.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) &&                             \
    !defined(__SANITIZE_ADDRESS__)
#define MCSURROGATE_CLONES                                                                         \
    __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define MCSURROGATE_CLONES
#endif

namespace mcsurrogate {

// Thirty-two floats, the unit in which layers are padded and computed.
constexpr std::size_t lane = 32;
struct alignas(64) Lane {
    float value[lane] = {};
};

// Anything that makes numbers of numbers. It may hold its own work space: one object a thread.
class Network {
  public:
    virtual ~Network() = default;

    virtual std::size_t inputs() const = 0;
    virtual std::size_t outputs() const = 0;

    // Evaluate; the result is valid until the next call.
    virtual const float* operator()(const float* input) = 0;
};

// Layers y = W x + b with SiLU, x / (1 + exp(-x)), between them and none at the end.
class DenseNetwork : public Network {
  public:
    // Reads `prefix`.0.weight (outputs, inputs), `prefix`.0.bias, `prefix`.1.weight, ...
    // and checks that they fit together and to the wanted ends.
    static DenseNetwork load(const SafeTensors& file, const std::string& prefix, std::size_t inputs,
                             std::size_t outputs);

    std::size_t inputs() const override { return layers_.front().inputs; }
    std::size_t outputs() const override { return layers_.back().outputs; }
    const float* operator()(const float* input) override;

    // Last hidden layer, its width and its values at the last evaluation, which are valid until the
    // next; of a network with at least two layers.
    std::size_t hiddenWidth() const { return layers_.back().inputs; }
    const float* hidden() const { return hidden_; }

    // First layer, bias included, for an input of zeros except for ones at the given places.
    // With it, inputs that hardly ever change cost nothing at evaluation.
    std::vector<Lane> firstSum(const std::vector<std::size_t>& ones) const;

    // Evaluate from such a sum and the value of one more input.
    const float* fromFirstSum(const std::vector<Lane>& sum, std::size_t input, float value);

  private:
    struct Layer {
        std::size_t inputs;
        std::size_t outputs;
        std::size_t lanes;        // of the outputs, rounded up
        std::vector<Lane> weight; // (inputs, lanes): transposed, so that outputs are vectors
        std::vector<Lane> bias;   // (lanes)
    };

    const float* finish();

    std::vector<Layer> layers_;
    std::vector<Lane> work_[2];
    const float* hidden_ = nullptr;
};

// Softmax of the logits in place.
void softmax(float* values, std::size_t size);

} // namespace mcsurrogate

#endif // MCSURROGATE_NETWORK_H
