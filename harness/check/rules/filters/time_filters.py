"""Rules on filters on instants: bounds, fractions of a second, zones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from harness.check.probe.asked_filter import AskedFilter
from harness.check.probe.differences import ASPECTS
from harness.check.probe.filter_values import encode_shown_value, largest_page, open_range_end
from harness.check.probe.mirror import largest_page_size
from harness.wire.decoded_body import Tree
from harness.wire.list_request import ListRequest
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
_SECOND: Final = timedelta(seconds=1)
_NEXT_HOUR: Final = timedelta(hours=1)
_YEARS: Final = timedelta(days=3653)


def check_time_filter(about: AskedFilter, *, first_look: bool = False) -> None:
    """Judges a time bound at the instant of a row, a step before and after, in other offsets, and far out.

    Servers compare by day, by minute, or a second off (`from_by_day`, `from_by_minute`, `from_one_second_late`,
    foreign servers).

    A first look asks for the first two of these points; what follows it asks for the others.
    """
    context, name = about.context, about.name
    shown = (row.values(*about.rule.compares) for row in about.mirror.rows)
    times = sorted(instant for values in shown for instant in values if isinstance(instant, datetime))
    if len(times) < 2 or times[0] == times[-1]:
        context.results.record_not_exercised(about.clauses, "fewer than two different times occur")
        return
    fine = any(instant.microsecond for instant in times)
    points = _points_to_ask(about, times, fine=fine)
    for point in dict.fromkeys(points[:2] if first_look else points[2:]):
        value = point if fine else point.replace(microsecond=0)
        beside = _near_range_end(about, value, times) or _open_end(about)
        ask = _request(about, beside, encode_shown_value(context, name, value))
        if about.check_use(ask, f"{name} = {value.isoformat()}").fails_itself:
            break
    if first_look:
        return
    late = times[(3 * len(times)) // 4]
    _check_far_from_all(about, times)
    _check_other_zones(about, times[len(times) // 4], late)
    offsets = about.parameter.as_ == "rfc3339" and about.rule.offsets_clause
    for place in ("Asia/Ho_Chi_Minh", "America/St_Johns", "UTC") if offsets else ():
        text = encode_rfc3339(late, zone=zone_named(place), places=3 if late.microsecond else 0)
        ask = _request(about, _open_end(about), text)
        if about.check_use(ask, f"{name} = {text}", about.rule.offsets_clause).fails_itself:
            return


def _points_to_ask(about: AskedFilter, times: Sequence[datetime], *, fine: bool) -> list[datetime]:
    """The bounds to ask for, the two first that tell most; `fine` where rows show fractions of a second."""
    parameter, second = about.parameter, timedelta(seconds=1)
    middle = times[len(times) // 2]
    points = [middle - second, middle + second, times[len(times) // 4], times[0], times[-1], middle]
    if fine and parameter.as_ in TIME_CODECS and time_step(parameter.as_, parameter.format) < second:
        points += [middle - timedelta(milliseconds=1), middle + timedelta(milliseconds=1)]
    if _is_first_alike(about):
        # Operators of one field read instants alike: what is read is judged of the first, of the others the border.
        points += [middle + timedelta(minutes=1), *_turnable_date(times)]
    # Beyond its own window the mirror knows nothing.
    known = about.name not in about.mirror.base
    return [point for point in points if known or times[0] <= point <= times[-1]]


def _open_end(about: AskedFilter) -> dict[str, Tree]:
    return open_range_end(about.context, about.mirror, about.name)


def _request(about: AskedFilter, beside: Mapping[str, Tree], raw: Tree) -> ListRequest:
    """The request for a bound as it is written, beside the other end of its range."""
    return about.mirror.request({**beside, **largest_page(about.context), about.name: raw})


def _check_far_from_all(about: AskedFilter, times: Sequence[datetime]) -> None:
    """A bound beyond every call keeps none: servers take one in the future, or long ago, for one not given.

    That such a range may be asked for at all no document says: a refusal is as good.
    """
    context, name, now = about.context, about.name, about.context.options.now
    if now is None or not context.parameters_work(name) or not _is_first_alike(about):
        return
    keeps_later = about.rule.keeps in _LOWER_BOUNDS
    if name in about.mirror.base and not keeps_later:
        # The window begins before the point: nobody has read what lies between.
        return
    point = max(now.astimezone(UTC), times[-1].astimezone(UTC)) + _NEXT_HOUR if keeps_later else times[0] - _YEARS
    raw = encode_shown_value(context, name, point.replace(microsecond=0))
    ask = about.mirror.request({**_open_end(about), name: raw})
    aspects = [aspect for aspect in ASPECTS if aspect != "outcome"]
    about.check(ask, f"{name} = {point.isoformat()}, beyond every call", only=aspects)


def _is_first_alike(about: AskedFilter) -> bool:
    """Whether no filter before it bounds the same instants from the same side, as `gt` and `gte` of one field do."""
    rule = about.rule
    side = next((side for side in (_LOWER_BOUNDS, _UPPER_BOUNDS) if rule.keeps in side), ())
    alike = (
        name
        for name, other in about.context.listing.filters.items()
        if name == about.name or (other.keeps in side and other.compares == rule.compares)
    )
    return next(alike) == about.name


def _check_other_zones(about: AskedFilter, first: datetime, last: datetime) -> None:
    """A range asked for in another zone means other instants."""
    context, zone = about.context, about.context.listing.zone
    pair = next((pair for pair in context.listing.ranges if pair.first == about.name), None)
    if zone is None or zone.parameter is None or pair is None or about.rule.keeps != "at-or-after":
        return
    # By name one with summer time, too.
    places = ("Asia/Kolkata", "America/New_York") if zone.written[0] == "name" else zones_to_compare(zone)
    for place in places:
        ends = {
            end: encode_parameter(
                context.listing.parameters[end], instant.replace(microsecond=0), zone=zone_named(place), in_json=False
            )
            # No call at an end: whether that belongs is another question, and an ignored zone would answer it.
            for end, instant in ((pair.first, first - _SECOND), (pair.last, last + _SECOND))
        }
        ask = about.mirror.request({**largest_page(context), **ends, **context.encode_zone(zone, place)})
        if about.check(ask, f"a range in {place}", zone.clauses.shift).passed is False:
            return


def _near_range_end(about: AskedFilter, point: datetime, times: Sequence[datetime]) -> dict[str, Tree]:
    """The other end of a range, so near that one page holds it: rows at the bound stand on no later page."""
    context, name = about.context, about.name
    _, size = largest_page_size(context)
    pair = next((pair for pair in context.listing.ranges if name in (pair.first, pair.last)), None)
    if pair is None or size is None:
        return {}
    begins = name == pair.first
    inside = [instant for instant in times if (instant >= point if begins else instant <= point)]
    if len(inside) <= size // 2:
        return {}
    other, end = (pair.last, inside[size // 2]) if begins else (pair.first, inside[-size // 2])
    return {other: encode_shown_value(context, other, end)}


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
