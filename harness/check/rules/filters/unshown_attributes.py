"""Rules on filters on hidden attributes: relations between answers stand in for values that no row shows.

Whatever the hidden values are: a value that nothing has selects nothing, the rows of two values of a single-valued
attribute are disjoint, a list selects the union of its elements' rows, the same request selects the same rows, and
together with a shown filter it selects the rows that both keep.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from itertools import combinations, product
from typing import Any, Final

from harness.check.context import CheckContext, Exchange, instants_of
from harness.check.probe.answer_checks import A_LIST, NO_ROWS, AnswerCheck, apart_check, exact_check
from harness.check.probe.asked_filter import AskedFilter, absent_values
from harness.check.probe.filter_values import (
    absent_value,
    count_values,
    encode_shown_value,
    filters_of_row,
    is_asked,
    is_hidden_filter,
    is_plain_equality,
    is_time_filter,
    takes_numbers,
    visible_filters,
)
from harness.check.probe.mirror import Mirror, largest_page_size, parse_row_count
from harness.check.probe.reduction import smallest_part
from harness.check.probe.time_ranges import time_range_filters
from harness.check.results.row_numbers import rows_in_words
from harness.check.rules.filters.single_filter import LIST_LENGTH, check_later_version_filter
from harness.specification.model import Clauses, Filter, options_of
from harness.telephony.attributes import ATTRIBUTES, AttributeKind, Grain
from harness.wire.decoded_body import Tree
from harness.wire.list_request import ListRequest

# Each guess and each value given by the user costs one request per filter.
GUESSES_AT_MOST: Final = 8
FEW_GUESSES: Final = 4
KNOWN_AT_MOST: Final = 12
ENOUGH_VALUES: Final = 3
"""The number of values that select rows after which guessing stops: enough to compare with one another."""
PAIRS_AT_MOST: Final = 6
"""The pairs of hidden filters that are asked together."""
ROWS_TRIED: Final = 60
"""Rows of which the one is taken that satisfies most filters."""
# Ids of groups, rules and applications are counted from 1 in most databases.
SMALL_NUMBERS: Final = (1, 2, 3)
# Numbers of telephones begin so, and few other texts do not.
BEGINNINGS: Final = ("+", "1", "2", "4", "3", "0", "5", "9")
HIDDEN_ASPECTS: Final = ("outcome", "unreadable", "rows", "size", "unique", "order")


@dataclass(slots=True)
class _HiddenFilter(AskedFilter):
    """One filter under examination, and the rows that each value selected.

    `range` bounds the time that it is asked about, where its rows would fill more than a page.
    """

    range: Mapping[str, Tree] = field(default_factory=dict)
    rows_by_value: dict[Any, frozenset[Hashable]] = field(default_factory=dict)
    exchange_by_value: dict[Any, Exchange] = field(default_factory=dict)
    cut_values: set[Any] = field(default_factory=set)

    @property
    def whole_values(self) -> list[Any]:
        """The values of which all rows are known."""
        return [value for value in self.rows_by_value if value not in self.cut_values]

    def request(self, value: Any, beside: Mapping[str, Tree] | None = None) -> ListRequest:
        """The request for the rows with a value within the range."""
        return AskedFilter.request(self, value, {**self.range, **(beside or {})})

    def report(
        self,
        message: str,
        expected: str,
        actual: str,
        exchange: Exchange,
        clauses: Clauses | None = None,
        *,
        check: AnswerCheck | None = None,
    ) -> None:
        """Writes a breach under the clauses; where these are its own, the filter is no tool for anything else."""
        blamed = self.clauses if clauses is None else clauses
        if blamed == self.clauses:
            self.context.mark_broken(self.name, blamed)
        said = self.context.clause_text(blamed, message)
        self.context.fail(blamed, said, expected=expected, actual=actual, exchange=exchange, check=check)


def check_hidden_filters(context: CheckContext, mirror: Mirror) -> None:
    """Judges each filter on a hidden attribute by the relations that must hold between its answers."""
    examined: list[_HiddenFilter] = []
    for name, filter_ in context.listing.filters.items():
        if not is_hidden_filter(filter_) or not is_asked(context, name):
            continue
        if not context.supports_parameters(name):
            check_later_version_filter(AskedFilter(context, mirror, name))
        elif not mirror.rows:
            context.results.record_not_exercised(filter_.clause, "the target shows no rows")
        else:
            examined.append(_HiddenFilter(context, mirror, name))
            _check_filter(examined[-1])
    for first, second in list(combinations(examined, 2))[:PAIRS_AT_MOST]:
        _check_together(first, second)


def _check_filter(about: _HiddenFilter) -> None:
    # Of words, and of true and false, each may be that of some call.
    if about.parameter.as_ not in ("word", "flag", "presence") and not (
        _check_absent_value(about) and _check_absent_value_beside(about)
    ):
        return
    _collect_values(about)
    _shorten_answers(about)
    if about.rows_by_value:
        for relation in _RELATIONS if not about.mirror.volatile else ():
            relation(about)
    elif about.context.options.world is None:
        about.context.notes.append(
            f"{about.name}: no value is known that selects rows; --known-value {about.name}=VALUE would tell more"
        )


# --- single values ------------------------------------------------------------------------------------------


def _takes_beginnings(filter_: Filter) -> bool:
    """Whether the filter keeps what begins with its value, or may."""
    return "starts" in options_of(filter_.keeps)


def _check_absent_value(about: _HiddenFilter) -> bool:
    """A value that nothing has selects nothing; a filter that is ignored selects all."""
    context, name = about.context, about.name
    value, purpose = absent_value(about.parameter), f"{name} with a value that nothing has"
    exchange = about.send(value, purpose)
    if context.note_unusable(exchange, about.clauses):
        return False
    if exchange.outcome == "error":
        refusable = about.rule.stranger != "nothing"
        if not refusable:
            _confirm_refusal(about, exchange, value)
        return refusable
    if not exchange.rows:
        context.results.record_pass(about.clauses if exchange.rows is not None else ())
        return True
    again = about.send(value, f"again: {purpose}")
    if again.rows:
        no_match = context.listing.no_match_clause
        # Where it keeps fewer rows for other values, all rows may be what a search without a match shows.
        told = [no_match, None] if no_match and _some_value_selects(about, again) else [None]
        message, expected = f"{name} keeps only rows with that value", "no rows for a value that nothing has"
        for clauses in told:
            about.report(message, expected, rows_in_words(len(again.rows)), again, clauses, check=NO_ROWS)
    elif not about.mirror.volatile:
        context.results.record_inconclusive(about.clauses, "not repeatable")
    return False


def _some_value_selects(about: _HiddenFilter, everything: Exchange) -> bool:
    """Whether the filter keeps fewer rows for a value that some call may have than for one that none has."""
    for value in guess_values(about.context, about.mirror, about.name)[:FEW_GUESSES]:
        exchange = about.send(value, f"{about.name} = {value!r}, which some may have")
        if 0 < len(exchange.listed) < len(everything.keys):
            return True
    return False


def _check_absent_value_beside(about: _HiddenFilter) -> bool:
    """A value that nothing has selects nothing beside filters that a row satisfies either.

    Servers join two filters by OR, or leave one out where the other is given.
    """
    of_rows = (filters_of_row(about.context, about.mirror, row) for row in about.mirror.rows[:ROWS_TRIED])
    beside = max(of_rows, key=len, default=dict[str, Tree]())
    beside.pop(about.name, None)
    if not beside:
        return True
    value = absent_value(about.parameter)
    purpose = f"{about.name} with a value that nothing has, beside {len(beside)} filters"
    if not about.send(value, purpose, beside).rows:
        return True
    exchange = about.send(value, f"again: {purpose}", beside)
    if not exchange.rows:
        return True
    purpose = f"{about.name} beside fewer filters"
    guilty, _ = smallest_part(
        beside, exchange, lambda part: about.send(value, purpose, part), lambda part: bool(part.rows)
    )
    expected, actual = f"no rows beside {', '.join(guilty)}", rows_in_words(len(exchange.listed))
    clauses = about.context.listing.conjunction_clause or about.clauses
    message = f"{about.name} keeps only rows with that value, whatever stands beside it"
    about.report(message, expected, actual, exchange, clauses, check=NO_ROWS)
    return False


def _confirm_refusal(about: _HiddenFilter, exchange: Exchange, value: Any) -> None:
    """An error for a well-formed value: is it one each time?"""
    context = about.context
    again = about.send(value, "again: a well-formed value that nothing has")
    if again.outcome == "error":
        actual = context.evidence.render_text(exchange.told_error, limit=80)
        clauses = context.listing.no_match_clause or about.clauses
        about.report(f"{about.name} takes any well-formed value", "a success", actual, again, clauses, check=A_LIST)


def _collect_values(about: _HiddenFilter) -> None:
    """Values that may select rows: those that the user knows, else those that the data suggest."""
    context, name = about.context, about.name
    known = _known_values(about)
    guesses = known or guess_values(context, about.mirror, name)
    # A list of all guesses in place of many requests: where it selects nothing, none of them does.
    several = not known and len(guesses) > 2 and about.takes_one_list
    if several and not about.send(tuple(guesses), f"{name} with {len(guesses)} guesses").rows:
        return
    empty: list[Exchange] = []
    for value in guesses[: max(len(known), GUESSES_AT_MOST)]:
        judged = about.check_use(about.request(value), f"{name} = {value!r}", only=HIDDEN_ASPECTS)
        if judged.fails_itself or judged.passed is None:
            return
        if judged.exchange.rows:
            _keep_value(about, value, judged.exchange)
        elif value in known and judged.exchange.rows is not None:
            empty.append(judged.exchange)
        if len(about.rows_by_value) >= ENOUGH_VALUES and not known:
            return
    mirror = about.mirror
    if known and len(empty) == len(known) and not mirror.base and mirror.complete and not mirror.volatile:
        expected = f"rows for {' or '.join(known)}, which --known-value names"
        about.report(f"{name} keeps the rows with that value", expected, "no rows", empty[0])
    elif empty:
        context.notes.append(f"{name}: {len(empty)} of {len(known)} values of --known-value select no rows")


def _shorten_answers(about: _HiddenFilter) -> None:
    """Asks again within a range of time whose rows fit a page, where the answers did not: whole ones tell more."""
    if not about.cut_values or about.mirror.volatile:
        return
    about.range = _range_of_one_page(about.context, about.mirror)
    if not about.range:
        return
    values = list(about.rows_by_value)
    for kept in (about.rows_by_value, about.exchange_by_value, about.cut_values):
        kept.clear()
    for value in values:
        exchange = about.send(value, f"{about.name} = {value!r}, within a range")
        if exchange.rows:
            _keep_value(about, value, exchange)


def _range_of_one_page(context: CheckContext, mirror: Mirror) -> dict[str, Tree]:
    """The parameters that bound the newest stretch of time whose rows leave place on the largest page, or none."""
    lower, upper, path = time_range_filters(context)
    _, size = largest_page_size(context)
    times = sorted(instants_of(mirror.rows, path))
    if (
        lower is None
        or upper is None
        or size is None
        or len(times) < size
        or not context.parameters_work(lower, upper)
    ):
        return {}
    ends = times[-size], times[-1]
    # Of rows that begin at one instant all belong to the stretch, or none.
    first = next((at for at in times if at > ends[0]), None)
    if first is None:
        return {}
    bounds = ((lower, first), (upper, ends[1]))
    return {name: encode_shown_value(context, name, at) for name, at in bounds}


def _known_values(about: _HiddenFilter) -> list[str]:
    """The values that the user gave, as far as the filter takes them."""
    given = list(dict.fromkeys(about.context.known_values.get(about.name, ())))
    known = [value for value in given if value.isdecimal() or not takes_numbers(about.parameter)][:KNOWN_AT_MOST]
    if len(known) < min(len(given), KNOWN_AT_MOST):
        about.context.notes.append(f"--known-value {about.name}: it takes numbers; other values are left out")
    return known


def _keep_value(about: _HiddenFilter, value: Any, exchange: Exchange) -> None:
    """Keeps the rows of a value, and judges the total of a page that holds all of them."""
    about.rows_by_value[value] = frozenset(exchange.keys)
    about.exchange_by_value[value] = exchange
    if not _fits_one_page(about.context, len(exchange.listed)):
        about.cut_values.add(value)
        return
    total = about.context.listing.total
    told = parse_row_count(exchange.total)
    if total is None or told is None or about.mirror.volatile:
        return
    came = len(exchange.listed)
    if told == came:
        about.context.results.record_pass(total.clauses.sum)
        return
    expected, actual = f"a total of {came}: all rows are on this page", f"a total of {told}"
    check = AnswerCheck(kind="total", at=total.at, low=came, high=came)
    message = "the total counts the rows that match"
    about.report(message, expected, actual, exchange, total.clauses.sum, check=check)


def guess_values(context: CheckContext, mirror: Mirror, name: str) -> list[Any]:
    """Values that a hidden attribute may well have: its words, else what rows show of a like kind, small numbers."""
    listing, filter_, parameter = context.listing, context.listing.filters[name], context.listing.parameters[name]
    if parameter.as_ == "word":
        hidden = (listing.hidden[path.head] for path in filter_.compares if path.hidden)
        return list(dict.fromkeys(parameter.words or [word for one in hidden for word in one.words.values()]))
    if parameter.as_ in ("flag", "presence"):
        return [True, False] if parameter.as_ == "flag" else [True]
    if _takes_beginnings(filter_):
        return list(BEGINNINGS)
    numbers = takes_numbers(parameter)
    names = [name for name, field in listing.fields.items() if field.as_ != "word"]
    shown = (row.shown.get(name) for row in mirror.rows[:300] for name in names)
    counted = Counter(
        value
        for value in shown
        if isinstance(value, int if numbers else str) and not isinstance(value, bool) and value not in ("", 0)
    )
    common = [value for value, count in counted.most_common(12) if count > 1]
    return list(dict.fromkeys([*common, *SMALL_NUMBERS] if numbers else common))


def _fits_one_page(context: CheckContext, rows: int) -> bool:
    """Whether an answer of so many rows holds all that match; else it may be the first page of them."""
    _, size = largest_page_size(context)
    return size is None or rows < size


# --- relations ----------------------------------------------------------------------------------------------


def is_single_valued(context: CheckContext, filter_: Filter) -> bool:
    """Whether a row has at most one value of what the filter compares."""
    if len(filter_.compares) != 1 or not is_plain_equality(filter_):
        return False
    holds = context.listing.hidden[filter_.compares[0].head].holds
    attribute = ATTRIBUTES[Grain(context.listing.lists.one_row_per)].get(str(holds))
    return attribute is not None and attribute.kind not in (AttributeKind.TEXT_LIST, AttributeKind.ROWS)


def _check_near_misses(about: _HiddenFilter) -> None:
    """A text that is nearly a value which selects rows selects none of those rows."""
    context = about.context
    texts = [one for one in about.rows_by_value if isinstance(one, str) and len(one) > 2]
    if about.parameter.as_ != "text" or not is_single_valued(context, about.rule) or not texts:
        return
    value = texts[0]
    rows, place = about.rows_by_value[value], len(value) // 2
    for near in (value[:-1], value[1:], f"{value} zz", f"{value[:place]}%{value[place + 1 :]}"):
        purpose = f"{about.name} = {near!r}, nearly {value!r}"
        exchange = about.send(near, purpose)
        if context.note_unusable(exchange, about.clauses):
            return
        if rows.isdisjoint(exchange.keys):
            context.results.record_pass(about.clauses)
            continue
        again = about.send(near, f"again: {purpose}")
        shared = rows.intersection(again.keys)
        if shared:
            expected, actual = f"none of the rows for {value}", f"{len(shared)} of them for {near}"
            check = apart_check(context, about.exchange_by_value[value])
            about.report(purpose, expected, actual, again, check=check)
            return


def _check_disjoint(about: _HiddenFilter) -> None:
    """No row has two values. Where all rows are shared out, the values known are complete."""
    if not is_single_valued(about.context, about.rule):
        return
    for one, two in combinations(about.rows_by_value, 2):
        shared = about.rows_by_value[one] & about.rows_by_value[two]
        if not shared or str(one) == str(two):
            about.context.results.record_pass(about.clauses)
            continue
        again = about.send(one, f"again: {about.name} = {one!r}")
        if again.rows and not about.rows_by_value[two].isdisjoint(again.keys):
            message, check = f"a row has one value of {about.name}", apart_check(about.context, again)
            expected, actual = f"other rows for {two} than for {one}", f"{rows_in_words(len(shared))} for both"
            about.report(message, expected, actual, about.exchange_by_value[two], check=check)
        return


def _check_lists(about: _HiddenFilter) -> None:
    """A list selects what its elements select, in any order; more elements never select fewer rows."""
    values = sorted(about.whole_values, key=lambda value: (len(about.rows_by_value[value]), str(value)))
    if not about.takes_one_list or not values:
        return
    clauses = about.parameter.list_clause or about.clauses
    stranger, first = absent_value(about.parameter), values[0]
    lists: list[tuple[Any, ...]] = [(first, stranger), (stranger, first)]
    if len(values) > 1:
        lists = [(first, stranger, values[1]), (values[1], first), tuple(values)][: 2 if len(values) == 2 else 3]
    # Servers read so many elements and no more (`ids_cap_50`, foreign servers).
    longest = min(about.parameter.most_items or LIST_LENGTH, LIST_LENGTH)
    lists.append((*absent_values(about, longest - 1), first))
    for chosen in lists:
        due = frozenset[Hashable]().union(*(about.rows_by_value.get(value, frozenset()) for value in chosen))
        right = not _fits_one_page(about.context, len(due)) or _selects_exactly(
            about, chosen, due, f"{len(chosen)} elements", clauses
        )
        if not right:
            return


def _check_together(first: _HiddenFilter, second: _HiddenFilter) -> None:
    """Two hidden filters together: the rows that both keep, where neither alone would give the same."""
    context = first.context
    if first.mirror.volatile:
        return
    for one, two in product(first.whole_values, second.whole_values):
        alone = (first.rows_by_value[one], second.rows_by_value[two])
        due = alone[0] & alone[1]
        if due not in alone:
            beside = {second.name: encode_shown_value(context, second.name, two)}
            clauses = context.listing.conjunction_clause or first.clauses
            _selects_exactly(first, one, due, f"together with {second.name}", clauses, beside)
            return


def _check_with_visible_filter(about: _HiddenFilter) -> None:
    """Together with a filter on what rows show: the rows that both keep."""
    context, tried = about.context, 0
    clauses = context.listing.conjunction_clause or about.clauses
    names = [name for name in visible_filters(context) if _is_simple(context, name)]
    for value in about.whole_values:
        rows = [row for row in about.mirror.rows if row.key in about.rows_by_value[value]]
        for name in names if tried < 2 else ():
            counted = count_values(rows, context.listing.filters[name].compares)
            shown = next((one for one, count in counted.most_common() if 0 < count < len(rows)), None)
            beside = {} if shown is None else {name: encode_shown_value(context, name, shown)}
            answers = context.expected_answers(about.mirror.request(beside)) if beside else []
            keeps = [one for _, one in answers if one.error_name is None and not one.unspecified]
            if len(keeps) == 1:
                due = frozenset(row.key for row in rows if keeps[0].keeps_row(row.shown) is True)
                tried += 1
                _selects_exactly(about, value, due, f"{name} beside it", clauses, beside)
                break


def _is_simple(context: CheckContext, name: str) -> bool:
    """Whether a filter works, and keeps the rows that show its value whatever stands beside it."""
    filter_ = context.listing.filters[name]
    return (
        is_plain_equality(filter_)
        and not (filter_.applies_if_any or filter_.loses_to or is_time_filter(context, name))
        and context.parameters_work(name)
        and context.supports_parameters(name)
    )


def _check_repeatable(about: _HiddenFilter) -> None:
    """The same request selects the same rows."""
    for value in about.whole_values[:1]:
        _selects_exactly(about, value, about.rows_by_value[value], "the same again", about.clauses)


_RELATIONS: Final = (
    _check_near_misses,
    _check_disjoint,
    _check_lists,
    _check_with_visible_filter,
    _check_repeatable,
)
"""What must hold between the answers of one filter, over data that stands still."""


def _selects_exactly(
    about: _HiddenFilter,
    value: Any,
    due: frozenset[Hashable],
    how: str,
    clauses: Clauses,
    beside: Mapping[str, Tree] | None = None,
) -> bool:
    """Whether a request selects exactly the rows that earlier answers promise."""
    context, purpose = about.context, f"{about.name}: {how}"
    for attempt in ("", "again: "):
        exchange = about.send(value, f"{attempt}{purpose}", beside)
        if context.note_unusable(exchange, clauses):
            return False
        if exchange.rows is not None and frozenset(exchange.keys) == due:
            if attempt:
                context.results.record_inconclusive(clauses, "not repeatable")
            else:
                context.results.record_pass(clauses)
            return not attempt
    came = frozenset(exchange.keys)
    actual = f"{rows_in_words(len(came))}: {len(due - came)} missing, {len(came - due)} too many"
    if exchange.rows is None:
        actual = f"an answer that is {exchange.outcome}"
    check = exact_check(context, about.mirror, due)
    about.report(f"{about.name}, {how}", rows_in_words(len(due)), actual, exchange, clauses, check=check)
    return False
