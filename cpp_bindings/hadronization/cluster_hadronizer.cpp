// SPDX-License-Identifier: GPL-3.0-or-later
// Hadronization of whole events by clusters: singlets in, hadrons into the event record.

#include <algorithm>
#include <array>
#include <cmath>

#include "cluster_domain.h"
#include "cluster_formation.h"
#include "hadron_model.h"

namespace mcsurrogate {

using namespace Pythia8;

namespace {

// Attempts to hadronize one singlet before it is left to the Lund model.
constexpr int numberOfTries = 10;
// Number of singlets beyond training, and their share above that at home, from which on they are
// worth a warning.
constexpr std::int64_t fewestBeyond = 10;
constexpr double largestShareBeyond = 0.01;
// Primary hadrons; Pythia's codes for those of strings and of mini-strings are 83, 84 and 82.
constexpr int hadronStatus = 82;

class ClusterHadronizer : public HadronModel {
  public:
    void configure(Settings& settings, const ParticleData& particles) override;
    void startRecording(Settings&) override {
        draws_.recorder = std::make_unique<ClusterRecorder>();
    }
    void writeRecording(const std::string& path) const override { draws_.recorder->write(path); }
    void initialise() override;
    void beginEvent(const Event& event) override;
    void dropEvent() override {
        if (draws_.recorder)
            draws_.recorder->drop();
    }
    bool fragment(const ColSinglet& singlet, Event& event) override;
    std::string weightsRead() const override { return draws_.about; }
    std::vector<ModelCount> report() const override;

  private:
    enum Reason { Beyond, Junction, Flavour, Light, Failed, numberOfReasons };

    bool leave(Reason reason) {
        ++left_[reason];
        if (reason == Beyond)
            warnOfBeyond();
        return false;
    }
    void warnOfBeyond();
    bool knows(const std::vector<ChainParton>& chain, bool isClosed);
    bool knowsFormed() const;
    void store(const std::vector<int>& partons, Event& event);

    ClusterDraws draws_{weights};
    ClusterDecay decay_{draws_};
    ClusterFormation formation_{draws_, decay_};
    std::string name_; // of the weights
    bool beyondTraining_ = false;
    bool hasWarned_ = false;
    std::int64_t singlets_ = 0;
    std::int64_t clusters_ = 0;
    std::int64_t hadrons_ = 0;
    std::int64_t singles_ = 0;
    std::array<std::int64_t, numberOfReasons> left_{};
    std::vector<Cluster> formed_;
    std::vector<ClusterHadron> made_;
};

void ClusterHadronizer::configure(Settings& settings, const ParticleData& particles) {
    for (const char* key : {"Fragmentation:setVertices", "HadronLevel:Rescatter"})
        if (settings.flag(key))
            throw WeightsError(std::string(key) +
                               " = on needs the places where hadrons are made, which clusters do "
                               "not know; switch it off or use string_breaks");
    const SafeTensors file = draws_.read(settings, "clusters", "clusters_monash");
    name_ = file.metadata("mcsurrogate.name");
    beyondTraining_ = settings.flag("MCSurrogate:beyondTraining");
    for (int i = 0; i < draws_.model->numberOfVertices(); ++i)
        if (!particles.isParticle(draws_.model->vertex(i).code))
            throw file.error("makes hadron " + std::to_string(draws_.model->vertex(i).code) +
                             ", which Pythia does not know");
}

void ClusterHadronizer::initialise() {
    draws_.random = rndmPtr;
    decay_.particleData(particleDataPtr);
    if (beyondTraining_)
        return;
    const ClusterDomain& domain = draws_.model->domain();
    if (!domain.knowsEvents())
        loggerPtr->warningMsg("MCSurrogate",
                              "the formation of clusters by the weights " + name_ +
                                  " was not fitted to whole events: yields, multiplicities and "
                                  "shapes of whole events are a guess");
    if (!domain.knowsEvents() && !domain.knowsClusters())
        loggerPtr->warningMsg("MCSurrogate", "the weights " + name_ +
                                                 " do not tell what their training has seen, so "
                                                 "nothing is left to Lund strings for that reason");
}

// Once in a run; pythia.stat() has the final numbers.
void ClusterHadronizer::warnOfBeyond() {
    const double share = draws_.model->domain().shareAtHome();
    const auto all = static_cast<double>(singlets_);
    const double expected = (share + largestShareBeyond) * all + 3. * std::sqrt(share * all);
    if (hasWarned_ || left_[Beyond] < fewestBeyond || static_cast<double>(left_[Beyond]) < expected)
        return;
    hasWarned_ = true;
    loggerPtr->warningMsg("MCSurrogate",
                          "more than 1% of the singlets (and more than in the events that it was "
                          "fitted to) are of kinds that the training of " +
                              name_ +
                              " has not seen; they are left to Lund strings, and "
                              "pythia.stat() counts them");
}

// Whether the fit to whole events has seen such singlets. A variation that knows another answer
// hadronizes them by the other model.
bool ClusterHadronizer::knows(const std::vector<ChainParton>& chain, bool isClosed) {
    Vec4 sum;
    int gluons = 0;
    for (const ChainParton& parton : chain) {
        sum += parton.p;
        gluons += parton.id == 21;
    }
    const int end = isClosed ? 21 : chain.front().id;
    const int otherEnd = isClosed ? 21 : chain.back().id;
    const auto covers = [&](const ClusterModel& model) {
        return model.domain().coversSinglet(end, otherEnd, sum.mCalc(), gluons);
    };
    const bool isKnown = covers(*draws_.model);
    draws_.weigh(0., [&](ClusterModel& m) { return covers(m) == isKnown ? 0. : noDensity; });
    return isKnown;
}

bool ClusterHadronizer::knowsFormed() const {
    return std::all_of(formed_.begin(), formed_.end(), [this](const Cluster& cluster) {
        return draws_.model->domain().coversCluster(clusterEnd(cluster.plus),
                                                    clusterEnd(cluster.minus), cluster.p.mCalc());
    });
}

void ClusterHadronizer::beginEvent(const Event& event) {
    if (draws_.recorder)
        draws_.recorder->begin(checksumOf(event), labelOf(event));
}

bool ClusterHadronizer::fragment(const ColSinglet& singlet, Event& event) {
    ++singlets_;
    const std::vector<int>& partons = singlet.iParton;
    if (singlet.hasJunction || partons.size() < 2)
        return leave(Junction);
    std::vector<ChainParton> chain;
    for (const int i : partons) {
        if (i < 0)
            return leave(Junction);
        chain.push_back({event[i].id(), event[i].p()});
    }
    if (!singlet.isClosed && !decay_.covers(chain.front().id, chain.back().id))
        return leave(Flavour);
    if (!beyondTraining_ && !knows(chain, singlet.isClosed))
        return leave(Beyond);
    bool isLight = false;
    const ClusterDraws::Mark start = draws_.mark();
    for (int i = 0; i < numberOfTries; ++i) {
        draws_.restore(start);
        formed_.clear();
        made_.clear();
        isLight = !formation_.form(chain, singlet.isClosed, formed_, made_);
        if (isLight)
            continue;
        if (!beyondTraining_ && !knowsFormed()) {
            draws_.restore(start);
            return leave(Beyond);
        }
        const std::size_t singles = made_.size();
        bool succeeded = true;
        for (const Cluster& cluster : formed_)
            if (!(succeeded = decay_.decay(cluster, made_)))
                break;
        if (!succeeded)
            continue;
        clusters_ += static_cast<std::int64_t>(formed_.size());
        singles_ += static_cast<std::int64_t>(singles);
        hadrons_ += static_cast<std::int64_t>(made_.size());
        store(partons, event);
        return true;
    }
    draws_.restore(start);
    return leave(isLight ? Light : Failed);
}

void ClusterHadronizer::store(const std::vector<int>& partons, Event& event) {
    const int first = event.size();
    for (const ClusterHadron& hadron : made_)
        event.append(hadron.id, hadronStatus, partons.front(), partons.back(), 0, 0, 0, 0, hadron.p,
                     hadron.mass);
    const int last = event.size() - 1;
    for (int i = first; i <= last; ++i) {
        if (event[partons.front()].hasVertex())
            event[i].vProd(event[partons.front()].vDec());
        event[i].tau(event[i].tau0() * draws_.random->exp());
    }
    for (const int i : partons) {
        event[i].statusNeg();
        event[i].daughters(first, last);
    }
}

std::vector<ModelCount> ClusterHadronizer::report() const {
    std::int64_t left = 0;
    for (const std::int64_t count : left_)
        left += count;
    return {{"colour singlets", singlets_, left},
            {"clusters decayed", clusters_},
            {"hadrons made", hadrons_},
            {"clusters that became one hadron", singles_},
            {"singlets left to Lund: not seen in training", left_[Beyond]},
            {"singlets left to Lund: junctions", left_[Junction]},
            {"singlets left to Lund: ends that are not covered", left_[Flavour]},
            {"singlets left to Lund: too light for two hadrons", left_[Light]},
            {"singlets left to Lund: no decay found", left_[Failed]}};
}

const HadronModelRegistration clusters("clusters", newModel<ClusterHadronizer>);

} // namespace

} // namespace mcsurrogate
