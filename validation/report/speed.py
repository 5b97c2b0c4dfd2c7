"""Section of the report: speed of both chains."""

import math
from collections.abc import Callable
from html import escape

from mcsurrogate.validation.timing import ChainTiming, Timing

__all__ = ["speed_section"]


def _seconds(value: float) -> str:
    if value < 1e-3:
        return f"{1e6 * value:.3g} µs"
    if value < 1.0:
        return f"{1e3 * value:.3g} ms"
    return f"{value:,.0f} s" if value >= 100.0 else f"{value:.3g} s"


def _rate(value: float) -> str:
    """Three digits, in full."""
    if value <= 0.0:
        return "0"
    digits = max(0, 2 - math.floor(math.log10(value)))
    return f"{value:,.{digits}f}"


def _break_even(timing: Timing) -> str:
    number = timing.break_even
    if number is None:
        return (
            "The surrogate chain takes longer for an event than the standard chain: "
            "there is no number of events from which on it pays."
        )
    if number == 0.0:
        return "The surrogate chain is cheaper from the first event on, preparation counted."
    return (
        f"The surrogate chain pays from about {number:,.2g} events on, preparation counted."
        if number < 1e4
        else f"The surrogate chain pays from about {number:.2g} events on, preparation counted."
    )


_ROWS: tuple[tuple[str, Callable[[ChainTiming], str]], ...] = (
    ("events", lambda c: f"{c.events:,}"),
    ("preparation: integration, training, start", lambda c: _seconds(c.preparation)),
    ("time for an event, files included", lambda c: _seconds(c.seconds_an_event)),
    ("of that in Pythia", lambda c: _seconds(c.pythia_seconds / c.events)),
    ("events a second", lambda c: _rate(c.events_a_second)),
    ("events a second, preparation counted", lambda c: _rate(c.events_a_second_in_all)),
)


def speed_section(timing: Timing | None, labels: tuple[str, str]) -> str:
    """HTML of the timing; empty where there is none."""
    if timing is None:
        return ""
    chains = (timing.surrogate, timing.standard)

    rows = "".join(
        f"<tr><td>{name}</td><td>{show(chains[0])}</td><td>{show(chains[1])}</td></tr>"
        for name, show in _ROWS
    )
    notes = " ".join(timing.notes)
    return (
        "<h2 id='speed'>Speed</h2><div class='scroll'><table><tr><th></th>"
        f"<th>{escape(labels[0])}</th><th>{escape(labels[1])}</th></tr>{rows}</table></div>"
        f"<p>{_break_even(timing)} Without preparation it makes {timing.ratio:.3g} times as many "
        f"events a second.</p><p class='soft small'>{escape(notes)}</p>"
    )
