"""Probes of single pages, and the clauses that a walk over pages puts to the test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal, cast

from harness.check.context import CheckContext, Exchange
from harness.check.exchange import AskedStep
from harness.check.probe.answer_checks import AnswerCheck
from harness.check.probe.differences import Aspect
from harness.check.probe.expect import check_probe
from harness.check.probe.mirror import PAGE_SIZE_AT_MOST, Mirror, reread_mirror
from harness.check.probe.stability import replicas_disagree
from harness.specification.model import Clauses, CursorPaging
from harness.wire.decoded_body import Tree

if TYPE_CHECKING:
    from harness.check.context import Row


def page_sizes_for(rows: int) -> list[int]:
    """Page sizes to probe with: one, two, one that divides the number of rows and one that does not."""
    sizes = [1, 2, 7]
    sizes += [size for size in (3, 4, 5, 8, 10) if rows % size == 0 and size < rows][:1]
    return [size for size in dict.fromkeys(sizes) if size <= max(1, rows)]


def large_page_sizes(context: CheckContext, name: str, rows: int) -> list[int]:
    """Page sizes at which servers begin to count otherwise: a round one, and all rows but one.

    Seen as `one_row_more_only_from_size_100` of the foreign servers.
    """
    most = context.listing.parameters[name].most or PAGE_SIZE_AT_MOST
    return [size for size in dict.fromkeys((100, rows - 1)) if 10 < size <= most and size < rows]


def independent_total_clauses(context: CheckContext) -> Clauses:
    """The clauses to blame for a total that depends on the page."""
    total = context.listing.total
    return (total.clauses.independent or total.clauses.sum) if total else ()


def ways_back(context: CheckContext, paging: CursorPaging) -> list[tuple[Literal["after", "before"], str]]:
    """The ways that may lead to the page before, each with the parameter that takes the cursor then."""
    ways: tuple[Literal["after", "before"], ...] = context.dialect.possible_answers(paging.prev_goes_into)
    return [(way, paging.before if way == "before" and paging.before is not None else paging.after) for way in ways]


def check_page(
    context: CheckContext,
    mirror: Mirror,
    values: Mapping[str, Tree],
    purpose: str,
    clauses: Clauses,
    **blame: Clauses,
) -> None:
    """Asks for one page and judges it."""
    check_probe(
        context,
        mirror,
        mirror.request(values),
        purpose,
        clauses,
        blame=cast("dict[Aspect, Clauses]", {"total": independent_total_clauses(context), **blame}),
    )


def report_walk_breach(
    context: CheckContext,
    mirror: Mirror,
    clauses: Clauses,
    exchange: Exchange | None,
    expected: str,
    actual: str,
    *,
    difference: str = "",
    message: str = "the pages share out the list",
    rows: Sequence[Row] = (),
    check: AnswerCheck | None = None,
    steps: Sequence[AskedStep] = (),
) -> None:
    """Reports a breach of a walk over pages, unless the list moved meanwhile; `steps` are the pages that show it."""
    reread_mirror(context, mirror)
    if mirror.volatile or replicas_disagree(context, mirror):
        context.results.record_inconclusive(clauses, "data-changed: the list moved during the walk")
        return
    context.fail(
        clauses,
        message,
        expected=expected,
        actual=actual,
        exchange=exchange,
        rows=rows,
        difference=difference,
        check=check,
        steps=steps,
    )
