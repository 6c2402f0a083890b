"""The planner: turns parsed parameters into a query (filters, scope, order, page) and what the answer shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Final, Literal, NamedTuple, assert_never, final
from zoneinfo import ZoneInfo

from harness.integers import is_integer
from harness.serve.authentication import SimulatedUser
from harness.serve.query.call_owners import resolve_owners
from harness.serve.query.cursors import decode_cursor
from harness.serve.query.parameters import ParsedParameters
from harness.serve.query.range_ends import check_ranges, has_empty_reversed_range, recent_bound
from harness.serve.query.table import (
    Comparable,
    Condition,
    CursorSlice,
    InstantRange,
    OffsetSlice,
    PageSlice,
    Query,
    SortOrder,
    Wanted,
)
from harness.specification.dialect import ChoiceResolver
from harness.specification.echo_types import is_integer_echo
from harness.specification.field_path import FieldPath
from harness.specification.model import (
    Collation,
    Comparison,
    CursorPaging,
    Echo,
    FieldCondition,
    Filter,
    LimitPaging,
    Listing,
    NoPaging,
    NotOlderLaw,
    OffsetPaging,
    PageNumberPaging,
    Scalar,
    Treatment,
)
from harness.specification.narrowing_defaults import means_no_filter
from harness.specification.sort_spellings import descending_spelling, read_sort_spelling
from harness.wire.asked_units import in_shown_unit
from harness.wire.decoded_body import Tree, printable_text
from harness.wire.parameter_codec import ParameterValue, must_match_all
from harness.wire.periods import period_span
from harness.wire.request_codec import RefusedRequest
from harness.wire.row_codec import field_at
from harness.wire.scalar_codecs import first_instant
from harness.world.customers import Customers

_MONTH: Final = timedelta(days=31)
_BOUNDED: Final = ("at-or-after", "at-or-before")
_DEFAULT_CURSOR_ROWS: Final = 100


@final
class AnswerPlan(NamedTuple):
    """The plan of one request: the query, and what the answer shows of its result.

    `asked_slice` is the page that was asked for: what an answer tells of its page goes by it. `count_unit` names what
    a count-only answer counts, `omitted_parts` and `emptied_parts` are the parts left out of rows. `required_matches`
    are conditions whose value must occur at all, with the fault otherwise.
    """

    query: Query
    asked_slice: PageSlice
    echoes: Mapping[str, Tree]
    zone: ZoneInfo
    zone_name: str
    count_unit: Literal["rows", "calls"] | None = None
    shows_total: bool = False
    omitted_parts: frozenset[FieldPath] = frozenset()
    emptied_parts: frozenset[FieldPath] = frozenset()
    required_matches: tuple[tuple[Condition, RefusedRequest], ...] = ()
    repeated: tuple[tuple[str, str], ...] = ()
    """The values of the request that every row repeats, by field."""


def plan_answer(
    given: ParsedParameters, user: SimulatedUser, *, customers: Customers, at: datetime, choices: ChoiceResolver
) -> AnswerPlan | RefusedRequest:
    """The plan of a request by this user at this instant, or the refusal that it gets."""
    listing = given.listing
    count = _resolve_count_unit(given, choices)
    if count is not None and listing.count_only is not None:
        given = given.without(listing.count_only.ignores)
    steps: tuple[Callable[[], RefusedRequest | None], ...] = (
        lambda: _check_required(given, choices),
        lambda: check_ranges(given, choices),
        lambda: _check_exclusions(given, choices),
    )
    for step in steps:
        refused = step()
        if refused is not None:
            return refused
    filters = _build_conditions(given, at, choices)
    if isinstance(filters, RefusedRequest):
        return filters
    owners = resolve_owners(given, user, customers, choices)
    if isinstance(owners, RefusedRequest):
        return owners
    sorting = _resolve_sort_order(given, choices)
    if isinstance(sorting, RefusedRequest):
        return sorting
    cut = _resolve_page_slice(given, sorting[0], choices)
    if isinstance(cut, RefusedRequest):
        return cut
    nothing = (
        given.matches_nothing
        or filters.matches_nothing
        or sorting[1]
        or cut[1]
        or has_empty_reversed_range(given, choices)
    )
    query = Query(
        conditions=filters.conditions,
        owners=owners,
        matches_nothing=nothing,
        sort_order=sorting[0],
        page_slice=cut[0],
    )
    without, emptied = _parts_left_out(given)
    switch = listing.total.switch if listing.total else None
    return AnswerPlan(
        query=query,
        asked_slice=cut[0],
        count_unit=count,
        shows_total=listing.total is not None and (switch is None or given.is_true(switch.parameter)),
        omitted_parts=without,
        emptied_parts=emptied,
        echoes=_told_echoes(typed_echoes(listing), given, cut[0], sorting[0]),
        required_matches=filters.required_matches,
        zone=given.zone,
        zone_name=given.zone_name,
    )


def unfiltered_query(listing: Listing, query: Query, at: datetime) -> Query:
    """The query for all rows that a request could get: those of the same owners that are still kept."""
    return Query(conditions=tuple(_kept_rows(listing, at)), owners=query.owners, sort_order=query.sort_order)


def plan_other_page(
    plan: AnswerPlan, given: ParsedParameters, choices: ChoiceResolver, echoes: Sequence[TypedEcho]
) -> AnswerPlan | None:
    """The plan of a request that differs from a planned one in the page it asks for; None where that is refused.

    `echoes` are those of the parameters that say which page.
    """
    sorting = plan.query.sort_order
    cut = _resolve_page_slice(given, sorting, choices)
    if isinstance(cut, RefusedRequest):
        return None
    return plan._replace(
        query=plan.query._replace(matches_nothing=cut[1], page_slice=cut[0]),
        asked_slice=cut[0],
        echoes={**plan.echoes, **_told_echoes(echoes, given, cut[0], sorting)},
    )


# --- what must be given, and what may not come together -----------------------------------------------------


def _is_window_missing(given: ParsedParameters, name: str) -> bool:
    """Whether a required parameter is missing together with all those that it may be missing with."""
    required = given.listing.parameters[name].required
    if required is None or not required.unless_all_missing:
        return False
    return not any(given.has(other) for other in (name, *required.unless_all_missing))


def _check_required(given: ParsedParameters, choices: ChoiceResolver) -> RefusedRequest | None:
    for name, parameter in given.listing.parameters.items():
        required = parameter.required
        if required is None or given.has(name):
            continue
        if _is_window_missing(given, name) and choices.resolve(required.then) != "refused":
            continue
        return RefusedRequest(fault=required.fault, parameter=name)
    for choice in given.listing.at_least_one:
        if choice.of and not any(given.has(name) for name in choice.of):
            return RefusedRequest(fault=choice.fault, parameter=choice.of[0])
    return None


def _check_exclusions(given: ParsedParameters, choices: ChoiceResolver) -> RefusedRequest | None:
    for name, rule in given.listing.filters.items():
        if given.has(name) and choices.resolve(rule.excluded_gets) == "refused":
            for other in rule.excludes:
                if given.has(other):
                    return RefusedRequest(fault=rule.excludes_fault, parameter=name)
    return None


# --- filters ------------------------------------------------------------------------------------------------


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class _FilterConditions:
    conditions: tuple[Condition, ...]
    required_matches: tuple[tuple[Condition, RefusedRequest], ...]
    matches_nothing: bool


def _kept_rows(listing: Listing, at: datetime) -> Iterator[Condition]:
    """The conditions under which rows are still kept, where the spec says how long they are."""
    for law in listing.laws:
        if isinstance(law, NotOlderLaw) and law.when is None:
            earliest = at - timedelta(seconds=law.seconds)
            yield Condition(parameter=str(law.field), paths=(law.field,), keeps="at-or-after", wanted=(earliest,))


def _build_conditions(
    given: ParsedParameters, at: datetime, choices: ChoiceResolver
) -> _FilterConditions | RefusedRequest:
    found: list[Condition] = []
    known: list[tuple[Condition, RefusedRequest]] = []
    nothing = False
    recent = {one.first for one in given.listing.ranges if one.recent_seconds is not None}
    for name, rule in given.listing.filters.items():
        value = given.values.get(name)
        if value is None:
            parameter = given.listing.parameters.get(name)
            if name not in recent and (
                parameter is None or (parameter.default is None and parameter.required is None)
            ):
                # Most are not given, and nothing stands in for them.
                continue
            value = given.value(name)
        if value is None:
            value = _last_month_bound(given, name, rule, at, choices) or recent_bound(given, name, at)
        if value is None or _keeps_all(given, name, value) or not _filter_applies(given, rule):
            continue
        keeps = _choose_comparison(given, rule, choices)
        if isinstance(keeps, RefusedRequest):
            return keeps
        told = rule.conditions_of(value, folded=choices.resolve(rule.case) == "folded")
        if keeps == "nothing":
            nothing = True
        elif isinstance(value, str) and value in rule.periods:
            found += _conditions_of_period(name, rule, period_span(rule.periods[value], at, given.zone))
        elif told:
            found += [one for met in told for one in _conditions_of_field(given.listing, name, met)]
        elif keeps != "off":
            paths = (*_compared_fields(given, rule, choices), *choices.resolve(rule.alternatives))
            condition = Condition(
                parameter=name,
                paths=paths,
                first_filled=len(paths) > 1 and choices.resolve(rule.of_several) == "first-filled",
                keeps=keeps,
                wanted=(),
                inclusive=keeps not in _BOUNDED or choices.resolve(rule.boundary) == "inclusive",
                folded=choices.resolve(rule.case) == "folded",
                absent_kept=choices.resolve(rule.absent) == "kept",
                wildcards=rule.wildcards,
            )
            asked = _resolve_wanted_values(rule, value, choices)
            wanted = tuple(in_shown_unit(given.listing, name, one) for one in asked)
            found += _conditions_of_values(
                condition, wanted, given, together=must_match_all(given.listing.parameters[name])
            )
            if choices.resolve(rule.stranger) == "refused":
                refused = RefusedRequest(
                    fault=rule.stranger_fault, parameter=name, value=printable_text(given.raw_values.get(name))
                )
                known.append((found[-1], refused))
    found += _kept_rows(given.listing, at)
    return _FilterConditions(conditions=tuple(found), required_matches=tuple(known), matches_nothing=nothing)


def _conditions_of_field(listing: Listing, name: str, met: FieldCondition) -> Iterator[Condition]:
    """What a word of a filter asks of one field."""
    field = field_at(listing.fields, met.field)
    as_texts = field is not None and field.as_ in ("text", "word")
    asked: tuple[tuple[Comparison, tuple[Scalar, ...]], ...] = (("equal", met.is_), ("not-equal", met.not_))
    for keeps, values in asked:
        if values:
            wanted = tuple(str(one) if as_texts else one for one in values)
            yield Condition(parameter=name, paths=(met.field,), keeps=keeps, wanted=wanted)
    if met.present is not None:
        yield Condition(parameter=name, paths=(met.field,), keeps="present" if met.present else "absent", wanted=())


def _conditions_of_period(name: str, rule: Filter, span: tuple[datetime, datetime | None]) -> Iterator[Condition]:
    """What lies between the two ends of a period."""
    begin, end = span
    yield Condition(parameter=name, paths=rule.compares, keeps="at-or-after", wanted=(begin,))
    if end is not None:
        yield Condition(parameter=name, paths=rule.compares, keeps="below", wanted=(end,))


def _compared_fields(given: ParsedParameters, rule: Filter, choices: ChoiceResolver) -> tuple[FieldPath, ...]:
    """What a filter compares in this request."""
    chosen = rule.compares_by
    word = given.value(chosen.parameter) if chosen is not None else None
    if chosen is not None and word in chosen.words:
        return (chosen.words[str(word)],)
    return choices.resolve(rule.instead) or rule.compares


def _last_month_bound(
    given: ParsedParameters, name: str, rule: Filter, at: datetime, choices: ChoiceResolver
) -> datetime | None:
    parameter = given.listing.parameters.get(name)
    if parameter is None or parameter.required is None or not _is_window_missing(given, name):
        return None
    if choices.resolve(parameter.required.then) != "last-month":
        return None
    return at - _MONTH if choices.resolve(rule.keeps) == "at-or-after" else at


def _keeps_all(given: ParsedParameters, name: str, value: ParameterValue) -> bool:
    return bool(given.listing.filters[name].no_filter) and means_no_filter(given.listing, name, value)


def _filter_applies(given: ParsedParameters, rule: Filter) -> bool:
    if rule.applies_if_any and not any(given.has(name) for name in rule.applies_if_any):
        return False
    return not given.has(rule.loses_to)


def _choose_comparison(
    given: ParsedParameters, rule: Filter, choices: ChoiceResolver
) -> Comparison | Literal["off", "nothing"] | RefusedRequest:
    named = rule.named_by
    if named is None:
        return choices.resolve(rule.keeps)
    word = given.value(named.parameter)
    if word is None:
        return choices.resolve(rule.keeps)
    if word in named.none:
        return "off"
    keeps = named.words.get(str(word))
    if keeps is not None:
        return keeps
    match choices.resolve(named.unknown):
        case "refused":
            parameter = given.listing.parameters[named.parameter]
            fault = parameter.bad.fault if parameter.bad else "invalid"
            return RefusedRequest(fault=fault, parameter=named.parameter, value=printable_text(str(word)))
        case "nothing":
            return "nothing"
        case "ignored":
            return "off"
        case _:
            return choices.resolve(rule.keeps)


def _conditions_of_values(
    condition: Condition, wanted: tuple[Comparable | date, ...], given: ParsedParameters, *, together: bool
) -> list[Condition]:
    """The condition with its values: one for each of them where a row must match all of them."""
    if condition.keeps in ("present", "absent"):
        other: Comparison = "absent" if condition.keeps == "present" else "present"
        return [replace(condition, keeps=other) if False in wanted else condition]
    fields = [field_at(given.listing.fields, path) for path in condition.paths if isinstance(path, FieldPath)]
    # A field that shows days itself is compared as it is.
    shows_days = any(field is not None and field.as_ == "calendar-day" for field in fields)
    if not shows_days and any(isinstance(value, date) and not isinstance(value, datetime) for value in wanted):
        days = [value for value in wanted if isinstance(value, date)]
        return [_compare_with_day(condition, day, given.zone) for day in days]
    if not together:
        return [replace(condition, wanted=wanted)]
    return [replace(condition, wanted=(value,)) for value in wanted]


def _compare_with_day(condition: Condition, day: date, zone: ZoneInfo) -> Condition:
    """The condition on instants that a comparison with a calendar day means."""
    first = first_instant(day, zone)
    until = first_instant(day + timedelta(days=1), zone) if day < date.max else datetime.max.replace(tzinfo=UTC)
    wanted: tuple[Wanted, ...] = (InstantRange(first, until),)
    keeps = condition.keeps
    match keeps:
        case "at-or-after" | "at-least":
            keeps, wanted = "at-or-after", (first if condition.inclusive else until,)
        case "above":
            keeps, wanted = "at-or-after", (until,)
        case "at-or-before" | "at-most":
            keeps, wanted = "below", (until if condition.inclusive else first,)
        case "below":
            wanted = (first,)
    return replace(condition, keeps=keeps, wanted=wanted, inclusive=True)


def _resolve_wanted_values(
    rule: Filter, value: ParameterValue, choices: ChoiceResolver
) -> tuple[Comparable | date, ...]:
    """The values that a filter value keeps: words that stand for sets and aliases are replaced by their members."""
    items: tuple[Comparable | date, ...] = value if isinstance(value, tuple) else (value,)
    if not rule.words and not rule.aliases:
        return tuple(dict.fromkeys(items))
    words, aliases = rule.words, rule.aliases
    folded = choices.resolve(rule.case) == "folded"
    if folded:
        words = {word.casefold(): means for word, means in words.items()}
        aliases = {word.casefold(): means for word, means in aliases.items()}
    found: list[Comparable | date] = []
    for item in items:
        word = item.casefold() if folded and isinstance(item, str) else item
        if not isinstance(word, str):
            found.append(item)
        elif word in words:
            found += choices.resolve(words[word])
        else:
            found.append(aliases.get(word, item))
    return tuple(dict.fromkeys(found))


# --- order --------------------------------------------------------------------------------------------------


def _resolve_sort_order(given: ParsedParameters, choices: ChoiceResolver) -> tuple[SortOrder, bool] | RefusedRequest:
    """The sort order, and whether an invalid sort word means no rows."""
    order = given.listing.order
    if order is None:
        return SortOrder(path=None), False
    collation: Collation = choices.resolve(order.collation)
    flag = given.value(order.descending)
    descending = flag if isinstance(flag, bool) else choices.resolve(order.direction) == "descending"
    path, word, nothing = choices.resolve(order.by), "", False
    sort = order.sort
    ask = given.value(sort.parameter) if sort is not None else None
    if sort is not None and ask is not None:
        word = str(ask)
        bare, told = read_sort_spelling(sort, word)
        found = sort.words.get(bare)
        gets: Treatment = choices.resolve(sort.unknown)
        if word in sort.refused or bare in sort.refused or (found is None and gets == "refused"):
            return RefusedRequest(fault=sort.unknown_fault, parameter=sort.parameter, value=printable_text(word))
        if found is None:
            word, nothing = "", gets == "nothing"
        else:
            path = found
            descending = descending if told is None else told
    return SortOrder(path=path, descending=flag is True or descending, collation=collation), nothing


# --- the cut ------------------------------------------------------------------------------------------------


def _resolve_page_slice(
    given: ParsedParameters, sorting: SortOrder, choices: ChoiceResolver
) -> tuple[PageSlice, bool] | RefusedRequest:
    """The slice of rows on the page, and whether an invalid value means no rows."""
    paging = given.listing.paging
    match paging:
        case NoPaging():
            return OffsetSlice(), False
        case LimitPaging():
            size = _integer_value(given, paging.size)
            return OffsetSlice(take=None if size is None or size == paging.all else max(size, 0)), False
        case OffsetPaging():
            size = _integer_value(given, paging.size)
            skip = paging.rows_before(_integer_value(given, paging.offset))
            return OffsetSlice(skip=skip, take=None if size in (None, paging.all) else max(size, 0)), False
        case PageNumberPaging():
            return _page_number_slice(given, paging, choices), False
        case CursorPaging():
            return _cursor_slice(given, paging, sorting, choices)
        case _:
            assert_never(paging)


def _integer_value(given: ParsedParameters, name: str) -> int | None:
    value = given.value(name)
    return value if is_integer(value) else None


def _page_number_slice(given: ParsedParameters, paging: PageNumberPaging, choices: ChoiceResolver) -> OffsetSlice:
    size = _integer_value(given, paging.size) if paging.size is not None else None
    if size is None:
        size = choices.resolve(paging.default_size)
    cap = choices.resolve(paging.cap)
    if cap is not None:
        size = cap if size is None else min(size, cap)
    number = _integer_value(given, paging.page)
    first = choices.resolve(paging.first)
    page = (first if number is None else number) - first
    if size is None:
        return OffsetSlice(skip=0 if page <= 0 else 2**62, take=None)
    return OffsetSlice(skip=max(page, 0) * size, take=size)


def _cursor_slice(
    given: ParsedParameters, paging: CursorPaging, sorting: SortOrder, choices: ChoiceResolver
) -> tuple[CursorSlice, bool] | RefusedRequest:
    size = _integer_value(given, paging.size) if paging.size is not None else choices.resolve(paging.default_size)
    take = _DEFAULT_CURSOR_ROWS if size is None else max(size, 0)
    after = _cursor_text(given, paging.after, paging.start_words)
    before = _cursor_text(given, paging.before, paging.end_words) if paging.before is not None else None
    from_end = before is None and given.has(paging.before)
    if (after is not None or given.has(paging.after)) and (before is not None or from_end):
        gets = choices.resolve(paging.both_gets)
        if gets == "refused":
            return RefusedRequest(fault=paging.fault, parameter=paging.before or "")
        if gets == "nothing":
            return CursorSlice(take=take), True
        before, from_end = None, False
    text = after if after is not None else before
    if text is None:
        return CursorSlice(take=take, backward=from_end), False
    parameter = paging.after if after is not None or paging.before is None else paging.before
    cursor = decode_cursor(text)
    if cursor is None:
        return _handle_bad_cursor(choices.resolve(paging.garbage_gets), paging, parameter, take)
    if cursor.sort != cursor_sort_text(sorting):
        return _handle_bad_cursor(choices.resolve(paging.other_sort_gets), paging, parameter, take)
    backward = after is None or (cursor.backward and choices.resolve(paging.prev_goes_into) == "after")
    return CursorSlice(take=take, position=cursor.position, backward=backward), False


def cursor_sort_text(sorting: SortOrder) -> str:
    """The text of the sort order that a cursor is bound to."""
    return f"{'-' if sorting.descending else ''}{'' if sorting.path is None else sorting.path}"


def _cursor_text(given: ParsedParameters, name: str, words: tuple[str, ...]) -> str | None:
    value = given.values.get(name)
    return value if isinstance(value, str) and value not in words else None


def _handle_bad_cursor(
    gets: Treatment, paging: CursorPaging, parameter: str, take: int
) -> tuple[CursorSlice, bool] | RefusedRequest:
    if gets == "refused":
        return RefusedRequest(fault=paging.fault, parameter=parameter)
    return CursorSlice(take=take), gets == "nothing"


# --- what the answer shows ----------------------------------------------------------------------------------


def _resolve_count_unit(given: ParsedParameters, choices: ChoiceResolver) -> Literal["rows", "calls"] | None:
    count = given.listing.count_only
    if count is None or not given.is_true(count.parameter):
        return None
    return choices.resolve(count.counts)


def _parts_left_out(given: ParsedParameters) -> tuple[frozenset[FieldPath], frozenset[FieldPath]]:
    """The parts of rows that are left out, and those that are shown empty."""
    off = [include for include in given.listing.includes if not given.is_true(include.parameter)]
    # What another switch adds stays.
    kept = {path for include in given.listing.includes if given.is_true(include.parameter) for path in include.adds}
    without = {path for include in off if include.off[0] == "missing" for path in include.adds}
    emptied = {path for include in off if include.off[0] != "missing" for path in include.adds}
    return frozenset(without - kept), frozenset(emptied - kept)


@final
@dataclass(frozen=True, slots=True)
class TypedEcho:
    """What an answer repeats, and whether its place there is an integer or a text; neither where it may be any."""

    echo: Echo
    is_integer: bool
    is_text: bool


def typed_echoes(listing: Listing) -> tuple[TypedEcho, ...]:
    """All that answers of an API repeat."""
    parts = listing.outcome.envelope.values()
    texts = {part.at for part in parts if part.as_ in ("text", "digits")}
    return tuple(TypedEcho(echo, is_integer_echo(listing, echo), echo.at in texts) for echo in listing.echoes)


def _told_echoes(
    echoes: Sequence[TypedEcho], given: ParsedParameters, cut: PageSlice, sorting: SortOrder
) -> dict[str, Tree]:
    return {one.echo.at: _typed_echo(given, one, cut, sorting) for one in echoes}


def _typed_echo(given: ParsedParameters, one: TypedEcho, cut: PageSlice, sorting: SortOrder) -> Tree:
    """What the answer repeats, as an integer where it is one and as a text where a part of the answer is a text."""
    told = _echo_value(given, one.echo, cut, sorting)
    value = given.values.get(one.echo.of)
    if isinstance(told, str) and not is_integer(value):
        # A text stays a text, whatever the part is.
        return told
    if one.is_integer:
        return value if isinstance(told, str) and is_integer(value) else told
    return str(told) if one.is_text else told


def _echo_value(given: ParsedParameters, echo: Echo, cut: PageSlice, sorting: SortOrder) -> Tree:
    listing, name = given.listing, echo.of
    as_text = echo.as_ == "text"
    if getattr(listing.paging, "size", None) == name:
        return str(cut.take) if as_text and cut.take is not None else cut.take
    if name in given.values:
        value, raw = given.values[name], given.raw_values.get(name)
        if is_integer(value) and not as_text and listing.parameters[name].as_ == "integer":
            return value
        return raw if isinstance(raw, str) or is_integer(raw) else str(given.values[name])
    sort = listing.order.sort if listing.order else None
    if sort is not None and sort.parameter == name:
        word = next((word for word, path in sort.words.items() if path == sorting.path), "")
        return descending_spelling(sort, word) if sorting.descending and word else word
    parameter = listing.parameters.get(name)
    default = given.value(name)
    if default is None:
        return 0 if parameter is not None and parameter.as_ == "integer" and not as_text else ""
    return default if isinstance(default, str | int) and not as_text else str(default)
