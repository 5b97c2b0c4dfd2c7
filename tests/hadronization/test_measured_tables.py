# SPDX-License-Identifier: GPL-3.0-or-later
"""Measured tables: what they hold, and the same quantities of generated events."""

import numpy as np
import pytest

from mcsurrogate.errors import CardError, HadronizationError
from mcsurrogate.events import EventRecords
from mcsurrogate.generators import PythiaChain
from mcsurrogate.hadronization import train_hadronization
from mcsurrogate.hadronization.measured_tables import (
    Definition,
    MeasuredTable,
    RecordedEvents,
    TableValues,
    annihilation_settings,
    chi_squared,
    ratio_columns,
    read_tables,
    shipped_tables,
    table_columns,
)
from mcsurrogate.hadronization.measured_tables.comparison import STABLE


def table(definition, edges, values=None, error=0.1):
    low, high = np.array(edges[:-1], dtype=float), np.array(edges[1:], dtype=float)
    values = np.ones(len(low)) if values is None else np.array(values)
    return MeasuredTable(
        "TEST", "d01", "", Definition.parse(definition), low, high, values,
        np.full(len(low), error),
    )  # fmt: skip


@pytest.mark.parametrize("file", shipped_tables())
def test_shipped_tables_are_read(file):
    tables = read_tables(file)
    assert tables
    for t in tables:
        assert t.title
        assert (t.errors > 0).all()
        assert np.isfinite(t.values).all()
        if t.definition.quantity != "mean":
            assert (t.high > t.low).all()


def test_known_values_are_found():
    # Phys. Rept. 294, 1, tables as HEPData gives them (ins428072); RPP 2008, table 40.1.
    by_name = {t.name: t for t in read_tables("ALEPH_1996_I428072")}
    assert by_name["d01-x01-y01"].values[:2].tolist() == [12.36, 23.33]
    assert by_name["d18-x01-y01"].values.sum() == pytest.approx(1.0, abs=0.002)
    pions = next(t for t in read_tables("PDG_2008_I786583") if t.definition.particles == "211")
    assert (pions.values[0], pions.errors[0]) == (17.02, 0.19)


def test_definitions_say_what_is_compared():
    found = Definition.parse("100 unit x_E of 130+310 in uds at 29")
    assert found == Definition("x_E", "130+310", "uds", 100.0, True, 29.0)
    for wrong in ("x_p", "x_p of pions", "x_p of 211 in t", "of 211", "x_p of 211 at high"):
        with pytest.raises(HadronizationError, match="defines no table"):
            Definition.parse(wrong)


def records(rows):
    """One record of rows ``(pdg, status, mother, E, px, py, pz)`` below the system."""
    columns = np.array([(90, -11, 0, 20.0, 0, 0, 0), *rows])
    size = len(columns)
    empty = EventRecords.without_history(
        np.array([0, size]), columns[:, 0].astype(np.int32), columns[:, 1].astype(np.int32),
        np.ascontiguousarray(columns[:, 3:]), np.zeros(size),
    )  # fmt: skip
    empty.mothers[:, 0] = columns[:, 2]
    return empty


def test_quantities_of_one_event():
    # e+ e- -> s sbar at 20 GeV into K*+ K-, the K*+ into K0S pi+; muons and photons beside them.
    event = RecordedEvents(records([
        (3, -23, 0, 10.0, 0, 0, 10.0), (-3, -23, 0, 10.0, 0, 0, -10.0),
        (323, -83, 1, 8.0, 0.5, 0.0, 7.9), (-321, 84, 2, 6.0, -0.5, 0.0, -5.0),
        (310, 91, 3, 5.0, 0.3, 0.1, 4.9), (211, 91, 3, 3.0, 0.2, -0.1, 2.9),
    ]))  # fmt: skip
    assert event.flavour.tolist() == [3]
    tables = [
        table("mean of 323", [0, 1]),
        table("mean of charged in s", [0, 1]),
        table("mean of charged in uds", [0, 1]),
        table("mean of charged in b", [0, 1]),
        table("x_E of 130+310", [0.0, 0.4, 0.6, 1.0]),
        table("x_p of 321+211", [0.2, 0.4, 0.6]),
        table("n_ch of charged", [1, 3, 5]),
        table("100 n_ch of charged", [1, 3, 5]),
        table("p of 321", [5.0, 5.5]),
    ]
    found, counts = table_columns(event, tables)
    assert counts[0].tolist() == [1, 1, 1, 0, 1, 1, 1, 1, 1]
    assert found[0].tolist() == pytest.approx(
        [1, 2, 2, 0, 0, 1 / 0.2, 0, 1 / 0.2, 1 / 0.2, 1, 0, 100, 0, 2.0]
    )


def test_values_are_ratios_of_sums():
    found = np.array([[2.0, 0.0], [0.0, 4.0], [1.0, 0.0]])
    counts = np.array([[1.0, 2.0], [0.0, 2.0], [1.0, 0.0]])
    tables = [table("mean of 211 in s", [0, 1]), table("unit x_E of b", [0, 1])]
    columns = ratio_columns(found, counts, tables)
    np.testing.assert_allclose(columns.mean(axis=0), [3.0 / 2.0, 4.0 / 4.0])


def test_oscillated_hadrons_count_once():
    event = RecordedEvents(records([
        (5, -23, 0, 10.0, 0, 0, 10.0), (-5, -23, 0, 10.0, 0, 0, -10.0),
        (-511, -83, 1, 8.0, 0, 0, 6.0), (511, -91, 3, 8.0, 0, 0, 6.0),
        (521, 84, 2, 9.0, 0, 0, -7.0), (513, -84, 2, 9.5, 0, 0, 7.0), (511, 91, 6, 8.5, 0, 0, 6.5),
    ]))  # fmt: skip
    found, _ = table_columns(event, [table("x_E of b", [0.0, 1.0]), table("mean of 511", [0, 1])])
    # The B*0 is not the last b hadron, and the B0 that oscillated is one.
    assert found[0].tolist() == [3.0, 2.0]


def test_generated_means_are_those_of_the_particles():
    settings = annihilation_settings(91.2)
    tables = [table("mean of charged", [0, 1]), table("mean of 22", [0, 1])]
    found = TableValues.generate(tables, settings, events=300, seed=3)
    (batch,) = PythiaChain([*settings, *STABLE], seed=3).generate(300, batch_size=300)
    charged = np.isin(np.abs(batch.pdg_id), (11, 13, 211, 321, 2212)).sum() / 300
    assert found.values[0] == pytest.approx(charged)
    # RPP 2008: 20.76 +- 0.16 charged particles; Monash is within 3% (4 standard deviations: 5%).
    assert found.values[0] == pytest.approx(20.76, rel=0.08)
    chi2 = chi_squared(tables, found, floor=0.0)
    np.testing.assert_allclose(
        chi2, (found.values - 1.0) ** 2 / (0.1**2 + found.errors**2), rtol=1e-12
    )


def test_unknown_files_are_refused(tmp_path):
    with pytest.raises(HadronizationError, match="nothing is known of the measured tables nothing"):
        read_tables("nothing")
    with pytest.raises(HadronizationError, match="nothing is known"):
        read_tables(tmp_path / "ALEPH_1997_I427131.csv")
    path = tmp_path / "OPAL_2003_I599181.csv"
    with pytest.raises(HadronizationError, match="No such file"):
        read_tables(path)
    path.write_text("table,x_low,x_high,y,error_low,error_high\nd01-x01-y01,0,1,x,1,1\n")
    with pytest.raises(HadronizationError, match="d01-x01-y01"):
        read_tables(path)


def fit_card(**tables):
    return {
        "kind": "string_breaks",
        "name": "fitted",
        "start": "string_breaks_monash",
        "tables": {"files": ("OPAL_2003_I599181",), **tables},
    }


def test_a_fit_to_a_table_lowers_its_chi_squared(tmp_path):
    card = fit_card(events=500, steps=2, first_divergence=1.0, last_divergence=1.0, prior=50.0)
    train_hadronization(card, tmp_path)
    import json

    curve = json.loads((tmp_path / "metrics.json").read_text())["tables"]
    assert curve[1]["chi2"] < curve[0]["chi2"]
    with pytest.raises(CardError, match="no table of the files was measured at 29 GeV"):
        train_hadronization(fit_card(energies=(29.0,)), tmp_path / "other")
