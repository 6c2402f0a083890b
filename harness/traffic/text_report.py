"""A summary of traffic as text: a table of figures with their bands, and bars."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from harness.traffic.call_columns import instant_of
from harness.traffic.profile_fit import FittedProfile
from harness.traffic.record_columns import RecordedTraffic
from harness.traffic.summary import Figure, Plot, TrafficSummary
from harness.world.call_times import NEVER

_EIGHTHS: Final = " ▏▎▍▌▋▊▉█"
_LEVELS: Final = "▁▂▃▄▅▆▇█"
_PLAIN_LEVELS: Final = ".:-=+*#@"
_BAR_WIDTH: Final = 36
_SPARK_FROM: Final = 16


def summary_text(summary: TrafficSummary, *, title: str, blocks: bool = True) -> str:
    """The summary as lines; without `blocks`, bars are of ASCII characters."""
    return "\n".join(_summary_lines(summary, title, blocks)) + "\n"


def _summary_lines(summary: TrafficSummary, title: str, blocks: bool) -> Iterator[str]:
    yield f"{title}, {window_text(summary)}"
    yield ""
    yield f"{'figure':<24}{'value':>12}   should be"
    for figure in summary.figures:
        mark = "" if figure.band is None or figure.value is None else ("OFF" if figure.is_off else "ok")
        due = figure.why_missing or band_text(figure)
        yield f"{figure.label:<24}{value_text(figure):>12}   {due:<22}  {mark}".rstrip()
    for plot in summary.plots:
        yield ""
        yield plot.title + ("" if plot.expected is None else ": measured, and what the profile says")
        yield from _spark_lines(plot, blocks) if len(plot.labels) >= _SPARK_FROM else _bar_lines(plot, blocks)
    yield ""
    yield closing_text(summary)


_DURATION_LABELS: Final = {
    "talk": "talk time",
    "setup": "setup",
    "ring_until_answer": "ring until answer",
    "ring_until_no_answer": "ring, no answer",
    "ring_until_cancel": "ring until cancelled",
}


def fit_text(fitted: FittedProfile, traffic: RecordedTraffic) -> str:
    """What a profile was fitted to, and how well, as lines."""
    calls = traffic.calls
    begin, end = instant_of(calls.begin), instant_of(calls.end)
    lines = [f"fitted to {len(calls):,} calls from {begin:%Y-%m-%d %H:%M} until {end:%Y-%m-%d %H:%M} UTC"]
    if traffic.skipped:
        shown = ", ".join(map(str, traffic.skipped[:20]))
        more = ", ..." if len(traffic.skipped) > 20 else ""
        lines.append(f"left out {len(traffic.skipped)} lines that tell no call: {shown}{more}")
    lines.append(f"{100 * float(calls.is_answered.mean()):.1f} % answered")
    for key, laws in fitted.laws:
        if laws:
            tried = ", ".join(f"{law.name} KS {law.distance:.4f}" for law in laws)
            lines.append(f"{_DURATION_LABELS[key]}, {laws[0].count:,} calls: {tried}")
        elif key == "setup" and not (traffic.rang != NEVER).any():
            lines.append("setup: not told; all of the time until the answer is taken for ringing")
        else:
            lines.append(f"{_DURATION_LABELS[key]}: too few calls tell it; as in an office")
    return "\n".join(lines) + "\n"


def window_text(summary: TrafficSummary) -> str:
    """When the calls were, in a few words."""
    text = f"{summary.calls:,} calls from {summary.begin:%Y-%m-%d %H:%M} until {summary.end:%Y-%m-%d %H:%M} UTC"
    if summary.busy_hour_begin is not None:
        text += f", busiest hour from {summary.busy_hour_begin:%Y-%m-%d %H:%M}"
    return text


def closing_text(summary: TrafficSummary) -> str:
    """Whether the figures lie in their bands, as a sentence."""
    judged = sum(figure.band is not None and figure.value is not None for figure in summary.figures)
    missing = sum(figure.value is None for figure in summary.figures)
    # Who reads that all is well must see how much of it was there.
    there = f"All {judged} figures" if not missing else f"The {judged} figures that could be measured"
    rest = "." if not missing else f"; {missing} could not."
    if not judged:
        return "There is no profile to hold these figures against."
    if not summary.off:
        return f"{there} lie in the bands of the profile {summary.profile}{rest}"
    names = ", ".join(figure.label for figure in summary.off)
    outside = (
        f"{len(summary.off)} of {judged} figures lie outside the bands of the profile {summary.profile}: {names}"
    )
    return outside + rest


def value_text(figure: Figure) -> str:
    """The value of a figure with its unit; `-` where there is none."""
    return "-" if figure.value is None else _number_text(figure.value, figure.unit)


def band_text(figure: Figure) -> str:
    """The band of a figure; empty where there is none."""
    if figure.band is None:
        return ""
    return f"{_number_text(figure.band.low, figure.unit)} to {_number_text(figure.band.high, figure.unit)}"


def _number_text(value: float, unit: str) -> str:
    match unit:
        case "%":
            return f"{100 * value:.2f} %" if value < 0.1 else f"{100 * value:.1f} %"
        case "calls":
            return f"{value:,.0f}"
        case "s" | "E":
            return f"{value:.1f} {unit}"
        case _:
            return f"{value:,.0f}" if float(value).is_integer() and value else f"{value:.4f}"


def _spark_lines(plot: Plot, blocks: bool) -> Iterator[str]:
    levels = _LEVELS if blocks else _PLAIN_LEVELS
    most = max((*plot.measured, *(plot.expected or ()))) or 1.0
    for name, shares in (("measured", plot.measured), ("profile", plot.expected)):
        if shares is not None:
            # Two characters a bar, so that labels fit below.
            yield f"  {name:<9}" + "".join(2 * levels[min(int(share / most * 8), 7)] for share in shares)
    labels = (f"{label:<2}" if place % 3 == 0 else "  " for place, label in enumerate(plot.labels))
    yield (" " * 11 + "".join(labels)).rstrip()


def _bar_lines(plot: Plot, blocks: bool) -> Iterator[str]:
    most = max((*plot.measured, *(plot.expected or ()))) or 1.0
    for place, (label, share) in enumerate(zip(plot.labels, plot.measured, strict=True)):
        known = "" if plot.expected is None else f"{100 * plot.expected[place]:6.1f} %"
        yield f"  {label:<10}{_bar(share / most, blocks):<{_BAR_WIDTH}}{100 * share:6.1f} %{known}".rstrip()


def _bar(share: float, blocks: bool) -> str:
    eighths = round(share * _BAR_WIDTH * 8)
    if not blocks:
        return "#" * round(eighths / 8)
    return "█" * (eighths // 8) + (_EIGHTHS[eighths % 8] if eighths % 8 else "")
