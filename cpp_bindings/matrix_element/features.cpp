// SPDX-License-Identifier: GPL-3.0-or-later
// Mirrors mcsurrogate/emulation/features.py and kinematics.py; tests compare the two.

#include "features.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "fast_math.h"
#include "metadata.h"

namespace mcsurrogate {

namespace {

constexpr double tiny = 1e-30;

} // namespace

// All steps as loops over W points, which compilers turn into vector instructions.
struct FeatureKernel {
    template <std::size_t W>
    using Work = FeatureRecipe::Work<W>;
    template <std::size_t W>
    using Row = typename FeatureRecipe::Work<W>::Row;

    template <std::size_t W>
    static MCSURROGATE_INLINE void dot(const Row<W>* a, const Row<W>* b, Row<W>& product) {
        for (std::size_t i = 0; i < W; ++i)
            product.value[i] = a[0].value[i] * b[0].value[i] -
                               (a[1].value[i] * b[1].value[i] + a[2].value[i] * b[2].value[i] +
                                a[3].value[i] * b[3].value[i]);
    }

    // Exchanges two momenta of the points where `first` is below `second`, and these two.
    template <std::size_t W>
    static MCSURROGATE_INLINE void order(Row<W>* p, Row<W>* q, Row<W>& first, Row<W>& second) {
        for (std::size_t c = 0; c < 4; ++c)
            for (std::size_t i = 0; i < W; ++i) {
                const bool swap = first.value[i] < second.value[i];
                const double a = p[c].value[i], b = q[c].value[i];
                p[c].value[i] = swap ? b : a;
                q[c].value[i] = swap ? a : b;
            }
        for (std::size_t i = 0; i < W; ++i) {
            const double a = first.value[i], b = second.value[i];
            first.value[i] = a < b ? b : a;
            second.value[i] = a < b ? a : b;
        }
    }

    template <std::size_t W>
    static MCSURROGATE_INLINE void sort(const FeatureRecipe& recipe, Work<W>& work) {
        Row<W>* p = work.momenta.data();
        Row<W>* energy = work.scratch.data();
        Row<W> total[4];
        for (std::size_t c = 0; c < 4; ++c)
            for (std::size_t i = 0; i < W; ++i)
                total[c].value[i] = p[c].value[i] + p[4 + c].value[i];
        for (const std::int32_t leg : recipe.exchanges_)
            dot<W>(p + 4 * leg, total, energy[leg]);
        for (std::size_t k = 0; k + 1 < recipe.exchanges_.size(); k += 2) {
            const std::int32_t first = recipe.exchanges_[k], second = recipe.exchanges_[k + 1];
            order<W>(p + 4 * first, p + 4 * second, energy[first], energy[second]);
        }
        if (recipe.identicalBeams_)
            orderByProduct<W>(p, p + 4, p + 4 * recipe.beamReference_);
        if (!recipe.conjugatePair_.empty())
            orderByProduct<W>(p + 4 * recipe.conjugatePair_[0], p + 4 * recipe.conjugatePair_[1],
                              p + 4);
    }

    // Puts the leg with the larger product with `reference` first.
    template <std::size_t W>
    static MCSURROGATE_INLINE void orderByProduct(Row<W>* p, Row<W>* q, const Row<W>* reference) {
        Row<W> first, second;
        dot<W>(reference, p, first);
        dot<W>(reference, q, second);
        order<W>(p, q, first, second);
    }

    template <std::size_t W>
    static MCSURROGATE_INLINE void logarithm(const double* ratio, float* input) {
        for (std::size_t i = 0; i < W; ++i) {
            const auto single = static_cast<float>(ratio[i]);
            const float size = single < 0.f ? -single : single;
            input[i] = fastLog(size < static_cast<float>(tiny) ? static_cast<float>(tiny) : size);
        }
    }

    template <std::size_t W>
    static MCSURROGATE_INLINE void invariants(const FeatureRecipe& recipe, Work<W>& work) {
        const Row<W>* p = work.momenta.data();
        Row<W>* ratio = work.ratios.data();
        Row<W>* inverse = work.inverse.data();
        std::size_t pair = 0;
        for (std::size_t a = 0; a + 1 < recipe.legs(); ++a)
            for (std::size_t b = a + 1; b < recipe.legs(); ++b)
                dot<W>(p + 4 * a, p + 4 * b, ratio[pair++]);
        const double masses =
            recipe.masses_[0] * recipe.masses_[0] + recipe.masses_[1] * recipe.masses_[1];
        Row<W> unit;
        for (std::size_t i = 0; i < W; ++i) {
            work.shat.value[i] = 2. * ratio[0].value[i] + masses;
            unit.value[i] = 1. / work.shat.value[i];
        }
        for (std::size_t k = 0; k < recipe.pairs_; ++k)
            for (std::size_t i = 0; i < W; ++i) {
                const double value = 2. * ratio[k].value[i] * unit.value[i];
                ratio[k].value[i] = value;
                inverse[k].value[i] = 1. / (value < tiny ? tiny : value);
            }
        for (std::size_t k = 1; k < recipe.pairs_; ++k) {
            float* input = work.inputs[k - 1].value;
            for (std::size_t i = 0; i < W; ++i) {
                const auto single = static_cast<float>(ratio[k].value[i]);
                input[i] =
                    fastLog(single < static_cast<float>(tiny) ? static_cast<float>(tiny) : single);
            }
        }
        std::size_t next = recipe.pairs_ - 1;
        for (std::size_t t = 0; t < recipe.tripleOffsets_.size(); ++t) {
            Row<W> sum;
            for (std::size_t i = 0; i < W; ++i)
                sum.value[i] = recipe.tripleOffsets_[t] * unit.value[i];
            const double* signs = recipe.tripleSigns_.data() + t * recipe.pairs_;
            for (std::size_t k = 0; k < recipe.pairs_; ++k)
                if (signs[k] != 0.)
                    for (std::size_t i = 0; i < W; ++i)
                        sum.value[i] += signs[k] * ratio[k].value[i];
            logarithm<W>(sum.value, work.inputs[next++].value);
        }
        if (!recipe.scaleFree_)
            logarithm<W>(work.shat.value, work.inputs[next].value);
        skeleton<W>(recipe, work, unit);
    }

    // The sum over colour flows of products of invariants: no logarithm, so nothing is lost.
    template <std::size_t W>
    static MCSURROGATE_INLINE void skeleton(const FeatureRecipe& recipe, Work<W>& work,
                                            const Row<W>& unit) {
        Row<W> sum;
        for (std::size_t i = 0; i < W; ++i)
            sum.value[i] = recipe.flows_.empty() ? 1. : 0.;
        for (const auto& flow : recipe.flows_) {
            Row<W> term;
            for (std::size_t i = 0; i < W; ++i)
                term.value[i] = 1.;
            for (const auto& factor : flow) {
                const double* by = (factor.inverse ? work.inverse : work.ratios)[factor.pair].value;
                for (std::size_t i = 0; i < W; ++i)
                    term.value[i] *= by[i];
            }
            for (std::size_t i = 0; i < W; ++i)
                sum.value[i] += term.value[i];
        }
        for (std::size_t k = 4; k < recipe.legs(); ++k)
            for (std::size_t i = 0; i < W; ++i)
                sum.value[i] *= unit.value[i];
        work.scale = sum;
    }

    template <std::size_t W>
    static MCSURROGATE_INLINE void run(const FeatureRecipe& recipe, Work<W>& work) {
        sort<W>(recipe, work);
        invariants<W>(recipe, work);
    }

    template <std::size_t W>
    static MCSURROGATE_INLINE void violation(const FeatureRecipe& recipe, const Work<W>& work,
                                             double* largest) {
        const Row<W>* p = work.momenta.data();
        Row<W> energy, worst;
        for (std::size_t i = 0; i < W; ++i) {
            energy.value[i] = 1. / (p[0].value[i] + p[4].value[i]);
            worst.value[i] = 0.;
        }
        for (std::size_t c = 0; c < 4; ++c) {
            Row<W> sum;
            for (std::size_t i = 0; i < W; ++i)
                sum.value[i] = p[c].value[i] + p[4 + c].value[i];
            for (std::size_t leg = 2; leg < recipe.legs(); ++leg)
                for (std::size_t i = 0; i < W; ++i)
                    sum.value[i] -= p[4 * leg + c].value[i];
            add<W>(sum, energy, worst);
        }
        for (std::size_t leg = 0; leg < recipe.legs(); ++leg) {
            Row<W> square;
            dot<W>(p + 4 * leg, p + 4 * leg, square);
            const double mass2 = recipe.masses_[leg] * recipe.masses_[leg];
            for (std::size_t i = 0; i < W; ++i)
                square.value[i] = p[4 * leg].value[i] > 0.
                                      ? (square.value[i] - mass2) * energy.value[i]
                                      : std::numeric_limits<double>::quiet_NaN();
            add<W>(square, energy, worst);
        }
        for (std::size_t i = 0; i < W; ++i)
            largest[i] = worst.value[i];
    }

    // NaN replaces what it is compared with, and stays: written so that it fails comparisons.
    template <std::size_t W>
    static MCSURROGATE_INLINE void add(const Row<W>& difference, const Row<W>& unit,
                                       Row<W>& worst) {
        for (std::size_t i = 0; i < W; ++i) {
            const double value = difference.value[i] * unit.value[i];
            const double size = value < 0. ? -value : value;
            const double before = worst.value[i];
            worst.value[i] = size <= before || before != before ? before : size;
        }
    }
};

namespace {

MCSURROGATE_CLONES
void runBlock(const FeatureRecipe& recipe, FeatureRecipe::Work<blockPoints>& work) {
    FeatureKernel::run<blockPoints>(recipe, work);
}

MCSURROGATE_CLONES
void violationBlock(const FeatureRecipe& recipe, const FeatureRecipe::Work<blockPoints>& work,
                    double* largest) {
    FeatureKernel::violation<blockPoints>(recipe, work, largest);
}

} // namespace

template <std::size_t W>
FeatureRecipe::Work<W>::Work(const FeatureRecipe& recipe)
    : momenta(4 * recipe.legs()), ratios(recipe.pairs_), inverse(recipe.pairs_),
      scratch(recipe.legs()), inputs(recipe.inputs()), scale{}, shat{} {}

template struct FeatureRecipe::Work<1>;
template struct FeatureRecipe::Work<blockPoints>;

void FeatureRecipe::operator()(Work<1>& work) const {
    FeatureKernel::run<1>(*this, work);
}

void FeatureRecipe::operator()(Work<blockPoints>& work) const {
    runBlock(*this, work);
}

void FeatureRecipe::violation(const Work<blockPoints>& work, double* largest) const {
    violationBlock(*this, work, largest);
}

FeatureRecipe FeatureRecipe::load(const SafeTensors& file) {
    FeatureRecipe recipe;
    recipe.masses_ = metadataNumbers(file, "masses");
    const std::size_t n = recipe.legs();
    if (n < 4 || n > 12)
        throw file.error("has " + std::to_string(n) + " masses");
    recipe.pairs_ = n * (n - 1) / 2;
    recipe.identicalBeams_ = metadataFlag(file, "identical_beams");
    recipe.scaleFree_ = metadataFlag(file, "scale_free");

    const std::vector<std::size_t> flows = file.shape("layout.flow_powers");
    const std::size_t count = flows.empty() ? 0 : flows[0];
    const std::vector<float> powers = file.floats("layout.flow_powers", {count, recipe.pairs_ - 1});
    for (std::size_t f = 0; f < count; ++f) {
        std::vector<Factor> flow;
        for (std::size_t k = 1; k < recipe.pairs_; ++k) {
            const long power = std::lround(powers[f * (recipe.pairs_ - 1) + k - 1]);
            if (std::abs(power) > 16)
                throw file.error("tensor \"layout.flow_powers\" holds a power of " +
                                 std::to_string(power));
            flow.insert(flow.end(), static_cast<std::size_t>(std::abs(power)),
                        Factor{k, power < 0});
        }
        recipe.flows_.push_back(std::move(flow));
    }

    recipe.tripleOffsets_ = metadataNumbers(file, "triple_offsets");
    const std::vector<float> signs =
        file.floats("layout.triple_signs", {recipe.tripleOffsets_.size(), recipe.pairs_});
    recipe.tripleSigns_.assign(signs.begin(), signs.end());
    const auto legPairs = [&file, n](const std::string& name) {
        const std::vector<std::size_t> shape = file.shape(name);
        std::vector<std::int32_t> legs =
            file.integers(name, {shape.empty() ? 0 : shape[0], std::size_t(2)});
        for (const std::int32_t leg : legs)
            if (leg < 2 || static_cast<std::size_t>(leg) >= n)
                throw file.error("tensor \"" + name + "\" names a leg that is not outgoing");
        return legs;
    };
    recipe.exchanges_ = legPairs("layout.exchanges");
    recipe.conjugatePair_ = legPairs("layout.conjugate_pair");
    if (recipe.conjugatePair_.size() > 2)
        throw file.error("tensor \"layout.conjugate_pair\" holds more than one pair");
    const double reference = metadataNumber(file, "beam_reference");
    if (!(reference >= 2. && reference < static_cast<double>(n)))
        throw file.error("names a beam_reference that is not an outgoing leg");
    recipe.beamReference_ = static_cast<std::size_t>(reference);
    return recipe;
}

} // namespace mcsurrogate
