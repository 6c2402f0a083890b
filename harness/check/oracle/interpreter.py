"""The oracle: what the spec says must come back for a request, plainly, row by row.

It never touches the simulator's query engine. `interpret_request` turns a request into an `ExpectedAnswer`: the fault
that is due, or which rows are kept, in which order, cut where. Open choices are settled by the `dialect` of an
`AssumedDialect`, which asks back where several answers are possible.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from math import inf
from typing import Any, cast

from harness.check.oracle.dialect_inference import AssumedDialect
from harness.check.oracle.row_tests import RowPredicate, period_test, row_test
from harness.check.oracle.value_comparison import ValueComparison, same_text
from harness.specification.field_path import FieldPath
from harness.specification.load import Spec
from harness.specification.model import (
    Comparison,
    CursorPaging,
    FieldCondition,
    Filter,
    InvalidValueRule,
    LimitPaging,
    NoPaging,
    OffsetPaging,
    OpenChoice,
    PageNumberPaging,
    Parameter,
)
from harness.specification.narrowing_defaults import means_no_filter
from harness.specification.sort_spellings import read_sort_spelling
from harness.wire.asked_units import in_shown_unit
from harness.wire.decoded_body import Tree
from harness.wire.field_conditions import all_met
from harness.wire.list_request import ListRequest
from harness.wire.parameter_codec import (
    OutOfRange,
    ParameterValue,
    decode_parameter,
    element_codec,
    is_blank_value,
    is_list,
    must_match_all,
)
from harness.wire.range_values import settled_ends
from harness.wire.row_codec import ApiRow, ApiValue, field_at, row_values_at
from harness.wire.scalar_codecs import DecodeError
from harness.wire.scalar_codecs import zone_named as zone_named
from harness.wire.shared_values import settled_parts
from harness.wire.zone_codec import read_zone


@dataclass(eq=False)
class RefusalDue(Exception):
    """Raised when a request is due a refusal, with the fault."""

    error_name: str
    parameter: str


@dataclass(eq=False)
class UnspecifiedAnswer(Exception):
    """Raised when the spec does not say what a request gets, with the reason."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedAnswer:
    """What a request must get.

    `fault` and `parameter` when it must be refused. Otherwise `tests` decide row by row (None: cannot be
    known from what the row shows), `sort` is the path and whether it descends, `start`/`size` cut the sorted
    rows (`size` None: unknown or all), `count_only` says that the answer is a count.
    """

    error_name: str | None = None
    parameter: str = ""
    unspecified: str = ""
    tests: tuple[tuple[str, RowPredicate], ...] = ()
    compared_paths: frozenset[FieldPath] = frozenset()
    """What the tests compare."""
    sort: tuple[FieldPath, bool] | None = None
    collation: str = "code-point"
    start: int = 0
    size: int | None = None
    size_given: int | None = None
    size_default: bool = False
    by_cursor: bool = False
    no_rows: bool = False
    count_only: bool = False
    total_shown: bool = True
    includes: tuple[str, ...] = ()
    zone: str = "UTC"

    @property
    def page(self) -> slice:
        """Where the page that is due lies in the sorted list."""
        return slice(self.start, None if self.size is None else self.start + self.size)

    @property
    def room(self) -> float:
        """The number of rows that the page has place for; infinite where it is not known or bounded."""
        return inf if self.size is None else self.size

    def place_of(self, row: ApiRow) -> tuple[Any, ...] | None:
        """The key under which a row stands in the order that is due; None where the row does not show it."""
        shown = row_values_at(row, self.sort[0]) if self.sort is not None else ()
        return sort_key(shown[0], self.collation) if shown else None

    def keeps_row(self, row: ApiRow) -> bool | None:
        """Whether the row is kept; None when some test cannot tell and none says no."""
        unknown = False
        for _, test in self.tests:
            verdict = test(row)
            if verdict is False:
                return False
            unknown = unknown or verdict is None
        return None if unknown else True


def interpret_request(
    spec: Spec, ask: ListRequest, pick: AssumedDialect, *, zone: str = "UTC", now: datetime | None = None
) -> ExpectedAnswer:
    """The expected answer of a request under the assumed answers to open choices; `now` is that of the server."""
    try:
        settled = settled_parts(spec.listing, settled_ends(spec.listing, ask))
        return _Interpreter(spec, settled, pick, zone, now).expected_answer()
    except RefusalDue as refusal:
        return ExpectedAnswer(error_name=refusal.error_name, parameter=refusal.parameter)
    except UnspecifiedAnswer as unspecified:
        return ExpectedAnswer(unspecified=unspecified.why)


@dataclass(slots=True)
class _Interpreter:
    spec: Spec
    list_request: ListRequest
    dialect: AssumedDialect
    zone: str
    now: datetime | None

    def expected_answer(self) -> ExpectedAnswer:
        listing = self.spec.listing
        self.check_transport()
        self.zone = self.requested_zone()
        self.check_required()
        self.check_company()
        self.check_choices()
        for parameter in listing.parameters:
            # A value that is refused is refused even where its parameter has no effect.
            self.parameter_value(parameter)
        tests = tuple((name, test) for name in listing.filters if (test := self.filter_predicate(name)) is not None)
        empty = any(self.parameter_value(name) is NO_ROWS for name in listing.parameters)
        empty = empty or self.range_is_empty()
        numbered = bool(listing.count_only and self.parameter_value(listing.count_only.parameter) is True)
        sort, descends = self.sort_order()
        start, size, given, defaulted, cursor = self.page_bounds(numbered)
        switch = listing.total.switch if listing.total else None
        return ExpectedAnswer(
            tests=tests,
            compared_paths=frozenset(path for name, _ in tests for path in self.compared_fields(name)),
            sort=(sort, descends) if sort else None,
            collation=self.dialect.resolve(listing.order.collation)
            if listing.order and self.sorts_text(sort)
            else "code-point",
            start=start,
            size=size,
            size_given=given,
            size_default=defaulted,
            by_cursor=cursor,
            no_rows=empty,
            count_only=numbered,
            total_shown=switch is None or self.parameter_value(switch.parameter) is not False,
            includes=tuple(self.included_parts()),
            zone=self.zone,
        )

    # --- values ---------------------------------------------------------------------------------------------

    def check_transport(self) -> None:
        transport = self.spec.listing.transport
        shared_values = self.spec.listing.shared_values
        for name, _ in self.list_request.extra:
            other = shared_values[name].other if name in shared_values else None
            gets = transport.unknown_parameters if other is None else other.gets
            if self.dialect.resolve(gets) == "refused":
                raise RefusalDue("invalid" if other is None else other.fault, name)
        if self.list_request.repeated and self.dialect.resolve(transport.repeated_parameters) == "refused":
            raise RefusalDue("invalid", next(iter(self.list_request.repeated)))

    def raw_value(self, name: str) -> Tree:
        """The raw value of a parameter; None when it is absent."""
        if name not in self.list_request.values or not self.supports_parameter(name):
            return None
        value = self.list_request.values[name]
        more = self.list_request.repeated.get(name, ())
        if more:
            match self.dialect.resolve(self.spec.listing.transport.repeated_parameters):
                case "last":
                    return more[-1]
                case "joined":
                    return ",".join(str(item) for item in (value, *more))
        return value

    def supports_parameter(self, name: str) -> bool:
        versions = self.spec.listing.versions
        since = self.spec.listing.parameters[name].since
        if versions is None or since is None:
            return True
        return versions.order.index(self.dialect.resolve(versions.serves)) >= versions.order.index(since)

    def is_given(self, name: str) -> bool:
        """Whether a parameter is there and not empty."""
        parameter = self.spec.listing.parameters[name]
        return name in self.list_request.values and not is_blank_value(parameter, self.raw_value(name))

    def parameter_value(self, name: str) -> Any:
        """What a parameter means: a value, its default, None for nothing said, or NOTHING (no rows)."""
        parameter = self.spec.listing.parameters[name]
        raw = self.raw_value(name)
        if name not in self.list_request.values or not self.supports_parameter(name):
            return self.default_value(parameter)
        if is_blank_value(parameter, raw):
            return self.blank_value(name, parameter)
        try:
            value = self.decoded_value(parameter, raw)
        except OutOfRange:
            bad = (
                parameter.too_many
                if isinstance(raw, list) or is_list(parameter) or parameter.repeated == "any"
                else None
            )
            return self.invalid_value(name, parameter, bad or parameter.beyond or parameter.bad, raw)
        except DecodeError:
            zero = parameter.zero if raw in (0, "0") and not isinstance(raw, bool) else None
            return self.invalid_value(name, parameter, zero or parameter.bad, raw)
        items = value if isinstance(value, tuple) else (value,)
        if not all(self.is_word_of(name, parameter, item) for item in items if isinstance(item, str)):
            return self.invalid_value(name, parameter, parameter.bad, raw)
        return value

    def decoded_value(self, parameter: Parameter, raw: Tree) -> ParameterValue:
        in_json = self.spec.listing.transport.carries == "json"
        return decode_parameter(parameter, raw, zone=zone_named(self.zone), in_json=in_json)

    def blank_value(self, name: str, parameter: Parameter) -> Any:
        blank = parameter.blank if parameter.blank is not None else self.spec.listing.blank.means
        # Servers that refuse a blank number often take a blank list for none: each parameter decides for itself.
        if self.dialect.resolve(blank, name) == "refused":
            raise RefusalDue(parameter.bad.fault if parameter.bad else "invalid", name)
        return self.default_value(parameter)

    def default_value(self, parameter: Parameter) -> Any:
        default = parameter.default
        if default is None:
            return None
        if parameter.as_ == "flag":
            return parameter.is_on_by_default
        return default

    def is_word_of(self, name: str, parameter: Parameter, value: str) -> bool:
        if element_codec(parameter) != "word":
            return True
        filter_ = self.spec.listing.filters.get(name)
        if filter_ is None:
            chosen = [rule.compares_by for rule in self.spec.listing.filters.values() if rule.compares_by is not None]
            choices = {word for one in chosen if one.parameter == name for word in one.words}
            if choices and not parameter.words:
                return value in choices
            order = self.spec.listing.order
            sort = order.sort if order else None
            return not parameter.words or value in parameter.words or bool(sort and sort.parameter == name)
        own = set(parameter.words) or self.field_words(filter_)
        words = {
            *own,
            *filter_.words,
            *filter_.word_conditions,
            *filter_.periods,
            *filter_.no_filter,
            *filter_.aliases,
        }
        if value in words:
            return True
        folded = {word.casefold() for word in words}
        return value.casefold() in folded and self.dialect.resolve(filter_.case) == "folded"

    def field_words(self, filter_: Filter) -> set[str]:
        words: set[str] = set()
        # Words with a meaning of their own are all there are.
        for path in filter_.compares if not (filter_.word_conditions or filter_.periods) else ():
            field = field_at(self.spec.listing.fields, path)
            if field is not None:
                words |= {*field.words.values(), *field.more_words}
            elif path.hidden:
                words |= set(self.spec.listing.hidden[path.head].words.values())
        return words

    def invalid_value(self, name: str, parameter: Parameter, bad: InvalidValueRule | None, raw: Tree) -> Any:
        if bad is None:
            raise UnspecifiedAnswer(f"{name}={raw!r} is not described")
        match self.dialect.resolve(bad.gets, str(raw)[:40]):
            case "refused":
                raise RefusalDue(bad.fault, name)
            case "nothing":
                return NO_ROWS
            case "honoured":
                return self.decoded_value(replace(parameter, least=None, most=None, most_items=None), raw)
            case "clamped":
                if parameter.most_items is not None:
                    return self.decoded_value(parameter, _first_items(parameter, raw, parameter.most_items))
                low = (isinstance(raw, str) and raw.startswith("-")) or (isinstance(raw, int) and raw < 0)
                return parameter.least if low else parameter.most
            case _:
                return self.default_value(parameter)

    def requested_zone(self) -> str:
        zone = self.spec.listing.zone
        if zone is None or zone.parameter is None:
            return self.zone
        parameter = self.spec.listing.parameters[zone.parameter]
        raw = self.list_request.values.get(zone.parameter)
        if is_blank_value(parameter, raw) or raw in zone.account_words:
            return self.zone
        try:
            return read_zone(zone, raw)
        except DecodeError:
            self.invalid_value(zone.parameter, parameter, parameter.bad, raw)
            return self.zone

    def check_required(self) -> None:
        parameters = self.spec.listing.parameters
        for name, parameter in parameters.items():
            rule = parameter.required
            if rule is None or self.is_given(name):
                continue
            together = rule.unless_all_missing
            if together and not any(self.is_given(other) for other in together):
                if self.dialect.resolve(rule.then) == "refused":
                    raise RefusalDue(rule.fault, name)
                raise UnspecifiedAnswer(f"without {', '.join(together)} a window of the server's own is meant")
            raise RefusalDue(rule.fault, name)

    def check_choices(self) -> None:
        """A request gives one at least of the parameters of each choice. Raises RefusalDue."""
        for choice in self.spec.listing.at_least_one:
            if choice.of and not any(self.is_given(name) for name in choice.of):
                raise RefusalDue(choice.fault, choice.of[0])

    def check_company(self) -> None:
        """Parameters whose constant the request leaves out are refused, or count as absent. Raises RefusalDue."""
        for constant, parameter in self.spec.listing.parameters.items():
            company = parameter.beside
            if company is None or constant not in self.list_request.left_out:
                continue
            if not any(name in self.list_request.values for name in company.parameters):
                continue
            if self.dialect.resolve(company.lacking) == "refused":
                raise RefusalDue(company.fault, constant)
            values = {name: raw for name, raw in self.list_request.values.items() if name not in company.parameters}
            self.list_request = replace(self.list_request, values=values)

    # --- filters --------------------------------------------------------------------------------------------

    def filter_predicate(self, name: str) -> RowPredicate | None:
        filter_ = self.spec.listing.filters[name]
        value = self.parameter_value(name)
        if value is None:
            value = self.recent_bound(name)
        if value is None or value is NO_ROWS or value == ():
            return None
        if self.has_no_effect(filter_):
            return None
        excluded = any(self.is_given(other) for other in filter_.excludes)
        if excluded and self.dialect.resolve(filter_.excluded_gets) == "refused":
            raise RefusalDue(filter_.excludes_fault, name)
        wanted = value if isinstance(value, tuple) else (value,)
        if filter_.no_filter and any(means_no_filter(self.spec.listing, name, item) for item in wanted):
            return None
        keeps = self.filter_comparison(filter_)
        if keeps is None:
            return None
        if isinstance(value, str) and value in filter_.periods:
            if self.now is None:
                raise UnspecifiedAnswer("the server's clock says what a period is")
            return period_test(filter_.compares[0], filter_.periods[value], self.now, zone_named(self.zone))
        told = self.conditions_of_word(name)
        if told:
            return lambda row: all_met(told, row)
        bounded = keeps in ("at-or-after", "at-or-before")
        inclusive = not bounded or self.dialect.resolve(filter_.boundary) == "inclusive"
        folded = any(isinstance(item, str) for item in wanted) and self.dialect.resolve(filter_.case) == "folded"
        asked = self.wanted_values(filter_, wanted, folded=folded)
        chosen = tuple(in_shown_unit(self.spec.listing, name, one) for one in asked)
        paths = (
            *self.compared_fields(name),
            *self.dialect.resolve(filter_.alternatives),
        )
        compared = ValueComparison(
            keeps=keeps,
            inclusive=inclusive,
            folded=folded,
            wildcards=filter_.wildcards,
            zone=self.zone,
            must_match_all=must_match_all(self.spec.listing.parameters[name]),
            absent_kept=keeps != "not-equal" or self.dialect.resolve(filter_.absent) == "kept",
            first_filled=len(paths) > 1 and self.dialect.resolve(filter_.of_several) == "first-filled",
        )
        return row_test(paths, chosen, compared)

    def conditions_of_word(self, name: str) -> tuple[FieldCondition, ...]:
        """The conditions that the word of a filter stands for in this request."""
        filter_ = self.spec.listing.filters[name]
        if not filter_.word_conditions:
            return ()
        folded = self.dialect.resolve(filter_.case) == "folded"
        return filter_.conditions_of(self.parameter_value(name), folded=folded)

    def compared_fields(self, name: str) -> tuple[FieldPath, ...]:
        """What a filter compares in this request."""
        filter_ = self.spec.listing.filters[name]
        told = self.conditions_of_word(name)
        if told:
            return tuple(one.field for one in told)
        chosen = filter_.compares_by
        word = self.parameter_value(chosen.parameter) if chosen is not None else None
        if chosen is not None and word in chosen.words:
            return (chosen.words[str(word)],)
        return self.dialect.resolve(filter_.instead) or filter_.compares

    def has_no_effect(self, filter_: Filter) -> bool:
        """Whether a filter counts for nothing beside what else is given, or is not."""
        if filter_.applies_if_any and not any(self.is_given(other) for other in filter_.applies_if_any):
            return True
        return filter_.loses_to is not None and self.parameter_value(filter_.loses_to) not in (None, (), NO_ROWS)

    def recent_bound(self, name: str) -> datetime | None:
        """The earlier end that a range has by default where its later end is known; what now is only a rule knows."""
        pair = next((one for one in self.spec.listing.ranges if one.first == name), None)
        if pair is None or pair.recent_seconds is None:
            return None
        last = self.parameter_value(pair.last)
        if not isinstance(last, datetime):
            raise UnspecifiedAnswer(f"without {pair.first} and {pair.last} the server's clock says what is recent")
        return last - timedelta(seconds=pair.recent_seconds)

    def filter_comparison(self, filter_: Filter) -> Comparison | None:
        named = filter_.named_by
        if named is None:
            return self.dialect.resolve(filter_.keeps)
        word = self.parameter_value(named.parameter)
        if word is None:
            return self.dialect.resolve(filter_.keeps)
        if word in named.none:
            return None
        if word in named.may:
            raise UnspecifiedAnswer(f"{named.parameter}={word} may be known or not")
        if word in named.words:
            return named.words[word]
        match self.dialect.resolve(named.unknown, str(word)[:40]):
            case "refused":
                parameter = self.spec.listing.parameters[named.parameter]
                raise RefusalDue(parameter.bad.fault if parameter.bad else "invalid", named.parameter)
            case "default":
                return self.dialect.resolve(filter_.keeps)
            case _:
                return None

    def wanted_values(self, filter_: Filter, given: tuple[Any, ...], *, folded: bool) -> tuple[Any, ...]:
        chosen: list[Any] = []
        for item in given:
            # A word that stands for others is known in any case, where case does not count.
            names = [name for name in (*filter_.words, *filter_.aliases) if same_text(name, item, folded=folded)]
            if names and names[0] in filter_.words:
                chosen.extend(self.dialect.resolve(filter_.words[names[0]]))
            elif names:
                # A row may show the alias itself, where a server knows both words.
                chosen.extend((filter_.aliases[names[0]], item))
            else:
                chosen.append(item)
        return tuple(chosen)

    def range_is_empty(self) -> bool:
        """Whether a range leaves nothing. Raises RefusalDue."""
        for pair in self.spec.listing.ranges:
            first, last = self.parameter_value(pair.first), self.parameter_value(pair.last)
            if first is None and last is None:
                continue
            if first is None or last is None:
                if self.dialect.resolve(pair.one_alone) == "refused":
                    raise RefusalDue(pair.one_alone_fault, pair.last if last is None else pair.first)
                continue
            if first is not NO_ROWS and last is not NO_ROWS and _is_reversed(first, last):
                if self.dialect.resolve(pair.reversed) == "refused":
                    raise RefusalDue(pair.reversed_fault, pair.last)
                return True
            if pair.most_seconds is not None and _is_longer(first, last, pair.most_seconds):
                raise RefusalDue(pair.too_long_fault, pair.last)
        return False

    # --- order, cut, parts ----------------------------------------------------------------------------------

    def sort_order(self) -> tuple[FieldPath | None, bool]:
        order = self.spec.listing.order
        if order is None:
            return None, False
        by = self.dialect.resolve(order.by)
        flag = None if order.descending is None else self.parameter_value(order.descending)
        descends = flag if isinstance(flag, bool) else self.dialect.resolve(order.direction) == "descending"
        if order.sort is not None:
            word = self.parameter_value(order.sort.parameter)
            if isinstance(word, str) and word:
                bare, told = read_sort_spelling(order.sort, word)
                if bare in order.sort.words and word not in order.sort.refused:
                    by, descends = order.sort.words[bare], descends if told is None else told
                elif word in order.sort.refused or self.dialect.resolve(order.sort.unknown, word[:40]) == "refused":
                    raise RefusalDue(order.sort.unknown_fault, order.sort.parameter)
        return by, flag is True or descends

    def sorts_text(self, path: FieldPath | None) -> bool:
        field = field_at(self.spec.listing.fields, path) if path else None
        return field is not None and field.as_ in ("text", "word")

    def page_bounds(self, numbered: bool) -> tuple[int, int | None, int | None, bool, bool]:
        paging = self.spec.listing.paging
        match paging:
            case NoPaging():
                return 0, None, None, False, False
            case PageNumberPaging():
                return self.numbered_bounds(paging)
            case OffsetPaging():
                skip, (size, given) = self.parameter_value(paging.offset), self.size_and_given(paging.size)
                if given is not None and given == paging.all:
                    size = given = None
                return paging.rows_before(skip), size, given, given is None, False
            case CursorPaging():
                walking = self.walks_by_cursor(paging)
                if paging.size is None:
                    return 0, self.fixed_size(paging.default_size), None, True, walking
                size, given = self.size_and_given(paging.size)
                return 0, size, given, given is None, walking
            case LimitPaging():
                size = self.parameter_value(paging.size)
                ignored = numbered and self.spec.listing.count_only is not None
                limited = isinstance(size, int) and size != paging.all and not ignored
                number_or_none = cast(int, size) if limited else None
                return 0, number_or_none, number_or_none, not limited, False

    def size_and_given(self, name: str) -> tuple[int | None, int | None]:
        """The size of a page, and the one that was asked for; None where there is none."""
        size = self.parameter_value(name)
        known = size if isinstance(size, int) else None
        return known, known if name in self.list_request.values else None

    def numbered_bounds(self, paging: PageNumberPaging) -> tuple[int, int | None, int | None, bool, bool]:
        page = self.parameter_value(paging.page)
        size = self.parameter_value(paging.size) if paging.size is not None else None
        given = size if isinstance(size, int) else None
        if given is None:
            size = self.fixed_size(paging.default_size)
        cap = self.dialect.resolve(paging.cap) if self.size_is_observed(paging.cap) else None
        number = page - self.dialect.resolve(paging.first) if isinstance(page, int) else 0
        if not isinstance(size, int):
            if number > 0:
                raise UnspecifiedAnswer("the size of a page is not known yet")
            return 0, None, given, given is None, False
        size = size if cap is None else min(size, cap)
        return number * size, size, given, given is None, False

    def walks_by_cursor(self, paging: CursorPaging) -> bool:
        after = self.parameter_value(paging.after)
        before = self.parameter_value(paging.before) if paging.before is not None else None
        if after and before and after not in paging.start_words and before not in paging.end_words:
            if self.dialect.resolve(paging.both_gets) == "refused":
                raise RefusalDue(paging.fault, paging.before or "")
            raise UnspecifiedAnswer("both cursors together")
        return bool(after and after not in paging.start_words) or bool(before)

    def fixed_size(self, default: int | OpenChoice[int | None] | None) -> int | None:
        """The rows of a page where nobody says it; None where the document does not either and nothing was seen."""
        return self.dialect.resolve(default) if self.size_is_observed(default) else None

    def size_is_observed(self, value: object) -> bool:
        """Whether a size that may be anything has been observed (or is no open choice at all)."""
        if not isinstance(value, OpenChoice) or value.options:
            return True
        return value.id in self.dialect.assigned or bool(self.dialect.candidates.get(value.id))

    def included_parts(self) -> list[str]:
        names = [include.parameter for include in self.spec.listing.includes]
        return [name for name in names if self.parameter_value(name) is True]


class _NoRowsType:
    """The type of NOTHING."""

    def __repr__(self) -> str:
        return "NOTHING"


NO_ROWS = _NoRowsType()


def _is_reversed(first: Any, last: Any) -> bool:
    """Whether the earlier end lies after the later one; an instant beside a day stands in no such order."""
    mixed = isinstance(first, date) and isinstance(last, date) and type(first) is not type(last)
    return not mixed and bool(first > last)


def _is_longer(first: object, last: object, seconds: int) -> bool:
    """Whether two instants, or two days, lie further apart than so many seconds."""
    if isinstance(first, datetime) or isinstance(last, datetime):
        both = isinstance(first, datetime) and isinstance(last, datetime)
        return both and cast(datetime, last) - cast(datetime, first) > timedelta(seconds=seconds)
    return isinstance(first, date) and isinstance(last, date) and last - first > timedelta(seconds=seconds)


def _first_items(parameter: Parameter, raw: Tree, most: int) -> Tree:
    """A list as the request writes it, cut after so many elements."""
    if isinstance(raw, list):
        return raw[:most]
    return parameter.separated_by.join(str(raw).split(parameter.separated_by)[:most])


def sort_key(shown: ApiValue, collation: str) -> tuple[Any, ...]:
    """A key under which shown values of one field compare; 'none' comes first."""
    if shown is None:
        return (0, 0)
    if isinstance(shown, str):
        match collation:
            case "folded":
                # Texts that differ in case alone are ties, whose order is left open.
                return (1, shown.casefold())
            case "numeric":
                digits = shown.isascii() and shown.isdigit()
                return (1, not digits, int(shown) if digits else 0, "" if digits else shown)
            case "natural":
                # What stands between the digits of a number counts as little as the case of a word.
                number = re.sub("[^0-9]", "", shown)
                words = not number or any(letter.isalpha() for letter in shown)
                return (1, not words, 0 if words else int(number), shown.casefold() if words else "")
            case _:
                return (1, shown)
    return (1, shown)
