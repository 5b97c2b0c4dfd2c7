// Mirrors mcsurrogate/emulation/features.py and parts.py; tests compare the two.

#include "emulator.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "json.h"

namespace mcsurrogate {

namespace {

constexpr float tiny = 1e-30f;

JsonValue parsed(const SafeTensors& file, const std::string& key) {
    try {
        return parseJson(file.metadata(key));
    } catch (const WeightsError&) {
        throw;
    } catch (const std::runtime_error& fault) {
        throw file.error("metadata \"" + key + "\" is damaged, " + fault.what());
    }
}

std::vector<double> numbers(const SafeTensors& file, const std::string& key) {
    const JsonValue list = parsed(file, key);
    std::vector<double> values;
    for (const JsonValue& entry : list.array) {
        if (entry.kind != JsonValue::Kind::Number || !std::isfinite(entry.number))
            throw file.error("metadata \"" + key + "\" holds something else than numbers");
        values.push_back(entry.number);
    }
    if (list.kind != JsonValue::Kind::Array)
        throw file.error("metadata \"" + key + "\" is no list");
    return values;
}

double number(const SafeTensors& file, const std::string& key) {
    const JsonValue value = parsed(file, key);
    if (value.kind != JsonValue::Kind::Number || !std::isfinite(value.number))
        throw file.error("metadata \"" + key + "\" is no number");
    return value.number;
}

bool flag(const SafeTensors& file, const std::string& key) {
    const JsonValue value = parsed(file, key);
    if (value.kind != JsonValue::Kind::Boolean)
        throw file.error("metadata \"" + key + "\" is neither true nor false");
    return value.boolean;
}

} // namespace

Emulator Emulator::load(const std::string& path) {
    const SafeTensors file = SafeTensors::read(path);
    if (!file.hasMetadata("mcsurrogate.model"))
        throw file.error("holds no emulator that this plugin can read; save it again with this "
                         "release of mcsurrogate");
    if (file.metadata("mcsurrogate.model") != "matrix_element")
        throw file.error("holds a model of kind \"" + file.metadata("mcsurrogate.model") +
                         "\", not an emulator of a matrix element");
    if (file.metadata("mcsurrogate.format") != "1")
        throw file.error(
            "has format " + file.metadata("mcsurrogate.format") +
            ", this plugin reads format 1; use the plugin of the release that wrote it");
    Emulator emulator;
    emulator.path_ = path;
    emulator.readLayout(file);
    emulator.readNetworks(file);
    return emulator;
}

void Emulator::readLayout(const SafeTensors& file) {
    process_ = file.metadata("process");
    for (const double id : numbers(file, "pdg_ids"))
        pdgIds_.push_back(static_cast<int>(id));
    masses_ = numbers(file, "masses");
    const std::size_t n = legs();
    if (n < 4 || n > 12 || masses_.size() != n)
        throw file.error("has " + std::to_string(n) + " legs and " +
                         std::to_string(masses_.size()) + " masses");
    pairs_ = n * (n - 1) / 2;
    identicalBeams_ = flag(file, "identical_beams");
    scaleFree_ = flag(file, "scale_free");
    alphaS_ = number(file, "alpha_s");
    const JsonValue power = parsed(file, "alpha_s_power");
    hasPower_ = power.kind == JsonValue::Kind::Number;
    alphaSPower_ = hasPower_ ? static_cast<int>(power.number) : 0;
    epistemicLimit_ = number(file, "epistemic_limit");

    const std::vector<std::size_t> flows = file.shape("layout.flow_powers");
    flows_ = flows.empty() ? 0 : flows[0];
    flowPowers_ = file.floats("layout.flow_powers", {flows_, pairs_ - 1});
    tripleOffsets_ = numbers(file, "triple_offsets");
    tripleSigns_ = file.floats("layout.triple_signs", {tripleOffsets_.size(), pairs_});
    const std::vector<std::size_t> exchanges = file.shape("layout.exchanges");
    exchanges_ =
        file.integers("layout.exchanges", {exchanges.empty() ? 0 : exchanges[0], std::size_t(2)});
    for (const std::int32_t leg : exchanges_)
        if (leg < 2 || static_cast<std::size_t>(leg) >= n)
            throw file.error("tensor \"layout.exchanges\" names a leg that is not outgoing");
}

void Emulator::readNetworks(const SafeTensors& file) {
    const std::size_t count = pairs_ - 1 + tripleOffsets_.size() + (scaleFree_ ? 0 : 1);
    const auto members = static_cast<std::size_t>(number(file, "members"));
    if (members < 1 || members > 1024)
        throw file.error("has " + std::to_string(members) + " members");
    for (std::size_t m = 0; m < members; ++m) {
        const std::string prefix = members == 1 ? "network" : "network" + std::to_string(m);
        networks_.push_back(DenseNetwork::load(file, prefix, count, 2));
    }
    if (members == 1) {
        const std::vector<std::size_t> shape = file.shape("laplace.root");
        width_ = networks_.front().hiddenWidth();
        rank_ = shape.empty() ? 0 : shape[0];
        root_ = file.floats("laplace.root", {rank_, width_ + 1});
    }
    knots_ = file.floats("calibration.log_sigma");
    factors_ = file.floats("calibration.log_factor", {knots_.size()});
    if (knots_.empty() || !std::is_sorted(knots_.begin(), knots_.end()))
        throw file.error("tensor \"calibration.log_sigma\" is empty or does not increase");
    lower_ = file.floats("domain.lower", {count});
    upper_ = file.floats("domain.upper", {count});
    inputs_.resize(count);
    ratios_.resize(pairs_);
    p_.resize(legs());
}

double Emulator::dot(std::size_t first, std::size_t second) const {
    const auto& a = p_[first];
    const auto& b = p_[second];
    return a[0] * b[0] - (a[1] * b[1] + a[2] * b[2] + a[3] * b[3]);
}

void Emulator::sortLegs() {
    std::array<double, 4> total;
    for (std::size_t k = 0; k < 4; ++k)
        total[k] = p_[0][k] + p_[1][k];
    const auto energy = [&](std::size_t leg) {
        const auto& p = p_[leg];
        return p[0] * total[0] - p[1] * total[1] - p[2] * total[2] - p[3] * total[3];
    };
    for (std::size_t k = 0; k + 1 < exchanges_.size(); k += 2) {
        const auto first = static_cast<std::size_t>(exchanges_[k]);
        const auto second = static_cast<std::size_t>(exchanges_[k + 1]);
        if (energy(first) < energy(second))
            std::swap(p_[first], p_[second]);
    }
    if (identicalBeams_ && dot(2, 0) < dot(2, 1))
        std::swap(p_[0], p_[1]);
}

Emulator::Features Emulator::makeInputs() {
    std::size_t pair = 0;
    for (std::size_t i = 0; i + 1 < legs(); ++i)
        for (std::size_t j = i + 1; j < legs(); ++j)
            ratios_[pair++] = 2. * dot(i, j);
    const double shat = ratios_[0] + (masses_[0] * masses_[0] + masses_[1] * masses_[1]);
    for (double& ratio : ratios_)
        ratio /= shat;
    for (std::size_t k = 1; k < pairs_; ++k)
        inputs_[k - 1] = std::log(std::max(static_cast<float>(ratios_[k]), tiny));
    std::size_t next = pairs_ - 1;
    for (std::size_t t = 0; t < tripleOffsets_.size(); ++t) {
        double value = tripleOffsets_[t] / shat;
        for (std::size_t k = 0; k < pairs_; ++k)
            value += static_cast<double>(tripleSigns_[t * pairs_ + k]) * ratios_[k];
        inputs_[next++] = std::log(std::max(std::abs(static_cast<float>(value)), tiny));
    }
    const double logShat = std::log(shat);
    if (!scaleFree_)
        inputs_[next] = static_cast<float>(logShat);

    double largest = -std::numeric_limits<double>::infinity();
    std::vector<double> terms(flows_);
    for (std::size_t f = 0; f < flows_; ++f) {
        double term = 0.;
        for (std::size_t k = 0; k + 1 < pairs_; ++k)
            term += static_cast<double>(flowPowers_[f * (pairs_ - 1) + k]) *
                    static_cast<double>(inputs_[k]);
        terms[f] = term;
        largest = std::max(largest, term);
    }
    double sum = 0.;
    for (const double term : terms)
        sum += std::exp(term - largest);
    // A single empty flow is no skeleton at all.
    return {logShat, flows_ == 0 ? 0. : largest + std::log(sum)};
}

double Emulator::calibrated(double logSigma) const {
    if (knots_.size() == 1)
        return logSigma + static_cast<double>(factors_[0]);
    const double clamped = std::clamp(logSigma, static_cast<double>(knots_.front()),
                                      static_cast<double>(knots_.back()));
    std::size_t k = 1;
    while (k + 1 < knots_.size() && static_cast<double>(knots_[k]) < clamped)
        ++k;
    const double x0 = knots_[k - 1], x1 = knots_[k];
    const double y0 = factors_[k - 1], y1 = factors_[k];
    return logSigma + y0 + (y1 - y0) * (clamped - x0) / (x1 - x0);
}

bool Emulator::insideDomain(double epistemic) const {
    // Written so that NaN is outside.
    for (std::size_t k = 0; k < inputs_.size(); ++k)
        if (!(inputs_[k] >= lower_[k] && inputs_[k] <= upper_[k]))
            return false;
    return epistemic <= epistemicLimit_;
}

Prediction Emulator::predict(const double* momenta) {
    for (std::size_t leg = 0; leg < legs(); ++leg)
        for (std::size_t k = 0; k < 4; ++k)
            p_[leg][k] = momenta[4 * leg + k];
    sortLegs();
    const Features features = makeInputs();
    double sum = 0., squares = 0., variance = 0.;
    for (DenseNetwork& network : networks_) {
        const float* out = network(inputs_.data());
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
    const auto power = static_cast<double>(legs()) - 4.;
    result.value = std::exp(mean + features.logSkeleton - power * features.logShat);
    result.sigma = std::exp(calibrated(0.5 * std::log(variance))) * result.value;
    result.inside = insideDomain(epistemic) && std::isfinite(result.value) &&
                    std::isfinite(result.sigma) && result.value > 0.;
    return result;
}

} // namespace mcsurrogate
