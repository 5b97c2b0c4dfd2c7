// SPDX-License-Identifier: GPL-3.0-or-later
#include "hepmc_record.h"

#include <cstdlib>

#include <HepMC3/GenHeavyIon.h>
#include <Pythia8/HIInfo.h>

namespace mcsurrogate {

namespace {

constexpr double pb_per_mb = 1e9;
constexpr int gluon = 21;
constexpr int heaviest_quark = 6;

bool is_coloured(int colour_type) {
    return colour_type == -1 || colour_type == 1 || colour_type == 2;
}

std::string heavy_ion(const Pythia8::HIInfo& info) {
    HepMC3::GenHeavyIon ion;
    ion.Ncoll_hard = info.nCollND();
    ion.Ncoll = info.nCollTot();
    ion.Npart_proj = info.nAbsProj() + info.nDiffProj();
    ion.Npart_targ = info.nAbsTarg() + info.nDiffTarg();
    ion.impact_parameter = info.b();
    std::string text;
    ion.to_string(text);
    return text;
}

} // namespace

void HepmcRecord::copy(Pythia8::Pythia& pythia) {
    const Pythia8::Event& event = pythia.event;
    const bool hadrons =
        pythia.settings.flag("HadronLevel:all") && pythia.settings.flag("HadronLevel:Hadronize");
    rows.resize(static_cast<std::size_t>(event.size()));
    for (int i = 0; i < event.size(); ++i) {
        const Pythia8::Particle& particle = event[i];
        Row& row = rows[static_cast<std::size_t>(i)];
        row.pid = particle.id();
        row.status = particle.status();
        row.hepmc_status = particle.statusHepMC();
        row.mother1 = particle.mother1();
        row.mother2 = particle.mother2();
        const int type = particle.colType();
        const bool coloured = is_coloured(type);
        row.colour = !coloured ? -1 : type > 0 ? particle.col() : 0;
        row.anticolour = !coloured ? -1 : type != 1 ? particle.acol() : 0;
        row.mass = particle.m();
        row.momentum = {particle.px(), particle.py(), particle.pz(), particle.e()};
        row.position = {particle.xProd(), particle.yProd(), particle.zProd(), particle.tProd()};
        const int size = std::abs(row.pid);
        if (hadrons && particle.isFinal() &&
            (row.pid == gluon || (size >= 1 && size <= heaviest_quark)))
            pythia.logger.warningMsg("HepMC output", row.pid == gluon
                                                         ? "found gluon without end vertex"
                                                         : "found quark without end vertex");
    }
}

void HepmcRecord::copy_process(Pythia8::Pythia& pythia, double error_pb,
                               std::array<int, 2> pdf_sets) {
    const Pythia8::Info& info = pythia.info;
    weights.clear();
    for (int i = 0; i < info.numberOfWeights(); ++i)
        weights.push_back(info.weightValueByIndex(i));
    Process& own = process.emplace();
    own.cross_section_pb = info.sigmaGen() * pb_per_mb;
    own.error_pb = error_pb;
    own.accepted = info.nAccepted();
    own.tried = info.nTried();
    own.partons = {info.id1pdf(), info.id2pdf()};
    own.x = {info.x1pdf(), info.x2pdf()};
    own.xf = {info.pdf1(), info.pdf2()};
    own.pdf_sets = pdf_sets;
    own.factorization_scale = info.QFac();
    own.scale = info.QRen();
    own.alpha_s = info.alphaS();
    own.alpha_em = info.alphaEM();
    own.code = info.code();
    own.interactions = info.nMPI();
    if (info.hiInfo)
        own.heavy_ion = heavy_ion(*info.hiInfo);
}

} // namespace mcsurrogate
