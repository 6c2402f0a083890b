"""The two ends of a range: alone, the wrong way round, further apart than they may be, or with a default."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import cast

from harness.serve.query.parameters import ParsedParameters
from harness.specification.dialect import ChoiceResolver
from harness.specification.model import FilterRange
from harness.wire.request_codec import RefusedRequest


def check_ranges(given: ParsedParameters, choices: ChoiceResolver) -> RefusedRequest | None:
    """The refusal of a range that is not whole, turned round or too long; None where each may be asked for."""
    for rule in given.listing.ranges:
        first, last = given.has(rule.first), given.has(rule.last)
        if first != last and choices.resolve(rule.one_alone) == "refused":
            return RefusedRequest(fault=rule.one_alone_fault, parameter=rule.last if first else rule.first)
        if is_range_reversed(given, rule) and choices.resolve(rule.reversed) == "refused":
            return RefusedRequest(fault=rule.reversed_fault, parameter=rule.last)
        if _is_too_long(given, rule):
            return RefusedRequest(fault=rule.too_long_fault, parameter=rule.last)
    return None


def _is_too_long(given: ParsedParameters, rule: FilterRange) -> bool:
    if rule.most_seconds is None:
        return False
    first, last = given.values.get(rule.first), given.values.get(rule.last)
    if isinstance(first, datetime) and isinstance(last, datetime):
        return last - first > timedelta(seconds=rule.most_seconds)
    if type(first) is date and type(last) is date:
        return last - first > timedelta(seconds=rule.most_seconds)
    return False


def is_range_reversed(given: ParsedParameters, rule: FilterRange) -> bool:
    """Whether the earlier end is the later one: of instants, days, numbers or texts."""
    first, last = given.values.get(rule.first), given.values.get(rule.last)
    if isinstance(first, datetime) and isinstance(last, datetime):
        return first > last
    if type(first) is date and type(last) is date:
        return first > last
    if isinstance(first, int | Decimal) and isinstance(last, int | Decimal):
        return first > last
    if isinstance(first, str) and isinstance(last, str):
        return first > last
    # An instant is a date to Python, and compares to none.
    days = isinstance(first, date) and isinstance(last, date) and type(first) is type(last)
    return days and cast(date, first) > cast(date, last)


def has_empty_reversed_range(given: ParsedParameters, choices: ChoiceResolver) -> bool:
    """Whether a range is the wrong way round where that keeps no row."""
    return any(
        is_range_reversed(given, rule) and choices.resolve(rule.reversed) == "nothing"
        for rule in given.listing.ranges
    )


def recent_bound(given: ParsedParameters, name: str, at: datetime) -> datetime | None:
    """The earlier end that a range has by default: so long before its later end, or before now."""
    pair = next((one for one in given.listing.ranges if one.first == name), None)
    if pair is None or pair.recent_seconds is None:
        return None
    last = given.value(pair.last) if given.has(pair.last) else at
    return last - timedelta(seconds=pair.recent_seconds) if isinstance(last, datetime) else None
