# SPDX-License-Identifier: GPL-3.0-or-later
"""Where sets are found, and which alpha_s they get."""

import shutil
import sys
import types

import pytest
import torch

from mcsurrogate.errors import PartonDensityError
from mcsurrogate.pdf import FixedCoupling, available_pdfs, lhapdf_id, load_pdf
from mcsurrogate.pdf.locate import search_folders

NAME = "NNPDF31_nnlo_as_0118_luxqed"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A set folder as LHAPDF has it, on LHAPDF_DATA_PATH."""
    target = tmp_path / "sets" / "MySet"
    target.mkdir(parents=True)
    for member in (0, 1):
        shutil.copy(available_pdfs()[NAME], target / f"MySet_{member:04d}.dat")
    (target / "MySet.info").write_text(
        'SetDesc: "a copy"\nForcePositive: 1\nAlphaS_Type: ipol\n'
        "AlphaS_Qs: [1.0, 10.0,\n  100.0, 1000.0]\nAlphaS_Vals: [0.4, 0.18, 0.117, 0.09]\n"
    )
    monkeypatch.setenv("LHAPDF_DATA_PATH", str(tmp_path / "sets"))
    return target


def test_pythia_grids_are_found_without_importing_it():
    assert NAME in available_pdfs()
    assert search_folders()[-1].name == "pdfdata"
    assert load_pdf(NAME).path == available_pdfs()[NAME]


def test_set_folder(folder):
    assert available_pdfs()["MySet"] == folder / "MySet_0000.dat"
    for pdf in (load_pdf("MySet", 1), load_pdf(folder), load_pdf(folder / "MySet_0001.dat")):
        assert pdf.coupling.description == f"table of {folder / 'MySet.info'}"
        assert float(pdf.alpha_s(100.0)) == pytest.approx(0.117, abs=1e-12)
        assert (pdf.xfx_all(torch.logspace(-9, -0.01, 500), 1.7) >= 0).all()  # ForcePositive
    own = load_pdf("MySet", alpha_s=FixedCoupling(0.2))
    assert float(own.alpha_s(100.0)) == 0.2


def test_missing_sets(folder):
    with pytest.raises(PartonDensityError, match=r"no PDF set 'Nothing'.*MySet.*LHAPDF_DATA_PATH"):
        load_pdf("Nothing")
    with pytest.raises(PartonDensityError, match="member 7"):
        load_pdf("MySet", 7)
    with pytest.raises(PartonDensityError, match="holds no file"):
        load_pdf(folder, 7)
    with pytest.raises(PartonDensityError, match="one member"):
        load_pdf(folder / "MySet_0000.dat", 1)
    with pytest.raises(PartonDensityError, match="begin at 0"):
        load_pdf("MySet", -1)
    with pytest.raises(PartonDensityError, match="unknown provider"):
        load_pdf("MySet", provider="other")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("AlphaS_Vals 3", "line 1"),
        ("AlphaS_Type: ipol", "no entry 'AlphaS_Qs'"),
        ("AlphaS_Type: magic\nMCharm: 1\nMBottom: 4\nMTop: 170", "'magic'"),
        ("AlphaS_Type: ipol\nAlphaS_Qs: [1, b]\nAlphaS_Vals: [1, 2]", "not a list of numbers"),
        ("AlphaS_Type: ipol\nAlphaS_Qs: [1, 2]\nAlphaS_Vals: [1]", "2 scales and 1 values"),
        ("AlphaS_Type: ipol\nAlphaS_Qs: [2, 1]\nAlphaS_Vals: [1, 1]", "increasing"),
        ("AlphaS_Type: ipol\nAlphaS_Qs: [1, 2]\nAlphaS_Vals: [1, -1]", "positive and finite"),
        ("AlphaS_Type: ode\nAlphaS_MZ: x\nMZ: 91", "no quark masses"),
        ("AlphaS_Type: ipol\nForcePositive: yes", "not a number"),
    ],
)
def test_damaged_info(folder, text, reason):
    (folder / "MySet.info").write_text(text)
    with pytest.raises(PartonDensityError, match=reason):
        load_pdf("MySet")


def test_lhapdf_provider(monkeypatch):
    """The adapter against a module with LHAPDF's interface, which is not installed here."""

    class FakePdf:
        def xfxQ(self, pdg, x, q):  # noqa: N802
            return pdg * x + q

        def alphasQ(self, q):  # noqa: N802
            return 1 / q

    def make(name, member):
        if name != "known":
            raise RuntimeError("unknown set")
        assert member == 2
        return FakePdf()

    module = types.ModuleType("lhapdf")
    module.mkPDF = make
    monkeypatch.setitem(sys.modules, "lhapdf", module)
    pdf = load_pdf("known", 2, provider="lhapdf")
    x = torch.tensor([[0.1, 0.2]], dtype=torch.float32)
    result = pdf.xfx(2, x, 3.0)
    assert result.dtype == torch.float32
    torch.testing.assert_close(result, 2 * x + 3)
    torch.testing.assert_close(pdf.xfx(torch.tensor([[1, 2]]), x, x), torch.tensor([[0.2, 0.6]]))
    assert float(pdf.alpha_s(4.0)) == 0.25
    with pytest.raises(PartonDensityError, match="cannot load other/2"):
        load_pdf("other", 2, provider="lhapdf")
    with pytest.raises(PartonDensityError, match="no gradients"):
        pdf.xfx(2, x.requires_grad_(), 3.0)
    with pytest.raises(PartonDensityError, match="its own alpha_s"):
        load_pdf("known", 2, provider="lhapdf", alpha_s=FixedCoupling(0.1))


def test_lhapdf_provider_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "lhapdf", None)
    with pytest.raises(PartonDensityError, match="provider='native'"):
        load_pdf(NAME, provider="lhapdf")


def test_numbers_of_sets_as_event_files_name_them(folder):
    # MadGraph's nn23lo1 and the set of CMS's Run 2 samples, by LHAPDF's list of sets
    assert lhapdf_id("NNPDF23_lo_as_0130_qed") == 247000
    assert lhapdf_id(NAME) == 325100
    assert lhapdf_id(available_pdfs()[NAME]) == 325100
    assert lhapdf_id("MySet", 1) == 0
    info = folder / "MySet.info"
    info.write_text(info.read_text() + "SetIndex: 90000\n")
    assert (lhapdf_id("MySet", 1), lhapdf_id(folder / "MySet_0001.dat")) == (90001, 90001)
    assert lhapdf_id("of another module") == 0
