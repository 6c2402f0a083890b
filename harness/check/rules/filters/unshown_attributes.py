"""Rules on filters on hidden attributes: relations between answers stand in for values that no row shows.

Whatever the hidden values are: a value that nothing has selects nothing, the rows of two values of a single-valued
attribute are disjoint, a list selects the union of its elements' rows, the same request selects the same rows, and
together with a shown filter it selects the rows that both keep.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from itertools import combinations, product
from typing import Any, Final

from harness.check.context import CheckContext, Exchange
from harness.check.probe.answer_checks import A_LIST, NO_ROWS, AnswerCheck, apart_check, exact_check
from harness.check.probe.expect import check_probe
from harness.check.probe.filter_clauses import note_broken_parameter
from harness.check.probe.filter_values import (
    ABSENT_NUMBER,
    ABSENT_TEXT,
    count_values,
    encode_shown_value,
    filters_of_row,
    is_asked,
    is_hidden_filter,
    is_time_filter,
    largest_page,
    visible_filters,
)
from harness.check.probe.mirror import Mirror, largest_page_size, parse_row_count
from harness.check.rules.filters.single_filter import check_later_version_filter
from harness.specification.model import ClauseId, Clauses, Filter, OpenChoice
from harness.telephony.attributes import ATTRIBUTES, AttributeKind, Grain
from harness.wire.decoded_body import Tree
from harness.wire.json_body import MISSING

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
class _HiddenFilter:
    """One filter under examination, and the rows that each value selected."""

    name: str
    clauses: Clauses
    rows_by_value: dict[Any, frozenset[Hashable]] = field(default_factory=dict)
    exchange_by_value: dict[Any, Exchange] = field(default_factory=dict)
    cut_values: set[Any] = field(default_factory=set)


def check_hidden_filters(context: CheckContext, mirror: Mirror) -> None:
    """Judges each filter on a hidden attribute by the relations that must hold between its answers."""
    examined: list[_HiddenFilter] = []
    for name, filter_ in context.listing.filters.items():
        if not is_hidden_filter(filter_) or not is_asked(context, name):
            continue
        if not context.supports_parameters(name):
            check_later_version_filter(context, mirror, name)
        elif not mirror.rows:
            context.results.record_not_exercised(filter_.clause, "the target shows no rows")
        else:
            examined.append(_HiddenFilter(name=name, clauses=filter_.clause))
            _check_filter(context, mirror, examined[-1])
    for first, second in list(combinations(examined, 2))[:PAIRS_AT_MOST]:
        _check_together(context, mirror, first, second)


def _check_filter(context: CheckContext, mirror: Mirror, about: _HiddenFilter) -> None:
    # Of words each may be that of some call.
    if not _takes_words(context, about.name):
        works = _check_absent_value(context, mirror, about)
        if not works or not _check_absent_value_beside(context, mirror, about):
            return
    _collect_values(context, mirror, about)
    if not about.rows_by_value:
        if context.options.world is not None:
            return
        context.notes.append(
            f"{about.name}: no value is known that selects rows; --known-value {about.name}=VALUE would tell more"
        )
        return
    for relation in (
        _check_near_misses,
        _check_disjoint,
        _check_lists,
        _check_with_visible_filter,
        _check_repeatable,
    ):
        relation(context, mirror, about)


# --- single values ------------------------------------------------------------------------------------------


def absent_value(context: CheckContext, name: str) -> Any:
    """A value of a filter that no call has."""
    parameter = context.listing.parameters[name]
    return ABSENT_NUMBER if parameter.as_ in ("digits", "integer") or _takes_numbers(context, name) else ABSENT_TEXT


def _takes_numbers(context: CheckContext, name: str) -> bool:
    parameter = context.listing.parameters[name]
    return parameter.as_ in ("digits", "integer") or parameter.of in ("integer", "digits")


def _takes_words(context: CheckContext, name: str) -> bool:
    return context.listing.parameters[name].as_ == "word"


def _takes_beginnings(context: CheckContext, name: str) -> bool:
    """Whether the filter keeps what begins with its value, or may."""
    keeps = context.listing.filters[name].keeps
    return "starts" in (keeps.options if isinstance(keeps, OpenChoice) else (keeps,))


def _send_filter(
    context: CheckContext, mirror: Mirror, name: str, value: Any, purpose: str, more: Any = None
) -> Exchange:
    values: dict[str, Tree] = {
        **largest_page(context),
        **(more or {}),
        name: encode_shown_value(context, name, value),
    }
    return context.send(mirror.request(values), purpose)


def _check_absent_value(context: CheckContext, mirror: Mirror, about: _HiddenFilter) -> bool:
    """A value that nothing has selects nothing; a filter that is ignored selects all."""
    name, value = about.name, absent_value(context, about.name)
    purpose = f"{name} with a value that nothing has"
    exchange = _send_filter(context, mirror, name, value, purpose)
    if context.note_unusable(exchange, about.clauses):
        return False
    if exchange.outcome == "error":
        filter_ = context.listing.filters[name]
        refusable = filter_.stranger == "refused" or isinstance(filter_.stranger, OpenChoice)
        if not refusable:
            _confirm_refusal(context, mirror, about, exchange, value)
            return False
        return True
    if exchange.rows:
        again = _send_filter(context, mirror, name, value, f"again: {purpose}")
        if again.rows:
            no_match = context.listing.no_match_clause
            selects = bool(no_match) and _some_value_selects(context, mirror, about, again)
            _report_breach(
                context,
                about,
                f"{name} keeps only rows with that value",
                "no rows for a value that nothing has",
                f"{len(again.rows)} rows",
                again,
                no_match if selects else None,
                check=NO_ROWS,
            )
            return False
        if not mirror.volatile:
            context.results.record_inconclusive(about.clauses, "not repeatable")
        return False
    if exchange.rows is not None:
        context.results.record_pass(about.clauses)
    return True


def _some_value_selects(context: CheckContext, mirror: Mirror, about: _HiddenFilter, everything: Exchange) -> bool:
    """Whether the filter keeps fewer rows for a value that some call may have than for one that none has."""
    for value in guess_values(context, mirror, about.name)[:FEW_GUESSES]:
        exchange = _send_filter(context, mirror, about.name, value, f"{about.name} = {value!r}, which some may have")
        if 0 < len(exchange.listed) < len(everything.keys):
            return True
    return False


def _check_absent_value_beside(context: CheckContext, mirror: Mirror, about: _HiddenFilter) -> bool:
    """A value that nothing has selects nothing beside filters that a row satisfies either.

    Servers join two filters by OR, or leave one out where the other is given.
    """
    beside = max(
        (filters_of_row(context, mirror, row) for row in mirror.rows[:ROWS_TRIED]), key=len, default=dict[str, Tree]()
    )
    beside.pop(about.name, None)
    value = absent_value(context, about.name)
    exchange: Exchange | None = None
    for attempt in ("", "again: ") if beside else ():
        purpose = f"{attempt}{about.name} with a value that nothing has, beside {len(beside)} filters"
        exchange = _send_filter(context, mirror, about.name, value, purpose, beside)
        if not exchange.rows:
            return True
    if exchange is None:
        return True
    guilty = _smallest_part_with_rows(context, mirror, about, value, beside)
    expected, actual = f"no rows beside {', '.join(guilty)}", f"{len(exchange.listed)} rows"
    clauses = context.listing.conjunction_clause or about.clauses
    purpose = f"{about.name} keeps only rows with that value, whatever stands beside it"
    _report_breach(context, about, purpose, expected, actual, exchange, clauses, check=NO_ROWS)
    return False


def _smallest_part_with_rows(
    context: CheckContext, mirror: Mirror, about: _HiddenFilter, value: Any, beside: dict[str, Tree]
) -> dict[str, Tree]:
    """Half of the filters, then half of those: those beside which a value that nothing has selects rows."""
    while len(beside) > 1:
        items = list(beside.items())
        first = dict(items[: len(items) // 2])
        part = _send_filter(context, mirror, about.name, value, f"{about.name} beside fewer filters", first)
        beside = first if part.rows else dict(items[len(items) // 2 :])
    return beside


def _confirm_refusal(
    context: CheckContext, mirror: Mirror, about: _HiddenFilter, exchange: Exchange, value: Any
) -> None:
    """An error for a well-formed value: is it one each time?"""
    again = _send_filter(context, mirror, about.name, value, "again: a well-formed value that nothing has")
    if again.outcome == "error" and exchange.answer is not None:
        text = context.evidence.render_text(f"{exchange.answer.code!r}", limit=80)
        clauses = context.listing.no_match_clause or about.clauses
        _report_breach(
            context,
            about,
            f"{about.name} takes any well-formed value",
            "a success",
            f"error {text}",
            again,
            clauses,
            check=A_LIST,
        )


def _collect_values(context: CheckContext, mirror: Mirror, about: _HiddenFilter) -> None:
    """Values that may select rows: those that the user knows, else those that the data suggest."""
    given = dict.fromkeys(context.known_values.get(about.name, ()))
    known = [value for value in given if not _takes_numbers(context, about.name) or value.isdecimal()][:KNOWN_AT_MOST]
    if len(known) < min(len(given), KNOWN_AT_MOST):
        context.notes.append(f"--known-value {about.name}: it takes numbers; other values are left out")
    guesses = known or guess_values(context, mirror, about.name)
    empty: list[Exchange] = []
    if not known and len(guesses) > 2 and context.listing.parameters[about.name].as_ in ("list", "json-list"):
        any_at_all = _any_guess_selects(context, mirror, about, guesses)
        if not any_at_all:
            return
    for value in guesses[: max(len(known), GUESSES_AT_MOST)]:
        ask = mirror.request({**largest_page(context), about.name: encode_shown_value(context, about.name, value)})
        judged = check_probe(context, mirror, ask, f"{about.name} = {value!r}", about.clauses, only=HIDDEN_ASPECTS)
        if note_broken_parameter(context, about.name, judged, about.clauses) or judged.passed is None:
            return
        rows = judged.exchange.rows
        if rows:
            about.rows_by_value[value] = frozenset(judged.exchange.keys)
            about.exchange_by_value[value] = judged.exchange
            if _may_be_cut(context, judged.exchange):
                about.cut_values.add(value)
            _check_total(context, mirror, about, judged.exchange)
        elif value in known and rows is not None:
            empty.append(judged.exchange)
        if len(about.rows_by_value) >= ENOUGH_VALUES and not known:
            return
    if known and len(empty) == len(known) and not mirror.base and mirror.complete and not mirror.volatile:
        _report_breach(
            context,
            about,
            f"{about.name} keeps the rows with that value",
            f"rows for {' or '.join(known)}, which --known-value names",
            "no rows",
            empty[0],
        )
    elif empty:
        context.notes.append(f"{about.name}: {len(empty)} of {len(known)} values of --known-value select no rows")


def _any_guess_selects(context: CheckContext, mirror: Mirror, about: _HiddenFilter, guesses: Sequence[Any]) -> bool:
    """Whether a list of all guesses selects anything: one request in place of many."""
    exchange = _send_filter(context, mirror, about.name, tuple(guesses), f"{about.name} with {len(guesses)} guesses")
    return bool(exchange.rows)


def guess_values(context: CheckContext, mirror: Mirror, name: str) -> list[Any]:
    """Values that a hidden attribute may well have: its words, else what rows show of a like kind, small numbers."""
    if _takes_words(context, name):
        listing = context.listing
        hidden = (listing.hidden[path.head] for path in listing.filters[name].compares if path.hidden)
        words = [word for one in hidden for word in one.words.values()]
        return list(dict.fromkeys(listing.parameters[name].words or words))
    if _takes_beginnings(context, name):
        return list(BEGINNINGS)
    numbers = _takes_numbers(context, name)
    counted: Counter[Any] = Counter()
    for row in mirror.rows[:300]:
        for field_name, known in context.listing.fields.items():
            shown = row.shown.get(field_name)
            if known.as_ == "word" or isinstance(shown, bool):
                continue
            if isinstance(shown, int if numbers else str) and shown not in ("", 0):
                counted[shown] += 1
    common = [value for value, count in counted.most_common(12) if count > 1]
    return list(dict.fromkeys([*common, *SMALL_NUMBERS] if numbers else common))


def _may_be_cut(context: CheckContext, exchange: Exchange) -> bool:
    """Whether the answer may be only the first page of the rows that match."""
    _, size = largest_page_size(context)
    return size is not None and len(exchange.listed) >= size


def _check_total(context: CheckContext, mirror: Mirror, about: _HiddenFilter, exchange: Exchange) -> None:
    """The total of a page that holds all rows is their number."""
    total = context.listing.total
    answer = exchange.answer
    if (
        total is None
        or answer is None
        or answer.total is MISSING
        or mirror.volatile
        or _may_be_cut(context, exchange)
    ):
        return
    text = parse_row_count(answer.total)
    clauses = total.clauses.sum
    came = len(exchange.listed)
    if text is None:
        return
    if text == came:
        context.results.record_pass(clauses)
    else:
        _report_breach(
            context,
            about,
            "the total counts the rows that match",
            f"a total of {came}: all rows are on this page",
            f"a total of {text}",
            exchange,
            clauses,
            check=AnswerCheck(kind="total", at=total.at, low=came, high=came),
        )


# --- relations ----------------------------------------------------------------------------------------------


def is_single_valued(context: CheckContext, filter_: Filter) -> bool:
    """Whether a row has at most one value of what the filter compares."""
    if len(filter_.compares) != 1 or filter_.keeps != "equal" or filter_.words or filter_.named_by is not None:
        return False
    holds = context.listing.hidden[filter_.compares[0].head].holds
    attribute = ATTRIBUTES[Grain(context.listing.lists.one_row_per)].get(str(holds))
    return attribute is not None and attribute.kind not in (AttributeKind.TEXT_LIST, AttributeKind.ROWS)


def _check_near_misses(context: CheckContext, mirror: Mirror, about: _HiddenFilter) -> None:
    """A text that is nearly a value which selects rows selects none of those rows."""
    filter_, parameter = context.listing.filters[about.name], context.listing.parameters[about.name]
    if parameter.as_ != "text" or not is_single_valued(context, filter_) or mirror.volatile:
        return
    value = next((one for one in about.rows_by_value if isinstance(one, str) and len(one) > 2), None)
    if value is None:
        return
    place = len(value) // 2
    for near in (value[:-1], value[1:], f"{value} zz", f"{value[:place]}%{value[place + 1 :]}"):
        purpose = f"{about.name} = {near!r}, nearly {value!r}"
        exchange = _send_filter(context, mirror, about.name, near, purpose)
        if context.note_unusable(exchange, about.clauses):
            return
        if not set(exchange.keys) & about.rows_by_value[value]:
            context.results.record_pass(about.clauses)
            continue
        again = _send_filter(context, mirror, about.name, near, f"again: {purpose}")
        shared = set(again.keys) & about.rows_by_value[value]
        if shared:
            expected = f"none of the rows for {value}"
            actual, check = f"{len(shared)} of them for {near}", apart_check(context, about.exchange_by_value[value])
            _report_breach(context, about, purpose, expected, actual, again, check=check)
            return


def _check_disjoint(context: CheckContext, mirror: Mirror, about: _HiddenFilter) -> None:
    """No row has two values. Where all rows are shared out, the values known are complete."""
    filter_ = context.listing.filters[about.name]
    if not is_single_valued(context, filter_) or mirror.volatile:
        return
    for one, two in combinations(about.rows_by_value, 2):
        shared = about.rows_by_value[one] & about.rows_by_value[two]
        if shared and str(one) != str(two):
            again = _send_filter(context, mirror, about.name, one, f"again: {about.name} = {one!r}")
            if again.rows is None or not set(again.keys) & about.rows_by_value[two]:
                return
            _report_breach(
                context,
                about,
                f"a row has one value of {about.name}",
                f"other rows for {two} than for {one}",
                f"{len(shared)} rows for both",
                about.exchange_by_value[two],
                check=apart_check(context, again),
            )
            return
        context.results.record_pass(about.clauses)


def _check_lists(context: CheckContext, mirror: Mirror, about: _HiddenFilter) -> None:
    """A list selects what its elements select, in any order; more elements never select fewer rows."""
    parameter = context.listing.parameters[about.name]
    if parameter.as_ not in ("list", "json-list") or mirror.volatile:
        return
    clauses = parameter.list_clause or about.clauses
    stranger = absent_value(context, about.name)
    values = [value for value in about.rows_by_value if value not in about.cut_values]
    values.sort(key=lambda value: (len(about.rows_by_value[value]), str(value)))
    if not values:
        return
    first = values[0]
    lists: list[tuple[Any, ...]] = [(first, stranger), (stranger, first)]
    if len(values) > 1:
        lists = [(first, stranger, values[1]), (values[1], first), tuple(values)][: 2 if len(values) == 2 else 3]
    for chosen in lists:
        due = frozenset[Hashable]().union(*(about.rows_by_value.get(value, frozenset()) for value in chosen))
        _, size = largest_page_size(context)
        if size is not None and len(due) >= size:
            continue
        right = _selects_exactly(context, mirror, about, chosen, due, clauses, {}, f"{len(chosen)} elements")
        if not right:
            return


def _check_together(context: CheckContext, mirror: Mirror, first: _HiddenFilter, second: _HiddenFilter) -> None:
    """Two hidden filters together: the rows that both keep, where neither alone would give the same."""
    if mirror.volatile:
        return
    for one, two in product(first.rows_by_value, second.rows_by_value):
        alone = (first.rows_by_value[one], second.rows_by_value[two])
        due = alone[0] & alone[1]
        if one in first.cut_values or two in second.cut_values or due in alone:
            continue
        more = {second.name: encode_shown_value(context, second.name, two)}
        clauses = context.listing.conjunction_clause or first.clauses
        _selects_exactly(context, mirror, first, one, due, clauses, more, f"together with {second.name}")
        return


def _check_with_visible_filter(context: CheckContext, mirror: Mirror, about: _HiddenFilter) -> None:
    """Together with a filter on what rows show: the rows that both keep."""
    clauses = context.listing.conjunction_clause or about.clauses
    tried = 0
    for value, keys in about.rows_by_value.items():
        if value in about.cut_values or mirror.volatile or tried >= 2:
            continue
        rows = [row for row in mirror.rows if row.key in keys]
        for name in visible_filters(context):
            filter_ = context.listing.filters[name]
            plain = filter_.keeps == "equal" and not (
                filter_.named_by or filter_.applies_if_any or filter_.words or is_time_filter(context, name)
            )
            if (
                not plain
                or not context.parameters_work(name)
                or not context.supports_parameters(name)
                or filter_.loses_to
            ):
                continue
            counted = count_values(rows, filter_.compares)
            shown = next((one for one, count in counted.most_common() if 0 < count < len(rows)), None)
            if shown is None:
                continue
            more = {name: encode_shown_value(context, name, shown)}
            keeps = [
                meaning
                for _, meaning in context.expected_answers(mirror.request(more))
                if meaning.error_name is None and not meaning.unspecified
            ]
            if len(keeps) != 1:
                continue
            due = frozenset(row.key for row in rows if keeps[0].keeps_row(row.shown) is True)
            tried += 1
            _selects_exactly(context, mirror, about, value, due, clauses, more, f"{name} beside it")
            break


def _check_repeatable(context: CheckContext, mirror: Mirror, about: _HiddenFilter) -> None:
    """The same request selects the same rows."""
    value = next((value for value in about.rows_by_value if value not in about.cut_values), None)
    if value is not None and not mirror.volatile:
        _selects_exactly(
            context, mirror, about, value, about.rows_by_value[value], about.clauses, {}, "the same again"
        )


def _selects_exactly(
    context: CheckContext,
    mirror: Mirror,
    about: _HiddenFilter,
    value: Any,
    due: frozenset[Hashable],
    clauses: Clauses,
    more: dict[str, Tree],
    how: str,
) -> bool:
    """Whether a request selects exactly the rows that earlier answers promise."""
    purpose = f"{about.name}: {how}"
    exchange = _send_filter(context, mirror, about.name, value, purpose, more)
    if context.note_unusable(exchange, clauses):
        return False
    if exchange.rows is not None and frozenset(exchange.keys) == due:
        context.results.record_pass(clauses)
        return True
    again = _send_filter(context, mirror, about.name, value, f"again: {purpose}", more)
    if context.note_unusable(again, clauses):
        return False
    if again.rows is not None and frozenset(again.keys) == due:
        context.results.record_inconclusive(clauses, "not repeatable")
        return False
    came = frozenset(again.keys)
    if again.rows is None:
        actual = "no rows in the answer" if again.answer is None else f"an answer that is {again.answer.outcome}"
    else:
        actual = f"{len(came)} rows: {len(due - came)} missing, {len(came - due)} too many"
    check = exact_check(context, mirror, due)
    _report_breach(context, about, f"{about.name}, {how}", f"{len(due)} rows", actual, again, clauses, check=check)
    return False


def _report_breach(
    context: CheckContext,
    about: _HiddenFilter,
    message: str,
    expected: str,
    actual: str,
    exchange: Exchange,
    clauses: Clauses | None = None,
    *,
    check: AnswerCheck | None = None,
) -> None:
    blamed = about.clauses if clauses is None else clauses
    if blamed == about.clauses:
        context.broken_parameters.setdefault(about.name, blamed[0] if blamed else ClauseId(about.name))
    said = next((known.says for name in blamed if (known := context.clause(name)) is not None), message)
    context.fail(blamed, said, expected=expected, actual=actual, exchange=exchange, check=check)
