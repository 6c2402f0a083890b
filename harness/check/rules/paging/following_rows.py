"""Rules on the flag that says whether rows follow those of a page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from harness.check.context import CheckContext
from harness.check.probe.answer_checks import part_check
from harness.check.probe.mirror import (
    Mirror,
    largest_page_size,
    next_page_values,
)
from harness.check.probe.page_probe import report_walk_breach
from harness.check.probe.page_sizes import page_size_values
from harness.check.results.row_numbers import rows_in_words
from harness.check.rules.paging.arrangements import Arrangement, due_rows, narrowings
from harness.check.rules.responses.judged_response import parse_flag
from harness.specification.answer_place import header_at
from harness.specification.model import FullLastPage, PageMore, more_part
from harness.wire.decoded_body import Tree

_FILTERS_ASKED: Final = 2
_PAGES_ASKED: Final = 4


def check_following_rows(context: CheckContext, mirror: Mirror) -> None:
    """Judges the flag on pages that hold all rows, all but one, and on two that share out the list."""
    more = more_part(context.listing.paging)
    if more is None or not context.asked.include(more.clause):
        return
    size_name, most = largest_page_size(context)
    if mirror.volatile or not mirror.complete or len(mirror.rows) < 2:
        reason = (
            f"the target shows {rows_in_words(len(mirror.rows))}"
            if mirror.complete
            else "the list was not read to its end"
        )
        context.results.record_not_exercised(more.clause, reason)
        return
    for arrangement in (Arrangement(), *narrowings(context, mirror)[:_FILTERS_ASKED]):
        due = due_rows(context, mirror, arrangement.values)
        if due is None or not due.rows:
            continue
        rows, sizes = len(due.rows), list[int]()
        if size_name is None:
            # Nobody can choose the size: as many pages as it takes, up to a few.
            fixed = context.expected_answers(mirror.request({}))[0][1].size or rows
            if _is_told_wrongly(context, mirror, more, arrangement, rows, fixed, _PAGES_ASKED):
                return
            continue
        largest = min(rows, most or rows)
        for size, pages in ((rows, 1), (rows - 1, 1), (rows // 2 + 1, 2), (largest, _PAGES_ASKED)):
            # Of a list longer than two pages the largest ones are asked for, and the last of them where it is near.
            if 0 < size <= largest and size not in sizes and (pages < _PAGES_ASKED or not sizes):
                sizes.append(size)
                if _is_told_wrongly(context, mirror, more, arrangement, rows, size, pages):
                    return


def _is_told_wrongly(
    context: CheckContext,
    mirror: Mirror,
    more: PageMore,
    arrangement: Arrangement,
    rows: int,
    size: int,
    pages: int,
) -> bool:
    """Asks for some pages of a size; whether one of them says otherwise than the rows that are left: that is told."""
    values: dict[str, Tree] = {**arrangement.values, **page_size_values(context, size)}
    place: Mapping[str, Tree] | None = {}
    for page in range(pages):
        if place is None:
            return False
        ask = mirror.request({**values, **place})
        exchange = context.send(ask, f"whether rows follow page {page + 1} of {size}{arrangement.label}")
        if context.note_unusable(exchange, more.clause) or exchange.rows is None:
            return False
        seen = min(rows, (page + 1) * size)
        if len(exchange.rows) != seen - page * size:
            # A page of another size than was asked for is told as that.
            return False
        # A header holds a text, whatever the body is.
        told = parse_flag(exchange.part_at(more.at), text=context.is_xml or header_at(more.at) is not None)
        answer: FullLastPage = "goes-on" if told else "ends"
        if told is not None and seen == rows and len(exchange.rows) == size:
            # The last page is full: servers that count its rows do not know that it is the last.
            wrong = answer not in context.dialect.possible_answers(more.full_last)
            if not wrong:
                context.dialect.learn_answer(more.full_last, answer, "walk")
        else:
            wrong = told is not None and told != (seen < rows)
        if wrong:
            report_walk_breach(
                context,
                mirror,
                more.clause,
                exchange,
                f"{more.at}: {str(not told).lower()}, with {rows - seen} of {rows} rows after page "
                f"{page + 1}{arrangement.label}",
                str(told).lower(),
                message="an answer says whether rows follow those of its page",
                check=part_check(context, exchange, more.at),
            )
            return True
        # What is no flag at all is told of every response.
        context.results.record_pass(more.clause if told is not None else ())
        place = next_page_values(context.listing.paging, page, seen, exchange, context) if seen < rows else None
    return False
