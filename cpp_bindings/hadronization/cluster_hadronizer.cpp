#include "cluster_hadronizer.h"

#include <cmath>
#include <iomanip>

namespace mcsurrogate {

using namespace Pythia8;

namespace {

// Attempts to hadronize one singlet before it is left to the Lund model.
constexpr int numberOfTries = 10;
// Primary hadrons; Pythia's codes for those of strings and of mini-strings are 83, 84 and 82.
constexpr int hadronStatus = 82;

} // namespace

void ClusterHadronizer::init(Rndm* random, ParticleData* particleData) {
    draws.random = random;
    decay_.particleData(particleData);
}

void ClusterHadronizer::beginEvent(const Event& event) {
    std::fill(draws.logWeights.begin(), draws.logWeights.end(), 0.);
    if (!draws.recorder)
        return;
    // Pythia repeats the hadron level of an event that fails; then the partons are the same.
    double checksum = event.size();
    for (int i = 0; i < event.size(); ++i)
        checksum += (1. + i) * std::abs(event[i].e()) + event[i].px();
    // A program that hadronizes saved partons may number them by the scale of the system.
    draws.recorder->begin(checksum, static_cast<std::int32_t>(event[0].scale()));
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
    const ClusterDraws::Mark start = draws.mark();
    for (int i = 0; i < numberOfTries; ++i) {
        draws.restore(start);
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
        store(made_, partons, event);
        return true;
    }
    draws.restore(start);
    return leave(isLight ? Light : Failed);
}

void ClusterHadronizer::store(const std::vector<ClusterHadron>& hadrons,
                              const std::vector<int>& partons, Event& event) {
    const int first = event.size();
    for (const ClusterHadron& hadron : hadrons)
        event.append(hadron.id, hadronStatus, partons.front(), partons.back(), 0, 0, 0, 0, hadron.p,
                     hadron.mass);
    const int last = event.size() - 1;
    for (int i = first; i <= last; ++i) {
        if (event[partons.front()].hasVertex())
            event[i].vProd(event[partons.front()].vDec());
        event[i].tau(event[i].tau0() * draws.random->exp());
    }
    for (const int i : partons) {
        event[i].statusNeg();
        event[i].daughters(first, last);
    }
}

void ClusterHadronizer::printCounts(std::ostream& stream,
                                    const std::vector<const ClusterHadronizer*>& instances) {
    ClusterHadronizer sum;
    for (const ClusterHadronizer* instance : instances) {
        sum.singlets_ += instance->singlets_;
        sum.clusters_ += instance->clusters_;
        sum.hadrons_ += instance->hadrons_;
        sum.singles_ += instance->singles_;
        for (int i = 0; i < numberOfReasons; ++i)
            sum.left_[i] += instance->left_[i];
    }
    const auto line = [&](const char* name, std::int64_t count) {
        stream << " |  " << std::left << std::setw(52) << name << std::right << std::setw(12)
               << count << "\n";
    };
    stream << "\n *-------  MCSurrogate Hadronization Statistics  ----------------------*\n"
           << " |\n |  model: clusters\n |\n";
    line("colour singlets", sum.singlets_);
    line("clusters decayed", sum.clusters_);
    line("hadrons made", sum.hadrons_);
    line("clusters that became one hadron", sum.singles_);
    line("singlets left to Lund: junctions", sum.left_[Junction]);
    line("singlets left to Lund: ends that are not covered", sum.left_[Flavour]);
    line("singlets left to Lund: too light for two hadrons", sum.left_[Light]);
    line("singlets left to Lund: no decay found", sum.left_[Failed]);
    stream << " |\n *-------  End MCSurrogate Hadronization Statistics  ------------------*\n";
}

} // namespace mcsurrogate
