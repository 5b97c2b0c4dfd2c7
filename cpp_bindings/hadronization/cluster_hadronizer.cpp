// Hadronization of whole events by clusters: singlets in, hadrons into the event record.

#include <array>
#include <cmath>

#include "cluster_formation.h"
#include "hadron_model.h"

namespace mcsurrogate {

using namespace Pythia8;

namespace {

// Attempts to hadronize one singlet before it is left to the Lund model.
constexpr int numberOfTries = 10;
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
    bool fragment(const ColSinglet& singlet, Event& event) override;
    std::vector<ModelCount> report() const override;

  private:
    enum Reason { Junction, Flavour, Light, Failed, numberOfReasons };

    bool leave(Reason reason) {
        ++left_[reason];
        return false;
    }
    void store(const std::vector<int>& partons, Event& event);

    ClusterDraws draws_{weights};
    ClusterDecay decay_{draws_};
    ClusterFormation formation_{draws_, decay_};
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
    for (int i = 0; i < draws_.model->numberOfVertices(); ++i)
        if (!particles.isParticle(draws_.model->vertex(i).code))
            throw file.error("makes hadron " + std::to_string(draws_.model->vertex(i).code) +
                             ", which Pythia does not know");
}

void ClusterHadronizer::initialise() {
    draws_.random = rndmPtr;
    decay_.particleData(particleDataPtr);
}

void ClusterHadronizer::beginEvent(const Event& event) {
    if (!draws_.recorder)
        return;
    // Pythia repeats the hadron level of an event that fails; then the partons are the same.
    double checksum = event.size();
    for (int i = 0; i < event.size(); ++i)
        checksum += (1. + i) * std::abs(event[i].e()) + event[i].px();
    // A program that hadronizes saved partons may number them by the scale of the system.
    draws_.recorder->begin(checksum, static_cast<std::int32_t>(event[0].scale()));
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
    bool isLight = false;
    const ClusterDraws::Mark start = draws_.mark();
    for (int i = 0; i < numberOfTries; ++i) {
        draws_.restore(start);
        formed_.clear();
        made_.clear();
        isLight = !formation_.form(chain, singlet.isClosed, formed_, made_);
        if (isLight)
            continue;
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
            {"singlets left to Lund: junctions", left_[Junction]},
            {"singlets left to Lund: ends that are not covered", left_[Flavour]},
            {"singlets left to Lund: too light for two hadrons", left_[Light]},
            {"singlets left to Lund: no decay found", left_[Failed]}};
}

const HadronModelRegistration clusters("clusters", newModel<ClusterHadronizer>);

} // namespace

} // namespace mcsurrogate
