// SPDX-License-Identifier: GPL-3.0-or-later
// A dense network evaluated for blocks of points, in single precision.

#ifndef MCSURROGATE_BATCH_NETWORK_H
#define MCSURROGATE_BATCH_NETWORK_H

#include <string>
#include <vector>

#include "network.h"
#include "safetensors.h"

namespace mcsurrogate {

// Points of a block, the vector axis of every array: what a block needs stays in the caches.
constexpr std::size_t blockPoints = 64;
// Points that are worked on at a time; a block that is not full needs no more of them than that.
constexpr std::size_t tilePoints = 16;

// A row of numbers, one for each point of a block.
struct alignas(64) BlockRow {
    float value[blockPoints];
};

// Layers y = W x + b with SiLU between them, as in DenseNetwork. Every point's result depends on
// that point alone, wherever in a batch it stands.
class BatchNetwork {
  public:
    // Two sets of rows, for the layers to write to in turn.
    struct Workspace {
        std::vector<BlockRow> rows[2];
    };

    // Reads the layers that DenseNetwork reads; `root` (rank, hidden width + 1), weights and
    // bias of further outputs of the last hidden layer, may be empty.
    static BatchNetwork load(const SafeTensors& file, const std::string& prefix,
                             std::size_t outputs, const std::vector<float>& root);

    std::size_t outputs() const { return layers_.back().outputs; }
    Workspace workspace() const;

    // Evaluates a block of inputs, of which the first `tiles` times sixteen points count; returns
    // the rows of the outputs, valid until the workspace is used again.
    const BlockRow* operator()(const BlockRow* inputs, std::size_t tiles, Workspace& work) const;

  private:
    struct Layer {
        std::size_t inputs;
        std::size_t outputs;
        std::vector<float> weight; // (groups of rows, inputs, rows of a group)
        std::vector<float> bias;   // (rows, rounded up to whole groups)
    };

    static Layer packed(const std::vector<float>& weight, const std::vector<float>& bias,
                        std::size_t inputs);

    std::vector<Layer> layers_;
    std::size_t widest_ = 0;
};

} // namespace mcsurrogate

#endif // MCSURROGATE_BATCH_NETWORK_H
