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


def test_changed_flags_are_named(zpole):
    lines = [*hadronization_settings("string_breaks"), "StringZ:usePetersonC = on", *zpole]
    chain = PythiaChain(lines, seed=1)
    assert any("replace these changed settings" in text for text in chain.statistics.messages)
    assert any("StringZ:usePetersonC" in text for text in chain.statistics.messages)
