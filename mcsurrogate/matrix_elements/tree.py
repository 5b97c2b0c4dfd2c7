"""Tree-level squared matrix elements from the off-shell recursion."""

import math
import threading
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mcsurrogate.matrix_elements.colour_matrix import (
    adjoint_colour_matrix,
    string_colour_matrix,
)
from mcsurrogate.matrix_elements.colour import End
from mcsurrogate.matrix_elements.compiler import compile_graph
from mcsurrogate.matrix_elements.event_quantities import event_quantities
from mcsurrogate.matrix_elements.executor import Executor
from mcsurrogate.matrix_elements.functional import coefficient_value, evaluate_graph
from mcsurrogate.matrix_elements.graph import Op
from mcsurrogate.matrix_elements.interactions import COUPLINGS
from mcsurrogate.matrix_elements.orders import resolve_orders
from mcsurrogate.matrix_elements.parameters import Parameter, StandardModel, as_number
from mcsurrogate.matrix_elements.process import Process
from mcsurrogate.matrix_elements.recursion import build_amplitude
from mcsurrogate.matrix_elements.validity import check_finite_result, check_momenta, strong_coupling
from mcsurrogate.matrix_elements.wavefunctions import HelicitySpinors, spinor_states, vector_states

__all__ = ["TreeMatrixElement"]


class TreeMatrixElement:
    def __init__(self, process: Process, parameters: StandardModel) -> None:
        self.process = resolve_orders(process)
        self.parameters = parameters
        amp = self.amp = build_amplitude(self.process, parameters)
        self.flows = amp.flows
        if any(e is End.GLUON for e in amp.ends) and all(e in (End.GLUON,) for e in amp.ends):
            self.flows = tuple(sorted(self.flows))
            self.colour = adjoint_colour_matrix(tuple(f[0] for f in self.flows))
        else:
            self.colour = string_colour_matrix(self.flows, amp.ends)
        # chirality configurations
        configs = sorted({c.chiralities for c in amp.amplitudes})
        self.weight = 1.0
        self.states = {leg: list(range(len(h))) for leg, h in amp.axes.items()}
        wid = any(n.op is Op.EVENT and len(n.args) > 3 and n.args[3] and as_number(getattr(parameters, n.args[3])) > 0 for n in amp.graph.nodes)
        if amp.parity_symmetric and (not wid or process.n_legs == 4):
            if configs[0]:
                configs = [c for c in configs if c[0][1] == "L"]
                self.weight = 2.0
            else:
                leg = next((l for l, h in amp.axes.items() if len(h) == 2), None)
                if leg is not None:
                    self.states[leg] = [0]
                    self.weight = 2.0
        self.configs = configs
        self.sizes = {leg: len(s) for leg, s in self.states.items() if len(s) > 1}
        roots = []
        self.entries = []
        for c in configs:
            start = len(roots)
            items = []
            for comp, (node, factor) in amp.amplitudes.items():
                if comp.chiralities != c:
                    continue
                if node not in roots[start:]:
                    roots.append(node)
                items.append((comp.qcd, self.flows.index(comp.flow), roots.index(node, start) - start, factor))
            self.entries.append((start, len(roots), items))
        self.roots = roots
        self.powers = sorted({q for _, _, items in self.entries for q, *_ in items})
        self.programme = compile_graph(amp.graph, roots, self.sizes)
        self.executors = {}
        self.block = 512

    def couplings(self) -> dict[str, Parameter]:
        names = {n for node in self.amp.graph.nodes if node.op is Op.SUM for _, c in node.args for n in c.couplings}
        names |= {n for _, c in self.amp.amplitudes.values() for n in c.couplings}
        return {n: COUPLINGS[n](self.parameters) for n in names}

    def inputs(self, p: Tensor, nodes) -> dict[int, Tensor]:
        """p (4,n,N)"""
        spinors = HelicitySpinors(p)
        sign = torch.ones(p.shape[1], dtype=p.dtype, device=p.device)
        sign[2:] = -1
        incoming = p * sign[None, :, None]
        ev = [n for n in nodes if self.amp.graph.nodes[n].op is Op.EVENT]
        out = dict(zip(ev, event_quantities([self.amp.graph.nodes[n].args for n in ev], incoming, self.parameters)))
        ext = (1,) * len(self.sizes)
        for n, v in out.items():
            out[n] = v.view(*v.shape[:-1], *ext, v.shape[-1])
        for n in nodes:
            node = self.amp.graph.nodes[n]
            if node.op is not Op.EXTERNAL:
                continue
            leg, part = node.args
            particle = self.process.particles[leg]
            outgoing = leg >= 2
            if part == "v":
                mass = None if particle.is_massless(self.parameters) else particle.mass(self.parameters)
                v = vector_states(spinors, leg, mass, outgoing=outgoing)
            elif part == "s":
                v = torch.ones_like(spinors.up[0, 0])[None]
            else:
                mass = None if particle.is_massless(self.parameters) else particle.mass(self.parameters)
                v = spinor_states(spinors, leg, part, mass, antifermion=particle.pdg < 0, barred=(particle.pdg < 0) != outgoing)
            if leg in self.states and len(self.states[leg]) < v.shape[-2]:
                v = v[..., self.states[leg], :]
            shape = tuple(v.shape[-2] if l == leg else 1 for l in self.sizes)
            out[n] = v.reshape(*v.shape[:-2], *shape, v.shape[-1])
        return out

    def _executor(self, events, dtype):
        key = (events, dtype)
        if key not in self.executors:
            cp = {k: as_number(v) for k, v in self.couplings().items()}
            ct = torch.complex128 if dtype == torch.float64 else torch.complex64
            self.executors[key] = Executor(self.programme, self.sizes, events, ct, torch.device("cpu"), cp)
        return self.executors[key]

    def amplitudes_block(self, p):
        """p (4,n,N)-> [R, ext, N]"""
        if torch.is_grad_enabled() and (p.requires_grad or self.parameters.requires_grad):
            nodes = list(self.programme.inputs)
            vals = evaluate_graph(self.amp.graph, self.roots, self.inputs(p, nodes), self.couplings())
            return torch.stack([vals[r] for r in self.roots])
        ex = self._executor(p.shape[-1], p.dtype)
        ex.load(self.inputs(p, list(self.programme.inputs)))
        ex.run()
        return ex.results

    def transfer(self, k, power, dtype):
        start, stop, items = self.entries[k]
        t = torch.zeros(len(self.flows), stop - start, dtype=dtype)
        cp = self.couplings()
        for q, f, r, c in items:
            if q == power:
                t[f, r] = t[f, r] + coefficient_value(c, cp)
        return t

    def __call__(self, momenta, alpha_s, per_helicity=False):
        out = []
        p = momenta.permute(2, 1, 0).contiguous()
        C = torch.tensor(self.colour, dtype=momenta.dtype)
        gs = torch.sqrt(4 * math.pi * torch.as_tensor(alpha_s, dtype=momenta.dtype))
        norm = 1.0 / (self.process.average_factor * self.process.symmetry_factor)
        hel = []
        for b in range(0, p.shape[-1], self.block):
            q = p[..., b : b + self.block]
            amps = self.amplitudes_block(q)
            total = 0
            row = []
            for k, (start, stop, items) in enumerate(self.entries):
                a = amps[start:stop].reshape(stop - start, -1, q.shape[-1])
                fl = 0
                for power in self.powers:
                    t = self.transfer(k, power, momenta.dtype).to(a.dtype)
                    g = gs if gs.dim() == 0 else gs[b : b + self.block]
                    fl = fl + torch.einsum("fr,rhn->fhn", t, a) * g**power
                m = torch.einsum("fhn,fg,ghn->hn", fl.conj(), C.to(fl.dtype), fl).real
                row.append(m)
                total = total + m.sum(0)
            out.append(total * self.weight * norm)
            if per_helicity:
                hel.append(torch.cat(row))
        if per_helicity:
            return torch.cat(out), torch.cat(hel, -1) * norm
        return torch.cat(out)
