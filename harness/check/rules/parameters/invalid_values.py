"""Rules on invalid values: unreadable ones, missing ones, reversed ranges, other types."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from harness.check.context import CheckContext, Exchange, Row, values_of
from harness.check.oracle.interpreter import ExpectedAnswer
from harness.check.probe.answer_checks import A_LIST, AnswerCheck, difference_check
from harness.check.probe.asked_filter import AskedFilter
from harness.check.probe.comparison import compare_answer
from harness.check.probe.differences import ASPECTS, Aspect, Difference
from harness.check.probe.equivalence import judge_same_answer, read_plain_list
from harness.check.probe.error_responses import (
    OUTCOME_ASPECTS,
    ROW_ASPECTS,
    check_refusable,
    describe_answer,
    enforceable_clauses,
    is_breakdown,
    judge_error_response,
    judge_twice,
    record_kept,
    repeat_exchange,
    report_breach,
    still_unbroken,
)
from harness.check.probe.expect import tells_nothing_new
from harness.check.probe.filter_values import is_plain_equality, takes_numbers
from harness.check.probe.mirror import (
    Mirror,
    candidate_windows,
    parse_row_count,
    reread_mirror,
)
from harness.check.probe.stability import all_recent
from harness.check.probe.time_ranges import requires_time_range
from harness.check.results.row_numbers import rows_in_words
from harness.check.rules.filters.single_filter import LIST_LENGTH
from harness.check.rules.parameters.constant_company import check_constant_company
from harness.check.rules.parameters.defaults import check_defaults, check_flag_spellings
from harness.check.rules.parameters.lenient_types import check_lenient_types
from harness.check.rules.parameters.long_ranges import check_long_range
from harness.check.rules.parameters.range_values import check_range_value
from harness.check.rules.parameters.recent_rows import check_recent_rows
from harness.check.rules.parameters.shared_values import check_shared_values
from harness.specification.model import (
    ClauseId,
    Clauses,
    FilterRange,
    InvalidValueRule,
    Listing,
    OffsetPaging,
    OpenChoice,
    Parameter,
    options_of,
)
from harness.wire.decoded_body import Tree
from harness.wire.list_request import ListRequest

Meaning = tuple[Mapping[str, Any], ExpectedAnswer]
"""What an answer may be, by what it assumes of the open choices."""
BEYOND_64_BITS: Final = 2**64
# The longest month, and a day for zones: what is older is surely not of the last month, which some list by default.
_LAST_MONTH: Final = timedelta(days=32)


# --- bad values ---------------------------------------------------------------------------------------------


def check_invalid_values(context: CheckContext, mirror: Mirror) -> None:
    """Judges values that cannot be read or are out of bounds, required parameters, ranges, and lenient types."""
    check_defaults(context, mirror)
    for name, parameter in context.listing.parameters.items():
        for raw, bad in _invalid_values(parameter):
            _check_invalid_value(context, mirror, name, raw, bad)
    _check_boundless_integers(context, mirror)
    _check_greatest_values(context, mirror)
    _check_page_bound(context, mirror)
    _check_full_page(context, mirror)
    _check_longest_lists(context, mirror)
    _check_too_many_items(context, mirror)
    _check_required(context, mirror)
    _check_ranges(context, mirror)
    check_constant_company(context, mirror)
    check_shared_values(context, mirror)
    check_lenient_types(context, mirror)
    check_flag_spellings(context, mirror)


def _invalid_values(parameter: Parameter) -> list[tuple[Tree, InvalidValueRule]]:
    """Each odd value to try and the rule for it; of one that stands under several rules the first counts."""
    bad, beyond = parameter.bad, parameter.beyond
    odd, far = bad.like if bad is not None else (), beyond.like if beyond is not None else ()
    in_text = not any(isinstance(item, int) for item in (*odd, *far))
    listed = parameter.as_ == "list" and parameter.at is not None
    tried: dict[str, tuple[Tree, InvalidValueRule]] = {}
    if parameter.zero is not None:
        tried["0"] = ("0" if in_text else 0), parameter.zero
    over = beyond or bad
    if parameter.most is not None and over is not None:
        for raw in far or (parameter.most + 1,):
            tried.setdefault(str(raw), (str(raw) if in_text else raw, over))
    if bad is not None:
        for raw in odd:
            tried.setdefault(str(raw), ([raw] if listed else raw, bad))
    return list(tried.values())


def _check_boundless_integers(context: CheckContext, mirror: Mirror) -> None:
    """Integers without a documented bound, beyond what 64 bits hold: whatever they get, the server stands.

    What the answer is, is open; a server error is told by the rule on those. Real servers hand an offset on to their
    database as it is (docs/real-servers.md).
    """
    if not context.asked.include((ClauseId("HTTP-SERVER-ERRORS"),)):
        return
    for name, parameter in context.listing.parameters.items():
        boundless = parameter.as_ == "integer" and parameter.most is None and parameter.constant is None
        if not boundless or name in mirror.base or not context.supports_parameters(name):
            continue
        ask = mirror.request({name: context.encode(name, BEYOND_64_BITS)})
        context.send(ask, f"a number of 65 bits in {name}", witness=False)


def _check_invalid_value(context: CheckContext, mirror: Mirror, name: str, raw: Tree, bad: InvalidValueRule) -> None:
    """Holds an odd value against the meanings that it may have; confirms and blames what is none of them."""
    clauses = bad.clause
    if not context.asked.include(clauses):
        return
    meanings = _possible_answers(context, mirror, name, raw, bad)
    only = _aspects_to_judge(context, mirror, name)
    exchange = context.send(mirror.request({name: raw}), f"an odd value of {name}")
    if any(meaning.error_name for _, meaning in meanings) and is_breakdown(context, exchange, bad.fault):
        judge_error_response(context, exchange, bad.fault, clauses, parameter=name)
        return
    if context.note_unusable(exchange, clauses):
        return
    fitting, mismatch, _ = _first_mismatch(context, mirror, exchange, meanings, only)
    reading = f"{name}={_short_text(raw)}: {describe_answer(exchange)}"
    if mismatch is None:
        _record_reading(context, mirror, exchange, name, bad, fitting, reading)
        return
    if not still_unbroken(context, clauses):
        context.results.record_observed(clauses, reading)
        return
    if mismatch.aspect not in OUTCOME_ASPECTS:
        reread_mirror(context, mirror)
    second = repeat_exchange(context, exchange)
    if context.note_unusable(second, clauses):
        return
    fitting, again, meaning = _first_mismatch(context, mirror, second, meanings, only)
    if again is None:
        context.dialect.narrow_candidates(fitting, exchange.purpose)
    if again is None or (mirror.volatile and again.aspect not in OUTCOME_ASPECTS):
        context.results.record_inconclusive(clauses, "not repeatable, or the list moved")
        return
    check = difference_check(context, mirror, meaning, second, again, [one for _, one in meanings])
    report_breach(context, clauses, expected=again.expected, actual=again.actual, exchange=second, check=check)


def _aspects_to_judge(context: CheckContext, mirror: Mirror, name: str) -> tuple[Aspect, ...]:
    """The aspects of an answer in which an odd value of a parameter may show."""
    paging = context.listing.paging
    if _bounds_mirror(context, mirror, name):
        return OUTCOME_ASPECTS
    if isinstance(paging, OffsetPaging) and name == paging.offset:
        return (*ROW_ASPECTS, "slice")
    return (*ROW_ASPECTS, "short") if name == paging.size_parameter else ROW_ASPECTS


def _record_reading(
    context: CheckContext,
    mirror: Mirror,
    exchange: Exchange,
    name: str,
    bad: InvalidValueRule,
    fitting: list[Mapping[str, Any]],
    reading: str,
) -> None:
    """Records an answer that fits one of the meanings of an odd value, and judges how it does."""
    if exchange.is_refusal:
        context.dialect.narrow_candidates(fitting, exchange.purpose)
        judge_error_response(context, exchange, bad.fault, bad.clause, parameter=name)
    elif context.listing.parameters[name].as_ == "flag" and _counts_as_absent(bad):
        if _check_counts_as_absent(context, mirror, exchange, name, bad.clause) is not False:
            context.dialect.narrow_candidates(fitting, exchange.purpose)
    else:
        context.dialect.narrow_candidates(fitting, exchange.purpose)
        record_kept(context, bad.clause, reading)


def _bounds_mirror(context: CheckContext, mirror: Mirror, name: str) -> bool:
    """Whether a parameter bounds the mirror, so that without it other rows come."""
    return name in mirror.base or any(
        name in (pair.first, pair.last) and (pair.first in mirror.base or pair.last in mirror.base)
        for pair in context.listing.ranges
    )


def _counts_as_absent(bad: InvalidValueRule) -> bool:
    """Whether a bad value that is taken can only count as none."""
    ways = options_of(bad.gets)
    return set(ways) <= {"refused", "default", "ignored"}


def _check_counts_as_absent(
    context: CheckContext, mirror: Mirror, exchange: Exchange, name: str, clauses: Clauses
) -> bool | None:
    """A flag with a word that is taken counts as absent: the parts of rows, their order and the total, too."""
    # One reading serves all flags: what differs is held against a fresh one.
    reference = read_plain_list(context, mirror, f"the list without {name}")
    if reference is None:
        return None
    expected = f"the same answer as without {name}"
    return judge_same_answer(context, mirror, reference, exchange, clauses, expected=expected)


def _short_text(raw: Tree) -> str:
    return str(raw)[:40]


def _first_mismatch(
    context: CheckContext,
    mirror: Mirror,
    exchange: Exchange,
    meanings: list[Meaning],
    only: Sequence[Aspect],
) -> tuple[list[Mapping[str, Any]], Difference | None, ExpectedAnswer | None]:
    """What the meanings that fit assume; where none does, the first difference from the nearest, and that one.

    What the list shows without the odd value, too, is no difference that the value makes.
    """
    if exchange.is_refusal and any(meaning.error_name is not None for _, meaning in meanings):
        return [assigned for assigned, meaning in meanings if meaning.error_name is not None], None, None
    held = [
        (
            assigned,
            meaning,
            [
                one
                for one in compare_answer(context, mirror, meaning, exchange, only)
                if not is_told_without(context, mirror, exchange, one)
            ],
        )
        for assigned, meaning in meanings
    ]
    fitting = [assigned for assigned, _, differences in held if not differences]
    if fitting:
        return fitting, None, None
    _, meaning, differences = max(held, key=lambda item: item[2][0].rank)
    return [], differences[0], meaning


def is_told_without(context: CheckContext, mirror: Mirror, exchange: Exchange, difference: Difference) -> bool:
    """Whether a difference is known of the plain list, so that the odd value does not make it."""
    plain = mirror.request()
    return any(
        known.lies_within(plain) and difference.is_part_of(known.difference) for known in context.known_differences
    )


def _possible_answers(
    context: CheckContext, mirror: Mirror, name: str, raw: Tree, bad: InvalidValueRule
) -> list[Meaning]:
    """What an odd value may mean: each treatment that the spec allows, told by a request without oddity."""
    choice = bad.gets
    key = f"{choice.id}={_short_text(raw)}" if isinstance(choice, OpenChoice) else ""
    ways: Sequence[Any] = (choice,)
    if isinstance(choice, OpenChoice):
        ways = context.dialect.candidates_of(key) or choice.options or (choice.assumed,)
    without = mirror.request_without((name,))
    found: list[Meaning] = []
    for way in ways:
        assigned = {key: way} if key else {}
        match way:
            case "refused":
                found.append((assigned, ExpectedAnswer(error_name=bad.fault, parameter=name)))
            case "nothing":
                found.append((assigned, ExpectedAnswer(no_rows=True)))
            case "clamped":
                for value in _clamp_bounds(context.listing.parameters[name], raw):
                    clamped = without.with_values({name: context.encode(name, value)})
                    found.extend(
                        ({**more, **assigned}, meaning) for more, meaning in context.expected_answers(clamped)
                    )
            case "honoured" if name in context.listing.filters:
                asked = context.expected_answers(without.with_values({name: raw}))
                found.extend((more, meaning) for more, meaning in asked if more.get(key) == way)
            case "honoured":
                found.append((assigned, _answer_if_honoured(context, without, raw)))
            case _:
                found.extend(({**more, **assigned}, meaning) for more, meaning in context.expected_answers(without))
    found.extend(_answers_of_older_version(context, name, without))
    return found


def _clamp_bounds(parameter: Parameter, raw: Tree) -> list[int]:
    value = parse_row_count(str(raw).lstrip("-"))
    below = str(raw).startswith("-") or value == 0
    bounds = (parameter.least, parameter.most) if below or value is None else (parameter.most,)
    return [bound for bound in bounds if bound is not None]


def _answer_if_honoured(context: CheckContext, without: ListRequest, raw: Tree) -> ExpectedAnswer:
    """The value taken as it is: at most so many rows, where it is a size."""
    meaning = context.expected_answers(without)[0][1]
    size = parse_row_count(raw)
    return replace(meaning, size=size, size_given=size) if size else ExpectedAnswer(unspecified="honoured")


def _answers_of_older_version(context: CheckContext, name: str, without: ListRequest) -> list[Meaning]:
    """A server of a version that does not know the parameter ignores it."""
    versions, since = context.listing.versions, context.listing.parameters[name].since
    if versions is None or since is None or not isinstance(versions.serves, OpenChoice):
        return []
    left = context.dialect.candidates_of(versions.serves.id) or versions.serves.options
    older = [one for one in left if versions.order.index(one) < versions.order.index(since)]
    return [
        ({**more, versions.serves.id: one}, meaning)
        for one in older
        for more, meaning in context.expected_answers(without)
    ]


def _form_encoding(listing: Listing) -> str | None:
    """The name of the form that counts as much as the documented way: a long list may be too long for a URL."""
    ways = listing.transport.also.items()
    return next((key for key, way in ways if (way.carries, way.level, way.path) == ("form", "same", None)), None)


def _check_longest_lists(context: CheckContext, mirror: Mirror) -> None:
    """A list as long as the document allows, of which the last element alone is the value of some rows.

    Servers read some of the elements, without a word (`ids_cap_50`), or refuse longer ones (`ids_max_50`).
    """

    def refused(answer: Exchange) -> str:
        return describe_answer(answer) if answer.is_refusal else ""

    for name, parameter in context.listing.parameters.items():
        most, rule = parameter.most_items, context.listing.filters.get(name)
        if most is None or rule is None or not is_plain_equality(rule) or not context.parameters_work(name):
            continue
        if not context.asked.include(parameter.list_clause or rule.clause):
            continue
        about = AskedFilter(context, mirror, name)
        if not takes_numbers(parameter) or not about.parting_values:
            context.results.record_not_exercised(parameter.list_clause, f"the rows show no value for {name}")
            continue
        strangers = list(itertools.islice((one for one in itertools.count(1) if one not in about.counted), most - 1))
        own, encoding = about.parting_values[-1], _form_encoding(context.listing)
        few, all_ = (
            replace(about.request((*some, own)), encoding_name=encoding) for some in (strangers[:1], strangers)
        )
        if most > LIST_LENGTH and encoding is None:
            context.results.record_not_exercised(parameter.list_clause, f"{most} elements are too many for a URL")
        elif tells_nothing_new(context, mirror, context.send(few, f"{name} with two elements, by {encoding}")):
            purpose = f"{name} with {most} elements, as many as are allowed"
            clauses = parameter.list_clause or about.clauses
            # The shorter list was taken: that an element of a list names nothing is no reason to refuse a longer one.
            exchange = context.send(all_, purpose)
            if judge_twice(context, exchange, clauses, refused, expected="a success", doubtful=clauses, check=A_LIST):
                about.check(all_, purpose, clauses)


def _check_too_many_items(context: CheckContext, mirror: Mirror) -> None:
    """A list that is one element longer than the longest legal one."""
    listing = context.listing
    for name, parameter in listing.parameters.items():
        if parameter.most_items is None or parameter.too_many is None:
            continue
        if not context.asked.include(parameter.too_many.clause):
            continue
        items = _many_items(context, mirror, name, parameter.most_items + 1)
        if items is None:
            context.results.record_not_applicable(parameter.too_many.clause, f"the rows show no value for {name}")
            continue
        encoding = _form_encoding(listing)
        raw = context.encode(name, items)
        ask = replace(mirror.request({name: raw}), encoding_name=encoding)
        exchange = context.send(ask, f"a list of {len(items)} elements in {name}", witness=False)
        if context.note_unusable(exchange, parameter.too_many.clause):
            continue
        choice = parameter.too_many.gets
        refused = exchange.is_refusal
        options = [way for way in options_of(choice) if (way == "refused") == refused]
        if len(options) == 1 and exchange.outcome != "unreadable":
            context.dialect.learn_answer(choice, options[0], exchange.purpose)
        if not refused and choice == "refused":
            judge_error_response(context, exchange, parameter.too_many.fault, parameter.too_many.clause)
        elif exchange.outcome == "error":
            few = replace(mirror.request({name: context.encode(name, items[:2])}), encoding_name=encoding)
            short = context.send(few, f"a list of two elements in {name}, in the same way", witness=False)
            if short.outcome != "success":
                # It is the way that is not understood, and that is judged by itself.
                continue
            judge_error_response(
                context, exchange, parameter.too_many.fault, parameter.too_many.clause, parameter=name
            )
        else:
            context.results.record_observed(parameter.too_many.clause, describe_answer(exchange))


def _check_greatest_values(context: CheckContext, mirror: Mirror) -> None:
    """The greatest legal value of a number, where the one below it is taken: `<` in place of `<=` refuses it.

    How many rows a page holds at most, requests of that size tell (`offset_10000_refused`, foreign servers).
    """
    sizes = {context.listing.paging.size_parameter}
    for name, parameter in context.listing.parameters.items():
        most, beyond = parameter.most, parameter.beyond
        if parameter.as_ != "integer" or most is None or beyond is None or name in sizes:
            continue
        if not context.asked.include(beyond.clause):
            continue
        exchange, below = (
            context.send(mirror.request({name: context.encode(name, value)}), f"{name} = {value}", witness=False)
            for value in (most, most - 1)
        )
        if exchange.is_refusal and below.outcome == "success":
            expected = f"a success, as with {most - 1}"
            judge_twice(context, exchange, beyond.clause, _refusal, expected=expected, check=A_LIST)


def _refusal(exchange: Exchange) -> str:
    return describe_answer(exchange) if exchange.is_refusal else ""


def _check_page_bound(context: CheckContext, mirror: Mirror) -> None:
    """The bound of a page, asked of a list that is longer than it, where the checked part of it is not."""
    paging = context.listing.paging
    size_name = paging.size_parameter
    if size_name is None or paging.is_single_page or context.options.window is not None:
        return
    parameter = context.listing.parameters[size_name]
    beyond = parameter.beyond
    ways = () if beyond is None else options_of(beyond.gets)
    most = parameter.most
    if most is None or beyond is None or "honoured" in ways or len(mirror.rows) > most:
        return
    if not context.asked.include(beyond.clause):
        return

    def too_long(answer: Exchange) -> str:
        return rows_in_words(len(answer.listed)) if len(answer.listed) > most else ""

    size = {size_name: context.encode(size_name, most + 1)}
    for base in _wider_windows(context, mirror, most):
        exchange = context.send(
            ListRequest(values={**base, **size}), "more rows than a page may hold, of a longer list"
        )
        if too_long(exchange):
            expected, check = f"an error, or at most {most} rows", AnswerCheck(kind="at-most", high=most)
            judge_twice(context, exchange, beyond.clause, too_long, expected=expected, check=check)
            return
        if context.note_unusable(exchange, beyond.clause) or exchange.rows is None:
            return


def _check_full_page(context: CheckContext, mirror: Mirror) -> None:
    """A page of the greatest legal size, of a list that is longer than the checked part: short only where it ends.

    Servers cut long pages without a word (`count_max_100`).
    """
    paging = context.listing.paging
    most = context.listing.parameters[paging.size].most if isinstance(paging, OffsetPaging) and paging.size else None
    if not isinstance(paging, OffsetPaging) or paging.size is None or most is None or len(mirror.rows) >= most:
        return
    if context.options.window is not None or not context.parameters_work(paging.size, paging.offset):
        return
    size, offset = paging.size, paging.offset

    def cut(answer: Exchange) -> str:
        rows = len(answer.listed)
        if not 0 < rows < most:
            return ""
        values = {size: context.encode(size, 1), offset: context.encode(offset, rows + paging.first)}
        ask = replace(answer.list_request, values={**answer.list_request.values, **values})
        following = context.send(ask, "the row after a page that has place for it")
        more = [row for row in following.listed if row.key not in answer.keys]
        return f"{rows_in_words(rows)}, and others after them" if more and not all_recent(context, more) else ""

    for base in _wider_windows(context, mirror, most):
        ask = ListRequest(values={**base, size: context.encode(size, most)})
        exchange = context.send(ask, "as many rows as a page may hold, of a longer list")
        expected = f"{rows_in_words(most)}, or all there are"
        judge_twice(context, exchange, paging.clauses.size, cut, expected=expected)


def _wider_windows(context: CheckContext, mirror: Mirror, most: int) -> Sequence[Mapping[str, Tree]]:
    """Time ranges around the checked one that may hold more rows than a page."""
    if requires_time_range(context):
        every = list(candidate_windows(context, context.run_start))
        return every[every.index(dict(mirror.base)) + 1 :][:1] if mirror.base in every else every[1:2]
    widest = mirror.widest_snapshot
    return [widest.base] if widest is not None and (widest.total or len(widest.rows)) > most else []


def _many_items(context: CheckContext, mirror: Mirror, name: str, number_: int) -> tuple[Any, ...] | None:
    """So many values that the server knows, repeated if need be: a stranger may be refused for another reason."""
    rule = context.listing.filters.get(name)
    if rule is None:
        return None
    known = values_of(mirror.rows, rule.compares[0])
    whole = context.listing.parameters[name].of == "integer"
    items = [value for value in dict.fromkeys(known) if isinstance(value, int) or not whole]
    return tuple((items * (number_ // len(items) + 1))[:number_]) if items else None


# --- required -----------------------------------------------------------------------------------------------


def _check_required(context: CheckContext, mirror: Mirror) -> None:
    together: set[tuple[str, ...]] = set()
    for name, parameter in context.listing.parameters.items():
        rule = parameter.required
        if rule is None or not context.asked.include(rule.clause or parameter.clause):
            continue
        others = rule.unless_all_missing
        if others:
            together.add(others)
        if others and not any(other in mirror.base and other != name for other in others):
            reason = f"the run has no values for {', '.join(others)}"
            context.results.record_not_exercised(rule.clause, reason)
            continue
        exchange = context.send(mirror.request_without((name,)), f"a request without {name}")
        judge_error_response(context, exchange, rule.fault, rule.clause or parameter.clause, parameter=name)
    for names in sorted(together):
        _check_all_missing(context, mirror, names)
    for choice in context.listing.at_least_one:
        if not context.asked.include(choice.clause):
            continue
        purpose = f"a request without any of {', '.join(choice.of)}"
        exchange = context.send(mirror.request_without(choice.of), purpose)
        judge_error_response(context, exchange, choice.fault, choice.clause)


def _check_all_missing(context: CheckContext, mirror: Mirror, names: tuple[str, ...]) -> None:
    """Without any of them: one behaviour, however many parameters leave it open."""
    rules = [rule for name in names if (rule := context.listing.parameters[name].required) is not None]
    clauses = tuple(dict.fromkeys(clause for rule in rules for clause in rule.clause))
    exchange = context.send(mirror.request_without(names), f"a request without {' and '.join(names)}")
    if context.note_unusable(exchange, clauses):
        return
    allowed = {way for rule in rules for way in options_of(rule.then)}

    def too_old(answer: Exchange) -> str:
        early = _rows_before_last_month(context, mirror, names, answer)
        return f"{early} older rows" if early else ""

    success = ("last-month", "everything") if exchange.outcome == "success" else ()
    ways = ("refused",) if exchange.is_refusal else success
    reading = next((way for way in ways if way in allowed), None)
    if reading == "refused" or (reading is None and not exchange.is_refusal):
        judge_error_response(context, exchange, rules[0].fault, clauses)
    elif reading == "last-month" and "everything" in allowed:
        context.results.record_pass(enforceable_clauses(context, clauses))
    elif reading == "last-month":
        expected = "an error, or the calls of the last month"
        if not judge_twice(context, exchange, clauses, too_old, expected=expected):
            return
    for rule in rules if reading is not None else ():
        context.dialect.learn_answer(rule.then, reading, exchange.purpose)


def _rows_before_last_month(context: CheckContext, mirror: Mirror, names: Sequence[str], exchange: Exchange) -> int:
    """How many rows are surely older than a month: compared with the newest row that was ever seen."""
    filters = context.listing.filters
    path = next((filters[name].compares[0] for name in names if name in filters), None)
    if path is None:
        return 0

    def times(rows: Sequence[Row]) -> list[datetime]:
        return [instant for instant in values_of(rows, path) if isinstance(instant, datetime)]

    seen = times((*mirror.rows, *exchange.listed))
    return sum(instant < max(seen) - _LAST_MONTH for instant in times(exchange.listed)) if seen else 0


# --- ranges -------------------------------------------------------------------------------------------------


def _check_ranges(context: CheckContext, mirror: Mirror) -> None:
    parameters = context.listing.parameters
    for pair in context.listing.ranges:
        check_long_range(context, mirror, pair)
        ends = _range_ends(context, mirror, pair.first)
        if ends is None or parameters[pair.first].as_ != parameters[pair.last].as_:
            whole = pair.value.clause if pair.value is not None else ()
            told = (*pair.clauses.reversed, *pair.clauses.one_alone, *whole)
            context.results.record_not_exercised(told, "the rows show no two different values for a range")
            continue
        if parameters[pair.first].as_ == "calendar-day" and isinstance(ends[0], datetime):
            # All rows may be of one day, which is no range.
            ends = (ends[0] - timedelta(days=1), ends[1] + timedelta(days=1))
        check_range_value(context, mirror, pair, ends)
        turned = context.encode_all({pair.first: ends[1], pair.last: ends[0]})
        ask, purpose = mirror.request_without(turned, turned), "a range whose ends are the wrong way round"
        clauses, fault = pair.clauses.reversed, pair.reversed_fault
        check_refusable(context, mirror, ask, purpose, clauses, fault, only=ASPECTS)
        if parameters[pair.first].required is None and parameters[pair.last].required is None:
            if pair.recent_seconds is not None:
                check_recent_rows(context, mirror, pair, pair.recent_seconds)
            _check_ends_alone(context, mirror, pair, ends)


def _check_ends_alone(context: CheckContext, mirror: Mirror, pair: FilterRange, ends: tuple[Any, Any]) -> None:
    """Each end of a range alone, where it leaves rows out on its own side: an end that is ignored keeps them."""
    clauses, narrowed = pair.clauses.one_alone, _bounds_mirror(context, mirror, pair.first)
    last, first = _range_ends(context, mirror, pair.first, part=4) or (ends[1], ends[0])
    for alone in ({pair.first: first}, {pair.last: last}):
        ask = mirror.request_without((pair.first, pair.last), context.encode_all(alone))
        judged = check_refusable(
            context,
            mirror,
            ask,
            "one end of a range alone",
            clauses,
            pair.one_alone_fault,
            only=OUTCOME_ASPECTS if narrowed else ROW_ASPECTS,
        )
        if judged.passed and narrowed and not judged.due_error:
            _check_one_end(context, judged.exchange, clauses)


def _check_one_end(context: CheckContext, exchange: Exchange, clauses: Clauses) -> None:
    """An end that is taken alone keeps rows out, also of those that the run did not read."""
    meanings = [
        meaning
        for _, meaning in context.expected_answers(exchange.list_request)
        if meaning.error_name is None and meaning.tests
    ]
    strays = [row for row in exchange.listed if all(meaning.keeps_row(row.shown) is False for meaning in meanings)]
    if meanings and strays:
        paths = sorted({str(path) for meaning in meanings for path in meaning.compared_paths})
        context.fail(
            clauses,
            "one end of a range alone is refused, or kept",
            expected="an error, or only rows within the range",
            actual=f"{len(strays)} of {len(exchange.listed)} rows are not within it",
            exchange=exchange,
            rows=strays[:4],
            fields=paths,
        )


def _range_ends(context: CheckContext, mirror: Mirror, name: str, part: int = 0) -> tuple[Any, Any] | None:
    """The ends of the values that a filter compares, a second apart; with `part` nearer to one another."""
    rule = context.listing.filters.get(name)
    if rule is None:
        return None
    found = sorted(values_of(mirror.rows, rule.compares[0]))
    if not found:
        return None
    low, high = (found[len(found) // part], found[-1 - len(found) // part]) if part else (found[0], found[-1])
    if isinstance(low, datetime):
        low, high = low.replace(microsecond=0), high.replace(microsecond=0)
    return (low, high) if low < high else None
