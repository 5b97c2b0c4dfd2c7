# SPDX-License-Identifier: GPL-3.0-or-later
"""Observables that a user writes: found, used, and every mistake led back to its line."""

import numpy as np
import pytest
from typer.testing import CliRunner

from mcsurrogate.cli import app
from mcsurrogate.cli.options import read_card
from mcsurrogate.errors import ValidationError
from mcsurrogate.validation import load_observables, validate

GOOD = '''
import numpy as np
from mcsurrogate.validation import Values, linear, observable


@observable(edges=linear(0, 60, 30), label=r"$E_\\gamma$", unit="GeV")
def photon_energy(events):
    """Energy in photons

    sum over all photons of the final state
    """
    photons = events.final.where(events.final.pid == 22)
    return photons.sum_over(photons.energy)


@observable(edges=linear(0, 5, 20), title="Squared")
def photon_pt2(events):
    photons = events.final.where(events.final.pid == 22)
    return Values(photons.pt**2, photons.event)
'''


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / "my_observables.py"
        path.write_text(text)
        return path

    return write


def test_functions_become_observables(write, z_files, tmp_path):
    path = write(GOOD)
    energy, squared = load_observables(path)
    assert (energy.name, energy.title, energy.unit) == (
        "photon_energy",
        "Energy in photons",
        "GeV",
    )
    assert energy.definition == "sum over all photons of the final state"
    assert squared.title == "Squared"
    found = validate(
        *z_files, tmp_path / "out", observables=["thrust"], observables_file=path, reservoir=0
    )
    by_name = {r.observable.name: r for r in found.comparison.results}
    assert set(by_name) == {"thrust", "photon_energy", "photon_pt2"}
    # photons take a quarter of the energy of a Z decay
    sums = by_name["photon_energy"].reference
    centres = 0.5 * (np.asarray(sums.edges[1:]) + np.asarray(sums.edges[:-1]))
    assert 15.0 < float((sums.mean[1:-1] * centres).sum() / sums.mean[1:-1].sum()) < 35.0
    assert "photon_energy" in found.report.read_text()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def f(:\n", r"my_observables\.py:1: "),
        ("import numpy\n\nnumpy.no_such\n", r"my_observables\.py:3: AttributeError"),
        ("x = 1\n", "defines no observable; write @observable"),
        (GOOD.replace("photon_energy", "thrust"), "'thrust' is the name of a shipped observable"),
        (GOOD.replace("linear(0, 60, 30)", "(1, 1)"), "photon_energy: edges must be"),
    ],
)
def test_mistakes_are_named(write, text, message):
    with pytest.raises(ValidationError, match=message):
        load_observables(write(text))


def test_missing_file(tmp_path):
    with pytest.raises(ValidationError, match="no such Python file"):
        load_observables(tmp_path / "none.py")


def test_a_failing_function_is_named_with_its_line(write, z_files, tmp_path):
    path = write(GOOD.replace("photons.sum_over(photons.energy)", "photons.no_such"))
    with pytest.raises(ValidationError, match=r"photon_energy: .*AttributeError.*:13\)"):
        validate(*z_files, tmp_path / "out", observables=["thrust"], observables_file=path)
    assert not (tmp_path / "out").exists()


def test_the_card_names_the_file(write, tmp_path):
    write(GOOD)
    card = tmp_path / "card.toml"
    card.write_text(
        'seed = 1\n[process]\ndefinition = "g g > t t~"\n[beams]\nsqrt_s = 1000\n'
        '[validation]\nobservables_file = "my_observables.py"\n'
    )
    assert read_card(card).validation.observables_file == str(tmp_path / "my_observables.py")
    (tmp_path / "my_observables.py").unlink()
    with pytest.raises(ValidationError, match="no such Python file"):
        read_card(card)


def test_the_command_line_lists_and_takes_observables(write, z_files, tmp_path):
    runner = CliRunner()
    listed = runner.invoke(app, ["validate", "--list"])
    assert listed.exit_code == 0
    assert "charged_xi" in listed.output
    assert "ee_z" in listed.output
    out = tmp_path / "report"
    arguments = [*map(str, z_files), "--observable", "thrust", "--out", str(out)]
    result = runner.invoke(
        app, ["validate", *arguments, "--observables-file", str(write(GOOD)), "--weight", "double"]
    )
    assert result.exit_code == 0, result.output
    assert "photon_pt2" in (out / "metrics.json").read_text()
