# SPDX-License-Identifier: GPL-3.0-or-later
"""The page: what comes from files and users is text, never markup."""

from html.parser import HTMLParser

import jinja2
import numpy as np
import pyhepmc
import pytest

from mcsurrogate.validation import Observable, validate
from mcsurrogate.validation.report.environment import log_p_text, page

PLANTED = """<script>&amp;"quoted"'"""


class Page(HTMLParser):
    """Tags, attributes and text of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.text = set(), [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.text += data


@pytest.fixture(scope="module")
def planted(z_files, tmp_path_factory):
    """Page of samples whose files, weights, tools, labels and observables are named like markup."""
    folder = tmp_path_factory.mktemp("planted")
    paths = [folder / f"{i}{PLANTED.replace('/', '')}.hepmc" for i in (1, 2)]
    for source, path in zip(z_files, paths, strict=True):
        with pyhepmc.open(str(source)) as events, pyhepmc.open(str(path), "w") as out:
            for event, _ in zip(events, range(60), strict=False):
                event.run_info.weight_names = [f"weight:{PLANTED}", f"second:{PLANTED}"]
                event.run_info.tools = [(f"tool {PLANTED}", "1", "")]
                event.weights = [1.0, 1.0 + 0.01 * (event.event_number % 7)]
                out.write(event)
    observable = Observable(
        name=f"name {PLANTED}",
        title=f"title {PLANTED}",
        label="x",
        edges=tuple(np.linspace(0.0, 100.0, 6)),
        compute=lambda events: events.final.sum_over(events.final.energy),
        definition=f"definition {PLANTED}",
    )
    found = validate(
        *paths,
        folder / "out",
        observables=[observable],
        labels=(f"candidate {PLANTED}", f"reference {PLANTED}"),
        parts=[(f"part {PLANTED}", "b", "c")],
        reservoir=0,
    )
    return found.report.read_text()


def test_names_are_text(planted):
    parsed = Page(planted)
    assert "script" not in parsed.tags
    for kind in ("tool", "candidate", "reference", "part", "definition"):
        assert f"{kind} {PLANTED}" in parsed.text, kind
    assert f"weight:{PLANTED}" in parsed.text
    assert f"Weight second:{PLANTED} over the event weight" in parsed.text
    assert f"name {PLANTED}" in parsed.text
    assert f"title {PLANTED}" in parsed.text
    assert f"1{PLANTED}.hepmc" in parsed.text
    # an address that a quote ended would lead nowhere
    assert ("id", f"name {PLANTED}") in parsed.attributes
    assert ("href", f"#name {PLANTED}") in parsed.attributes
    assert ("aria-label", f"title {PLANTED}") in parsed.attributes


def test_a_name_that_a_template_does_not_get_is_an_error():
    with pytest.raises(jinja2.UndefinedError):
        page("index", title="x", runs=[])


def test_small_p_values_are_powers_of_ten():
    assert log_p_text(np.log(0.25)) == "0.250"
    assert str(log_p_text(-1000.0 * np.log(10.0))) == "1.0·10<sup>−1000</sup>"
