# SPDX-License-Identifier: GPL-3.0-or-later
"""What the models ignore or cannot use is refused or named at the initialisation."""

import pytest

from mcsurrogate.errors import PythiaError
from mcsurrogate.generators import PythiaChain, hadronization_settings


@pytest.mark.parametrize(
    ("model", "setting", "words"),
    [
        ("clusters_monash", "Fragmentation:setVertices = on", "Fragmentation:setVertices"),
        ("clusters_monash", "HadronLevel:Rescatter = on", "HadronLevel:Rescatter"),
        ("clusters_monash", "MCSurrogate:model = clusters_monash", "model = clusters and"),
        ("string_breaks", "MCSurrogate:weights = /tmp", "is a folder"),
        ("string_breaks", "MCSurrogate:weights = /none/a b.safetensors", "cut at a space"),
    ],
)
def test_it_is_refused(model, setting, words, zpole):
    with pytest.raises(PythiaError) as caught:
        PythiaChain([*hadronization_settings(model), *zpole, setting], seed=1)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("model", "setting"),
    [
        ("string_breaks", "StringZ:usePetersonC = on"),
        ("string_breaks", "StringZ:useNonstandardB = on"),
        ("string_breaks", "StringFlav:probQQ1toQQ0join = {0.5,0.7,0.9,0.8}"),
        ("clusters_monash", "StringPT:widthPreStrange = 1.2"),
        ("clusters_monash", "StringFragmentation:stopMass = 0.9"),
        ("clusters_monash", "MiniStringFragmentation:nTry = 5"),
        ("clusters_monash", "HadronLevel:mStringMin = 1.1"),
    ],
)
def test_changed_settings_that_are_ignored_are_named(model, setting, zpole):
    name = setting.split()[0]

    def said(lines):
        chain = PythiaChain([*hadronization_settings(model), *lines, *zpole], seed=1)
        return " ".join(chain.statistics.messages)

    assert "replace these changed settings" not in said([])
    message = said([setting])
    assert "replace these changed settings" in message
    assert name in message


def test_settings_of_strings_act_in_string_breaks(zpole):
    lines = [*hadronization_settings("string_breaks"), "StringFragmentation:stopMass = 0.9"]
    chain = PythiaChain([*lines, *zpole], seed=1)
    assert not any("replace these" in text for text in chain.statistics.messages)
