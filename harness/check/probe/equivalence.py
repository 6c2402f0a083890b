"""Judgement of two answers that must be the same."""

from __future__ import annotations

from collections.abc import Hashable, Sequence, Set

from harness.check.context import CheckContext, Exchange, Row
from harness.check.oracle.interpreter import sort_key
from harness.check.probe.answer_checks import same_check
from harness.check.probe.error_responses import (
    describe_answer,
    enforceable_clauses,
    record_kept,
    repeat_exchange,
    report_breach,
)
from harness.check.probe.mirror import Mirror, lists_only_live_calls, parse_row_count
from harness.check.probe.stability import replicas_disagree, wait_for_replicas
from harness.check.results.row_numbers import rows_in_words
from harness.specification.model import Clauses, options_of
from harness.wire.list_request import ListRequest
from harness.wire.response_codec import count_in


def answer_difference(context: CheckContext, first: Exchange, second: Exchange) -> str | None:
    """How two answers differ (outcome, number, rows, order, parts of rows, total), or None."""
    one, two = first.answer, second.answer
    if one is None or two is None:
        return "one of them is missing"
    if one.outcome != two.outcome:
        return f"{describe_answer(first)} and {describe_answer(second)}"
    if one.outcome == "error":
        return None if str(one.code) == str(two.code) else f"{describe_answer(first)} and {describe_answer(second)}"
    if one.outcome == "unreadable":
        return None
    if first.rows is None or second.rows is None:
        numbers = (count_in(one), count_in(two))
        return None if numbers[0] == numbers[1] else f"{_count_text(numbers[0])} and {_count_text(numbers[1])}"
    return (
        _row_difference(context, first.rows, second.rows)
        or _part_difference(context, first.rows, second.rows)
        or _total_difference(first, second)
    )


def _count_text(told_: tuple[int, str] | None) -> str:
    return "no number" if told_ is None else f"the number {told_[0]}"


def _row_difference(context: CheckContext, first: Sequence[Row], second: Sequence[Row]) -> str | None:
    keys, others = [row.key for row in first], [row.key for row in second]
    if keys == others:
        return None
    if len(keys) != len(others):
        return f"{rows_in_words(len(keys))} and {rows_in_words(len(others))}"
    only = [row for row in first if row.key not in set(others)]
    only += [row for row in second if row.key not in set(keys)]
    # Where a page cuts rows of one sort value apart, either of them may stand on it.
    last = {sort_value_of(context, row) for row in (first[-1], second[-1], *only)}
    if only and (context.listing.order is None or len(last) != 1):
        return f"{len(keys)} rows each, but {len(only) - len(only) // 2} of them differ"
    if context.listing.order is None:
        return None
    if [sort_value_of(context, row) for row in first] != [sort_value_of(context, row) for row in second]:
        return "the same rows in another order"
    return None


def sort_value_of(context: CheckContext, row: Row) -> Hashable:
    """The value of a row by which the list is sorted."""
    order = context.listing.order
    if order is None:
        return None
    paths = options_of(order.by)
    return tuple(sort_key((row.values(path) or (None,))[0], "code-point") for path in paths)


def _part_difference(context: CheckContext, first: Sequence[Row], second: Sequence[Row]) -> str | None:
    """Whether switched parts are shown in one answer only."""
    parts = context.listing.switched_fields
    by_key = {row.key: row for row in second}
    for row in first:
        other = by_key.get(row.key)
        if other is None:
            continue
        mine, theirs = filled_row_parts(row, parts), filled_row_parts(other, parts)
        if mine != theirs:
            names = ", ".join(sorted(mine ^ theirs))
            return f"{names} in one of them only"
    return None


def filled_row_parts(row: Row, parts: Set[str]) -> set[str]:
    """The parts that are there and not empty."""
    raw = row.raw if isinstance(row.raw, dict) else {}
    return {name for name in parts if raw.get(name) not in (None, "", [], {})}


def _total_difference(first: Exchange, second: Exchange) -> str | None:
    one, two = parse_row_count(first.total), parse_row_count(second.total)
    return None if one == two else f"a total of {one} and a total of {two}"


def certain_difference(
    context: CheckContext, mirror: Mirror, first: Exchange, middle: Exchange, last: Exchange
) -> str | None:
    """The difference of `middle` from the answers before and after it that no movement explains, or None."""
    if None in (first.outcome, middle.outcome, last.outcome):
        return None
    if first.outcome != last.outcome:
        return None
    if first.outcome != middle.outcome:
        return f"{describe_answer(first)} and {describe_answer(middle)}"
    if first.rows is None or last.rows is None or middle.rows is None:
        return None
    around = set(first.keys) | set(last.keys)
    stayed = set(first.keys) & set(last.keys)
    known = [key for key in middle.keys if key not in around and mirror.row_with_key(key) is not None]
    if not context.listing.paging.is_single_page:
        # A page moves with the list: only an empty one, or one that fills up, says something.
        if stayed and not middle.rows:
            return f"{rows_in_words(len(stayed))} and none"
        if not around and known:
            return f"no rows and {rows_in_words(len(known))}"
        return None
    missing = stayed - set(middle.keys)
    if missing:
        return f"{len(missing)} rows that stood still are missing"
    if known:
        return f"{rows_in_words(len(known))} that are not in the other answer"
    return None


def check_same_answer(
    context: CheckContext,
    mirror: Mirror,
    reference: Exchange,
    ask: ListRequest,
    purpose: str,
    clauses: Clauses,
    *,
    expected: str,
    blaming: bool = True,
    witness: bool = True,
) -> bool | None:
    """Sends `ask`, which must get the same answer as `reference` did; None when that cannot be decided.

    With `blaming` False a difference is confirmed but not written.
    """
    exchange = context.send(ask, purpose, witness=witness)
    if context.note_unusable(exchange, clauses):
        return None
    return judge_same_answer(context, mirror, reference, exchange, clauses, expected=expected, blaming=blaming)


def judge_same_answer(
    context: CheckContext,
    mirror: Mirror,
    reference: Exchange,
    exchange: Exchange,
    clauses: Clauses,
    *,
    expected: str,
    blaming: bool = True,
) -> bool | None:
    """Judges an exchange that must be the same as a reference, confirming what differs."""
    found = answer_difference(context, reference, exchange)
    if found is None:
        record_kept(context, clauses, "the same answer")
        return True
    firm = enforceable_clauses(context, clauses)
    if blaming and firm and context.results.first_failed(firm[:1]):
        return False
    before = reference
    for attempt in range(2):
        after = repeat_exchange(context, reference)
        if context.note_unusable(after, clauses):
            return None
        if answer_difference(context, before, after) is not None:
            found = certain_difference(context, mirror, before, exchange, after)
            mirror.volatile = True
        else:
            found = answer_difference(context, after, exchange)
        if found is None:
            context.results.record_inconclusive(firm, "data-changed: the list moved between two requests")
            return None
        if attempt:
            break
        exchange = repeat_exchange(context, exchange)
        before = after
        if context.note_unusable(exchange, clauses):
            return None
    # The reference was asked every second time until here: a list that comes and goes in that step looks different.
    wait_for_replicas(context)
    at_once = repeat_exchange(context, reference)
    if context.note_unusable(at_once, clauses):
        return None
    if answer_difference(context, after, at_once) is not None:
        context.results.record_inconclusive(firm, "data-changed: the list moved between two requests")
        mirror.volatile = True
        return None
    if replicas_disagree(context, mirror):
        context.results.record_inconclusive(firm, "data-changed: the newest rows come and go")
        return None
    if blaming:
        check, actual = same_check(context, at_once, exchange), f"they differ: {found}"
        report_breach(context, clauses, expected=expected, actual=actual, exchange=exchange, check=check)
    return False


def read_plain_list(context: CheckContext, mirror: Mirror, purpose: str) -> Exchange | None:
    """The list as it is asked for without anything special; None when it is no success."""
    ask = mirror.request()
    seen = None if mirror.volatile or lists_only_live_calls(context) else context.seen_exchange(ask)
    exchange = seen or context.send(ask, purpose)
    return exchange if exchange.outcome == "success" else None
