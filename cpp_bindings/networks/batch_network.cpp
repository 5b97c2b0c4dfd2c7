// SPDX-License-Identifier: GPL-3.0-or-later
// The product of a layer keeps six rows times sixteen points in registers: twelve sums of eight
// floats hide the latency of the multiply-add units, and leave registers for the operands.

#include "batch_network.h"

#include <algorithm>

#include "fast_math.h"

namespace mcsurrogate {

namespace {

typedef float Vector __attribute__((vector_size(32), may_alias));
constexpr std::size_t width = sizeof(Vector) / sizeof(float);
constexpr std::size_t group = 6;
static_assert(tilePoints == 2 * width, "a tile is two vectors");

std::size_t groups(std::size_t outputs) {
    return (outputs + group - 1) / group;
}

MCSURROGATE_INLINE void tile(const float* weight, const float* bias, const BlockRow* input,
                             BlockRow* output, std::size_t inputs, std::size_t start) {
    Vector left[group] = {}, right[group] = {};
    for (std::size_t k = 0; k < inputs; ++k) {
        const auto* x = reinterpret_cast<const Vector*>(input[k].value + start);
        const Vector a = x[0], b = x[1];
#pragma GCC unroll 6
        for (std::size_t r = 0; r < group; ++r) {
            left[r] += weight[k * group + r] * a;
            right[r] += weight[k * group + r] * b;
        }
    }
#pragma GCC unroll 6
    for (std::size_t r = 0; r < group; ++r) {
        auto* y = reinterpret_cast<Vector*>(output[r].value + start);
        y[0] = left[r] + bias[r];
        y[1] = right[r] + bias[r];
    }
}

MCSURROGATE_CLONES
void affine(const float* weight, const float* bias, const BlockRow* input, BlockRow* output,
            std::size_t inputs, std::size_t count, std::size_t tiles) {
    for (std::size_t g = 0; g < count; ++g)
        for (std::size_t t = 0; t < tiles; ++t)
            tile(weight + g * group * inputs, bias + g * group, input, output + g * group, inputs,
                 t * tilePoints);
}

MCSURROGATE_CLONES
void silu(BlockRow* rows, std::size_t count, std::size_t tiles) {
    for (std::size_t r = 0; r < count; ++r) {
        float* values = rows[r].value;
        for (std::size_t t = 0; t < tiles; ++t, values += tilePoints)
            for (std::size_t i = 0; i < tilePoints; ++i)
                values[i] /= 1.f + fastExp(-values[i]);
    }
}

} // namespace

BatchNetwork BatchNetwork::load(const SafeTensors& file, const std::string& prefix,
                                std::size_t outputs, const std::vector<float>& root) {
    BatchNetwork network;
    for (int depth = 0; file.has(prefix + "." + std::to_string(depth) + ".weight"); ++depth) {
        const std::string name = prefix + "." + std::to_string(depth);
        const std::vector<std::size_t> shape = file.shape(name + ".weight");
        std::vector<float> weight = file.floats(name + ".weight");
        std::vector<float> bias = file.floats(name + ".bias", {shape[0]});
        const std::string next = prefix + "." + std::to_string(depth + 1) + ".weight";
        if (!file.has(next)) {
            if (shape[0] != outputs)
                throw file.error("network \"" + prefix + "\" has " + std::to_string(shape[0]) +
                                 " outputs, expected " + std::to_string(outputs));
            for (std::size_t k = 0; k + shape[1] < root.size(); k += shape[1] + 1) {
                const auto row = root.begin() + static_cast<std::ptrdiff_t>(k);
                const auto end = row + static_cast<std::ptrdiff_t>(shape[1]);
                weight.insert(weight.end(), row, end);
                bias.push_back(*end);
            }
        }
        network.layers_.push_back(packed(weight, bias, shape[1]));
        network.widest_ = std::max(network.widest_, group * groups(bias.size()));
    }
    return network;
}

BatchNetwork::Layer BatchNetwork::packed(const std::vector<float>& weight,
                                         const std::vector<float>& bias, std::size_t inputs) {
    Layer layer{inputs, bias.size(), {}, bias};
    const std::size_t rows = group * groups(bias.size());
    layer.bias.resize(rows, 0.f);
    layer.weight.assign(rows * inputs, 0.f);
    for (std::size_t j = 0; j < bias.size(); ++j)
        for (std::size_t k = 0; k < inputs; ++k)
            layer.weight[(j / group * inputs + k) * group + j % group] = weight[j * inputs + k];
    return layer;
}

BatchNetwork::Workspace BatchNetwork::workspace() const {
    return {{std::vector<BlockRow>(widest_), std::vector<BlockRow>(widest_)}};
}

const BlockRow* BatchNetwork::operator()(const BlockRow* inputs, std::size_t tiles,
                                         Workspace& work) const {
    const BlockRow* now = inputs;
    std::size_t turn = 0;
    for (std::size_t depth = 0; depth < layers_.size(); ++depth) {
        const Layer& layer = layers_[depth];
        BlockRow* next = work.rows[turn].data();
        const std::size_t count = groups(layer.outputs);
        affine(layer.weight.data(), layer.bias.data(), now, next, layer.inputs, count, tiles);
        if (depth + 1 < layers_.size())
            silu(next, layer.outputs, tiles);
        now = next;
        turn = 1 - turn;
    }
    return now;
}

} // namespace mcsurrogate
