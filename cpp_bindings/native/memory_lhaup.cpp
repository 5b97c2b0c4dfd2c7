// SPDX-License-Identifier: GPL-3.0-or-later
#include "memory_lhaup.h"

#include <algorithm>
#include <cmath>
#include <sstream>
#include <utility>

#include "failures.h"
#include "tag_text.h"

namespace mcsurrogate {

namespace {

constexpr char name_mark = '\x01';

// Number of the particle that an attribute of <scales> is for, as Pythia's own reader finds it: the
// last but one part of pt_clust_4_2, the last of pt_start_4; 0 for none.
int scale_position(const std::string& name) {
    std::vector<int> parts;
    std::istringstream words(name);
    for (std::string part; std::getline(words, part, '_');)
        parts.push_back(std::atoi(part.c_str()));
    const std::size_t size = parts.size();
    if (size > 2 && parts[size - 2] > 0)
        return parts[size - 2];
    return size > 1 && parts[size - 1] > 0 ? parts[size - 1] : 0;
}

} // namespace

std::vector<std::string> restored(std::vector<std::string> names) {
    for (std::string& name : names)
        name.erase(std::remove(name.begin(), name.end(), name_mark), name.end());
    return names;
}

MemoryLhaup::MemoryLhaup(HardProcessInit init, HardEventSource source)
    : Pythia8::LHAup(init.strategy), init_(std::move(init)), source_(std::move(source)) {}

bool MemoryLhaup::setInit() {
    setBeamA(init_.beam_a, init_.energy_a, init_.pdf_group_a, init_.pdf_a);
    setBeamB(init_.beam_b, init_.energy_b, init_.pdf_group_b, init_.pdf_b);
    setStrategy(init_.strategy);
    xSecSumSave = 0.0;
    double error_squared = 0.0;
    infoPtr->sigmaLHEFSave.clear();
    for (const HardProcessInit::Process& process : init_.processes) {
        addProcess(process.id, process.cross_section_pb, process.error_pb, process.max_weight);
        xSecSumSave += process.cross_section_pb;
        error_squared += process.error_pb * process.error_pb;
        infoPtr->sigmaLHEFSave.push_back(process.cross_section_pb);
    }
    xErrSumSave = std::sqrt(error_squared);
    production_scales_ = infoPtr->settingsPtr->flag("Beams:setProductionScalesFromLHEF");
    for (const auto& [name, text] : init_.header_elements)
        setInfoHeader(name, text);
    set_weight_names();
    infoPtr->setLHEF3InitInfo(init_.version, &initrwgt_, &generators_, &weight_groups_,
                              &init_weights_, init_.header);
    return true;
}

void MemoryLhaup::set_weight_names() {
    for (const HardProcessInit::Weight& declared : init_.weights) {
        Pythia8::LHAweight weight(declared.id);
        weight.contents = declared.description;
        weight.attributes = attributes(declared.attributes);
        init_weights_.emplace(weight.id, weight);
        initrwgt_.weights.emplace(weight.id, weight);
        initrwgt_.weightsKeys.push_back(weight.id);
        Pythia8::LHAweightgroup& group = weight_groups_[declared.group];
        group.name = declared.group;
        group.weights.emplace(weight.id, weight);
        group.weightsKeys.push_back(weight.id);
    }
    initrwgt_.weightgroups = weight_groups_;
}

bool MemoryLhaup::advance() {
    ++event_;
    while (batch_ == nullptr || event_ >= batch_->events) {
        batch_.reset();
        try {
            batch_ = source_();
        } catch (...) {
            failure_ = std::current_exception();
            return false;
        }
        if (batch_ == nullptr)
            return false;
        event_ = 0;
    }
    return true;
}

bool MemoryLhaup::setEvent(int) {
    if (!advance())
        return false;
    ++given_;
    const HardEvents& batch = *batch_;
    const double weight = batch.weights[event_ * batch.weight_columns];
    read_scales();
    setProcess(batch.process_id[event_], weight,
               production_scales_ && init_.version > 1 ? largest_production_scale()
                                                       : batch.scale[event_],
               batch.alpha_qed[event_], batch.alpha_s[event_]);
    // Initiators as LHAupLHEF sets them: without PDF information only flavour and x are known.
    const double* incoming = batch.momenta + 4 * batch.offsets[event_];
    const std::int32_t* id = batch.pdg_id + batch.offsets[event_];
    const double x_a = eBeamA() > 0.0 ? incoming[0] / eBeamA() : 0.0;
    const double x_b = eBeamB() > 0.0 ? incoming[4] / eBeamB() : 0.0;
    setIdX(id[0], id[1], x_a, x_b);
    setPdf(id[0], id[1], x_a, x_b, 0.0, 0.0, 0.0, false);
    if (!read_comments())
        return false;
    add_particles();
    set_weights(weight);
    return true;
}

// Attributes of the event and its <scales>.
void MemoryLhaup::read_scales() {
    const HardEvents& batch = *batch_;
    const auto row = static_cast<std::size_t>(event_);
    particle_scales_.assign(
        static_cast<std::size_t>(batch.offsets[event_ + 1] - batch.offsets[event_]), -1.0);
    scales_ = Pythia8::LHAscales(batch.scale[event_]);
    attributes_.clear();
    if (!batch.attributes.empty())
        attributes_ = attributes(batch.attributes[row]);
    if (batch.annotations.empty())
        return;
    std::istringstream lines(batch.annotations[row]);
    for (std::string line; std::getline(lines, line);) {
        constexpr std::string_view name = "<scales";
        const std::size_t end = tag_end(line);
        if (!opens(line, name) || end == std::string_view::npos)
            continue;
        Pythia8::XMLTag tag;
        tag.attr = attributes(std::string_view(line).substr(name.size(), end - 1 - name.size()));
        scales_ = Pythia8::LHAscales(tag, batch.scale[event_]);
    }
}

double MemoryLhaup::largest_production_scale() {
    const std::int32_t* status = batch_->status + batch_->offsets[event_];
    double largest = -1.0;
    for (const auto& [name, value] : scales_.attributes) {
        const auto position = static_cast<std::size_t>(scale_position(name));
        if (position == 0 || position > particle_scales_.size() ||
            std::abs(status[position - 1]) != 1)
            continue;
        double& scale = particle_scales_[position - 1];
        if (value > 0.0)
            scale = scale <= 0.0 ? value : std::min(scale, value);
        largest = std::max(largest, scale);
    }
    return largest;
}

bool MemoryLhaup::read_comments() {
    comments_.clear();
    if (batch_->annotations.empty())
        return true;
    std::istringstream lines(batch_->annotations[static_cast<std::size_t>(event_)]);
    for (std::string line; std::getline(lines, line);) {
        if (line.empty() || line.front() != '#')
            continue;
        comments_ += line + "\n";
        if (!read_comment(line)) {
            failure_ = std::make_exception_ptr(
                PythiaFailure("hard event " + std::to_string(given_) +
                              ": Pythia cannot use the comment '" + line + "'"));
            return false;
        }
    }
    return true;
}

// What Pythia understands of comments: PDF values, and scales where showers start.
bool MemoryLhaup::read_comment(const std::string& line) {
    std::istringstream words(line);
    std::string tag;
    words >> tag;
    if (tag == "#pdf") {
        int id[2] = {};
        double value[5] = {};
        words >> id[0] >> id[1];
        for (double& number : value)
            words >> number;
        setPdf(id[0], id[1], value[0], value[1], value[2], value[3], value[4], true);
    } else if (tag == "#scaleShowers") {
        double scale[2] = {};
        words >> scale[0] >> scale[1];
        setScaleShowers(scale[0], scale[1]);
    } else if (tag == "#" && production_scales_ && init_.version == 1) {
        const std::int32_t* status = batch_->status + batch_->offsets[event_];
        for (std::size_t i = 2; i < particle_scales_.size(); ++i)
            if (status[i] == 1)
                words >> particle_scales_[i];
    }
    return !words.fail();
}

void MemoryLhaup::add_particles() {
    const HardEvents& batch = *batch_;
    const std::int64_t first = batch.offsets[event_];
    for (std::int64_t i = first; i < batch.offsets[event_ + 1]; ++i) {
        const double* p = batch.momenta + 4 * i;
        addParticle(batch.pdg_id[i], batch.status[i], batch.parents[2 * i],
                    batch.parents[2 * i + 1], batch.colour[2 * i], batch.colour[2 * i + 1], p[1],
                    p[2], p[3], p[0], batch.mass[i],
                    batch.lifetime == nullptr ? 0.0 : batch.lifetime[i],
                    batch.helicity == nullptr ? 9.0 : batch.helicity[i],
                    particle_scales_[static_cast<std::size_t>(i - first)]);
    }
}

void MemoryLhaup::set_weights(double nominal) {
    const HardEvents& batch = *batch_;
    const double* row = batch.weights + event_ * batch.weight_columns;
    const std::vector<double> extra(row + 1, row + batch.weight_columns);
    std::vector<std::string> names = batch.extra_weight_names;
    named_weights_.clear();
    for (std::size_t i = 0; i < extra.size(); ++i) {
        named_weights_.emplace(names[i], extra[i]);
        names[i].insert(names[i].begin(), name_mark);
    }
    infoPtr->setLHEF3EventInfo();
    infoPtr->setLHEF3EventInfo(&attributes_, &named_weights_, &compressed_weights_, &scales_,
                               &weight_block_, &rwgt_, extra, names, comments_, nominal);
}

void MemoryLhaup::rethrow_failure() {
    if (failure_)
        std::rethrow_exception(std::exchange(failure_, nullptr));
}

} // namespace mcsurrogate
