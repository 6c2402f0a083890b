"""Rules on the number of pages: as many as the matching rows fill, whatever their size and beside every filter."""

from __future__ import annotations

from typing import Final

from harness.check.context import CheckContext
from harness.check.probe.answer_checks import part_check
from harness.check.probe.mirror import (
    Mirror,
    largest_page_size,
    parse_row_count,
)
from harness.check.probe.page_probe import report_walk_breach
from harness.check.probe.page_sizes import page_size_values
from harness.check.results.row_numbers import rows_in_words
from harness.check.rules.paging.arrangements import Arrangement, due_rows, narrowings, page_size
from harness.specification.model import PageCount, page_number_parts

_FILTERS_ASKED: Final = 3


def check_page_counts(context: CheckContext, mirror: Mirror) -> None:
    """Judges the number of pages at several sizes, with filters, and where nothing matches."""
    count, _, _ = page_number_parts(context.listing.paging)
    if count is None or not context.asked.include(count.clause):
        return
    if mirror.volatile or len(mirror.rows) < 2:
        context.results.record_not_exercised(count.clause, f"the target shows {rows_in_words(len(mirror.rows))}")
        return
    plain = Arrangement()
    for arrangement in (plain, *narrowings(context, mirror)[:_FILTERS_ASKED]):
        due = due_rows(context, mirror, arrangement.values)
        rows = len(due.rows) if due is not None else None
        if rows == 0:
            continue
        size_name, most = largest_page_size(context)
        if size_name is None:
            fixed = context.expected_answers(mirror.request({}))[0][1].size
            if fixed and _is_count_wrong(context, mirror, count, arrangement, rows, fixed):
                return
            continue
        most = most or len(mirror.rows)
        # One of the sizes leaves a last page that is not full.
        near = (1, 2, page_size("other", rows, most), rows - 1, rows, rows + 1) if rows is not None else (1, 2, 7)
        sizes = near if arrangement is plain else (max(2, (rows or 21) // 3),)
        for size in dict.fromkeys(size for size in sizes if 0 < size <= most):
            if _is_count_wrong(context, mirror, count, arrangement, rows, size):
                return


def _is_count_wrong(
    context: CheckContext, mirror: Mirror, count: PageCount, arrangement: Arrangement, rows: int | None, size: int
) -> bool:
    """Asks for a page of a size; whether the number of pages is another than the rows fill, which is told.

    Where the rows are not known, the total of the answer is what pages are held to.
    """
    values = {**arrangement.values, **page_size_values(context, size)}
    exchange = context.send(mirror.request(values), f"the number of pages of {size}{arrangement.label}")
    if context.note_unusable(exchange, count.clause) or exchange.rows is None:
        return False
    rows = parse_row_count(exchange.total) if rows is None else rows
    if rows is None or len(exchange.rows) != min(size, rows):
        # A page of another size than was asked for is told as that.
        return False
    told = parse_row_count(exchange.part_at(count.at))
    due = -(-rows // size)
    if told is None or told == due:
        # What is no number at all is told of every response.
        context.results.record_pass(count.clause if told == due else ())
        return False
    report_walk_breach(
        context,
        mirror,
        count.clause,
        exchange,
        f"{due} pages of {size} for {rows} rows{arrangement.label}",
        f"{told} pages",
        message="the number of pages is that of all matching rows",
        check=part_check(context, exchange, count.at),
    )
    return True
