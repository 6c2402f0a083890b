"""From what a request gives to the query it means: filters, scope, order, cut, and what the answer shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, assert_never, cast, final
from zoneinfo import ZoneInfo

from harness.serve.authentication import Identity
from harness.serve.query.cursors import decode_cursor
from harness.serve.query.parameters import Given
from harness.serve.query.table import Collation, Comparable, Condition, Cut, Query, Slice, Sorting, Walk
from harness.specification.dialect import Picks
from harness.specification.model import (
    CursorPaging,
    Filter,
    Gets,
    Keeps,
    LimitPaging,
    Listing,
    NoPaging,
    OffsetPaging,
    PageNumberPaging,
    Range,
    Scope,
    Whose,
)
from harness.wire.format_problems import Tree, shown
from harness.wire.parameter_codec import Value
from harness.wire.request_codec import Refused
from harness.world.customers import Customers

_MONTH: Final = timedelta(days=31)
_FEW: Final = 100


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One request as it is meant: the query, and what the answer shows of what is found.

    `count` tells what to count in place of rows, `without` and `emptied` are the parts left out of rows.
    `known` are conditions whose value must occur at all, with the fault otherwise.
    """

    query: Query
    count: Literal["rows", "calls"] | None = None
    total: bool = False
    without: frozenset[str] = frozenset()
    emptied: frozenset[str] = frozenset()
    echoes: Mapping[str, Tree]
    known: tuple[tuple[Condition, Refused], ...] = ()
    zone: ZoneInfo
    zone_name: str


def plan_request(given: Given, who: Identity, *, customers: Customers, at: datetime, picks: Picks) -> Plan | Refused:
    """What a request means for this identity at this instant, or the fault it gets."""
    listing = given.listing
    count = _count(given, picks)
    if count is not None and listing.count_only is not None:
        given = given.without(listing.count_only.ignores)
    steps: tuple[Callable[[], Refused | None], ...] = (
        lambda: _required(given, picks),
        lambda: _ranges(given, picks),
        lambda: _excluded(given, picks),
    )
    for step in steps:
        refused = step()
        if refused is not None:
            return refused
    filters = _conditions(given, at, picks)
    if isinstance(filters, Refused):
        return filters
    owners = _owners(given, who, customers, picks)
    if isinstance(owners, Refused):
        return owners
    sorting = _sorting(given, picks)
    if isinstance(sorting, Refused):
        return sorting
    cut = _cut(given, sorting[0], picks)
    if isinstance(cut, Refused):
        return cut
    nothing = given.nothing or filters.nothing or sorting[1] or cut[1] or _reversed(given, picks)
    query = Query(conditions=filters.conditions, owners=owners, nothing=nothing, sorting=sorting[0], cut=cut[0])
    without, emptied = _left_out(given)
    switch = listing.total.switch if listing.total else None
    return Plan(
        query=query,
        count=count,
        total=listing.total is not None and (switch is None or given.flag(switch.parameter)),
        without=without,
        emptied=emptied,
        echoes=_echoes(given, cut[0], sorting[0]),
        known=filters.known,
        zone=given.zone,
        zone_name=given.zone_name,
    )


# --- what must be given, and what may not come together -----------------------------------------------------


def _missing_window(given: Given, name: str) -> bool:
    """Whether a required parameter is missing together with all those that it may be missing with."""
    required = given.listing.parameters[name].required
    if required is None or not required.unless_all_missing:
        return False
    return not any(given.has(other) for other in (name, *required.unless_all_missing))


def _required(given: Given, picks: Picks) -> Refused | None:
    for name, parameter in given.listing.parameters.items():
        required = parameter.required
        if required is None or given.has(name):
            continue
        if _missing_window(given, name) and picks.pick(required.then) != "refused":
            continue
        return Refused(fault=required.fault, parameter=name)
    return None


def _ranges(given: Given, picks: Picks) -> Refused | None:
    for rule in given.listing.ranges:
        first, last = given.has(rule.first), given.has(rule.last)
        if first != last and picks.pick(rule.one_alone) == "refused":
            return Refused(fault=rule.one_alone_fault, parameter=rule.last if first else rule.first)
        if _is_reversed(given, rule) and picks.pick(rule.reversed) == "refused":
            return Refused(fault=rule.reversed_fault, parameter=rule.last)
    return None


def _is_reversed(given: Given, rule: Range) -> bool:
    first, last = given.values.get(rule.first), given.values.get(rule.last)
    if isinstance(first, datetime) and isinstance(last, datetime):
        return first > last
    if isinstance(first, int) and isinstance(last, int):
        return first > last
    return False


def _reversed(given: Given, picks: Picks) -> bool:
    return any(_is_reversed(given, rule) and picks.pick(rule.reversed) == "nothing" for rule in given.listing.ranges)


def _excluded(given: Given, picks: Picks) -> Refused | None:
    for name, rule in given.listing.filters.items():
        if given.has(name) and picks.pick(rule.excluded_gets) == "refused":
            for other in rule.excludes:
                if given.has(other):
                    return Refused(fault=rule.excludes_fault, parameter=name)
    return None


# --- filters ------------------------------------------------------------------------------------------------


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class _Filters:
    conditions: tuple[Condition, ...]
    known: tuple[tuple[Condition, Refused], ...]
    nothing: bool


def _conditions(given: Given, at: datetime, picks: Picks) -> _Filters | Refused:
    found: list[Condition] = []
    known: list[tuple[Condition, Refused]] = []
    nothing = False
    for name, rule in given.listing.filters.items():
        value = given.value(name)
        if value is None:
            value = _last_month(given, name, rule, at, picks)
        if value is None or not _applies(given, rule):
            continue
        keeps = _comparison(given, rule, picks)
        if isinstance(keeps, Refused):
            return keeps
        if keeps == "nothing":
            nothing = True
        elif keeps != "off":
            condition = Condition(
                parameter=name,
                paths=(*(picks.pick(rule.instead) or rule.compares), *picks.pick(rule.alternatives)),
                keeps=keeps,
                wanted=_wanted(given.listing, rule, value, picks),
                inclusive=picks.pick(rule.boundary) == "inclusive",
                folded=picks.pick(rule.case) == "folded",
            )
            found.append(condition)
            if picks.pick(rule.stranger) == "refused":
                refused = Refused(fault=rule.stranger_fault, parameter=name, value=shown(given.raw.get(name)))
                known.append((condition, refused))
    return _Filters(conditions=tuple(found), known=tuple(known), nothing=nothing)


def _last_month(given: Given, name: str, rule: Filter, at: datetime, picks: Picks) -> datetime | None:
    parameter = given.listing.parameters.get(name)
    if parameter is None or parameter.required is None or not _missing_window(given, name):
        return None
    if picks.pick(parameter.required.then) != "last-month":
        return None
    return at - _MONTH if picks.pick(rule.keeps) == "at-or-after" else at


def _applies(given: Given, rule: Filter) -> bool:
    if rule.applies_if_any and not any(given.has(name) for name in rule.applies_if_any):
        return False
    return not given.has(rule.loses_to)


def _comparison(given: Given, rule: Filter, picks: Picks) -> Keeps | Literal["off", "nothing"] | Refused:
    named = rule.named_by
    if named is None:
        return picks.pick(rule.keeps)
    word = given.value(named.parameter)
    if word is None:
        return picks.pick(rule.keeps)
    if word in named.none:
        return "off"
    keeps = named.words.get(str(word))
    if keeps is not None:
        return keeps
    match picks.pick(named.unknown):
        case "refused":
            parameter = given.listing.parameters[named.parameter]
            fault = parameter.bad.fault if parameter.bad else "invalid"
            return Refused(fault=fault, parameter=named.parameter, value=shown(str(word)))
        case "nothing":
            return "nothing"
        case _:
            return picks.pick(rule.keeps)


def _wanted(listing: Listing, rule: Filter, value: Value, picks: Picks) -> tuple[Comparable, ...]:
    """The values that satisfy a filter: words for sets and aliases spelled out."""
    items: tuple[Comparable, ...] = value if isinstance(value, tuple) else (value,)
    if not rule.words and not rule.aliases:
        return tuple(dict.fromkeys(items))
    words, aliases = rule.words, rule.aliases
    folded = picks.pick(rule.case) == "folded"
    if folded:
        words = {word.casefold(): means for word, means in words.items()}
        aliases = {word.casefold(): means for word, means in aliases.items()}
    found: list[Comparable] = []
    for item in items:
        word = item.casefold() if folded and isinstance(item, str) else item
        if not isinstance(word, str):
            found.append(item)
        elif word in words:
            found += picks.pick(words[word])
        else:
            found.append(aliases.get(word, item))
    return tuple(dict.fromkeys(found))


# --- scope --------------------------------------------------------------------------------------------------


def _owners(given: Given, who: Identity, customers: Customers, picks: Picks) -> frozenset[int] | Refused | None:
    scope = given.listing.scope
    if scope is None or who.customer_id is None:
        return None
    whose = _whose(given, scope, picks)
    if isinstance(whose, Refused):
        return whose
    chosen = _customers(whose[0], whose[1], who, customers)
    if chosen is None:
        owners: frozenset[int] | None = None
    else:
        owners = frozenset(chosen)
    if whose[0] == "that" and given.flag(scope.recursive):
        below = {member.id for member in customers.descendants_of(cast(int, whose[1]))}
        owners = (owners or frozenset()) | below
    allowed = _allowed(who, customers)
    if allowed is not None and (owners is None or not owners <= allowed):
        if picks.pick(scope.foreign) == "refused":
            return Refused(fault=scope.foreign_fault, parameter=scope.parameter or "")
        return (owners or frozenset()) & allowed
    if whose[0] == "that" and customers.get(cast(int, whose[1])) is None:
        return Refused(fault=scope.bad_fault, parameter=scope.parameter or "", value=str(whose[1]))
    return _children(given, who, scope, customers, owners, picks)


def _whose(given: Given, scope: Scope, picks: Picks) -> tuple[Whose, int | None] | Refused:
    value = given.value(scope.parameter)
    if value is None:
        return picks.pick(scope.unset), None
    word = str(value)
    if word in scope.words:
        return scope.words[word], None
    if scope.identity and word.isascii() and word.isdigit() and len(word) <= 18:
        return "that", int(word)
    return Refused(fault=scope.bad_fault, parameter=scope.parameter or "", value=shown(word))


def _customers(whose: Whose, that: int | None, who: Identity, customers: Customers) -> set[int] | None:
    own = cast(int, who.customer_id)
    children = {member.id for member in customers.children_of(own)}
    match whose:
        case "own":
            return {own}
        case "children":
            return children
        case "own-and-children":
            return {own, *children}
        case "that":
            return {cast(int, that)}
        case "everyone":
            return None
        case "nobody":
            return set()
        case _:
            assert_never(whose)


def _allowed(who: Identity, customers: Customers) -> frozenset[int] | None:
    """The customers that an identity may look at; None for all."""
    if who.everyone:
        return None
    own = cast(int, who.customer_id)
    return frozenset({own, *(member.id for member in customers.descendants_of(own))})


def _children(
    given: Given,
    who: Identity,
    scope: Scope,
    customers: Customers,
    owners: frozenset[int] | None,
    picks: Picks,
) -> frozenset[int] | Refused | None:
    own = cast(int, who.customer_id)
    listed = given.values.get(scope.listed_children or "")
    if isinstance(listed, tuple):
        below = {member.id for member in customers.descendants_of(own)}
        asked = {int(item) for item in listed if isinstance(item, int) or item.isdigit()}
        if asked - below and picks.pick(scope.foreign) == "refused":
            return Refused(fault=scope.foreign_fault, parameter=scope.listed_children or "")
        owners = frozenset(asked & below)
    switch = scope.children_only
    if switch is not None and given.flag(switch.parameter):
        kept = _customers(switch.keeps, None, who, customers)
        if kept is not None:
            # With listed children both hold: those of the list, and never one's own.
            owners = frozenset(kept) & owners if isinstance(listed, tuple) and owners else frozenset(kept)
    return owners


# --- order --------------------------------------------------------------------------------------------------


def _sorting(given: Given, picks: Picks) -> tuple[Sorting, bool] | Refused:
    """The order, and whether a bad sort word means no rows."""
    order = given.listing.order
    if order is None:
        return Sorting(path=""), False
    collation: Collation = picks.pick(order.collation)
    descending = picks.pick(order.direction) == "descending"
    path, word, nothing = picks.pick(order.by), "", False
    sort = order.sort
    asked = given.value(sort.parameter) if sort is not None else None
    if sort is not None and asked is not None:
        word = str(asked)
        bare = word[1:] if sort.signed and word.startswith("-") else word
        found = sort.words.get(bare)
        gets: Gets = picks.pick(sort.unknown)
        if word in sort.refused or bare in sort.refused or (found is None and gets == "refused"):
            return Refused(fault=sort.unknown_fault, parameter=sort.parameter, value=shown(word))
        if found is None:
            word, nothing = "", gets == "nothing"
        else:
            path = found
            descending = word.startswith("-") if sort.signed else descending
    if order.descending is not None and given.flag(order.descending):
        descending = True
    return Sorting(path=path, descending=descending, collation=collation), nothing


# --- the cut ------------------------------------------------------------------------------------------------


def _cut(given: Given, sorting: Sorting, picks: Picks) -> tuple[Cut, bool] | Refused:
    """The cut, and whether a bad value means no rows."""
    paging = given.listing.paging
    match paging:
        case NoPaging():
            return Slice(), False
        case LimitPaging():
            size = _number(given, paging.size)
            return Slice(take=None if size is None or size == paging.all else max(size, 0)), False
        case OffsetPaging():
            size = _number(given, paging.size)
            skip = _number(given, paging.offset) or 0
            return Slice(skip=max(skip, 0), take=None if size is None else max(size, 0)), False
        case PageNumberPaging():
            return _page_number(given, paging, picks), False
        case CursorPaging():
            return _walk(given, paging, sorting, picks)
        case _:
            assert_never(paging)


def _number(given: Given, name: str) -> int | None:
    value = given.value(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _page_number(given: Given, paging: PageNumberPaging, picks: Picks) -> Slice:
    size = _number(given, paging.size)
    if size is None:
        size = picks.pick(paging.default_size)
    cap = picks.pick(paging.cap)
    if cap is not None:
        size = cap if size is None else min(size, cap)
    number = _number(given, paging.page)
    page = (paging.first if number is None else number) - paging.first
    if size is None:
        return Slice(skip=0 if page <= 0 else 2**62, take=None)
    return Slice(skip=max(page, 0) * size, take=size)


def _walk(given: Given, paging: CursorPaging, sorting: Sorting, picks: Picks) -> tuple[Walk, bool] | Refused:
    size = _number(given, paging.size)
    take = _FEW if size is None else max(size, 0)
    after = _cursor_text(given, paging.after, paging.start_words)
    before = _cursor_text(given, paging.before, paging.end_words)
    from_end = before is None and given.has(paging.before)
    if (after is not None or given.has(paging.after)) and (before is not None or from_end):
        gets = picks.pick(paging.both_gets)
        if gets == "refused":
            return Refused(fault=paging.fault, parameter=paging.before)
        if gets == "nothing":
            return Walk(take=take), True
        before, from_end = None, False
    text = after if after is not None else before
    if text is None:
        return Walk(take=take, backward=from_end), False
    parameter = paging.after if after is not None else paging.before
    cursor = decode_cursor(text)
    if cursor is None:
        return _odd_cursor(picks.pick(paging.garbage_gets), paging, parameter, take)
    if cursor.sort != sort_mark(sorting):
        return _odd_cursor(picks.pick(paging.other_sort_gets), paging, parameter, take)
    backward = after is None or (cursor.back and picks.pick(paging.prev_goes_into) == "after")
    return Walk(take=take, place=cursor.place, backward=backward), False


def sort_mark(sorting: Sorting) -> str:
    """The order that a cursor is bound to."""
    return f"{'-' if sorting.descending else ''}{sorting.path}"


def _cursor_text(given: Given, name: str, words: tuple[str, ...]) -> str | None:
    value = given.values.get(name)
    return value if isinstance(value, str) and value not in words else None


def _odd_cursor(gets: Gets, paging: CursorPaging, parameter: str, take: int) -> tuple[Walk, bool] | Refused:
    if gets == "refused":
        return Refused(fault=paging.fault, parameter=parameter)
    return Walk(take=take), gets == "nothing"


# --- what the answer shows ----------------------------------------------------------------------------------


def _count(given: Given, picks: Picks) -> Literal["rows", "calls"] | None:
    count = given.listing.count_only
    if count is None or not given.flag(count.parameter):
        return None
    return picks.pick(count.counts)


def _left_out(given: Given) -> tuple[frozenset[str], frozenset[str]]:
    """The parts of rows that are left out, and those that are shown empty."""
    off = [include for include in given.listing.includes if not given.flag(include.parameter)]
    # What another switch adds stays.
    kept = {name for include in given.listing.includes if given.flag(include.parameter) for name in include.adds}
    without = {name for include in off if include.off[0] == "missing" for name in include.adds}
    emptied = {name for include in off if include.off[0] != "missing" for name in include.adds}
    return frozenset(without - kept), frozenset(emptied - kept)


def _echoes(given: Given, cut: Cut, sorting: Sorting) -> Mapping[str, Tree]:
    return {echo.at: _echo(given, echo.of, cut, sorting) for echo in given.listing.echoes}


def _echo(given: Given, name: str, cut: Cut, sorting: Sorting) -> Tree:
    listing = given.listing
    if getattr(listing.paging, "size", None) == name:
        return cut.take
    if name in given.values:
        raw = given.raw.get(name)
        return raw if isinstance(raw, str | int) and not isinstance(raw, bool) else str(given.values[name])
    sort = listing.order.sort if listing.order else None
    if sort is not None and sort.parameter == name:
        word = next((word for word, path in sort.words.items() if path == sorting.path), "")
        return f"-{word}" if sort.signed and sorting.descending and word else word
    parameter = listing.parameters.get(name)
    value = given.value(name)
    if value is None:
        return 0 if parameter is not None and parameter.as_ == "integer" else ""
    return value if isinstance(value, str | int) else str(value)
