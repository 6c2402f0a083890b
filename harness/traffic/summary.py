"""The figures of some traffic, each with the band in which it should be, and what plots show."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final, final

import numpy as np

from harness.traffic import bands, figures
from harness.traffic.bands import Band
from harness.traffic.call_columns import CallColumns, columns_of_world, instant_of
from harness.traffic.erlang import blocking_share, trunks_for
from harness.traffic.figures import HOUR, MINUTE, BusyHour
from harness.world.traffic_profile import DIRECTION_NAMES, DISPOSITION_NAMES, TrafficProfile
from harness.world.world import World

BLOCKING_AIMED_AT: Final = 0.01
ANSWER_QUANTILES: Final = (0.5, 0.9, 0.95, 0.99)
WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
# What calls must tell for a figure.
_TOLD: Final = "records that tell it"
_ANSWERED: Final = "answered calls"
_TWO_HOURS: Final = "two hours of calls, of which the first does not count"
_TALK_EDGES: Final = (0, 5, 10, 20, 30, 60, 120, 240, 480, 960, 1920, 86_400)
_TALK_LABELS: Final = (
    "< 5 s", "< 10 s", "< 20 s", "< 30 s", "< 1 min", "< 2 min", "< 4 min", "< 8 min", "< 16 min", "< 32 min",
    "longer",
)  # fmt: skip


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure: its value (None where the calls do not tell) and its band (None where nothing says what is due).

    `unit` is "", "%" (the value is a share of 1), "s", "E" or "calls"; `meaning` says how it is measured, `needs`
    what it takes.
    """

    key: str
    label: str
    value: float | None
    unit: str
    meaning: str
    band: Band | None = None
    needs: str = ""

    @property
    def why_missing(self) -> str:
        """Why there is no value; empty where there is one."""
        return f"none: it takes {self.needs}" if self.value is None else ""

    @property
    def is_off(self) -> bool:
        """Whether the value lies outside its band."""
        return self.value is not None and self.band is not None and not self.band.holds(self.value)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """Shares side by side: what was measured and, where it is known, what the profile says."""

    title: str
    labels: tuple[str, ...]
    measured: tuple[float, ...]
    expected: tuple[float, ...] | None = None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficSummary:
    """What is to be said of some traffic: its window, its figures and its plots."""

    profile: str | None
    calls: int
    begin: datetime
    end: datetime
    busy_hour_begin: datetime | None
    figures: tuple[Figure, ...]
    plots: tuple[Plot, ...]

    @property
    def off(self) -> tuple[Figure, ...]:
        """The figures outside their bands."""
        return tuple(figure for figure in self.figures if figure.is_off)

    def as_json(self) -> Mapping[str, object]:
        """The summary as a tree for JSON: shares are of 1, durations in seconds, instants in ISO 8601."""
        return {
            "schema_version": 1,
            "profile": self.profile,
            "calls": self.calls,
            "begin": self.begin.isoformat(),
            "end": self.end.isoformat(),
            "busy_hour_begin": self.busy_hour_begin.isoformat() if self.busy_hour_begin is not None else None,
            "figures": [
                {
                    "key": figure.key,
                    "value": figure.value,
                    "unit": figure.unit,
                    "meaning": figure.meaning,
                    "why_missing": figure.why_missing or None,
                    "band": asdict(figure.band) if figure.band is not None else None,
                    "in_band": None if figure.value is None or figure.band is None else not figure.is_off,
                }
                for figure in self.figures
            ],
            "plots": [asdict(plot) for plot in self.plots],
        }


def summarize_world(world: World, *, trunks: int | None = None) -> TrafficSummary:
    """The summary of the generated calls of a world, with the bands of its profile.

    Raises UsageProblem for a world without such calls.
    """
    expected = None
    if world.window is not None and world.profile is not None:
        expected = world.window.expected_calls(world.profile)
    return summarize_traffic(columns_of_world(world), world.profile, trunks=trunks, expected_calls=expected)


def summarize_traffic(
    calls: CallColumns,
    profile: TrafficProfile | None,
    *,
    trunks: int | None = None,
    expected_calls: float | None = None,
) -> TrafficSummary:
    """The summary of some calls, one at least; bands are those of the profile.

    Blocking is that of `trunks` or, without them, of the fewest that block at most 1 %. `expected_calls` is how many
    calls should be in the window, where their number was not chosen.
    """
    busy = figures.busy_hour_of(calls)
    found = [
        *_count_figures(calls, profile, expected_calls),
        *_ending_figures(calls, profile),
        *_duration_figures(calls, profile),
        *_arrival_figures(calls, profile, busy, trunks),
        *_share_figures(calls, profile),
    ]
    return TrafficSummary(
        profile=profile.name if profile is not None else None,
        calls=len(calls),
        begin=instant_of(calls.begin),
        end=instant_of(calls.end),
        busy_hour_begin=instant_of(busy.begin) if busy is not None else None,
        figures=tuple(found),
        plots=tuple(_plots(calls, profile)),
    )


def _count_figures(
    calls: CallColumns, profile: TrafficProfile | None, expected_calls: float | None
) -> Iterator[Figure]:
    band = None
    if profile is not None and expected_calls is not None:
        band = bands.count_band(expected_calls, profile)
    yield Figure(
        key="calls",
        label="calls",
        value=len(calls),
        unit="calls",
        band=band,
        meaning="calls that were begun",
    )


def _ending_figures(calls: CallColumns, profile: TrafficProfile | None) -> Iterator[Figure]:
    count = len(calls)
    yield Figure(
        key="asr",
        label="ASR",
        value=figures.answer_seizure_ratio(calls),
        unit="%",
        band=bands.share_band(profile.shares_of_dispositions[0], count) if profile else None,
        meaning="answer seizure ratio: answered calls by all (ITU-T E.411)",
    )
    yield Figure(
        key="ner",
        label="NER",
        value=figures.network_effectiveness_ratio(calls),
        unit="%",
        band=bands.share_band(bands.delivered_share(profile), count) if profile else None,
        meaning="network effectiveness ratio: answered, busy, ringing or rejected at the end, by all (ITU-T E.425)",
        needs=_TOLD,
    )


def _duration_figures(calls: CallColumns, profile: TrafficProfile | None) -> Iterator[Figure]:
    talk, delay = calls.talk_seconds, calls.answer_seconds
    count = len(talk)
    yield Figure(
        key="acd",
        label="ACD",
        value=figures.average_call_duration(calls),
        unit="s",
        band=bands.mean_band(profile.talk.mean, profile.talk.deviation, count) if profile else None,
        meaning="average call duration: from answer to end, of answered calls",
        needs=_ANSWERED,
    )
    yield Figure(
        key="talk-law-distance",
        label="talk time, KS distance",
        value=figures.distance_from_law(talk, profile.talk) if profile else None,
        unit="",
        band=bands.law_distance_band(count) if profile else None,
        meaning="Kolmogorov-Smirnov distance of talk time from the profile's law",
        needs=_ANSWERED if profile else "a profile",
    )
    for share in ANSWER_QUANTILES:
        yield Figure(
            key=f"answer-delay-p{share * 100:.0f}",
            label=f"answer delay, {100 * share:.0f} %",
            value=figures.quantile(delay, share),
            unit="s",
            band=bands.answer_delay_band(profile, share, count) if profile else None,
            meaning=f"{100 * share:.0f} % of the answered calls were answered within so many seconds of their start",
            needs=_ANSWERED,
        )


def _arrival_figures(
    calls: CallColumns, profile: TrafficProfile | None, busy: BusyHour | None, trunks: int | None
) -> Iterator[Figure]:
    busy_bands = bands.busy_hour_bands(profile, begin=calls.begin, end=calls.end) if profile else None
    yield Figure(
        key="bhca",
        label="BHCA",
        value=busy.attempts if busy else None,
        unit="calls",
        band=busy_bands.attempts if busy_bands else None,
        meaning="busy hour call attempts: in the continuous hour with most of them (ITU-T E.600)",
        needs=_TWO_HOURS,
    )
    share = figures.busy_hour_share(calls)
    yield Figure(
        key="busy-hour-share",
        label="busy hour's share",
        value=share[0] if share else None,
        unit="%",
        band=bands.busy_hour_share_band(profile, share[1]) if profile and share else None,
        meaning="attempts of the busiest hour by those of its day, on the busiest whole day (ITU-T E.600)",
        needs="a whole day (UTC) with calls",
    )
    yield from _trunk_figures(busy, busy_bands.erlangs if busy_bands else None, trunks)
    counts = figures.hourly_counts(calls, calls.begins_session)
    yield Figure(
        key="index-of-dispersion",
        label="index of dispersion",
        value=figures.index_of_dispersion(counts),
        unit="",
        band=bands.dispersion_band(counts) if profile and calls.begins_session is not None and len(counts) else None,
        meaning="variance of arrivals a minute by their mean, within clock hours; of sessions, where they are known",
        needs="a whole clock hour with arrivals",
    )


def _trunk_figures(busy: BusyHour | None, band: Band | None, trunks: int | None) -> Iterator[Figure]:
    yield Figure(
        key="carried-erlangs",
        label="carried traffic",
        value=busy.erlangs if busy else None,
        unit="E",
        band=band,
        meaning="mean number of calls in progress in the busy hour (erlangs, ITU-T E.600)",
        needs=_TWO_HOURS,
    )
    wanted = trunks
    if wanted is None and busy is not None:
        wanted = trunks_for(busy.erlangs, blocking=BLOCKING_AIMED_AT)
    blocked = None
    if band is not None and wanted is not None:
        expected, low, high = (blocking_share(offered, wanted) for offered in (band.expected, band.low, band.high))
        blocked = Band(expected, low, high)
    yield Figure(
        key="trunks",
        label="trunks",
        value=wanted,
        unit="",
        meaning="as given"
        if trunks is not None
        else f"the fewest that block {100 * BLOCKING_AIMED_AT:.0f} % or less",
        needs=_TWO_HOURS,
    )
    yield Figure(
        key="blocking",
        label="blocking",
        value=blocking_share(busy.erlangs, wanted) if busy is not None and wanted is not None else None,
        unit="%",
        band=blocked,
        meaning="share of attempts that would find these trunks busy, for the carried traffic (Erlang B)",
        needs=_TWO_HOURS,
    )


def _share_figures(calls: CallColumns, profile: TrafficProfile | None) -> Iterator[Figure]:
    count, answered = len(calls), int(calls.is_answered.sum())
    for name, share, expected in zip(
        DISPOSITION_NAMES,
        figures.shares_of(calls.dispositions, len(DISPOSITION_NAMES)),
        profile.shares_of_dispositions if profile else (0.0,) * len(DISPOSITION_NAMES),
        strict=True,
    ):
        yield Figure(
            key=f"disposition-{name}",
            label=name,
            value=share,
            unit="%",
            band=bands.share_band(expected, count) if profile else None,
            meaning=f"calls that ended {name}, by all",
        )
    measured = None if calls.directions is None else figures.shares_of(calls.directions, len(DIRECTION_NAMES))
    directions = bands.direction_shares(profile) if profile else (0.0,) * len(DIRECTION_NAMES)
    # Calls that try again have the direction of the first, so that directions come in clusters, too.
    clusters = bands.session_clusters(profile) if profile and profile.redial else 1.0
    for place, (name, expected) in enumerate(zip(DIRECTION_NAMES, directions, strict=True)):
        yield Figure(
            key=f"direction-{name}",
            label=name,
            value=measured[place] if measured else None,
            unit="%",
            band=bands.share_band(expected, count, clusters=clusters) if profile else None,
            meaning=f"{name} calls, by all",
            needs=_TOLD,
        )
    for key, flags, share in (
        ("transferred", calls.transferred, bands.transferred_share(profile) if profile else 0.0),
        ("recorded", calls.recorded, bands.recorded_share(profile) if profile else 0.0),
    ):
        yield Figure(
            key=key,
            label=key,
            value=figures.share_of_answered(calls, flags),
            unit="%",
            band=bands.share_band(share, answered) if profile else None,
            meaning=f"answered calls that were {key}, by all answered ones",
            needs=_TOLD if flags is None else _ANSWERED,
        )
    known = calls.lines is not None and len(calls.lines) > 0
    yield Figure(
        key="busiest-line-share",
        label="busiest line's share",
        value=figures.busiest_line_share(calls),
        unit="%",
        band=bands.busiest_line_band(profile, len(calls.lines))
        if profile and known and calls.lines is not None
        else None,
        meaning="calls of the busiest line by those of all lines of the home customer",
        needs="calls of lines of the home customer",
    )


# --- plots --------------------------------------------------------------------------------------------------


def _plots(calls: CallColumns, profile: TrafficProfile | None) -> Iterator[Plot]:
    first, minutes = calls.begin // MINUTE, max(-(-calls.end // MINUTE) - calls.begin // MINUTE, 1)
    hours = (calls.started // HOUR) % 24
    # 1970-01-01 was a Thursday.
    days = (calls.started // (24 * HOUR) + 3) % 7
    by_hour = by_day = None
    if profile is not None:
        weights = bands.expected_per_minute(profile, first, minutes)
        numbers = first + np.arange(minutes)
        by_hour = _normalized(np.bincount(numbers // 60 % 24, weights=weights, minlength=24).tolist())
        by_day = _normalized(np.bincount((numbers // 1440 + 3) % 7, weights=weights, minlength=7).tolist())
    yield Plot(
        title="Arrivals by hour (UTC)",
        labels=tuple(f"{hour:02d}" for hour in range(24)),
        measured=figures.shares_of(hours, 24),
        expected=by_hour,
    )
    yield Plot(title="Arrivals by weekday", labels=WEEKDAYS, measured=figures.shares_of(days, 7), expected=by_day)
    edges = np.asarray(_TALK_EDGES, dtype=np.float64)
    talk = calls.talk_seconds
    counted = np.histogram(talk, bins=edges)[0] / max(len(talk), 1)
    law = None
    if profile is not None:
        below = profile.talk.cdf_below(edges)
        below[-1] = 1.0
        law = tuple(np.diff(below).tolist())
    yield Plot(title="Talk time", labels=_TALK_LABELS, measured=tuple(counted.tolist()), expected=law)
    yield Plot(
        title="How calls end",
        labels=DISPOSITION_NAMES,
        measured=figures.shares_of(calls.dispositions, len(DISPOSITION_NAMES)),
        expected=profile.shares_of_dispositions if profile else None,
    )
    if calls.directions is not None:
        yield Plot(
            title="Directions",
            labels=DIRECTION_NAMES,
            measured=figures.shares_of(calls.directions, len(DIRECTION_NAMES)),
            expected=bands.direction_shares(profile) if profile else None,
        )


def _normalized(weights: Sequence[float]) -> tuple[float, ...]:
    total = math.fsum(weights) or 1.0
    return tuple(weight / total for weight in weights)
