// Hadronization of whole events by clusters: singlets in, hadrons into the event record.

#ifndef MCSURROGATE_CLUSTER_HADRONIZER_H
#define MCSURROGATE_CLUSTER_HADRONIZER_H

#include <array>
#include <cstdint>
#include <ostream>
#include <vector>

#include "Pythia8/Event.h"
#include "Pythia8/FragmentationSystems.h"
#include "cluster_formation.h"

namespace mcsurrogate {

class ClusterHadronizer {
  public:
    ClusterDraws draws;

    void init(Pythia8::Rndm* random, Pythia8::ParticleData* particleData);

    // Tell that a new event begins.
    void beginEvent(const Pythia8::Event& event);

    // Hadronize one singlet; false where it must be left to the Lund model.
    bool fragment(const Pythia8::ColSinglet& singlet, Pythia8::Event& event);

    static void printCounts(std::ostream& stream,
                            const std::vector<const ClusterHadronizer*>& instances);

  private:
    enum Reason { Junction, Flavour, Light, Failed, numberOfReasons };

    bool leave(Reason reason) {
        ++left_[reason];
        return false;
    }
    void store(const std::vector<ClusterHadron>& hadrons, const std::vector<int>& partons,
               Pythia8::Event& event);

    ClusterDecay decay_{draws};
    ClusterFormation formation_{draws, decay_};
    std::int64_t singlets_ = 0;
    std::int64_t clusters_ = 0;
    std::int64_t hadrons_ = 0;
    std::int64_t singles_ = 0;
    std::array<std::int64_t, numberOfReasons> left_{};
    std::vector<Cluster> formed_;
    std::vector<ClusterHadron> made_;
};

} // namespace mcsurrogate

#endif // MCSURROGATE_CLUSTER_HADRONIZER_H
