// SPDX-License-Identifier: GPL-3.0-or-later
// Vectorised arithmetic of categorical draws.

#ifndef MCSURROGATE_CLUSTER_KERNELS_H
#define MCSURROGATE_CLUSTER_KERNELS_H

#include <cstddef>
#include <cstdint>

namespace mcsurrogate {

// Pairs of a block are skipped together where all lie above the cluster's mass.
inline constexpr std::size_t pairBlock = 16;

// Unnormalised probabilities of pairs of hadrons: exp(logit + logit - shift) times
// ((1 - sum^2 / M^2)(1 - difference^2 / M^2))^exponent, 0 below the threshold. `lowest` has the
// least sum^2 of each block.
void pairKernel(const float* logits, const std::int32_t* first, const std::int32_t* second,
                const float* sumSquared, const float* differenceSquared, const float* lowest,
                std::size_t size, float massSquared, float exponent, float shift, float* weights);

// exp(logit - largest) of `size` logits, 0 where `isOpen` is 0.
void maskedExponentials(const float* logits, const float* isOpen, std::size_t size, float* weights);

} // namespace mcsurrogate

#endif // MCSURROGATE_CLUSTER_KERNELS_H
