// SPDX-License-Identifier: GPL-3.0-or-later
// Mirrors mcsurrogate/emulation/parts.py; tests compare the two.

#include "emulator.h"

#include <algorithm>
#include <cmath>

#include "fast_math.h"
#include "metadata.h"

namespace mcsurrogate {

// What one block of points needs.
struct Emulator::Block {
    explicit Block(const Emulator& emulator) : features(emulator.recipe_) {
        for (const BatchNetwork& network : emulator.batch_)
            work.push_back(network.workspace());
    }

    FeatureRecipe::Work<blockPoints> features;
    std::vector<BatchNetwork::Workspace> work;
    BlockRow mean, logSigma, epistemic;
    double violation[blockPoints];
    unsigned char outside[blockPoints];
};

namespace {

// Momenta of up to a block of points, the last one repeated to fill it, to rows of one component.
MCSURROGATE_CLONES
void transpose(const double* momenta, std::size_t components, std::size_t points,
               FeatureRecipe::Work<blockPoints>& work) {
    for (std::size_t i = 0; i < blockPoints; ++i) {
        const double* point = momenta + std::min(i, points - 1) * components;
        for (std::size_t c = 0; c < components; ++c)
            work.momenta[c].value[i] = point[c];
    }
}

// Variance of the network and of its last layer's posterior.
MCSURROGATE_CLONES
void singleMoments(const BlockRow* out, std::size_t rank, BlockRow& mean, BlockRow& logSigma,
                   BlockRow& epistemic) {
    for (std::size_t i = 0; i < blockPoints; ++i)
        epistemic.value[i] = 0.f;
    for (std::size_t r = 0; r < rank; ++r)
        for (std::size_t i = 0; i < blockPoints; ++i)
            epistemic.value[i] += out[2 + r].value[i] * out[2 + r].value[i];
    for (std::size_t i = 0; i < blockPoints; ++i) {
        mean.value[i] = out[0].value[i];
        logSigma.value[i] = 0.5f * fastLog(fastExp(2.f * out[1].value[i]) + epistemic.value[i]);
    }
}

// Knots as in mcsurrogate.emulation.SigmaCalibration, written as a sum of ramps.
MCSURROGATE_CLONES
void calibrate(const std::vector<float>& knots, const std::vector<float>& factors,
               BlockRow& logSigma) {
    BlockRow factor;
    for (std::size_t i = 0; i < blockPoints; ++i)
        factor.value[i] = factors[0];
    for (std::size_t k = 0; k + 1 < knots.size(); ++k) {
        const float span = knots[k + 1] - knots[k];
        const float slope = (factors[k + 1] - factors[k]) / span;
        for (std::size_t i = 0; i < blockPoints; ++i) {
            const float rise = logSigma.value[i] - knots[k];
            const float kept = rise > 0.f ? rise : 0.f;
            factor.value[i] += slope * (kept < span ? kept : span);
        }
    }
    for (std::size_t i = 0; i < blockPoints; ++i)
        logSigma.value[i] += factor.value[i];
}

MCSURROGATE_CLONES
void leave(const FeatureRecipe::Work<blockPoints>& work, const std::vector<float>& lower,
           const std::vector<float>& upper, const BlockRow& epistemic, double limit,
           unsigned char* outside) {
    for (std::size_t i = 0; i < blockPoints; ++i)
        outside[i] = !(work.shat.value[i] > 0. && epistemic.value[i] <= limit);
    for (std::size_t k = 0; k < lower.size(); ++k) {
        const float* input = work.inputs[k].value;
        for (std::size_t i = 0; i < blockPoints; ++i)
            outside[i] |= !(input[i] >= lower[k] && input[i] <= upper[k]);
    }
}

} // namespace

Emulator::Emulator(FeatureRecipe recipe) : recipe_(std::move(recipe)), work_(recipe_) {}

Emulator Emulator::load(const std::string& path) {
    return of(SafeTensors::read(path));
}

Emulator Emulator::parse(const std::string& name, const char* bytes, std::size_t size) {
    return of(SafeTensors::parse(name, bytes, size));
}

Emulator Emulator::of(const SafeTensors& file) {
    if (!file.hasMetadata("mcsurrogate.model"))
        throw file.error("holds no emulator that this plugin can read; save it again with this "
                         "release of mcsurrogate");
    if (file.metadata("mcsurrogate.model") != "matrix_element")
        throw file.error("holds a model of kind \"" + file.metadata("mcsurrogate.model") +
                         "\", not an emulator of a matrix element");
    if (file.metadata("mcsurrogate.format") != "2")
        throw file.error(
            "has format " + file.metadata("mcsurrogate.format") +
            ", this plugin reads format 2; use the plugin of the release that wrote it");
    Emulator emulator(FeatureRecipe::load(file));
    emulator.path_ = file.path();
    emulator.process_ = file.metadata("process");
    for (const double id : metadataNumbers(file, "pdg_ids"))
        emulator.pdgIds_.push_back(static_cast<int>(id));
    if (emulator.legs() != emulator.recipe_.legs())
        throw file.error("has " + std::to_string(emulator.legs()) + " legs and " +
                         std::to_string(emulator.recipe_.legs()) + " masses");
    emulator.alphaS_ = metadataNumber(file, "alpha_s");
    const nlohmann::json power = metadataJson(file, "alpha_s_power");
    emulator.hasPower_ = power.is_number();
    emulator.alphaSPower_ = emulator.hasPower_ ? power.get<int>() : 0;
    if (file.hasMetadata("alpha_em"))
        emulator.alphaEm_ = metadataNumber(file, "alpha_em");
    emulator.epistemicLimit_ = metadataNumber(file, "epistemic_limit");
    emulator.readNetworks(file);
    return emulator;
}

void Emulator::readNetworks(const SafeTensors& file) {
    const std::size_t count = recipe_.inputs();
    const auto members = static_cast<std::size_t>(metadataNumber(file, "members"));
    if (members < 1 || members > 1024)
        throw file.error("has " + std::to_string(members) + " members");
    const auto prefix = [members](std::size_t m) {
        return members == 1 ? std::string("network") : "network" + std::to_string(m);
    };
    for (std::size_t m = 0; m < members; ++m)
        networks_.push_back(DenseNetwork::load(file, prefix(m), count, 2));
    if (members == 1) {
        const std::vector<std::size_t> shape = file.shape("laplace.root");
        width_ = networks_.front().hiddenWidth();
        rank_ = shape.empty() ? 0 : shape[0];
        root_ = file.floats("laplace.root", {rank_, width_ + 1});
    }
    for (std::size_t m = 0; m < members; ++m)
        batch_.push_back(BatchNetwork::load(file, prefix(m), 2, root_));
    knots_ = file.floats("calibration.log_sigma");
    factors_ = file.floats("calibration.log_factor", {knots_.size()});
    if (knots_.empty() || !std::is_sorted(knots_.begin(), knots_.end(), std::less_equal<float>()))
        throw file.error("tensor \"calibration.log_sigma\" is empty or does not increase");
    lower_ = file.floats("domain.lower", {count});
    upper_ = file.floats("domain.upper", {count});
}

double Emulator::calibrated(double logSigma) const {
    double factor = factors_[0];
    for (std::size_t k = 0; k + 1 < knots_.size(); ++k) {
        const double span = static_cast<double>(knots_[k + 1]) - static_cast<double>(knots_[k]);
        const double slope = (static_cast<double>(factors_[k + 1]) - factors_[k]) / span;
        factor += slope * std::clamp(logSigma - static_cast<double>(knots_[k]), 0., span);
    }
    return logSigma + factor;
}

bool Emulator::insideDomain(const float* inputs, double epistemic) const {
    // Written so that NaN is outside.
    for (std::size_t k = 0; k < lower_.size(); ++k)
        if (!(inputs[k] >= lower_[k] && inputs[k] <= upper_[k]))
            return false;
    return epistemic <= epistemicLimit_;
}

Prediction Emulator::predict(const double* momenta) {
    for (std::size_t c = 0; c < 4 * legs(); ++c)
        work_.momenta[c].value[0] = momenta[c];
    recipe_(work_);
    // one number a row: an array
    const float* inputs = work_.inputs.front().value;
    double sum = 0., squares = 0., variance = 0.;
    for (DenseNetwork& network : networks_) {
        const float* out = network(inputs);
        const double mean = out[0];
        sum += mean;
        squares += mean * mean;
        variance += std::exp(2. * static_cast<double>(out[1]));
    }
    const auto members = static_cast<double>(networks_.size());
    const double mean = sum / members;
    double epistemic = 0.;
    if (networks_.size() > 1) {
        epistemic = std::max(0., (squares - sum * mean) / (members - 1.));
    } else {
        const float* hidden = networks_.front().hidden();
        for (std::size_t r = 0; r < rank_; ++r) {
            const float* row = root_.data() + r * (width_ + 1);
            double along = row[width_];
            for (std::size_t k = 0; k < width_; ++k)
                along += static_cast<double>(row[k]) * static_cast<double>(hidden[k]);
            epistemic += along * along;
        }
    }
    variance = variance / members + epistemic;
    Prediction result;
    result.value = std::exp(mean) * work_.scale.value[0];
    result.sigma = std::exp(calibrated(0.5 * std::log(variance))) * result.value;
    result.inside = work_.shat.value[0] > 0. && insideDomain(inputs, epistemic) &&
                    std::isfinite(result.value) && std::isfinite(result.sigma) && result.value > 0.;
    return result;
}

// Fills mean, log sigma and the epistemic variance of a block whose features are made.
void Emulator::evaluate(Block& block, std::size_t tiles) const {
    const auto* inputs = reinterpret_cast<const BlockRow*>(block.features.inputs.data());
    if (batch_.size() == 1) {
        const BlockRow* out = batch_.front()(inputs, tiles, block.work.front());
        singleMoments(out, rank_, block.mean, block.logSigma, block.epistemic);
        return;
    }
    std::vector<const BlockRow*> out;
    for (std::size_t m = 0; m < batch_.size(); ++m)
        out.push_back(batch_[m](inputs, tiles, block.work[m]));
    const auto members = static_cast<double>(batch_.size());
    for (std::size_t i = 0; i < blockPoints; ++i) {
        double sum = 0., squares = 0., variance = 0.;
        for (const BlockRow* rows : out) {
            const double mean = rows[0].value[i];
            sum += mean;
            squares += mean * mean;
            variance += std::exp(2. * static_cast<double>(rows[1].value[i]));
        }
        const double mean = sum / members;
        const double spread = std::max(0., (squares - sum * mean) / (members - 1.));
        block.mean.value[i] = static_cast<float>(mean);
        block.epistemic.value[i] = static_cast<float>(spread);
        block.logSigma.value[i] = static_cast<float>(0.5 * std::log(variance / members + spread));
    }
}

std::size_t Emulator::predict(const double* momenta, std::size_t count, double tolerance,
                              double* value, double* sigma, unsigned char* inside) const {
    Block block(*this);
    for (std::size_t start = 0; start < count; start += blockPoints) {
        const std::size_t points = std::min(blockPoints, count - start);
        transpose(momenta + start * 4 * legs(), 4 * legs(), points, block.features);
        if (tolerance > 0.) {
            recipe_.violation(block.features, block.violation);
            for (std::size_t i = 0; i < points; ++i)
                if (!(block.violation[i] <= tolerance))
                    return start + i;
        }
        recipe_(block.features);
        evaluate(block, (points + tilePoints - 1) / tilePoints);
        calibrate(knots_, factors_, block.logSigma);
        leave(block.features, lower_, upper_, block.epistemic, epistemicLimit_, block.outside);
        for (std::size_t i = 0; i < points; ++i) {
            const double found =
                std::exp(static_cast<double>(block.mean.value[i])) * block.features.scale.value[i];
            const double error = static_cast<double>(fastExp(block.logSigma.value[i])) * found;
            value[start + i] = found;
            sigma[start + i] = error;
            inside[start + i] = !block.outside[i] && found > 0. && std::isfinite(error);
        }
    }
    return count;
}

} // namespace mcsurrogate
