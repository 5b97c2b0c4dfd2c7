# SPDX-License-Identifier: GPL-3.0-or-later
"""The three modes of alpha_s against LHAPDF, and the coupling of sets without .info file."""

import math

import numpy as np
import pytest
import torch

from mcsurrogate.errors import PartonDensityError
from mcsurrogate.pdf import (
    AnalyticCoupling,
    FixedCoupling,
    RunningCoupling,
    RunningSettings,
    load_pdf,
    standard_coupling,
)
from mcsurrogate.pdf.alpha_s import coupling_from_info
from mcsurrogate.pdf.info_file import parse_entries
from mcsurrogate.pdf.running import beta_coefficients, coupling_table


def _coupling(oracle, key):
    return coupling_from_info(parse_entries(enumerate(str(oracle[key]).splitlines(), 1), key))


def test_table_mode(oracle):
    coupling = _coupling(oracle, "alphas_ipol_info")
    values = coupling(torch.tensor(oracle["q"])).numpy()
    inside = oracle["q"] <= 1e5
    np.testing.assert_allclose(values, oracle["alphas_ipol"], rtol=1e-12)
    assert inside.any()


def test_analytic_mode(oracle, name):
    if name.startswith("NNPDF23"):
        # Order 0: LHAPDF returns its built-in constant, we the AlphaS_MZ of the file.
        assert float(_coupling(oracle, "alphas_analytic_info")(50.0)) == 0.130
        return
    values = _coupling(oracle, "alphas_analytic_info")(torch.tensor(oracle["q"])).numpy()
    # LHAPDF has its beta coefficients rounded to nine digits.
    np.testing.assert_allclose(values, oracle["alphas_analytic"], rtol=1e-8)


def test_differential_equation_mode(oracle):
    """LHAPDF stops within 0.001 GeV^2 of a knot and takes constants beyond its table."""
    q = oracle["q"]
    coupling = _coupling(oracle, "info")
    for low, high, tolerance in (
        (1.65, 2, 1.2e-3),
        (2, 4.9, 1e-4),
        (5, 90, 3e-5),
        (90, 1900, 3e-6),
    ):
        rows = (q > low) & (q < high)
        values = coupling(torch.tensor(q[rows])).numpy()
        np.testing.assert_allclose(values, oracle["alphas_ode"][rows], rtol=tolerance)


def test_one_loop_is_the_closed_form():
    coupling = standard_coupling("NNPDF31_lo_as_0130")
    b0 = 23 / (12 * math.pi)
    q = torch.tensor([5.0, 20.0, 91.1876, 1000.0, 9e4], dtype=torch.float64)
    exact = 0.130 / (1 + 0.130 * b0 * 2 * torch.log(q / 91.1876))
    torch.testing.assert_close(coupling(q), exact, rtol=1e-6, atol=0)


def test_reference_value_and_thresholds():
    for name, value in (
        ("NNPDF23_lo_as_0130_qed", 0.130),
        ("NNPDF23_nnlo_as_0119_qed", 0.119),
        ("NNPDF31_nnlo_as_0118_luxqed", 0.118),
        ("NNPDF31sx_nlonllx_as_0118_LHCb_luxqed", 0.118),
    ):
        assert float(load_pdf(name).alpha_s(91.1876)) == pytest.approx(value, rel=1e-7)
    three_loop = standard_coupling("NNPDF31_nnlo_as_0118_luxqed")
    below, above = three_loop(torch.tensor([4.92 * (1 - 1e-9), 4.92], dtype=torch.float64))
    # hep-ph/9706430 for the pole mass: alpha_s(5)/alpha_s(4) = 1 + 7/24 (alpha_s/pi)^2
    assert float(above / below - 1) == pytest.approx(
        7 / 24 * (float(above) / math.pi) ** 2, rel=0.02
    )


def test_matching_up_and_down_are_inverse():
    """From below the bottom threshold up to M_Z and down again."""
    thresholds = {4: 1.5, 5: 4.8}
    for masses, order in (("msbar", 4), ("pole", 3)):
        down = RunningCoupling(RunningSettings(0.118, 91.1876, 4, thresholds, order, masses))
        start = float(down(3.0))
        up = RunningCoupling(RunningSettings(start, 3.0, 4, thresholds, order, masses))
        assert float(up(91.1876)) == pytest.approx(0.118, rel=3e-5)


@pytest.mark.parametrize("nf", [3, 4, 5, 6])
def test_beta_function_and_matching_numbers(nf):
    """Decimals of hep-ph/9701390, eq. 10, and hep-ph/9706430, eqs. 12 and 13, in alpha_s/pi."""
    decimals = (
        2.75 - 0.166667 * nf,
        6.375 - 0.791667 * nf,
        22.3203 - 4.36892 * nf + 0.0940394 * nf**2,
        114.230 - 27.1339 * nf + 1.58238 * nf**2 + 0.0058567 * nf**3,
    )
    for i, (exact, decimal) in enumerate(zip(beta_coefficients(nf), decimals, strict=True)):
        assert exact * math.pi ** (1 + i) == pytest.approx(decimal, abs=2e-4 * abs(decimals[i]))
    for masses, c2, c3 in (
        ("msbar", 0.152778, 0.972057 - 0.0846515 * (nf - 1)),
        ("pole", -0.291667, -5.32389 + 0.26247 * (nf - 1)),
    ):
        settings = RunningSettings(0.3, 1.0, 4, {nf: 1.0}, 3, masses)
        if nf == 3:
            continue
        scales, values, _ = coupling_table(settings, [1.0, 1.0])
        assert scales == [1.0, 1.0]
        a = values[1] / math.pi
        assert values[0] / values[1] == pytest.approx(1 + c2 * a**2 + c3 * a**3, abs=1e-7)


def test_fixed_flavours_and_fixed_coupling():
    info = "AlphaS_Type: ode\nAlphaS_OrderQCD: 1\nFlavorScheme: fixed\nNumFlavors: 4\n"
    masses = "MCharm: 1.3\nMBottom: 4.7\nMTop: 173\nAlphaS_MZ: 0.12\nMZ: 91.2\n"
    coupling = coupling_from_info(
        parse_entries(enumerate((info + masses).splitlines(), 1), "made up")
    )
    b0 = 25 / (12 * math.pi)
    exact = 0.12 / (1 + 0.12 * b0 * 2 * math.log(10.0 / 91.2))
    assert float(coupling(10.0)) == pytest.approx(exact, rel=1e-6)
    assert float(FixedCoupling(0.3)(5.0)) == 0.3
    with pytest.raises(PartonDensityError, match="not a positive number"):
        FixedCoupling(-0.1)


MASSES = {"Down": 0.005, "Up": 0.002, "Strange": 0.1, "Charm": 1.3, "Bottom": 4.7, "Top": 173.0}


def described(*keys: str, kind: str = "analytic"):
    masses = [f"M{name}: {mass}" for name, mass in MASSES.items()]
    given = ["AlphaS_MZ: 0.12", "MZ: 91.2", f"AlphaS_Type: {kind}", "AlphaS_OrderQCD: 1"]
    return coupling_from_info(parse_entries(enumerate([*given, *masses, *keys], 1), "made up"))


def one_loop(q: float, flavours: int, scale: float) -> float:
    """AlphaS_Analytic of LHAPDF 6.2.3 with one loop."""
    return 12 * math.pi / ((33 - 2 * flavours) * 2 * math.log(q / scale))


def test_flavours_of_the_analytic_coupling():
    lambdas = ("AlphaS_Lambda3: 0.3", "AlphaS_Lambda5: 0.2")
    cases = [
        ((), 1.0, 3, 0.3),
        ((), 3.0, 4, 0.3),  # the Lambda that is missing is the next lower one
        ((), 50.0, 5, 0.2),
        (("NumFlavors: 3",), 50.0, 3, 0.3),
        (("NumFlavors: 4", "AlphaS_NumFlavors: 5"), 50.0, 5, 0.2),
        (("FlavorScheme: fixed", "NumFlavors: 3"), 50.0, 3, 0.3),
        (("FlavorScheme: fixed", "NumFlavors: 5"), 3.0, 5, 0.2),
        (("FlavorScheme: fixed", "AlphaS_FlavorScheme: variable"), 3.0, 4, 0.3),
        # thresholds count where all six quarks have one
        (tuple(f"Threshold{name}: {2 * mass}" for name, mass in MASSES.items()), 8.0, 4, 0.3),
        (("ThresholdCharm: 2.6", "ThresholdBottom: 9.4", "ThresholdTop: 346"), 8.0, 5, 0.2),
    ]
    for keys, q, flavours, scale in cases:
        found = float(described(*lambdas, *keys)(q))
        assert found == pytest.approx(one_loop(q, flavours, scale), rel=1e-9), keys


@pytest.mark.parametrize("kind", ["analytic", "ode"])
@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (("FlavorScheme: magic",), "'FlavorScheme' is 'magic'; known here are variable, fixed"),
        (("AlphaS_FlavorScheme: magic",), "'AlphaS_FlavorScheme' is 'magic'"),
        (("NumFlavors: 4.5",), "'NumFlavors' is '4.5', not an integer"),
        (("NumFlavors: 7",), "'NumFlavors' is 7, not 1 to 6"),
        (("AlphaS_OrderQCD: 1.5",), "'AlphaS_OrderQCD' is '1.5', not an integer"),
    ],
)
def test_a_scheme_that_cannot_be_obeyed(kind: str, keys: tuple[str, ...], message: str):
    with pytest.raises(PartonDensityError, match=message):
        described("AlphaS_Lambda5: 0.2", *keys, kind=kind)


def test_fixed_flavours_need_their_own_lambda():
    with pytest.raises(PartonDensityError, match="4 fixed flavours without AlphaS_Lambda4"):
        described("AlphaS_Lambda5: 0.2", "FlavorScheme: fixed", "NumFlavors: 4")


def test_thresholds_of_the_differential_equation_are_at_the_masses():
    at = [f"AlphaS_Threshold{name}: {mass}" for name, mass in MASSES.items()]
    assert float(described(*at, kind="ode")(3.0)) == float(described(kind="ode")(3.0))
    away = [*at[:3], "AlphaS_ThresholdCharm: 2.0", *at[4:]]
    with pytest.raises(PartonDensityError, match=r"Charm counts from 2 GeV.*mass is 1\.3"):
        described(*away, kind="ode")
    described(*away, "FlavorScheme: fixed", kind="ode")


def test_gradient():
    coupling = standard_coupling("NNPDF31_nlo_as_0118_luxqed")
    q = torch.tensor([2.0, 7.0, 300.0], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(coupling, (q,))


def test_impossible_requests(tmp_path):
    with pytest.raises(PartonDensityError, match=r"no \.info file"):
        standard_coupling("CT14qed_proton")
    source = load_pdf("NNPDF31_lo_as_0130").path
    unnamed = tmp_path / "unnamed_0000.dat"
    unnamed.write_bytes(source.read_bytes())
    with pytest.raises(PartonDensityError, match="pass one: load_pdf"):
        load_pdf(unnamed).alpha_s(91.0)
    coupling = standard_coupling("NNPDF31_nlo_as_0118_luxqed")
    for bad in (0.0, -1.0, math.nan, math.inf):
        with pytest.raises(PartonDensityError, match="not positive and finite"):
            coupling(bad)
    with pytest.raises(PartonDensityError, match=r"not\s+perturbative"):
        coupling(0.1)
    with pytest.raises(PartonDensityError, match="Lambda_QCD"):
        AnalyticCoupling({5: 0.2}, 2, {})(0.15)
    with pytest.raises(PartonDensityError, match="1 to 4 loops"):
        AnalyticCoupling({}, 2, {})
    for settings in (
        {"alpha_s": 3.0},
        {"loops": 7},
        {"thresholds": {4: 5.0, 5: 2.0}},
        {"masses": "running"},
        {"matching": 9},
    ):
        valid = {"alpha_s": 0.118, "scale": 91.0, "loops": 2, "thresholds": {}}
        with pytest.raises(PartonDensityError):
            RunningSettings(**(valid | settings))
