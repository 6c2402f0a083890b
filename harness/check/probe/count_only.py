"""Probes of count-only answers, which hold a number in place of rows."""

from __future__ import annotations

from harness.check.context import CheckContext, Exchange
from harness.check.probe.answer_checks import AnswerCheck, seen_check
from harness.check.probe.asked_filter import AskedFilter
from harness.check.probe.expect import check_probe
from harness.check.probe.filter_values import (
    absent_value,
    disjoint_filter_pairs,
    encode_shown_value,
    is_plain_equality,
    largest_page,
    visible_filters,
)
from harness.check.probe.mirror import Mirror
from harness.check.results.row_numbers import rows_in_words
from harness.specification.model import LimitPaging
from harness.specification.narrowing_defaults import default_limit
from harness.wire.decoded_body import Tree
from harness.wire.parameter_codec import element_codec
from harness.wire.response_codec import count_in


def check_count_only(context: CheckContext, mirror: Mirror) -> None:
    """Judges count-only answers: of all rows, of some, and with parameters that the count ignores."""
    counting = context.listing.count_only
    if counting is None:
        return
    on = {counting.parameter: context.encode(counting.parameter, True)}
    clauses = counting.clauses.on
    judged = check_probe(context, mirror, mirror.request(on), "a count of all", clauses, always=True)
    if judged.passed is False:
        context.mark_broken(counting.parameter, clauses)
    names = [name for name in visible_filters(context) if context.supports_parameters(name)]
    # Two at a time: with the right values a count that forgets either is another number.
    for label, values in disjoint_filter_pairs(context, mirror, names) if judged.passed else ():
        ask = mirror.request({**on, **values})
        check_probe(context, mirror, ask, f"a count with {label}", clauses)
    if (nobody := _filter_without_match(context, mirror)) and judged.passed:
        check_probe(context, mirror, mirror.request({**on, **nobody}), "a count of nothing", clauses)
    if (word := _filter_with_group_word(context)) and judged.passed:
        check_probe(context, mirror, mirror.request({**on, **word}), "a count with a word for several", clauses)
    for name in counting.ignores:
        if judged.passed:
            small = context.encode(name, 1)
            mine = counting.clauses.ignores or clauses
            if len(mirror.rows) < 2:
                context.results.record_not_exercised(mine, "fewer than two rows")
                continue
            check_probe(context, mirror, mirror.request({**on, name: small}), f"a count with {name} = 1", mine)
    mine = counting.clauses.default
    off = {counting.parameter: context.encode(counting.parameter, False)}
    for values, purpose in ((off, "the count switched off"), ({}, "no word on counting")):
        ask = mirror.request({**largest_page(context), **values})
        check_probe(context, mirror, ask, purpose, mine)


def _filter_without_match(context: CheckContext, mirror: Mirror) -> dict[str, Tree]:
    """A filter with a value that nothing has; empty when there is none.

    An outer join leaves a row where nothing matches (`count_one_left_for_zero`).
    """
    for name in visible_filters(context):
        about = AskedFilter(context, mirror, name)
        if (
            is_plain_equality(about.rule)
            and element_codec(about.parameter) == "text"
            and context.parameters_work(name)
        ):
            return {name: encode_shown_value(context, name, absent_value(about.parameter, about.counted))}
    return {}


def _filter_with_group_word(context: CheckContext) -> dict[str, Tree]:
    """A filter with a word that stands for several values of its field; empty when there is none."""
    for name, filter_ in context.listing.filters.items():
        words = [word for word, meant in filter_.words.items() if isinstance(meant, tuple)]
        if words and context.parameters_work(name) and context.supports_parameters(name):
            return {name: words[0]}
    return {}


def check_count_of_list(context: CheckContext, mirror: Mirror, listed: Exchange) -> None:
    """The number in place of a list that was read whole: both are told again before they are held to differ."""
    counting = context.listing.count_only
    if counting is None or not listed.rows or not context.parameters_work(counting.parameter):
        return
    clauses = counting.clauses.on
    if not context.listing.paging.is_single_page or context.drop_repeated_rows:
        # Rows that come twice may be counted twice.
        return
    on = {counting.parameter: context.encode(counting.parameter, True)}
    for attempt in range(2):
        counted = context.send(listed.list_request.with_values(on), f"the count of: {listed.purpose}", witness=False)
        number = count_in(counted.answer) if counted.answer is not None else None
        if context.note_unusable(counted, clauses) or number is None:
            return
        if number[0] == len(listed.listed):
            context.results.record_pass(clauses)
            return
        before = listed.keys
        listed = context.send(listed.list_request, f"again: {listed.purpose}", witness=False)
        # Rows of both lists were there all the time, rows of either at some time.
        if len(set(before) & set(listed.keys)) <= number[0] <= len(set(before) | set(listed.keys)):
            return
        if attempt and _list_is_cut(context, listed, number[0]):
            return
        if attempt:
            expected = f"the number {len(before)}"
            actual, check = str(number[0]), seen_check(context, counted)
            context.fail(clauses, counted.purpose, expected=expected, actual=actual, exchange=counted, check=check)


def _list_is_cut(context: CheckContext, listed: Exchange, counted: int) -> bool:
    """Whether a list is shorter than its count because no limit is taken for one; then that is told."""
    paging = context.listing.paging
    clauses = paging.clauses.size_default if isinstance(paging, LimitPaging) else ()
    if not isinstance(paging, LimitPaging) or not clauses or counted <= len(listed.listed):
        return False
    if default_limit(context.listing) is not None:
        return False
    high = listed.list_request.with_values({paging.size: context.encode(paging.size, 2 * counted)})
    exchange = context.send(high, f"with a high limit: {listed.purpose}", witness=False)
    if len(exchange.listed) != counted:
        return False
    actual = rows_in_words(len(listed.listed))
    expected, check = rows_in_words(counted), AnswerCheck(kind="rows", low=counted, high=counted)
    message = "no limit means all rows"
    context.fail(clauses, message, expected=expected, actual=actual, exchange=listed, check=check)
    return True
