# SPDX-License-Identifier: GPL-3.0-or-later
"""Les Houches files with faults planted at random: a named error, or what the text says."""

import re
import warnings
from pathlib import Path

import numpy as np
import pytest

from mcsurrogate.errors import EventFileError
from mcsurrogate.events.les_houches import read_les_houches

CASES = Path(__file__).parents[1] / "data" / "cases" / "lhe"
NAMES = ("good_eight_events", "weight_order", "event_attributes", "powheg_plain_weights")
BYTES = b"0123456789+-.eEdD <>/'\"\n\t#&;\x00\xffabc"


def mutate(rng: np.random.Generator, text: bytes) -> bytes:
    """Flip, insert or remove bytes, cut the file, or swap, repeat or drop lines."""
    content = bytearray(text)
    lines = text.split(b"\n")
    where, other = (int(i) for i in rng.integers(0, len(lines), 2))
    place = int(rng.integers(0, len(content)))
    match int(rng.integers(0, 8)):
        case 0 | 1:
            content[place] = BYTES[int(rng.integers(0, len(BYTES)))]
        case 2:
            content.insert(place, BYTES[int(rng.integers(0, len(BYTES)))])
        case 3:
            del content[place]
        case 4:
            del content[place:]
        case 5:
            lines[where], lines[other] = lines[other], lines[where]
            return b"\n".join(lines)
        case 6:
            lines.insert(where, lines[other])
            return b"\n".join(lines)
        case _:
            del lines[where]
            return b"\n".join(lines)
    return bytes(content)


def numbers(text: str) -> list[float]:
    return [float(re.sub(r"(?<=[\d.])(?:[dDqQ]|(?=[+-]))", "e", word)) for word in text.split()]


def said(text: str) -> list[tuple[list[float], list[list[float]], dict[str, float]]]:
    """Event line, particle lines and weights of each event, by another way than the reader's."""
    body = text[text.index("</init>") :]
    declared = [
        name.strip()
        for name in re.findall(r"<weight\s[^>]*?id\s*=\s*'([^']*)'", text[: text.index("</init>")])
    ]
    events = []
    quoted = r"""(?:"[^"]*"|'[^']*'|[^>"'])*"""  # attributes: a > within quotes ends no tag
    for block in re.findall(rf"<event(?:\s{quoted})?>(.*?)</event>", body, re.DOTALL):
        lines = [line for line in block.split("\n") if line.strip()]
        first = numbers(lines[0])
        rows = [numbers(line) for line in lines[1 : 1 + int(first[0])]]
        named = {
            name.strip(): numbers(value)[0]
            for _, name, value in re.findall(
                r"<wgt\s[^>]*?id\s*=\s*(['\"])(.*?)\1[^>]*>(.*?)</wgt>", block, re.DOTALL
            )
        }
        plain = re.search(r"<weights[^>]*>(.*?)</weights>", block, re.DOTALL)
        if plain:
            values = numbers(plain[1])
            names = declared or [f"weight_{i + 1}" for i in range(len(values))]
            named |= dict(zip(names, values, strict=False))
        events.append((first, rows, named))
    return events


@pytest.mark.parametrize(
    "count", [pytest.param(1500, id="few"), pytest.param(60_000, id="many", marks=pytest.mark.slow)]
)
def test_faults_are_named_or_read_as_they_stand(tmp_path: Path, count: int) -> None:
    rng = np.random.default_rng(20261130)
    path = tmp_path / "mutated.lhe"
    texts = [(CASES / f"{name}.lhe").read_bytes() for name in NAMES]
    read = refused = 0
    for trial in range(count):
        text = mutate(rng, texts[trial % len(texts)])
        path.write_bytes(text)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)
                run, batches = read_les_houches(path, batch_size=3)
            found = list(batches)
        except EventFileError as error:
            refused += "mutated.lhe" in str(error)
            continue
        read += 1
        visible = re.sub(
            r"<!--.*?-->", "", text.decode("utf-8", "surrogateescape"), flags=re.DOTALL
        )
        expected = said(visible)
        assert sum(len(batch) for batch in found) == len(expected), trial
        position = 0
        for batch in found:
            for i in range(len(batch)):
                first, rows, named = expected[position]
                position += 1
                part = slice(batch.offsets[i], batch.offsets[i + 1])
                assert len(rows) == first[0] == part.stop - part.start, trial
                assert batch.weights[i, 0] == first[2], trial
                assert [batch.scale[i], batch.alpha_qed[i], batch.alpha_s[i]] == first[3:6], trial
                table = np.array(rows)
                np.testing.assert_array_equal(batch.pdg_id[part], table[:, 0])
                np.testing.assert_array_equal(batch.parents[part], table[:, 2:4])
                np.testing.assert_array_equal(batch.momenta[part][:, [1, 2, 3, 0]], table[:, 6:10])
                np.testing.assert_array_equal(batch.lifetime[part], table[:, 11])
                np.testing.assert_array_equal(batch.helicity[part], table[:, 12])
                columns = dict(zip(run.weight_names[1:], batch.weights[i, 1:], strict=True))
                assert columns == named, trial
    assert read + refused == count
    assert min(read, refused) > count // 10
