# SPDX-License-Identifier: GPL-3.0-or-later
"""Headers of weights files that are no JSON, or JSON that means nothing: each refused by name."""

import json

import pytest

from mcsurrogate.errors import PythiaError
from mcsurrogate.generators import PythiaChain, hadronization_settings

TENSOR = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}


def header(metadata='{"a":"b"}', **changes):
    return f'{{"__metadata__":{metadata},"t":{json.dumps({**TENSOR, **changes})}}}'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"t":1,"t":2}', 'key "t" appears twice'),
        (header('{"a":"b","a":"c"}'), 'key "a" appears twice'),
        (header() + "x", "JSON header"),
        (header() + "\0{", "zero byte"),
        ("\ufeff" + header(), "byte order mark"),
        ('{"t":' + "[" * 40 + "]" * 40 + "}", "nested too deeply"),
        ('{"t":1e999}', "JSON header"),
        ('{"t":"\x01"}', "JSON header"),
        ('{"t":"\\ud800"}', "JSON header"),
        ('{"t":"open}', "JSON header"),
        ('{"t":NaN}', "JSON header"),
        ('["t"]', "header is no object"),
        ('{"t":1}', "not described completely"),
        (header('{"a":1}'), "no text"),
        (header("[]"), "metadata are no object"),
        (header(shape=[-1]), "shape"),
        (header(shape=[0.5]), "shape"),
        (header(shape=["1"]), "shape"),
        (header(data_offsets=[0]), "offsets"),
        (header(data_offsets=[0, 1e300]), "offsets"),
        (header(data_offsets=[4, 0]), "truncated"),
        (header(data_offsets=[0, 2**64 - 1]), "truncated"),
    ],
)
def test_it_is_refused(text, words, zpole, tmp_path):
    path = tmp_path / "damaged.safetensors"
    content = text.encode()
    path.write_bytes(len(content).to_bytes(8, "little") + content + b"\0\0\0\0")
    lines = [*hadronization_settings("string_breaks"), f"MCSurrogate:weights = {path}", *zpole]
    with pytest.raises(PythiaError) as caught:
        PythiaChain(lines, seed=1)
    assert "damaged.safetensors" in str(caught.value)
    assert words in str(caught.value)
