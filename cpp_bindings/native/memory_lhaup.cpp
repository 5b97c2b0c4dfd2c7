#include "memory_lhaup.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace mcsurrogate {

MemoryLhaup::MemoryLhaup(HardProcessInit init, HardEventSource source)
    : Pythia8::LHAup(init.strategy), init_(std::move(init)), source_(std::move(source)) {}

bool MemoryLhaup::setInit() {
    setBeamA(init_.beam_a, init_.energy_a, std::min(init_.pdf_a, 0), init_.pdf_a);
    setBeamB(init_.beam_b, init_.energy_b, std::min(init_.pdf_b, 0), init_.pdf_b);
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
    infoPtr->setLHEF3InitInfo();
    return true;
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
    const HardEvents& batch = *batch_;
    const double weight = batch.weights[event_ * batch.weight_columns];
    setProcess(batch.process_id[event_], weight, batch.scale[event_], batch.alpha_qed[event_],
               batch.alpha_s[event_]);
    const std::int64_t first = batch.offsets[event_];
    for (std::int64_t i = first; i < batch.offsets[event_ + 1]; ++i) {
        const double* p = batch.momenta + 4 * i;
        addParticle(batch.pdg_id[i], batch.status[i], batch.parents[2 * i],
                    batch.parents[2 * i + 1], batch.colour[2 * i], batch.colour[2 * i + 1], p[1],
                    p[2], p[3], p[0], batch.mass[i], 0.0,
                    batch.helicity == nullptr ? 9.0 : batch.helicity[i], -1.0);
    }
    // Initiators as LHAupLHEF sets them: without PDF information only flavour and x are known.
    const double x_a = eBeamA() > 0.0 ? e(1) / eBeamA() : 0.0;
    const double x_b = eBeamB() > 0.0 ? e(2) / eBeamB() : 0.0;
    setIdX(id(1), id(2), x_a, x_b);
    setPdf(id(1), id(2), x_a, x_b, 0.0, 0.0, 0.0, false);
    set_weights(weight);
    return true;
}

void MemoryLhaup::set_weights(double nominal) {
    const HardEvents& batch = *batch_;
    const double* row = batch.weights + event_ * batch.weight_columns;
    const std::vector<double> extra(row + 1, row + batch.weight_columns);
    named_weights_.clear();
    for (std::size_t i = 0; i < extra.size(); ++i)
        named_weights_.emplace(batch.extra_weight_names[i], extra[i]);
    infoPtr->setLHEF3EventInfo();
    infoPtr->setLHEF3EventInfo(&attributes_, &named_weights_, &compressed_weights_, &scales_,
                               &weight_block_, &rwgt_, extra, batch.extra_weight_names, "",
                               nominal);
}

void MemoryLhaup::rethrow_failure() {
    if (failure_)
        std::rethrow_exception(std::exchange(failure_, nullptr));
}

} // namespace mcsurrogate
