"""Rules on time zones that a request names, and the instants that come back in them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from harness.check.context import CheckContext, Exchange
from harness.check.probe.error_responses import judge_twice, record_kept, repeat_exchange, report_breach
from harness.check.probe.mirror import Mirror, include_everything
from harness.check.results.row_numbers import rows_in_words
from harness.specification.model import Field, TimeZoneRule
from harness.wire.decoded_body import Tree
from harness.wire.list_request import ListRequest
from harness.wire.parameter_codec import decode_parameter, encode_parameter
from harness.wire.row_codec import ApiRow
from harness.wire.scalar_codecs import DecodeError
from harness.wire.scalar_codecs import zone_named as zone_named
from harness.wire.time_codecs import is_wall_clock
from harness.wire.zone_codec import zones_to_compare

_OFFSET: Final = re.compile(r"(?:Z|([+-])(\d\d):?(\d\d))$", re.ASCII)
_POSIX_SIGN_ZONE: Final = "Etc/GMT+2"
"""Two hours west: names of this kind count against what their sign seems to say."""


def check_time_zones(context: CheckContext, mirror: Mirror) -> None:
    """Judges that the same rows show the same instants under two zones."""
    zone = context.listing.zone
    if zone is None or zone.parameter is None or not context.parameters_work(zone.parameter):
        return
    clauses = zone.clauses.shift
    answers: list[Exchange] = []
    for name in zones_to_compare(zone):
        ask = _window_in_zone(context, mirror, zone, name)
        if ask is None:
            return
        exchange = context.send(ask, f"local times of {name}")
        if exchange.outcome == "error":
            judge_twice(context, exchange, clauses, _error_text, expected="a success in a known time zone")
        if exchange.outcome != "success":
            context.note_unusable(exchange, clauses)
            return
        answers.append(exchange)
    for word in zone.account_words:
        context.send(mirror.request({zone.parameter: word}), "the zone of the account")
    _compare_zones(context, mirror, answers, zones_to_compare(zone))
    if zone.written[0] != "name" or context.results.first_failed(clauses):
        return
    ask = _window_in_zone(context, mirror, zone, _POSIX_SIGN_ZONE)
    if ask is None:
        return
    turned = context.send(ask, f"local times of {_POSIX_SIGN_ZONE}")
    # Not every server knows every name: what this one gets is judged only where it is taken.
    if turned.outcome == "success":
        _compare_zones(context, mirror, [answers[0], turned], (zones_to_compare(zone)[0], _POSIX_SIGN_ZONE))


def _error_text(exchange: Exchange) -> str:
    return exchange.told_error if exchange.outcome == "error" else ""


def _compare_zones(context: CheckContext, mirror: Mirror, answers: list[Exchange], names: Sequence[str]) -> None:
    zone = context.listing.zone
    if zone is None:
        return
    clauses = zone.clauses.shift
    first, second = answers[0], answers[1]
    if not first.rows and not second.rows:
        if mirror.rows:
            report_breach(
                context, clauses, expected="the rows of the same instants", actual="no rows", exchange=second
            )
        else:
            context.results.record_not_exercised(clauses, "the list is empty")
        return
    found = _instant_difference(context, first, second) or _offset_difference(context, second, names[1])
    if found is None:
        record_kept(context, clauses, "the same instants")
        return
    again = [repeat_exchange(context, first)]
    again.append(repeat_exchange(context, second))
    if any(exchange.rows is None for exchange in again):
        context.results.record_inconclusive(clauses, "not repeatable")
        return
    found = _instant_difference(context, again[0], again[1]) or _offset_difference(context, again[1], names[1])
    if found is None or (mirror.volatile and not set(again[0].keys) & set(again[1].keys)):
        context.results.record_inconclusive(clauses, "not repeatable, or the list moved")
        return
    expected = f"the same instants as in {names[0]}, by the clock of {names[1]}"
    report_breach(context, clauses, expected=expected, actual=found, exchange=again[1])


def _instant_difference(context: CheckContext, first: Exchange, second: Exchange) -> str | None:
    """How the instants of two answers differ, or None."""
    one = {row.key: row.shown for row in first.listed}
    two = {row.key: row.shown for row in second.listed}
    common = one.keys() & two.keys()
    if not common:
        return f"{rows_in_words(len(one))} and {len(two)} other rows"
    for key in common:
        times, others = _instants_of_row(one[key]), _instants_of_row(two[key])
        for name in times.keys() & others.keys():
            if times[name] != others[name]:
                hours = (others[name] - times[name]).total_seconds() / 3600
                return f"{name} is {hours:+.2f} hours away"
    return None


def _offset_difference(context: CheckContext, exchange: Exchange, zone: str) -> str | None:
    """A time that is written with another offset than the zone has at that instant, or None."""
    there = zone_named(zone)
    written = [name for name, field in context.listing.fields.items() if _shows_offset(field)]
    for row in exchange.listed:
        for name in written:
            instant, raw = row.shown.get(name), row.raw.get(name) if isinstance(row.raw, dict) else None
            told = _OFFSET.search(raw) if isinstance(raw, str) else None
            if told is None or not isinstance(instant, datetime):
                continue
            sign, hours, minutes = told.groups(default="0")
            offset = timedelta(hours=int(hours), minutes=int(minutes)) * (-1 if sign == "-" else 1)
            if offset != instant.astimezone(there).utcoffset():
                return f"{name} is {raw!r}, by another clock"
    return None


def _shows_offset(field: Field) -> bool:
    """Whether a field is written by the clock of a zone with its offset behind."""
    return field.as_ == "offset-time" or (
        field.as_ == "formatted-time" and all(one.endswith(("%z", "%:z")) for one in field.format)
    )


def _instants_of_row(row: ApiRow) -> Mapping[str, datetime]:
    """The instants of a row and of the rows in it, by where they stand."""
    found: dict[str, datetime] = {}
    for name, value in row.items():
        if isinstance(value, datetime):
            found[name] = value
        elif isinstance(value, tuple):
            for place, inner in enumerate(value):
                if isinstance(inner, Mapping):
                    found |= {f"{name}[{place}].{path}": instant for path, instant in _instants_of_row(inner).items()}
    return found


def _window_in_zone(context: CheckContext, mirror: Mirror, zone: TimeZoneRule, name: str) -> ListRequest | None:
    """The run's window told in another zone."""
    try:
        there, here = zone_named(name), zone_named(context.zone)
    except DecodeError:
        return None
    values: dict[str, Tree] = dict(include_everything(context))
    for given, raw in mirror.base.items():
        rule = context.listing.parameters[given]
        if not is_wall_clock(rule.as_, rule.format):
            values[given] = raw
            continue
        try:
            instant = decode_parameter(rule, raw, zone=here, in_json=context.listing.transport.carries == "json")
        except DecodeError:
            return None
        values[given] = encode_parameter(
            rule, instant, zone=there, in_json=context.listing.transport.carries == "json"
        )
    values |= context.encode_zone(zone, name)
    return ListRequest(values=values)
