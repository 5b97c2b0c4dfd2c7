# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys of sets and members, as LHAPDF means them (arXiv:1412.7420, section 3.3)."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from mcsurrogate.cards import RunCard
from mcsurrogate.errors import PartonDensityError
from mcsurrogate.hard_process import assemble
from mcsurrogate.pdf import available_pdfs, load_pdf
from mcsurrogate.pdf.grid_file import read_grid
from mcsurrogate.pdf.info_file import parse_entries

HEADER = "PdfType: central\nFormat: lhagrid1\n"
SCALES = np.array([1.3, 2, 4.75, 4.75, 10, 91.1876, 1000, 1e5])


def one_loop(value: float) -> str:
    """Table of a coupling that runs with one loop and five flavours from its value at M_Z."""
    b0 = (33 - 10) / (12 * np.pi)
    table = value / (1 + value * b0 * np.log(SCALES**2 / 91.1876**2))
    return "[" + ", ".join(repr(float(v)) for v in table) + "]"


def info(extra: str = "", kind: str = "ipol") -> str:
    lines = [
        "SetDesc: 'a toy'", "SetIndex: 999", "NumMembers: 2", "Flavors: [-2, -1, 1, 2, 21]",
        "XMin: 1e-6", "XMax: 1", "QMin: 1.3", "QMax: 1e5",
        "Format: lhagrid1", "OrderQCD: 0", "MCharm: 1.3", "MBottom: 4.75", "MTop: 172",
        "MZ: 91.1876", "AlphaS_MZ: 0.118", f"AlphaS_Type: {kind}", "AlphaS_OrderQCD: 1",
    ]  # fmt: skip
    if kind == "ipol":
        lines += [
            f"AlphaS_Qs: [{', '.join(repr(float(q)) for q in SCALES)}]",
            f"AlphaS_Vals: {one_loop(0.118)}",
        ]
    return "\n".join([*lines, extra])


def grid(header: str = HEADER) -> str:
    """A toy member: x f = x^a (1 - x)^3 with the same values at every scale."""
    x, q = np.geomspace(1e-6, 1, 60), [1.3, 2, 4.75, 10, 91, 1e5]
    rows = [" ".join(f"{a**p * (1 - a) ** 3:.8e}" for p in (0.5, 0.5, 0.6, 0.6, 0.1)) for a in x]
    values = "\n".join(row for row in rows for _ in q)
    knots = " ".join(f"{a:.8e}" for a in x)
    scales = " ".join(f"{a:.8e}" for a in q)
    return f"{header}---\n{knots}\n{scales}\n-2 -1 1 2 21\n{values}\n---\n"


Put = Callable[..., None]


@pytest.fixture
def put(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Put:
    """Write a set `toy` where it is found by name."""
    folder = tmp_path / "sets" / "toy"
    folder.mkdir(parents=True)
    monkeypatch.setenv("LHAPDF_DATA_PATH", str(folder.parent))

    def write(set_keys: str, *members: str) -> None:
        (folder / "toy.info").write_text(set_keys)
        for number, text in enumerate(members):
            (folder / f"toy_{number:04d}.dat").write_text(text)

    return write


@pytest.mark.parametrize("kind", ["ipol", "ode"])
def test_keys_of_a_member_override_those_of_the_set(put: Put, kind: str) -> None:
    own = "AlphaS_MZ: 0.130\n" + (f"AlphaS_Vals: {one_loop(0.130)}\n" if kind == "ipol" else "")
    put(info(kind=kind), grid(), grid(HEADER + own))
    values = [float(load_pdf("toy", member).alpha_s(91.1876)) for member in (0, 1)]
    assert values == pytest.approx([0.118, 0.130], abs=1e-9)


def test_the_cross_section_takes_the_coupling_of_the_member(put: Put) -> None:
    # 52.94 pb for member 0 (VEGAS+, 0.1%); |M|^2 is of second order in alpha_s.
    put(info(), grid(), grid(f"{HEADER}AlphaS_Vals: {one_loop(0.130)}\n"))
    nodes, weights = np.polynomial.legendre.leggauss(40)
    nodes, weights = (nodes + 1) / 2, weights / 2
    points = torch.tensor(np.stack(np.meshgrid(*[nodes] * 3, indexing="ij"), -1).reshape(-1, 3))
    product = torch.tensor(np.prod(np.meshgrid(*[weights] * 3, indexing="ij"), 0).reshape(-1))
    u = torch.cat((points, torch.full((len(points), 1), 0.5, dtype=torch.float64)), dim=1)
    found = []
    for member in (0, 1):
        card = {"seed": 1, "process": {"definition": "g g > t t~"},
                "beams": {"sqrt_s": 13e3, "pdf": "toy", "pdf_member": member}}  # fmt: skip
        process = assemble(RunCard.model_validate(card))
        found.append(float((process(u, torch.zeros(len(u))).weight * product).sum()))
    assert found[0] == pytest.approx(52.94, rel=2e-3)
    assert found[1] / found[0] == pytest.approx((0.130 / 0.118) ** 2, rel=1e-6)


def test_interpolator(put: Put) -> None:
    put(info("Interpolator: log"), grid(), grid(HEADER + "Interpolator: logcubic\n"))
    straight, cubic = load_pdf("toy"), load_pdf("toy", 1)
    # Halfway between two knots in log x: the mean of the values there, at any scale.
    knots = torch.from_numpy(np.geomspace(1e-6, 1, 60)[40:42].copy())
    middle = knots.log().mean().exp()[None]
    for q in (50.0, torch.tensor([50.0], dtype=torch.float64)):
        mean = straight.xfx(2, knots, 50.0).mean()
        assert float(straight.xfx(2, middle, q)) == pytest.approx(float(mean), rel=1e-7)
        assert abs(float(cubic.xfx(2, middle, q) / mean - 1)) > 1e-3


def test_extrapolator(put: Put) -> None:
    keys = [f"{HEADER}Extrapolator: {name}\n" for name in ("continuation", "nearest", "error")]
    put(info(), *(grid(key) for key in keys))
    continued, nearest, refused = (load_pdf("toy", member) for member in range(3))
    x = torch.tensor([1e-8, 0.1], dtype=torch.float64)
    edge = nearest.xfx(2, x.clamp(min=1e-6), 50.0)
    torch.testing.assert_close(nearest.xfx(2, x, 50.0), edge)
    torch.testing.assert_close(nearest.xfx(2, x, 1e6), edge)
    assert float(continued.xfx(2, x, 50.0)[0]) != pytest.approx(float(edge[0]), rel=0.1)
    with pytest.raises(PartonDensityError, match=r"1 points outside.*x = 1e-08.*is 'error'"):
        refused.xfx(2, x, 50.0)
    assert torch.isfinite(refused.xfx(2, x[1:], 50.0)).all()


@pytest.mark.parametrize(
    ("set_key", "member_key", "message"),
    [
        ("Particle: 2112", "", r"toy\.info: .* particle 2112.*proton"),
        ("", "Particle: 211", r"toy_0000\.dat: .* particle 211"),
        ("Interpolator: linear", "", r"toy\.info, line 20: .*'linear'; known here are logcubic"),
        ("", "Extrapolator: magic", r"toy_0000\.dat, line 3: .*'magic'.*nearest"),
        ("", "AlphaS_Vals: [nan, 1]", r"toy_0000\.dat, line 3: .*holds nan, .*not finite"),
        ("AlphaS_Qs: [1, inf]", "", r"toy\.info, line 20: .*holds inf, .*not finite"),
        ("ForcePositive: nan", "", r"toy\.info, line 20: .*'nan', not a number"),
    ],
)
def test_what_cannot_be_obeyed_is_refused(
    put: Put, set_key: str, member_key: str, message: str
) -> None:
    put(info(set_key), grid(HEADER + member_key + "\n"))
    with pytest.raises(PartonDensityError, match=message):
        load_pdf("toy")


# What YAML 1.2 makes of them; PyYAML 6 says the same, but of the tab, which it refuses.
FORMS = {
    "A: 'log # cubic'": "log # cubic",
    'A: "log # cubic" # or not': "log # cubic",
    "A: 'it''s'": "it's",
    "A: 91.1876 # GeV": "91.1876",
    "A: a#b": "a#b",
    "'A': 1": "1",
    '"A" : 1': "1",
    "A:\t1": "1",
    "A: see http://x": "see http://x",
    "A: some [text": "some [text",
    "A: it's 5 # GeV": "it's 5",
    "A: one\n  two # and so on": "one two",
    "A: '[1'": "[1",
}
LISTS = (
    "A: [1, 2]", "A: [1, 2] # x", "A: [1,\n2]", "A: [1, # one\n  2]", "A: [\n 1,\n 2\n]",
    "A:\n- 1\n- 2", "A:\n  - 1 # one\n  # none\n  - 2", "A: # a list\n - 1\n - 2",
)  # fmt: skip


@pytest.mark.parametrize("text", [*FORMS, *LISTS])
def test_forms_of_values(text: str) -> None:
    read = parse_entries(enumerate(f"{text}\nB: 3\n".splitlines(), 1), "a.info")
    assert list(read) == ["A", "B"]
    assert read.number("B") == 3
    if text in LISTS:
        assert read.numbers("A") == [1, 2]
    else:
        assert read.text("A") == FORMS[text]


@pytest.mark.parametrize("listed", ["-2, -1, 1, 2, 21", "0, 1, 2, -1, -2"])
@pytest.mark.parametrize("column", ["21", "0"])
def test_0_is_the_gluon(put: Put, listed: str, column: str) -> None:
    put(info().replace("-2, -1, 1, 2, 21", listed), grid().replace("1 2 21\n", f"1 2 {column}\n"))
    density = load_pdf("toy")
    assert density.pdg_ids == (-2, -1, 1, 2, 21)
    x = torch.tensor([0.1], dtype=torch.float64)
    expected = 0.1**0.1 * 0.9**3  # cubic interpolation between knots 1.26 apart
    for pdg in (21, 0):
        assert float(density.xfx(pdg, x, 50.0)) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    ("listed", "reason"),
    [
        ("-2, -1, 1, 2", "21 are columns that it lacks"),
        ("-2, -1, 1, 2, 3, 21", "3 are no columns"),
        ("-2, -1, 1, 3, 21", "3 are no columns; 2 are columns that it lacks"),
        ("-2, -1, 1, 2, 2, 21", "2 twice"),
        ("-2, -1, 1, 2, 0, 21", "21 twice"),
        ("-2, -1, 1, 2.5, 21", "holds 2.5, which is no integer"),
    ],
)
def test_a_list_of_partons_that_is_not_that_of_the_columns(
    put: Put, listed: str, reason: str
) -> None:
    put(info().replace("-2, -1, 1, 2, 21", listed), grid())
    with pytest.raises(PartonDensityError, match=rf"toy\.info, line 4: .*'Flavors'.*{reason}"):
        load_pdf("toy")


@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
def test_a_table_with_a_value_that_is_not_finite(put: Put, value: str) -> None:
    lines = grid().splitlines()
    lines[20] = " ".join([value, *lines[20].split()[1:]])
    put(info(), "\n".join(lines))
    with pytest.raises(PartonDensityError, match=r"toy_0000\.dat, line 21: a value is not finite"):
        load_pdf("toy")


@pytest.mark.parametrize("name", ["NNPDF23_lo_as_0130_qed", "NNPDF31_nnlo_as_0118_luxqed"])
def test_neopdf_agrees(put: Put, tmp_path: Path, name: str) -> None:
    pytest.importorskip("neopdf", reason="neopdf-hep is optional")
    partons = ", ".join(map(str, read_grid(available_pdfs()[name]).pdg_ids))
    put(info().replace("-2, -1, 1, 2, 21", partons), "")
    shutil.copy(available_pdfs()[name], tmp_path / "sets" / "toy" / "toy_0000.dat")
    own, other = load_pdf("toy"), load_pdf("toy", provider="neopdf")
    generator = torch.Generator().manual_seed(1)
    u = torch.rand(2000, 2, generator=generator, dtype=torch.float64)
    x, q = 10 ** (-6 * u[:, 0]), own.q_min * (own.q_max / own.q_min) ** u[:, 1]
    for pdg in (21, 2, -1, 4, 5):
        expected = other.xfx(pdg, x, q)
        torch.testing.assert_close(own.xfx(pdg, x, q), expected, rtol=1e-9, atol=1e-12)
    assert float(other.alpha_s(100.0)) == float(own.alpha_s(100.0))
    with pytest.raises(PartonDensityError, match=r"x = 1e-12.*NeoPDF does not extrapolate"):
        other.xfx(21, torch.tensor([1e-12], dtype=torch.float64), 50.0)
    with pytest.raises(PartonDensityError, match=r"NeoPDF needs an \.info file with SetDesc"):
        load_pdf(name, provider="neopdf")


def test_neopdf_missing(put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    put(info(), grid())
    monkeypatch.setitem(__import__("sys").modules, "neopdf.pdf", None)
    with pytest.raises(PartonDensityError, match=r"neopdf is not installed.*mcsurrogate\[neopdf\]"):
        load_pdf("toy", provider="neopdf")
