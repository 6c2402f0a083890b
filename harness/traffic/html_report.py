"""A summary of traffic as one self-contained HTML page, with its plots as SVG."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Final, final

import jinja2

from harness.traffic.summary import Figure, Plot, TrafficSummary
from harness.traffic.text_report import band_text, closing_text, value_text, window_text

_WIDTH: Final = 360
_HEIGHT: Final = 150
_FOOT: Final = 18
_HEAD: Final = 14
# More characters than these do not stand side by side below a plot.
_MOST_CHARACTERS: Final = 42


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar of a plot in units of its drawing: where it stands, how high it is, where the profile wants its top."""

    x: float
    width: float
    y: float
    height: float
    middle: float
    label: str
    hint: str
    mark: float | None


def summary_html(summary: TrafficSummary, *, title: str) -> str:
    """The page: a sentence, the table of figures with their bands, the plots; light and dark, from 390 pixels on."""
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    folder = files("harness.traffic").joinpath("templates")
    template = environment.from_string(folder.joinpath("traffic.html.j2").read_text(encoding="utf-8"))
    return template.render(
        title=title,
        window=window_text(summary),
        closing=closing_text(summary),
        is_off=bool(summary.off),
        figures=[
            (figure, value_text(figure), figure.why_missing or band_text(figure), _mark_of(figure))
            for figure in summary.figures
        ],
        plots=[(plot, tuple(_bars(plot)), _description(plot)) for plot in summary.plots],
        width=_WIDTH,
        height=_HEIGHT,
        foot=_HEIGHT - _FOOT,
    )


def _mark_of(figure: Figure) -> str:
    if figure.band is None or figure.value is None:
        return ""
    return "off" if figure.is_off else "ok"


def _bars(plot: Plot) -> Iterator[Bar]:
    most = max((*plot.measured, *(plot.expected or ()))) or 1.0
    step = _WIDTH / len(plot.labels)
    room = _HEIGHT - _FOOT - _HEAD
    every = -(-sum(len(label) + 1 for label in plot.labels) // _MOST_CHARACTERS)
    for place, (label, share) in enumerate(zip(plot.labels, plot.measured, strict=True)):
        expected = None if plot.expected is None else plot.expected[place]
        hint = f"{label}: {100 * share:.1f} %" + ("" if expected is None else f", profile {100 * expected:.1f} %")
        yield Bar(
            x=round(place * step + step * 0.12, 2),
            width=round(step * 0.76, 2),
            y=round(_HEAD + room * (1 - share / most), 2),
            height=round(room * share / most, 2),
            middle=round((place + 0.5) * step, 2),
            label=label if place % every == 0 else "",
            hint=hint,
            mark=None if expected is None else round(_HEAD + room * (1 - expected / most), 2),
        )


def _description(plot: Plot) -> str:
    return "; ".join(f"{label} {100 * share:.1f} %" for label, share in zip(plot.labels, plot.measured, strict=True))
