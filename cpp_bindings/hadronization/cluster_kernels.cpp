// SPDX-License-Identifier: GPL-3.0-or-later
#include "cluster_kernels.h"

#include <algorithm>

#include "fast_math.h"
#include "network.h"

namespace mcsurrogate {

MCSURROGATE_CLONES
void pairKernel(const float* logits, const std::int32_t* first, const std::int32_t* second,
                const float* sumSquared, const float* differenceSquared, const float* lowest,
                std::size_t size, float massSquared, float exponent, float shift, float* weights) {
    const float inverse = 1.f / massSquared;
    for (std::size_t start = 0; start < size; start += pairBlock) {
        const std::size_t end = std::min(start + pairBlock, size);
        if (lowest[start / pairBlock] >= massSquared) {
            std::fill(weights + start, weights + end, 0.f);
            continue;
        }
        for (std::size_t i = start; i < end; ++i) {
            const float open = 1.f - sumSquared[i] * inverse;
            const float space = std::max(open, 1e-12f) * (1.f - differenceSquared[i] * inverse);
            const float logit = logits[first[i]] + logits[second[i]] - shift;
            const float weight = fastExp(logit + exponent * fastLog(space));
            weights[i] = open > 0.f ? weight : 0.f;
        }
    }
}

MCSURROGATE_CLONES
void maskedExponentials(const float* logits, const float* isOpen, std::size_t size,
                        float* weights) {
    float largest = -3e38f;
    for (std::size_t i = 0; i < size; ++i)
        largest = isOpen[i] > 0.f ? std::max(largest, logits[i]) : largest;
    for (std::size_t i = 0; i < size; ++i)
        weights[i] = isOpen[i] > 0.f ? fastExp(logits[i] - largest) : 0.f;
}

} // namespace mcsurrogate
