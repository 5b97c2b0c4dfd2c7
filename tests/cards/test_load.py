# SPDX-License-Identifier: GPL-3.0-or-later
"""Every mistake in a card is reported with file, line, key and remedy."""

import tomllib
from pathlib import Path

import pytest

from mcsurrogate.cards import RunCard, dump_card, load_card
from mcsurrogate.cards.emulator_card import EmulatorCard
from mcsurrogate.cards.reference import card_reference
from mcsurrogate.errors import CardError
from mcsurrogate.hadronization.cards import StringBreakCard

MINIMAL = """seed = 7
[process]
definition = "p p > t t~"
[beams]
sqrt_s = "13 TeV"
pdf = "NNPDF23_lo_as_0130_qed"
"""


@pytest.fixture
def card_file(tmp_path: Path) -> Path:
    path = tmp_path / "card.toml"
    path.write_text(MINIMAL, encoding="utf-8")
    return path


def test_energies_with_a_unit_become_gev(card_file: Path) -> None:
    assert load_card(card_file, RunCard).beams.sqrt_s == 13000.0


def test_the_resolved_card_reads_back_as_itself(card_file: Path, tmp_path: Path) -> None:
    card = load_card(card_file, RunCard)
    again = tmp_path / "resolved.toml"
    again.write_text(dump_card(card), encoding="utf-8")
    assert load_card(again, RunCard) == card
    assert "renormalization" in tomllib.loads(dump_card(card))["scales"]


RUN_CARDS = [p for p in sorted(Path("cards").glob("*.toml")) if "\n[beams]\n" in p.read_text()]


@pytest.mark.parametrize("card", RUN_CARDS, ids=lambda p: p.stem)
def test_shipped_cards_are_valid(card: Path) -> None:
    assert load_card(card, RunCard).seed > 0


def test_shipped_training_cards_are_valid() -> None:
    for path in Path("cards").glob("emulator_*.toml"):
        assert load_card(path, EmulatorCard).seed > 0
    assert load_card(Path("cards/string_breaks_monash.toml"), StringBreakCard).seed > 0


@pytest.mark.parametrize(
    ("old", "new", "where", "remedy"),
    [
        ("sqrt_s", "sqrts", ":5: beams.sqrts: unknown key", "did you mean 'sqrt_s'?"),
        ('"13 TeV"', '"13 cm"', ":5: beams.sqrt_s: 'cm' is no unit of energy", "use one of eV"),
        ('"13 TeV"', '"13"', ":5: beams.sqrt_s: '13' has no unit", "'13 TeV'"),
        ('"13 TeV"', "-13.0", ":5: beams.sqrt_s: ", "(given: -13.0)"),
        ('"13 TeV"', "nan", ":5: beams.sqrt_s: ", "GeV"),
        ("seed = 7", "seed = 0", ":1: seed: ", "greater than or equal to 1"),
        ("seed = 7", "", "seed: required and missing", "random number"),
        ('definition = "p p > t t~"', "", ":2: process: give one of `definition`", "`pythia`"),
        ("sqrt_s =", 'particles = ["p", "K+"]\nsqrt_s =', ":5: beams.particles", "'mu-'"),
        (
            "[process]",
            '[[cuts]]\nobservable = "eta"\nminimum = -2.5\nmaximum = 2.5\n[process]',
            ": cuts",
            "leave the minimum out",
        ),
        ("[process]", '[[cuts]]\nobservable = "pt"\n[process]', ": cuts", "needs a minimum"),
        ('"13 TeV"', "=", "not valid TOML", "line 5"),
    ],
)
def test_a_mistake_names_file_line_key_and_remedy(
    card_file: Path, old: str, new: str, where: str, remedy: str
) -> None:
    card_file.write_text(MINIMAL.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(CardError) as caught:
        load_card(card_file, RunCard)
    message = str(caught.value)
    assert message.startswith(str(card_file))
    assert where in message
    assert remedy in message


def test_tolerances_by_observable(card_file: Path) -> None:
    section = "[validation.tolerance]\nthrust = 0.02\ndefault = 0.01\n"
    card_file.write_text(MINIMAL + section, encoding="utf-8")
    found = load_card(card_file, RunCard).validation.tolerance
    assert found == {"thrust": 0.02, "default": 0.01}
    card_file.write_text(MINIMAL + section.replace("0.02", "2"), encoding="utf-8")
    with pytest.raises(CardError, match="less than 1"):
        load_card(card_file, RunCard)


def test_all_mistakes_are_reported_at_once(card_file: Path) -> None:
    card_file.write_text(MINIMAL + "[scales]\nalpha_s = 7\ncolour = 1\n", encoding="utf-8")
    with pytest.raises(CardError) as caught:
        load_card(card_file, RunCard)
    assert "scales.alpha_s" in str(caught.value)
    assert "scales.colour" in str(caught.value)


def test_a_missing_card_is_an_error_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(CardError, match="cannot be read"):
        load_card(tmp_path / "none.toml", RunCard)


def test_the_reference_page_is_that_of_the_models() -> None:
    # python -m mcsurrogate.cards.reference > docs/cards.md
    assert Path("docs/cards.md").read_text(encoding="utf-8") == card_reference()
