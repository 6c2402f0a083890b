"""The options that choose a world: which traffic, how many calls or which days, and how many calls a day."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, final

import click
from click.core import ParameterSource

from harness.cli.option_values import combine_options, parse_instant, positive_number
from harness.errors import UsageProblem

if TYPE_CHECKING:
    from harness.world.traffic_profile import TrafficProfile
    from harness.world.traffic_window import TrafficWindow
    from harness.world.world import World

LONGEST_WINDOW_DAYS: Final = 3660

_TRAFFIC: Final = click.option(
    "--traffic",
    metavar="PROFILE",
    help="What traffic looks like: office (without it), contact-centre, wholesale, steady, or a YAML file.",
)
_DAYS: Final = click.option(
    "--days",
    type=float,
    callback=positive_number,
    metavar="D",
    help="All calls of so many days, in place of --calls.",
)
_FROM: Final = click.option(
    "--from", "window_begin", metavar="DATE", help="When these days begin (UTC); without --days until now."
)
_PER_DAY: Final = click.option(
    "--per-day",
    type=float,
    callback=positive_number,
    metavar="N",
    help="About so many calls in each 24 hours of these days, on an average over all of them.",
)

traffic_options = combine_options(_TRAFFIC, _DAYS, _FROM, _PER_DAY)
"""`--traffic`, `--days`, `--from` and `--per-day`, for a command that has `--calls` and `--seed`."""

traffic_options_beside_records = combine_options(_TRAFFIC, _DAYS, _PER_DAY)
"""The same for a command whose `--from` may also be a file of records; see `choice_beside_records`."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficChoice:
    """What the options of `traffic_options` say, as they were written."""

    traffic: str | None = None
    days: float | None = None
    window_begin: str | None = None
    per_day: float | None = None

    @property
    def has_window(self) -> bool:
        """Whether days are asked for, and no number of calls."""
        return self.days is not None or self.window_begin is not None

    def arguments(self) -> list[str]:
        """The options as a command line says them; what is as without them is left out."""
        given = (
            ("--traffic", self.traffic),
            ("--days", self.days),
            ("--from", self.window_begin),
            ("--per-day", self.per_day),
        )
        return [word for name, value in given if value is not None for word in (name, str(value))]


def choice_beside_records(values: Mapping[str, Any]) -> tuple[TrafficChoice, dict[str, Any]]:
    """What of a command's options is about traffic, and the rest: a `--from` without `--as` may be a date."""
    rest = dict(values)
    traffic, days, per_day = (rest.pop(name) for name in ("traffic", "days", "per_day"))
    begin = rest["from_file"]
    is_date = begin is not None and re.match(r"\d{4}-\d{2}-\d{2}(?:$|[T ])", begin, re.ASCII)
    if rest["from_kind"] is not None or not is_date:
        return TrafficChoice(traffic=traffic, days=days, per_day=per_day), rest
    choice = TrafficChoice(traffic=traffic, days=days, window_begin=begin, per_day=per_day)
    return choice, rest | {"from_file": None}


def make_chosen_world(
    choice: TrafficChoice,
    *,
    seed: int,
    calls: int,
    instant: datetime,
    instant_given: bool = False,
    usual_profile: TrafficProfile | None = None,
    concurrent: float | None = None,
) -> World:
    """The world that the options choose; `instant` is when it is seen, where they leave that open.

    `usual_profile` is the one where none is chosen, `concurrent` how many calls are in progress in the busiest hour.
    Raises UsageProblem for a profile that nobody knows and for days that contradict themselves.
    """
    from harness.traffic.profile_file import find_profile
    from harness.world.traffic_profile import OFFICE
    from harness.world.world import World

    if choice.traffic is not None:
        profile = find_profile(choice.traffic, where=f"--traffic {choice.traffic}")
    else:
        profile = usual_profile or OFFICE
    if concurrent is not None and choice.per_day is not None:
        raise UsageProblem("--per-day", "no --concurrent with it", "both", "one follows from the other")
    if not choice.has_window:
        if choice.per_day is not None:
            raise UsageProblem("--per-day", "--days or --from with it", "a number of calls", "add --days D")
        return World.of(seed=seed, calls=calls, instant=instant, profile=profile, concurrent=concurrent)
    context = click.get_current_context(silent=True)
    if context is not None and context.get_parameter_source("calls") not in (None, ParameterSource.DEFAULT):
        raise UsageProblem("--calls", "neither --days nor --from with it", f"--calls {calls} and a window of days")
    window = _window_of(choice, instant=instant, instant_given=instant_given)
    if concurrent is not None:
        profile = profile.with_rate(concurrent / profile.mean_call_seconds)
    return World.within(window, seed=seed, profile=profile)


def _window_of(choice: TrafficChoice, *, instant: datetime, instant_given: bool) -> TrafficWindow:
    from harness.world.traffic_window import TrafficWindow

    length = timedelta(days=choice.days) if choice.days is not None else None
    if choice.days is not None and choice.days > LONGEST_WINDOW_DAYS:
        raise UsageProblem("--days", f"at most {LONGEST_WINDOW_DAYS}", f"{choice.days:g}")
    begin, end = None, instant
    if choice.window_begin is not None:
        begin = parse_instant("--from", choice.window_begin)
        if length is not None and not instant_given:
            end = begin + length
    if begin is None:
        begin = end - (length or timedelta(0))
    elif length is not None and begin + length != end:
        raise UsageProblem(
            "--days",
            f"--from without it, where the clock says when the world is seen ({end.isoformat()})",
            "--from, --days and an instant, which do not agree",
            "leave one of them out",
        )
    if begin >= end:
        raise UsageProblem("--from", f"a time before {end.isoformat()}, when the world is seen", begin.isoformat())
    return TrafficWindow(begin=begin, end=end, per_day=choice.per_day)
