// SPDX-License-Identifier: GPL-3.0-or-later
// Vectorised kernels: outputs are the vector axis, so no sum runs across lanes.

#include "network.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "fast_math.h"

namespace mcsurrogate {

namespace {

// Eight floats, at any address: the widest vector that every clone but the default one has.
typedef float Vector __attribute__((vector_size(32), aligned(4), may_alias));
constexpr std::size_t width = sizeof(Vector) / sizeof(float);

// Thirty-two outputs. Two rows at a time, because one chain of sums for each output cannot fill
// the multiply-add units; single variables, because arrays do not reliably stay in registers.
MCSURROGATE_INLINE void affineBlock(const float* weight, const float* bias, const float* input,
                                    float* output, std::size_t inputs, std::size_t stride) {
    const auto* start = reinterpret_cast<const Vector*>(bias);
    Vector a0 = start[0], a1 = start[1], a2 = start[2], a3 = start[3];
    Vector b0 = {}, b1 = {}, b2 = {}, b3 = {};
    std::size_t i = 0;
    for (; i + 2 <= inputs; i += 2) {
        const auto* row = reinterpret_cast<const Vector*>(weight + i * stride);
        const auto* next = reinterpret_cast<const Vector*>(weight + (i + 1) * stride);
        a0 += input[i] * row[0];
        a1 += input[i] * row[1];
        a2 += input[i] * row[2];
        a3 += input[i] * row[3];
        b0 += input[i + 1] * next[0];
        b1 += input[i + 1] * next[1];
        b2 += input[i + 1] * next[2];
        b3 += input[i + 1] * next[3];
    }
    if (i < inputs) {
        const auto* row = reinterpret_cast<const Vector*>(weight + i * stride);
        a0 += input[i] * row[0];
        a1 += input[i] * row[1];
        a2 += input[i] * row[2];
        a3 += input[i] * row[3];
    }
    auto* result = reinterpret_cast<Vector*>(output);
    result[0] = a0 + b0;
    result[1] = a1 + b1;
    result[2] = a2 + b2;
    result[3] = a3 + b3;
}

MCSURROGATE_CLONES
void affine(const float* weight, const float* bias, const float* input, float* output,
            std::size_t inputs, std::size_t padded) {
    for (std::size_t j = 0; j < padded; j += lane)
        affineBlock(weight + j, bias + j, input, output + j, inputs, padded);
}

MCSURROGATE_CLONES
void silu(float* values, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i)
        values[i] /= 1.f + fastExp(-values[i]);
}

MCSURROGATE_CLONES
float exponentials(float* values, std::size_t size) {
    float largest = values[0];
    for (std::size_t i = 1; i < size; ++i)
        largest = std::max(largest, values[i]);
    for (std::size_t i = 0; i < size; ++i)
        values[i] = fastExp(values[i] - largest);
    float sum = 0.f;
    for (std::size_t i = 0; i < size; ++i)
        sum += values[i];
    return sum;
}

} // namespace

DenseNetwork DenseNetwork::load(const SafeTensors& file, const std::string& prefix,
                                std::size_t inputs, std::size_t outputs) {
    DenseNetwork network;
    std::size_t expected = inputs;
    std::size_t widest = 1;
    for (int depth = 0;; ++depth) {
        const std::string name = prefix + "." + std::to_string(depth);
        if (!file.has(name + ".weight")) {
            if (depth == 0)
                throw file.error("has no network \"" + prefix + "\"");
            break;
        }
        const std::vector<std::size_t> shape = file.shape(name + ".weight");
        if (shape.size() != 2 || shape[1] != expected || shape[0] == 0)
            throw file.error("layer \"" + name + "\" does not take " + std::to_string(expected) +
                             " inputs");
        Layer layer;
        layer.inputs = shape[1];
        layer.outputs = shape[0];
        layer.lanes = (layer.outputs + lane - 1) / lane;
        const std::vector<float> weight = file.floats(name + ".weight");
        const std::vector<float> bias = file.floats(name + ".bias", {layer.outputs});
        layer.weight.assign(layer.inputs * layer.lanes, Lane{});
        layer.bias.assign(layer.lanes, Lane{});
        for (std::size_t j = 0; j < layer.outputs; ++j) {
            layer.bias[j / lane].value[j % lane] = bias[j];
            for (std::size_t i = 0; i < layer.inputs; ++i)
                layer.weight[i * layer.lanes + j / lane].value[j % lane] =
                    weight[j * layer.inputs + i];
        }
        expected = layer.outputs;
        widest = std::max(widest, layer.lanes);
        network.layers_.push_back(std::move(layer));
    }
    if (expected != outputs)
        throw file.error("network \"" + prefix + "\" has " + std::to_string(expected) +
                         " outputs, expected " + std::to_string(outputs));
    for (std::vector<Lane>& work : network.work_)
        work.assign(widest, Lane{});
    return network;
}

const float* DenseNetwork::operator()(const float* input) {
    const Layer& first = layers_.front();
    affine(first.weight.data()->value, first.bias.data()->value, input, work_[0].data()->value,
           first.inputs, first.lanes * lane);
    return finish();
}

std::vector<Lane> DenseNetwork::firstSum(const std::vector<std::size_t>& ones) const {
    const Layer& first = layers_.front();
    std::vector<Lane> sum = first.bias;
    for (const std::size_t input : ones)
        for (std::size_t j = 0; j < first.lanes; ++j)
            for (std::size_t k = 0; k < lane; ++k)
                sum[j].value[k] += first.weight[input * first.lanes + j].value[k];
    return sum;
}

const float* DenseNetwork::fromFirstSum(const std::vector<Lane>& sum, std::size_t input,
                                        float value) {
    const Layer& first = layers_.front();
    affine((first.weight.data() + input * first.lanes)->value, sum.data()->value, &value,
           work_[0].data()->value, 1, first.lanes * lane);
    return finish();
}

const float* DenseNetwork::finish() {
    float* now = work_[0].data()->value;
    float* next = work_[1].data()->value;
    for (std::size_t depth = 1; depth < layers_.size(); ++depth) {
        const Layer& layer = layers_[depth];
        silu(now, layers_[depth - 1].lanes * lane);
        affine(layer.weight.data()->value, layer.bias.data()->value, now, next, layer.inputs,
               layer.lanes * lane);
        std::swap(now, next);
    }
    hidden_ = next;
    return now;
}

void softmax(float* values, std::size_t size) {
    const float scale = 1.f / exponentials(values, size);
    for (std::size_t i = 0; i < size; ++i)
        values[i] *= scale;
}

} // namespace mcsurrogate
