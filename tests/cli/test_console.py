# SPDX-License-Identifier: GPL-3.0-or-later
"""What a log says of progress: as text and as JSON, with rate and time left."""

import json
import logging
import re
import warnings

import pytest

from mcsurrogate.cli import console


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(console.time, "monotonic", lambda: now[0])
    yield now
    console.set_up()


def tell(clock: list[float], log_format: str) -> None:
    console.set_up(log_level="info", log_format=log_format)
    log = console._ProgressLog("shower")
    for done in (500, 500, 600):  # a run that continues: 500 were there
        log(done, 1000, "events")
        clock[0] += 20.0
    log(700, 1000, "events")
    console.warn("something is odd")


def test_a_log_tells_rate_and_time_left(
    clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    tell(clock, "text")
    lines = capsys.readouterr().err.splitlines()
    assert lines[-2].endswith("info: shower: 70% events (3.33 a second, 0:01:30 left)")
    assert lines[-1] == "warning: something is odd"


def test_a_log_is_json_a_line(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    tell(clock, "json")
    *_, last, warning = map(json.loads, capsys.readouterr().err.splitlines())
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", last["time"])
    assert (last["task"], last["done"], last["total"]) == ("shower", 700, 1000)
    assert last["rate"] == pytest.approx(200 / 60)
    assert last["seconds_left"] == pytest.approx(90)
    assert (warning["level"], warning["message"]) == ("warning", "something is odd")


def test_a_warning_of_ours_is_told_once_and_without_its_place_in_the_sources(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)  # and back
    console.set_up()
    for line in (3, 4, 3):
        for place in (console.__file__, "/elsewhere/own.py"):
            warnings.showwarning(UserWarning("odd"), UserWarning, place, line)
    told = capsys.readouterr().err
    assert told.splitlines()[0] == "warning: odd"
    assert console.__file__ not in told
    assert told.count("/elsewhere/own.py:3: UserWarning: odd") == 1
    assert console.number_of_warnings() == 3
    console.set_up()
    logging.captureWarnings(capture=False)
