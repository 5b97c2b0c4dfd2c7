"""Chains: standard and surrogate Pythia 8 runs, the LHE feed and HepMC3 out."""

from mcsurrogate.generators.chain import PythiaChain
from mcsurrogate.generators.hadronization import attach_hadronization
from mcsurrogate.generators.hepmc import HepmcFile
from mcsurrogate.generators.particles import ParticleBatch
from mcsurrogate.generators.records import EventRecords
from mcsurrogate.generators.rehadronize import Rehadronizer
from mcsurrogate.generators.statistics import RunSeconds, RunStatistics
from mcsurrogate.generators.stream import EventStream

__all__ = [
    "EventRecords",
    "EventStream",
    "HepmcFile",
    "ParticleBatch",
    "PythiaChain",
    "Rehadronizer",
    "RunSeconds",
    "RunStatistics",
    "attach_hadronization",
]
