"""Rules on filters on instants: bounds, fractions of a second, zones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from harness.check.context import CheckContext
from harness.check.probe.differences import ASPECTS
from harness.check.probe.expect import check_probe
from harness.check.probe.filter_clauses import note_broken_parameter
from harness.check.probe.filter_values import encode_shown_value, largest_page, open_range_end
from harness.check.probe.mirror import Mirror, largest_page_size
from harness.specification.model import Clauses
from harness.wire.decoded_body import Tree
from harness.wire.parameter_codec import encode_parameter
from harness.wire.scalar_codecs import encode_rfc3339
from harness.wire.scalar_codecs import zone_named as zone_named
from harness.wire.time_codecs import TIME_CODECS, time_step
from harness.wire.zone_codec import zones_to_compare

MONTHS_OF_A_YEAR: Final = 12
# Far enough for a date that turns from one side of the list to the other, wherever in a year the list lies.
DAYS_SEARCHED: Final = 366
_LOWER_BOUNDS: Final = ("at-or-after", "above")
_UPPER_BOUNDS: Final = ("at-or-before", "below")
# Beyond what may still come while the run lasts, and within the window of a list that must be asked for in one.
_NEXT_HOUR: Final = timedelta(hours=1)
_YEARS: Final = timedelta(days=3653)


def check_time_filter(context: CheckContext, mirror: Mirror, name: str, *, first_look: bool = False) -> None:
    """Judges a time bound at the instant of a row, a step before and after, in other offsets, and far out.

    Servers compare by day, by minute, or a second off (`from_by_day`, `from_by_minute`, `from_one_second_late`,
    foreign servers).

    A first look asks for the first two of these points; what follows it asks for the others.
    """
    filter_ = context.listing.filters[name]
    times = sorted(
        instant
        for row in mirror.rows
        for path in filter_.compares
        for instant in row.values(path)
        if isinstance(instant, datetime)
    )
    if len(times) < 2 or times[0] == times[-1]:
        context.results.record_not_exercised(filter_.clause, "fewer than two different times occur")
        return
    fine = any(instant.microsecond for instant in times)
    middle = times[len(times) // 2]
    quarter, late = times[len(times) // 4], times[(3 * len(times)) // 4]
    second = timedelta(seconds=1)
    points = [middle - second, middle + second, quarter, times[0], times[-1], middle]
    parameter = context.listing.parameters[name]
    if fine and parameter.as_ in TIME_CODECS and time_step(parameter.as_, parameter.format) < second:
        points += [middle - timedelta(milliseconds=1), middle + timedelta(milliseconds=1)]
    is_first = _first_bound_alike(context, name) == name
    # Operators of one field read instants alike: what is read is judged of the first, of the others the border.
    points += [middle + timedelta(minutes=1), *_turnable_date(times)] if is_first else []
    if name in mirror.base:
        # Beyond its own window the mirror knows nothing.
        points = [point for point in points if times[0] <= point <= times[-1]]
    points = points[:2] if first_look else points[2:]
    for point in dict.fromkeys(points):
        value = point if fine else point.replace(microsecond=0)
        near = _near_range_end(context, name, value, times)
        judged = _check_time_value(
            context,
            mirror,
            name,
            encode_shown_value(context, name, value),
            filter_.clause,
            f"{name} = {value.isoformat()}",
            near,
        )
        if note_broken_parameter(context, name, judged, filter_.clause):
            break
    if first_look:
        return
    _check_far_from_all(context, mirror, name, times)
    _check_other_zones(context, mirror, name, quarter, late)
    if context.listing.parameters[name].as_ == "rfc3339" and filter_.offsets_clause:
        for place in ("Asia/Ho_Chi_Minh", "America/St_Johns", "UTC"):
            text = encode_rfc3339(late, zone=zone_named(place), places=3 if late.microsecond else 0)
            judged = _check_time_value(context, mirror, name, text, filter_.offsets_clause, f"{name} = {text}")
            if note_broken_parameter(context, name, judged, filter_.offsets_clause):
                return


def _check_far_from_all(context: CheckContext, mirror: Mirror, name: str, times: Sequence[datetime]) -> None:
    """A bound beyond every call keeps none: servers take one in the future, or long ago, for one not given.

    That such a range may be asked for at all no document says: a refusal is as good.
    """
    now = context.options.now
    if now is None or name in context.broken_parameters or _first_bound_alike(context, name) != name:
        return
    keeps_later = context.listing.filters[name].keeps in _LOWER_BOUNDS
    point = max(now.astimezone(UTC), times[-1].astimezone(UTC)) + _NEXT_HOUR if keeps_later else times[0] - _YEARS
    if name in mirror.base and not keeps_later:
        # The window begins before the point: nobody has read what lies between.
        return
    raw = encode_shown_value(context, name, point.replace(microsecond=0))
    ask = mirror.request({**open_range_end(context, mirror, name), name: raw})
    aspects = [aspect for aspect in ASPECTS if aspect != "outcome"]
    purpose = f"{name} = {point.isoformat()}, beyond every call"
    check_probe(context, mirror, ask, purpose, context.listing.filters[name].clause, only=aspects)


def _first_bound_alike(context: CheckContext, name: str) -> str:
    return next(other for other in context.listing.filters if _bounds_alike(context, other, name))


def _bounds_alike(context: CheckContext, one: str, other: str) -> bool:
    """Whether two filters bound the same instants from the same side, as `gt` and `gte` of one field do."""
    rules = (context.listing.filters[one], context.listing.filters[other])
    same_side = any(all(rule.keeps in side for rule in rules) for side in (_LOWER_BOUNDS, _UPPER_BOUNDS))
    return one == other or (same_side and rules[0].compares == rules[1].compares)


def _check_other_zones(context: CheckContext, mirror: Mirror, name: str, first: datetime, last: datetime) -> None:
    """A range asked for in another zone means other instants."""
    zone = context.listing.zone
    if zone is None or zone.parameter is None or context.listing.filters[name].keeps != "at-or-after":
        return
    pair = next((pair for pair in context.listing.ranges if pair.first == name), None)
    if pair is None:
        return
    clauses = zone.clauses.shift
    # By name one with summer time, too.
    places = ("Asia/Kolkata", "America/New_York") if zone.written[0] == "name" else zones_to_compare(zone)
    for place in places:
        ends = {
            end: encode_parameter(
                context.listing.parameters[end], instant.replace(microsecond=0), zone=zone_named(place), in_json=False
            )
            for end, instant in ((pair.first, first), (pair.last, last))
        }
        ask = mirror.request({**largest_page(context), **ends, **context.encode_zone(zone, place)})
        judged = check_probe(context, mirror, ask, f"a range in {place}", clauses)
        if judged.passed is False:
            return


def _check_time_value(
    context: CheckContext,
    mirror: Mirror,
    name: str,
    raw: Tree,
    clauses: Clauses,
    purpose: str,
    near: Mapping[str, Tree] | None = None,
) -> Any:
    ask = mirror.request({**(near or open_range_end(context, mirror, name)), **largest_page(context), name: raw})
    return check_probe(context, mirror, ask, purpose, clauses)


def _near_range_end(context: CheckContext, name: str, point: datetime, times: Sequence[datetime]) -> dict[str, Tree]:
    """The other end of a range, so near that one page holds it: rows at the bound stand on no later page."""
    _, size = largest_page_size(context)
    pair = next((pair for pair in context.listing.ranges if name in (pair.first, pair.last)), None)
    if pair is None or size is None:
        return {}
    if name == pair.first:
        inside = [instant for instant in times if instant >= point]
        return (
            {pair.last: encode_shown_value(context, pair.last, inside[size // 2])} if len(inside) > size // 2 else {}
        )
    inside = [instant for instant in times if instant <= point]
    return (
        {pair.first: encode_shown_value(context, pair.first, inside[-size // 2])} if len(inside) > size // 2 else {}
    )


def _turnable_date(times: Sequence[datetime]) -> list[datetime]:
    """A bound that keeps other rows where day and month change places, as careless readers have it; or none."""
    middle = times[len(times) // 2]
    for days in range(DAYS_SEARCHED):
        for bound in (middle + timedelta(days=days), middle - timedelta(days=days)):
            if bound.day > MONTHS_OF_A_YEAR or bound.day == bound.month:
                continue
            turned = bound.replace(month=bound.day, day=bound.month)
            if any((instant < bound) != (instant < turned) for instant in times):
                return [bound]
    return []
