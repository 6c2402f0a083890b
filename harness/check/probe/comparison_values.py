"""Filter values at which a comparison shows what it is: borders, days, wildcards, the presence of a value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import accumulate
from math import inf
from typing import Any, Final

from harness.check.context import CheckContext
from harness.check.probe.mirror import largest_page_size
from harness.specification.model import Comparison, Filter, OpenChoice, Parameter, Wildcards
from harness.wire.asked_units import shown_per_asked
from harness.wire.parameter_codec import element_codec, takes_text
from harness.wire.scalar_codecs import DecodeError, first_instant, zone_named

ORDER_COMPARISONS: Final = ("at-or-after", "at-or-before", "at-least", "at-most", "above", "below")
UPWARD_COMPARISONS: Final = ("at-or-after", "at-least", "above")
PRESENCE_COMPARISONS: Final = ("present", "absent")
_DAYS_ASKED: Final = 4
_PIECE_LENGTH: Final = 3


def comparison_of(filter_: Filter) -> Comparison:
    """How a filter compares; the assumed answer where that is open."""
    return filter_.keeps.assumed if isinstance(filter_.keeps, OpenChoice) else filter_.keeps


def values_of_comparison(context: CheckContext, name: str, counted: Counter[Any], *, rows: int) -> list[Any] | None:
    """Telling values for a filter that compares otherwise than by equality or by a part of a text; None for these."""
    filter_, parameter = context.listing.filters[name], context.listing.parameters[name]
    keeps = comparison_of(filter_)
    if keeps in PRESENCE_COMPARISONS:
        return [True] if parameter.as_ == "presence" else [True, False]
    if parameter.as_ == "calendar-day":
        return list(_telling_days(context, counted))
    if keeps in ORDER_COMPARISONS:
        units = shown_per_asked(context.listing, name)
        return _border_values(context, parameter, keeps, counted, units=units)
    if keeps == "like":
        texts = [text for text in counted if isinstance(text, str) and text]
        return [pattern for pattern in _patterns(context, filter_, texts) if takes_text(parameter, pattern)]
    instants = sorted(value for value in counted if isinstance(value, datetime))
    if instants:
        day = timedelta(days=1)
        chosen = [instants[len(instants) // 2], instants[0], instants[-1]]
        return list(dict.fromkeys([*chosen, instants[-1] + day, instants[len(instants) // 2] + day / 24]))
    return None


# --- borders ------------------------------------------------------------------------------------------------


def _border_values(
    context: CheckContext, parameter: Parameter, keeps: Comparison, counted: Mapping[Any, int], *, units: int
) -> list[Any]:
    """Values that rows show, at which so few rows are kept that one page holds them; and those next to them.

    `units` of what rows show are one of what is asked for.
    """
    texts = element_codec(parameter) in ("text", "word")
    shown = [value for value in counted if isinstance(value, str) == texts and not isinstance(value, bool)]
    ordered = sorted(shown, reverse=keeps in UPWARD_COMPARISONS)
    if not ordered:
        return []
    every = sum(counted.values())
    size = largest_page_size(context)[1] or every
    kept = accumulate(counted[value] for value in ordered)
    # Where more rows are kept than a page holds, what is lost at the border looks like a matter of pages.
    beyond = ordered[: max(1, sum(number <= size // 2 for number in kept))]
    fitting = beyond[-1]
    values = [fitting, beyond[len(beyond) // 2], beyond[0], ordered[-1] if every <= size else fitting]
    if not texts:
        # What rows show exactly tells whether the very value is kept.
        values += [value for value in beyond if units > 1 and value % units == 0][-1:]
        whole = [int(value // units) for value in values if isinstance(value, int | Decimal)]
        least, most = parameter.least, parameter.most
        low = least if least is not None else 0 if parameter.as_ in ("digits", "formatted-duration") else -inf
        high = inf if most is None else most
        beside = [whole[0], whole[0] - 1, whole[0] + 1, *whole[1:], max(whole) + 1]
        values = [value * units for value in beside if low <= value <= high]
    return list(dict.fromkeys(values))


# --- days ---------------------------------------------------------------------------------------------------


def _telling_days(context: CheckContext, counted: Mapping[Any, int]) -> Iterator[date]:
    """Days with rows: first where a row lies nearest to either end of its day, or in no such day of UTC; then others.

    A server that cuts days at midnight of UTC, or a step beside the end, goes wrong there.
    """
    try:
        zone = zone_named(context.zone)
    except DecodeError:
        zone = zone_named("UTC")
    shown = sorted(value for value in counted if isinstance(value, date) and not isinstance(value, datetime))
    if shown:
        # The field shows days itself.
        yield from dict.fromkeys([shown[len(shown) // 2], shown[0], shown[-1]])
        yield from (shown[0] - timedelta(days=1), shown[-1] + timedelta(days=1))
        return
    instants = sorted(value for value in counted if isinstance(value, datetime))
    if not instants:
        return
    by_day: dict[date, list[datetime]] = {}
    for instant in instants:
        by_day.setdefault(instant.astimezone(zone).date(), []).append(instant)
    days = list(by_day)

    def distance(day: date) -> timedelta:
        ends = (first_instant(day, zone), first_instant(day + timedelta(days=1), zone))
        return min(by_day[day][0] - ends[0], ends[1] - by_day[day][-1])

    elsewhere = [day for day in days if any(one.astimezone(UTC).date() != day for one in by_day[day])]
    busiest = max(days, key=lambda day: len(by_day[day]))
    nearest = sorted(days, key=distance)
    found = [busiest, *elsewhere[:1], *nearest[:2], days[0], days[-1]]
    yield from list(dict.fromkeys(found))[: _DAYS_ASKED + 1]
    # The days around the list: what takes the day before or after for its own keeps rows there, or loses them.
    yield days[0] - timedelta(days=1)
    yield days[-1] + timedelta(days=1)


# --- patterns -----------------------------------------------------------------------------------------------


def _patterns(context: CheckContext, filter_: Filter, texts: Sequence[str]) -> list[str]:
    """Patterns by which wildcards are told from plain characters, from one another and from other languages' ones."""
    wildcards = filter_.wildcards or Wildcards()
    special = {wildcards.any, wildcards.one, wildcards.escape}
    plain = [text for text in texts if len(text) > _PIECE_LENGTH + 1 and not set(text) & special]
    if not plain:
        return []
    text = context.rng.choice(plain)
    middle = len(text) // 2
    found: list[str] = []
    if wildcards.any is not None:
        any_ = wildcards.any
        head, tail = text[:_PIECE_LENGTH], text[-_PIECE_LENGTH:]
        found += [f"{head}{any_}", f"{any_}{tail}", f"{any_}{text[1:-1]}{any_}", f"{text[:2]}{any_}{text[-2:]}"]
        found += [f"{head}{any_}".swapcase()]
    if wildcards.one is not None:
        found += [f"{text[:middle]}{wildcards.one}{text[middle + 1 :]}"]
        # One for two characters: what takes it for any number keeps the text.
        found += [f"{text[:middle]}{wildcards.one}{text[middle + 2 :]}", f"{wildcards.one}{text[1:]}"]
    found += [text, text[:-1]]
    if wildcards.escape is not None:
        for sign in filter(None, (wildcards.any, wildcards.one)):
            found.append(f"{text[:middle]}{wildcards.escape}{sign}{text[middle + 1 :]}")
    escaped = [_escaped(other, wildcards) for other in texts if set(other) & special]
    found += [other for other in escaped if other is not None][:2]
    # What stands for anything elsewhere, and is a plain character here.
    others = [sign for sign in ("%", "*", ".", "_", "?") if sign not in special][:2]
    found += [f"{text[:middle]}{sign}{text[middle + 1 :]}" for sign in others]
    lettered = [other for other in plain if other.swapcase() != other]
    if lettered:
        found.append(lettered[len(lettered) // 2].swapcase())
    return list(dict.fromkeys(found))


def _escaped(text: str, wildcards: Wildcards) -> str | None:
    """A text as the pattern that only it is like; None where its wildcards cannot be escaped."""
    special = {wildcards.any, wildcards.one, wildcards.escape}
    if wildcards.escape is None:
        return None
    return "".join(f"{wildcards.escape}{sign}" if sign in special else sign for sign in text)
